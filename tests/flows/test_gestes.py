"""Les gestes joués par les flux, contre un vrai serveur Prefect et un vrai dépôt SFTP, sur trois petits adhérents."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import State

from desk.demo.decor import Decor, prefect_server, settings, sftp_server
from desk.demo.secretaire import Secretaire, prepare
from flows import campagne as module_campagne
from flows import preparer_la_paie as module_preparer
from flows import relever_le_depot as module_relever
from flows.campagne import campagne
from flows.clore_le_mois import clore_le_mois
from flows.declarer_et_restituer import declarer_et_restituer
from flows.etat_du_mois import etat_du_mois
from flows.ouvrir_le_mois import ouvrir_le_mois
from flows.preparer_la_paie import preparer_la_paie
from flows.rappeler_les_echeances import rappeler_les_echeances
from flows.relever_le_depot import relever_le_depot
from flows.reviser_la_paie import reviser_la_paie
from flows.rouvrir_le_mois import rouvrir_le_mois
from flows.transport import collect, deliver_alone, drop_connection, look_at
from flows.travail import Compte
from flows.valider_la_paie import valider_la_paie
from payroll.month import gestionnaires
from payroll.month.adherents import import_adherent
from payroll.month.autorisations import GesteSigne, give_code
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.month.declarer import declare_month
from payroll.month.etat import month_board
from payroll.month.ouvrir import open_month
from payroll.month.restituer import produce_documents
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.settings import Reglages
from sftp_drop.errors import AuthRefusedError, TransientError

EXEMPLES = Path(__file__).parents[2] / "examples"
MOIS = Month(2026, 11)
ACTE = Acte("essai", datetime(2026, 11, 20, 9, tzinfo=UTC))
M = str(MOIS)
PETITE, NEANT, FAUTIF = "lubescaux", "saint-amadour-des-pins", "syndicat-luyette"
CODES = (PETITE, NEANT, FAUTIF)
DEPOTS = {
    row["adherent"]: row["fichiers"]
    for row in yaml.safe_load((EXEMPLES / "depots.yaml").read_text(encoding="utf-8"))["depots"]
}


@pytest.fixture(scope="module")
def serveur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Un serveur Prefect pour tous les essais ; rend son dossier."""
    decor = Decor(tmp_path_factory.mktemp("prefect"), MOIS)
    with (
        settings({"PREFECT_HOME": str(decor.racine)}),
        prefect_server(decor) as url,
        temporary_settings({PREFECT_API_URL: f"{url}/api"}),
    ):
        yield decor.racine


