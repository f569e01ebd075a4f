"""Le fichier d'hypothèses d'une simulation (``docs/simulation.md``) : ce qui change, à partir de quand, et pourquoi."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from payroll.anomalies import Anomalie
from payroll.legislation import FigureValue, Legislation
from payroll.money import format_amount, parse_percent, round_half_up
from payroll.periods import Month
from payroll.store.entrees import Montant, Quotite

_DUREE_MAXIMALE = 120
"""En mois, dix ans : au-delà, prolonger des chiffres ne dit plus rien."""
_VARIATION = re.compile(r"[+-]\s*\d+(?:[.,]\d{1,4})?\s*%")
_DECIMAL = re.compile(r"\d+(?:[.,]\d+)?\s*%?")
_PREMIER = "un changement commence au premier jour d'un mois"


def _month(value: Any) -> Month:
    try:
        return Month.parse(str(value))
    except ValueError as error:
        raise ValueError(f"mois illisible « {value} » : écrivez « 2027-01 » entre guillemets") from error


Mois = Annotated[Month, BeforeValidator(_month)]


class _Entree(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Chiffre(_Entree):
    """Un chiffre de la législation qui change."""

    type: Literal["chiffre"]
    cle: str
    valeur: str | None = None
    """« 40.65 % », « 5966.41 » ; ou ``variation``."""
    variation: str | None = None
    """« +1 % » de la valeur en vigueur le jour du changement."""
    du: date
    au: date | None = None
    motif: str = Field(min_length=3)

    @model_validator(mode="after")
    def _one_of_two(self) -> Chiffre:
        if (self.valeur is None) == (self.variation is None):
            raise ValueError("donnez « valeur » (« 40.65 % », « 5966.41 ») ou « variation » (« +1 % »), l'une des deux")
        if self.variation is not None and not _VARIATION.fullmatch(self.variation.strip()):
            raise ValueError(f"variation illisible « {self.variation} » : écrivez « +1 % » ou « -0.5 % »")
        if self.valeur is not None and not _DECIMAL.fullmatch(self.valeur.strip()):
            raise ValueError(f"valeur illisible « {self.valeur} » : écrivez « 40.65 % » ou « 5966.41 »")
        if self.du.day != 1:
            raise ValueError(_PREMIER)
        return self

    @property
    def phrase(self) -> str:
        return f"{self.cle} : {self.variation or self.valeur} à partir du {self.du:%d/%m/%Y} ({self.motif})"


class _DeAgent(_Entree):
    adherent: str
    matricule: str
    contrat: str = ""
    """Numéro du contrat, pour un agent qui en a plusieurs ; un départ sans numéro les ferme tous."""


class Promotion(_DeAgent):
    """Un agent change d'indice, de NBI ou de primes."""

    type: Literal["promotion"]
    du: date
    indice_majore: int | None = Field(default=None, ge=1, le=1600)
    nbi: int | None = Field(default=None, ge=0, le=120)
    categorie: Literal["A", "B", "C"] | None = None
    permanents: dict[str, Montant] = Field(default_factory=dict)
    """Rubrique → nouveau montant mensuel ; les autres ne bougent pas."""

    @model_validator(mode="after")
    def _says_something(self) -> Promotion:
        if self.indice_majore is None and self.nbi is None and self.categorie is None and not self.permanents:
            raise ValueError("dites ce qui change : indice_majore, nbi, categorie ou permanents")
        if self.du.day != 1:
            raise ValueError(_PREMIER)
        return self

    @property
    def phrase(self) -> str:
        parts = [
            f"{name} {value}"
            for name, value in (("IM", self.indice_majore), ("NBI", self.nbi), ("catégorie", self.categorie))
            if value is not None
        ]
        parts += [f"{code} {format_amount(montant)} €" for code, montant in self.permanents.items()]
        return f"{self.adherent}, {self.matricule} : {', '.join(parts)} à partir du {self.du:%d/%m/%Y}"


