"""Un mois entier avec tous les accessoires : du dossier et du fichier au bulletin, puis à la DSN sans rien omettre."""

from __future__ import annotations

from payroll.store.tables import MessageDsn
from tests.month.conftest import Inscrire
from tests.month.gestes import Lieu, contrat_de, description, element, fichier

PERMANENTS = {
    "cti": "49.00",
    "avantage_logement": "85.20",
    "psc_prevoyance_facultative": "10.00",
    "prise_en_charge_transport": "60.00",
}
VARIABLES = {"avantage_repas": "12", "titres_restaurant": "18", "indemnite_teletravail": "10", "frais_mission": "37,40"}


def _played(inscrire_lieu: Inscrire) -> Lieu:
    data = description("lubescaux")
    data["parametres"][-1] |= {"titre_restaurant_valeur": "10.00", "titre_restaurant_part_employeur": "6.00"}
    contrat_de(data, "LB002").setdefault("permanents", []).extend(
        {"rubrique": code, "montant": montant, "du": "2026-01-01"} for code, montant in PERMANENTS.items()
    )
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", *(element("LB002", code, valeur) for code, valeur in VARIABLES.items())))
    lieu.calculer(sans_fichier=False)
    return lieu


def test_le_bulletin_porte_chaque_accessoire(inscrire_lieu: Inscrire) -> None:
    lignes = _played(inscrire_lieu).lignes("LB00201")
    montants = {code: ligne.montant_salarie for code, ligne in lignes.items()}

    attendus = {
        "cti": 19_298,  # 241,22 × 28/35
        "avantage_logement": 8_520,
        "avantage_repas": 6_600,  # 12 × 5,50
        "psc_prevoyance_facultative": 1_000,
        "prise_en_charge_transport": 4_500,
        "indemnite_teletravail": 2_880,
        "frais_mission": 3_740,
        "titres_restaurant": -7_200,
        "avantages_en_nature_deduits": -15_120,
    }
    assert {code: montants[code] for code in attendus} == attendus


def test_la_dsn_declare_chaque_accessoire(inscrire_lieu: Inscrire) -> None:
    lieu = _played(inscrire_lieu)
    lieu.valider(commentaire="essai")
    declaration = lieu.declarer()
    (message,) = lieu.rows(MessageDsn)
    lines = lieu.registre.pieces.get(message.sha256).decode("latin-1").splitlines()
    found = {}
    for rank, line in enumerate(lines):
        if line.startswith(("S21.G00.54.001,", "S21.G00.52.001,")):
            found[line.split(",")[0][4:10], line.split("'")[1]] = lines[rank + 1].split("'")[1]

    assert not [anomaly for anomaly in declaration.anomalies if anomaly.blocking]
    assert {kind: found[("G00.54", kind)] for kind in ("02", "03", "07", "09", "17", "18")} == {
        "02": "66.00",
        "03": "85.20",
        "07": "28.80",
        "09": "37.40",
        "17": "108.00",
        "18": "45.00",
    }
    assert any(line == "S21.G00.51.011,'022'" for line in lines)
