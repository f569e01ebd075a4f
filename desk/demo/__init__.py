"""La démonstration : un mois entier joué avec de vraies pièces pour les adhérents fictifs d'``examples/``.

``decor`` lève le serveur SFTP et celui de Prefect ; ``secretaire`` remplit et dépose les classeurs comme une personne ;
``scenario`` enchaîne le mois. Aucun raccourci : les fichiers passent par SFTP, les gestes par les flux.
"""
