"""La lecture des mensuelles passées : un dossier par établissement, la dernière version de chaque mois.

Tolérante : tout ce qui est conforme se lit, ce dont la reprise ne se sert pas est compté et rendu.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from dsn import values
from dsn.message import Block
from dsn.reader import Reader
from payroll.anomalies import Anomalie, Gravite
from payroll.periods import Month

TAILLE_MAX = 60_000_000
"""Octets : une mensuelle de mille agents en fait un vingtième ; au-delà, ce n'est pas une DSN d'adhérent."""
_MENSUELLE = "01"
_TYPES = frozenset({"01", "02", "03", "05"})
_MONTREES = 5
"""Anomalies de lecture citées par fichier : les suivantes sont comptées."""


@dataclass(slots=True)
class MoisDeclare:
    """Une mensuelle retenue : son mois, sa norme, ses blocs."""

    mois: Month
    norme: str
    declarations: list[Block] = field(default_factory=list)
    """Une par fraction."""

    def blocks(self, name: str) -> list[Block]:
        """Tous les blocs d'un nom, dans l'ordre du message."""
        return [block for declaration in self.declarations for block in declaration.find(name)]


@dataclass(slots=True)
class Dossier:
    """Un établissement : ses mois déclarés, dans l'ordre, et ce qui a été lu sans servir."""

    siret: str
    mois: list[MoisDeclare]
    suivi: Suivi = field(default_factory=lambda: Suivi())

    @property
    def dernier(self) -> MoisDeclare:
        return self.mois[-1]

    def unused(self) -> Counter[str]:
        """Rubrique → nombre de valeurs lues dont la reprise ne se sert pas."""
        found = Counter(
            item.rubrique
            for month in self.mois
            for declaration in month.declarations
            for block in declaration.walk()
            for item in block.fields
        )
        return Counter({rubrique: count for rubrique, count in found.items() if rubrique not in self.suivi.used})


class Suivi:
    """Lit une rubrique et retient qu'elle a servi : le reste est mis de côté et dit."""

    def __init__(self) -> None:
        self.used: set[str] = set()

    def text(self, block: Block, suffix: str) -> str:
        """La valeur, vide si la rubrique est absente."""
        self.used.add(f"{block.id}.{suffix}")
        return (block.get(suffix) or "").strip()

    def day(self, block: Block, suffix: str) -> date | None:
        return values.jour(self.text(block, suffix))

    def cents(self, block: Block, suffix: str) -> int:
        """Le montant en centimes (ou la quantité en centièmes) ; zéro si la rubrique est absente ou illisible."""
        return values.centiemes(self.text(block, suffix)) or 0

    def ppm(self, block: Block, suffix: str) -> int | None:
        return values.taux_ppm(self.text(block, suffix))


@dataclass(frozen=True, slots=True)
class Lecture:
    """Ce que des fichiers DSN donnent : un dossier par SIRET, et les constats."""

    dossiers: tuple[Dossier, ...]
    anomalies: tuple[Anomalie, ...]


def read_files(paths: Iterable[Path]) -> Lecture:
    """Lit des mensuelles de tout logiciel ; une entrée fautive devient une anomalie située, jamais une panne."""
    kept: dict[tuple[str, Month, str], tuple[int, int, str, Block]] = {}
    found: list[Anomalie] = []
    for rank, path in enumerate(paths):
        for norme, declaration in _declarations(path, found):
            key, order = _identity(path, declaration, found)
            if key is not None and (key not in kept or kept[key][:2] <= (order, rank)):
                # Une annule-et-remplace porte un numéro d'ordre plus grand : la dernière dit vrai.
                kept[key] = (order, rank, norme, declaration)
    folders: dict[str, dict[Month, MoisDeclare]] = {}
    for (siret, mois, _), (_, _, norme, declaration) in sorted(kept.items(), key=lambda item: item[0]):
        months = folders.setdefault(siret, {})
        months.setdefault(mois, MoisDeclare(mois, norme)).declarations.append(declaration)
    dossiers = tuple(
        Dossier(siret, [months[mois] for mois in sorted(months)]) for siret, months in sorted(folders.items())
    )
    for dossier in dossiers:
        found += _gaps(dossier)
    if not dossiers and not found:
        found.append(Anomalie("reprise-vide", "aucune DSN mensuelle n'a été donnée.", "Donnez un fichier .dsn."))
    return Lecture(dossiers, tuple(found))


