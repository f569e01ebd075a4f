"""Les chiffres datés : leur lecture dans les YAML et leur demande par clé, au mois ou au jour."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from payroll.legislation.errors import FigureMissing, Probleme, WrongUnit, french_day
from payroll.legislation.pas import PasScale, scale_on
from payroll.legislation.reading import POPULATIONS, Confiance, Fields, read_yaml, refuse_overlaps
from payroll.legislation.units import UNITES, Sorte, Unite
from payroll.money import PPM, format_amount, format_percent

_KEY = re.compile(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*")
_DECIMAL = re.compile(r"-?\d+(?:\.(\d+))?")
_FRACTION = re.compile(r"\d+/[1-9]\d*")

_KEY_FIELDS = ("libelle", "unite", "valeurs")
_KEY_OPTIONAL = ("base", "qui", "populations", "absences", "doute")
_VALUE_FIELDS = ("du", "au", "texte", "lien", "jo", "verifie_le", "confiance")
_VALUE_OPTIONAL = ("valeur", "fraction", "note", "doute")


@dataclass(frozen=True, slots=True)
class FigureValue:
    """Un chiffre en vigueur sur une période, avec le texte dont il vient et ce que vaut cette lecture."""

    cle: str
    libelle: str
    unite: Unite
    valeur: str
    """Tel qu'écrit : décimal (« 0.1110 ») ou fraction (« 6/7 »)."""
    exact: Fraction
    du: date
    au: date | None
    texte: str
    lien: str | None
    jo: date | None
    verifie_le: date
    confiance: Confiance
    note: str
    doute: str
    fichier: str

    def covers(self, day: date) -> bool:
        """Vrai si la valeur est en vigueur ce jour-là, bornes comprises."""
        return self.du <= day and (self.au is None or day <= self.au)

    @property
    def lisible(self) -> str:
        """La valeur telle qu'on la montre : « 1 823,03 EUR/mois », « 11,10 % », « 6/7 », « 25 heures »."""
        if "/" in self.valeur:
            return self.valeur
        if self.unite.sorte is Sorte.MONTANT:
            return f"{format_amount((self.exact * 100).numerator)} {self.unite.code}"
        if self.unite.code == "taux":
            return format_percent((self.exact * PPM).numerator)
        return f"{self.valeur.replace('.', ',')} {self.unite.code}"


@dataclass(frozen=True, slots=True)
class Absence:
    """Une période où l'on sait que le chiffre manque, et pourquoi."""

    du: date
    au: date | None
    raison: str
    doute: str = ""
    """Dit ce qui reste à vérifier, quand l'absence n'est pas voulue par le texte."""

    def covers(self, day: date) -> bool:
        return self.du <= day and (self.au is None or day <= self.au)


@dataclass(frozen=True, slots=True)
class Chiffre:
    """Une clé de la législation et toutes ses valeurs, de la plus ancienne à la plus récente."""

    cle: str
    libelle: str
    unite: Unite
    valeurs: tuple[FigureValue, ...]
    fichier: str
    base: str = ""
    qui: str = ""
    populations: tuple[str, ...] = POPULATIONS
    absences: tuple[Absence, ...] = ()
    doute: str = ""

    def on(self, day: date) -> FigureValue | None:
        """La valeur en vigueur ce jour-là, ou ``None``."""
        return next((value for value in self.valeurs if value.covers(day)), None)

    def explain_missing(self, day: date) -> str:
        """Pourquoi la clé n'a pas de valeur ce jour-là : raison écrite, sinon première et dernière dates connues."""
        for absence in self.absences:
            if absence.covers(day):
                return absence.raison
        debut = french_day(self.valeurs[0].du)
        fin = self.valeurs[-1].au
        connues = f"les valeurs connues vont du {debut} au {french_day(fin)}" if fin else f"connu depuis le {debut}"
        trou = " avec un trou à cette date" if self.valeurs[0].du <= day and (fin is None or day <= fin) else ""
        return f"{connues}{trou}. Complétez {self.fichier} d'après le texte."


T = TypeVar("T")


def _once(read: Callable[[Figures, str], T]) -> Callable[[Figures, str], T]:
    """Retient ce qu'une lecture a rendu (0,1 µs au lieu de 2) ; un chiffre absent lève à chaque fois."""
    name = read.__name__

    def remembered(self: Figures, cle: str) -> T:
        key = name, cle
        if key not in self._lus:
            self._lus[key] = read(self, cle)
        found: T = self._lus[key]
        return found

    return wraps(read)(remembered)


