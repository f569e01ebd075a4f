"""Le modèle de bulletin, lu dans ``layout.yaml`` : colonnes, groupes de lignes, totaux, mentions, par date d'effet."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from payroll.engine.bulletin import Ligne, Section
from payroll.periods import Month

LARGEUR_UTILE = 190
"""Largeur imprimable d'une page A4, en millimètres."""
COLONNES = ("libelle", "nombre", "base", "taux_salarie", "gain", "retenue", "taux_employeur", "part_employeur")
INDISPENSABLES = frozenset({"libelle", "gain", "retenue", "part_employeur"})
"""Les colonnes des montants ne se cachent pas : le lecteur doit pouvoir refaire les totaux."""
TOTAUX = ("brut", "cotisations", "montant_net_social", "net_avant_impot")


class LayoutError(ValueError):
    """Le fichier des modèles ne décrit pas un bulletin imprimable, ou le modèle demandé n'existe pas."""


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
class Groupe:
    """Des lignes sous un titre : celles de ces sections, et ces rubriques d'où qu'elles viennent."""

    titre: str
    sections: frozenset[Section]
    rubriques: frozenset[str]


@dataclass(frozen=True, slots=True)
class Total:
    """Un total du bulletin, à sa place entre les groupes."""

    cle: str
    titre: str


@dataclass(frozen=True, slots=True)
class Modele:
    """Un modèle de bulletin en vigueur depuis un mois."""

    code: str
    du: Month
    texte: str
    colonnes: tuple[Colonne, ...]
    plan: tuple[Groupe | Total, ...]
    """Ce qui s'imprime, dans l'ordre."""
    notice_conservation: str
    notice_information: str

    @property
    def groupes(self) -> tuple[Groupe, ...]:
        return tuple(part for part in self.plan if isinstance(part, Groupe))

    @property
    def sections(self) -> dict[Section, str]:
        """Le titre de chaque section du calcul, dans l'ordre d'impression."""
        return {section: groupe.titre for groupe in self.groupes for section in sorted(groupe.sections)}

    def groupe_of(self, ligne: Ligne) -> Groupe:
        """Le groupe qui imprime cette ligne : celui qui la nomme, sinon celui de sa section."""
        named = next((groupe for groupe in self.groupes if ligne.code in groupe.rubriques), None)
        return named or next(groupe for groupe in self.groupes if ligne.section in groupe.sections)


@cache
def models() -> tuple[Modele, ...]:
    """Les modèles connus, du plus ancien au plus récent ; lève :class:`LayoutError` si le fichier est mauvais."""
    data = yaml.safe_load((Path(__file__).parent / "layout.yaml").read_text(encoding="utf-8"))
    return tuple(sorted((parse_model(row) for row in data["modeles"]), key=lambda modele: modele.du))


def model_for(mois: Month, code: str = "") -> Modele:
    """Le modèle à imprimer pour ce mois : le dernier commencé, à défaut le plus ancien.

    ``code`` en impose un autre, pour le voir avant sa date ; lève :class:`LayoutError` s'il n'existe pas.
    """
    if code:
        wanted = [modele for modele in models() if modele.code == code]
        if not wanted:
            known = ", ".join(modele.code for modele in models())
            raise LayoutError(f"modèle de bulletin inconnu : « {code} ». Les modèles sont : {known}.")
        return wanted[0]
    started = [modele for modele in models() if modele.du <= mois]
    return started[-1] if started else models()[0]


def parse_model(row: dict[str, Any]) -> Modele:
    """Lit un modèle ; lève :class:`LayoutError` en disant ce qui manque."""
    plan = tuple(_part(row["code"], part) for part in row["plan"])
    _check_plan(row["code"], plan)
    return Modele(
        code=row["code"],
        du=Month.parse(row["du"]),
        texte=row["texte"],
        colonnes=_columns(row),
        plan=plan,
        notice_conservation=row["notice_conservation"].strip(),
        notice_information=row["notice_information"].strip(),
    )


def _columns(row: dict[str, Any]) -> tuple[Colonne, ...]:
    cles = [colonne["cle"] for colonne in row["colonnes"]]
    if cles != [cle for cle in COLONNES if cle in cles] or not INDISPENSABLES.issubset(cles):
        raise LayoutError(
            f"modèle {row['code']} : colonnes {', '.join(cles)} ; attendu, dans cet ordre, {', '.join(COLONNES)} "
            f"(seules {', '.join(cle for cle in COLONNES if cle not in INDISPENSABLES)} peuvent manquer)"
        )
    colonnes: list[Colonne] = []
    x = 0.0
    for colonne in row["colonnes"]:
        colonnes.append(Colonne(colonne["cle"], colonne["titre"], x, colonne["largeur"], colonne.get("groupe", "")))
        x += colonne["largeur"]
    if x != LARGEUR_UTILE:
        raise LayoutError(f"modèle {row['code']} : les colonnes font {x:g} mm ; attendu {LARGEUR_UTILE} mm")
    return tuple(colonnes)


def _part(code: str, part: dict[str, Any]) -> Groupe | Total:
    if "total" in part:
        if part["total"] not in TOTAUX:
            raise LayoutError(f"modèle {code} : total inconnu, « {part['total']} » ; attendu {', '.join(TOTAUX)}")
        return Total(part["total"], part["titre"])
    unknown = set(part.get("sections", ())) - set(Section)
    if unknown:
        raise LayoutError(f"modèle {code} : sections inconnues : {', '.join(sorted(unknown))}")
    return Groupe(
        titre=part["groupe"],
        sections=frozenset(map(Section, part.get("sections", ()))),
        rubriques=frozenset(part.get("rubriques", ())),
    )


def _check_plan(code: str, plan: tuple[Groupe | Total, ...]) -> None:
    """Chaque section, chaque total une fois et une seule : une ligne oubliée ferait un bulletin faux."""
    placed = [section.value for part in plan if isinstance(part, Groupe) for section in part.sections]
    placed += [rubrique for part in plan if isinstance(part, Groupe) for rubrique in part.rubriques]
    totals = [part.cle for part in plan if isinstance(part, Total)]
    missing = ({section.value for section in Section} - set(placed)) | (set(TOTAUX) - set(totals))
    twice = {name for names in (placed, totals) for name in names if names.count(name) > 1}
    if missing or twice:
        told = [", ".join(sorted(names)) or "aucun" for names in (missing, twice)]
        raise LayoutError(f"modèle {code} : oubliés {told[0]} ; répétés {told[1]}")
