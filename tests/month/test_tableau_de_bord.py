"""Le tableau de bord et les fiches : ce que l'écran montre d'un mois, d'un adhérent, d'un agent, d'une DSN."""

from __future__ import annotations

import pytest

from payroll.month.commun import GesteRefuse
from payroll.month.echeances import Nature, month_deadlines
from payroll.month.fiche_adherent import list_agents, read_files, read_identity
from payroll.month.fiche_agent import mask_iban, mask_nir, read_agent
from payroll.month.fiche_dsn import deposit_return, open_message, read_dsn
from payroll.month.fiche_paies import (
    is_personal,
    list_documents,
    list_runs,
    open_document,
    open_file,
)
from payroll.month.tableau_de_bord import Filtre, Tri, read_board, read_line
from payroll.month.tableau_lignes import NON_OUVERTE, LigneDeBord, Suite, due_nature, next_step
from payroll.periods import Month
from payroll.store.tables import Adherent, Agent, EtatPaie, TauxPas
from payroll.store.tables_dsn import RetourDsn
from tests.dsn.retours.fabrique import individu, retour
from tests.month.conftest import Ouvrir
from tests.month.gestes import MOIS, PAIEMENT, Lieu, acte, element, fichier

AGENT = "LB002"
ANCIEN = Month(1990, 1)
FAUX = element("PERSONNE", "ihts_jour", "2")


def ligne(lieu: Lieu) -> LigneDeBord:
    found = read_line(lieu.registre, lieu.code, MOIS, month_deadlines(MOIS, PAIEMENT, 7))
    assert found is not None
    return found


def test_la_suite_d_un_mois_d_etape_en_etape(lieu: Lieu) -> None:
    seen: list[tuple[str, Suite, Nature | None]] = []

    def voir() -> None:
        row = ligne(lieu)
        seen.append((row.etat, row.suite, row.echeance.nature if row.echeance else None))

    voir()
    lieu.ouvrir()
    voir()
    lieu.deposer(fichier(lieu.code, FAUX))
    voir()
    lieu.deposer(fichier(lieu.code, element(AGENT, "heures_complementaires", "2")), minutes=3)
    voir()
    lieu.calculer()
    voir()
    lieu.valider(commentaire="essai")
    voir()
    lieu.declarer()
    voir()
    lieu.produire()
    lieu.deposer_documents()
    voir()

    assert seen == [
        (NON_OUVERTE, Suite.OUVRIR, Nature.DEPOT),
        (EtatPaie.OUVERTE, Suite.ATTENDRE, Nature.DEPOT),
        (EtatPaie.OUVERTE, Suite.FICHIER, Nature.DEPOT),
        (EtatPaie.OUVERTE, Suite.CALCULER, Nature.VERSEMENT),
        (EtatPaie.CALCULEE, Suite.REVISER, Nature.VERSEMENT),
        (EtatPaie.VALIDEE, Suite.DECLARER, Nature.DSN_15),
        (EtatPaie.DECLAREE, Suite.RESTITUER, Nature.DSN_15),
        (EtatPaie.RESTITUEE, Suite.CLORE, None),
    ]


def test_un_fichier_refuse_que_rien_ne_remplace_retient_la_paie(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, FAUX))

    assert (ligne(lieu).fichiers_refuses, ligne(lieu).a_regarder) == (1, 1)

    lieu.deposer(fichier(lieu.code, neant=True), minutes=5)
    row = ligne(lieu)
    assert (row.neant, row.fichiers_acceptes, row.a_regarder) == (True, 1, 0)


def test_un_agent_sans_bulletin_fait_corriger() -> None:
    assert next_step(EtatPaie.CALCULEE, acceptes=1, refuses=0, a_lire=0, bloquantes=1) is Suite.CORRIGER
    assert next_step(EtatPaie.CLOSE, acceptes=1, refuses=0, a_lire=0, bloquantes=0) is Suite.RIEN


def test_cinquante_agents_declarent_le_5() -> None:
    assert due_nature(Suite.DECLARER, MOIS, 50) is Nature.DSN_5
    assert due_nature(Suite.DECLARER, MOIS, 49) is Nature.DSN_15
    assert due_nature(Suite.RIEN, MOIS, 50) is None


def test_les_sommes_contre_le_mois_d_avant(lieu: Lieu) -> None:
    lieu.ouvrir(MOIS.previous)
    lieu.calculer(MOIS.previous)
    lieu.ouvrir()

    assert ligne(lieu).ecart is None, "novembre n'est pas calculé : rien à comparer"

    lieu.deposer(fichier(lieu.code, element(AGENT, "heures_complementaires", "3")))
    lieu.calculer()
    row = ligne(lieu)
    nets = {mois: sum(one.net_a_payer for one in lieu.bulletins(mois).values()) for mois in (MOIS.previous, MOIS)}
    assert row.avant is not None
    assert (row.sommes.bulletins, row.sommes.net_a_payer, row.avant.net_a_payer) == (
        5,
        nets[MOIS],
        nets[MOIS.previous],
    )
    assert row.ecart == nets[MOIS] - nets[MOIS.previous] != 0


