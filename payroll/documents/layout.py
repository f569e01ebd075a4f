"""Le modèle de bulletin, lu dans ``layout.yaml`` : colonnes, sections, titres et mentions, par date d'effet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from payroll.engine.bulletin import Section
from payroll.periods import Month

LARGEUR_UTILE = 190
"""Largeur imprimable d'une page A4, en millimètres."""
COLONNES = ("libelle", "nombre", "base", "taux_salarie", "gain", "retenue", "taux_employeur", "part_employeur")


class LayoutError(ValueError):
    """Le fichier des modèles ne décrit pas un bulletin imprimable."""


@dataclass(frozen=True, slots=True)
class Colonne:
    """Une colonne du tableau, de ``x`` à ``x + largeur`` (millimètres depuis le bord gauche du tableau)."""

    cle: str
    titre: str
    x: float
    largeur: float
    groupe: str

    @property
    def droite(self) -> float:
        return self.x + self.largeur


@dataclass(frozen=True, slots=True)
class Modele:
    """Un modèle de bulletin en vigueur depuis un mois."""

    code: str
    du: Month
    texte: str
    colonnes: tuple[Colonne, ...]
    sections: dict[Section, str]
    total_brut: str
    total_cotisations: str
    montant_net_social: str
    net_avant_impot: str
    notice_conservation: str
    notice_information: str


@cache
def models() -> tuple[Modele, ...]:
    """Les modèles connus, du plus ancien au plus récent ; lève :class:`LayoutError` si le fichier est mauvais."""
    rows = yaml.safe_load((Path(__file__).parent / "layout.yaml").read_text(encoding="utf-8"))
    return tuple(sorted((parse_model(row) for row in rows), key=lambda modele: modele.du))


def model_for(mois: Month) -> Modele:
    """Le modèle à imprimer pour ce mois : le dernier commencé, à défaut le plus ancien."""
    started = [modele for modele in models() if modele.du <= mois]
    return started[-1] if started else models()[0]


def parse_model(row: dict[str, Any]) -> Modele:
    """Lit un modèle ; lève :class:`LayoutError` en disant ce qui manque."""
    cles = tuple(colonne["cle"] for colonne in row["colonnes"])
    if cles != COLONNES:
        raise LayoutError(f"modèle {row['code']} : colonnes {', '.join(cles)} ; attendu {', '.join(COLONNES)}")
    manquantes = {section.value for section in Section} ^ set(row["sections"])
    if manquantes:
        raise LayoutError(f"modèle {row['code']} : sections en trop ou manquantes : {', '.join(sorted(manquantes))}")
    colonnes: list[Colonne] = []
    x = 0.0
    for colonne in row["colonnes"]:
        colonnes.append(Colonne(colonne["cle"], colonne["titre"], x, colonne["largeur"], colonne.get("groupe", "")))
        x += colonne["largeur"]
    if x != LARGEUR_UTILE:
        raise LayoutError(f"modèle {row['code']} : les colonnes font {x:g} mm ; attendu {LARGEUR_UTILE} mm")
    return Modele(
        code=row["code"],
        du=Month.parse(row["du"]),
        texte=row["texte"],
        colonnes=tuple(colonnes),
        sections={Section(cle): titre for cle, titre in row["sections"].items()},
        total_brut=row["total_brut"],
        total_cotisations=row["total_cotisations"],
        montant_net_social=row["montant_net_social"],
        net_avant_impot=row["net_avant_impot"],
        notice_conservation=row["notice_conservation"],
        notice_information=row["notice_information"],
    )
