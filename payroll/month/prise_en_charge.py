"""Prendre en charge un adhérent d'après les DSN qu'il remet : un rapport d'abord, l'inscription ensuite.

Examiner n'inscrit aucun adhérent : les fichiers sont gardés comme pièces (chiffrées) et le journal dit qui les a
examinés. Inscrire ne prend que des fichiers que la même personne a examinés : ce qui est inscrit est ce qui a été lu.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import col, select

from payroll.anomalies import Anomalie
from payroll.month.commun import Acte, GesteRefuse, record
from payroll.month.reprendre import Reprise, enroll, keep_sheet, take_over
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Evenement

GESTE = "examiner une reprise"
FICHIERS_MAX = 12
"""Une année de mensuelles."""
_AGENT = re.compile(r"agents\.(?P<matricule>.+?)(?:\.contrats\.(?P<numero>.+?))?\.(?P<reste>(?:[a-z]+\.\d+\.)?[a-z_]+)")
"""Un matricule ou un numéro de contrat peut porter des points : le chemin se lit par ses bouts connus."""
_EXAMENS_RELUS = 50


@dataclass(frozen=True, slots=True)
class Examen:
    """Ce que des DSN ont donné, avant que rien ne soit inscrit."""

    empreintes: tuple[str, ...]
    """Les pièces examinées, dans l'ordre où elles ont été remises."""
    reprise: Reprise | None
    """``None`` : rien n'a pu être lu."""
    anomalies: tuple[Anomalie, ...]


def examine(
    registre: Registre,
    fichiers: Sequence[tuple[str, bytes]],
    acte: Acte,
    *,
    code: str = "",
    premier_mois: Month | None = None,
    valeurs: Mapping[str, str] | None = None,
) -> Examen:
    """Lit des DSN remises (nom, contenu) et dit ce qui est compris et ce qui manque.

    ``valeurs`` : ce qu'une personne a rempli, par chemin de la feuille (``agents.A1.contrats.C1.situations.0.grade``).
    Lève :class:`GesteRefuse` : aucun fichier, trop de fichiers, plusieurs établissements.
    """
    if not fichiers:
        raise GesteRefuse("Choisissez au moins une DSN mensuelle (fichier .dsn) de l'adhérent à prendre en charge.")
    if len(fichiers) > FICHIERS_MAX:
        raise GesteRefuse(f"{len(fichiers)} fichiers : {FICHIERS_MAX} au plus, une année. Gardez les plus récents.")
    prints = tuple(registre.pieces.put(content) for _, content in fichiers)
    with registre.transaction() as session:
        record(session, acte, GESTE, "", None, fichiers=list(prints), tailles=[len(content) for _, content in fichiers])
    found = _read([content for _, content in fichiers], code, premier_mois, valeurs or {})
    names = {_name(rank): nom for rank, (nom, _) in enumerate(fichiers, start=1)}
    told = tuple(replace(one, fichier=names.get(one.fichier, one.fichier)) for one in found.anomalies)
    return replace(found, empreintes=prints, anomalies=told)


def examine_again(
    registre: Registre,
    empreintes: Sequence[str],
    acte: Acte,
    *,
    code: str = "",
    premier_mois: Month | None = None,
    valeurs: Mapping[str, str] | None = None,
) -> Examen:
    """Le même examen, sur des fichiers déjà remis par cette personne ; lève :class:`GesteRefuse` sinon."""
    _require_examined(registre, empreintes, acte)
    contents = [registre.pieces.get(sha256) for sha256 in empreintes]
    return replace(_read(contents, code, premier_mois, valeurs or {}), empreintes=tuple(empreintes))


