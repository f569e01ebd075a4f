"""Les réglages du client SFTP, lus dans l'environnement (préfixe ``PAIE_SFTP_``)."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sftp_drop.decide import MIO


class SftpSettings(BaseSettings):
    """Où se connecter, avec quelle clé, et à quelle clé d'hôte se fier : une et une seule des deux preuves."""

    model_config = SettingsConfigDict(env_prefix="PAIE_SFTP_", extra="forbid", frozen=True)

    # Par défaut, cette machine seulement : rien n'atteint un vrai dépôt sans réglage explicite.
    hote: str = "127.0.0.1"
    port: int = Field(default=2222, ge=1, le=65535)
    utilisateur: str = "alpi"
    cle_privee: Path = Path("var/sftp/cle_service")
    empreinte: str | None = None
    """``SHA256:…`` de la clé d'hôte, telle que la montre ``ssh-keygen -l``."""
    known_hosts: Path | None = None
    racine: PurePosixPath = PurePosixPath("/")
    """Dossier du serveur qui contient les ``<code>/`` des adhérents."""
    taille_max: int = Field(default=20 * MIO, gt=0)
    """Octets : un fichier plus gros n'est pas pris."""
    delai: float = Field(default=30.0, gt=0)
    """Secondes sans réponse avant de conclure à une coupure."""
    maintien: int = Field(default=15, ge=0)
    """Secondes entre deux signes de vie ; 0 pour aucun."""

    @field_validator("empreinte")
    @classmethod
    def _sha256(cls, valeur: str | None) -> str | None:
        if valeur is not None and not valeur.startswith("SHA256:"):
            raise ValueError("empreinte attendue sous la forme SHA256:…, donnée par ssh-keygen -l")
        return valeur

    @model_validator(mode="after")
    def _one_proof(self) -> Self:
        if (self.empreinte is None) == (self.known_hosts is None):
            raise ValueError("donnez PAIE_SFTP_EMPREINTE ou PAIE_SFTP_KNOWN_HOSTS, et une seule des deux")
        return self
