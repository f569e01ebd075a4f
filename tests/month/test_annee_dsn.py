"""Une année synthétique : chaque population, douze mois, aucun message refusé ni signalé sans explication."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from dsn import codes as dsn_codes
from dsn.anomalies import Anomaly
from dsn.check_file import check_file
from dsn.message import Block
from dsn.reader import read
from payroll.month.declarer import dsn_name, reconciliation_name
from payroll.periods import Month
from payroll.store.registre import Registre
from tests.month.commune import ANNEE, commune
from tests.month.gestes import Lieu, Ligne, absence, contrat_de, element, fichier, inscrire

MOIS = tuple(Month(ANNEE, rang) for rang in range(1, 13))
FAITS: dict[int, tuple[Ligne, ...]] = {
    2: (
        absence("TC01/TC00101", "cmo", "03/02/2026", "12/02/2026"),
        absence("TP01", "greve", "17/02/2026", "17/02/2026"),
    ),
    3: (
        absence("CI01", "at", "02/03/2026", "20/03/2026"),
        element("CI01", "ijss_brutes", "612,40"),
        element("TP01", "ihts_jour", "6"),
    ),
    4: (absence("SC01", "maternite", "06/04/2026", "26/07/2026"),),
    5: (
        absence("TN01", "cmo", "11/05/2026", "15/05/2026"),
        element("TN01", "ijss_brutes", "38,10"),
        element("TC01/TC00101", "cia", "300,00"),
    ),
    6: (
        absence("CD01/CD00105", "paternite", "01/06/2026", "25/06/2026"),
        element("CD01/CD00105", "ijss_brutes", "640,00"),
    ),
    7: (absence("TP01", "clm", "01/07/2026", "31/12/2026"),),
    11: (absence("CI01", "service_non_fait", "09/11/2026", "10/11/2026"),),
}
"""Mois → ce que la secrétaire envoie en plus des vacations."""


@dataclass(frozen=True)
class Declare:
    """Un mois déclaré : ce que la DSN dit, ce que l'on en a dit."""

    mois: Month
    content: bytes
    remarques: tuple[Anomaly, ...]
    rapprochement: list[dict[str, str]]
    """Les lignes du tableau rendu à côté du journal."""

    def blocs(self, wanted: str) -> list[Block]:
        message, _ = read(io.BytesIO(self.content))
        return [block for declaration in message.declarations for block in declaration.find(wanted)]


@pytest.fixture(scope="module")
def annee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Declare]]:
    folder: Path = tmp_path_factory.mktemp("annee")
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    data = commune()
    conditions = contrat_de(data, "TC01")["situations"]
    (first,) = conditions
    conditions[:] = [first | {"au": date(ANNEE, 4, 30)}, first | {"du": date(ANNEE, 5, 1), "indice_majore": 430}]
    contrat_de(data, "CH01").update(date_fin=date(ANNEE, 8, 31), motif_fin="031")
    contrat_de(data, "SC01")["absences"] = [
        {"type": "conge_parental", "debut": date(ANNEE, 10, 1), "fin": date(ANNEE, 12, 31)}
    ]
    lieu = inscrire(registre, folder, data)
    found = {}
    for mois in MOIS:
        found[mois.month] = declare(lieu, mois)
    yield found
    registre.close()


def declare(lieu: Lieu, mois: Month) -> Declare:
    """Joue un mois entier ; tout fichier envoyé est accepté, tout bulletin calculé."""
    lieu.ouvrir(mois)
    sent = fichier(lieu.code, element("VA01", "vacations", "9"), *FAITS.get(mois.month, ()), mois=mois)
    received = lieu.deposer(sent, nom=f"{mois}.csv")
    assert received.etat == "accepte", (mois, received.anomalies)
    computed = lieu.calculer(mois)
    assert [str(anomalie) for anomalie in computed.anomalies if anomalie.gravite == "bloquant"] == [], mois
    lieu.valider(mois, commentaire="essai")
    said = lieu.declarer(mois)
    lieu.produire(mois)
    lieu.deposer_documents()
    table = lieu.content(reconciliation_name(lieu.code, mois)).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(table), delimiter=";"))
    return Declare(mois, lieu.content(dsn_name(lieu.code, mois)), said.anomalies, rows)


@pytest.mark.parametrize("mois", range(1, 13))
def test_aucun_controle_ne_refuse_ni_ne_signale(annee: dict[int, Declare], mois: int) -> None:
    assert [str(item) for item in check_file(annee[mois].content)] == []


