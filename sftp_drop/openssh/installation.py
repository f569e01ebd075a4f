"""Où vit le dépôt de production sur la machine, et la configuration de ``sshd`` qui le sert."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from sftp_drop import layout
from sftp_drop.errors import DropError

_LOGIN = re.compile(r"[a-z][a-z0-9-]{1,31}")
_RESERVES = frozenset({"root", "daemon", "bin", "sys", "nobody", "sshd", "mail", "www-data", "backup", "postgres"})


class InstallationError(DropError):
    """Un geste impossible sur cette machine ; le message est en français et dit quoi faire."""


class Installation(BaseSettings):
    """Les lieux, les noms et les bornes du dépôt ; lus dans l'environnement (préfixe ``PAIE_OPENSSH_``)."""

    model_config = SettingsConfigDict(env_prefix="PAIE_OPENSSH_", extra="ignore", frozen=True)

    racine: Path = Path("/srv/paie")
    """Le dossier des prisons ; à root, comme tout ce qui est au-dessus."""
    reglages: Path = Path("/etc/paie-sftp")
    """``sshd_config``, clé d'hôte, clés des comptes, clés révoquées."""
    groupe: str = "paie-adherents"
    service: str = "alpi"
    ecoute: str = "0.0.0.0"  # noqa: S104  (c'est le service que les mairies joignent)
    port: int = Field(default=2222, ge=1, le=65535)
    pid: Path = Path("/run/paie-sftp.pid")
    pam: bool = True
    quota_mio: int = Field(default=200, ge=1)
    """Place de chaque adhérent, en Mio ; posée si le système de fichiers tient des quotas."""
    fichier_mio: int = Field(default=20, ge=1)
    """Taille d'un fichier, en Mio ; la même borne que la relève."""

    @property
    def cles(self) -> Path:
        return self.reglages / "cles"

    @property
    def cles_revoquees(self) -> Path:
        return self.reglages / "cles_revoquees"

    @property
    def cle_hote(self) -> Path:
        return self.reglages / "cle_hote_ed25519"

    @property
    def configuration(self) -> Path:
        return self.reglages / "sshd_config"

    def check_login(self, code: str) -> str:
        """Le code tel quel s'il peut être un compte du système ; sinon ``InstallationError``.

        Le code d'un adhérent est son nom de compte : 32 caractères au plus, une lettre d'abord, aucun nom du système.
        """
        try:
            layout.check_code(code)
        except layout.InvalidNameError as erreur:
            raise InstallationError(str(erreur)) from None
        if not _LOGIN.fullmatch(code):
            raise InstallationError(
                f"le code « {code} » ne peut pas être un compte : 32 caractères au plus, en commençant par une lettre. "
                "Choisissez un code plus court pour cet adhérent."
            )
        if code in _RESERVES or code in {self.groupe, self.service}:
            raise InstallationError(
                f"le code « {code} » est réservé au système ou à l'agence : choisissez-en un autre."
            )
        return code

    def sshd_config(self) -> str:
        """Le texte de ``sshd_config`` pour cette installation."""
        modele = files("sftp_drop.openssh").joinpath("sshd_config.modele").read_text(encoding="utf-8")
        return modele.format(
            port=self.port,
            ecoute=self.ecoute,
            cle_hote=self.cle_hote,
            pid=self.pid,
            pam="yes" if self.pam else "no",
            cles=self.cles,
            cles_revoquees=self.cles_revoquees,
            groupe=self.groupe,
            service=self.service,
            racine=self.racine,
        )

    def unit(self) -> str:
        """L'unité systemd qui tient le serveur."""
        return (
            "[Unit]\nDescription=Dépôt SFTP des adhérents de la paie\nAfter=network.target\n\n"
            f"[Service]\nExecStartPre=/usr/sbin/sshd -t -f {self.configuration}\n"
            f"ExecStart=/usr/sbin/sshd -D -f {self.configuration}\nExecReload=/bin/kill -HUP $MAINPID\n"
            "RuntimeDirectory=sshd\nRuntimeDirectoryPreserve=yes\nRestart=on-failure\n\n"
            "[Install]\nWantedBy=multi-user.target\n"
        )

    def limits(self) -> str:
        """La borne par fichier, pour ``pam_limits`` (en Kio) : un envoi de 2 Go s'arrête là."""
        return f"@{self.groupe} hard fsize {self.fichier_mio * 1024}\n"
