"""La forme du classeur, partagée par celui qui l'écrit et celui qui le lit : feuilles, titres de colonnes, listes."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml

from payroll.intake.roster import Roster, RubriqueSaisie, Unite
from payroll.money import format_amount

LISEZ_MOI = "Lisez-moi"
BORDEREAU = "Bordereau"
ELEMENTS = "Éléments"
ABSENCES = "Absences"
MOUVEMENTS = "Entrées et sorties"
AUTRES = "Autres éléments"
CACHEE = "_paie"

LIGNE_TITRES, PREMIERE_LIGNE = 4, 5
"""Où le modèle met ses titres et sa première ligne à remplir ; la lecture les retrouve où qu'ils soient."""

FEUILLES_LUES = (BORDEREAU, ELEMENTS, ABSENCES, MOUVEMENTS, AUTRES, CACHEE)

HEURES: Mapping[str, str] = {
    "ihts_jour": "Heures sup. de jour",
    "ihts_nuit": "Heures sup. de nuit",
    "ihts_dimanche": "Heures sup. dimanche ou férié",
    "heures_complementaires": "Heures complémentaires",
}
"""Les quatre colonnes d'heures de tout classeur ; leurs codes sont ceux du moteur."""

IHTS = ("ihts_jour", "ihts_nuit", "ihts_dimanche")

BORDEREAU_CHAMPS: Mapping[str, str] = {
    "adherent_nom": "Collectivité",
    "adherent": "Code adhérent",
    "siret": "SIRET",
    "mois": "Mois de paie",
    "neant": "Néant ce mois",
    "remplace": "Annule et remplace",
    "preparateur": "Préparé par",
    "prepare_le": "Préparé le",
    "total_heures": "Total des heures",
    "total_montants": "Total des montants",
}
"""Champ → libellé, dans l'ordre du bordereau."""

CACHEE_CHAMPS = ("version", "adherent", "siret", "mois")

MATRICULE, NOM, PRENOM, EMPLOI, COMMENTAIRE = "Matricule", "Nom", "Prénom", "Emploi", "Commentaire"
ABSENCES_COLONNES: Mapping[str, str] = {
    "agent": "Agent",
    "nature": "Nature de l'absence",
    "debut": "Premier jour",
    "fin": "Dernier jour",
    "prolongation": "Prolongation",
    "observation": "Observation",
    "sans_carence": "Sans jour de carence",
    "duree": "Heures ou demi-journée",
    "temps": "Temps travaillé (%)",
}
SORTIES_COLONNES: Mapping[str, str] = {
    "agent": "Agent sortant",
    "date": "Date de sortie",
    "motif": "Motif de sortie",
    "observation": "Observation sur la sortie",
}
ENTREES_COLONNES: Mapping[str, str] = {
    "nom": "Nom",
    "prenom": "Prénom",
    "date": "Date d'entrée",
    "statut": "Statut",
    "observation": "Observation sur l'entrée",
}
AUTRES_COLONNES: Mapping[str, str] = {
    "agent": "Agent",
    "rubrique": "Rubrique",
    "montant": "Montant",
    "mois_de_droit": "Mois de droit",
    "motif": "Motif",
}

MOIS_DERNIER = "Mois dernier"
POUR_MEMOIRE = "Pour mémoire"
"""Ce que commence le titre d'une colonne grise : ce que nous savons déjà, jamais lu."""

UNITES: Mapping[str, str] = {"heures": "heures", "montant": "€", "nombre": "nombre"}
"""L'unité d'une rubrique, telle que son titre de colonne la dit."""

CSV_COLONNES = ("matricule", "code", "valeur", "date_debut", "date_fin", "observation")

PLAFOND_HEURES = 40_000
"""Aucun mois ne compte plus de 400 heures payées (centièmes) : au-delà, c'est une faute de frappe."""
PLAFOND_COMPLEMENTAIRES = 15_167
"""151,67 h : un temps complet (décret 2020-592 art. 1) ; les heures complémentaires ne peuvent le dépasser."""
PLAFOND_MONTANT = 9_999_999
"""99 999,99 € : au-delà, c'est une faute de frappe."""


@dataclass(frozen=True, slots=True)
class Choix:
    """Une entrée de liste déroulante : ce qui est lu à l'écran, et le code retenu."""

    code: str
    libelle: str
    aussi: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Formulaire:
    """Les listes de ``formulaire.yaml``."""

    natures: tuple[Choix, ...]
    sans_carence: tuple[Choix, ...]
    motifs: tuple[Choix, ...]
    statuts: tuple[Choix, ...]
    fins_dsn: Mapping[str, str]
    """Motif de sortie → motif de fin de contrat de la DSN ; absent si le gestionnaire doit le choisir."""


