"""Un département inventé, toujours le même : des communes de vingt agents, et ce que chaque secrétariat dépose.

Les agents sont ceux des adhérents fictifs, pris à tour de rôle, chacun avec son matricule, son contrat et son NIR.
"""

from __future__ import annotations

import copy
from datetime import date, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from stdnum import luhn

from bench.matiere import ACTE, MOIS
from desk.demo.secretaire import fill_workbook
from payroll.month.adherents import import_adherent
from payroll.month.dus import mark_deposited, pending_documents
from payroll.month.ouvrir import open_month, template_name
from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from payroll.xlsx import deterministic_bytes
from sftp_drop import layout

AGENTS = 20
_EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "adherents"
_COMMUNE = "hontarede"
"""La commune dont l'employeur (taux, effectif, adresse) sert de modèle à toutes."""


def codes_of(number: int) -> list[str]:
    """Les codes des communes, dans l'ordre."""
    return [f"commune-{rank:04d}" for rank in range(number)]


class Departement:
    """Les descriptions des communes ; le même nombre donne les mêmes octets."""

    def __init__(self, taille: int = AGENTS) -> None:
        """``taille`` : les agents de chaque commune."""
        self.taille = taille
        found = {path.stem: yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader) for path in _EXAMPLES.glob("*.yaml")}
        self.commune: dict[str, Any] = found[_COMMUNE]
        self.agents: list[dict[str, Any]] = [agent for code in sorted(found) for agent in found[code]["agents"]]
        # Les conditions d'un élu tiennent à sa commune : ceux d'ailleurs n'y auraient pas droit.
        self.agents = [agent for agent in self.agents if all(c["statut"] != "elu" for c in agent["contrats"])]

    def describe(self, code: str) -> dict[str, Any]:
        """La description d'une commune, telle qu'elle s'inscrit."""
        rank = int(code.rsplit("-", 1)[1])
        siren = luhn_key(f"99{rank:06d}")
        town = copy.deepcopy(self.commune)
        town |= {"code": code, "nom": f"Commune d'essai {rank}", "siret": luhn_key(f"{siren}0001")}
        town["agents"] = [self._agent(rank, place) for place in range(self.taille)]
        return town

    def _agent(self, rank: int, place: int) -> dict[str, Any]:
        turn, which = divmod(rank * self.taille + place, len(self.agents))
        agent = copy.deepcopy(self.agents[which])
        agent["matricule"] = f"A{place + 1:03d}"
        agent["nir"] = nir_key(f"{agent['nir'][:5]}40{990 + turn // 999}{turn % 999 + 1:03d}")
        for number, contrat in zip(count(1), agent["contrats"], strict=False):
            contrat["numero"] = f"A{place + 1:03d}{number:02d}"
        return agent


def luhn_key(digits: str) -> str:
    """Le numéro et sa clé de Luhn."""
    return digits + str(luhn.calc_check_digit(digits))


def nir_key(body: str) -> str:
    """Le NIR de ces treize chiffres, avec sa clé."""
    return f"{body}{97 - int(body) % 97:02d}"


_departement = cache(Departement)


def settle(registre: Registre, code: str, *, folder: Path, prisons: Path, agents: int = AGENTS) -> None:
    """Inscrit une commune, ouvre son mois, et pose dans son dépôt le classeur que la mairie a rempli."""
    path = folder / f"{code}.yaml"
    path.write_text(
        yaml.dump(_departement(agents).describe(code), Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8"
    )
    found = import_adherent(registre, path, ACTE)
    if not isinstance(found, Adherent):
        raise RuntimeError(f"commune d'essai refusée : {found[0].message}")
    open_month(registre, code, MOIS, ACTE)
    due = pending_documents(registre, code)
    mark_deposited(registre, code, due, ACTE)
    jail = layout.ensure_jail(prisons, code)
    contents = {document.chemin: registre.pieces.get(document.sha256) for document in due}
    (jail / "retour" / str(MOIS)).mkdir()
    for name, content in contents.items():
        (jail / "retour" / str(MOIS) / name).write_bytes(content)
    (jail / "depot" / "novembre.xlsx").write_bytes(filled(contents[template_name(code, MOIS)]))


def filled(template: bytes) -> bytes:
    """Le classeur du mois tel que la mairie le dépose."""
    workbook = fill_workbook(
        template,
        {
            "bordereau": {"preparateur": "Le secrétariat", "prepare_le": "18/11/2026"},
            "elements": [{"agent": f"A{place:03d}", "cia": f"{100 + place},00"} for place in (1, 2, 5)],
        },
    )
    return deterministic_bytes(workbook, datetime.combine(date(MOIS.year, MOIS.month, 18), datetime.min.time()))
