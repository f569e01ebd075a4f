"""Des classeurs abîmés comme les gens les abîment : lus juste, ou refusés à la case exacte avec ce qu'il faut faire."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from payroll.anomalies import Gravite, blocking
from payroll.intake.lecture import Lecture
from payroll.intake.receipt import text as receipt_text
from tests.intake import gestes_classeur
from tests.intake.fabrique import CANARIS, ROSTER, classeur, lire, octets, ods
from tests.intake.test_accuse import RECU

TABLE = yaml.safe_load((Path(__file__).parent / "classeurs_abimes.yaml").read_text(encoding="utf-8"))
CAS: list[dict[str, Any]] = TABLE["cas"]
_TOUT = sorted(TABLE["bon"]["lus"])

pytestmark = pytest.mark.documents


@pytest.fixture(scope="module")
def atelier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Où LibreOffice travaille : un seul profil pour tout le module."""
    return tmp_path_factory.mktemp("libreoffice")


def _params() -> list[Any]:
    found = []
    for cas in CAS:
        needs = any("libreoffice" in geste for geste in cas.get("gestes", ()))
        found.append(pytest.param(cas, id=cas["nom"], marks=[pytest.mark.systeme("soffice")] if needs else []))
    return found


def _abime(cas: dict[str, Any], atelier: Path) -> bytes:
    if "texte" in cas:
        return str(cas["texte"]).replace("\n", "\r\n").encode("windows-1252")
    good = {
        (sheet, case): value for sheet, cells in TABLE["bon"].items() if sheet != "lus" for case, value in cells.items()
    }
    book = classeur(good, saisi=False)
    content = None
    for geste in cas["gestes"]:
        ((name, told),) = geste.items()
        if name in gestes_classeur.SUR_LE_CLASSEUR:
            gestes_classeur.SUR_LE_CLASSEUR[name](book, **told)
        elif name == "enregistrer":
            content = ods(book)
        elif name == "libreoffice":
            content = gestes_classeur.libreoffice(octets(book), told, atelier)
        elif name == "couper":
            content = octets(book)[:told]
        else:
            content = gestes_classeur.enveloppe_chiffree()
    return octets(book) if content is None else content


def _lus(lecture: Lecture) -> list[str]:
    return sorted(
        [
            *(f"{e.matricule} {e.code} {e.valeur}" for e in lecture.elements),
            *(f"{a.matricule} {a.type} {a.debut} {a.fin}" for a in lecture.absences),
        ]
    )


@pytest.mark.parametrize("cas", _params())
def test_un_classeur_abime_se_lit_juste_ou_se_refuse_a_la_case_exacte(cas: dict[str, Any], atelier: Path) -> None:
    content = _abime(cas, atelier)
    lecture = lire(content, "classeur.xlsx")
    warned = [a.code for a in lecture.anomalies if a.gravite is Gravite.AVERTISSEMENT]
    assert warned == cas.get("previent", [])
    if "lus" in cas:
        assert blocking(lecture.anomalies) == []
        assert _lus(lecture) == (_TOUT if cas["lus"] == "tout" else sorted(cas["lus"]))
        return
    found = [(a.code, a.feuille, a.cellule) for a in blocking(lecture.anomalies)]
    assert found == [(row["code"], row["feuille"], row["cellule"]) for row in cas["refus"]]
    shown = receipt_text(lecture, roster=ROSTER, fichier="classeur.xlsx", recu_le=RECU, sha256="0" * 64)
    for anomalie, row in zip(blocking(lecture.anomalies), cas["refus"], strict=True):
        assert anomalie.fichier == "classeur.xlsx"
        assert anomalie.remede
        # Ce que dit la table se lit dans l'accusé, que la secrétaire a sous les yeux.
        assert row["dit"] in shown
        assert not any(name in str(anomalie) for name in CANARIS)


def test_le_classeur_bien_rempli_se_lit_sans_un_mot(atelier: Path) -> None:
    lecture = lire(_abime({"gestes": []}, atelier))
    assert lecture.anomalies == ()
    assert _lus(lecture) == _TOUT


def test_la_table_est_large_et_chaque_cas_dit_ce_que_la_personne_a_fait() -> None:
    names = [cas["nom"] for cas in CAS]
    assert len(names) == len(set(names)) >= 24
    assert all(cas["fait"].endswith(".") and ("lus" in cas) != ("refus" in cas) for cas in CAS)


def test_les_jours_de_la_table_sont_des_dates() -> None:
    """Une date YAML non citée devient une vraie date de tableur : c'est le cas ordinaire que les autres abîment."""
    assert TABLE["bon"]["Absences"]["C5"] == date(2026, 11, 3)
