"""Une saisie suit son contrat : le solde se déduit des bulletins, une révision ne le compte pas deux fois."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.engine.situation import Saisie
from payroll.month.commun import find_adherent
from payroll.month.situations import EntreesDuMois, gather
from payroll.periods import Month
from payroll.store.entrees import validate
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, Donnees, Lieu, contrat_de, description, element, fichier

DECEMBRE = Month(2026, 12)
JANVIER = Month(2027, 1)
CESSION = {
    "numero": 1,
    "type": "cession_remuneration",
    "creancier": "CRÉANCIER D'ESSAI",
    "notifiee_le": "2026-10-05",
    "montant_mensuel": "100.00",
    "total": "150.00",
    "du": "2026-11-01",
}


def _described(**changes: object) -> Donnees:
    data = description("lubescaux")
    contrat_de(data, "LB002")["saisies"] = [{**CESSION, **changes}]
    return data


def _owed(lieu: Lieu, mois: Month) -> tuple[Saisie, ...]:
    with lieu.registre.transaction() as session:
        found = gather(session, find_adherent(session, lieu.code), mois)
    assert isinstance(found, EntreesDuMois)
    return next(item.situation.saisies for item in found.contrats if item.agent.matricule == "LB002")


def test_le_solde_se_retient_mois_apres_mois_puis_plus_rien(inscrire_lieu: Inscrire) -> None:
    lieu = inscrire_lieu(_described())
    retenues = []
    for mois in (MOIS, DECEMBRE):
        lieu.ouvrir(mois)
        lieu.calculer(mois)
        retenues.append(lieu.lignes("LB00201", mois)["cession_remuneration"].montant_salarie)

    assert retenues == [-10_000, -5_000]
    assert _owed(lieu, JANVIER) == ()


def test_une_revision_remplacee_ne_compte_pas_dans_le_solde(inscrire_lieu: Inscrire) -> None:
    lieu = inscrire_lieu(_described())
    lieu.ouvrir()
    lieu.calculer()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "10,00")))
    lieu.calculer(minutes=60)

    assert _owed(lieu, DECEMBRE) == (Saisie(1, "cession_remuneration", date(2026, 10, 5), 10_000, 5_000),)


@pytest.mark.parametrize(
    ("changes", "mois", "en_cours"),
    [
        ({"du": "2026-12-01"}, MOIS, False),
        ({"du": "2026-11-30"}, MOIS, True),
        ({"au": "2026-11-01"}, MOIS, True),
        ({"au": "2026-11-30"}, DECEMBRE, False),
    ],
)
def test_une_saisie_vaut_de_son_effet_a_sa_mainlevee(
    inscrire_lieu: Inscrire, changes: dict[str, object], mois: Month, en_cours: bool
) -> None:
    assert bool(_owed(inscrire_lieu(_described(**changes)), mois)) is en_cours


def test_deux_saisies_de_meme_numero_sont_refusees_a_l_inscription() -> None:
    data = _described()
    contrat_de(data, "LB002")["saisies"].append(CESSION)
    found = validate(data, "lubescaux.yaml")

    assert isinstance(found, list)
    assert any("même numéro" in anomalie.message for anomalie in found)


def test_les_titres_restaurant_de_l_adherent_font_la_retenue(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    data["parametres"][-1] |= {"titre_restaurant_valeur": "10.00", "titre_restaurant_part_employeur": "6.00"}
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    recu = lieu.deposer(fichier("lubescaux", element("LB002", "titres_restaurant", "18")))
    lieu.calculer(sans_fichier=False)

    assert recu.anomalies == []
    assert lieu.lignes("LB00201")["titres_restaurant"].montant_salarie == -7_200
    assert lieu.bulletins()["LB00201"].colonnes["titres_restaurant_employeur"] == 10_800
