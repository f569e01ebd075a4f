"""Le bureau du gestionnaire : les portes par lesquelles une personne regarde, lance et décide.

``command`` est la commande ``paie``. N'y vivent ni règle de paie, ni règle de la DSN, ni requête SQL : tout passe par
les services de ``payroll.month``.
"""
