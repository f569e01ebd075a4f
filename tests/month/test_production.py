"""Un envoi réel se mérite : agence réglée, doutes relus et confirmés, trace au journal ; chiffres périmés signalés."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from payroll.anomalies import Gravite
from payroll.month.calculer import compute_month
from payroll.month.commun import GesteRefuse
from payroll.month.declarer import declare_month
from payroll.month.ouvrir import open_month
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.settings import Environnement, Reglages
from payroll.store.tables import Evenement
from tests.month.gestes import DECLARANT, MOIS, Lieu, acte

REEL = replace(DECLARANT, essai=False)


@pytest.fixture
def valide(lieu: Lieu) -> Lieu:
    open_month(lieu.registre, lieu.code, MOIS, acte())
    compute_month(lieu.registre, lieu.code, MOIS, acte(), sans_fichier=True)
    approve(lieu.registre, lieu.code, MOIS, acte())
    return lieu


def test_un_envoi_reel_sans_confirmation_des_doutes_est_refuse(valide: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="que personne n'a confirmées"):
        declare_month(valide.registre, valide.code, MOIS, acte(), REEL)

    assert valide.paie().etat == "validee"
    assert not [name for name in valide.documents() if name.endswith(".dsn")]


def test_la_confirmation_d_un_envoi_reel_va_au_journal(valide: Lieu) -> None:
    declare_month(valide.registre, valide.code, MOIS, acte(), REEL, confirmation="lus par C. avec la table du 02/11")

    with valide.registre.transaction() as session:
        (geste,) = session.exec(select(Evenement).where(Evenement.geste == "déclarer")).all()
    assert geste.detail["confirmation"] == "lus par C. avec la table du 02/11"
    assert geste.detail["essai"] is False


def test_un_envoi_d_essai_ne_demande_rien(valide: Lieu) -> None:
    assert declare_month(valide.registre, valide.code, MOIS, acte(), DECLARANT).nouvelle


def test_en_production_l_agence_fictive_ne_declare_pas() -> None:
    with pytest.raises(GesteRefuse, match="PAIE_EMETTEUR_SIREN"):
        Reglages(environnement=Environnement.PRODUCTION).declarant(MOIS)


def test_hors_production_tout_envoi_est_un_essai() -> None:
    assert Reglages(environnement=Environnement.RECETTE).declarant(MOIS).essai


def test_un_mois_au_dela_de_la_verification_des_chiffres_avertit_sans_changer_l_empreinte(lieu: Lieu) -> None:
    """Décembre 2026 suit d'un mois la vérification : rien. Mars 2027 la suit de quatre, mais ses chiffres manquent."""
    open_month(lieu.registre, lieu.code, MOIS, acte())
    fresh = compute_month(lieu.registre, lieu.code, MOIS, acte(), sans_fichier=True)
    late = Month(2027, 3)
    open_month(lieu.registre, lieu.code, late, acte())
    stale = compute_month(lieu.registre, lieu.code, late, acte(), sans_fichier=True)

    warnings = [found for found in stale.anomalies if found.gravite is Gravite.AVERTISSEMENT]
    assert [found for found in fresh.anomalies if "vérifi" in found.message] == []
    assert [found for found in warnings if "vérifi" in found.message]
