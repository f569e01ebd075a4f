"""La boîte aux lettres : les dossiers où les adhérents déposent leur fichier et trouvent leurs documents.

Ici vivent le plan des dossiers, le serveur SFTP embarqué (démonstration et tests), le client de l'agence, la décision
pure de ce qu'il faut prendre, et les deux gestes : prendre dans ``depot/``, rendre dans ``retour/AAAA-MM/``.
Rien ici ne connaît la paie, la DSN ni Prefect : on y manipule des octets, des noms et des empreintes.
"""
