"""Le dépôt de production, servi par OpenSSH : la configuration du serveur, les comptes, les prisons, les clés.

Vivent ici : le modèle de configuration de ``sshd`` et les gestes qui ouvrent, ferment et rééquipent le compte d'un
adhérent. Chaque geste est d'abord un plan (pur, lisible : c'est l'essai à blanc), puis ce plan appliqué.

N'y vivent pas : le serveur embarqué (``sftp_drop.server``), ni rien de la paie.
"""

from sftp_drop.openssh.installation import Installation, InstallationError
from sftp_drop.openssh.observation import AccountSeen, observe
from sftp_drop.openssh.plan import plan_close, plan_installation, plan_keys, plan_open
from sftp_drop.openssh.steps import Step, apply

__all__ = [
    "AccountSeen",
    "Installation",
    "InstallationError",
    "Step",
    "apply",
    "observe",
    "plan_close",
    "plan_installation",
    "plan_keys",
    "plan_open",
]
