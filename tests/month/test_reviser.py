"""Réviser : chaque contrôle se déclenche où il faut et se tait ailleurs ; refuser retient, corriger ou lever libère."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlmodel import select

from payroll.documents.revision import Niveau, RevisionFacts, render
from payroll.month.commun import GesteRefuse, find_adherent
from payroll.month.comparer import LIBELLES
from payroll.month.controles_revision import controls, examine
from payroll.month.corriger import correct_element
from payroll.month.refus import lift_refusal, refuse_payslips
from payroll.month.reviser import review_month
from payroll.month.valider import approve, approve_clean, examen_of
from payroll.periods import Month
from payroll.store.tables import Adherent, Agent, Approbation, BulletinPaie, Contrat, MessageDsn, TauxPas
from tests.month.conftest import Inscrire, Jouer, Ouvrir
from tests.month.gestes import MOIS, Donnees, Lieu, acte, contrat_de, description, element, fichier

OCTOBRE = MOIS.previous
AGENT = "LB002"


def reviser(lieu: Lieu, mois: Month = MOIS) -> RevisionFacts:
    return review_month(lieu.registre, lieu.code, mois)


def codes(lieu: Lieu, mois: Month = MOIS) -> set[str]:
    """Les contrôles qui se déclenchent, ceux de toute paie d'essai mis à part."""
    return {constat.code for constat in reviser(lieu, mois).constats} - {"doutes", "chiffres_a_reverifier"}


def deux_mois(lieu: Lieu, *lignes: dict[str, str]) -> Lieu:
    """Octobre approuvé, puis novembre calculé sur un fichier."""
    lieu.ouvrir(OCTOBRE)
    lieu.calculer(OCTOBRE)
    lieu.valider(OCTOBRE)
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, *lignes, neant=not lignes))
    lieu.calculer()
    return lieu


@pytest.fixture
def calme(jouer: Jouer) -> Lieu:
    """Un mois pareil au précédent, dont la collectivité a dit « néant »."""
    return jouer("lubescaux", deux_mois)


def test_un_mois_pareil_au_precedent_n_a_rien_a_regarder(calme: Lieu) -> None:
    facts = reviser(calme)

    assert codes(calme) == set()
    assert facts.sans_remarque
    assert facts.precedent == OCTOBRE
    assert all(avant == apres for _, avant, apres in facts.totaux)
    assert not any(agent.causes for agent in facts.agents)
    assert facts.empreinte == calme.paie().hash_contenu


def test_les_totaux_sont_ceux_des_bulletins_et_les_causes_font_l_ecart(lieu: Lieu) -> None:
    deux_mois(lieu, dict(element(AGENT, "cia", "180,00")))
    facts = reviser(lieu)
    (agent,) = [one for one in facts.agents if one.matricule == AGENT]
    totaux = {libelle: (avant, apres) for libelle, avant, apres in facts.totaux}
    paid = sum(row.net_a_payer for row in lieu.bulletins().values())

    assert totaux[LIBELLES["net_a_payer"]][1] == paid
    assert agent.ecart("brut") == 18_000
    assert sum(cause.brut for cause in agent.causes) == 18_000
    assert sum(cause.net_a_payer for cause in agent.causes) == agent.ecart("net_a_payer")
    assert any("CIA" in cause.libelle and "fichier" in cause.origine for cause in agent.causes)
    assert [ligne.apres for ligne in agent.lignes if "CIA" in ligne.libelle] == [18_000]
    assert not any(one.causes for one in facts.agents if one.matricule != AGENT)


Geste = Callable[[Lieu], object]


def _rate_until(day: date) -> Geste:
    return lambda lieu: lieu.set(TauxPas, au=day)


