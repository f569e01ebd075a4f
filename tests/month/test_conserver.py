"""Les durées de conservation : ce qui a passé son délai se dit, s'efface sur ordre, laisse une trace sans contenu."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlmodel import select

from payroll.legislation.reading import Confiance
from payroll.month.clore import close_month
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.conserver import delays, erase, overdue
from payroll.store import audit
from payroll.store.tables import (
    Agent,
    BulletinPaie,
    Contrat,
    DocumentRemplace,
    DocumentRetour,
    ElementVariable,
    Evenement,
    FichierRecu,
    LigneBulletin,
    MessageDsn,
)
from tests.month.gestes import MOIS, Lieu, acte, element, fichier

pytestmark = pytest.mark.privacy


@pytest.fixture
def clos(lieu: Lieu) -> Lieu:
    """Novembre 2026 joué avec un fichier, restitué et clos."""
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "100,00")))
    lieu.calculer(sans_fichier=False)
    lieu.valider()
    lieu.declarer()
    lieu.produire()
    lieu.deposer_documents()
    close_month(lieu.registre, lieu.code, MOIS, acte(60))
    return lieu


def le(annee: int, mois: int) -> Acte:
    return Acte("archiviste", datetime(annee, mois, 1, tzinfo=UTC))


def lignes(lieu: Lieu, jour: date) -> dict[str, int]:
    return {row.delai.code: row.lignes for row in overdue(lieu.registre, jour)}


def test_rien_n_a_passe_son_delai_le_mois_d_apres(clos: Lieu) -> None:
    assert set(lignes(clos, date(2026, 12, 31)).values()) == {0}


@pytest.mark.parametrize(
    ("code", "dernier", "premier"),
    [
        ("fichiers", date(2031, 11, 30), date(2031, 12, 1)),
        ("declarations", date(2032, 11, 30), date(2032, 12, 1)),
        ("bulletins", date(2036, 11, 30), date(2036, 12, 1)),
    ],
)
def test_un_mois_se_garde_tout_son_delai_et_pas_un_jour_de_plus(
    clos: Lieu, code: str, dernier: date, premier: date
) -> None:
    assert lignes(clos, dernier)[code] == 0
    assert lignes(clos, premier)[code] > 0


def test_effacer_ote_les_lignes_les_pieces_et_laisse_la_trace(clos: Lieu) -> None:
    before = set(clos.registre.pieces.names())
    count = erase(clos.registre, "bulletins", le(2040, 1))
    erase(clos.registre, "fichiers", le(2040, 1))
    erase(clos.registre, "declarations", le(2040, 1))

    assert count == 5
    for table in (
        BulletinPaie,
        LigneBulletin,
        DocumentRetour,
        DocumentRemplace,
        FichierRecu,
        ElementVariable,
        MessageDsn,
    ):
        assert clos.rows(table) == [], table.__name__
    assert before
    assert list(clos.registre.pieces.names()) == []
    traces = [row.detail for row in clos.rows(Evenement) if row.geste == "effacer"]
    assert [(trace["sorte"], trace["lignes"]) for trace in traces] == [
        ("bulletins", 5),
        ("fichiers", 1),
        ("declarations", 1),
    ]
    with clos.registre.transaction() as session:
        assert audit.verify(session)[1] == []


def test_une_piece_encore_nommee_reste(clos: Lieu) -> None:
    erase(clos.registre, "fichiers", le(2031, 12))

    assert clos.rows(FichierRecu) == []
    assert all(clos.registre.pieces.get(row.sha256) for row in clos.rows(DocumentRetour))


def test_un_mois_qui_n_est_pas_clos_ne_s_efface_jamais(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution()

    assert erase(lieu.registre, "bulletins", le(2060, 1)) == 0
    assert len(lieu.rows(BulletinPaie)) == 5


def test_l_iban_d_un_agent_parti_s_efface_et_celui_d_un_present_reste(clos: Lieu) -> None:
    agents = {agent.matricule: agent.id for agent in clos.rows(Agent)}
    with clos.registre.transaction() as session:
        for contrat in session.exec(select(Contrat).where(Contrat.agent_id == agents["LB001"])):
            contrat.date_fin = date(2026, 11, 30)
    assert lignes(clos, date(2027, 12, 31))["bancaires"] == 0
    erase(clos.registre, "bancaires", le(2028, 1))

    assert {agent.matricule for agent in clos.rows(Agent) if not agent.iban} == {"LB001"}


def test_une_sorte_inconnue_est_refusee(clos: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="bulletins, declarations"):
        erase(clos.registre, "tout", le(2040, 1))


def test_chaque_delai_dit_son_texte_et_sa_confiance() -> None:
    assert {delay.confiance for delay in delays()} <= {item.value for item in Confiance}
    assert all(delay.texte and delay.mois > 0 for delay in delays())
