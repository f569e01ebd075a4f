"""Les réglages d'une installation, lus dans l'environnement (préfixe ``PAIE_``) ou un fichier ``.env``.

Le défaut est sûr : base locale, envoi DSN d'essai, rien ne part vers un vrai destinataire.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from payroll.month.commun import GesteRefuse
from payroll.month.echeances import Echeance, Nature, month_deadlines, on_or_before
from payroll.periods import Month
from payroll.store.registre import Registre

if TYPE_CHECKING:
    from payroll.month.declarant import Declarant

_IRCANTEC_FICTIF = "99900010200015"
"""Un SIRET à la clé juste et à l'organisme inexistant : un envoi d'essai est complet, il ne peut pas partir."""


class Environnement(StrEnum):
    DEMONSTRATION = "demonstration"
    RECETTE = "recette"
    PRODUCTION = "production"


class Emetteur(BaseSettings):
    """L'agence qui émet les DSN pour ses adhérents (S10.G00.01 et 02)."""

    model_config = SettingsConfigDict(env_prefix="PAIE_EMETTEUR_", env_file=".env", extra="ignore")

    siren: str = "999000102"
    nic: str = "00015"
    raison_sociale: str = "AGENCE DE DEMONSTRATION"
    adresse: str = "1 PLACE DE LA DEMONSTRATION"
    code_postal: str = "40990"
    ville: str = "DEMOVILLE"
    contact_civilite: str = "02"
    contact_nom: str = "SERVICE PAIE"
    contact_courriel: str = "paie@demonstration.example"
    contact_telephone: str = "0500000000"


class Reglages(BaseSettings):
    """Où vit le registre, et dans quel monde on est."""

    model_config = SettingsConfigDict(env_prefix="PAIE_", env_file=".env", extra="ignore")

    environnement: Environnement = Environnement.DEMONSTRATION
    repertoire: Path = Path("var")
    base: str = ""
    """URL SQLAlchemy ; vide : SQLite dans ``repertoire``."""
    horloge_figee: datetime | None = None
    """Pour la démonstration et les essais : l'instant que les gestes inscrivent à la place de l'heure réelle."""

    siret_ircantec: str = ""
    """Le SIRET de l'Ircantec lu dans la table officielle des organismes (aucune source lue ne le donne)."""
    jour_de_paie: int = 27
    """Le jour du mois où les traitements sont versés ; avancé au dernier jour ouvré s'il tombe un jour chômé."""
    jours_avant_paie: int = Field(default=7, ge=1, le=20)
    """Jours ouvrés entre la date limite de dépôt des éléments variables et le versement."""

    fichier_cles: Path | None = None
    """Le fichier des clés de chiffrement ; vide : ``cles`` dans ``repertoire``, engendré. À donner en production."""

    pause_entre_regards: int = 5
    """Secondes entre les deux regards d'une relève : un fichier dont la taille bouge encore attend la suivante."""

    dossier_retours: Path | None = None
    """Où l'agence range les retours téléchargés de net-entreprises ; vide : ``retours`` dans ``repertoire``."""
    dossier_declarations: Path | None = None
    """Où se posent les messages prêts pour net-entreprises ; vide : ``declarations`` dans ``repertoire``."""

    @property
    def retours(self) -> Path:
        """Le dossier des retours de net-entreprises."""
        return self.dossier_retours or self.repertoire / "retours"

    @property
    def declarations(self) -> Path:
        """Le dossier des messages à déposer."""
        return self.dossier_declarations or self.repertoire / "declarations"

    @property
    def revisions(self) -> Path:
        """Le dossier des classeurs de révision : ils portent des noms, seule l'agence les lit."""
        return self.repertoire / "revision"

    def date_paiement(self, mois: Month) -> date:
        """La date de versement des traitements d'un mois."""
        return on_or_before(mois.first_day.replace(day=min(self.jour_de_paie, mois.days)))

    @property
    def contact(self) -> tuple[str, ...]:
        """Qui appeler à l'agence, une ligne par mention."""
        agence = Emetteur()
        telephone = agence.contact_telephone
        if len(telephone) == 10:
            telephone = "\u00a0".join(telephone[start : start + 2] for start in range(0, 10, 2))
        return (f"{agence.raison_sociale}, {agence.contact_nom}", telephone, agence.contact_courriel)

    def echeances(self, mois: Month) -> dict[Nature, Echeance]:
        """Les échéances d'un mois de paie, telles que cette agence les tient."""
        return month_deadlines(mois, self.date_paiement(mois), self.jours_avant_paie)

    def declarant(self, mois: Month) -> Declarant:
        """L'agence telle que la DSN d'un mois la dit. Hors production : essai, et un Ircantec fictif s'il manque."""
        # Chargés ici : toute commande lit ses réglages, déclarer seul charge la norme (0,15 s).
        from dsn import facts
        from payroll.month.declarant import Declarant

        production = self.environnement is Environnement.PRODUCTION
        agence = Emetteur()
        if production and agence.siren == Emetteur.model_fields["siren"].default:
            raise GesteRefuse(
                "L'agence qui déclare n'est pas réglée : donnez PAIE_EMETTEUR_SIREN, _NIC, _RAISON_SOCIALE et la suite "
                "(docs/installation.md)."
            )
        return Declarant(
            emetteur=facts.Emetteur(
                siren=agence.siren,
                nic=agence.nic,
                raison_sociale=agence.raison_sociale,
                adresse=facts.Adresse(voie=agence.adresse, code_postal=agence.code_postal, localite=agence.ville),
            ),
            contact=facts.ContactEmetteur(
                civilite=agence.contact_civilite,
                nom_prenom=agence.contact_nom,
                mel=agence.contact_courriel,
                telephone=agence.contact_telephone,
            ),
            essai=not production,
            siret_ircantec=self.siret_ircantec or ("" if production else _IRCANTEC_FICTIF),
            date_paiement=self.date_paiement(mois),
            version=version("paie-a-facon"),
        )

    def registre(self) -> Registre:
        """Ouvre le registre de l'installation, au dernier schéma."""
        registre = Registre(self.adresse_de_la_base, self.pieces, self.cles)
        registre.upgrade()
        return registre

    @property
    def adresse_de_la_base(self) -> str:
        """L'adresse SQLAlchemy de la base."""
        return self.base or f"sqlite:///{self.repertoire / 'paie.db'}"

    @property
    def pieces(self) -> Path:
        """Le dossier des pièces."""
        return self.repertoire / "pieces"

    @property
    def cles(self) -> Path:
        """Le fichier des clés ; en production il est donné et il existe : rien ne s'engendre à l'insu de l'agence."""
        if self.environnement is Environnement.PRODUCTION and (
            self.fichier_cles is None or not self.fichier_cles.exists()
        ):
            raise GesteRefuse(
                "Le fichier des clés de chiffrement manque : donnez PAIE_FICHIER_CLES, hors du dossier du registre et "
                "sauvegardé à part (docs/installation.md, « Les clés »)."
            )
        return self.fichier_cles or self.repertoire / "cles"

    def maintenant(self) -> datetime:
        """L'instant présent en temps universel : la seule horloge du projet, lue aux portes, jamais dans le calcul."""
        if self.horloge_figee is not None:
            moment = self.horloge_figee
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return datetime.now(UTC)

    @staticmethod
    def heure_reelle() -> datetime:
        """L'heure vraie, même quand l'horloge des gestes est figée : sessions et codes à usage unique en vivent."""
        return datetime.now(UTC)
