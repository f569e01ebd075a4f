"""Les corrections, le mois en bloc et les travaux au bureau : gestes, refus, rien de perdu de ce qui est tapé."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from openpyxl import load_workbook
from starlette.testclient import TestClient

from desk.bureau.lancements import GESTES, Prefect, PrefectReglages
from payroll.intake.correction import forme
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.month.corriger import month_absences, month_corrections
from payroll.month.declarer import declare_month
from payroll.month.dus import mark_deposited, pending_documents
from payroll.month.etat import month_board
from payroll.month.formulaires import absence_kinds, enterable, waiting_day_waivers
from payroll.month.ouvrir import open_month
from payroll.month.recevoir import keep_file, read_pending
from payroll.month.restituer import produce_documents
from payroll.month.valider import approve
from payroll.xlsx import deterministic_bytes
from tests.bureau.conftest import ADHERENTS, INSTANT, MOIS, Installation, jeton
from tests.bureau.lire import texte as sans_balises
from tests.bureau.test_revision import texte
from tests.month.gestes import fichier

CODE, AUTRE = ADHERENTS
AGENT = "LB002"
PAGE = f"/adherents/{CODE}/corrections?mois={MOIS}"
Client = Callable[[str], TestClient]
ELEMENT = {
    "agent": f"{AGENT}|LB00201",
    "rubrique": "cia",
    "genre": "fixer",
    "valeur": "50,00",
    "motif": "délibération relue",
}
ABSENCE = {
    "agent": f"{AGENT}|LB00201",
    "nature": "cmo",
    "debut": "2026-11-03",
    "fin": "2026-11-05",
    "motif": "arrêt lu au guichet",
}


def envoie(client: TestClient, adresse: str, page: str = PAGE, **champs: str | list[str]) -> object:
    return client.post(f"{adresse}?mois={MOIS}", data={"csrf": jeton(client, page), **champs})


def corrections(installation: Installation) -> list[str]:
    found = month_corrections(installation.registre, CODE, MOIS)
    return [f"{one.phrase}{' (annulée)' if one.row.annulee_le else ''}" for one in found]


def test_fixer_un_element_puis_annuler(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    assert envoie(navigateur, f"/adherents/{CODE}/corrections/element", **ELEMENT).status_code == 303  # type: ignore[attr-defined]
    (one,) = month_corrections(installation.registre, CODE, MOIS)
    assert (one.row.par, one.row.valeur, one.row.motif) == ("g.pin", 5_000, "délibération relue")
    assert "recalculez pour qu'elle compte" in texte(navigateur.get(PAGE))

    envoie(navigateur, f"/adherents/{CODE}/corrections/annuler", numero=str(one.row.id), motif="erreur de ma part")
    assert all("annulée" in phrase for phrase in corrections(installation))


def test_ajouter_une_absence_puis_la_retirer(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    assert envoie(navigateur, f"/adherents/{CODE}/corrections/absence", **ABSENCE).status_code == 303  # type: ignore[attr-defined]
    (found,) = month_absences(installation.registre, CODE, MOIS)
    assert (found.matricule, found.type) == (AGENT, "cmo")

    envoie(navigateur, f"/adherents/{CODE}/corrections/retirer", numero=str(found.numero), motif="arrêt annulé")
    assert month_absences(installation.registre, CODE, MOIS) == []


@pytest.mark.parametrize(
    ("adresse", "champs", "attendu"),
    [
        ("element", {**ELEMENT, "valeur": "cinquante"}, "n'est pas un montant"),
        ("element", {**ELEMENT, "motif": ""}, "dit sa raison"),
        ("element", {**ELEMENT, "rubrique": "traitement"}, "ne se saisit pas"),
        ("element", {**ELEMENT, "agent": "ZZ999|X"}, "aucun contrat"),
        ("element", {**ELEMENT, "genre": "ajouter", "valeur": "0"}, "a un montant"),
        ("absence", {**ABSENCE, "fin": "2026-11-01"}, "mal décrite"),
        ("absence", {**ABSENCE, "debut": "3 novembre"}, "mal décrite"),
        ("absence", {**ABSENCE, "nature": "sieste"}, "Nature d'absence inconnue"),
        ("annuler", {"numero": "999", "motif": "essai"}, "aucune correction en cours"),
        ("annuler", {"numero": "deux", "motif": "essai"}, "numéro lisible"),
        ("retirer", {"numero": "999", "motif": "essai"}, "aucune absence"),
    ],
)
def test_une_correction_impossible_est_rendue_telle_que_tapee(
    installation: Installation, client: Client, adresse: str, champs: dict[str, str], attendu: str
) -> None:
    answer = envoie(client("gestionnaire"), f"/adherents/{CODE}/corrections/{adresse}", **champs)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert attendu in texte(answer)
    if adresse in ("element", "absence") and champs["motif"]:
        assert texte(answer).count(champs["motif"]) == 1
    assert corrections(installation) == []


def remplir(template: bytes) -> bytes:
    """Le classeur, avec une ligne de plus pour un agent, comme on la tape."""
    book = load_workbook(io.BytesIO(template))
    for cell, value in zip("ABCDE", (AGENT, "cia", "en plus ou en moins", 75, "délibération relue"), strict=True):
        book[forme.AJOUTS][f"{cell}5"] = value
    # Enregistré deux fois, il a les mêmes octets : c'est le même classeur.
    return deterministic_bytes(book, INSTANT.replace(tzinfo=None))


def depose(client: TestClient, content: bytes, nom: str = "corrections.xlsx") -> object:
    """Dépose un classeur par le formulaire."""
    return client.post(
        f"/adherents/{CODE}/corrections/classeur?mois={MOIS}",
        data={"csrf": jeton(client, PAGE)},
        files={"classeur": (nom, content)},
    )


def test_corriger_par_un_classeur(installation: Installation, client: Client) -> None:
    """Emporté, rempli d'une ligne, déposé ; le même une seconde fois ne change rien."""
    navigateur = client("gestionnaire")
    taken = navigateur.get(f"/adherents/{CODE}/corrections/classeur.xlsx?mois={MOIS}")
    assert f"corrections-{MOIS}-{CODE}.xlsx" in taken.headers["content-disposition"]
    assert [line.detail["forme"] for line in installation.refus("voir-bulletin")] == ["classeur de correction"]

    done = depose(navigateur, remplir(taken.content))
    assert done.status_code == 303, texte(done)  # type: ignore[attr-defined]
    (phrase,) = corrections(installation)
    assert "+75,00 en plus du fichier" in phrase

    depose(navigateur, remplir(taken.content))
    assert len(corrections(installation)) == 1