class Temps(_DeAgent):
    """Un agent change de durée de poste ou de temps partiel."""

    type: Literal["temps"]
    du: date
    heures_hebdo: Quotite | None = None
    quotite: Quotite | None = None
    regime_retraite: Literal["cnracl", "ircantec"] | None = None
    """À donner quand la nouvelle durée fait passer le seuil de 28 heures."""

    @model_validator(mode="after")
    def _says_something(self) -> Temps:
        if self.heures_hebdo is None and self.quotite is None:
            raise ValueError("dites ce qui change : heures_hebdo ou quotite")
        if self.du.day != 1:
            raise ValueError(_PREMIER)
        return self

    @property
    def phrase(self) -> str:
        parts = [
            f"{name} {value}"
            for name, value in (
                ("heures", self.heures_hebdo),
                ("quotité", self.quotite),
                ("régime", self.regime_retraite),
            )
            if value
        ]
        return f"{self.adherent}, {self.matricule} : {', '.join(parts)} à partir du {self.du:%d/%m/%Y}"


class Depart(_DeAgent):
    """Un agent s'en va."""

    type: Literal["depart"]
    le: date
    """Dernier jour payé."""

    @property
    def phrase(self) -> str:
        return f"{self.adherent}, {self.matricule} : départ, dernier jour le {self.le:%d/%m/%Y}"


class Embauche(_Entree):
    """Un agent arrive ; son matricule n'est celui de personne."""

    type: Literal["embauche"]
    adherent: str
    matricule: str
    du: date
    au: date | None = None
    statut: Literal["titulaire", "stagiaire", "contractuel"]
    regime_retraite: Literal["cnracl", "ircantec"]
    categorie: Literal["A", "B", "C"] = "C"
    indice_majore: int = Field(ge=1, le=1600)
    nbi: int = Field(default=0, ge=0, le=120)
    heures_hebdo: Quotite = Fraction(35)
    quotite: Quotite = Fraction(1)
    enfants_sft: int = Field(default=0, ge=0, le=20)
    permanents: dict[str, Montant] = Field(default_factory=dict)

    @property
    def phrase(self) -> str:
        fin = f" au {self.au:%d/%m/%Y}" if self.au else ""
        return (
            f"{self.adherent}, {self.matricule} : embauche ({self.statut}, IM {self.indice_majore}, "
            f"{self.heures_hebdo} h) du {self.du:%d/%m/%Y}{fin}"
        )


Hypothese = Annotated[Chiffre | Promotion | Temps | Depart | Embauche, Field(discriminator="type")]


class Hypotheses(_Entree):
    """Un fichier d'hypothèses : la période, les adhérents, ce qui change dans la référence et dans la simulation."""

    titre: str = Field(min_length=1, max_length=80)
    debut: Mois
    mois: int = Field(ge=1, le=_DUREE_MAXIMALE)
    adherents: tuple[str, ...] = ()
    """Vide : tous."""
    chiffres_prolonges: bool = False
    """Accepter que les derniers chiffres connus servent aux mois où ils ne sont pas encore publiés."""
    reference: tuple[Hypothese, ...] = ()
    """Ce qui change aussi dans la référence : par défaut, rien (les dossiers et les textes tels qu'ils sont)."""
    hypotheses: tuple[Hypothese, ...] = ()

    @property
    def periode(self) -> tuple[Month, ...]:
        found = [self.debut]
        while len(found) < self.mois:
            found.append(found[-1].next)
        return tuple(found)


_FRENCH = {
    "missing": "cette information manque",
    "extra_forbidden": "cette clé est inconnue",
    "literal_error": "valeur hors de la liste admise",
    "int_parsing": "un nombre entier est attendu",
    "date_parsing": "une date AAAA-MM-JJ est attendue",
    "union_tag_not_found": "dites le type : chiffre, promotion, temps, depart ou embauche",
    "union_tag_invalid": "type inconnu : chiffre, promotion, temps, depart ou embauche",
}


