"""L'empreinte d'une paie ne change pas avec la façon de l'écrire : une paie calculée hier s'approuve aujourd'hui."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import pytest

from payroll.anomalies import Anomalie
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.engine.situation import Cumuls
from payroll.month.instantane import content_hash
from payroll.periods import Month

LIGNE = Ligne("ifse", "IFSE", Section.BRUT, 40, base=10_000, montant_salarie=10_000)
RAPPEL = replace(LIGNE, periode=Month(2026, 3), nombre_centiemes=150, montant_employeur=7, taux_employeur_ppm=9_000)
SIMPLE = Bulletin(
    "A001",
    Month(2026, 11),
    (LIGNE,),
    10_000,
    0,
    0,
    10_000,
    10_000,
    10_000,
    10_000,
    0,
    True,
    0,
    10_000,
    10_000,
    Cumuls(),
)
AUTRE = replace(
    SIMPLE,
    lignes=(LIGNE, RAPPEL),
    cumuls=Cumuls(brut=120_000),
    colonnes={"plafond": 400_500, "assiette": 10_000},
    avertissements=(Anomalie("net-negatif", "le net à payer est négatif", matricule="A001"),),
)


@pytest.mark.parametrize("bulletin", [SIMPLE, AUTRE, None])
@pytest.mark.parametrize("anomalies", [(), (Anomalie("contrat-coupe", "mois coupé"),)])
def test_l_empreinte_est_celle_du_bulletin_entier_en_json(
    bulletin: Bulletin | None, anomalies: tuple[Anomalie, ...]
) -> None:
    plain = None if bulletin is None else {**asdict(bulletin), "mois": "2026-11"}
    payload = {
        "bulletins": [{"contrat": "A00101", "entrees": {"situation": {}}, "bulletin": plain}],
        "anomalies": [asdict(anomalie) for anomalie in anomalies],
    }
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    found = content_hash([("A00101", {"situation": {}}, bulletin)], anomalies)

    assert found == hashlib.sha256(text.encode()).hexdigest()
