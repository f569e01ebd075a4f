"""Qui déclare, et dans quel monde : l'agence émettrice, les organismes, essai ou réel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dsn import codes, facts


@dataclass(frozen=True, slots=True)
class Declarant:
    """Ce que la DSN dit de l'agence, et qui ne vient d'aucun adhérent."""

    emetteur: facts.Emetteur
    contact: facts.ContactEmetteur
    essai: bool
    """Vrai : envoi de test. Un envoi réel demande l'environnement de production."""
    siret_ircantec: str
    """Le SIRET de l'Ircantec dans la table officielle ; vide s'il n'est pas réglé."""
    date_paiement: date
    version: str

    @property
    def organismes(self) -> dict[str, str]:
        """Nom d'organisme des codes DSN → identifiant."""
        urssaf = codes.load().organisme("urssaf_aquitaine").valeur or ""
        return {"urssaf": urssaf, "ircantec": self.siret_ircantec}
