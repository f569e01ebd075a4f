"""Ce qu'un curieux tente : deviner, rejouer, poser un témoin, se dire un autre, noyer. Refusé, et au journal."""

from __future__ import annotations

import re
import traceback
from collections.abc import AsyncIterator

import pytest
from httpx import Response
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.testclient import TestClient

from desk.bureau.reglages import ReglagesBureau
from payroll.settings import Environnement
from tests.bureau.conftest import COMPTES, PHRASE, Installation, envoie, jeton

pytestmark = pytest.mark.hostile

TEMOIN = "__Host-paie"
MANDATAIRE = "10.0.0.5"


def essaie(client: TestClient, identifiant: str = "g.pin", mot_de_passe: str = "ce n'est pas lui") -> Response:
    return envoie(client, "/connexion", identifiant=identifiant, mot_de_passe=mot_de_passe)


def sans_variable(html: str) -> str:
    """La page sans ce qui change d'une session à l'autre."""
    return re.sub(r'value="[^"]*"', "", html)


# --- deviner


def test_apres_cinq_mots_de_passe_faux_le_bon_attend_aussi(installation: Installation) -> None:
    client = installation.navigue()
    assert [essaie(client).status_code for _ in range(5)] == [422] * 5
    stopped = essaie(client, mot_de_passe=PHRASE)
    assert stopped.status_code == 429
    assert stopped.headers["retry-after"] == "31"
    assert "Trop d’essais" in stopped.text
    told = installation.refus("connexion refusée")
    assert [(row.par, row.detail["raison"]) for row in told] == [("g.pin", "identifiant ou mot de passe")] * 5
    assert [row.par for row in installation.refus("connexion ralentie")] == ["g.pin"]
    installation.heure.avance(seconds=31)
    assert essaie(client, mot_de_passe=PHRASE).headers["location"] == "/connexion/code"


def test_un_compte_inconnu_ou_ferme_repond_exactement_comme_un_autre(installation: Installation) -> None:
    answers = {}
    for rank, who in enumerate(("g.pin", "personne")):
        client = installation.navigue(f"192.0.2.{100 + rank}")
        answers[who] = [essaie(client, who) for _ in range(7)]
    known, unknown = answers.values()
    assert [item.status_code for item in known] == [item.status_code for item in unknown] == [422] * 5 + [429] * 2
    assert [sans_variable(item.text) for item in known] == [
        sans_variable(item.text).replace("personne", "g.pin") for item in unknown
    ]
    # Ce qui a été tapé dans le champ n'est pas au journal : ce peut être un mot de passe.
    assert {row.par for row in installation.refus("connexion refusée")} == {"g.pin", "anonyme"}


def test_une_adresse_qui_essaie_tous_les_comptes_attend(installation: Installation) -> None:
    client = installation.navigue()
    codes = [essaie(client, f"compte{rank}").status_code for rank in range(31)]
    assert codes == [422] * 30 + [429]
    assert essaie(installation.navigue("192.0.2.77")).status_code == 422
    assert installation.refus("connexion ralentie")[-1].detail["adresse"] == "192.0.2.10"


def test_le_code_ne_se_devine_pas_non_plus(installation: Installation) -> None:
    client = installation.navigue()
    essaie(client, mot_de_passe=PHRASE)
    answers = [envoie(client, "/connexion/code", code=f"{rank:06d}").status_code for rank in range(6)]
    assert answers == [422] * 5 + [429]
    assert envoie(client, "/connexion/code", code=installation.code("gestionnaire")).status_code == 429
    assert [row.detail["raison"] for row in installation.refus("connexion refusée")] == ["code"] * 5
    assert client.get("/").status_code == 303


def test_un_code_qui_a_servi_ne_rouvre_rien(installation: Installation) -> None:
    used = installation.connecte("gestionnaire")
    assert used.get("/").status_code == 200
    thief = installation.navigue("192.0.2.66")
    essaie(thief, mot_de_passe=PHRASE)
    again = envoie(thief, "/connexion/code", code=installation.code("gestionnaire"))
    assert again.status_code == 422
    assert "il a déjà servi" in again.text
    assert [row.detail["raison"] for row in installation.refus("code refusé")] == ["code déjà servi"]
    assert thief.get("/").status_code == 303


def test_le_mot_de_passe_seul_n_ouvre_aucune_page(installation: Installation) -> None:
    client = installation.navigue()
    essaie(client, mot_de_passe=PHRASE)
    for place in ("/", "/mon-compte", "/comptes", "/connexion/telephone"):
        assert client.get(place).headers["location"].startswith("/connexion?suite="), place


