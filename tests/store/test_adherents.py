"""Du fichier YAML aux tables : rien n'est perdu, rien n'est réécrit, un fichier fautif n'inscrit rien."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest
import yaml
from sqlmodel import select

from payroll.anomalies import Anomalie
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, Contrat, ElementPermanent, Evenement, SituationContrat, TauxPas

EXEMPLES = sorted((Path(__file__).parents[2] / "examples" / "adherents").glob("*.yaml"))
ACTE = Acte("essai", datetime(2026, 11, 1, 9, tzinfo=UTC))


@pytest.fixture
def registre(tmp_path: Path) -> Registre:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    return registre


@pytest.mark.parametrize("path", EXEMPLES, ids=lambda path: path.stem)
def test_tout_ce_que_le_fichier_dit_est_dans_les_tables(registre: Registre, path: Path) -> None:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(import_adherent(registre, path, ACTE), Adherent)
    contrats = [contrat for agent in data["agents"] for contrat in agent["contrats"]]

    with registre.transaction() as session:
        assert len(session.exec(select(Agent)).all()) == len(data["agents"])
        assert {row.numero for row in session.exec(select(Contrat))} == {row["numero"] for row in contrats}
        assert len(session.exec(select(SituationContrat)).all()) == sum(len(row["situations"]) for row in contrats)
        assert len(session.exec(select(ElementPermanent)).all()) == sum(
            len(row.get("permanents", [])) for row in contrats
        )
        assert len(session.exec(select(TauxPas)).all()) == sum(len(row.get("taux_pas", [])) for row in data["agents"])


def test_une_quotite_garde_sa_fraction(registre: Registre, tmp_path: Path) -> None:
    """Un tiers de temps ne devient pas 0,33."""
    data = yaml.safe_load(EXEMPLES[0].read_text(encoding="utf-8"))
    data["agents"] = data["agents"][:1]
    situation = data["agents"][0]["contrats"][0]["situations"][0]
    situation |= {"quotite": "2/3", "heures_hebdo": "17.5"}
    path = tmp_path / "tiers.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    import_adherent(registre, path, ACTE)

    with registre.transaction() as session:
        row = session.exec(select(SituationContrat)).one()
    assert Fraction(row.quotite_num, row.quotite_den) == Fraction(2, 3)
    assert row.heures_hebdo_centiemes == 1750


def test_inscrire_deux_fois_ne_reecrit_rien(registre: Registre, tmp_path: Path) -> None:
    """Ce que le registre sait d'un adhérent ne se change pas par un fichier."""
    data = yaml.safe_load(EXEMPLES[0].read_text(encoding="utf-8"))
    import_adherent(registre, EXEMPLES[0], ACTE)
    path = tmp_path / "autre.yaml"
    path.write_text(yaml.safe_dump(data | {"nom": "Un autre nom", "agents": []}, allow_unicode=True), encoding="utf-8")
    again = import_adherent(registre, path, ACTE)

    assert isinstance(again, Adherent)
    assert again.nom == data["nom"]
    with registre.transaction() as session:
        assert len(session.exec(select(Evenement)).all()) == 1


@pytest.mark.parametrize(
    "content, code",
    [
        (b"code: [", "yaml-illisible"),
        ("nom: Été".encode("latin-1"), "yaml-illisible"),
        (b"- une\n- liste\n", "adherent-invalide"),
        (b"", "adherent-invalide"),
        (b"code: x", "adherent-invalide"),
        (None, "fichier-introuvable"),
    ],
)
def test_un_fichier_fautif_n_inscrit_rien(registre: Registre, tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "fautif.yaml"
    if content is not None:
        path.write_bytes(content)
    result = import_adherent(registre, path, ACTE)

    assert isinstance(result, list)
    assert {anomalie.code for anomalie in result} == {code}
    assert all(isinstance(anomalie, Anomalie) and anomalie.remede for anomalie in result)
    with registre.transaction() as session:
        assert session.exec(select(Adherent)).all() == []
