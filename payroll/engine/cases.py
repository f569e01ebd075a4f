"""Les cas de paie : lire un YAML de situations, calculer, comparer au centime (format : docs/cas.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from payroll.anomalies import blocking
from payroll.catalogue import Catalogue
from payroll.catalogue import load as load_catalogue
from payroll.engine.bulletin import Bulletin
from payroll.engine.calcul import compute
from payroll.engine.cases_reading import TOTALS, Case, CaseError, ExpectedLine, read_case
from payroll.legislation import Legislation, Probleme
from payroll.legislation.reading import read_yaml
from payroll.money import format_decimal
from payroll.periods import Month


@dataclass(frozen=True, slots=True)
class Ecart:
    """Une différence entre l'attendu et l'obtenu."""

    champ: str
    attendu: str
    obtenu: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """Le sort d'un cas : rien à redire, des écarts, ou une erreur qui empêche de le jouer."""

    nom: str
    fichier: str
    ecarts: list[Ecart] = field(default_factory=list)
    erreur: str = ""

    @property
    def ok(self) -> bool:
        return not self.ecarts and not self.erreur


def run(
    paths: Iterable[Path | str], legislation: Legislation | None = None, catalogue: Catalogue | None = None
) -> list[CaseResult]:
    """Joue tous les cas des fichiers, dans l'ordre ; un fichier ou un cas fautif donne un résultat en erreur."""
    rubriques = catalogue or load_catalogue()
    return [result for path in paths for result in _run_file(Path(path), legislation, rubriques)]


def _run_file(path: Path, legislation: Legislation | None, catalogue: Catalogue) -> Iterator[CaseResult]:
    problems: list[Probleme] = []
    try:
        rows = read_yaml(path, problems)
    except OSError as error:
        yield CaseResult("", str(path), erreur=f"fichier illisible : {error.strerror or error}")
        return
    except (yaml.YAMLError, RecursionError):
        yield CaseResult("", str(path), erreur="YAML illisible : caractère interdit ou imbrication sans fin")
        return
    if problems:
        yield CaseResult("", str(path), erreur=" ; ".join(problem.message for problem in problems))
        return
    if not isinstance(rows, list) or not rows:
        yield CaseResult("", str(path), erreur="une liste de cas est attendue (chaque cas commence par « - nom: »)")
        return
    for rang, row in enumerate(rows, start=1):
        nom = str(row["nom"]) if isinstance(row, dict) and row.get("nom") else f"cas n° {rang}"
        try:
            yield _play(read_case(row, catalogue), nom, str(path), legislation, catalogue)
        except CaseError as error:
            yield CaseResult(nom, str(path), erreur=str(error))


def _play(case: Case, nom: str, fichier: str, legislation: Legislation | None, catalogue: Catalogue) -> CaseResult:
    calcul = compute(case.mois, [case.employeur], [case.situation], legislation, catalogue)
    bulletin = calcul.bulletins[0]
    refus = blocking(calcul.anomalies)
    if case.refus:
        codes = ", ".join(anomalie.code for anomalie in refus) or "bulletin calculé"
        trouve = any(anomalie.code == case.refus for anomalie in refus)
        return CaseResult(nom, fichier, [] if trouve else [Ecart("refus", case.refus, codes)])
    if bulletin is None:
        return CaseResult(nom, fichier, erreur="refusé : " + " ".join(str(anomalie) for anomalie in refus))
    return CaseResult(nom, fichier, list(_compare(case, bulletin)))


def _compare(case: Case, bulletin: Bulletin) -> Iterator[Ecart]:
    for name, attendu in case.totaux.items():
        yield from _gap(name, attendu, getattr(bulletin, TOTALS[name]))
    for name, attendu in case.cumuls_attendus.items():
        yield from _gap(f"cumuls.{name}", attendu, getattr(bulletin.cumuls, name))
    codes = {anomalie.code for anomalie in bulletin.avertissements}
    for code in case.avertissements:
        if code not in codes:
            yield Ecart("avertissements", code, ", ".join(sorted(codes)) or "aucun")
    for code, ligne in case.lignes.items():
        yield from _compare_line(code, ligne, bulletin)
    for mois, lignes in case.rappels.items():
        for code, ligne in lignes.items():
            yield from _compare_line(code, ligne, bulletin, mois)
    if case.rappels:
        # Un rappel d'un mois que le cas n'attend pas est une faute, même si les lignes attendues y sont.
        for mois in sorted({ligne.periode for ligne in bulletin.lignes if ligne.periode} - set(case.rappels)):
            yield Ecart(f"rappels.{mois}", "aucun", "des lignes")


def _compare_line(code: str, attendu: ExpectedLine, bulletin: Bulletin, mois: Month | None = None) -> Iterator[Ecart]:
    """Un code peut porter plusieurs lignes (tranches d'heures) : leurs montants s'additionnent.

    ``mois`` : les lignes de rappel de ce mois du droit ; ``None`` : celles du mois payé.
    """
    if code == "pas":
        obtenu = {"base": bulletin.pas_base, "salarie": bulletin.pas, "employeur": 0}
    else:
        lignes = [ligne for ligne in bulletin.lignes if ligne.code == code and ligne.periode == mois]
        obtenu = {
            "base": sum(ligne.base or 0 for ligne in lignes),
            "salarie": sum(ligne.montant_salarie for ligne in lignes),
            "employeur": sum(ligne.montant_employeur for ligne in lignes),
        }
    for name, montant in attendu.items():
        yield from _gap(f"{f'rappels.{mois}.' if mois else ''}{code}.{name}", montant, obtenu[name])


def _gap(champ: str, attendu: int, obtenu: int) -> Iterator[Ecart]:
    if attendu != obtenu:
        yield Ecart(champ, format_decimal(attendu), format_decimal(obtenu))