@dataclass(frozen=True)
class Agence:
    """Une installation neuve : son registre, ses secrétaires, ce que Prefect en montre."""

    decor: Decor
    secretaires: dict[str, Secretaire]

    def opened(self, *codes: str) -> None:
        """Le mois ouvert par les mêmes services, sans Prefect : un flux coûte une seconde."""
        with closing(Reglages().registre()) as registre:
            for code in codes or CODES:
                open_month(registre, code, MOIS, ACTE)
                deliver_alone(registre, code, ACTE)

    def received(self, *codes: str) -> None:
        """Le mois ouvert, les fichiers de ces adhérents déposés et lus, sans Prefect."""
        self.opened()
        self.drop(*codes)
        with closing(Reglages().registre()) as registre, drop_connection() as client:
            look_at(registre, client, codes, ACTE)
            for code in codes:
                collect(registre, client, code, ACTE)

    def computed(self, *codes: str) -> None:
        """Jusqu'au calcul, sans Prefect."""
        self.received(*codes)
        with closing(Reglages().registre()) as registre:
            for code in codes:
                compute_month(registre, code, MOIS, ACTE)

    def given_back(self, *codes: str) -> None:
        """Jusqu'à la restitution, sans Prefect."""
        self.computed(*codes)
        with closing(Reglages().registre()) as registre:
            for code in codes:
                approve(registre, code, MOIS, ACTE)
                declare_month(registre, code, MOIS, ACTE, Reglages().declarant(MOIS))
                paiement, contact = Reglages().date_paiement(MOIS), Reglages().contact
                produce_documents(registre, code, MOIS, ACTE, date_paiement=paiement, contact=contact)
                deliver_alone(registre, code, ACTE)

    def drop(self, *codes: str, rank: int = 0) -> None:
        for code in codes:
            fichier, person = DEPOTS[code][rank], self.secretaires[code]
            person.drop(fichier["nom"], prepare(fichier, person.fetch_template(MOIS), code, MOIS))

    def etats(self) -> dict[str, str]:
        with closing(Reglages().registre()) as registre:
            return {row.code: row.etat for row in month_board(registre, MOIS)}

    def returned(self) -> dict[str, str]:
        """Chemin → empreinte de tout ce que les adhérents trouvent dans leur dossier de retour."""
        files = [path for path in self.decor.adherents.glob("*/retour/**/*") if path.is_file()]
        return {
            str(path.relative_to(self.decor.adherents)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }


@pytest.fixture
def agence(serveur: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agence]:
    decor = Decor(tmp_path, MOIS)
    environment = {name: value for name, value in decor.environment.items() if name.startswith("PAIE_")}
    with settings({**environment, "PAIE_PAUSE_ENTRE_REGARDS": "0"}):
        with closing(Reglages().registre()) as registre:
            for code in CODES:
                import_adherent(registre, EXEMPLES / "adherents" / f"{code}.yaml", ACTE)
        with sftp_server(decor, CODES) as sftp:
            yield Agence(
                decor,
                {code: Secretaire(code, decor.key(code), sftp.host, sftp.port, decor.known_hosts) for code in CODES},
            )


def played(flow: Any, *args: Any, **kwargs: Any) -> State[list[Compte]]:
    """Joue un flux jusqu'au bout, échec compris, et rend son état."""
    state: State[list[Compte]] = flow(*args, **kwargs, return_state=True)
    return state


def done(comptes: Sequence[Compte]) -> dict[str, bool]:
    return {compte.adherent: compte.fait for compte in comptes}


def asked(path: str, **query: Any) -> Any:
    answer = httpx.post(f"{PREFECT_API_URL.value()}{path}", json=query, timeout=30)
    answer.raise_for_status()
    return answer.json()


def run_of(state: State[Any]) -> dict[str, Any]:
    identifier = str(state.state_details.flow_run_id)
    (run,) = asked("/flow_runs/filter", flow_runs={"id": {"any_": [identifier]}})
    return dict(run)


def report_of(state: State[Any]) -> list[dict[str, str]]:
    """Le compte rendu qu'un flux a publié, ligne par ligne."""
    identifier = str(state.state_details.flow_run_id)
    artifacts = asked(
        "/artifacts/filter", artifacts={"flow_run_id": {"any_": [identifier]}, "type": {"any_": ["table"]}}
    )
    (artifact,) = artifacts
    return list(yaml.safe_load(artifact["data"]))


def tasks_of(state: State[Any]) -> dict[str, dict[str, Any]]:
    identifier = str(state.state_details.flow_run_id)
    return {row["name"]: row for row in asked("/task_runs/filter", flow_runs={"id": {"any_": [identifier]}})}


def failing_for(code: str, error: Exception, real: Callable[..., Any]) -> Callable[..., Any]:
    """Le geste réel, sauf pour un adhérent."""

    def gesture(registre: Any, asked_code: str, *args: Any, **kwargs: Any) -> Any:
        if asked_code == code:
            raise error
        return real(registre, asked_code, *args, **kwargs)

    return gesture


# Les noms


def test_le_nom_d_une_execution_ne_porte_que_le_geste_et_le_mois(agence: Agence) -> None:
    state = played(preparer_la_paie, M, [NEANT])

    assert run_of(state)["name"] == f"2026-11 · calcul · {NEANT}"
    assert set(tasks_of(state)) == {f"calcul · {NEANT}"}
    assert set(run_of(state)["tags"]) == {"2026-11", "calcul"}


@pytest.mark.parametrize(
    ("adherents", "qui"), [([], "tous les adhérents"), ([PETITE, NEANT], "2 adhérents"), ([PETITE], PETITE)]
)
def test_le_nom_dit_combien_d_adherents(agence: Agence, adherents: list[str], qui: str) -> None:
    assert run_of(played(preparer_la_paie, M, adherents))["name"] == f"2026-11 · calcul · {qui}"


def test_un_mois_vide_est_celui_de_l_installation(agence: Agence) -> None:
    state = played(ouvrir_le_mois, "", [NEANT])

    assert run_of(state)["name"] == f"2026-11 · ouverture · {NEANT}"
    assert agence.etats()[NEANT] == "ouverte"


@pytest.mark.parametrize("mois", ["2026-13", "novembre", "2026-11-01"])
def test_un_mois_mal_ecrit_est_un_echec_explique(agence: Agence, mois: str) -> None:
    state = played(ouvrir_le_mois, mois, [NEANT])

    assert state.is_failed()
    assert "mois" in str(state.message)
    assert run_of(state)["name"] == f"mois à revoir · ouverture · {NEANT}"
    assert set(agence.etats().values()) == {"non ouverte"}


# Un adhérent n'arrête pas les autres


def test_un_adherent_sans_fichier_attend_et_le_flux_reste_vert(agence: Agence) -> None:
    agence.received(PETITE, FAUTIF)

    state = played(preparer_la_paie, M)

    assert state.is_completed()
    assert done(state.result()) == {PETITE: True, NEANT: False, FAUTIF: False}
    rows = {row["adhérent"]: row for row in report_of(state)}
    assert rows[PETITE]["état"] == "fait"
    assert rows[NEANT]["état"] == "en attente"
    assert "aucun fichier accepté" in rows[NEANT]["détail"]


def test_un_adherent_inconnu_attend_et_les_autres_sont_faits(agence: Agence) -> None:
    agence.opened()
    agence.drop(PETITE)

    state = played(relever_le_depot, M, ["inconnu", PETITE])

    assert state.is_completed()
    assert done(state.result()) == {"inconnu": False, PETITE: True}


def test_un_dossier_absent_du_depot_n_arrete_pas_la_releve_des_autres(agence: Agence) -> None:
    agence.opened()
    agence.drop(PETITE)
    (agence.decor.adherents / NEANT).rename(agence.decor.racine / "ailleurs")

    state = played(relever_le_depot, M, [NEANT, PETITE])

    rows = {row["adhérent"]: row for row in report_of(state)}
    assert "1 fichier accepté" in rows[PETITE]["détail"]
    assert rows[NEANT]["état"] == "en attente"


def test_une_panne_laisse_le_flux_rouge_et_les_autres_faits(agence: Agence, monkeypatch: pytest.MonkeyPatch) -> None:
    agence.received(PETITE, NEANT)
    real = module_preparer.compute_month
    monkeypatch.setattr(module_preparer, "compute_month", failing_for(PETITE, ZeroDivisionError("défaut"), real))

    state = played(preparer_la_paie, M, [PETITE, NEANT])

    assert state.is_failed()
    assert PETITE in str(state.message)
    assert agence.etats() == {PETITE: "ouverte", NEANT: "calculee", FAUTIF: "ouverte"}
    rows = {row["adhérent"]: row["détail"] for row in report_of(state)}
    assert rows[PETITE].startswith("panne")
    assert tasks_of(state)[f"calcul · {PETITE}"]["run_count"] == 1  # un défaut ne se réessaie pas

    monkeypatch.setattr(module_preparer, "compute_month", real)
    assert played(preparer_la_paie, M, [PETITE, NEANT]).is_completed()
    assert agence.etats()[PETITE] == "calculee"


def test_une_coupure_du_depot_se_reessaie_et_le_flux_finit_vert(
    agence: Agence, monkeypatch: pytest.MonkeyPatch
) -> None:
    agence.opened()
    agence.drop(PETITE)
    real, cuts = module_relever.collect_alone, [TransientError("connexion coupée : le geste sera refait")]

    def cut_once(*args: Any) -> Any:
        if cuts:
            raise cuts.pop()
        return real(*args)

    monkeypatch.setattr(module_relever, "collect_alone", cut_once)

    state = played(relever_le_depot, M, [PETITE])

    assert state.is_completed()
    assert tasks_of(state)[f"relève · {PETITE}"]["run_count"] == 2


def test_un_refus_du_serveur_se_dit_en_francais_dans_le_compte_rendu(
    agence: Agence, monkeypatch: pytest.MonkeyPatch
) -> None:
    agence.opened()
    refused = AuthRefusedError("le serveur n'a pas accepté notre clé")
    monkeypatch.setattr(module_relever, "collect_alone", failing_for(PETITE, refused, module_relever.collect_alone))

    state = played(relever_le_depot, M, [PETITE, NEANT])

    assert state.is_failed()
    rows = {row["adhérent"]: row["détail"] for row in report_of(state)}
    assert "n'a pas accepté notre clé" in rows[PETITE]
    assert not rows[NEANT].startswith("panne")


def test_un_depot_jamais_regle_dit_quel_reglage_manque(agence: Agence) -> None:
    # À la main : monkeypatch, défait après ``agence``, remettrait le réglage que celle-ci vient de retirer.
    del os.environ["PAIE_SFTP_EMPREINTE"]

    state = played(ouvrir_le_mois, M, [NEANT])

    assert "PAIE_SFTP_EMPREINTE" in report_of(state)[0]["détail"]


# Refaire ne change rien


def test_rejouer_tout_le_mois_ne_change_aucun_document(agence: Agence) -> None:
    """Le mois joué par les services, puis chaque geste refait par son flux : les deux portes donnent la même chose."""
    agence.given_back(PETITE, NEANT)
    first = agence.returned()
    assert any(path.endswith(".dsn") for path in first)

    for flow, args in (
        (ouvrir_le_mois, (M, [PETITE, NEANT])),
        (relever_le_depot, (M, [PETITE, NEANT])),
        (preparer_la_paie, (M, [PETITE, NEANT])),
        (valider_la_paie, ([PETITE, NEANT], "camille", M)),
        (declarer_et_restituer, (M, [PETITE, NEANT])),
    ):
        assert played(flow, *args).is_completed()

    assert agence.returned() == first
    assert agence.etats() == {PETITE: "restituee", NEANT: "restituee", FAUTIF: "ouverte"}


# La validation est le geste d'une personne


def test_reviser_pose_les_classeurs_et_ne_change_aucun_etat(agence: Agence) -> None:
    agence.computed(PETITE)
    before = agence.etats()
    state = played(reviser_la_paie, M)

    assert done(state.result()) == {PETITE: True, NEANT: False, FAUTIF: False}
    assert agence.etats() == before
    assert [path.name for path in (Reglages().revisions / M).iterdir()] == [f"{PETITE}.xlsx"]
    told = {row["adhérent"]: row["détail"] for row in report_of(state)}
    assert "bulletins, net " in told[PETITE]
    assert "rien n'est à réviser" in told[NEANT]


def test_valider_exige_des_adherents_nommes_et_un_gestionnaire(agence: Agence) -> None:
    agence.computed(PETITE)

    for adherents, approbateur in (([], "camille"), ([PETITE], ""), ([PETITE], "   ")):
        state = played(valider_la_paie, adherents, approbateur, M)
        assert state.is_failed()
        assert "rien n'a été fait" in str(state.message).lower()

    assert agence.etats()[PETITE] == "calculee"


@pytest.fixture
def comptes(agence: Agence, monkeypatch: pytest.MonkeyPatch) -> Agence:
    """Deux comptes à l'agence ; deux adhérents calculés."""
    monkeypatch.setattr(gestionnaires, "_N", 2**4)
    agence.computed(PETITE, NEANT)
    with closing(Reglages().registre()) as registre:
        for identifiant in ("camille", "sacha"):
            gestionnaires.add_account(registre, identifiant, "", "gestionnaire", "les pins sont verts", ACTE)
    return agence


def code_de(identifiant: str, *codes: str, geste: GesteSigne = GesteSigne.VALIDER) -> str:
    with closing(Reglages().registre()) as registre:
        return give_code(registre, geste, codes, MOIS, Acte(identifiant, Reglages().maintenant()))


def test_avec_des_comptes_valider_demande_le_code_de_la_personne(comptes: Agence) -> None:
    code = code_de("camille", PETITE, NEANT)
    for who, secret in (("camille", ""), ("sacha", code), ("camille", "AAAA-AAAA-AAAA-AAAA")):
        state = played(valider_la_paie, [PETITE], who, M, "", secret)
        assert state.is_failed()
        assert "Rien n'a été fait" in str(state.message)
    assert comptes.etats()[PETITE] == "calculee"

    state = played(valider_la_paie, [], "camille", M, "", code)

    assert done(state.result()) == {PETITE: True, NEANT: True}
    assert run_of(state)["name"] == "2026-11 · validation · ceux du code"
    assert comptes.etats() == {PETITE: "validee", NEANT: "validee", FAUTIF: "ouverte"}


def test_un_code_lu_dans_prefect_n_ouvre_plus_rien(comptes: Agence) -> None:
    code = code_de("camille", PETITE)
    played(valider_la_paie, [], "camille", M, "", code)
    again = code_de("camille", PETITE, geste=GesteSigne.ROUVRIR)
    assert played(rouvrir_le_mois, [], "camille", "la mairie rappelle", M, again).is_completed()
    assert comptes.etats()[PETITE] == "calculee"

    for secret in (code, again):
        state = played(valider_la_paie, [PETITE], "camille", M, "", secret)
        assert state.is_failed()
    assert comptes.etats()[PETITE] == "calculee"


def test_le_code_ne_vaut_que_pour_ses_adherents(comptes: Agence) -> None:
    state = played(valider_la_paie, [PETITE, NEANT], "camille", M, "", code_de("camille", PETITE))

    assert state.is_failed()
    assert NEANT in str(state.message)
    assert comptes.etats()[PETITE] == "calculee"


# L'état du mois, la clôture, les rappels


def artifact(key: str) -> str:
    """Le texte de l'artefact le plus récent sous cette clé."""
    found = asked("/artifacts/filter", artifacts={"key": {"any_": [key]}}, sort="CREATED_DESC", limit=1)
    return str(found[0]["data"])


def test_l_etat_et_les_totaux_du_mois_se_publient_sans_nom(agence: Agence) -> None:
    agence.computed(PETITE)
    state = played(etat_du_mois, M)

    assert state.result() == {
        "à ouvrir": 0, "manquant": 2, "en anomalie": 0, "reçu": 0, "à réviser": 1, "approuvé": 0, "déclaré": 0,
        "restitué": 0, "clos": 0,
    }  # fmt: skip
    told, totals = artifact("etat-du-mois-2026-11"), artifact("totaux-2026-11")
    assert "| manquant | 2 |" in told
    # Le 20 novembre : deux jours après la date limite, sept avant la paie, quatorze avant le vendredi 4 décembre.
    assert "| passée depuis 2 jours | 2 | mercredi 18 novembre 2026 à midi | fixée par l'agence |" in told
    assert "| 14 jours | 0 | vendredi 4 décembre 2026 à midi | lundi 7 décembre 2026 à midi |" in told
    assert f"| {PETITE} | à réviser | le 15 |  |" in told
    assert f"| {PETITE} | à réviser | 5 |" in totals
    assert NEANT not in totals
    assert [canary for canary in _canaries() if canary in (told + totals).casefold()] == []


def test_un_geste_du_mois_publie_l_etat_et_une_releve_vide_non(agence: Agence) -> None:
    agence.opened()
    before = asked("/artifacts/count", artifacts={"key": {"like_": "etat-du-mois-%"}})
    played(relever_le_depot, M)
    assert asked("/artifacts/count", artifacts={"key": {"like_": "etat-du-mois-%"}}) == before
    played(preparer_la_paie, M)
    assert asked("/artifacts/count", artifacts={"key": {"like_": "etat-du-mois-%"}}) == before + 1


def test_clore_verrouille_ce_qui_est_restitue_et_laisse_attendre_le_reste(agence: Agence) -> None:
    agence.given_back(PETITE)
    state = played(clore_le_mois, M)

    assert done(state.result()) == {PETITE: True, NEANT: False, FAUTIF: False}
    assert agence.etats()[PETITE] == "close"


def le_jour(jour: str) -> None:
    """Il est huit heures à Paris ce jour-là, jusqu'à ce que ``agence`` rende l'environnement."""
    os.environ["PAIE_HORLOGE_FIGEE"] = f"{jour}T07:00:00+00:00"


def rappels(agence: Agence) -> dict[str, str]:
    """Adhérent → empreinte du rappel qu'il trouve dans son dossier."""
    return {path.split("/")[0]: digest for path, digest in agence.returned().items() if "RAPPEL-" in path}


def test_un_jour_sans_echeance_ne_rappelle_rien_et_le_dit(agence: Agence) -> None:
    agence.opened()
    for jour in ("2026-11-18", "2026-11-16"):
        le_jour(jour)
        state = played(rappeler_les_echeances)
        assert state.is_completed()
        assert state.message.startswith("Rien à rappeler ce jour.")
    assert "Prochain rappel : le mardi 17 novembre 2026 (dépôt des éléments variables)." in state.message
    assert rappels(agence) == {}


def test_la_veille_les_retardataires_trouvent_un_rappel_une_seule_fois(agence: Agence) -> None:
    agence.received(PETITE)
    le_jour("2026-11-17")

    state = played(rappeler_les_echeances)
    first = rappels(agence)
    again = played(rappeler_les_echeances)

    assert done(state.result()) == {NEANT: True, FAUTIF: True}
    assert set(first) == {NEANT, FAUTIF}
    assert rappels(agence) == first
    assert {compte.phrase for compte in again.result()} == {"déjà rappelé ce jour, ou fichier arrivé entre-temps"}
    told = artifact("retards-depot-des-elements-variables-2026-11")
    assert f"| {NEANT} | manquant |" in told
    assert PETITE not in told


def test_la_dsn_du_15_se_rappelle_le_mois_suivant_a_ceux_qu_elle_concerne(agence: Agence) -> None:
    agence.computed(PETITE)
    le_jour("2026-12-14")
    state = played(rappeler_les_echeances)

    # Calculée et non déclarée : l'agence la voit ; la collectivité, elle, a envoyé.
    assert done(state.result()) == {NEANT: True, FAUTIF: True}
    assert f"| {PETITE} | à réviser |" in artifact("retards-dsn-du-15-2026-11")

    le_jour("2026-12-03")
    assert played(rappeler_les_echeances).result() == []  # la DSN du 5 ne concerne personne ici


def test_rappeler_maintenant_n_attend_pas_le_jour(agence: Agence) -> None:
    agence.opened()
    le_jour("2026-11-24")
    state = played(rappeler_les_echeances, M, [NEANT], "maintenant")

    assert done(state.result()) == {NEANT: True}
    (path,) = agence.decor.adherents.glob("*/retour/2026-11/RAPPEL-2026-11.txt")
    assert "avant le mardi 15 décembre 2026 à midi" in path.read_text(encoding="utf-8-sig")


# La campagne


def test_la_campagne_ne_restitue_que_ce_qui_est_valide(agence: Agence) -> None:
    agence.computed(PETITE, NEANT)
    with closing(Reglages().registre()) as registre:
        approve(registre, PETITE, MOIS, ACTE)

    state = played(campagne, M)

    assert state.is_completed()
    assert done(state.result()) == {PETITE: True, NEANT: False, FAUTIF: False}
    assert agence.etats() == {PETITE: "restituee", NEANT: "calculee", FAUTIF: "ouverte"}


def test_dans_la_campagne_une_panne_de_releve_n_arrete_pas_le_calcul_des_autres(
    agence: Agence, monkeypatch: pytest.MonkeyPatch
) -> None:
    agence.opened()
    agence.drop(PETITE, NEANT)
    broken = failing_for(PETITE, ZeroDivisionError("défaut"), module_relever.collect_alone)
    monkeypatch.setattr(module_relever, "collect_alone", broken)

    state = played(module_campagne.campagne, M, [PETITE, NEANT])

    assert state.is_failed()
    assert agence.etats() == {PETITE: "ouverte", NEANT: "calculee", FAUTIF: "ouverte"}


# Rien de personnel dans Prefect


def _canaries() -> set[str]:
    """Noms, prénoms rares, NIR et IBAN des agents joués : ce qu'aucune table de Prefect ne doit contenir."""
    found: set[str] = set()
    for code in CODES:
        data = yaml.safe_load((EXEMPLES / "adherents" / f"{code}.yaml").read_text(encoding="utf-8"))
        for agent in data["agents"]:
            found |= {agent["nom"], agent["nir"], agent["iban"]}
    return {canary.casefold() for canary in found if canary}


def _everything_prefect_kept(home: Path) -> str:
    APILogHandler().flush()
    with closing(sqlite3.connect(home / "prefect.db")) as base:
        dump = "\n".join(base.iterdump())
    logs = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in home.rglob("*.log"))
    storage = Path(os.environ["PREFECT_HOME"]) / "storage"
    kept = "\n".join(path.read_text(errors="replace") for path in storage.rglob("*") if path.is_file())
    return "\n".join((dump, logs, kept)).casefold()


