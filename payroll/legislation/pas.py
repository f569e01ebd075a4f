"""Les grilles du taux par défaut du prélèvement à la source, par territoire et par période (CGI art. 204 H III-1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import overload

import numpy as np

from payroll.legislation.errors import FigureMissing, Probleme, french_day
from payroll.legislation.reading import Confiance, Fields, read_yaml, refuse_overlaps
from payroll.money import Column, format_decimal, parse_amount, parse_rate

_SCALE_FIELDS = ("du", "au", "texte", "lien", "jo", "verifie_le", "confiance", "tranches")


@dataclass(frozen=True, slots=True)
class PasScale:
    """Une grille mensuelle : ``bornes[i]`` (centimes, incluse) ouvre la tranche au taux ``taux[i]`` (millionièmes)."""

    territoire: str
    libelle: str
    du: date
    au: date | None
    bornes: tuple[int, ...]
    taux: tuple[int, ...]
    texte: str
    lien: str | None
    jo: date | None
    verifie_le: date
    confiance: Confiance
    note: str
    doute: str
    fichier: str

    @overload
    def rate(self, base_cents: int) -> int: ...
    @overload
    def rate(self, base_cents: Column) -> Column: ...
    def rate(self, base_cents: int | Column) -> int | Column:
        """Le taux en millionièmes d'une base mensuelle en centimes, borne inférieure incluse ; base négative : 0 %."""
        rang = np.searchsorted(np.asarray(self.bornes, dtype=np.int64), base_cents, side="right") - 1
        taux = np.asarray(self.taux, dtype=np.int64)[np.maximum(rang, 0)]
        return int(taux) if isinstance(base_cents, int) else np.asarray(taux, dtype=np.int64)

    def covers(self, day: date) -> bool:
        """Vrai si la grille est en vigueur ce jour-là."""
        return self.du <= day and (self.au is None or day <= self.au)


def scale_on(grilles: Mapping[str, Sequence[PasScale]], day: date, territoire: str, moment: str) -> PasScale:
    """La grille du territoire en vigueur ce jour-là ; lève :class:`FigureMissing` s'il n'y en a pas."""
    cle = f"pas.grille_par_defaut.{territoire}"
    if territoire not in grilles:
        raise FigureMissing(cle, moment, f"territoire inconnu ; territoires connus : {', '.join(sorted(grilles))}.")
    scales = grilles[territoire]
    for scale in scales:
        if scale.covers(day):
            return scale
    fin = scales[-1].au
    suite = f" au {french_day(fin)}" if fin else ""
    raise FigureMissing(cle, moment, f"les grilles connues commencent le {french_day(scales[0].du)}{suite}.")


def read_scales(folder: Path, problems: list[Probleme]) -> dict[str, tuple[PasScale, ...]]:
    """Les grilles de chaque territoire, de la plus ancienne à la plus récente ; les défauts rejoignent ``problems``."""
    grilles: dict[str, tuple[PasScale, ...]] = {}
    for path in sorted(folder.glob("*.yaml")):
        data = read_yaml(path, problems)
        if data is None:
            continue
        fields = Fields(data, path.name, "", problems, required=("territoire", "libelle", "grilles"))
        territoire, libelle = fields.text("territoire", required=True), fields.text("libelle", required=True)
        if territoire in grilles:
            fields.refuse(f"territoire « {territoire} » déjà défini dans {grilles[territoire][0].fichier}")
        rows = fields.raw("grilles")
        if not isinstance(rows, list) or not rows:
            fields.refuse("« grilles » doit être une liste non vide")
            continue
        scales = [scale for row in rows if (scale := _read_scale(territoire, libelle, row, path.name, problems))]
        scales.sort(key=lambda scale: scale.du)
        refuse_overlaps([(scale.du, scale.au) for scale in scales], path.name, territoire, problems)
        if scales:
            grilles.setdefault(territoire, tuple(scales))
    return grilles


def _read_scale(territoire: str, libelle: str, row: object, fichier: str, problems: list[Probleme]) -> PasScale | None:
    before = len(problems)
    cle = f"{territoire} {row.get('du', '') if isinstance(row, dict) else ''}".strip()
    fields = Fields(row, fichier, cle, problems, required=_SCALE_FIELDS, optional=("note", "doute"))
    interval = fields.interval()
    texte = fields.text("texte", required=True)
    lien, note, doute = fields.text("lien") or None, fields.text("note"), fields.text("doute")
    jo, verifie_le = fields.day("jo"), fields.day("verifie_le")
    confiance = fields.confiance()
    bornes, taux = _read_brackets(fields, cle, fichier, problems)
    if "verifie_le" in fields and fields.raw("verifie_le") is None:
        fields.refuse("« verifie_le » est vide : dites quand la grille a été vérifiée")
    if len(problems) > before or not interval or not verifie_le or not confiance:
        return None
    return PasScale(
        territoire, libelle, *interval, bornes, taux, texte, lien, jo, verifie_le, confiance, note, doute, fichier
    )


def _read_brackets(
    fields: Fields, cle: str, fichier: str, problems: list[Probleme]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Les bornes basses et les taux ; refuse un trou entre tranches, un taux qui n'augmente pas, une fin fermée."""
    rows = fields.raw("tranches")
    if not isinstance(rows, list) or not rows:
        fields.refuse("« tranches » doit être une liste non vide")
        return (), ()
    bornes: list[int] = []
    taux: list[int] = []
    haut: int | None = 0
    for rang, row in enumerate(rows, start=1):
        tranche = Fields(row, fichier, cle, problems, required=("de", "a", "taux"))
        try:
            bas = parse_amount(_quoted(tranche.raw("de")))
            prochain = None if tranche.raw("a") is None else parse_amount(_quoted(tranche.raw("a")))
            ppm = parse_rate(_quoted(tranche.raw("taux")))
        except ValueError:
            fields.refuse(f"tranche {rang} illisible : bornes et taux sont des décimaux entre guillemets ({row})")
            return (), ()
        if bas != haut:
            attendu = "rien, la tranche précédente étant sans fin" if haut is None else format_decimal(haut)
            fields.refuse(f"tranche {rang} : commence à {tranche.raw('de')}, attendu {attendu} (tranches contiguës)")
        if prochain is not None and prochain <= bas:
            fields.refuse(f"tranche {rang} : la borne haute {tranche.raw('a')} ne dépasse pas {tranche.raw('de')}")
        if taux and ppm <= taux[-1]:
            fields.refuse(f"tranche {rang} : le taux {tranche.raw('taux')} n'augmente pas")
        bornes.append(bas)
        taux.append(ppm)
        haut = prochain
    if haut is not None:
        fields.refuse("la dernière tranche doit être sans borne haute (a: null)")
    return tuple(bornes), tuple(taux)


def _quoted(value: object) -> str:
    """Le texte attendu entre guillemets ; un nombre nu (flottant possible) est refusé."""
    if not isinstance(value, str):
        raise ValueError(value)
    return value