@pytest.mark.parametrize(
    ("code", "geste"),
    [
        ("variables_manquantes", lambda lieu: lieu.calculer()),
        ("premier_mois", lambda lieu: lieu.calculer()),
        ("banque_absente", lambda lieu: (lieu.set(Agent, iban=""), lieu.calculer())),
        ("fin_prevue_passee", lambda lieu: (lieu.set(Contrat, date_fin_prevue=date(2026, 10, 31)), lieu.calculer())),
        ("taux_pas_perime", lambda lieu: (_rate_until(date(2026, 11, 29))(lieu), lieu.calculer())),
    ],
)
def test_un_premier_mois_se_controle_seul(lieu: Lieu, code: str, geste: Geste) -> None:
    lieu.ouvrir()
    geste(lieu)
    assert code in codes(lieu)


def test_un_taux_qui_vaut_jusqu_au_dernier_jour_n_est_pas_perime(lieu: Lieu) -> None:
    lieu.ouvrir()
    _rate_until(date(2026, 11, 30))(lieu)
    lieu.calculer()
    assert "taux_pas_perime" not in codes(lieu)


# Le net de LB002 en octobre porte le seuil : 15 % et 50 € ensemble.
@pytest.mark.parametrize(("montant", "variation"), [("40,00", False), ("400,00", True)])
def test_une_forte_variation_demande_les_deux_seuils(lieu: Lieu, montant: str, variation: bool) -> None:
    deux_mois(lieu, dict(element(AGENT, "cia", montant)))
    found = codes(lieu)

    assert ("variation_forte" in found) is variation
    assert "element_sans_precedent" in found
    assert not reviser(lieu).sans_remarque


def test_un_element_deja_verse_a_un_precedent(lieu: Lieu) -> None:
    lieu.ouvrir(OCTOBRE)
    lieu.deposer(fichier(lieu.code, element(AGENT, "cia", "40,00"), mois=OCTOBRE), nom="octobre.csv")
    lieu.calculer(OCTOBRE)
    lieu.valider(OCTOBRE)
    lieu.ouvrir()
    lieu.deposer(fichier(lieu.code, element(AGENT, "cia", "45,00")), minutes=12)
    lieu.calculer(minutes=15)
    assert codes(lieu) == set()


def test_un_compte_qui_change_apres_une_approbation_se_voit(calme: Lieu) -> None:
    assert "banque_changee" not in codes(calme)
    calme.set(Agent, iban="FR7630006000011234567890189")
    facts = reviser(calme)

    assert "banque_changee" in codes(calme)
    assert "FR76" not in "".join(constat.message for constat in facts.constats)


def _payslip(lieu: Lieu, **changes: object) -> None:
    """Change le bulletin gardé de l'agent pour novembre, comme le ferait un calcul qui donnerait ces sommes."""
    paie = lieu.paie()
    with lieu.registre.transaction() as session:
        row = session.exec(
            select(BulletinPaie).where(BulletinPaie.paie_id == paie.id, BulletinPaie.matricule == AGENT)
        ).one()
        for name, value in changes.items():
            setattr(row, name, value)
        session.add(row)


def _hours(lieu: Lieu, **variables: int) -> dict[str, object]:
    (row,) = [row for row in lieu.bulletins().values() if row.matricule == AGENT]
    return {**row.entrees, "situation": {**row.entrees["situation"], "variables": variables}}


# Plafond de la sécurité sociale 2026 : 4 005 € par mois ; exonération d'heures sup. : 7 500 € par an (CGI 81 quater).
@pytest.mark.parametrize(
    ("changes", "code", "dit"),
    [
        ({"net_a_payer": 4_999}, "net_tres_bas", True),
        ({"net_a_payer": 5_000}, "net_tres_bas", False),
        ({"brut": 400_499}, "plafond_franchi", False),
        ({"brut": 400_500}, "plafond_franchi", True),
        ({"cumuls": {"heures_exonerees": 749_999}}, "plafond_franchi", False),
        ({"cumuls": {"heures_exonerees": 750_000}}, "plafond_franchi", True),
    ],
)
def test_un_seuil_se_declenche_a_sa_valeur(calme: Lieu, changes: dict[str, object], code: str, dit: bool) -> None:
    _payslip(calme, **changes)
    assert (code in codes(calme)) is dit


