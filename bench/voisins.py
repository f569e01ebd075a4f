"""Les calculateurs d'autrui, dans la même mesure : OpenFisca-France en lot, publicodes bulletin par bulletin.

OpenFisca calcule vingt et une variables (cotisations, CSG, totaux) d'agents dont le brut lui est donné ; notre temps,
lui, va des situations à toutes les lignes. publicodes ne connaît que le droit privé : on lui donne des apprentis et des
contrats au régime général, et l'on compare à notre lot des mêmes populations, par bulletin.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.matiere import MOIS
from bench.population import draw
from bench.tableau import Mesure, best, once_of_processor
from payroll import catalogue, engine, legislation
from payroll.engine.calcul import columns_of
from payroll.engine.lignes import Bulletins
from payroll.engine.situation import Employeur, Situation, Statut
from payroll.engine.tri import sort_out
from tests.peer.agents import VARIABLES, Agent

_RACINE = Path(__file__).resolve().parents[1]
_OPENFISCA = _RACINE / ".venv" / "pair" / "bin" / "python"
_PUBLICODES = _RACINE / ".venv" / "bench-node"
_REGLES = (
    "salarié . rémunération . net . à payer avant impôt",
    "salarié . cotisations . salarié",
    "salarié . cotisations . employeur",
    "salarié . coût total employeur",
)
_COMPARES = (Statut.TITULAIRE, Statut.CONTRACTUEL)
_PRIVE = (Statut.APPRENTI, Statut.PEC, Statut.CONTRACTUEL)


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Notre temps rapporté à celui d'OpenFisca, et celui de publicodes rapporté au nôtre."""
    yield from _openfisca(2_000 if quick else 12_000)
    yield _publicodes(5 if quick else 30, 2_000 if quick else 12_000)


def _openfisca(count: int) -> Iterator[Mesure]:
    """Deux fois : des agents aux cotisations, puis des seules colonnes d'entrée aux cotisations."""
    names = [f"{count} bulletins, {depuis} : nous ÷ OpenFisca-France" for depuis in ("des agents", "des colonnes")]
    if not _OPENFISCA.exists():
        yield from (Mesure(name, 1, None, "fois", "OpenFisca n'est pas posé : « make pair »") for name in names)
        return
    employeurs, situations = _some(count, lambda s: s.statut in _COMPARES and s.indice_majore)
    bulletins = engine.compute(MOIS, employeurs, situations).bulletins
    asked = [
        Agent(MOIS, employeur, situation, bulletin, 0).asked()
        for employeur, situation, bulletin in zip(employeurs, situations, bulletins, strict=True)
        if bulletin is not None
    ]
    found = _ask([str(_OPENFISCA), "-m", "bench.openfisca_lot"], _RACINE, _request(asked))
    whole = min(once_of_processor(lambda: engine.compute(MOIS, employeurs, situations)) for _ in range(3))
    columns = min(_of_columns(employeurs, situations) for _ in range(3))
    for name, ours, theirs in zip(names, (whole, columns), (found["des_agents"], found["des_colonnes"]), strict=True):
        note = f"nous {ours * 1000:.0f} ms, toutes les lignes ; OpenFisca {found['version']} {theirs * 1000:.0f} ms, "
        yield Mesure(name, 1, ours / theirs, "fois", f"{note}{len(VARIABLES)} variables, brut donné")


def _of_columns(employeurs: list[Employeur], situations: list[Situation]) -> float:
    """Secondes de processeur des colonnes d'entrée à toutes les lignes : ce qu'OpenFisca appelle un calcul."""
    rubriques, figures = catalogue.load(), legislation.load().at(MOIS)
    tri = sort_out(MOIS, employeurs, situations, figures, rubriques)
    return once_of_processor(
        lambda: Bulletins(
            MOIS,
            columns_of(MOIS, tri.acceptes, figures, rubriques, None, tri.entrees),
            tri.acceptes,
            rubriques,
            [()] * len(tri.acceptes),
        )
    )


def _request(asked: list[dict[str, Any]]) -> dict[str, Any]:
    """Les agents un à un, et les mêmes en colonnes : ce qu'un agent ne donne pas vaut ce qu'OpenFisca lui suppose."""
    defauts = {"contrat_de_travail": "temps_plein", "heures_remunerees_volume": 151.67}
    donnees = [one["donnees"] for one in asked]
    names = sorted({name for one in donnees for name in one})
    colonnes = {name: [one.get(name, defauts.get(name, 0)) for one in donnees] for name in names}
    return {"mois": str(MOIS), "agents": asked, "colonnes": colonnes, "variables": VARIABLES}


def _publicodes(count: int, batch: int) -> Mesure:
    name = f"un bulletin de droit privé : publicodes ÷ nous (lot de {batch})"
    node = shutil.which("node")
    if node is None:
        return Mesure(name, 1_000, None, "fois", "node n'est pas sur cette machine", plus=True)
    if not (_PUBLICODES / ".installe").exists():
        return Mesure(name, 1_000, None, "fois", "publicodes n'est pas posé : « make pair-node »", plus=True)
    employeurs, situations = _some(batch, lambda s: s.statut in _PRIVE)
    calcul = engine.compute(MOIS, employeurs[:count], situations[:count])
    ours = best(lambda: engine.compute(MOIS, employeurs, situations), 3) / batch
    asked = [
        {
            "salarié . contrat": "'apprentissage'" if situation.statut is Statut.APPRENTI else "'CDD'",
            "salarié . contrat . salaire brut": f"{bulletin.brut // 100} €/mois",
        }
        for situation, bulletin in zip(situations[:count], calcul.bulletins, strict=True)
        if bulletin is not None and bulletin.brut >= 100
    ]
    found = _ask([node, "mesure.mjs"], _PUBLICODES, {"situations": asked, "regles": _REGLES})
    theirs = median(found["secondes"])
    note = f"{found['version']} : {theirs * 1000:.0f} ms, médiane de {len(asked)} ; nous {ours * 1e6:.0f} µs"
    return Mesure(name, 1_000, theirs / ours, "fois", note, plus=True)


def _some(count: int, wanted: Any) -> tuple[list[Employeur], list[Situation]]:
    """``count`` agents du lot mêlé que ``wanted`` retient."""
    employeurs, situations = draw(count * 5)
    pairs = [pair for pair in zip(employeurs, situations, strict=True) if wanted(pair[1])][:count]
    return [employeur for employeur, _ in pairs], [situation for _, situation in pairs]


def _ask(command: list[str], folder: Path, demande: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        command, cwd=folder, input=json.dumps(demande), capture_output=True, text=True, check=True, timeout=600
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found
