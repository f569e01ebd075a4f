"""Un retour de net-entreprises au registre : taux datés, message retrouvé, rien deux fois, rien de personnel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from flows.retours import collect_returns
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.retours import RetourRecu, receive_return
from payroll.store.tables import Adherent, Agent, Evenement, MessageDsn, TauxPas
from payroll.store.tables_dsn import EnvoiDsn, EtatEnvoi, EtatRetour, RetourDsn
from tests.dsn.retours.fabrique import anomalie, individu, retour
from tests.month.gestes import MOIS, Lieu

LE_15_DECEMBRE = Acte("prefect", datetime(2026, 12, 15, 12, tzinfo=UTC))
LE_20_JANVIER = Acte("prefect", datetime(2027, 1, 20, 12, tzinfo=UTC))


def recevoir(lieu: Lieu, content: bytes, acte: Acte = LE_15_DECEMBRE, nom: str = "crm-94.xml") -> RetourRecu:
    return receive_return(lieu.registre, nom, content, acte)


def siret(lieu: Lieu) -> str:
    return str(lieu.rows(Adherent)[0].siret)


def agents(lieu: Lieu) -> list[Agent]:
    return list(lieu.rows(Agent))


def taux(lieu: Lieu, agent: Agent) -> list[tuple[int, str, date, date | None]]:
    """Les taux d'un agent, du plus ancien au plus récent."""
    rows = [row for row in lieu.rows(TauxPas) if row.agent_id == agent.id]
    return [(row.taux_ppm, row.identifiant, row.du, row.au) for row in sorted(rows, key=lambda row: row.du)]


def test_un_compte_rendu_date_les_taux_et_un_taux_absent_ferme_le_precedent(lieu: Lieu) -> None:
    """Reçu le 15 décembre 2026, mois pas ouvert : du 1er décembre à la fin du deuxième mois suivant, février."""
    first, second, third, *_ = agents(lieu)
    before = {agent.id: taux(lieu, agent) for agent in (first, second, third)}
    content = retour(
        siret=siret(lieu), individus=[individu(first.nir[:13], "4.20"), individu(second.nir[:13])], identifiant="777"
    )
    received = recevoir(lieu, content)
    assert (received.etat, received.bilan) == ("lu", {"taux": 1, "sans_taux": 1, "inconnus": 0, "sans_ligne": 0})
    assert taux(lieu, first)[-1] == (42_000, "777", date(2026, 12, 1), date(2027, 2, 28))
    assert taux(lieu, first)[-2][3] == date(2026, 11, 30)
    # Sans taux transmis : aucune ligne après novembre, donc la grille par défaut ; jamais un taux nul.
    assert [row[:3] for row in taux(lieu, second)] == [row[:3] for row in before[second.id]]
    assert taux(lieu, second)[-1][3] == date(2026, 11, 30)
    assert taux(lieu, third) == before[third.id]


def test_une_paie_deja_validee_garde_son_taux(ouvrir_lieu: Callable[[str], Lieu]) -> None:
    """Décembre validé le 10 : un compte-rendu du 15 ne vaut qu'à partir de janvier."""
    lieu = ouvrir_lieu("lubescaux")
    lieu.jusqu_a_la_restitution(MOIS)
    december = MOIS.next
    lieu.ouvrir(december)
    lieu.calculer(december)
    agent = agents(lieu)[0]
    content = retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "4.20")])
    lieu.valider(december, commentaire="essai")
    recevoir(lieu, content)
    assert taux(lieu, agent)[-1][2] == date(2027, 1, 1)


def test_le_meme_fichier_deux_fois_ne_change_rien(lieu: Lieu) -> None:
    agent = agents(lieu)[0]
    content = retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "4.20")])
    assert recevoir(lieu, content).nouveau is True
    before = (lieu.rows(TauxPas), lieu.rows(RetourDsn), len(lieu.rows(Evenement)))
    again = recevoir(lieu, content, LE_20_JANVIER, nom="copie.xml")
    assert (again.nouveau, again.phrase) == (False, "déjà reçu, rien n'est refait")
    assert (lieu.rows(TauxPas), lieu.rows(RetourDsn), len(lieu.rows(Evenement))) == before