def read_hypotheses(path: Path) -> Hypotheses | list[Anomalie]:
    """Lit et valide un fichier d'hypothèses ; rend toutes ses anomalies, chacune avec sa place."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return [
            _anomalie(
                path.name, "", "ce fichier n'existe pas, ou n'est pas un YAML lisible en UTF-8", "hypotheses-illisibles"
            )
        ]
    return validate_hypotheses(data, path.name)


def validate_hypotheses(data: object, nom: str = "") -> Hypotheses | list[Anomalie]:
    """Valide des hypothèses déjà lues (``nom`` : le fichier, s'il y en a un) ; rend toutes ses anomalies."""
    try:
        return Hypotheses.model_validate(data)
    except ValidationError as error:
        return [
            _anomalie(
                nom,
                ".".join(str(part) for part in detail["loc"]),
                _FRENCH.get(detail["type"], detail["msg"].removeprefix("Value error, ")),
                "hypotheses-invalides",
            )
            for detail in error.errors(include_input=False, include_url=False)
        ]


def _anomalie(nom: str, cellule: str, message: str, code: str) -> Anomalie:
    remede = "Corrigez le fichier d'hypothèses (docs/simulation.md), puis recommencez." if nom else ""
    return Anomalie(code=code, message=f"{message}.", remede=remede, fichier=nom, cellule=cellule)


def with_figures(legislation: Legislation, hypotheses: Sequence[Chiffre]) -> Legislation:
    """La législation où ces chiffres ont changé.

    Lève :class:`payroll.legislation.FigureMissing` si une clé n'existe pas ou n'a pas de valeur ce jour-là, et
    ``ValueError`` si la valeur ne va pas avec l'unité du chiffre.
    """
    chiffres = dict(legislation.chiffres)
    for hypothese in hypotheses:
        value = replace(legislation, chiffres=chiffres).on(hypothese.du).value(hypothese.cle)
        chiffre = chiffres[hypothese.cle]
        # La première valeur qui couvre un jour est celle qui se lit : l'hypothèse passe devant.
        chiffres[hypothese.cle] = replace(chiffre, valeurs=(_changed(value, hypothese), *chiffre.valeurs))
    return replace(legislation, chiffres=chiffres)


def _changed(value: FigureValue, hypothese: Chiffre) -> FigureValue:
    exact = _exact(value, hypothese)
    scale = 10**value.unite.decimales
    if (exact * scale).denominator != 1:
        raise ValueError(
            f"« {hypothese.cle} » : « {hypothese.valeur} » a trop de décimales pour une valeur en {value.unite.code}."
        )
    digits = f"{(exact * scale).numerator:0{value.unite.decimales + 1}d}"
    written = (
        f"{digits[: -value.unite.decimales]}.{digits[-value.unite.decimales :]}" if value.unite.decimales else digits
    )
    texte = f"Hypothèse : {hypothese.motif}"
    return replace(value, valeur=written, exact=exact, du=hypothese.du, au=hypothese.au, texte=texte)


def _exact(value: FigureValue, hypothese: Chiffre) -> Fraction:
    """La valeur demandée ; une variation est arrondie à la précision de l'unité, comme le ferait le texte."""
    if hypothese.valeur is not None:
        text = hypothese.valeur.replace(",", ".").replace(" ", "")
        percent = text.endswith("%")
        if percent != (value.unite.code == "taux"):
            attendu = "un taux s'écrit en pour cent (« 40.65 % »)" if value.unite.code == "taux" else "sans « % »"
            raise ValueError(f"« {hypothese.cle} » est en {value.unite.code} : {attendu}.")
        return Fraction(text.removesuffix("%")) / (100 if percent else 1)
    ppm = parse_percent((hypothese.variation or "").replace("+", ""))
    scale = 10**value.unite.decimales
    scaled = value.exact * scale * (1_000_000 + ppm) / 1_000_000
    return Fraction(round_half_up(scaled.numerator, scaled.denominator), scale)


def extended(legislation: Legislation) -> Legislation:
    """La législation où le dernier chiffre connu vaut encore après sa fin, sauf si le texte dit qu'il n'existe plus."""
    chiffres = {}
    for cle, chiffre in legislation.chiffres.items():
        last = max(chiffre.valeurs, key=lambda value: value.du)
        stopped = last.au is not None and any(absence.du > last.au for absence in chiffre.absences)
        chiffres[cle] = (
            chiffre
            if last.au is None or stopped
            else replace(
                chiffre, valeurs=tuple(replace(value, au=None) if value is last else value for value in chiffre.valeurs)
            )
        )
    grilles = {
        territoire: (*scales[:-1], replace(scales[-1], au=None)) for territoire, scales in legislation.grilles.items()
    }
    return replace(legislation, chiffres=chiffres, grilles=grilles)


def ended_figures(legislation: Legislation, mois: Month) -> list[str]:
    """Les clés dont la dernière valeur est finie avant ce mois, sans que le texte dise qu'il n'y en a plus."""
    return sorted(
        cle
        for cle, chiffre in legislation.chiffres.items()
        if chiffre.on(mois.first_day) is None
        and chiffre.valeurs[0].du <= mois.first_day
        and not any(absence.covers(mois.first_day) for absence in chiffre.absences)
    )