@pytest.mark.privacy
def test_ni_nom_ni_nir_ni_iban_dans_prefect(
    agence: Agence, serveur: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Un mois entier, avec un fichier fautif, et un défaut dont le message cite un agent."""
    canaries = _canaries()
    assert len(canaries) > 20
    ouvrir_le_mois(M)
    agence.drop(*CODES)
    relever_le_depot(M)
    preparer_la_paie(M)
    reviser_la_paie(M)
    rappeler_les_echeances(M, [], "maintenant")
    valider_la_paie(list(CODES), "camille", M)
    declarer_et_restituer(M)
    etat_du_mois(M)
    leak = ValueError(f"[parameters: {sorted(canaries)}]")
    real = module_preparer.compute_month
    monkeypatch.setattr(module_preparer, "compute_month", failing_for(PETITE, leak, real))
    assert played(preparer_la_paie, M, [PETITE]).is_failed()

    shown = capfd.readouterr()
    kept = _everything_prefect_kept(serveur) + (shown.out + shown.err).casefold()

    # Les témoins prouvent que l'on a bien lu le compte rendu, les journaux et les pannes.
    for witness in (f"calcul · {PETITE}", "fichier accepté", "1 fichier à corriger", "valueerror, "):
        assert witness in kept
    assert [canary for canary in canaries if canary in kept] == []
