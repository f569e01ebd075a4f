"""Le mois d'un adhérent à la commande : chaque ``paie`` dans son propre processus, démarrage compris.

Une installation neuve (SQLite), un vrai sshd, une commune de vingt agents ; ne compte pas ce que tape la mairie.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml

from bench.departement import AGENTS, Departement, filled
from bench.matiere import ACTE, MOIS
from bench.openssh import SSHD, sshd
from bench.tableau import Mesure, french, once
from payroll.month.ouvrir import template_name
from sftp_drop import layout

CODE = "commune-0000"
_RACINE = Path(__file__).resolve().parents[1]


def measure(*, quick: bool) -> Iterator[Mesure]:
    """Dix commandes, de l'inscription au dossier rendu ; ``quick`` n'y change rien."""
    del quick
    name = f"le mois d'un adhérent de {AGENTS} agents, à la commande"
    if SSHD is None:
        yield Mesure(name, 20, None, "s", "il manque openssh-server")
        return
    with tempfile.TemporaryDirectory(prefix="paie-commande-") as folder:
        steps = list(_played(Path(folder)))
    told = ", ".join(f"{step} {french(seconds)}" for step, seconds in steps)
    yield Mesure(
        name,
        20,
        sum(seconds for _, seconds in steps),
        "s",
        f"{len(steps)} commandes : {told}",
        pourquoi="démarrer chacune prend une seconde et demie à deux secondes (SQLAlchemy, pydantic, la loi)",
    )


def _played(folder: Path) -> Iterator[tuple[str, float]]:
    """Chaque commande et sa durée, en secondes de montre."""
    description = folder / f"{CODE}.yaml"
    description.write_text(yaml.dump(Departement().describe(CODE), allow_unicode=True), "utf-8")
    with sshd(folder) as depot:
        jail = layout.ensure_jail(depot.racine, CODE)
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("PAIE_", "PREFECT_"))},
            **depot.environment,
            "PAIE_REPERTOIRE": str(folder / "registre"),
            "PAIE_BASE": "",
            "PAIE_HORLOGE_FIGEE": ACTE.moment.isoformat(),
            "PAIE_PAUSE_ENTRE_REGARDS": "1",
        }

        def paie(geste: str, *arguments: str) -> tuple[str, float]:
            command = [sys.executable, "-c", "from desk.command import app; app()", geste, *arguments]
            return geste, once(lambda: _run(command, environment))

        mois = ("--mois", str(MOIS))
        yield paie("inscrire", str(description))
        yield paie("ouvrir", *mois)
        yield paie("relever", *mois)  # dépose le classeur vierge
        template = (jail / "retour" / str(MOIS) / template_name(CODE, MOIS)).read_bytes()
        (jail / "depot" / "novembre.xlsx").write_bytes(filled(template))
        # Deux regards : un fichier qui grandit encore n'est pas pris.
        yield paie("relever", *mois)
        yield paie("relever", *mois)
        yield paie("calculer", *mois)
        yield paie("reviser", *mois)
        yield paie("valider", *mois, "--adherent", CODE, "--commentaire", "mesure")
        yield paie("declarer", *mois)
        yield paie("restituer", *mois)
        given = {path.name for path in (jail / "retour" / str(MOIS)).iterdir()}
        if not {"journal.xlsx", "bulletins.pdf"} <= given:
            raise RuntimeError(f"le dossier rendu est incomplet : {', '.join(sorted(given))}")


def _run(command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=_RACINE, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[3]} : {done.stdout}{done.stderr}")
