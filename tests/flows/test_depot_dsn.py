"""Déposer et relever : rien deux fois, rien perdu, rien hors production."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flows.depot_dsn import AccesDsn, collect_remote, deposit_all, is_active, open_client
from flows.net_entreprises import NetEntreprises
from payroll.month import deposer
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.deposer import enroll_sendings, forget_deposit, place_sendings, sendings
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Agent, MessageDsn
from payroll.store.tables_dsn import EnvoiDsn, EtatEnvoi, RetourDsn
from tests.dsn.retours.fabrique import individu, retour
from tests.flows.point_de_depot import IDENTIFIANTS, Etat, point_de_depot, publish
from tests.month.gestes import DECLARANT, MOIS, Lieu, description, inscrire

MAINTENANT = Acte("gestionnaire", datetime(2026, 12, 15, 11, tzinfo=UTC))
"""Midi à Paris."""


@pytest.fixture
def commune(tmp_path: Path) -> Iterator[Lieu]:
    """Lubescaux, novembre déclaré pour de bon (envoi réel)."""
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()
    lieu = inscrire(registre, tmp_path, description("lubescaux"))
    lieu.ouvrir()
    lieu.calculer()
    lieu.valider(commentaire="essai")
    lieu.declarer(declarant=replace(DECLARANT, essai=False))
    yield lieu
    registre.close()


@pytest.fixture
def depot() -> Iterator[tuple[Etat, NetEntreprises]]:
    with point_de_depot() as (state, places), NetEntreprises(IDENTIFIANTS, places, pause=lambda _: None) as client:
        yield state, client


def deposer_tout(lieu: Lieu, client: NetEntreprises, moment: Acte = MAINTENANT) -> list[str]:
    enroll_sendings(lieu.registre, lieu.code, moment)
    return deposit_all(lieu.registre, client, lieu.code, lieu.rows(Adherent)[0].siret, moment)


def etats(lieu: Lieu) -> list[tuple[str, str]]:
    return [(row.etat, row.idflux) for row in lieu.rows(EnvoiDsn)]


def test_un_message_declare_se_pose_une_fois(commune: Lieu, tmp_path: Path) -> None:
    folder = tmp_path / "declarations"
    assert enroll_sendings(commune.registre, commune.code, MAINTENANT) == 1
    assert enroll_sendings(commune.registre, commune.code, MAINTENANT) == 0
    assert [item.nom for item in place_sendings(commune.registre, commune.code, folder, MAINTENANT)] == [
        "dsn-2026-11-lubescaux-1.dsn"
    ]
    (path,) = folder.iterdir()
    assert path.read_bytes() == commune.registre.pieces.get(commune.rows(MessageDsn)[0].sha256)
    assert path.stat().st_mode & 0o077 == 0
    assert place_sendings(commune.registre, commune.code, folder, MAINTENANT) == []
    assert etats(commune) == [(EtatEnvoi.POSE, "")]


@pytest.mark.crash
def test_une_coupure_apres_l_ecriture_du_fichier_ne_l_ecrit_pas_deux_fois(
    commune: Lieu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inscrit, écrit, coupé avant d'être noté : refaire laisse les mêmes octets et note enfin."""
    folder = tmp_path / "declarations"
    enroll_sendings(commune.registre, commune.code, MAINTENANT)

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(deposer, "record", cut)
        with pytest.raises(KeyboardInterrupt):
            place_sendings(commune.registre, commune.code, folder, MAINTENANT)
    (path,) = folder.iterdir()
    before = (path.read_bytes(), path.stat().st_mtime_ns)
    assert etats(commune) == [(EtatEnvoi.INSCRIT, "")]
    place_sendings(commune.registre, commune.code, folder, MAINTENANT)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert etats(commune) == [(EtatEnvoi.POSE, "")]


def test_un_autre_contenu_sous_ce_nom_n_est_pas_ecrase(commune: Lieu, tmp_path: Path) -> None:
    (tmp_path / "dsn-2026-11-lubescaux-1.dsn").write_bytes(b"autre")
    enroll_sendings(commune.registre, commune.code, MAINTENANT)
    with pytest.raises(GesteRefuse, match="autre contenu"):
        place_sendings(commune.registre, commune.code, tmp_path, MAINTENANT)
    assert (tmp_path / "dsn-2026-11-lubescaux-1.dsn").read_bytes() == b"autre"


