"""Une lecture en cours : ce qui est sûr, ce qui ne l'est pas, et l'identité du fichier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from payroll.intake import layout, values
from payroll.intake.constats import REPARTIR, Lieu
from payroll.intake.grid import Case
from payroll.intake.lecture import AbsenceLue, ElementLu, EntreeAnnoncee, SortieLue
from payroll.intake.roster import VERSION, Roster, RosterAgent
from payroll.intake.saisie import Saisie
from payroll.periods import Month


@dataclass(frozen=True, slots=True)
class Total:
    """Un total de contrôle inscrit au bordereau, en centièmes."""

    valeur: int
    lieu: Lieu
    recu: str


class Collecte(Saisie):
    """Une lecture en cours : l'adhérent attendu, ce qui est sûr, ce qui ne l'est pas."""

    def __init__(self, roster: Roster, fichier: str) -> None:
        super().__init__(roster, fichier)
        self.elements: list[ElementLu] = []
        self.absences: list[AbsenceLue] = []
        self.sorties: list[SortieLue] = []
        self.entrees: list[EntreeAnnoncee] = []
        self.redites = 0
        """Les absences redites d'un mois passé : elles comptent déjà."""
        self.version, self.adherent = "", ""
        self.mois: Month | None = None
        self.neant = self.remplace = False
        self.preparateur = ""
        self.prepare_le: date | None = None
        self.totaux: dict[str, Total] = {}

    def contract_number(self, agent: RosterAgent) -> str:
        """Le numéro de contrat, seulement s'il faut distinguer plusieurs contrats du même agent."""
        return agent.numero_contrat if "/" in self.roster.cle(agent) else ""

    def check_identity(self, told: Mapping[str, Case], places: Mapping[str, Lieu], remede: str = REPARTIR) -> None:
        """Le fichier est bien celui de cet adhérent, pour ce mois, dans une version que l'on sait lire.

        ``told`` : version, adherent, siret, mois ; ``places`` : où la personne les voit ; ``remede`` : que faire si
        l'un d'eux manque.
        """
        self.version = told["version"].texte if "version" in told else ""
        self.adherent = told["adherent"].texte if "adherent" in told else ""
        if self.version != VERSION:
            self.constats.add(
                "version-inconnue",
                "ce fichier n'est pas d'une version que nous savons lire.",
                places.get("version"),
                recu=self.version,
                attendu=f"la version {VERSION}",
                remede=REPARTIR,
            )
        self._check_adherent(told, places, remede)
        self._check_month(told, places, remede)

    def _check_adherent(self, told: Mapping[str, Case], places: Mapping[str, Lieu], remede: str) -> None:
        wanted = self.roster.adherent_code
        if not self.adherent:
            self._missing_identity("de quelle collectivité il est", wanted, places.get("adherent"), remede)
        elif self.adherent.casefold() != wanted.casefold():
            self.constats.add(
                "mauvais-adherent",
                "ce fichier est celui d'une autre collectivité.",
                places.get("adherent"),
                recu=self.adherent,
                attendu=wanted,
                remede=REPARTIR,
            )
        elif "siret" in told and values.digits(told["siret"].texte) != self.roster.siret:
            self.constats.add(
                "mauvais-siret",
                "le SIRET du fichier n'est pas celui de votre collectivité.",
                places.get("siret"),
                attendu=self.roster.siret,
                remede=REPARTIR,
            )

    def _check_month(self, told: Mapping[str, Case], places: Mapping[str, Lieu], remede: str) -> None:
        lieu = places.get("mois")
        if "mois" not in told:
            self._missing_identity("de quel mois il est", self.roster.mois.libelle, lieu, remede)
            return
        self.mois = self.month(told["mois"], "le mois de paie", lieu or Lieu())
        if self.mois is not None and self.mois != self.roster.mois:
            self.constats.add(
                "mauvais-mois",
                "ce fichier est celui d'un autre mois.",
                lieu,
                recu=self.mois.libelle,
                attendu=self.roster.mois.libelle,
                remede=REPARTIR,
            )

    def _missing_identity(self, what: str, wanted: str, lieu: Lieu | None, remede: str) -> None:
        self.constats.add("entete-manquant", f"ce fichier ne dit pas {what}.", lieu, attendu=wanted, remede=remede)

    def front(self, told: Mapping[str, Case], feuille: str) -> None:
        """Le bordereau : néant, annule et remplace, préparateur, totaux de contrôle."""

        def place(field: str) -> Lieu:
            return Lieu(feuille, told[field].adresse if field in told else "")

        titles = layout.BORDEREAU_CHAMPS
        self.neant = self.yes(told.get("neant"), titles["neant"], place("neant"))
        self.remplace = self.yes(told.get("remplace"), titles["remplace"], place("remplace"))
        self.preparateur = told["preparateur"].texte if "preparateur" in told else ""
        if "prepare_le" in told:
            self.prepare_le = self.day(told["prepare_le"], "la date de préparation", place("prepare_le"))
        for field in ("total_heures", "total_montants"):
            if field in told:
                amount = self.number(told[field], place(field), heures=field == "total_heures")
                if amount is not None:
                    self.totaux[field] = Total(amount, place(field), told[field].texte)

    def look_for_strange_text(self, case: Case, feuille: str) -> None:
        """Refuse un texte dont l'affichage tromperait : caractères de commande, sens de lecture inversé."""
        if isinstance(case.valeur, str) and values.strange(case.valeur):
            self.constats.add(
                "caracteres-caches",
                "cette case contient des caractères invisibles, ou qui inversent le sens de lecture.",
                Lieu(feuille, case.adresse),
                attendu="un texte tapé au clavier",
                remede="Effacez la case et retapez son contenu.",
            )
