"""Ce qui vaut pour toutes les pages, d'office : session, rôle, portefeuille, jeton, en-têtes. Les refus au journal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from payroll.month.commun import Acte
from payroll.month.gestionnaires import add_account, list_accounts
from tests.bureau.conftest import COMPTES, INSTANT, PHRASE, Installation, jeton, reglages_de
from tests.bureau.parcours import PERSONNELLES, Page, pages

pytestmark = pytest.mark.hostile

AILLEURS = "ccas-marsaquet"
"""Hors du portefeuille de « restreint »."""
OUVERTES_A_LA_LECTURE: frozenset[str] = frozenset()
"""Formulaires POST qu'un compte en lecture peut envoyer, parce qu'ils ne changent rien."""
_INTERDIT_DANS_LA_PAGE = re.compile(
    r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|javascript:|(?:src|href|action)=\"(?:https?:)?//(?!localhost)"
)
_LIEN_DE_LECTURE = re.compile(r"<a [^>]*href=\"https://[^\"]*\"[^>]*>")
"""Un lien que la personne suit (Légifrance) n'est pas une ressource que la page charge."""


@pytest.fixture(scope="module")
def lieu(modele: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Une installation pour tout le fichier : ces essais n'y changent rien, tout leur est refusé."""
    dossier, secrets = modele
    found = Installation(reglages_de(Path(shutil.copytree(dossier, tmp_path_factory.mktemp("pages") / "var"))), secrets)
    yield found
    found.registre.close()


@pytest.fixture(scope="module")
def connectes(lieu: Installation) -> dict[str, TestClient]:
    """Un navigateur connecté par compte."""
    return {qui: lieu.connecte(qui) for qui in COMPTES}


def _depuis(lieu: Installation, geste: str, avant: int) -> int:
    return len(lieu.refus(geste)) - avant


def test_le_parcours_voit_les_pages() -> None:
    """Le parcours n'est pas vide, et il connaît une page de chaque sorte."""
    formes = {str(page) for methode in ("GET", "POST") for page in pages(methode)}
    assert {"GET /", "GET /comptes/{identifiant}", "POST /mon-compte/mot-de-passe"} <= formes
    assert any("{code}" in forme for forme in formes)


def test_sans_session_chaque_page_mene_a_la_connexion(lieu: Installation) -> None:
    faults = []
    for page in pages("GET"):
        if page.forme.startswith("/connexion"):
            continue
        answer = lieu.navigue().get(page.adresse())
        if answer.status_code != 303 or not answer.headers["location"].startswith("/connexion?suite="):
            faults.append(f"{page} : {answer.status_code}")
    assert faults == []


def test_sans_session_chaque_geste_est_refuse(lieu: Installation) -> None:
    faults = []
    for page in pages("POST"):
        if page.forme.startswith("/rapport-csp"):
            continue
        client = lieu.navigue()
        answer = client.post(page.adresse(), data={"csrf": jeton(client, "/connexion")})
        allowed = {"/connexion": 422, "/deconnexion": 303, "/connexion/code": 401, "/connexion/telephone": 401}
        if answer.status_code != allowed.get(page.forme, 401):
            faults.append(f"{page} : {answer.status_code}")
    assert faults == []


def test_l_adherent_d_un_autre_portefeuille_n_existe_pas(lieu: Installation, connectes: dict[str, TestClient]) -> None:
    """Par son code, sur chaque page qui en prend un : introuvable, et le journal le dit, page par page."""
    client, faults = connectes["restreint"], []
    token = jeton(client, "/mon-compte")
    for page in (*pages("GET"), *pages("POST")):
        if "code" not in page.parametres:
            continue
        before = len(lieu.refus("accès refusé"))
        place = page.adresse(code=AILLEURS, matricule="CM001")
        answer = client.get(place) if page.methode == "GET" else client.post(place, data={"csrf": token})
        (line,) = lieu.refus("accès refusé")[before:] or (None,)
        traced = line is not None and (line.par, line.detail["page"], line.detail["demande"]) == (
            "r.dune",
            str(page),
            AILLEURS,
        )
        if answer.status_code != 404 or not traced or "Marsaquet" in answer.text:
            faults.append(f"{page} : {answer.status_code}, {'au' if traced else 'absent du'} journal")
    assert faults == []


def test_un_geste_en_bloc_ne_deborde_pas_du_portefeuille(lieu: Installation, connectes: dict[str, TestClient]) -> None:
    """Le code d'un autre glissé dans un formulaire, sous tous les noms de champ : rien ne bouge chez lui."""
    client = connectes["restreint"]
    fields = ("adherents", "adherent", "codes", "code")
    tried = 0
    for page in pages("POST"):
        if page.personnelle or page.parametres or page.forme.startswith("/comptes"):
            continue
        tried += 1
        before = len([row for row in lieu.journal() if row.adherent_code == AILLEURS])
        data = {"csrf": jeton(client, "/mon-compte"), "geste": "preparer-la-paie", **dict.fromkeys(fields, AILLEURS)}
        answer = client.post(page.adresse(), data=data)
        after = len([row for row in lieu.journal() if row.adherent_code == AILLEURS])
        assert answer.status_code in (403, 404, 422), page
        assert after == before, page
        assert "Marsaquet" not in answer.text, page
    assert tried


def test_regarder_une_personne_s_inscrit_d_abord(lieu: Installation, connectes: dict[str, TestClient]) -> None:
    """Chaque page qui montre ou remet la paie d'un agent laisse une ligne, avec son matricule."""
    client, seen = connectes["lecture"], 0
    for page in pages("GET"):
        if "matricule" not in page.parametres:
            continue
        before = len(lieu.refus("voir-bulletin"))
        answer = client.get(page.adresse())
        if answer.status_code != 200:
            continue
        seen += 1
        (line,) = lieu.refus("voir-bulletin")[before:]
        assert (line.par, line.adherent_code, line.detail["matricules"]) == ("l.lande", "lubescaux", ["LB001"]), page
    assert seen >= 3


def test_un_adherent_inconnu_se_refuse_comme_celui_d_un_autre(connectes: dict[str, TestClient]) -> None:
    """La page ne dit pas s'il existe."""
    shapes = [page for page in pages("GET") if page.parametres == {"code"}]
    assert shapes
    for page in shapes:
        other = connectes["restreint"].get(page.adresse(code=AILLEURS))
        unknown = connectes["restreint"].get(page.adresse(code="nulle-part"))
        assert other.text.replace(AILLEURS, "") == unknown.text.replace("nulle-part", "")


@pytest.mark.parametrize(
    ("qui", "permis"),
    [
        ("lecture", ()),
        ("administrateur", ("/comptes",)),
    ],
)
def test_un_role_sans_droit_ne_peut_rien_envoyer(
    lieu: Installation, connectes: dict[str, TestClient], qui: str, permis: tuple[str, ...]
) -> None:
    """Lecture : aucun geste nulle part. Administrateur : aucun geste de paie."""
    client, faults = connectes[qui], []
    token = jeton(client, "/mon-compte")
    for page in pages("POST"):
        if page.personnelle or page.forme.startswith(permis or "-") or str(page) in OUVERTES_A_LA_LECTURE:
            continue
        before = len(lieu.refus("accès refusé"))
        answer = client.post(page.adresse(), data={"csrf": token})
        if answer.status_code != 403 or _depuis(lieu, "accès refusé", before) != 1:
            faults.append(f"{page} : {answer.status_code}")
    assert faults == []


SANS_PAIE = ("/comptes", "/journal", "/droit")


def test_un_administrateur_ne_voit_aucune_paie(lieu: Installation, connectes: dict[str, TestClient]) -> None:
    """Ni page, ni document, ni fichier : refusé et au journal ; l'accueil mène aux comptes, le menu ne promet rien."""
    client, faults, refused = connectes["administrateur"], [], 0
    for page in pages("GET"):
        if page.personnelle or page.forme.startswith(("/connexion", *SANS_PAIE)):
            continue
        before = len(lieu.refus("accès refusé"))
        answer = client.get(page.adresse())
        if page.forme == "/":
            assert (answer.status_code, answer.headers["location"]) == (303, "/comptes")
        elif answer.status_code != 403 or _depuis(lieu, "accès refusé", before) != 1:
            faults.append(f"{page} : {answer.status_code}")
        else:
            refused += 1
    assert faults == []
    assert refused >= 15
    menu = re.findall(r'<li><a href="(/[a-z]*)"', client.get("/comptes").text)
    assert menu == ["/droit", "/journal", "/comptes"]


def test_un_administrateur_regarde_le_portefeuille_qu_on_lui_confie(lieu: Installation) -> None:
    add_account(
        lieu.registre, "p.brande", "Paule Brande", "administrateur", PHRASE, Acte("a.courant", INSTANT), ("lubescaux",)
    )
    account = next(one for one in list_accounts(lieu.registre) if one.identifiant == "p.brande")
    assert account.sees_pay
    assert account.follows("lubescaux")
    assert not account.follows(AILLEURS)
    assert not next(one for one in list_accounts(lieu.registre) if one.identifiant == "a.courant").follows("lubescaux")


@pytest.mark.parametrize("qui", ["gestionnaire", "responsable", "lecture"])
def test_les_comptes_ne_se_tiennent_que_par_l_administrateur(
    lieu: Installation, connectes: dict[str, TestClient], qui: str
) -> None:
    client = connectes[qui]
    token = jeton(client, "/mon-compte")
    for page in (*pages("GET"), *pages("POST")):
        if page.forme.startswith("/comptes"):
            before = len(lieu.refus("accès refusé"))
            answer = client.request(page.methode, page.adresse(), data={"csrf": token, "role": "administrateur"})
            assert answer.status_code == 403, page
            assert _depuis(lieu, "accès refusé", before) == 1


@pytest.mark.parametrize("faux", ["absent", "faux", "d'un autre", "origine étrangère", "origine nulle"])
def test_un_formulaire_qui_ne_vient_pas_de_nous_est_refuse(
    lieu: Installation, connectes: dict[str, TestClient], faux: str
) -> None:
    """Sur chaque geste : sans jeton, avec un jeton inventé, celui d'une autre session, ou envoyé par un autre site."""
    client, faults = connectes["responsable"], []
    own, other = jeton(client, "/mon-compte"), jeton(connectes["second"], "/mon-compte")
    token = {"absent": None, "faux": "0" * 64, "d'un autre": other}.get(faux, own)
    origin = {"origine étrangère": "https://ailleurs.example", "origine nulle": "null"}.get(faux, "https://localhost")
    for page in pages("POST"):
        if page.forme in ("/rapport-csp", "/connexion/code", "/connexion/telephone"):
            continue
        before = len(lieu.refus("formulaire refusé"))
        answer = client.post(page.adresse(), data={"csrf": token} if token else {"x": "1"}, headers={"origin": origin})
        if answer.status_code != 403 or _depuis(lieu, "formulaire refusé", before) != 1:
            faults.append(f"{page} : {answer.status_code}")
    assert faults == []
    assert client.get("/mon-compte").status_code == 200


def test_chaque_reponse_porte_les_en_tetes_de_securite(lieu: Installation, connectes: dict[str, TestClient]) -> None:
    """Pages, refus, redirections, fichiers fixes : partout ; et aucune page n'a de script ni de style à elle."""
    faults: list[str] = []
    for client in (connectes["responsable"], connectes["administrateur"], lieu.navigue()):
        places = [page.adresse() for page in pages("GET")]
        for place in (*places, "/nulle-part", "/statique/bureau.css", "/adherents/inconnu", "/?mois=jamais"):
            answer = client.get(place)
            headers = answer.headers
            policy = headers.get("content-security-policy", "")
            good = (
                policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
                and "unsafe" not in policy
                and "frame-ancestors 'none'" in policy
                and headers.get("x-content-type-options") == "nosniff"
                and headers.get("referrer-policy") == "same-origin"
                and headers.get("x-frame-options") == "DENY"
                and headers.get("cache-control") == "no-store"
                and "server" not in headers
            )
            if not good:
                faults.append(f"{place} ({answer.status_code}) : en-têtes {policy[:30]}")
            if headers.get("content-type", "").startswith("text/html"):
                found = _INTERDIT_DANS_LA_PAGE.search(_LIEN_DE_LECTURE.sub("", answer.text))
                if found:
                    faults.append(f"{place} : {found[0]!r} dans la page")
            if answer.status_code >= 500:
                faults.append(f"{place} : {answer.status_code}")
    assert faults == []


def test_le_parcours_reconnait_une_page_personnelle() -> None:
    assert Page("POST", "/mon-compte/sessions").personnelle
    assert not Page("POST", "/comptes/{identifiant}/droits").personnelle
    assert all(forme.startswith("/") for forme in PERSONNELLES)