def test_un_depot_accepte_garde_l_accuse_et_l_identifiant(commune: Lieu, depot: tuple[Etat, NetEntreprises]) -> None:
    state, client = depot
    assert deposer_tout(commune, client) == ["dsn-2026-11-lubescaux-1.dsn : déposé"]
    assert etats(commune) == [(EtatEnvoi.DEPOSE, "flux-1")]
    assert commune.registre.pieces.get(commune.rows(EnvoiDsn)[0].reponse_sha256) == b"<accuse>"
    assert deposer_tout(commune, client) == []
    assert len(state.deposes) == 1


def test_un_rejet_est_garde_et_pas_refait(commune: Lieu, depot: tuple[Etat, NetEntreprises]) -> None:
    state, client = depot
    state.rejeter = True
    (phrase,) = deposer_tout(commune, client)
    assert "rejeté" in phrase
    assert etats(commune)[0][0] == EtatEnvoi.REJETE
    assert commune.registre.pieces.get(commune.rows(EnvoiDsn)[0].reponse_sha256) == b"<avis de rejet>"
    assert deposer_tout(commune, client) == []
    assert len(state.deposes) == 1


def test_un_refus_avant_l_envoi_rend_le_message_a_deposer(commune: Lieu, depot: tuple[Etat, NetEntreprises]) -> None:
    state, client = depot
    state.pannes["deposer"] = [429]
    (phrase,) = deposer_tout(commune, client)
    assert "rien n'est entré" in phrase
    assert etats(commune)[0][0] == EtatEnvoi.INSCRIT
    assert deposer_tout(commune, client) == ["dsn-2026-11-lubescaux-1.dsn : déposé"]


@pytest.mark.crash
def test_une_reponse_perdue_se_retrouve_par_son_accuse_et_ne_se_redepose_pas(
    commune: Lieu, depot: tuple[Etat, NetEntreprises]
) -> None:
    state, client = depot
    siret = commune.rows(Adherent)[0].siret
    state.couper_apres_depot = True
    deposer_tout(commune, client)
    assert etats(commune) == [(EtatEnvoi.EN_COURS, "")]
    state.couper_apres_depot = False
    # Son accusé n'est pas encore publié : le doute demeure, rien ne repart.
    (phrase,) = deposer_tout(commune, client)
    assert "non refait" in phrase
    # Un autre dépôt du même compte n'est pas pris pour le nôtre.
    state.flux.append("flux-ailleurs")
    publish(state, "flux-ailleurs", "10", "20261215110000", retour("AEE", siret="99900210800010"))
    assert "non refait" in deposer_tout(commune, client)[0]
    publish(state, "flux-1", "10", "20261215110000", retour("AEE", siret=siret))
    (phrase,) = deposer_tout(commune, client)
    assert "était arrivé" in phrase
    assert (etats(commune), len(state.deposes)) == ([(EtatEnvoi.DEPOSE, "flux-1")], 1)


def test_une_personne_peut_rendre_a_deposer_un_envoi_jamais_arrive(
    commune: Lieu, depot: tuple[Etat, NetEntreprises]
) -> None:
    state, client = depot
    state.pannes["deposer"] = [502]
    deposer_tout(commune, client)
    (item,) = sendings(commune.registre, commune.code, EtatEnvoi.EN_COURS)
    forget_deposit(commune.registre, item, MAINTENANT, "absent de net-entreprises")
    assert deposer_tout(commune, client) == ["dsn-2026-11-lubescaux-1.dsn : déposé"]
    assert len(state.deposes) == 1


def test_un_envoi_d_essai_ne_part_pas(ouvert: Callable[[], Lieu], depot: tuple[Etat, NetEntreprises]) -> None:
    state, client = depot
    assert deposer_tout(ouvert(), client) == ["dsn-2026-11-lubescaux-1.dsn : envoi d'essai, non déposé"]
    assert state.deposes == []


@pytest.fixture
def ouvert(tmp_path: Path) -> Iterator[Callable[[], Lieu]]:
    registre = Registre(f"sqlite:///{tmp_path}/essai.db", tmp_path / "essai")
    registre.upgrade()

    def play() -> Lieu:
        lieu = inscrire(registre, tmp_path, description("lubescaux"))
        lieu.jusqu_a_la_restitution(MOIS)
        return lieu

    yield play
    registre.close()


