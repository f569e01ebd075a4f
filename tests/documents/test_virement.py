"""Le fichier de virement relu par son schéma : un virement par agent, au centime, sans tirage ni horloge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from xml.etree import ElementTree

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st

from payroll.documents.virement import NetAgent, VirementFacts, letter, prepare, schema
from payroll.periods import Month

pytestmark = pytest.mark.documents

NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.03"}
COMMUNE, MARIE, JEAN = (
    "FR7699999999990000090000439",
    "FR7699999999990000100129567",
    "FR76 9999 9999 9900 0010 0133 253",
)
FAUX = "FR7699999999990000100129568"
FACTS = VirementFacts(
    nom="Commune de Saint-Exemple-les-Pins",
    siret="21400999900019",
    iban=COMMUNE,
    bic="BDFEFRPPCCT",
    mois=Month(2026, 11),
    revision=2,
    etabli_le=datetime(2026, 11, 20, 9, 10, tzinfo=UTC),
    date_paiement=date(2026, 11, 27),
    nets=(
        NetAgent("00042", "Larrezet Marie", MARIE, "", 169_080),
        NetAgent("00107", "Lœillet Jean", JEAN, "PSSTFRPPBOR", 100_000),
        NetAgent("00107", "Lœillet Jean", JEAN, "PSSTFRPPBOR", 74_362),
    ),
)


def order(facts: VirementFacts) -> ElementTree.Element:
    content = prepare(facts).fichier
    assert content is not None
    schema().validate(content.decode())
    root: ElementTree.Element = fromstring(content)
    return root


def texts(root: ElementTree.Element, path: str) -> list[str]:
    return [str(item.text) for item in root.findall(f".//p:{'/p:'.join(path.split('/'))}", NS)]


def test_un_virement_par_agent_ses_contrats_additionnes() -> None:
    root = order(FACTS)
    assert texts(root, "CdtTrfTxInf/Amt/InstdAmt") == ["1690.80", "1743.62"]
    assert texts(root, "GrpHdr/CtrlSum") == ["3434.42"]
    assert texts(root, "GrpHdr/NbOfTxs") == ["2"]
    assert texts(root, "CdtrAcct/Id/IBAN") == [MARIE, JEAN.replace(" ", "")]
    assert texts(root, "Cdtr/Nm") == ["Larrezet Marie", "Loeillet Jean"]
    assert texts(root, "EndToEndId") == ["2026-11-00042", "2026-11-00107"]
    assert texts(root, "RmtInf/Ustrd") == ["TRAITEMENT 11/2026"] * 2


def test_motif_salaire_dates_et_references_viennent_de_la_paie() -> None:
    root = order(FACTS)
    assert texts(root, "PmtTpInf/CtgyPurp/Cd") == ["SALA"]
    assert texts(root, "PmtTpInf/SvcLvl/Cd") == ["SEPA"]
    assert texts(root, "ReqdExctnDt") == ["2026-11-27"]
    assert texts(root, "GrpHdr/CreDtTm") == ["2026-11-20T09:10:00Z"]
    assert texts(root, "MsgId") == ["21400999900019-2026-11-R2"]
    assert texts(root, "DbtrAcct/Id/IBAN") == [COMMUNE]
    assert texts(root, "DbtrAgt/FinInstnId/BIC") == ["BDFEFRPPCCT"]


def test_memes_faits_memes_octets() -> None:
    assert prepare(FACTS) == prepare(FACTS)


def test_sans_bic_la_banque_est_dite_non_fournie() -> None:
    for bic in ("", "BDF-40", "INCONNU"):
        root = order(replace(FACTS, bic=bic))
        assert texts(root, "DbtrAgt/FinInstnId/Othr/Id") == ["NOTPROVIDED"]


@pytest.mark.parametrize(
    ("net", "code", "dit"),
    [
        (NetAgent("00058", "Sans Compte", "", "", 5_000), "virement-iban", "manque"),
        (
            NetAgent("00058", "Faux Compte", FAUX, "", 5_000),
            "virement-iban",
            "n'est pas juste",
        ),
        (NetAgent("00058", "Trop Perçu", MARIE, "", -5_000), "virement-trop-percu", "trop-perçu de 50,00 €"),
        (NetAgent("00058", "Rien Ce mois", MARIE, "", 0), "virement-net-nul", "rien à virer"),
    ],
)
def test_qui_ne_peut_etre_vire_est_dit_et_les_autres_sont_payes(net: NetAgent, code: str, dit: str) -> None:
    facts = replace(FACTS, nets=(*FACTS.nets, net))
    done = prepare(facts)
    assert [(item.code, item.matricule) for item in done.anomalies] == [(code, "00058")]
    assert done.total == 169_080 + 174_362
    assert len(texts(order(facts), "CdtTrfTxInf")) == 2
    text = letter(facts, done).decode("utf-8-sig").replace("\u202f", " ")
    assert "agent 00058" in text
    assert dit in text


def test_le_mot_joint_explique_l_ecart_sans_nommer_personne() -> None:
    facts = replace(FACTS, nets=(*FACTS.nets, NetAgent("00058", "Sans Compte", "", "", 5_000)))
    text = letter(facts, prepare(facts)).decode("utf-8-sig").replace("\u202f", " ")
    assert "Montant viré              : 3 434,42 €" in text
    assert "Net à payer des bulletins : 3 484,42 €" in text
    assert "Écart, expliqué ci-après  : 50,00 €" in text
    assert not any(secret in text for secret in ("Larrezet", "Compte,", MARIE, COMMUNE))


@pytest.mark.parametrize("iban", ["", "FR7600000000000000000000001"])
def test_sans_compte_a_debiter_pas_de_fichier_mais_un_mot(iban: str) -> None:
    done = prepare(replace(FACTS, iban=iban))
    assert done.fichier is None
    assert done.total == 0
    assert [item.code for item in done.anomalies] == ["virement-compte-a-debiter"]
    assert "aucun fichier de virement" in letter(FACTS, done).decode("utf-8-sig")


def test_personne_a_payer_pas_de_fichier() -> None:
    assert prepare(replace(FACTS, nets=())).fichier is None


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=90), st.text(max_size=40), st.text(max_size=15), st.integers(1, 99_999_999_999))
def test_quels_que_soient_les_noms_le_fichier_est_conforme(nom: str, matricule: str, bic: str, net: int) -> None:
    """``order`` valide au schéma : ni un nom étrange, ni un BIC quelconque ne le rendent mauvais."""
    root = order(replace(FACTS, nom=nom, bic=bic, nets=(NetAgent(matricule, nom, MARIE, bic, net),)))
    assert texts(root, "GrpHdr/CtrlSum") == [f"{net // 100}.{net % 100:02d}"]
