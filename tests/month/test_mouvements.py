"""Arrivées, départs, contrats et comptes : la décision du gestionnaire l'emporte, se trace et s'annule."""

from __future__ import annotations

from datetime import date

import pytest

from payroll.anomalies import Anomalie
from payroll.month.commun import GesteRefuse
from payroll.month.conditions import cancel_conditions, change_conditions
from payroll.month.mouvements import (
    Mouvement,
    cancel_entry,
    cancel_exit,
    change_bank,
    change_entry,
    enter_agent,
    set_exit,
)
from payroll.store.tables import Agent, Contrat, EtatPaie, Evenement, Paie, SituationContrat, SortieAnnoncee
from tests.month.gestes import MOIS, Donnees, Lieu, acte, description

AGENT, NUMERO = "LB002", "LB00201"
IBAN = "FR7630006000011234567890189"


def nouveau(matricule: str = "LB050", numero: str = "LB05001", **change: object) -> Donnees:
    """Un agent qui arrive : LB002 sous un autre matricule et un autre NIR."""
    data = next(a for a in description("lubescaux")["agents"] if a["matricule"] == AGENT)
    data |= {"matricule": matricule, "nir": "285064019900132", **change}
    data["contrats"] = [{**data["contrats"][0], "numero": numero, "date_debut": "2026-11-16", "cumuls": []}]
    data["contrats"][0]["situations"] = [{**data["contrats"][0]["situations"][0], "du": "2026-11-16"}]
    data["contrats"][0]["permanents"] = []
    return data


def contrat(lieu: Lieu, numero: str = NUMERO) -> Contrat:
    return next(row for row in lieu.rows(Contrat) if row.numero == numero)


def arriver(lieu: Lieu, data: Donnees | None = None) -> tuple[Mouvement, ...] | list[Anomalie]:
    return enter_agent(lieu.registre, lieu.code, data or nouveau(), acte(), motif="arrêté 2026-41", fichier="a.yaml")


def partir(lieu: Lieu, le: date, nature: str = "retraite", motif: str = "arrêté 2026-42") -> str:
    return set_exit(lieu.registre, lieu.code, AGENT, acte(), le=le, nature=nature, motif=motif).phrase


def fermer(lieu: Lieu, etat: EtatPaie = EtatPaie.DECLAREE) -> None:
    lieu.ouvrir()
    with lieu.registre.transaction() as session:
        paie = session.get_one(Paie, 1)
        paie.etat = etat
        session.add(paie)


def test_un_agent_arrive_est_paye_au_prorata_et_le_journal_le_dit(lieu: Lieu) -> None:
    (done,) = arriver(lieu)
    assert isinstance(done, Mouvement)
    assert (done.matricule, done.contrat, done.phrase) == ("LB050", "LB05001", "contrat ouvert le 16/11/2026")
    event = lieu.rows(Evenement)[-1]
    assert (event.geste, event.detail["motif"], event.detail["matricule"]) == (
        "entrer-agent",
        "arrêté 2026-41",
        "LB050",
    )
    assert "285064019900132" not in str(event.detail)
    lieu.ouvrir()
    lieu.calculer()
    assert "LB05001" in lieu.bulletins()


def test_le_redire_n_inscrit_rien_de_plus(lieu: Lieu) -> None:
    arriver(lieu)
    agents, contrats = len(lieu.rows(Agent)), len(lieu.rows(Contrat))
    assert arriver(lieu) == ()
    assert (len(lieu.rows(Agent)), len(lieu.rows(Contrat))) == (agents, contrats)


def test_un_agent_connu_ouvre_un_nouveau_contrat(lieu: Lieu) -> None:
    known = next(a for a in description("lubescaux")["agents"] if a["matricule"] == AGENT)
    data = nouveau(AGENT, "LB00202", nir=known["nir"])
    assert [m.contrat for m in arriver(lieu, data) if isinstance(m, Mouvement)] == ["LB00202"]
    assert contrat(lieu, "LB00202").agent_id == contrat(lieu).agent_id


def test_une_description_fautive_dit_ou_sans_nommer_personne(lieu: Lieu) -> None:
    found = arriver(lieu, nouveau(nir="1", code_postal="quarante"))
    assert isinstance(found, list)
    assert {(a.code, a.fichier, a.cellule) for a in found} == {
        ("agent-invalide", "a.yaml", "nir"), ("agent-invalide", "a.yaml", "code_postal"),
    }  # fmt: skip
    assert len([row for row in lieu.rows(Agent) if row.matricule == "LB050"]) == 0