@pytest.mark.parametrize(("content", "attendu"), [(b"ceci n'est pas un classeur", "corrections.xlsx"), (b"", "")])
def test_un_classeur_illisible_est_refuse_gentiment(
    installation: Installation, client: Client, content: bytes, attendu: str
) -> None:
    answer = depose(client("gestionnaire"), content)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert attendu in texte(answer)
    assert corrections(installation) == []


def test_qui_regarde_ne_corrige_pas(installation: Installation, client: Client) -> None:
    navigateur = client("lecture")

    assert "Un élément du mois" not in texte(navigateur.get(PAGE))
    assert envoie(navigateur, f"/adherents/{CODE}/corrections/element", **ELEMENT).status_code == 403  # type: ignore[attr-defined]
    assert corrections(installation) == []


def test_chaque_choix_d_un_formulaire_a_un_libelle() -> None:
    for code, libelle in [*((one.code, one.libelle) for one in enterable()), *absence_kinds(), *waiting_day_waivers()]:
        assert libelle
        assert libelle != code


# --- le mois en bloc


def etats(installation: Installation) -> dict[str, str]:
    return {row.code: row.etat for row in month_board(installation.registre, MOIS)}


def test_approuver_en_bloc_laisse_de_cote_ce_qui_est_a_regarder(installation: Installation, client: Client) -> None:
    """Sans fichier reçu, chaque paie a un constat à regarder : rien n'est approuvé, et la raison est dite."""
    answer = envoie(client("gestionnaire"), "/mois/approuver", page="/mois", adherents=list(ADHERENTS))

    assert "0 adhérent fait sur 2" in texte(answer)
    assert "Aucun fichier d'éléments variables" in texte(answer)
    assert set(etats(installation).values()) == {"calculee"}


