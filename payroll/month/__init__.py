"""Les gestes du mois, un fichier par geste, et la machine à états d'une paie.

Seul endroit qui connaît à la fois le registre, le moteur, les documents et ``dsn``. Chaque geste lit, décide, puis
écrit en une transaction ; répété, il ne change rien. Flux, bureau et commande ``paie`` n'en sont que des portes.
Le temps et la personne sont des arguments : aucun geste ne lit l'horloge.
"""
