"""La reprise d'un adhérent : de ses DSN mensuelles passées, quel que soit le logiciel, à sa description.

Vivent ici : la lecture tolérante des mensuelles (``lecture``), ce qu'on en déduit (``employeur``, ``agents``,
``contrats``, ``cumuls``) et l'écriture du fichier à compléter (``feuille``). Rien d'ici n'écrit au registre : le geste
est ``payroll.month.reprendre``. Ce qu'une DSN ne dit pas est laissé à remplir, jamais deviné.
"""
