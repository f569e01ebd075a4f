"""Les documents rendus : bulletins (PDF/A), journal, états, fiches (xlsx), virements et état de paye (XML), sommaire.

Un document se fait à partir de faits déjà calculés et rend des octets : mêmes faits, mêmes octets. N'entrent ici ni
calcul de paie (voir ``engine``), ni base de données, ni horloge, ni dossier : c'est ``month`` qui range ce qui en sort.
"""