@cache
def formulaire() -> Formulaire:
    """Les listes déroulantes du classeur, lues une fois."""
    data = yaml.safe_load((Path(__file__).parent / "formulaire.yaml").read_text(encoding="utf-8"))
    lists = {
        name: tuple(Choix(row["code"], row["libelle"], tuple(row.get("aussi", ()))) for row in rows)
        for name, rows in data.items()
    }
    fins = {row["code"]: row["fin_dsn"] for row in data["motifs"] if "fin_dsn" in row}
    return Formulaire(**lists, fins_dsn=fins)


@lru_cache(maxsize=4096)
def fold(text: str) -> str:
    """La forme comparable d'un titre ou d'un libellé : ni accents, ni casse, ni espaces, ni ponctuation.

    Les réponses sont gardées : un classeur redemande ses soixante titres quatre mille fois (un quart de sa lecture).

    >>> fold(" Élus  (Æ), n°1 ") == fold("elus æ n1")
    True
    """
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(char for char in decomposed if char.isalnum())


def shown_only(title: str) -> bool:
    """Vrai pour le titre d'une colonne que le classeur montre sans la faire remplir.

    >>> shown_only("Mois dernier : Vacations (heures)"), shown_only("Vacations (heures)")
    (True, False)
    """
    return fold(title).startswith((fold(MOIS_DERNIER), fold(POUR_MEMOIRE)))


def choose(choices: tuple[Choix, ...], text: str) -> str | None:
    """Le code du choix écrit en toutes lettres, en code ou d'une autre façon admise ; ``None`` s'il est inconnu."""
    wanted = fold(text)
    for choice in choices:
        if wanted and wanted in {fold(choice.code), fold(choice.libelle), *map(fold, choice.aussi)}:
            return choice.code
    return None


def libelle(choices: tuple[Choix, ...], code: str) -> str:
    """Le libellé d'un code de liste."""
    return next((choice.libelle for choice in choices if choice.code == code), code)


def primes(roster: Roster) -> tuple[RubriqueSaisie, ...]:
    """Les rubriques de l'adhérent hors des quatre colonnes d'heures, toujours présentes."""
    return tuple(rubrique for rubrique in roster.rubriques if rubrique.code not in HEURES)


def rubriques(roster: Roster) -> dict[str, RubriqueSaisie]:
    """Toutes les rubriques saisissables, par code : les heures puis les primes."""
    hours = {code: RubriqueSaisie(code, title, "heures") for code, title in HEURES.items()}
    return hours | {rubrique.code: rubrique for rubrique in primes(roster)}


def column_title(rubrique: RubriqueSaisie, roster: Roster) -> str:
    """Le titre de la colonne ; le code n'y paraît que si deux rubriques portent le même libellé."""
    same = sum(1 for other in rubriques(roster).values() if fold(other.libelle) == fold(rubrique.libelle))
    return rubrique.libelle if same == 1 else f"{rubrique.libelle} [{rubrique.code}]"


def rubrique_by_text(roster: Roster) -> dict[str, str]:
    """Toutes les façons d'écrire une rubrique (forme comparable) → son code ; un libellé ambigu n'y figure pas."""
    known: dict[str, str] = {}
    for code, rubrique in rubriques(roster).items():
        title = column_title(rubrique, roster)
        suffix = f"({UNITES[rubrique.unite]})"
        for text in (code, title, f"{title} {suffix}"):
            known.setdefault(fold(text), code)
    return known


def agent_label(cle: str, nom: str, prenom: str) -> str:
    """Ce que montre la liste déroulante des agents : « 0012 – MARTIN Léa » ; la lecture ne retient que la clé."""
    return f"{cle} – {nom} {prenom}".strip(" –")


def format_hours(hundredths: int) -> str:
    """Des centièmes d'heure à la française, sans zéro superflu.

    >>> format_hours(2500), format_hours(250), format_hours(133)
    ('25', '2,5', '1,33')
    """
    whole, rest = divmod(hundredths, 100)
    return f"{whole},{rest:02d}".rstrip("0").rstrip(",")


def quantity(value: int, unit: Unite) -> str:
    """Une valeur en centièmes, avec son unité.

    >>> quantity(250, "heures"), quantity(123450, "montant"), quantity(1200, "nombre")
    ('2,5 h', '1 234,50 €', '12')
    """
    if unit == "nombre":
        return format_hours(value)
    # L'espace fine des milliers ne s'affiche pas dans tous les éditeurs de texte.
    return f"{format_hours(value)} h" if unit == "heures" else f"{format_amount(value)} €".replace("\u202f", " ")