@pytest.mark.parametrize("environnement", ["demonstration", "recette"])
def test_hors_production_l_api_est_eteinte(environnement: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_ENVIRONNEMENT", environnement)
    monkeypatch.setenv("PAIE_DSN_SIRET", "99900010200015")
    assert is_active(Reglages(), AccesDsn()) is False
    with pytest.raises(GesteRefuse, match="éteint"):
        open_client(Reglages(), AccesDsn(), "1")


def test_en_production_le_compte_doit_etre_regle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PAIE_ENVIRONNEMENT", "production")
    assert is_active(Reglages(), AccesDsn()) is False
    with pytest.raises(GesteRefuse, match="n'est pas réglé"):
        open_client(Reglages(), AccesDsn(), "1")
    for name, value in {"SIRET": "99900010200015", "NOM": "AGENCE", "PRENOM": "PAIE"}.items():
        monkeypatch.setenv(f"PAIE_DSN_{name}", value)
    monkeypatch.setenv("PAIE_DSN_FICHIER_MOT_DE_PASSE", str(tmp_path / "absent"))
    with pytest.raises(GesteRefuse, match="ne se lit pas"):
        open_client(Reglages(), AccesDsn(), "1")
    (tmp_path / "secret").write_text("abc\n", encoding="utf-8")
    monkeypatch.setenv("PAIE_DSN_FICHIER_MOT_DE_PASSE", str(tmp_path / "secret"))
    acces = AccesDsn()
    assert (is_active(Reglages(), acces), acces.secret()) == (True, "abc")
    with open_client(Reglages(), acces, "1") as client:
        assert isinstance(client, NetEntreprises)


def test_la_releve_avance_par_plages_et_ne_compte_rien_deux_fois(
    commune: Lieu, depot: tuple[Etat, NetEntreprises]
) -> None:
    """Première relève : deux jours, par heures. Un taux publié à 9 h 30 est appliqué une fois."""
    state, client = depot
    agent = commune.rows(Agent)[0]
    siret = commune.rows(Adherent)[0].siret
    document = retour(siret=siret, individus=[individu(agent.nir[:13], "4.20")])
    publish(state, "flux-1", "94", "20261215093000", document, ops="DGFIP")
    publish(state, "flux-1", "44", "20261215093000", b"%PDF")
    first = collect_remote(commune.registre, client, "agence", MAINTENANT)
    assert [(item.nouveau, item.nom) for item in first] == [(True, "flux-1-94-DGFIP.xml")]
    assert len(state.plages) == 48
    assert state.plages[-1][1] == "20261215115800"
    again = Acte("x", MAINTENANT.moment + timedelta(hours=1))
    collect_remote(commune.registre, client, "agence", again)
    assert len(state.plages) == 48 + 3  # 65 minutes de recouvrement et une heure
    assert len(commune.rows(RetourDsn)) == 1


def test_un_retour_publie_dans_le_recouvrement_est_vu_sans_etre_refait(
    commune: Lieu, depot: tuple[Etat, NetEntreprises]
) -> None:
    state, client = depot
    publish(state, "flux-1", "11", "20261215115000", retour("CCO", siret=commune.rows(Adherent)[0].siret))
    collect_remote(commune.registre, client, "agence", MAINTENANT)
    again = collect_remote(commune.registre, client, "agence", Acte("x", MAINTENANT.moment + timedelta(minutes=30)))
    assert [item.nouveau for item in again] == [False]


@pytest.mark.crash
def test_une_panne_au_milieu_de_la_releve_reprend_ou_elle_s_est_arretee(
    commune: Lieu, depot: tuple[Etat, NetEntreprises]
) -> None:
    state, client = depot
    publish(state, "flux-1", "11", "20261213150000", retour("CCO", siret=commune.rows(Adherent)[0].siret))
    publish(state, "flux-2", "11", "20261215100000", url="https://exemple.fr/x")
    with pytest.raises(Exception, match="hôte inconnu"):
        collect_remote(commune.registre, client, "agence", MAINTENANT)
    assert len(commune.rows(RetourDsn)) == 1
    stopped = len(state.plages)
    state.retours.pop()
    collect_remote(commune.registre, client, "agence", MAINTENANT)
    assert len(state.plages) - stopped < 6
