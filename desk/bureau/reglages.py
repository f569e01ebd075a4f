"""Les réglages du bureau, lus dans l'environnement (préfixe ``PAIE_BUREAU_``). Le défaut est sûr : ce poste seul."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from pydantic import field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from payroll.month.acces import Limites

LOCAUX = frozenset({"127.0.0.1", "localhost", "::1", "[::1]"})
"""Les noms de ce poste : les seuls admis tant qu'aucune adresse publique n'est donnée."""


class ReglagesBureau(BaseSettings):
    """Où le bureau se montre, à qui, et combien de temps."""

    model_config = SettingsConfigDict(env_prefix="PAIE_BUREAU_", env_file=".env", extra="ignore")

    adresse_publique: str = ""
    """« https://paie.agence.fr » : l'adresse que tapent les gestionnaires. Vide : ce poste seul."""
    mandataires: str = ""
    """Adresses ou réseaux des serveurs mandataires de l'agence, séparés par des virgules : eux seuls sont crus."""
    entete_identite: str = ""
    """L'en-tête où un mandataire dit qui il a identifié (« X-Remote-User »). Vide : aucun n'est cru."""
    inactivite_minutes: int = 30
    duree_heures: int = 10
    taille_maximale: int = 25 * 1024 * 1024
    """Octets d'une requête, fichiers compris."""

    @field_validator("adresse_publique")
    @classmethod
    def _https(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme != "https" or not parts.hostname or parts.path not in ("", "/")):
            raise ValueError("PAIE_BUREAU_ADRESSE_PUBLIQUE s'écrit « https://nom », sans chemin")
        return value.rstrip("/")

    @field_validator("mandataires")
    @classmethod
    def _networks(cls, value: str) -> str:
        for part in value.split(","):
            if part.strip():
                ip_network(part.strip(), strict=False)
        return value

    @property
    def limites(self) -> Limites:
        """La vie d'une session."""
        return Limites(timedelta(minutes=self.inactivite_minutes), timedelta(hours=self.duree_heures))

    @property
    def origine(self) -> str:
        """L'origine publique (schéma, nom, port), ou vide."""
        return self.adresse_publique

    @property
    def hote(self) -> str:
        """Le nom public, avec son port s'il en a un, ou vide."""
        return urlsplit(self.adresse_publique).netloc

    def est_mandataire(self, adresse: str) -> bool:
        """Vrai si cette adresse est celle d'un mandataire de l'agence."""
        try:
            address = ip_address(adresse)
        except ValueError:
            return False
        return any(address in network for network in self._trusted())

    def _trusted(self) -> list[IPv4Network | IPv6Network]:
        return [ip_network(part.strip(), strict=False) for part in self.mandataires.split(",") if part.strip()]