def _declarations(path: Path, found: list[Anomalie]) -> list[tuple[str, Block]]:
    try:
        size = path.stat().st_size
        if size > TAILLE_MAX:
            found.append(
                Anomalie(
                    "fichier-trop-gros",
                    f"ce fichier dépasse {TAILLE_MAX // 1_000_000} Mo : il n'est pas ouvert.",
                    "Donnez la DSN d'un seul adhérent.",
                    fichier=path.name,
                )
            )
            return []
        with path.open("rb") as stream:
            reader = Reader(stream)
            declarations = list(reader.declarations())
    except OSError:
        found.append(
            Anomalie(
                "fichier-introuvable",
                "ce fichier n'existe pas ou ne peut pas être lu.",
                "Vérifiez son nom et son dossier, puis recommencez.",
                fichier=path.name,
            )
        )
        return []
    found += [
        Anomalie(
            f"dsn-{anomaly.code.lower()}",
            anomaly.message,
            gravite=Gravite.AVERTISSEMENT,
            fichier=path.name,
            cellule=f"ligne {anomaly.line}",
            rubrique=anomaly.rubrique,
        )
        for anomaly in reader.anomalies[:_MONTREES]
    ]
    hidden = len(reader.anomalies) - _MONTREES
    if hidden > 0:
        found.append(
            Anomalie(
                "dsn-autres-constats",
                f"{hidden} autres constats de lecture : « paie dsn controler » les liste.",
                gravite=Gravite.AVERTISSEMENT,
                fichier=path.name,
            )
        )
    if not declarations:
        found.append(
            Anomalie(
                "dsn-sans-declaration",
                "aucune déclaration n'a pu y être lue.",
                "Donnez le fichier .dsn tel qu'il a été déposé sur net-entreprises.",
                fichier=path.name,
            )
        )
    norme = reader.norm.version
    return [(norme, declaration) for declaration in declarations]


def _identity(path: Path, declaration: Block, found: list[Anomalie]) -> tuple[tuple[str, Month, str] | None, int]:
    """(SIRET, mois, fraction) et numéro d'ordre d'une mensuelle ; ``None``, en disant pourquoi, si elle est écartée."""
    nature, kind = declaration.get("001"), declaration.get("002")
    first = values.jour(declaration.get("005"))
    entreprise = next(iter(declaration.find("S21.G00.06")), None)
    etablissement = next(iter(declaration.find("S21.G00.11")), None)
    siret = (entreprise.get("001") or "" if entreprise else "") + (
        etablissement.get("001") or "" if etablissement else ""
    )
    problem = ""
    if nature != _MENSUELLE or kind not in _TYPES:
        problem = "cette déclaration n'est pas une mensuelle (nature 01) : elle ne sert pas à la reprise"
    elif first is None or not 1900 <= first.year <= 2200:
        problem = "le mois principal déclaré (S20.G00.05.005) manque ou ne se lit pas"
    elif len(siret) != 14 or not siret.isdecimal():
        problem = "le SIRET de l'établissement (S21.G00.06.001 et S21.G00.11.001) manque ou ne se lit pas"
    if problem or first is None:
        found.append(
            Anomalie(
                "declaration-ecartee",
                f"{problem}.",
                "Donnez les DSN mensuelles de l'adhérent.",
                gravite=Gravite.AVERTISSEMENT,
                fichier=path.name,
                cellule=f"ligne {declaration.line}",
            )
        )
        return None, 0
    order = declaration.get("004") or "0"
    rank = int(order) if order.isdecimal() and len(order) <= 15 else 0
    return (siret, Month.of(first), declaration.get("003") or "11"), rank


def _gaps(dossier: Dossier) -> list[Anomalie]:
    """Les mois qui manquent entre le premier et le dernier : leurs sommes ne sont pas dans les cumuls."""
    present = {month.mois for month in dossier.mois}
    missing: list[str] = []
    mois = dossier.mois[0].mois
    while mois < dossier.dernier.mois and len(missing) < 24:
        if mois not in present:
            missing.append(mois.libelle)
        mois = mois.next
    if not missing:
        return []
    return [
        Anomalie(
            "mois-manquants",
            f"il manque la DSN de {', '.join(missing)} : ces mois ne sont pas dans les cumuls.",
            "Donnez aussi ces fichiers, ou complétez les cumuls à la main.",
            gravite=Gravite.AVERTISSEMENT,
            fichier=dossier.siret,
        )
    ]
