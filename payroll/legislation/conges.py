"""Les absences, en données : natures, paliers de droits, effet sur chaque élément, dispenses de carence.

Lues de ``conges/*.yaml`` (le format y est dit), contrôlées au chargement, datées et citées comme les chiffres.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from payroll.legislation.doutes import Doute, Nature
from payroll.legislation.errors import LegislationError, Probleme
from payroll.legislation.reading import Confiance, Fields, read_yaml, refuse_overlaps

FOLDER = Path(__file__).parent / "conges"

ELEMENTS = ("traitement", "nbi", "indemnite_residence", "sft")
"""Les éléments dont l'effet d'une absence donne la part gardée ; les primes ont leur propre règle."""

PRIMES = ("perdues", "maintenues", "deliberation", "quotite")
IJSS = ("", "maladie", "maternite", "at", "decompte")
FENETRES = ("arret", "carriere")

_ALTERNATIVE = "Ce que dirait le texte relu : corriger la ligne de la table, puis la confirmer."


@dataclass(frozen=True, slots=True)
class Effet:
    """Ce que l'agent garde pendant une période ; une part est un pour cent ou la clé d'un chiffre."""

    du: date
    au: date | None
    parts: Mapping[str, str]
    primes: str
    etat: str
    """La part des primes que garde l'État : le plus que puisse accorder une délibération (CGFP L. 714-4)."""
    texte: str
    confiance: Confiance
    doute: str


@dataclass(frozen=True, slots=True)
class Motif:
    """Ce que devient un jour d'absence : plein traitement, demi-traitement, carence…"""

    code: str
    libelle: str
    populations: tuple[str, ...]
    remunere: bool
    effets: tuple[Effet, ...]

    def on(self, jour: date) -> Effet | None:
        """L'effet en vigueur ce jour ; ``None`` avant le premier."""
        return next((e for e in self.effets if e.du <= jour and (e.au is None or jour <= e.au)), None)

    def can_lose(self, element: str) -> bool:
        """Vrai si cet élément peut être réduit, à une date au moins."""
        if element == "primes":
            return any(effet.primes != "maintenues" for effet in self.effets)
        return any(effet.parts[element] != "100" for effet in self.effets)

    @property
    def textes(self) -> str:
        return " ; ".join(dict.fromkeys(effet.texte for effet in self.effets))


@dataclass(frozen=True, slots=True)
class Palier:
    motif: str
    jusqu_a: str
    """Rang du dernier jour (nombre ou clé d'un chiffre) ; vide : sans limite."""


@dataclass(frozen=True, slots=True)
class Regle:
    """Les paliers d'une population, à partir d'une ancienneté."""

    populations: tuple[str, ...]
    texte: str
    confiance: Confiance
    doute: str
    fenetre: str
    carence: bool
    ijss: str
    apres: int | None
    """Mois de services au premier jour de l'arrêt ; ``None`` : l'ancienneté ne compte pas."""
    paliers: tuple[Palier, ...]


@dataclass(frozen=True, slots=True)
class NatureAbsence:
    """Une absence telle qu'une personne la nomme."""

    code: str
    libelle: str
    partielle: bool
    """Elle peut durer moins d'un jour (grève)."""
    quotite: bool
    """Elle demande la part de temps travaillée (temps partiel thérapeutique)."""
    regles: tuple[Regle, ...]

    def rules_for(self, population: str) -> tuple[Regle, ...]:
        """Les règles de cette population, par ancienneté croissante ; vide si elle ne peut avoir cette absence."""
        return tuple(regle for regle in self.regles if population in regle.populations)


@dataclass(frozen=True, slots=True)
class SansCarence:
    code: str
    libelle: str
    texte: str
    cpam: bool
    """La CPAM dispense aussi de ses propres jours de carence."""


@dataclass(frozen=True, slots=True)
class Conges:
    """Toutes les absences que la paie sait compter."""

    motifs: Mapping[str, Motif]
    natures: Mapping[str, NatureAbsence]
    sans_carence: Mapping[str, SansCarence]

    def doubts(self) -> Iterator[Doute]:
        """Ce que ces tables appliquent sans que le texte ait été confirmé."""
        for motif in self.motifs.values():
            for effet in motif.effets:
                if effet.doute or effet.confiance is not Confiance.CONFIRME:
                    choix = ", ".join(f"{name} {part}" for name, part in effet.parts.items())
                    yield Doute(
                        f"conge.effet.{motif.code}",
                        Nature.REGLE,
                        effet.doute or "Texte à relire.",
                        f"{motif.libelle} : part gardée {choix} ; primes {effet.primes}",
                        _ALTERNATIVE,
                        effet.texte,
                        effet.confiance,
                        motif.populations,
                        effet.du,
                        effet.au,
                        "conges/effets.yaml",
                    )
        for nature in self.natures.values():
            for rang, regle in enumerate(nature.regles, start=1):
                if regle.doute or regle.confiance is not Confiance.CONFIRME:
                    paliers = " puis ".join(
                        f"{palier.motif}{f' jusqu’au jour {palier.jusqu_a}' if palier.jusqu_a else ''}"
                        for palier in regle.paliers
                    )
                    yield Doute(
                        f"conge.droits.{nature.code}.{rang}",
                        Nature.REGLE,
                        regle.doute or "Texte à relire.",
                        paliers,
                        _ALTERNATIVE,
                        regle.texte,
                        regle.confiance,
                        regle.populations,
                        None,
                        None,
                        "conges/natures.yaml",
                    )