def test_approuver_en_bloc_puis_clore(installation: Installation, client: Client) -> None:
    """Un mois pareil au précédent, dont la collectivité a dit « néant » : rien n'est à regarder, le geste approuve."""
    registre, acte, december = installation.registre, Acte("c.ajonc", INSTANT), MOIS.next
    approve(registre, CODE, MOIS, acte, commentaire="premier mois")
    open_month(registre, CODE, december, acte)
    keep_file(registre, CODE, "neant.csv", fichier(CODE, mois=december, neant=True), acte)
    read_pending(registre, CODE, acte)
    compute_month(registre, CODE, december, acte)
    navigateur = client("gestionnaire")
    token = jeton(navigateur, f"/mois?mois={december}")
    done = navigateur.post(f"/mois/approuver?mois={december}", data={"csrf": token, "adherents": CODE})

    assert "1 adhérent fait sur 1" in texte(done)
    assert [row.par for row in installation.refus("valider") if row.mois == str(december)] == ["g.pin"]

    declare_month(registre, CODE, december, acte, installation.reglages.declarant(december), confirmation="relu")
    produce_documents(registre, CODE, december, acte, date_paiement=installation.reglages.date_paiement(december))
    mark_deposited(registre, CODE, pending_documents(registre, CODE), acte)
    closed = navigateur.post(f"/mois/clore?mois={december}", data={"csrf": token, "adherents": CODE})
    assert "mois clos" in texte(closed)
    assert {row.code: row.etat for row in month_board(registre, december)}[CODE] == "close"


@pytest.mark.parametrize("geste", ["approuver", "clore"])
def test_un_gros_lot_se_continue_du_meme_formulaire(
    client: Client, monkeypatch: pytest.MonkeyPatch, geste: str
) -> None:
    """À bout de souffle, la page dit où elle en est et garde le reste ; rien n'est fait deux fois."""
    monkeypatch.setattr("desk.bureau.pages.mois.SOUFFLE", -1.0)
    navigateur = client("gestionnaire")
    first = envoie(navigateur, f"/mois/{geste}", page="/mois", adherents=list(ADHERENTS))
    assert "Adhérents vus : 1 sur 2" in sans_balises(first.text)  # type: ignore[attr-defined]
    assert "Continuer : 1 adhérent" in texte(first)
    fields = re.findall(r'name="(vus|adherents|csrf)" value="([^"]*)"', first.text.partition("Ce qui reste")[2])  # type: ignore[attr-defined]
    assert [value for name, value in fields if name == "adherents"] == [AUTRE]
    second = navigateur.post(f"/mois/{geste}?mois={MOIS}", data=dict(fields))
    assert "Continuer" not in texte(second)
    shown = [re.findall(r'<th scope="row"><a href="/adherents/([a-z-]+)', one.text) for one in (first, second)]  # type: ignore[attr-defined]
    assert shown == [[CODE], [AUTRE]]


def test_un_code_d_ailleurs_dans_un_lot_arrete_tout_avant_de_commencer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[object] = []
    monkeypatch.setattr("desk.bureau.pages.mois.approve_clean", lambda *args: done.append(args))
    answer = envoie(client("restreint"), "/mois/approuver", page="/mois", adherents=[CODE, AUTRE])
    assert answer.status_code == 404  # type: ignore[attr-defined]
    assert done == []


def test_clore_ce_qui_n_est_pas_rendu_attend_avec_sa_raison(installation: Installation, client: Client) -> None:
    answer = envoie(client("gestionnaire"), "/mois/clore", page="/mois", adherents=[CODE])

    assert "elle se clôt une fois restituée" in texte(answer)
    assert etats(installation)[CODE] == "calculee"


@pytest.mark.parametrize("geste", ["approuver", "clore"])
def test_un_geste_en_bloc_demande_des_adherents_du_portefeuille(
    installation: Installation, client: Client, geste: str
) -> None:
    assert envoie(client("gestionnaire"), f"/mois/{geste}", page="/mois").status_code == 422  # type: ignore[attr-defined]
    other = envoie(client("restreint"), f"/mois/{geste}", page="/mois", adherents=[AUTRE])
    assert other.status_code == 404  # type: ignore[attr-defined]
    assert installation.refus("accès refusé")


