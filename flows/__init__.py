"""Les flux Prefect : un fichier par geste qu'une personne fait ou attend, lisible comme une page de procédure.

N'y vit aucune règle de paie ni de DSN. Paramètres et noms d'exécution ne portent que des identifiants (mois, code
d'adhérent). Prefect lance, réessaie et montre ; la mémoire est dans le registre. ``transport`` relie le dépôt SFTP
au registre, sans Prefect, pour que la commande ``paie`` fasse exactement les mêmes gestes.
"""