@pytest.mark.parametrize(
    ("data", "mots"),
    [
        (nouveau(AGENT, "LB00209"), "celui d'une autre personne"),
        (nouveau("LB050", NUMERO), "porte déjà l'un de ces numéros"),
    ],
)
def test_une_arrivee_ne_prend_la_place_de_personne(lieu: Lieu, data: Donnees, mots: str) -> None:
    with pytest.raises(GesteRefuse, match=mots):
        arriver(lieu, data)


def test_une_arrivee_annulee_ne_laisse_rien_sauf_le_journal(lieu: Lieu) -> None:
    before = [len(lieu.rows(table)) for table in (Agent, Contrat, SituationContrat)]
    arriver(lieu)
    done = cancel_entry(lieu.registre, lieu.code, "LB050", acte(1), motif="renoncement")
    assert done.phrase == "contrat du 16/11/2026 retiré"
    assert [len(lieu.rows(table)) for table in (Agent, Contrat, SituationContrat)] == before
    assert [row.geste for row in lieu.rows(Evenement)][-2:] == ["entrer-agent", "annuler-entree"]


def test_un_contrat_qui_a_servi_ne_s_efface_pas(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    with pytest.raises(GesteRefuse, match=r"a déjà servi .*bulletin.* Datez plutôt un départ"):
        cancel_entry(lieu.registre, lieu.code, AGENT, acte(), motif="erreur")


def test_le_premier_jour_se_corrige_avec_ses_conditions(lieu: Lieu) -> None:
    arriver(lieu)
    done = change_entry(lieu.registre, lieu.code, "LB050", acte(1), du=date(2026, 11, 9), motif="PV d'installation")
    assert done.phrase == "entrée le 09/11/2026, au lieu du 16/11/2026"
    row = contrat(lieu, "LB05001")
    (conditions,) = [item for item in lieu.rows(SituationContrat) if item.contrat_id == row.id]
    assert (row.date_debut, conditions.du) == (date(2026, 11, 9), date(2026, 11, 9))


def test_un_premier_jour_recule_dans_un_mois_declare_appelle_un_rappel_et_ne_s_avance_plus(lieu: Lieu) -> None:
    arriver(lieu)
    fermer(lieu)
    done = change_entry(lieu.registre, lieu.code, "LB050", acte(1), du=date(2026, 11, 9), motif="PV d'installation")
    assert done.mois_payes == (MOIS,)
    with pytest.raises(GesteRefuse, match="laisse un trop-perçu"):
        change_entry(lieu.registre, lieu.code, "LB050", acte(2), du=date(2026, 12, 1), motif="erreur")


def test_un_depart_se_date_se_redate_et_s_annule(lieu: Lieu) -> None:
    assert partir(lieu, date(2026, 11, 20)) == "départ le 20/11/2026"
    assert (contrat(lieu).date_fin, contrat(lieu).motif_fin) == (date(2026, 11, 20), "039")
    assert partir(lieu, date(2026, 11, 25), "059") == "départ le 25/11/2026, au lieu du 20/11/2026"
    done = cancel_exit(lieu.registre, lieu.code, AGENT, acte(3), motif="l'agent reste")
    assert done.phrase == "départ du 25/11/2026 annulé : le contrat continue"
    assert (contrat(lieu).date_fin, contrat(lieu).motif_fin) == (None, "")
    gestes = [(row.geste, row.detail.get("ancien")) for row in lieu.rows(Evenement) if "depart" in row.geste]
    assert gestes == [("dater-depart", ""), ("dater-depart", "2026-11-20"), ("annuler-depart", "2026-11-25")]


def test_un_motif_sans_code_dsn_le_dit(lieu: Lieu) -> None:
    assert partir(lieu, date(2026, 11, 20), "mutation").endswith("son motif de fin reste à choisir pour la DSN")


def test_un_depart_au_dela_des_normes_connues_lit_la_derniere(lieu: Lieu) -> None:
    assert partir(lieu, date(2027, 3, 31), "038") == "départ le 31/03/2027"
    assert contrat(lieu).motif_fin == "038"


def test_la_decision_l_emporte_sur_le_depart_du_fichier(lieu: Lieu) -> None:
    contrat_id, adherent_id = contrat(lieu).id, contrat(lieu).adherent_id
    lieu.ouvrir()
    depot = lieu.deposer(b"#adherent;lubescaux\n#mois;2026-11\nmatricule;code;valeur\nLB002;cia;1\n")
    with lieu.registre.transaction() as session:
        session.add(
            SortieAnnoncee(
                adherent_id=adherent_id,
                fichier_id=depot.id,
                contrat_id=contrat_id,
                date=date(2026, 11, 10),
                motif="059",
            )
        )
    assert partir(lieu, date(2026, 11, 20)) == "départ le 20/11/2026, au lieu du 10/11/2026"
    assert lieu.rows(SortieAnnoncee) == []


@pytest.mark.parametrize("etat", [EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE])
def test_un_mois_declare_refuse_un_depart_et_dit_quoi_faire(lieu: Lieu, etat: EtatPaie) -> None:
    fermer(lieu, etat)
    with pytest.raises(GesteRefuse, match=r"Datez-le du 30/11/2026 au plus tôt.*paie rappel saisir.*paie rouvrir"):
        partir(lieu, date(2026, 11, 20))
    assert partir(lieu, date(2026, 11, 30)) == "départ le 30/11/2026"


@pytest.mark.parametrize(
    ("le", "nature", "motif", "mots"),
    [
        (date(2026, 11, 20), "lassitude", "x", "Motif de départ inconnu"),
        (date(2026, 11, 20), "040", "x", r"« 040 » n'est pas de la table .*: 037 .*038 .*039 .*043 \(rupture conv"),
        (date(2026, 11, 20), "39", "x", r"« 39 » n'est pas de la table .*039 \(départ à la retraite"),
        (date(2026, 11, 20), "099", "x", "« 099 » n'est pas de la table"),
        (date(2027, 3, 31), "040", "x", "« 040 » n'est pas de la table"),
        (date(1999, 1, 1), "retraite", "x", "ne peut le précéder"),
        (date(2026, 11, 20), "retraite", " ", "dit sa raison"),
    ],
)
def test_un_depart_mal_dit_est_refuse(lieu: Lieu, le: date, nature: str, motif: str, mots: str) -> None:
    with pytest.raises(GesteRefuse, match=mots):
        partir(lieu, le, nature, motif)


def test_annuler_un_depart_qui_n_existe_pas_est_refuse(lieu: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="aucun départ daté"):
        cancel_exit(lieu.registre, lieu.code, AGENT, acte(), motif="x")


def test_des_conditions_annulees_rendent_celles_d_avant(lieu: Lieu) -> None:
    change_conditions(
        lieu.registre, lieu.code, AGENT, acte(), du=date(2026, 11, 15), valeurs={"indice_majore": "385"}, motif="arrêté"
    )
    done = cancel_conditions(lieu.registre, lieu.code, AGENT, acte(1), du=date(2026, 11, 15), motif="arrêté retiré")
    assert (done.anciennes, done.nouvelles, done.jusqu_au) == ({"indice_majore": 385}, {"indice_majore": 377}, None)
    (row,) = [item for item in lieu.rows(SituationContrat) if item.contrat_id == contrat(lieu).id]
    assert (row.indice_majore, row.au) == (377, None)
    with pytest.raises(GesteRefuse, match="Aucun changement de conditions"):
        cancel_conditions(lieu.registre, lieu.code, AGENT, acte(2), du=date(2026, 11, 15), motif="encore")


@pytest.mark.privacy
def test_un_compte_change_sans_que_le_journal_le_dise(lieu: Lieu) -> None:
    done = change_bank(
        lieu.registre, lieu.code, AGENT, acte(), iban="FR76 3000 6000 0112 3456 7890 189", bic="", motif="RIB"
    )
    assert done.phrase == "compte bancaire changé"
    assert next(row for row in lieu.rows(Agent) if row.matricule == AGENT).iban == IBAN
    event = lieu.rows(Evenement)[-1]
    assert (event.geste, event.detail["change"]) == ("changer-compte", True)
    assert "3456" not in str(event.detail)
    again = change_bank(lieu.registre, lieu.code, AGENT, acte(1), iban=IBAN, bic="", motif="RIB")
    assert again.phrase == "c'était déjà ce compte"


@pytest.mark.parametrize(("iban", "bic"), [("FR7630006000011234567890188", ""), ("", ""), (IBAN, "PAS-UN-BIC")])
def test_un_compte_faux_est_refuse_sans_etre_redit(lieu: Lieu, iban: str, bic: str) -> None:
    with pytest.raises(GesteRefuse) as refus:
        change_bank(lieu.registre, lieu.code, AGENT, acte(), iban=iban, bic=bic, motif="RIB")
    assert "3456" not in refus.value.message