# Décret 2002-60 art. 6 : vingt-cinq heures par mois, toutes heures supplémentaires réunies.
@pytest.mark.parametrize(("nuit", "dit"), [(1_000, False), (1_001, True)])
def test_les_heures_au_dela_du_contingent_se_voient(calme: Lieu, nuit: int, dit: bool) -> None:
    assert found_overtime(calme, nuit) is dit


def found_overtime(lieu: Lieu, nuit: int) -> bool:
    paie = lieu.paie()
    _payslip(lieu, entrees=_hours(lieu, ihts_jour=1_500, ihts_nuit=nuit))
    with lieu.registre.transaction() as session:
        adherent = find_adherent(session, lieu.code)
        constats = examine(examen_of(session, adherent, paie))
    return "heures_supplementaires" in {constat.code for constat in constats}


def test_un_taux_qui_manque_soudain_se_voit_une_fois(calme: Lieu) -> None:
    assert "taux_pas_absent" not in codes(calme)
    _payslip(calme, pas_bareme=True)
    with calme.registre.transaction() as session:
        for row in session.exec(select(TauxPas)):
            session.delete(row)
    assert "taux_pas_absent" in codes(calme)


def test_un_agent_sans_bulletin_bloque(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, AGENT)["situations"][0]["indice_majore"] = 0
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()
    (constat,) = reviser(lieu).of(Niveau.BLOQUANT)
    assert (constat.code, constat.matricule) == ("agent_sans_bulletin", AGENT)


def test_un_agent_sorti_et_un_agent_entre_se_voient(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, AGENT)["date_fin"] = date(2026, 10, 31)
    contrat_de(data, AGENT)["motif_fin"] = "059"
    _starts(data, "LB001", date(2026, 11, 1))
    lieu = deux_mois(inscrire_lieu(data))
    found = {(constat.code, constat.matricule) for constat in reviser(lieu).constats}
    assert {("plus_de_bulletin", AGENT), ("premier_bulletin", "LB001")} <= found


def _starts(data: Donnees, matricule: str, day: date) -> None:
    contrat = contrat_de(data, matricule)
    contrat["date_debut"] = day
    contrat["situations"] = contrat["situations"][-1:]
    contrat["situations"][0]["du"] = day
    for permanent in contrat.get("permanents", []):
        permanent["du"] = day


def test_un_agent_sorti_et_encore_paye_bloque(calme: Lieu) -> None:
    """Le dossier a été corrigé après le calcul : le bulletin gardé paie un agent parti."""
    calme.set(Contrat, date_fin=date(2026, 10, 15))
    found = codes(calme)
    assert {"sortie_encore_payee", "calcul_perime"} <= found
    with pytest.raises(GesteRefuse, match="ont changé depuis"):
        calme.valider()


def test_les_anomalies_du_message_se_voient_a_la_revision(calme: Lieu) -> None:
    calme.valider()
    calme.declarer()
    calme.set(MessageDsn, anomalies=[{"code": "CCH-11", "rubrique": "S21", "message": "à revoir", "bloquant": True}])
    assert "anomalie_dsn_bloquante" in codes(calme)
    calme.set(MessageDsn, anomalies=[{"code": "CSL-00", "rubrique": "S21", "message": "à revoir", "bloquant": False}])
    assert "anomalie_dsn" in codes(calme)


def test_une_correction_se_dit_pour_memoire(calme: Lieu) -> None:
    correct_element(calme.registre, calme.code, AGENT, MOIS, acte(15), rubrique="cia", valeur=3_000, motif="appel")
    calme.calculer(minutes=16)
    facts = reviser(calme)
    (constat,) = [one for one in facts.constats if one.code == "correction"]
    assert (constat.niveau, constat.matricule) == (Niveau.POUR_MEMOIRE, AGENT)
    assert constat.message.endswith("(gestionnaire) : appel")


