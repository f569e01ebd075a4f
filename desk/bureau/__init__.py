"""Le bureau du gestionnaire : des pages en français, rendues au serveur, qui marchent sans JavaScript.

Vivent ici l'affichage (``gabarits``, ``statique``, ``affichage``), les pages (``pages``, un fichier par sujet), une
requête et ce qu'elle a le droit de faire (``demande``, ``droits``, ``gardes``) et l'assemblage (``application``). N'y
vivent ni règle de paie, ni règle de la DSN, ni requête SQL : une page appelle les services de ``payroll.month`` et,
pour lancer, l'API de Prefect. Une page n'invente aucun droit : elle demande ``Connecte``, ``Lecteur``, ``Acteur``,
``Responsable`` ou ``Administrateur``.
"""
