"""Relire à l'écran : les faits de la révision, page par page, en un nombre de requêtes qui ne dépend pas des agents."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from payroll.documents.revision import Niveau
from payroll.month.commun import GesteRefuse
from payroll.month.corriger import correct_element
from payroll.month.refus import lift_refusal, refuse_payslips
from payroll.month.relire import Filtre, Relecture, changes_since, payslip_pdf, review_doubts, review_page
from payroll.month.reviser import review_month
from payroll.month.rouvrir import reopen_month
from payroll.month.valider import approve
from payroll.periods import Month
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, PAIEMENT, Lieu, acte, description, element, fichier

OCTOBRE = MOIS.previous
AGENT = "LB002"


def relire(lieu: Lieu, filtre: Filtre | None = None, page: int = 1, taille: int = 20) -> Relecture:
    return review_page(lieu.registre, lieu.code, MOIS, filtre, page, taille)


@pytest.fixture
def revue(lieu: Lieu) -> Lieu:
    """Octobre approuvé, puis novembre calculé avec un CIA de plus pour un agent."""
    lieu.ouvrir(OCTOBRE)
    lieu.calculer(OCTOBRE)
    lieu.valider(OCTOBRE)
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, dict(element(AGENT, "cia", "180,00"))))
    lieu.calculer()
    return lieu


def test_elle_dit_les_memes_totaux_constats_et_causes_que_le_classeur(revue: Lieu) -> None:
    facts = review_month(revue.registre, revue.code, MOIS)
    seen = relire(revue)

    assert [(libelle, avant, apres) for _, libelle, avant, apres in seen.totaux] == list(facts.totaux)
    assert set(seen.constats) == {one for one in facts.constats if one.code != "doutes"}
    assert [one.revise.causes for one in seen.agents.lignes] == [one.causes for one in facts.agents]
    assert (seen.empreinte, seen.effectif, seen.precedent) == (facts.empreinte, len(facts.agents), OCTOBRE)
    assert review_doubts(revue.registre, revue.code, MOIS) == list(facts.doutes)


def test_un_element_qui_change_porte_sa_rubrique_son_ecart_et_sa_cause(revue: Lieu) -> None:
    (agent,) = relire(revue, Filtre(seulement_ecarts=True)).agents.lignes
    cia, *others = agent.elements

    assert agent.revise.matricule == AGENT
    assert (cia.rubrique, cia.cotisation, cia.avant, cia.apres, cia.ecart) == ("cia", False, None, 18_000, 18_000)
    assert [effet for _, effet in cia.causes] == [18_000]
    assert "CIA" in cia.causes[0][0]
    assert any(one.cotisation for one in others)
    assert not any(one.ecart == 0 for one in agent.elements)


@pytest.mark.parametrize(
    ("filtre", "attendus"),
    [
        (Filtre(cherche="lb002"), [AGENT]),
        (Filtre(cherche="personne de ce nom"), []),
        (Filtre(seulement_ecarts=True), [AGENT]),
        (Filtre(niveau=Niveau.BLOQUANT), []),
    ],
)
def test_le_filtre_ne_montre_que_ce_qu_il_dit(revue: Lieu, filtre: Filtre, attendus: list[str]) -> None:
    seen = relire(revue, filtre)

    assert [one.revise.matricule for one in seen.agents.lignes] == attendus
    assert seen.effectif > len(attendus)


def test_on_cherche_sans_accent_ni_majuscule(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    data["agents"][0] |= {"nom": "Dûpré", "prenom": "Léa"}
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()

    assert [one.revise.prenom for one in relire(lieu, Filtre(cherche="dupre LEA")).agents.lignes] == ["Léa"]


def test_les_pages_se_suivent_sans_trou_ni_double(revue: Lieu) -> None:
    whole = [one.revise.contrat for one in relire(revue).agents.lignes]
    pages = [relire(revue, page=page, taille=2) for page in (1, 2, 3)]

    assert [one.revise.contrat for page in pages for one in page.agents.lignes] == whole
    assert relire(revue, page=99, taille=2).agents.numero == pages[0].agents.pages


def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_d_agents(revue: Lieu, inscrire_lieu: Inscrire) -> None:
    big = inscrire_lieu(description("cc-pins-argentes"))
    big.ouvrir()
    big.calculer()
    counts = []
    for lieu in (revue, big):
        asked: list[str] = []
        engine = lieu.registre.engine
        listener = lambda *args: asked.append(str(args[2]))  # noqa: B023, E731
        event.listen(engine, "before_cursor_execute", listener)
        relire(lieu, Filtre(cherche="personne de ce nom"))
        event.remove(engine, "before_cursor_execute", listener)
        counts.append(len(asked))

    assert counts[1] <= counts[0]


def test_une_donnee_changee_depuis_le_calcul_se_voit(revue: Lieu) -> None:
    assert not relire(revue).perimee

    correct_element(revue.registre, revue.code, AGENT, MOIS, acte(), rubrique="cia", valeur=20_000, motif="erreur")

    assert relire(revue).perimee
    assert relire(revue).constats[0].code == "calcul_perime"


def test_un_refus_se_voit_sur_l_agent_et_retient_la_paie(revue: Lieu) -> None:
    refuse_payslips(revue.registre, revue.code, MOIS, acte(), {AGENT: "montant à vérifier"})
    seen = relire(revue, Filtre(cherche=AGENT))

    assert [one.refus.motif for one in seen.agents.lignes if one.refus] == ["montant à vérifier"]
    assert [one.matricule for one in seen.refus] == [AGENT]

    lift_refusal(revue.registre, revue.code, MOIS, acte(), AGENT, "vérifié avec la mairie")
    assert relire(revue).refus == ()


def test_les_approbations_et_leur_annulation_restent_visibles(revue: Lieu) -> None:
    approve(revue.registre, revue.code, MOIS, acte(par="claire"), commentaire="vu")
    reopen_month(revue.registre, revue.code, MOIS, acte(par="claire"), motif="oubli")
    (one,) = relire(revue).approbations

    assert (one.par, one.en_cours, one.commentaire) == ("claire", False, "vu")
    assert "oubli" in one.motif_annulation


def test_le_premier_regard_dit_qui_attend_une_seconde_personne(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    data["quatre_yeux"] = True
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()
    approve(lieu.registre, lieu.code, MOIS, acte(par="claire"), commentaire="premier mois")
    seen = relire(lieu)

    assert seen.quatre_yeux
    assert seen.premier_regard is not None
    assert seen.premier_regard.par == "claire"


def test_ce_qui_a_change_depuis_le_contenu_vu_se_dit_agent_par_agent(revue: Lieu) -> None:
    seen = relire(revue).empreinte
    correct_element(revue.registre, revue.code, AGENT, MOIS, acte(), rubrique="cia", valeur=20_000, motif="erreur")
    revue.calculer(minutes=40)
    (phrase,) = changes_since(revue.registre, revue.code, MOIS, seen)

    assert phrase.startswith(f"{AGENT} : total brut ")
    assert changes_since(revue.registre, revue.code, MOIS, relire(revue).empreinte) == []
    assert changes_since(revue.registre, revue.code, MOIS, "inconnue") == []


def test_l_apercu_est_le_bulletin_qui_sera_rendu(revue: Lieu) -> None:
    name, content = payslip_pdf(revue.registre, revue.code, MOIS, AGENT, "", PAIEMENT)

    assert name == f"bulletin-{MOIS}-{AGENT}.pdf"
    assert content.startswith(b"%PDF-")
    with pytest.raises(GesteRefuse, match="pas de bulletin"):
        payslip_pdf(revue.registre, revue.code, MOIS, "inconnu", "", PAIEMENT)


@pytest.mark.parametrize("mois", [MOIS, Month(2027, 3)])
def test_un_mois_pas_encore_calcule_se_refuse_gentiment(lieu: Lieu, mois: Month) -> None:
    lieu.ouvrir()

    with pytest.raises(GesteRefuse, match=r"pas calculée|pas ouvert"):
        review_page(lieu.registre, lieu.code, mois)