def test_rien_a_reviser_avant_le_calcul(lieu: Lieu) -> None:
    lieu.ouvrir()
    with pytest.raises(GesteRefuse, match="n'est pas calculée"):
        reviser(lieu)


def test_chaque_controle_a_un_niveau_et_un_libelle() -> None:
    assert all(controle.libelle and controle.niveau in Niveau for controle in controls().values())


def test_le_classeur_a_les_memes_octets_et_la_revision_n_ecrit_rien(calme: Lieu) -> None:
    events = len(calme.gestes())
    assert render(reviser(calme)) == render(reviser(calme))
    assert len(calme.gestes()) == events


def test_les_constats_ne_nomment_personne(ouvrir_lieu: Ouvrir) -> None:
    lieu = deux_mois(ouvrir_lieu("hontarede"))
    lieu.set(Agent, iban="FR7630006000011234567890189")
    told = " ".join(constat.message for constat in reviser(lieu).constats)
    assert not [name for name in lieu.noms() if len(name) > 3 and name in told]


# --- approuver ce qui a été vu


def test_l_empreinte_vue_s_approuve_et_une_autre_est_refusee(calme: Lieu) -> None:
    seen = reviser(calme).empreinte
    calme.deposer(fichier(calme.code, element(AGENT, "cia", "10,00"), remplace=True), minutes=12)
    assert calme.calculer(minutes=15).nouvelle
    with pytest.raises(GesteRefuse, match="n'est pas celui que vous avez vu"):
        approve(calme.registre, calme.code, MOIS, acte(20), empreinte=seen)
    with pytest.raises(GesteRefuse, match="n'est pas celui que vous avez vu"):
        approve(calme.registre, calme.code, MOIS, acte(20), empreinte=calme.paie().hash_contenu[:4])
    present = calme.paie().hash_contenu[:12]
    assert approve(calme.registre, calme.code, MOIS, acte(21), empreinte=present).etat == "validee"


def test_un_net_negatif_demande_un_commentaire(calme: Lieu) -> None:
    calme.set(BulletinPaie, net_a_payer=-1)
    with pytest.raises(GesteRefuse, match="Net à payer négatif"):
        calme.valider()
    assert calme.valider(commentaire="titre de recettes émis").etat == "validee"


def test_un_refus_retient_la_paie_jusqu_a_ce_que_le_bulletin_change(calme: Lieu) -> None:
    assert refuse_payslips(calme.registre, calme.code, MOIS, acte(11), {AGENT: "CIA oublié"}) == 1
    assert refuse_payslips(calme.registre, calme.code, MOIS, acte(12), {AGENT: "CIA oublié"}) == 0
    assert "bulletin_refuse" in codes(calme)
    with pytest.raises(GesteRefuse, match=rf"bulletins sont refusés \({AGENT}\)"):
        calme.valider(commentaire="quand même")
    # Un recalcul qui ne touche pas ce bulletin ne répond pas au refus.
    calme.deposer(fichier(calme.code, element("LB001", "cia", "10,00"), remplace=True), minutes=12)
    assert calme.calculer(minutes=15).nouvelle
    with pytest.raises(GesteRefuse, match="bulletins sont refusés"):
        calme.valider()
    correct_element(calme.registre, calme.code, AGENT, MOIS, acte(16), rubrique="cia", valeur=4_000, motif="CIA oublié")
    calme.calculer(minutes=17)
    assert "bulletin_refuse" not in codes(calme)
    assert calme.valider().etat == "validee"