def enroll_examined(registre: Registre, examen: Examen, acte: Acte) -> bool:
    """Inscrit l'adhérent examiné ; faux s'il l'était déjà, sans rien changer.

    Lève :class:`GesteRefuse` s'il reste des blancs essentiels, si rien n'a été lu, ou si la description est fautive.
    """
    if examen.reprise is None:
        raise GesteRefuse("Aucune déclaration n'a pu être lue dans ces fichiers : rien n'est inscrit.")
    with tempfile.TemporaryDirectory(prefix="paie-reprise-") as folder:
        return enroll(registre, examen.reprise, keep_sheet(examen.reprise, Path(folder)), acte)


def complement_of(valeurs: Mapping[str, str]) -> dict[str, Any]:
    """Les valeurs remplies, par chemin, en complément de feuille ; les vides sont omises.

    Le rang d'une liste datée (« situations.0 ») disparaît : le complément vaut pour toutes ses lignes.

    >>> complement_of({"nom": "Lubescaux", "agents.A1.contrats.C1.situations.0.grade": "Adjoint"})["agents"]
    [{'matricule': 'A1', 'contrats': [{'numero': 'C1', 'situations': {'grade': 'Adjoint'}}]}]
    """
    tree: dict[str, Any] = {}
    for path, value in valeurs.items():
        if not value.strip():
            continue
        place, rest = tree, path
        found = _AGENT.fullmatch(path)
        if found:
            place, rest = _rows(tree, "agents", "matricule", found["matricule"]), found["reste"]
            if found["numero"]:
                place = _rows(place, "contrats", "numero", found["numero"])
        *folders, name = [part for part in rest.split(".") if not part.isdecimal()]
        for folder in folders:
            place = place.setdefault(folder, {})
        place[name] = _typed(value.strip())
    return tree


def _rows(tree: dict[str, Any], name: str, identifiant: str, value: str) -> dict[str, Any]:
    """La ligne de cette liste qui porte cet identifiant, ajoutée au besoin."""
    rows = tree.setdefault(name, [])
    row: dict[str, Any] | None = next((one for one in rows if one[identifiant] == value), None)
    if row is None:
        row = {identifiant: value}
        rows.append(row)
    return row


def _typed(value: str) -> Any:
    """« oui » et « non » sont des réponses ; le reste reste du texte, que la validation lira."""
    return {"oui": True, "non": False}.get(value.casefold(), value)


def _read(contents: Sequence[bytes], code: str, first: Month | None, valeurs: Mapping[str, str]) -> Examen:
    with tempfile.TemporaryDirectory(prefix="paie-reprise-") as name:
        folder = Path(name)
        paths = []
        for rank, content in enumerate(contents, start=1):
            path = folder / _name(rank)
            path.touch(mode=0o600)
            path.write_bytes(content)
            paths.append(path)
        complement = None
        filled = complement_of(valeurs)
        if filled:
            complement = folder / "complement.yaml"
            complement.write_text(yaml.safe_dump(filled, allow_unicode=True), encoding="utf-8")
        reprises, anomalies = take_over(paths, premier_mois=first, complement=complement, code=code)
    if len(reprises) > 1:
        sirets = ", ".join(one.siret for one in reprises)
        raise GesteRefuse(
            f"Ces fichiers portent plusieurs établissements ({sirets}) : prenez-les en charge un à un.",
            tuple(anomalies),
        )
    return Examen((), reprises[0] if reprises else None, tuple(anomalies))


def _require_examined(registre: Registre, empreintes: Sequence[str], acte: Acte) -> None:
    with registre.transaction() as session:
        details = session.exec(
            select(Evenement.detail)
            .where(Evenement.geste == GESTE, Evenement.par == acte.par)
            .order_by(col(Evenement.id).desc())
            .limit(_EXAMENS_RELUS)
        ).all()
    if list(empreintes) not in [detail.get("fichiers") for detail in details]:
        raise GesteRefuse(
            "Ces fichiers ne sont pas ceux que vous avez examinés : remettez-les, puis relisez le rapport."
        )


def _name(rank: int) -> str:
    return f"dsn-{rank}.dsn"
