"""Un lot fixe donne les mêmes octets d'une version du moteur à l'autre : lignes, totaux, colonnes, constats.

``octets.yaml`` porte l'empreinte de chaque population, prise **avant** la mise en colonnes du moteur : une optimisation
n'y change rien. Un chiffre, une rubrique ou une règle qui change la change : on la reprend alors, en le disant, avec
``python -m tests.engine.test_octets``.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from bench.population import draw
from payroll.engine import compute
from payroll.engine.bulletin import Bulletin
from payroll.engine.situation import Statut
from payroll.periods import Month

FICHIER = Path(__file__).with_name("octets.yaml")
MOIS = Month(2026, 11)
TAILLE = 600


def _content(bulletin: Bulletin | None) -> dict[str, object] | None:
    if bulletin is None:
        return None
    # Une colonne nulle de plus (une rubrique nouvelle) ne change rien à ce qui est payé.
    colonnes = {name: value for name, value in bulletin.colonnes.items() if value}
    return asdict(replace(bulletin, colonnes=colonnes))


def footprints() -> dict[str, str]:
    """Statut → empreinte des bulletins de ce statut, dans l'ordre du lot, et « constats » pour les anomalies."""
    employeurs, situations = draw(TAILLE)
    calcul = compute(MOIS, employeurs, situations)
    pairs = list(zip(situations, calcul.bulletins, strict=True))
    contents: dict[str, object] = {
        str(statut): [_content(bulletin) for situation, bulletin in pairs if situation.statut is statut]
        for statut in Statut
    }
    contents["constats"] = [asdict(anomalie) for anomalie in calcul.anomalies]
    return {name: _sha(content) for name, content in contents.items()}


def _sha(content: object) -> str:
    return hashlib.sha256(json.dumps(content, default=str, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def test_le_lot_fixe_donne_les_memes_octets() -> None:
    assert footprints() == yaml.safe_load(FICHIER.read_text(encoding="utf-8"))


if __name__ == "__main__":
    FICHIER.write_text(
        "# Empreintes du lot fixe de test_octets.py, par statut.\n" + yaml.safe_dump(footprints()), encoding="utf-8"
    )
