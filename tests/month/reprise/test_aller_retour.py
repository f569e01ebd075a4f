"""Une DSN écrite ici, reprise dans un registre vide, recalculée et récrite, redonne le même message.

Ce que la DSN ne dit pas est donné à la main : la liste est ci-dessous, avec sa raison. Tout le reste vient d'elle.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from dsn.anomalies import blocking
from dsn.check_file import check_file
from payroll.month.declarer import dsn_name
from payroll.month.reprendre import enroll, keep_sheet, take_over
from payroll.periods import Month
from payroll.store.registre import Registre
from tests.month.gestes import EXEMPLES, MOIS, Donnees, Lieu, absence, acte, description, element, fichier, inscrire

ADHERENTS = sorted(path.stem for path in EXEMPLES.glob("*.yaml"))

# Ce qu'une personne doit donner, et pourquoi aucune DSN mensuelle ne le porte.
A_LA_MAIN = {
    "adherent": {
        "nom": "S21.G00.06 porte le SIREN, jamais la dénomination",
        "nature": "la nature juridique déclarée (11.017) dit « publique », ni commune ni CCAS",
        "code_insee": "la commune n'est déclarée que par le versement mobilité (81.005)",
        "population": "aucune rubrique ; elle fait les frais d'emploi et les plafonds des élus",
        "zone_residence": "aucune rubrique ; le montant de l'indemnité de résidence n'en dit pas le taux",
    },
    "parametre": {
        "effectif": "la norme 2026 n'a plus l'effectif ; les agents du mois ne sont pas l'effectif moyen",
        "taux_at": "sans agent au régime général, aucun taux n'est déclaré",
        "taux_cdg": "la cotisation au centre de gestion est hors DSN",
        "cnfpt": "aucun code de cotisation nominatif",
        "heures_complementaires_majorees": "une délibération",
        "primes_en_maladie": "une délibération",
    },
    "situation": {
        "categorie": "A, B ou C n'est dans aucune rubrique",
        "heures_tous_employeurs": "40.037 dit qu'il y a plusieurs employeurs, pas combien d'heures",
        "enfants_sft": "la prime de type 049 porte un montant, pas un nombre d'enfants",
        "autres_mandats_brut": "les indemnités versées ailleurs sont déclarées ailleurs",
        "option_assujettissement": "40.020 dit l'assujettissement, pas sa cause",
        "activite_cessee": "même raison",
        "nombre_mandats_indemnises": "les frais d'emploi ne se lisent que dans leur effet sur le net fiscal",
        "mandat_commune_moins_3500": "même raison",
    },
}


def complement(data: Donnees) -> Donnees:
    """De la description d'origine, les seules clés d'``A_LA_MAIN`` ; le reste doit venir de la DSN."""

    def kept(row: Donnees, names: dict[str, str]) -> Donnees:
        return {name: row[name] for name in names if name in row}

    return kept(data, A_LA_MAIN["adherent"]) | {
        "code": data["code"],
        "parametres": kept(data["parametres"][-1], A_LA_MAIN["parametre"]),
        "agents": [
            {
                "matricule": agent["matricule"],
                "contrats": [
                    {
                        "numero": contrat["numero"],
                        "situations": kept(contrat["situations"][-1], A_LA_MAIN["situation"]),
                        **others(contrat),
                    }
                    for contrat in agent["contrats"]
                ],
            }
            for agent in data["agents"]
        ],
    }


def others(contrat: Donnees) -> dict[str, Any]:
    """Les permanents que la DSN confond dans le brut ou ne porte pas : tous, dès qu'il y en a un autre que l'IFSE."""
    rows = contrat.get("permanents", [])
    return {"permanents": rows} if {row["rubrique"] for row in rows} - {"ifse"} else {}


def declared(lieu: Lieu, variables: bytes | None) -> bytes:
    lieu.ouvrir()
    if variables:
        lieu.deposer(variables)
    lieu.calculer()
    lieu.valider(commentaire="essai")
    lieu.declarer()
    return lieu.content(dsn_name(lieu.code, MOIS))


def taken_over(tmp_path: Path, message: bytes, hand: Donnees, *earlier: bytes) -> Lieu:
    """Un registre neuf où l'adhérent n'est connu que par sa DSN et ce qu'on a donné à la main."""
    paths = []
    for rank, content in enumerate((*earlier, message)):
        paths.append(tmp_path / f"ancienne-{rank}.dsn")
        paths[-1].write_bytes(content)
    (tmp_path / "main.yaml").write_text(yaml.safe_dump(hand, allow_unicode=True), encoding="utf-8")
    (reprise,), _ = take_over(paths, premier_mois=MOIS, complement=tmp_path / "main.yaml")
    registre = Registre(f"sqlite:///{tmp_path}/neuf.db", tmp_path / "neuf")
    registre.upgrade()
    assert enroll(registre, reprise, keep_sheet(reprise, tmp_path / "feuilles"), acte(-60))
    return Lieu(registre, reprise.code)


def comparable(message: bytes) -> list[str]:
    """Les lignes du message, sans la date de constitution ni le numéro d'ordre."""
    lines = message.decode("latin-1").splitlines()
    return [line for line in lines if not line.startswith(("S20.G00.05.004", "S20.G00.05.007"))]


@pytest.mark.parametrize("code", ADHERENTS)
def test_reprise_puis_recalcul_redonne_le_message(code: str, registre: Registre, tmp_path: Path) -> None:
    data = description(code)
    message = declared(inscrire(registre, tmp_path, data), None)
    again = taken_over(tmp_path, message, complement(data))
    rewritten = declared(again, None)
    again.registre.close()
    assert comparable(rewritten) == comparable(message)
    assert blocking(check_file(rewritten)) == []


def test_deux_mois_repris_les_cumuls_les_absences_et_les_primes_entieres(registre: Registre, tmp_path: Path) -> None:
    """Octobre entier donne l'IFSE et les cumuls RAFP ; novembre donne le congé de maladie et la grève (60, 65).

    Les heures supplémentaires de novembre sont du mois, jamais permanentes : le classeur les redonne.
    """
    data = description("hontarede")
    lieu = inscrire(registre, tmp_path, data)
    october = Month(2026, 10)
    lieu.jusqu_a_la_restitution(october)
    heures = element("HT006", "ihts_jour", "6,5")
    conge = absence("HT005", "cmo", "03/11/2026", "12/11/2026")
    greve = absence("HT003", "greve", "17/11/2026", "17/11/2026")
    message = declared(lieu, fichier("hontarede", heures, conge, greve))
    again = taken_over(tmp_path, message, complement(data), lieu.content(dsn_name("hontarede", october)))
    rewritten = declared(again, fichier("hontarede", heures))
    kept = {row.matricule: row.cumuls for row in again.bulletins().values()}
    again.registre.close()
    assert comparable(rewritten) == comparable(message)
    for row in lieu.bulletins().values():
        before, after = row.cumuls, kept[row.matricule]
        same = [
            "brut", "net_imposable", "pas", "rafp_elements", "rafp_traitement", "rafp_assiette", "regime_general",
            "vieillesse_plafonnee", "ircantec", "ircantec_a", "securite_sociale", "fnal_assiette",
        ]  # fmt: skip
        # Sans cotisation sous plafond (élu non assujetti), le plafond du mois n'est pas déclaré : il ne sert à rien.
        same += ["plafond"] if before["securite_sociale"] else []
        assert {name: after[name] for name in same} == {name: before[name] for name in same}, row.matricule
