"""La page DSN : produire, contrôler, rapprocher, remettre, recevoir les retours ; ce qui est hostile est refusé."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from pathlib import Path

import pytest
from sqlmodel import select
from starlette.testclient import TestClient

from desk.bureau.demande import Bureau
from payroll.month.commun import Acte
from payroll.month.fiche_dsn import read_dsn
from payroll.month.valider import approve
from payroll.settings import Environnement, Reglages
from payroll.store.tables import Absence, Adherent, Agent, Contrat, TauxPas
from payroll.store.tables_dsn import RetourDsn
from tests.bureau.conftest import INSTANT, MOIS, Installation, envoie, jeton
from tests.bureau.lire import texte
from tests.dsn.retours.fabrique import anomalie, individu, retour

ICI = "/adherents/lubescaux/dsn"


def approuve(installation: Installation) -> None:
    approve(installation.registre, "lubescaux", MOIS, Acte("c.ajonc", INSTANT), commentaire="essai")


@pytest.fixture
def declaree(installation: Installation) -> TestClient:
    """La DSN de novembre produite par la page ; rend le navigateur de la gestionnaire."""
    approuve(installation)
    client = installation.connecte("gestionnaire")
    done = envoie(client, f"{ICI}/produire", page=ICI)
    assert done.status_code == 303, done.text
    return client


def depose(client: TestClient, content: bytes, nom: str = "crm.xml") -> tuple[int, str]:
    """Dépose un retour par le formulaire ; rend le statut et le texte de la page."""
    answer = client.post(f"{ICI}/retours", data={"csrf": jeton(client, ICI)}, files={"retours": (nom, content)})
    return answer.status_code, unescape(answer.text)


def siret(installation: Installation, code: str = "lubescaux") -> str:
    with installation.registre.transaction() as session:
        return session.exec(select(Adherent.siret).where(Adherent.code == code)).one()


def test_produire_puis_lire_les_controles_et_le_rapprochement(declaree: TestClient, installation: Installation) -> None:
    page = unescape(declaree.get(ICI).text)

    assert "aucune bloquante" in page, "la page dit ce qui vient d'être fait"
    assert "Rapprochement avec les bulletins" in page
    assert "À expliquer" not in page
    fiche = read_dsn(installation.registre, "lubescaux", MOIS)
    assert page.count("COD-01") == sum(one.code == "COD-01" for one in fiche.messages[-1].anomalies) > 0
    answer = declaree.get(f"{ICI}/messages/{fiche.messages[-1].id}")
    assert answer.content.startswith(b"S10.G00.00.001")
    assert 'filename="dsn-2026-11-lubescaux-1.dsn"' in answer.headers["content-disposition"]
    assert [row.par for row in installation.refus("télécharger")] == ["g.pin"]


def test_une_paie_qui_n_est_pas_approuvee_ne_se_declare_pas(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")

    assert "Réviser et approuver la paie" in client.get(ICI).text
    refused = envoie(client, f"{ICI}/produire", page=ICI)
    assert refused.status_code == 422
    assert "une fois validée" in unescape(refused.text)


def test_poser_ecrit_le_message_et_se_repete_sans_effet(declaree: TestClient, installation: Installation) -> None:
    envoie(declaree, f"{ICI}/poser", page=ICI)
    assert [path.name for path in installation.reglages.declarations.iterdir()] == ["dsn-2026-11-lubescaux-1.dsn"]
    envoie(declaree, f"{ICI}/poser", page=ICI)

    assert "Tout était déjà posé" in unescape(declaree.get(ICI).text)


def test_un_annule_et_remplace_qui_redirait_la_meme_chose_est_refuse(declaree: TestClient) -> None:
    refused = envoie(declaree, f"{ICI}/produire", page=ICI, remplacer="oui")

    assert refused.status_code == 422
    assert "redirait la même chose" in unescape(refused.text)


def test_un_compte_rendu_date_les_taux(declaree: TestClient, installation: Installation) -> None:
    with installation.registre.transaction() as session:
        agent = session.exec(select(Agent).where(Agent.matricule == "LB002")).one()
    content = retour(siret=siret(installation), individus=[individu(agent.nir[:13], "4.20")])
    status, _ = depose(declaree, content)

    assert status == 303
    with installation.registre.transaction() as session:
        rates = session.exec(select(TauxPas.taux_ppm).where(TauxPas.agent_id == agent.id)).all()
    assert 42_000 in rates
    page = unescape(declaree.get(ICI).text)
    assert "1 taux reçus" in page
    assert agent.nir[:13] not in page


def test_un_bilan_d_anomalies_se_lit_ligne_par_ligne(declaree: TestClient, installation: Installation) -> None:
    content = retour(
        "BAN", siret=siret(installation), identifiant=None, anomalies=[anomalie("CCH-11", "Valeur <b>fausse</b>")]
    )
    status, text = depose(declaree, content)
    page = declaree.get(ICI).text if status == 303 else text

    assert "Ligne 12 du message" in texte(page)
    assert "<b>fausse" not in page


@pytest.mark.hostile
@pytest.mark.parametrize(
    ("content", "dit"),
    [
        (b"", "n'est pas re"),
        (b"ceci n'est pas du XML", "n'est pas re"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "n'est pas re"),
    ],
)
def test_un_retour_hostile_est_refuse_et_rien_n_en_reste(
    declaree: TestClient, installation: Installation, content: bytes, dit: str
) -> None:
    status, text = depose(declaree, content, "<script>.xml")

    assert status == 422
    assert dit in texte(text)
    assert "<script>.xml" in text
    with installation.registre.transaction() as session:
        assert session.exec(select(RetourDsn)).all() == []


@pytest.mark.hostile
def test_le_retour_d_un_autre_adherent_ne_passe_pas_par_ici(declaree: TestClient, installation: Installation) -> None:
    other = siret(installation, "ccas-marsaquet")
    status, text = depose(declaree, retour(siret=other))

    assert status == 422
    assert f"parle de {other}" in text
    assert installation.refus("refuser un retour")


def test_sans_fichier_la_page_dit_lequel_choisir(declaree: TestClient) -> None:
    refused = envoie(declaree, f"{ICI}/retours", page=ICI)

    assert refused.status_code == 422
    assert "Choisissez le fichier XML" in unescape(refused.text)


@pytest.fixture
def production(installation: Installation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Installation:
    """La même installation, au réglage de production."""
    for name, value in {"SIREN": "999700057", "NIC": "00014", "RAISON_SOCIALE": "AGENCE", "ADRESSE": "1 RUE"}.items():
        monkeypatch.setenv(f"PAIE_EMETTEUR_{name}", value)
    approuve(installation)
    bureau: Bureau = installation.app.state.bureau
    real = Reglages(
        repertoire=bureau.reglages.repertoire,
        environnement=Environnement.PRODUCTION,
        fichier_cles=tmp_path / "cles",
        siret_ircantec="99900010200015",
        horloge_figee=INSTANT,
    )
    installation.app.state.bureau = Bureau(
        bureau.registre, real, bureau.bureau, bureau.gabarits, bureau.horloge, bureau.temoin
    )
    return installation


def test_en_production_un_envoi_demande_qui_a_relu_les_doutes(production: Installation) -> None:
    client = production.connecte("gestionnaire")
    assert "que personne n’a confirmées" in unescape(client.get(ICI).text)

    refused = envoie(client, f"{ICI}/produire", page=ICI)
    assert refused.status_code == 422
    assert "Relisez-les" in unescape(refused.text)
    assert not production.refus("déclarer")

    done = envoie(client, f"{ICI}/produire", page=ICI, confirmation="Relus par C. Ajonc, sur les textes")
    assert done.status_code == 303, re.sub(r"<[^>]+>", " ", done.text)
    (trace,) = production.refus("déclarer")
    assert (trace.par, trace.detail["confirmation"]) == ("g.pin", "Relus par C. Ajonc, sur les textes")


@pytest.mark.parametrize(
    ("statut", "dit"),
    [
        ("titulaire", "1 événement de la fonction publique : la mensuelle les porte"),
        ("contractuel", "cmo 2026-11-03"),
    ],
)
def test_un_arret_se_signale_ou_se_dit_hors_du_champ(installation: Installation, statut: str, dit: str) -> None:
    client = installation.connecte("gestionnaire")
    assert "Rien à signaler." in texte(client.get(ICI).text)
    with installation.registre.transaction() as session:
        contrat = session.exec(select(Contrat).where(Contrat.numero == "LB00201")).one()
        contrat.statut = statut
        session.add(contrat)
        days = {"debut": date(2026, 11, 3), "fin": date(2026, 11, 12)}
        session.add(Absence(adherent_id=contrat.adherent_id, contrat_id=contrat.id or 0, type="cmo", **days))
    page = texte(client.get(ICI).text)

    assert dit in page
    assert ("En attente" in page) == (statut == "contractuel"), "aucune mensuelle n'est encore déclarée ici"