@cache
def load_conges(folder: Path = FOLDER) -> Conges:
    """Les tables du dossier, lues une fois ; lève :class:`LegislationError` en listant tous les défauts."""
    problems: list[Probleme] = []
    motifs = {motif.code: motif for motif in _read(folder / "effets.yaml", _motif, problems)}
    natures = {nature.code: nature for nature in _read(folder / "natures.yaml", _nature, problems)}
    sans_carence = {row.code: row for row in _read(folder / "sans_carence.yaml", _exemption, problems)}
    for nature in natures.values():
        problems.extend(
            Probleme("natures.yaml", nature.code, f"motif inconnu « {palier.motif} »")
            for regle in nature.regles
            for palier in regle.paliers
            if palier.motif not in motifs
        )
    if problems:
        raise LegislationError(problems)
    return Conges(motifs, natures, sans_carence)


def _read(path: Path, read: Any, problems: list[Probleme]) -> Iterator[Any]:
    rows = read_yaml(path, problems)
    if not isinstance(rows, list):
        problems.append(Probleme(path.name, "", "une liste est attendue"))
        return
    seen: set[str] = set()
    for row in rows:
        found = read(row, path.name, problems)
        if found.code in seen:
            problems.append(Probleme(path.name, found.code, "code écrit deux fois"))
        seen.add(found.code)
        yield found


def _motif(row: object, fichier: str, problems: list[Probleme]) -> Motif:
    code = str(row.get("motif", "")) if isinstance(row, dict) else ""
    fields = Fields(
        row, fichier, code, problems, required=("motif", "libelle", "populations", "effets"), optional=("remunere",)
    )
    effets = tuple(_effect(item, fichier, code, problems) for item in fields.raw("effets") or ())
    refuse_overlaps([(effet.du, effet.au) for effet in effets], fichier, code, problems)
    libelle = fields.text("libelle", required=True)
    return Motif(code, libelle, fields.populations(), fields.raw("remunere") is not False, effets)


def _effect(row: object, fichier: str, code: str, problems: list[Probleme]) -> Effet:
    fields = Fields(
        row,
        fichier,
        code,
        problems,
        required=("du", "au", *ELEMENTS, "primes", "texte", "confiance"),
        optional=("etat", "doute"),
    )
    du, au = fields.interval() or (date.min, None)
    primes = fields.text("primes", required=True)
    if primes not in PRIMES:
        fields.refuse(f"sort des primes inconnu « {primes} » (admis : {', '.join(PRIMES)})")
    etat = fields.text("etat")
    if (primes == "deliberation") != bool(etat):
        fields.refuse("« etat » va avec « primes: deliberation », et elle seule")
    return Effet(
        du,
        au,
        {name: fields.text(name, required=True) for name in ELEMENTS},
        primes,
        etat,
        fields.text("texte", required=True),
        fields.confiance() or Confiance.MEMOIRE,
        fields.text("doute"),
    )


def _nature(row: object, fichier: str, problems: list[Probleme]) -> NatureAbsence:
    code = str(row.get("nature", "")) if isinstance(row, dict) else ""
    fields = Fields(
        row, fichier, code, problems, required=("nature", "libelle", "regles"), optional=("partielle", "quotite")
    )
    regles = tuple(_rule(item, fichier, code, problems) for item in fields.raw("regles") or ())
    return NatureAbsence(
        code,
        fields.text("libelle", required=True),
        fields.raw("partielle") is True,
        fields.raw("quotite") is True,
        tuple(sorted(regles, key=lambda regle: regle.apres or 0)),
    )


def _rule(row: object, fichier: str, code: str, problems: list[Probleme]) -> Regle:
    fields = Fields(
        row,
        fichier,
        code,
        problems,
        required=("populations", "texte", "confiance", "fenetre", "paliers"),
        optional=("doute", "carence", "ijss", "apres"),
    )
    fenetre, ijss = fields.text("fenetre", required=True), fields.text("ijss")
    if fenetre not in FENETRES and not fenetre.isdigit():
        fields.refuse(f"fenêtre inconnue « {fenetre} » (admises : un nombre de jours, {', '.join(FENETRES)})")
    if ijss not in IJSS:
        fields.refuse(f"indemnités journalières inconnues « {ijss} » (admises : {', '.join(IJSS[1:])})")
    apres = fields.text("apres")
    if apres and not apres.removesuffix(" mois").isdigit():
        fields.refuse(f"ancienneté illisible « {apres} » : écrivez par exemple « 4 mois »")
        apres = ""
    return Regle(
        fields.populations(),
        fields.text("texte", required=True),
        fields.confiance() or Confiance.MEMOIRE,
        fields.text("doute"),
        fenetre,
        fields.raw("carence") is True,
        ijss,
        int(apres.removesuffix(" mois")) if apres else None,
        tuple(_steps(fields.raw("paliers") or (), fichier, code, problems)),
    )


def _steps(rows: Iterable[object], fichier: str, code: str, problems: list[Probleme]) -> Iterator[Palier]:
    for row in rows:
        fields = Fields(row, fichier, code, problems, required=("motif", "jusqu_a"))
        yield Palier(fields.text("motif", required=True), fields.text("jusqu_a"))


def _exemption(row: object, fichier: str, problems: list[Probleme]) -> SansCarence:
    code = str(row.get("code", "")) if isinstance(row, dict) else ""
    fields = Fields(row, fichier, code, problems, required=("code", "libelle", "texte", "cpam"))
    libelle, texte = (fields.text(name, required=True) for name in ("libelle", "texte"))
    return SansCarence(code, libelle, texte, fields.raw("cpam") is True)