@dataclass(frozen=True, slots=True)
class Figures:
    """Les chiffres en vigueur un jour donné. Rien n'est inventé : un chiffre absent lève :class:`FigureMissing`."""

    jour: date
    moment: str
    """Le mois ou le jour demandé, tel qu'on l'écrit dans un message."""
    chiffres: Mapping[str, Chiffre] = field(repr=False)
    sans_chiffre: Mapping[str, str] = field(repr=False)
    grilles: Mapping[str, tuple[PasScale, ...]] = field(repr=False)
    _lus: dict[tuple[str, str], Any] = field(init=False, repr=False, compare=False, default_factory=dict)
    """(lecture, clé) → ce qu'elle a rendu : les contrôles relisent les mêmes seuils agent après agent."""

    @_once
    def value(self, cle: str) -> FigureValue:
        """La valeur en vigueur avec sa source ; lève :class:`FigureMissing` en nommant la clé et le mois."""
        chiffre = self.chiffres.get(cle)
        if chiffre is None:
            raise FigureMissing(cle, self.moment, self._explain_unknown(cle))
        found = chiffre.on(self.jour)
        if found is None:
            raise FigureMissing(cle, self.moment, chiffre.explain_missing(self.jour))
        return found

    def has(self, cle: str) -> bool:
        """Vrai si la clé a une valeur en vigueur."""
        chiffre = self.chiffres.get(cle)
        return chiffre is not None and chiffre.on(self.jour) is not None

    @_once
    def rate(self, cle: str) -> int:
        """Un taux ou un coefficient en millionièmes : 11,10 % = 111 000."""
        scaled = self._of(cle, Sorte.TAUX).exact * PPM
        if scaled.denominator != 1:
            raise WrongUnit(f"« {cle} » ne tient pas en millionièmes : demandez sa fraction exacte")
        return scaled.numerator

    @_once
    def cents(self, cle: str) -> int:
        """Un montant en centimes."""
        return (self._of(cle, Sorte.MONTANT).exact * 100).numerator

    @_once
    def integer(self, cle: str) -> int:
        """Un nombre entier (points, heures, jours, multiples du plafond)."""
        exact = self._of(cle, Sorte.NOMBRE).exact
        if exact.denominator != 1:
            raise WrongUnit(f"« {cle} » n'est pas entier : demandez sa fraction exacte")
        return exact.numerator

    def fraction(self, cle: str) -> Fraction:
        """La valeur exacte, quelle que soit l'unité (euros pour un montant, 1 pour 100 %)."""
        return self.value(cle).exact

    def text(self, cle: str) -> str:
        """Le texte de droit du chiffre en vigueur."""
        return self.value(cle).texte

    def pas_scale(self, territoire: str) -> PasScale:
        """La grille du taux par défaut en vigueur au premier jour de la période (CGI art. 204 H III-1)."""
        return scale_on(self.grilles, self.jour, territoire, self.moment)

    def _of(self, cle: str, sorte: Sorte) -> FigureValue:
        found = self.value(cle)
        if found.unite.sorte is not sorte:
            raise WrongUnit(f"« {cle} » est {found.unite.sorte.value} ({found.unite.code}), pas {sorte.value}")
        return found

    def _explain_unknown(self, cle: str) -> str:
        if cle in self.sans_chiffre:
            return self.sans_chiffre[cle]
        proches = get_close_matches(cle, self.chiffres, n=3)
        suite = f" Clés proches : {', '.join(proches)}." if proches else ""
        return f"cette clé n'existe pas dans la législation.{suite}"


def read_figures(folder: Path, problems: list[Probleme]) -> dict[str, Chiffre]:
    """Tous les chiffres du dossier ; les défauts rejoignent ``problems``."""
    chiffres: dict[str, Chiffre] = {}
    for path in sorted(folder.glob("*.yaml")):
        data = read_yaml(path, problems)
        if data is None:
            continue
        if not isinstance(data, dict):
            problems.append(Probleme(path.name, "", "le fichier doit être une suite de clés"))
            continue
        for cle, block in data.items():
            if not isinstance(cle, str) or not _KEY.fullmatch(cle):
                problems.append(Probleme(path.name, str(cle), "clé mal formée (lettres sans accent, chiffres, _ et .)"))
                continue
            if cle in chiffres:
                problems.append(Probleme(path.name, cle, f"clé déjà définie dans {chiffres[cle].fichier}"))
            chiffre = _read_key(cle, block, path.name, problems)
            if chiffre:
                chiffres.setdefault(cle, chiffre)
    return chiffres


