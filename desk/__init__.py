"""Les portes par lesquelles une personne regarde, lance et décide.

``bureau`` est la page du gestionnaire, ``command`` la commande ``paie``, ``demo`` la démonstration. N'y vivent ni règle
de paie, ni règle de la DSN, ni requête SQL : tout passe par les services de ``payroll.month``.
"""
