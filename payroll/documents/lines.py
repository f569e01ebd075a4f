"""Du calcul aux rangées imprimées : groupes et totaux dans l'ordre du modèle, coupe en pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from payroll.documents.layout import Groupe, Modele, Total
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.money import format_amount, format_percent

Genre = Literal["titre", "ligne", "total"]

EN_EUROS = frozenset({Section.BRUT, Section.NET})
"""Sections dont le montant est un gain s'il est positif ; ailleurs, c'est une retenue."""
CODE_PAS = "pas"
"""Le prélèvement à la source a son cadre : sa ligne, si le calcul en donne une, n'est pas répétée dans le tableau."""

AVEC_LE_PIED = 4
"""Rangées reportées avec le pied quand il passe seul à la page suivante."""


@dataclass(frozen=True, slots=True)
class Row:
    """Une rangée du tableau : un libellé et, par clé de colonne, le texte à imprimer."""

    genre: Genre
    libelle: str
    cells: dict[str, str] = field(default_factory=dict)


def payslip_rows(bulletin: Bulletin, modele: Modele) -> list[Row]:
    """Toutes les rangées, dans l'ordre du modèle ; les totaux sont ceux du bulletin, jamais recalculés ici."""
    by_group: dict[Groupe, list[Ligne]] = {}
    for ligne in sorted(bulletin.lignes, key=lambda ligne: ligne.ordre):
        if ligne.code != CODE_PAS:
            by_group.setdefault(modele.groupe_of(ligne), []).append(ligne)
    rows: list[Row] = []
    for part in modele.plan:
        if isinstance(part, Total):
            rows.append(Row("total", part.titre, _total_cells(bulletin, part)))
        elif part in by_group:
            rows.append(Row("titre", part.titre))
            rows += [Row("ligne", ligne.libelle_imprime, line_cells(ligne)) for ligne in by_group[part]]
    return rows


def _total_cells(bulletin: Bulletin, total: Total) -> dict[str, str]:
    if total.cle == "cotisations":
        return {
            "retenue": format_amount(bulletin.cotisations_salarie),
            "part_employeur": format_amount(bulletin.cotisations_employeur),
        }
    amounts = {
        "brut": bulletin.brut,
        "montant_net_social": bulletin.montant_net_social,
        "net_avant_impot": bulletin.net_avant_impot,
    }
    return {"gain": format_amount(amounts[total.cle])}


def line_cells(ligne: Ligne) -> dict[str, str]:
    """Les cases imprimées d'une ligne : ni zéro sans cause, ni case vide pour un taux donné."""
    cells: dict[str, str] = {}
    if ligne.nombre_centiemes is not None:
        cells["nombre"] = format_amount(ligne.nombre_centiemes)
    if ligne.base is not None:
        cells["base"] = format_amount(ligne.base)
    if ligne.taux_salarie_ppm is not None:
        cells["taux_salarie"] = format_percent(ligne.taux_salarie_ppm)
    if ligne.section in EN_EUROS:
        column = "gain" if ligne.montant_salarie >= 0 else "retenue"
        cells[column] = format_amount(abs(ligne.montant_salarie))
    elif ligne.montant_salarie or ligne.taux_salarie_ppm is not None:
        cells["retenue"] = format_amount(ligne.montant_salarie)
    if ligne.taux_employeur_ppm is not None:
        cells["taux_employeur"] = format_percent(ligne.taux_employeur_ppm)
    if ligne.montant_employeur or ligne.taux_employeur_ppm is not None:
        cells["part_employeur"] = format_amount(ligne.montant_employeur)
    return cells


def paginate(rows: list[Row], first: int, following: int, last: int) -> list[list[Row]]:
    """Coupe les rangées en pages ; la dernière garde la place du pied (``last`` rangées au plus).

    Un titre de section ne reste jamais seul en bas de page, et le pied jamais seul sur la dernière.
    """
    pages: list[list[Row]] = []
    rest, room = rows, first
    while rest:
        cut = _before_titles(rest, min(room, len(rest)))
        pages.append(rest[:cut])
        rest, room = rest[cut:], following
    if len(pages) == 1 or len(pages[-1]) > last:
        cut = _before_titles(pages[-1], max(1, len(pages[-1]) - AVEC_LE_PIED))
        pages[-1:] = [pages[-1][:cut], pages[-1][cut:]]
    return pages


def _before_titles(rows: list[Row], cut: int) -> int:
    while cut > 1 and rows[cut - 1].genre == "titre":
        cut -= 1
    return cut