def test_filtrer_ranger_et_paginer(ouvrir_lieu: Ouvrir) -> None:
    lubescaux, hontarede = ouvrir_lieu("lubescaux"), ouvrir_lieu("hontarede")
    registre = lubescaux.registre
    lubescaux.ouvrir()

    def codes(filtre: Filtre, **options: object) -> list[str]:
        return [row.code for row in read_board(registre, MOIS, filtre, **options).page.lignes]  # type: ignore[arg-type]

    nom = hontarede.rows(Agent)[-1].nom
    assert codes(Filtre()) == ["hontarede", "lubescaux"]
    assert codes(Filtre(decroissant=True)) == ["lubescaux", "hontarede"]
    assert codes(Filtre(etat=EtatPaie.OUVERTE)) == ["lubescaux"]
    assert codes(Filtre(texte="LUBÉS")) == ["lubescaux"]
    assert codes(Filtre(texte=nom.lower())) == ["hontarede"], "un nom d'agent mène à son employeur"
    assert codes(Filtre(texte="%")) == [], "le joker de la base n'en est pas un"
    assert codes(Filtre(anomalies=True)) == []
    assert codes(Filtre(), portefeuille=("lubescaux",)) == ["lubescaux"]
    assert codes(Filtre(), page=2, taille=1) == ["lubescaux"]
    assert codes(Filtre(), page=99, taille=1) == ["lubescaux"], "au-delà de la dernière : la dernière"
    assert codes(Filtre(tri=Tri.ETAT)) == ["hontarede", "lubescaux"]
    board = read_board(registre, MOIS, Filtre(etat=EtatPaie.OUVERTE))
    assert (board.adherents, board.etats[NON_OUVERTE], board.etats[EtatPaie.OUVERTE]) == (2, 1, 1)


@pytest.mark.parametrize("tri", list(Tri))
def test_chaque_tri_range_tout_le_tableau(ouvrir_lieu: Ouvrir, tri: Tri) -> None:
    lieu = ouvrir_lieu("lubescaux")
    ouvrir_lieu("hontarede")
    lieu.ouvrir()

    board = read_board(lieu.registre, MOIS, Filtre(tri=tri), echeances=month_deadlines(MOIS, PAIEMENT, 7))
    assert {row.code for row in board.page.lignes} == {"lubescaux", "hontarede"}


def test_la_fiche_d_un_adherent(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution()
    registre, code = lieu.registre, lieu.code

    identite = read_identity(registre, code, MOIS)
    assert (identite.agents, identite.mois, identite.parametres is not None) == (5, (MOIS,), True)
    runs = list_runs(registre, code)
    assert [(run.etat, run.sommes.bulletins, len(run.approbations)) for run in runs] == [("restituee", 5, 1)]
    names = {document.chemin: document for document in list_documents(registre, code, MOIS)}
    assert names.keys() == lieu.documents(MOIS).keys()
    assert open_document(registre, code, names["journal.xlsx"].id).contenu == lieu.content("journal.xlsx")


def test_un_fichier_recu_porte_ses_anomalies_et_ses_reponses(lieu: Lieu) -> None:
    lieu.ouvrir()
    content = fichier(lieu.code, FAUX)
    lieu.deposer(content, nom="<b>variables</b>.csv")

    (vu,) = read_files(lieu.registre, lieu.code, MOIS)
    assert (vu.etat, vu.bloquantes) == ("refuse", 1)
    assert vu.accuse is not None
    assert vu.copie_marquee is None, "un CSV n'a pas de copie coloriée"
    assert open_document(lieu.registre, lieu.code, vu.accuse).nom.startswith("accuse-")
    assert open_file(lieu.registre, lieu.code, vu.id).contenu == content
    assert read_files(lieu.registre, lieu.code, MOIS.next) == []


def test_un_fichier_sans_mois_se_montre_au_mois_de_sa_reception(lieu: Lieu) -> None:
    lieu.deposer(fichier(lieu.code, FAUX))

    assert [vu.etat for vu in read_files(lieu.registre, lieu.code, MOIS)] == ["refuse"]


def test_ce_qui_est_a_un_autre_ne_s_ouvre_pas(ouvrir_lieu: Ouvrir) -> None:
    lieu, autre = ouvrir_lieu("lubescaux"), ouvrir_lieu("hontarede")
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, FAUX))
    lieu.jusqu_a_la_restitution()
    registre, code = lieu.registre, autre.code
    (recu,) = read_files(registre, lieu.code, MOIS)
    document = list_documents(registre, lieu.code, MOIS)[0].id
    message = read_dsn(registre, lieu.code, MOIS).messages[0].id

    for ouvrir in (
        lambda: open_file(registre, code, recu.id),
        lambda: open_document(registre, code, document),
        lambda: open_message(registre, code, message),
        lambda: read_agent(registre, code, AGENT, MOIS),
        lambda: read_identity(registre, "inconnu", MOIS),
    ):
        with pytest.raises(GesteRefuse):
            ouvrir()