def test_une_session_volee_ne_sert_pas_a_deviner_le_mot_de_passe(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")
    fields = {"mot_de_passe": "ce n'est pas lui", "nouveau": "un autre mot de passe", "encore": "un autre mot de passe"}
    answers = [envoie(client, "/mon-compte/mot-de-passe", page="/mon-compte", **fields).status_code for _ in range(6)]
    assert answers == [422] * 5 + [429]
    assert len(installation.refus("mot de passe refusé")) == 5


# --- poser ou voler un témoin


def test_le_temoin_est_sur_et_change_a_chaque_montee_de_droits(installation: Installation) -> None:
    client, seen = installation.navigue(), []
    first = client.get("/connexion")
    half = envoie(client, "/connexion", identifiant="g.pin", mot_de_passe=PHRASE)
    installation.heure.avance(seconds=30)
    whole = envoie(client, "/connexion/code", code=installation.code("gestionnaire"))
    for answer in (first, half, whole):
        (cookie,) = answer.headers.get_list("set-cookie")
        name, _, rest = cookie.partition("=")
        value, *flags = rest.split("; ")
        assert name == TEMOIN
        assert flags == ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"]
        seen.append(value)
    assert len(set(seen)) == 3
    assert "set-cookie" not in client.get("/").headers


def test_un_temoin_pose_d_avance_ne_mene_a_rien(installation: Installation) -> None:
    """Fixation : le voleur garde le témoin qu'avait la personne avant de se connecter, et l'essaie ensuite."""
    client = installation.navigue()
    token = jeton(client, "/connexion")
    planted = client.cookies[TEMOIN]
    client.post("/connexion", data={"csrf": token, "identifiant": "g.pin", "mot_de_passe": PHRASE})
    half = client.cookies[TEMOIN]
    installation.heure.avance(seconds=30)
    envoie(client, "/connexion/code", code=installation.code("gestionnaire"))
    assert client.get("/").status_code == 200

    for stolen in (planted, half):
        thief = installation.navigue("192.0.2.66")
        thief.cookies.set(TEMOIN, stolen, domain="localhost.local")
        assert thief.get("/").status_code == 303
        thief.cookies.set(TEMOIN, stolen, domain="localhost.local")
        assert thief.get("/connexion/code").status_code == 303
    told = installation.refus("témoin éteint présenté")
    assert [(row.par, row.detail["motif"], row.detail["adresse"]) for row in told] == [
        ("anonyme", "remplacée", "192.0.2.66")
    ] * 2


def test_un_temoin_invente_n_est_jamais_adopte(installation: Installation) -> None:
    client = installation.navigue()
    client.cookies.set(TEMOIN, "choisi-par-un-autre", domain="localhost.local")
    assert client.get("/").status_code == 303
    assert "choisi-par-un-autre" not in client.get("/connexion").headers["set-cookie"]


def test_se_deconnecter_ferme_pour_de_bon(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")
    stolen = client.cookies[TEMOIN]
    done = envoie(client, "/deconnexion", page="/mon-compte")
    assert "Max-Age=0" in done.headers["set-cookie"]
    thief = installation.navigue("192.0.2.66")
    thief.cookies.set(TEMOIN, stolen, domain="localhost.local")
    assert thief.get("/").status_code == 303
    assert [row.detail["motif"] for row in installation.refus("témoin éteint présenté")] == ["déconnexion"]


@pytest.mark.parametrize(("minutes", "statut"), [(29, 200), (31, 303)])
def test_une_session_muette_se_ferme(installation: Installation, minutes: int, statut: int) -> None:
    client = installation.connecte("gestionnaire")
    installation.heure.avance(minutes=minutes)
    assert client.get("/").status_code == statut


def test_dix_heures_au_plus_meme_active(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")
    for _ in range(24):
        installation.heure.avance(minutes=24)
        assert client.get("/mon-compte").status_code == 200
    installation.heure.avance(minutes=24)
    assert client.get("/mon-compte").status_code == 303


def test_changer_de_mot_de_passe_deconnecte_les_autres_appareils(installation: Installation) -> None:
    here, there = installation.connecte("gestionnaire"), installation.connecte("gestionnaire", "192.0.2.11")
    before = here.cookies[TEMOIN]
    fields = {"mot_de_passe": PHRASE, "nouveau": "la dune avance un peu", "encore": "la dune avance un peu"}
    assert envoie(here, "/mon-compte/mot-de-passe", page="/mon-compte", **fields).status_code == 303
    assert here.cookies[TEMOIN] != before
    assert "Mot de passe changé" in here.get("/mon-compte").text
    assert there.get("/").status_code == 303


def test_des_droits_retires_valent_a_la_page_suivante(installation: Installation) -> None:
    client, admin = installation.connecte("gestionnaire"), installation.connecte("administrateur", "192.0.2.12")
    done = envoie(admin, "/comptes/g.pin/droits", page="/comptes/g.pin", role="lecture", portefeuille="lubescaux")
    assert done.status_code == 303
    assert client.get("/").status_code == 303


# --- se dire un autre


@pytest.mark.parametrize("reglee", [False, True])
def test_un_en_tete_d_identite_venu_d_ailleurs_est_ignore_et_trace(installation: Installation, reglee: bool) -> None:
    if reglee:
        installation.bureau = ReglagesBureau(_env_file=None, mandataires=MANDATAIRE, entete_identite="X-Remote-User")  # type: ignore[call-arg]
    client = installation.navigue("192.0.2.66")
    for _ in range(3):
        answer = client.get("/", headers={"X-Remote-User": "c.ajonc", "X-Forwarded-For": MANDATAIRE})
        assert answer.status_code == 303
    (line,) = installation.refus("en-tête d'identité ignoré")
    assert (line.par, line.detail["pair"], line.detail["adresse"]) == ("anonyme", "192.0.2.66", "192.0.2.66")


def test_le_mandataire_de_l_agence_est_cru_et_sa_session_ne_vit_que_derriere_lui(installation: Installation) -> None:
    installation.bureau = ReglagesBureau(_env_file=None, mandataires="10.0.0.0/29", entete_identite="X-Remote-User")  # type: ignore[call-arg]
    client = installation.navigue(MANDATAIRE)
    client.headers.update({"X-Remote-User": "g.pin", "X-Forwarded-For": "198.51.100.1, 203.0.113.7"})
    page = client.get("/")
    assert page.status_code == 200
    assert "Gaël Pin" in page.text
    (line,) = installation.refus("connexion")
    assert (line.par, line.detail) == ("g.pin", {"adresse": "203.0.113.7", "mandataire": True})

    direct = installation.navigue("192.0.2.66")
    direct.cookies.set(TEMOIN, client.cookies[TEMOIN], domain="localhost.local")
    assert direct.get("/").status_code == 303
    client.headers["X-Remote-User"] = "c.ajonc"
    assert "Chloé Ajonc" in client.get("/").text
    client.headers["X-Remote-User"] = "inconnue"
    assert client.get("/").status_code == 303
    assert len(installation.refus("connexion refusée")) == 1


def test_une_adresse_inventee_ne_deplace_pas_l_attente(installation: Installation) -> None:
    client = installation.navigue()
    for rank in range(31):
        answer = client.post(
            "/connexion",
            data={"csrf": jeton(client, "/connexion"), "identifiant": f"compte{rank}", "mot_de_passe": "x"},
            headers={"X-Forwarded-For": f"198.51.100.{rank}"},
        )
    assert answer.status_code == 429
    assert {row.detail["adresse"] for row in installation.refus("connexion refusée")} == {"192.0.2.10"}


@pytest.mark.parametrize("hote", ["mechant.example", "localhost.mechant.example", "192.0.2.1", ""])
def test_un_autre_nom_qui_mene_ici_n_est_pas_servi(installation: Installation, hote: str) -> None:
    answer = installation.navigue().get("/connexion", headers={"host": hote})
    assert answer.status_code == 421
    assert "csrf" not in answer.text


@pytest.mark.parametrize(
    "suite", ["https://mechant.example", "//mechant.example", "/\\mechant.example", "mechant", "/\tx", "/deconnexion"]
)
def test_la_connexion_n_envoie_pas_ailleurs(installation: Installation, suite: str) -> None:
    client = installation.connecte("gestionnaire")
    assert client.get("/connexion", params={"suite": suite}).headers["location"] == "/"


def test_en_production_le_navigateur_apprend_a_ne_venir_qu_en_https(installation: Installation) -> None:
    assert "strict-transport-security" not in installation.navigue().get("/connexion").headers
    installation.registre.close()
    installation.reglages = installation.reglages.model_copy(
        update={"environnement": Environnement.PRODUCTION, "fichier_cles": installation.reglages.repertoire / "cles"}
    )
    installation.bureau = ReglagesBureau(_env_file=None, adresse_publique="https://paie.agence.example")  # type: ignore[call-arg]
    installation._app = None
    client = installation.navigue()
    client.base_url = "https://paie.agence.example"
    page = client.get("/connexion")
    assert page.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "Démonstration" not in page.text
    # L'origine admise est l'adresse publique, et elle seule.
    token = jeton(client, "/connexion")
    for origin, statut in (("https://localhost", 403), ("https://paie.agence.example", 422)):
        fields = {"csrf": token, "identifiant": "g.pin", "mot_de_passe": "ce n'est pas lui"}
        assert client.post("/connexion", data=fields, headers={"origin": origin}).status_code == statut


# --- noyer, casser


@pytest.mark.parametrize(
    ("adresse", "octets"), [("/connexion", 70_000), ("/rapport-csp", 70_000), ("/comptes/nouveau", 3_000_000)]
)
@pytest.mark.parametrize("annonce", [True, False])
def test_un_envoi_trop_gros_est_refuse(installation: Installation, adresse: str, octets: int, annonce: bool) -> None:
    installation.bureau = ReglagesBureau(_env_file=None, taille_maximale=2_000_000)  # type: ignore[call-arg]
    client = installation.connecte("administrateur")
    body = b"csrf=" + b"a" * octets
    content = body if annonce else iter([body[:1000], body[1000:]])
    answer = client.post(adresse, content=content, headers={"content-type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 413
    assert "Envoi trop gros" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_une_panne_ne_montre_ni_trace_ni_secret_et_garde_la_saisie(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("détail du programme")

    monkeypatch.setattr("desk.bureau.pages.compte.choose_password", broken)
    client = installation.connecte("gestionnaire")
    fields = {"mot_de_passe": PHRASE, "nouveau": "la dune avance un peu", "encore": "la dune avance un peu"}
    answer = envoie(client, "/mon-compte/mot-de-passe", page="/mon-compte", motif="mon explication", **fields)
    assert answer.status_code == 500
    assert "Une panne du bureau" in answer.text
    assert "mon explication" in answer.text
    for hidden in ("Traceback", "RuntimeError", "détail du programme", PHRASE, "la dune avance"):
        assert hidden not in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


_PERSONNE = ("Ginette Lacrabe", "2 55 08 40 003 019 72", "FR76 3000 1007 9412 3456 7890 185")


@pytest.mark.privacy
@pytest.mark.parametrize("commencee", [False, True])
def test_une_panne_qui_cite_une_personne_n_en_laisse_rien_au_journal(
    installation: Installation, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, commencee: bool
) -> None:
    """Le journal, et la trace que le serveur écrirait d'une réponse déjà commencée, ne disent que nature et endroit."""

    def quoted() -> None:
        try:
            raise KeyError(_PERSONNE[0])
        except KeyError as error:
            raise ValueError(f"valeurs refusées : {', '.join(_PERSONNE)}") from error

    def broken(*_: object, **__: object) -> None:
        quoted()

    async def sending(_request: Request) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"debut"
            quoted()

        return StreamingResponse(body())

    if commencee:
        installation.app.add_route("/essai-commence", sending)
        with pytest.raises(RuntimeError) as caught:
            TestClient(installation.app, base_url="https://localhost").get("/essai-commence")
        written = "".join(traceback.format_exception(caught.value))
    else:
        monkeypatch.setattr("desk.bureau.pages.compte.list_sessions", broken)
        answer = installation.connecte("gestionnaire").get("/mon-compte")
        assert answer.status_code == 500
        written = answer.text
    told = [record for record in caplog.records if record.name == "paie.bureau"]
    assert [record.exc_info for record in told] == [None]
    assert re.search(r"GET .+ : ValueError, tests/bureau/test_attaques\.py ligne \d+", told[0].getMessage())
    for hidden in _PERSONNE:
        assert hidden not in caplog.text + written


def test_une_session_terminee_pendant_la_saisie_rend_ce_qui_etait_tape(installation: Installation) -> None:
    client = installation.connecte("administrateur")
    token = jeton(client, "/comptes/nouveau")
    installation.heure.avance(hours=2)
    answer = client.post("/comptes/nouveau", data={"csrf": token, "identifiant": "n.neuf", "nom": "Nina Neuf"})
    assert answer.status_code == 401
    assert "Nina Neuf" in answer.text
    assert token not in answer.text


def test_les_comptes_d_essai_sont_ceux_que_l_on_croit() -> None:
    assert {role for _, _, role, _ in COMPTES.values()} == {
        "lecture",
        "gestionnaire",
        "responsable",
        "administrateur",
    }
