"""Restituer puis clore : chaque document dû, déposé une fois, redû s'il change ; la paie restituée quand tout l'est."""

from __future__ import annotations

import io

import pytest
from openpyxl import load_workbook

from payroll.month.clore import close_month
from payroll.month.commun import GesteRefuse
from payroll.month.dus import mark_deposited, pending_documents
from payroll.month.fiches import produce_year
from payroll.periods import Month
from payroll.store.tables import Adherent, Agent, DocumentRetour, Evenement
from tests.documents.readers import pdf_text
from tests.month.conftest import Inscrire, Jouer
from tests.month.gestes import MOIS, Lieu, acte, description

BULLETINS = [f"bulletin-2026-11-LB00{rank}.pdf" for rank in range(1, 6)]


def _jusqu_a_la_declaration(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider()
    lieu.declarer()


@pytest.fixture
def declare(jouer: Jouer) -> Lieu:
    return jouer("lubescaux", _jusqu_a_la_declaration)


def test_une_paie_non_declaree_ne_se_restitue_pas(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider()
    with pytest.raises(GesteRefuse, match="une fois déclarée"):
        lieu.produire()

    assert not any(name.endswith(".pdf") for name in lieu.documents())


def test_un_bulletin_par_contrat_un_journal_et_la_dsn(declare: Lieu) -> None:
    count = declare.produire()
    names = sorted(declare.documents())

    assert count == 12
    assert [name for name in names if name.endswith(".pdf")] == ["LISEZMOI.pdf", *BULLETINS, "bulletins.pdf"]
    assert {
        "journal.xlsx",
        "virements.xml",
        "virements.txt",
        "dsn-2026-11-lubescaux.dsn",
        "variables-2026-11-lubescaux.xlsx",
    } <= set(names)
    assert declare.content(BULLETINS[0]).startswith(b"%PDF-")


def test_un_agent_a_deux_contrats_a_deux_bulletins_nommes(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    first = data["agents"][1]["contrats"][0]
    shorter = first["situations"][0] | {"heures_hebdo": "7", "heures_tous_employeurs": "35"}
    second = dict(first) | {"numero": "LB00202", "situations": [shorter]}
    data["agents"][1]["contrats"].append(second)
    lieu = inscrire_lieu(data)
    lieu.jusqu_a_la_restitution()

    names = [name for name in lieu.documents() if "LB002" in name]
    assert names == ["bulletin-2026-11-LB002-LB00201.pdf", "bulletin-2026-11-LB002-LB00202.pdf"]


def test_le_journal_porte_chaque_agent(declare: Lieu) -> None:
    declare.produire()
    book = load_workbook(io.BytesIO(declare.content("journal.xlsx")))
    texts = {cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}

    assert {f"LB00{rank}" for rank in range(1, 6)} <= texts


def test_refaire_les_documents_ne_les_rend_pas_dus_deux_fois(declare: Lieu) -> None:
    declare.produire()
    documents = declare.documents()
    declare.deposer_documents()

    assert declare.produire(minutes=120) == 0
    assert declare.documents() == documents
    assert declare.dus() == []
    assert declare.gestes().count("produire") == 1


def test_la_paie_n_est_restituee_que_quand_tout_est_depose(declare: Lieu) -> None:
    declare.produire()
    due = pending_documents(declare.registre, "lubescaux")
    mark_deposited(declare.registre, "lubescaux", due[:-1], acte(50))
    assert declare.paie().etat == "declaree"

    mark_deposited(declare.registre, "lubescaux", due[-1:], acte(51))
    assert declare.paie().etat == "restituee"
    assert declare.gestes().count("restituer") == 1


def test_deposer_la_dsn_avant_les_bulletins_ne_restitue_rien(declare: Lieu) -> None:
    """Tout ce qui est dû est déposé, mais les bulletins ne sont pas encore produits."""
    declare.deposer_documents()

    assert declare.paie().etat == "declaree"


def test_un_document_qui_change_redevient_du(declare: Lieu) -> None:
    declare.produire()
    declare.deposer_documents()
    with declare.registre.transaction() as session:
        agent = next(agent for agent in declare.rows(Agent) if agent.matricule == "LB002")
        agent.adresse = "12 chemin du Retour"
        session.add(agent)

    assert declare.produire(minutes=120) == 3
    assert declare.dus() == ["a-valider-etat-paye-2026-11.xhl", BULLETINS[1], "bulletins.pdf"]
    assert declare.paie().etat == "restituee", "la paie, elle, ne recule pas"


def test_un_document_refait_pendant_le_depot_reste_du(declare: Lieu) -> None:
    declare.produire()
    due = pending_documents(declare.registre, "lubescaux")
    declare.set(Adherent, nom="Commune de Lubescaux-le-Neuf")
    declare.produire(minutes=45)
    mark_deposited(declare.registre, "lubescaux", due, acte(50))

    assert set(BULLETINS) <= set(declare.dus())
    assert declare.paie().etat == "declaree"


def test_marquer_deux_fois_ne_change_rien(declare: Lieu) -> None:
    declare.produire()
    due = pending_documents(declare.registre, "lubescaux")
    mark_deposited(declare.registre, "lubescaux", due, acte(50))
    marks = [row.depose_le for row in declare.rows(DocumentRetour)]
    mark_deposited(declare.registre, "lubescaux", due, acte(90))

    assert [row.depose_le for row in declare.rows(DocumentRetour)] == marks


def test_ni_nom_ni_nir_dans_les_noms_de_documents_ni_au_journal(declare: Lieu) -> None:
    declare.produire()
    declare.deposer_documents()
    text = " ".join([*declare.documents(), *(str(row.detail) for row in declare.rows(Evenement))])

    assert not any(name in text for name in declare.noms())


def test_clore_demande_la_restitution_et_se_repete(declare: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="une fois restituée"):
        close_month(declare.registre, "lubescaux", MOIS, acte(60))
    declare.produire()
    declare.deposer_documents()
    for minutes in (60, 70):
        assert close_month(declare.registre, "lubescaux", MOIS, acte(minutes)).etat == "close"

    assert declare.gestes().count("clore") == 1


def test_un_mois_clos_laisse_ouvrir_le_suivant(declare: Lieu) -> None:
    declare.produire()
    declare.deposer_documents()
    close_month(declare.registre, "lubescaux", MOIS, acte(60))
    lieu, decembre = declare, Month(2026, 12)
    lieu.ouvrir(decembre, minutes=70)
    lieu.calculer(decembre, minutes=80)

    assert lieu.paie(decembre).etat == "calculee"
    assert lieu.paie(MOIS).etat == "close"


def test_clore_decembre_rend_les_fiches_de_l_annee(lieu: Lieu) -> None:
    decembre = Month(2026, 12)
    lieu.jusqu_a_la_restitution(decembre)
    for minutes in (60, 70):
        close_month(lieu.registre, "lubescaux", decembre, acte(minutes))

    assert lieu.gestes().count("produire-fiches") == 1
    assert lieu.dus() == ["LISEZMOI.pdf", "fiches-2026.xlsx"]
    book = load_workbook(io.BytesIO(lieu.content("fiches-2026.xlsx")))
    assert book.sheetnames == ["Récapitulatif", "Par mois", *(f"LB00{rank}" for rank in range(1, 6))]
    assert "fiches-2026.xlsx" in pdf_text(lieu.content("LISEZMOI.pdf"))


def test_clore_un_autre_mois_ne_rend_pas_de_fiche(declare: Lieu) -> None:
    declare.produire()
    declare.deposer_documents()
    close_month(declare.registre, "lubescaux", MOIS, acte(60))

    assert "fiches-2026.xlsx" not in declare.documents()


def test_les_fiches_demandees_vont_au_dernier_mois_declare(declare: Lieu) -> None:
    assert produce_year(declare.registre, "lubescaux", 2026, acte(60)) == MOIS
    assert "fiches-2026.xlsx" in declare.documents(MOIS)


def test_une_annee_sans_mois_declare_n_a_pas_de_fiche(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    with pytest.raises(GesteRefuse, match="aucun mois de 2026"):
        produce_year(lieu.registre, "lubescaux", 2026, acte(60))