def test_un_refus_leve_dit_pourquoi_et_libere(calme: Lieu) -> None:
    refuse_payslips(calme.registre, calme.code, MOIS, acte(11), {AGENT: "net surprenant"})
    for matricule, motif, mots in ((AGENT, " ", "demande une raison"), ("LB001", "vu", "aucun refus en cours")):
        with pytest.raises(GesteRefuse, match=mots):
            lift_refusal(calme.registre, calme.code, MOIS, acte(12), matricule, motif)
    assert lift_refusal(calme.registre, calme.code, MOIS, acte(13), AGENT, "vérifié avec la mairie") == 1
    assert calme.valider().etat == "validee"
    assert [geste for geste in calme.gestes() if "refus" in geste] == ["refuser", "lever-refus"]


def test_refuser_apres_l_approbation_la_retire_et_rien_ne_se_declare(calme: Lieu) -> None:
    calme.valider()
    refuse_payslips(calme.registre, calme.code, MOIS, acte(25), {AGENT: "erreur vue trop tard"})
    approval = calme.rows(Approbation)[-1]
    assert approval.motif_annulation == "bulletin refusé à la révision"
    with pytest.raises(GesteRefuse, match="se déclare une fois validée"):
        calme.declarer()


@pytest.mark.parametrize(
    ("motifs", "mots"),
    [({AGENT: " "}, "dit sa raison"), ({}, "dit sa raison"), ({"LB099": "x"}, "pas de bulletin à refuser")],
)
def test_un_refus_sans_raison_ou_sans_bulletin_ne_s_inscrit_pas(calme: Lieu, motifs: dict[str, str], mots: str) -> None:
    with pytest.raises(GesteRefuse, match=mots):
        refuse_payslips(calme.registre, calme.code, MOIS, acte(11), motifs)


def test_une_paie_declaree_ne_se_refuse_plus(calme: Lieu) -> None:
    calme.valider()
    calme.declarer()
    with pytest.raises(GesteRefuse, match="avant la déclaration"):
        refuse_payslips(calme.registre, calme.code, MOIS, acte(40), {AGENT: "x"})


def test_le_double_regard_demande_deux_personnes(calme: Lieu) -> None:
    calme.set(Adherent, quatre_yeux=True)
    assert approve(calme.registre, calme.code, MOIS, acte(20, "anne")).etat == "calculee"
    with pytest.raises(GesteRefuse, match="se déclare une fois validée"):
        calme.declarer()
    with pytest.raises(GesteRefuse, match="avez déjà approuvé"):
        approve(calme.registre, calme.code, MOIS, acte(21, "anne"))
    assert approve(calme.registre, calme.code, MOIS, acte(22, "jean")).etat == "validee"
    assert calme.gestes()[-2:] == ["premier-regard", "valider"]


def test_un_recalcul_entre_les_deux_regards_annule_le_premier(calme: Lieu) -> None:
    calme.set(Adherent, quatre_yeux=True)
    approve(calme.registre, calme.code, MOIS, acte(20, "anne"))
    correct_element(calme.registre, calme.code, AGENT, MOIS, acte(21), rubrique="cia", valeur=1_000, motif="x")
    calme.calculer(minutes=22)
    assert approve(calme.registre, calme.code, MOIS, acte(23, "jean")).etat == "calculee"
    assert approve(calme.registre, calme.code, MOIS, acte(24, "anne")).etat == "validee"


def test_en_bloc_seuls_passent_les_adherents_sans_remarque(lieu: Lieu, ouvrir_lieu: Ouvrir) -> None:
    autre = deux_mois(ouvrir_lieu("ccas-marsaquet"))
    deux_mois(lieu, dict(element(AGENT, "cia", "40,00")))
    results = {
        result.code: result.approuvee
        for result in approve_clean(lieu.registre, ["ccas-marsaquet", "lubescaux"], MOIS, acte(30))
    }
    assert results["lubescaux"] is False
    assert lieu.paie().etat == "calculee"
    assert results["ccas-marsaquet"] is (autre.paie().etat == "validee")
    assert (codes(autre) - {"avertissement_connu"} == set()) is results["ccas-marsaquet"]