@pytest.mark.parametrize("mois", range(1, 13))
def test_chaque_remarque_est_un_doute_connu(annee: dict[int, Declare], mois: int) -> None:
    """Ce que la déclaration ne porte pas est une ligne de codes non trouvée, listée par « paie doutes »."""
    unknown = [row.note for row in dsn_codes.load().doubts() if row.confiance == "N"]
    unexplained = [
        str(item)
        for item in annee[mois].remarques
        if item.code != "COD-01" or not any(note in item.message for note in unknown)
    ]
    assert unexplained == []


def test_chaque_population_est_dans_chaque_message(annee: dict[int, Declare]) -> None:
    natures = {block.get("007") for block in annee[1].blocs("S21.G00.40")}
    assert natures == {"02", "09", "10", "50", "81"}
    assert {block.get("008") for block in annee[1].blocs("S21.G00.40")} == {"41", "81", "99"}


def test_un_avancement_de_l_annee_ne_se_dit_qu_une_fois(annee: dict[int, Declare]) -> None:
    told = {mois: [b.get("035") for b in annee[mois].blocs("S21.G00.41") if b.get("035")] for mois in annee}
    assert {mois: values for mois, values in told.items() if values} == {5: ["425"]}


def test_les_arrets_et_suspensions_sont_ceux_du_mois(annee: dict[int, Declare]) -> None:
    stops = {mois: sorted(b.get("001") or "" for b in annee[mois].blocs("S21.G00.60")) for mois in annee}
    assert {mois: values for mois, values in stops.items() if values} == {
        2: ["01"],
        3: ["06"],
        4: ["02"],
        5: ["01", "02"],
        6: ["02", "03", "03"],
        7: ["02", "13"],
        8: ["13"],
        9: ["13"],
        10: ["13"],
        11: ["13"],
        12: ["13"],
    }
    pauses = {mois: sorted(b.get("001") or "" for b in annee[mois].blocs("S21.G00.65")) for mois in annee}
    assert {mois: values for mois, values in pauses.items() if values} == {
        2: ["657"],
        10: ["632"],
        11: ["632", "673"],
        12: ["632"],
    }


def test_la_fin_de_contrat_se_dit_son_mois_et_l_agent_disparait_ensuite(annee: dict[int, Declare]) -> None:
    ended = {mois: [b.get("001") for b in annee[mois].blocs("S21.G00.62")] for mois in annee}
    assert {mois: values for mois, values in ended.items() if values} == {8: ["31082026"]}
    assert "CH00107" not in {block.get("009") for block in annee[9].blocs("S21.G00.40")}


def test_un_agent_a_deux_contrats_a_un_seul_versement(annee: dict[int, Declare]) -> None:
    for mois in annee:
        persons = annee[mois].blocs("S21.G00.30")
        assert [len(person.find("S21.G00.50")) for person in persons] == [1] * len(persons), mois
        assert max(len(person.find("S21.G00.40")) for person in persons) == 2


def test_la_complementaire_est_payee_a_l_organisme_au_centime(annee: dict[int, Declare]) -> None:
    """20,00 + 20,00 de santé et 7,00 de prévoyance, chaque mois."""
    for mois in annee:
        (payment,) = [block for block in annee[mois].blocs("S21.G00.20") if block.get("001") == "P0942"]
        assert (payment.get("005"), [part.get("001") for part in payment.children]) == ("47.00", ["40.00", "7.00"])


@pytest.mark.parametrize("mois", range(1, 13))
def test_le_rapprochement_explique_chaque_centime(annee: dict[int, Declare], mois: int) -> None:
    """Les cotisations tombent juste ; l'écart du bordereau est la somme de ce que sa ligne en dit."""
    rows = {row["Ce que l'on rapproche"]: row for row in annee[mois].rapprochement}
    assert not [name for name, row in rows.items() if row["D'où il vient"].startswith("À EXPLIQUER")]
    assert {"Rémunération brute", "Ircantec et son paiement", "Prélèvement à la source et son paiement"} <= set(rows)
    for name, row in rows.items():
        said = row["DSN, bordereau ou paiement"] or row["DSN, par agent"]
        if not said:
            assert row["D'où il vient"].startswith("hors DSN"), name
            continue
        assert cents(row["Écart"]) == cents(said) - cents(row["Bulletins"]), name
        if not row["DSN, bordereau ou paiement"]:
            assert cents(row["Écart"]) == 0, name
    slip = rows["Bordereau Urssaf et son paiement"]
    parts = [cents(part.rpartition(" : ")[2]) for part in slip["D'où il vient"].split(" ; ")]
    assert sum(parts) == cents(slip["Écart"])
    assert slip["DSN, par agent"] == slip["DSN, bordereau ou paiement"]


def cents(text: str) -> int:
    """« 1 234,56 » → 123456, quels que soient les espaces."""
    return int(re.sub(r"[^0-9-]", "", text.replace("−", "-")) or 0)