def test_les_agents_se_cherchent_et_se_paginent(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    agents = {row.matricule: row for row in lieu.rows(Agent)}

    def matricules(
        texte: str = "", mois: Month = MOIS, *, tous: bool = False, page: int = 1, taille: int = 25
    ) -> list[str]:
        found = list_agents(lieu.registre, lieu.code, mois, texte=texte, tous=tous, page=page, taille=taille)
        return [one.matricule for one in found.lignes]

    assert set(matricules()) == set(agents)
    assert matricules(agents[AGENT].nom.lower()[:4]) == [AGENT]
    assert matricules("_") == []
    assert len(matricules(taille=2, page=3)) == 1
    assert matricules(mois=ANCIEN) == [], "personne n'était là"
    assert set(matricules(mois=ANCIEN, tous=True)) == set(agents)
    page = list_agents(lieu.registre, lieu.code, MOIS)
    nets = {one.matricule: one.net_a_payer for one in page.lignes}
    assert nets[AGENT] == next(row.net_a_payer for row in lieu.bulletins().values() if row.matricule == AGENT)


def test_la_fiche_d_un_agent_masque_son_nir_et_son_compte(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, element(AGENT, "heures_complementaires", "2")))
    lieu.calculer()
    agent = next(row for row in lieu.rows(Agent) if row.matricule == AGENT)

    fiche = read_agent(lieu.registre, lieu.code, AGENT, MOIS)

    assert agent.nir not in repr(fiche)
    assert not agent.iban or agent.iban not in repr(fiche)
    assert [(one.valeur, one.unite) for one in fiche.elements] == [(200, "heures")]
    assert [one.mois for one in fiche.bulletins] == [MOIS]


@pytest.mark.parametrize(
    ("nir", "vu"), [("", "à compléter"), ("123", "à compléter"), ("285044099900142", "2 85 04 •• ••• ••• ••")]
)
def test_le_nir_masque(nir: str, vu: str) -> None:
    assert mask_nir(nir) == vu
    assert mask_iban("") == ""


@pytest.mark.parametrize(
    ("chemin", "personnel"),
    [
        ("bulletin-2026-11-A.pdf", True),
        ("bulletins.pdf", True),
        ("journal.xlsx", True),
        ("a-valider-etat-paye-2026-11.xhl", True),
        ("virements.xml", True),
        ("dsn-2026-11-x.dsn", True),
        ("variables-2026-11-x.xlsx", True),
        ("inconnu.bin", True),
        ("etats.xlsx", False),
        ("rapprochement-dsn-2026-11-x.csv", False),
    ],
)
def test_les_documents_qui_disent_la_paie_d_une_personne(chemin: str, *, personnel: bool) -> None:
    assert is_personal(chemin) is personnel


def test_la_dsn_d_un_mois_rapproche_tout(lieu: Lieu) -> None:
    vide = read_dsn(lieu.registre, lieu.code, MOIS)
    assert (vide.etat, vide.messages, vide.rapprochement) == ("", (), ())

    lieu.jusqu_a_la_restitution()
    fiche = read_dsn(lieu.registre, lieu.code, MOIS)

    assert [message.type for message in fiche.messages] == ["normale"]
    assert fiche.rapprochement
    assert all(row.juste for row in fiche.rapprochement)
    assert open_message(lieu.registre, lieu.code, fiche.messages[0].id).contenu == lieu.content(
        f"dsn-{MOIS}-{lieu.code}.dsn"
    )


@pytest.mark.hostile
def test_un_retour_illisible_est_refuse_et_trace(lieu: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="n'est pas reçu"):
        deposit_return(lieu.registre, lieu.code, "<x>.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", acte())

    assert lieu.gestes()[-1] == "refuser un retour"
    assert lieu.rows(RetourDsn) == []


@pytest.mark.hostile
def test_le_retour_d_un_autre_etablissement_ne_change_aucun_taux(ouvrir_lieu: Ouvrir) -> None:
    lieu, autre = ouvrir_lieu("lubescaux"), ouvrir_lieu("hontarede")
    sirets = {row.code: row.siret for row in lieu.rows(Adherent)}
    before = lieu.rows(TauxPas)
    content = retour(siret=sirets[autre.code], individus=[individu(autre.rows(Agent)[-1].nir[:13], "4.20")])

    with pytest.raises(GesteRefuse, match=f"parle de {sirets[autre.code]}"):
        deposit_return(lieu.registre, lieu.code, "crm.xml", content, acte())
    assert (lieu.rows(TauxPas), lieu.rows(RetourDsn)) == (before, [])

    assert deposit_return(lieu.registre, autre.code, "crm.xml", content, acte(1)).nouveau
    assert lieu.rows(TauxPas) != before