def _read_key(cle: str, block: object, fichier: str, problems: list[Probleme]) -> Chiffre | None:
    before = len(problems)
    fields = Fields(block, fichier, cle, problems, required=_KEY_FIELDS, optional=_KEY_OPTIONAL)
    libelle = fields.text("libelle", required=True)
    unite = UNITES.get(fields.raw("unite")) if isinstance(fields.raw("unite"), str) else None
    if unite is None and "unite" in fields:
        fields.refuse(f"unité inconnue « {fields.raw('unite')} » (admises : {', '.join(UNITES)})")
    rows = fields.raw("valeurs")
    if "valeurs" in fields and (not isinstance(rows, list) or not rows):
        fields.refuse("« valeurs » doit être une liste non vide")
    base, qui, doute = fields.text("base"), fields.text("qui"), fields.text("doute")
    populations = fields.populations()
    absences = _read_absences(fields.raw("absences"), fichier, cle, problems)
    # Une unité inconnue n'empêche pas de relire les valeurs : tous les défauts doivent sortir d'un coup.
    lus = [_read_value(cle, libelle, unite, row, fichier, problems) for row in rows] if isinstance(rows, list) else []
    valeurs = sorted((value for value in lus if value), key=lambda value: value.du)
    periodes = [(value.du, value.au) for value in valeurs] + [(absence.du, absence.au) for absence in absences]
    refuse_overlaps(periodes, fichier, cle, problems)
    if unite is None or len(problems) > before:
        return None
    return Chiffre(cle, libelle, unite, tuple(valeurs), fichier, base, qui, populations, absences, doute)


def _read_absences(rows: object, fichier: str, cle: str, problems: list[Probleme]) -> tuple[Absence, ...]:
    if rows is None:
        return ()
    if not isinstance(rows, list):
        problems.append(Probleme(fichier, cle, "« absences » doit être une liste"))
        return ()
    absences = []
    for row in rows:
        fields = Fields(row, fichier, cle, problems, required=("du", "au", "raison"), optional=("doute",))
        interval, raison = fields.interval(), fields.text("raison", required=True)
        if interval:
            absences.append(Absence(*interval, raison, fields.text("doute")))
    return tuple(absences)


def _read_value(
    cle: str, libelle: str, unite: Unite | None, row: object, fichier: str, problems: list[Probleme]
) -> FigureValue | None:
    before = len(problems)
    fields = Fields(row, fichier, cle, problems, required=_VALUE_FIELDS, optional=_VALUE_OPTIONAL)
    written, exact = _read_number(fields, unite)
    interval = fields.interval()
    texte = fields.text("texte", required=True)
    lien = fields.text("lien") or None
    if lien and not lien.startswith("https://"):
        fields.refuse(f"lien « {lien} » : une adresse https est attendue, ou null tant qu'elle est à compléter")
    jo, verifie_le = fields.day("jo"), fields.day("verifie_le")
    if "verifie_le" in fields and fields.raw("verifie_le") is None:
        fields.refuse("« verifie_le » est vide : dites quand le chiffre a été vérifié")
    confiance = fields.confiance()
    note, doute = fields.text("note"), fields.text("doute")
    if len(problems) > before or unite is None or exact is None or not interval or not verifie_le or not confiance:
        return None
    return FigureValue(
        cle, libelle, unite, written, exact, *interval, texte, lien, jo, verifie_le, confiance, note, doute, fichier
    )


def _read_number(fields: Fields, unite: Unite | None) -> tuple[str, Fraction | None]:
    if ("valeur" in fields) == ("fraction" in fields):
        fields.refuse("donnez « valeur » ou « fraction », l'une des deux et pas les deux")
        return "", None
    name = "valeur" if "valeur" in fields else "fraction"
    written = fields.raw(name)
    if not isinstance(written, str):
        # Sans guillemets, YAML lit un nombre à virgule flottante : 0.1110 ne serait déjà plus exact.
        fields.refuse(f"« {name}: {written} » doit être entre guillemets (aucun nombre flottant en paie)")
        return "", None
    if name == "fraction":
        if not _FRACTION.fullmatch(written):
            fields.refuse(f'fraction illisible « {written} » : écrivez par exemple "6/7"')
            return "", None
        return written, Fraction(written)
    found = _DECIMAL.fullmatch(written)
    if not found:
        fields.refuse(f'valeur illisible « {written} » : écrivez un décimal exact, par exemple "0.1110"')
        return "", None
    if unite and len((found[1] or "").rstrip("0")) > unite.decimales:
        fields.refuse(f"« {written} » a trop de décimales : {unite.decimales} au plus en {unite.code}")
        return "", None
    return written, Fraction(written)