def test_un_compte_rendu_enrichi_remplace_ce_qui_n_a_pas_encore_servi(lieu: Lieu) -> None:
    """Un organisme peut récrire son retour : même mois, autre contenu ; il n'y a pas deux taux pour un mois."""
    agent = agents(lieu)[0]
    recevoir(lieu, retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "4.20")]))
    recevoir(lieu, retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "5.00")], identifiant="888"))
    after = [row for row in taux(lieu, agent) if row[2] == date(2026, 12, 1)]
    assert after == [(50_000, "888", date(2026, 12, 1), date(2027, 2, 28))]


def test_un_compte_rendu_ancien_arrive_apres_ne_defait_rien(lieu: Lieu) -> None:
    agent = agents(lieu)[0]
    recevoir(lieu, retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "4.20")], mois="01112026"))
    before = taux(lieu, agent)
    late = recevoir(lieu, retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "9.90")], mois="01102026"))
    assert late.etat == EtatRetour.DEPASSE
    assert taux(lieu, agent) == before


def test_un_individu_inconnu_est_dit_par_son_rang_et_les_autres_sont_lus(lieu: Lieu) -> None:
    agent = agents(lieu)[0]
    stranger = individu("1990199999001", "1.00")
    received = recevoir(lieu, retour(siret=siret(lieu), individus=[stranger, individu(agent.nir[:13], "4.20")]))
    assert received.bilan["inconnus"] == 1
    (constat,) = received.anomalies
    assert (constat.code, "n° 1" in constat.message) == ("agent-inconnu", True)
    assert taux(lieu, agent)[-1][0] == 42_000


def test_un_taux_illisible_garde_le_taux_precedent(lieu: Lieu) -> None:
    agent = agents(lieu)[0]
    before = taux(lieu, agent)
    received = recevoir(lieu, retour(siret=siret(lieu), individus=[individu(agent.nir[:13], "beaucoup")]))
    assert [constat.code for constat in received.anomalies] == ["ret-02"]
    assert taux(lieu, agent) == before


