"""Le nombre de requêtes d'un mois ne suit pas le nombre d'agents : un geste lit et écrit par table, non par agent.

La même commune est jouée avec douze agents (toutes les populations) puis avec trente-six ; à chaque geste, on compte
les ordres SQL tels que le pilote les reçoit. Un ordre qui revient agent après agent ferait grandir le compte.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from payroll.month.clore import close_month
from payroll.month.etat import month_board
from payroll.month.reviser import review_month
from payroll.store.registre import Registre
from tests.month.commune import commune
from tests.month.gestes import MOIS, Donnees, Lieu, absence, acte, element, fichier, inscrire

AGENTS = 12
"""Ceux que ``commune`` donne."""
PLAFOND = 60
"""Ordres au plus pour un geste, quel que soit l'adhérent : ce qu'un mois coûte au registre."""

_LISTE = re.compile(r"\((\?|%s)(, (\?|%s))*\)(, \((\?|%s)(, (\?|%s))*\))*")

Compte = Counter[str]


@contextmanager
def _counted(registre: Registre) -> Iterator[Compte]:
    """Les ordres SQL envoyés à la base, par texte."""
    found: Compte = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        # Une liste de valeurs est un seul ordre, quelle que soit sa longueur.
        found[_LISTE.sub("(…)", " ".join(statement.split()))] += 1

    event.listen(registre.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(registre.engine, "before_cursor_execute", note)


def town(copies: int) -> Donnees:
    data = commune()
    data["agents"] = [agent for rang in range(1, copies + 1) for agent in commune(rang)["agents"]]
    return data


def _elements(data: Donnees) -> bytes:
    """Une prime et un arrêt pour chaque titulaire à temps complet, des heures pour chaque vacataire."""
    lignes = []
    for agent in data["agents"]:
        matricule = agent["matricule"]
        if matricule.startswith("SC"):
            lignes += [element(matricule, "cia", "100,00"), absence(matricule, "cmo", "2026-11-03", "2026-11-06")]
        if matricule.startswith("VA"):
            lignes.append(element(matricule, "vacations", "3,00"))
    return fichier(data["code"], *lignes)


GESTES: dict[str, Callable[[Lieu, Donnees], object]] = {
    "ouvrir": lambda lieu, _: lieu.ouvrir(),
    "recevoir": lambda lieu, data: lieu.deposer(_elements(data)),
    "calculer": lambda lieu, _: lieu.calculer(sans_fichier=False),
    "recalculer": lambda lieu, _: lieu.calculer(sans_fichier=False, minutes=11),
    "reviser": lambda lieu, _: review_month(lieu.registre, lieu.code, MOIS),
    "etat": lambda lieu, _: month_board(lieu.registre, MOIS),
    "valider": lambda lieu, _: lieu.valider(commentaire="vu"),
    "declarer": lambda lieu, _: lieu.declarer(),
    "produire": lambda lieu, _: lieu.produire(),
    "restituer": lambda lieu, _: lieu.deposer_documents(),
    "clore": lambda lieu, _: close_month(lieu.registre, lieu.code, MOIS, acte(60)),
    "ouvrir le mois suivant": lambda lieu, _: lieu.ouvrir(MOIS.next, minutes=70),
    "calculer le mois suivant": lambda lieu, _: lieu.calculer(MOIS.next, minutes=80),
    "reviser le mois suivant": lambda lieu, _: review_month(lieu.registre, lieu.code, MOIS.next),
}


def _month(folder: Path, copies: int) -> dict[str, Compte]:
    """Les ordres de chaque geste d'un mois, pour tant de fois douze agents."""
    folder.mkdir()
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    data = town(copies)
    lieu = inscrire(registre, folder, data)
    found = {}
    for geste, jouer in GESTES.items():
        with _counted(registre) as found[geste]:
            jouer(lieu, data)
    assert len(lieu.bulletins()) >= AGENTS * copies
    registre.close()
    return found


@pytest.fixture(scope="module")
def petite_et_grande(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Compte], dict[str, Compte]]:
    folder = tmp_path_factory.mktemp("requetes")
    return _month(folder / "petite", 1), _month(folder / "grande", 3)


@pytest.mark.parametrize("geste", GESTES)
def test_le_nombre_de_requetes_ne_suit_pas_le_nombre_d_agents(
    petite_et_grande: tuple[dict[str, Compte], dict[str, Compte]], geste: str
) -> None:
    petite, grande = petite_et_grande[0][geste], petite_et_grande[1][geste]

    assert not grande - petite, f"{grande.total()} ordres au lieu de {petite.total()}"


@pytest.mark.parametrize("geste", GESTES)
def test_un_geste_coute_un_nombre_borne_de_requetes(
    petite_et_grande: tuple[dict[str, Compte], dict[str, Compte]], geste: str
) -> None:
    assert 0 < petite_et_grande[1][geste].total() <= PLAFOND