# --- lancer


class _Serveur(BaseHTTPRequestHandler):
    """Un serveur qui répond à tout la même chose."""

    statut, corps = 200, b"[]"

    def do_POST(self) -> None:
        self.send_response(self.statut)
        self.end_headers()
        self.wfile.write(self.corps)

    def log_message(self, *_: object) -> None:
        """Rien : la sortie d'un essai n'est pas un journal."""


@contextmanager
def repond(statut: int) -> Iterator[PrefectReglages]:
    handler = type("_Reponse", (_Serveur,), {"statut": statut})
    serveur = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=serveur.serve_forever, daemon=True)
    thread.start()
    yield PrefectReglages(api=f"http://127.0.0.1:{serveur.server_port}/api")
    serveur.shutdown()
    serveur.server_close()
    thread.join()


@pytest.mark.parametrize(
    ("statut", "attendu"),
    [(200, "n'est pas inscrit dans Prefect"), (401, "refuse le compte du bureau"), (500, "n'a pas compris")],
)
def test_un_serveur_qui_ne_convient_pas_est_une_phrase(statut: int, attendu: str) -> None:
    with repond(statut) as reglages:
        done = Prefect(reglages).launch("preparer-la-paie", str(MOIS), [CODE], "g.pin")

    assert not done.lance
    assert attendu in done.phrase


def test_un_serveur_muet_est_une_phrase() -> None:
    prefect = Prefect(PrefectReglages(api="http://127.0.0.1:9/api"), patience=1)

    assert "ne répond pas" in prefect.launch("preparer-la-paie", str(MOIS), [CODE], "g.pin").phrase
    assert "ne répond pas" in prefect.running(str(MOIS)).muet
    assert "ne répond pas" in str(prefect.travail("8f1f2f57-0000-0000-0000-000000000000"))


def test_un_geste_inconnu_ne_se_lance_pas() -> None:
    assert "ne se lance pas d'ici" in Prefect(PrefectReglages()).launch("valider-la-paie", "2026-11", [], "x").phrase
    assert "valider-la-paie" not in GESTES


@pytest.mark.parametrize(
    ("champs", "attendu"),
    [
        ({"geste": "preparer-la-paie", "portee": "tous"}, "ne répond pas"),
        ({"geste": "preparer-la-paie", "portee": "coches"}, "Cochez au moins un adhérent"),
        ({"geste": "", "portee": "tous"}, "Choisissez ce qu'il faut lancer"),
    ],
)
def test_un_lancement_refuse_dit_pourquoi(
    client: Client, monkeypatch: pytest.MonkeyPatch, champs: dict[str, str], attendu: str
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    answer = envoie(client("gestionnaire"), "/travaux", page="/travaux", **champs)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert attendu in texte(answer)


def test_qui_lance_est_au_journal_avant_que_rien_ne_parte(
    installation: Installation, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    champs = {"geste": "preparer-la-paie", "portee": "coches", "adherents": CODE}
    envoie(client("gestionnaire"), "/travaux", page="/travaux", **champs)
    (asked,), (missed,) = installation.refus("lancer"), installation.refus("lancement manqué")

    assert (asked.par, asked.adherent_code, asked.detail["adherents"]) == ("g.pin", CODE, [CODE])
    assert asked.detail["jeton"] == missed.detail["jeton"]


def test_on_ne_lance_que_pour_son_portefeuille(installation: Installation, client: Client) -> None:
    champs = {"geste": "preparer-la-paie", "portee": "coches", "adherents": AUTRE}

    assert envoie(client("restreint"), "/travaux", page="/travaux", **champs).status_code == 404  # type: ignore[attr-defined]
    assert not installation.refus("lancer")


@pytest.mark.parametrize("numero", ["1", "..", "8f1f2f57-0000-0000-0000-00000000000g"])
def test_un_travail_qui_n_existe_pas_le_dit(client: Client, numero: str) -> None:
    answer = client("lecture").get(f"/travaux/{numero}/avancement")

    assert answer.status_code == 404