def test_le_retour_retrouve_son_message_et_nomme_les_agents_oublies(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution(MOIS)
    (message,) = lieu.rows(MessageDsn)
    told, *others = agents(lieu)
    received = recevoir(lieu, retour(siret=siret(lieu), individus=[individu(told.nir[:13], "4.20")]))
    assert received.relie is True
    assert lieu.rows(RetourDsn)[0].message_sha256 == message.sha256
    assert {constat.matricule for constat in received.anomalies} == {agent.matricule for agent in others}
    # Un autre numéro d'ordre n'est pas ce message-là.
    other = recevoir(lieu, retour("CCO", siret=siret(lieu), ordre="9", etat="OK"))
    assert other.relie is False


def test_un_bilan_d_anomalies_est_garde_situe_et_relie(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution(MOIS)
    found = anomalie("S21.G00.40.020/CCH-12", "Nature et régime ne vont pas ensemble", ligne="118")
    received = recevoir(lieu, retour("BAN", siret=siret(lieu), etat="KO", anomalies=[found]), nom="bilan.xml")
    (constat,) = received.anomalies
    assert (received.type, received.relie, constat.cellule) == ("bilan", True, "ligne 118 du message")
    assert constat.gravite == "bloquant"
    assert lieu.rows(RetourDsn)[0].conformite == "KO"


def test_un_certificat_ne_touche_aucun_taux(lieu: Lieu) -> None:
    before = lieu.rows(TauxPas)
    assert recevoir(lieu, retour("CCO", siret=siret(lieu), etat="OK")).anomalies == ()
    assert lieu.rows(TauxPas) == before


def test_le_certificat_de_la_mensuelle_est_rendu_a_l_adherent(lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution(MOIS)
    content = retour("CCO", siret=siret(lieu), etat="OK")
    # Ni celui d'un autre message, ni un bilan d'anomalies, qui peut nommer quelqu'un.
    recevoir(lieu, retour("CCO", siret=siret(lieu), ordre="9", etat="OK"))
    recevoir(lieu, retour("BAN", siret=siret(lieu), etat="KO"), nom="bilan.xml")
    assert lieu.dus() == []
    for _ in range(2):
        recevoir(lieu, content)
    assert lieu.dus() == [f"certificat-dsn-{MOIS}-{lieu.code}.xml"]
    assert lieu.content(lieu.dus()[0]) == content


@pytest.mark.parametrize(("type_", "etat"), [("AEE", EtatEnvoi.DEPOSE), ("ARE", EtatEnvoi.REJETE)])
def test_un_accuse_ou_un_rejet_dit_le_sort_de_l_envoi(type_: str, etat: EtatEnvoi, lieu: Lieu) -> None:
    lieu.jusqu_a_la_restitution(MOIS)
    (message,) = lieu.rows(MessageDsn)
    with lieu.registre.transaction() as session:
        session.add(
            EnvoiDsn(
                adherent_id=lieu.rows(Adherent)[0].id,
                sha256=message.sha256,
                nature="01",
                mois=str(MOIS),
                numero_ordre=1,
                essai=True,
                nom="x.dsn",
                inscrit_le=LE_15_DECEMBRE.moment,
            )
        )
    recevoir(lieu, retour(type_, siret=siret(lieu)))
    (sent,) = lieu.rows(EnvoiDsn)
    assert (sent.etat, sent.idflux) == (etat, "flux-1")


def test_un_retour_refuse_est_garde_et_relu_une_fois_l_adherent_inscrit(
    lieu: Lieu, ouvrir_lieu: Callable[[str], Lieu]
) -> None:
    content = retour("CCO", siret="99900210800010")
    assert recevoir(lieu, content).etat == EtatRetour.REFUSE
    assert len(lieu.rows(RetourDsn)) == 1
    ouvrir_lieu("pouymirede")
    again = recevoir(lieu, content)
    assert (again.etat, again.adherent, len(lieu.rows(RetourDsn))) == (EtatRetour.LU, "pouymirede", 1)


@pytest.mark.hostile
def test_un_fichier_qui_n_est_pas_un_retour_est_garde_et_dit(lieu: Lieu) -> None:
    received = recevoir(lieu, b"<!DOCTYPE a><a/>", nom="../../DURAND 1800540999012.xml")
    assert (received.etat, received.nom) == (EtatRetour.REFUSE, "retour.xml")
    assert "XML lisible" in str(received.anomalies[0])
    assert lieu.registre.pieces.get(lieu.rows(RetourDsn)[0].sha256) == b"<!DOCTYPE a><a/>"


@pytest.mark.privacy
def test_ni_nir_ni_nom_dans_les_constats_ni_au_journal(lieu: Lieu) -> None:
    people = [individu(agent.nir[:13], "4.20", agent.nom) for agent in agents(lieu)[:2]]
    found = anomalie("X", f"Individu {agents(lieu)[0].nir[:13]} inconnu")
    received = recevoir(
        lieu, retour(siret=siret(lieu), individus=[*people, individu("1990199999001")], anomalies=[found])
    )
    told = f"{received} {[row.detail for row in lieu.rows(Evenement)]} {lieu.rows(RetourDsn)}"
    secrets = {agent.nir[:13] for agent in agents(lieu)} | lieu.noms() | {"1990199999001"}
    assert not [secret for secret in secrets if secret in told]


def test_le_dossier_se_releve_sans_effet_la_seconde_fois(lieu: Lieu, tmp_path: Path) -> None:
    """Seuls les .xml ordinaires : ni téléchargement en cours, ni lien ; un fichier fautif n'arrête rien."""
    folder = tmp_path / "retours"
    folder.mkdir()
    (folder / "a-illisible.xml").write_bytes(b"<")
    (folder / "b-certificat.XML").write_bytes(retour("CCO", siret=siret(lieu)))
    (folder / ".encours.xml").write_bytes(retour("CCO", siret=siret(lieu), ordre="2"))
    (folder / "note.txt").write_bytes(b"x")
    (folder / "lien.xml").symlink_to(tmp_path / "ailleurs.xml")
    (tmp_path / "ailleurs.xml").write_bytes(retour("CCO", siret=siret(lieu), ordre="3"))
    first = collect_returns(lieu.registre, folder, LE_15_DECEMBRE)
    assert [(item.nom, item.etat) for item in first] == [("a-illisible.xml", "refuse"), ("b-certificat.XML", "lu")]
    second = collect_returns(lieu.registre, folder, LE_20_JANVIER)
    assert [item.nouveau for item in second] == [True, False]
    assert len(lieu.rows(RetourDsn)) == 2
    assert sorted(path.name for path in folder.iterdir())[-1] == "note.txt"


def test_un_dossier_absent_est_dit_en_une_phrase(lieu: Lieu, tmp_path: Path) -> None:
    with pytest.raises(GesteRefuse, match="PAIE_DOSSIER_RETOURS"):
        collect_returns(lieu.registre, tmp_path / "absent", LE_15_DECEMBRE)
