"""Tenir les comptes et le sien : ouvrir, mot de passe provisoire, droits, téléphone perdu, appareils, secours."""

from __future__ import annotations

import re
from html import unescape

import pyotp
import pytest
from httpx import Response
from starlette.testclient import TestClient

from payroll.month.gestionnaires import list_accounts
from payroll.month.second_facteur import factor_state
from tests.bureau.conftest import COMPTES, PHRASE, Installation, envoie

NEUF = "n.neuf"
CHOISI = "la dune avance un peu"


def texte(answer: Response) -> str:
    return " ".join(unescape(answer.text).replace("’", "'").split())


def ouvre(admin: TestClient, **champs: str) -> Response:
    fields = {"identifiant": NEUF, "nom": "Nina Neuf", "role": "gestionnaire", "portefeuille": "lubescaux", **champs}
    return envoie(admin, "/comptes/nouveau", **fields)


def provisoire(answer: Response) -> str:
    found = re.search(r"<dd>((?:[a-z2-9]{4}-){3}[a-z2-9]{4})</dd>", answer.text)
    assert found
    return found[1]


def compte(installation: Installation, identifiant: str) -> tuple[str, tuple[str, ...], bool, bool]:
    (one,) = [item for item in list_accounts(installation.registre) if item.identifiant == identifiant]
    return str(one.role), one.portefeuille, one.ouvert, one.provisoire


def inscrit(installation: Installation, mot_de_passe: str, adresse: str = "192.0.2.50") -> TestClient:
    """Première connexion d'un compte neuf : mot de passe provisoire, puis le téléphone."""
    client = installation.navigue(adresse)
    first = envoie(client, "/connexion", identifiant=NEUF, mot_de_passe=mot_de_passe)
    assert first.headers["location"] == "/connexion/telephone"
    page = client.get("/connexion/telephone")
    assert "<svg" in page.text
    found = re.search(r'class="cle">([A-Z2-7 ]+)<', page.text)
    assert found
    secret = found[1].replace(" ", "")
    wrong = envoie(client, "/connexion/telephone", code="000000")
    assert wrong.status_code == 422
    done = envoie(client, "/connexion/telephone", code=pyotp.TOTP(secret).at(installation.heure()))
    assert done.status_code == 200
    assert len(re.findall(r"<li><code>[a-z2-9-]{19}</code></li>", done.text)) == 10
    return client


def test_un_compte_neuf_inscrit_son_telephone_puis_choisit_son_mot_de_passe(installation: Installation) -> None:
    admin = installation.connecte("administrateur")
    given = provisoire(ouvre(admin))
    assert compte(installation, NEUF) == ("gestionnaire", ("lubescaux",), True, True)
    assert given not in admin.get(f"/comptes/{NEUF}").text

    client = inscrit(installation, given)
    for place in ("/", "/comptes", "/adherents/lubescaux/revision"):
        assert client.get(place).headers["location"] == "/mon-compte", place
    assert "Choisissez votre mot de passe" in client.get("/mon-compte").text
    fields = {"mot_de_passe": given, "nouveau": CHOISI, "encore": CHOISI}
    assert envoie(client, "/mon-compte/mot-de-passe", page="/mon-compte", **fields).status_code == 303
    told = "Mot de passe changé"
    assert told in client.get("/mon-compte").text
    assert told not in client.get("/mon-compte").text  # une seule fois
    assert client.get("/").status_code == 200
    assert compte(installation, NEUF)[3] is False


@pytest.mark.parametrize(
    ("champs", "mots"),
    [
        ({"identifiant": "N. Neuf"}, "s'écrit en minuscules"),
        ({"identifiant": "g.pin"}, "existe déjà"),
        ({"role": "chef"}, "Rôle inconnu"),
        ({"portefeuille": "lubescaux, nulle-part"}, "Adhérent inconnu : « nulle-part »"),
    ],
)
def test_un_compte_mal_demande_se_dit_et_garde_la_saisie(
    installation: Installation, champs: dict[str, str], mots: str
) -> None:
    answer = ouvre(installation.connecte("administrateur"), **champs)
    assert answer.status_code == 422
    assert mots in texte(answer)
    assert 'value="Nina Neuf"' in answer.text
    assert len(list_accounts(installation.registre)) == len(COMPTES)


def test_changer_les_droits(installation: Installation) -> None:
    admin = installation.connecte("administrateur")
    fields = {"role": "lecture", "portefeuille": "lubescaux\nccas-marsaquet"}
    done = envoie(admin, "/comptes/g.pin/droits", page="/comptes/g.pin", **fields)
    assert done.headers["location"] == "/comptes/g.pin"
    assert compte(installation, "g.pin")[:2] == ("lecture", ("ccas-marsaquet", "lubescaux"))
    assert "Droits enregistrés" in admin.get("/comptes/g.pin").text
    (line,) = installation.refus("changer-droits")
    assert (line.par, line.detail["identifiant"], line.detail["role"]) == ("a.courant", "g.pin", "lecture")


@pytest.mark.parametrize(
    ("geste", "champs", "mots"),
    [
        ("droits", {"role": "responsable", "portefeuille": ""}, "ses propres droits"),
        ("fermer", {}, "son propre compte"),
    ],
)
def test_un_administrateur_ne_touche_pas_aux_siens(
    installation: Installation, geste: str, champs: dict[str, str], mots: str
) -> None:
    admin = installation.connecte("administrateur")
    answer = envoie(admin, f"/comptes/a.courant/{geste}", page="/comptes/a.courant", **champs)
    assert answer.status_code == 422
    assert mots in texte(answer)
    assert compte(installation, "a.courant")[:3] == ("administrateur", (), True)


def test_un_telephone_perdu_se_remplace(installation: Installation) -> None:
    admin, client = installation.connecte("administrateur"), installation.connecte("gestionnaire", "192.0.2.11")
    assert envoie(admin, "/comptes/g.pin/second-facteur", page="/comptes/g.pin").status_code == 303
    assert client.get("/").status_code == 303
    again = envoie(client, "/connexion", identifiant="g.pin", mot_de_passe=PHRASE)
    assert again.headers["location"] == "/connexion/telephone"


def test_un_mot_de_passe_oublie_se_remplace_par_un_provisoire(installation: Installation) -> None:
    admin, client = installation.connecte("administrateur"), installation.connecte("gestionnaire", "192.0.2.11")
    given = provisoire(envoie(admin, "/comptes/g.pin/mot-de-passe", page="/comptes/g.pin"))
    assert client.get("/").status_code == 303
    assert envoie(client, "/connexion", identifiant="g.pin", mot_de_passe=PHRASE).status_code == 422
    assert envoie(client, "/connexion", identifiant="g.pin", mot_de_passe=given).status_code == 303


def test_fermer_un_compte_et_deconnecter_ses_appareils(installation: Installation) -> None:
    admin, client = installation.connecte("administrateur"), installation.connecte("gestionnaire", "192.0.2.11")
    assert envoie(admin, "/comptes/g.pin/sessions", page="/comptes/g.pin").status_code == 303
    assert client.get("/").status_code == 303
    assert "1 appareil déconnecté" in admin.get("/comptes/g.pin").text
    assert envoie(admin, "/comptes/g.pin/fermer", page="/comptes/g.pin").headers["location"] == "/comptes"
    assert "est fermé" in texte(admin.get("/comptes"))
    assert "Ce compte est fermé" in admin.get("/comptes/g.pin").text
    assert envoie(client, "/connexion", identifiant="g.pin", mot_de_passe=PHRASE).status_code == 422
    # Un compte fermé ne se rouvre par aucun de ses formulaires.
    for geste in ("droits", "mot-de-passe", "second-facteur", "sessions"):
        answer = envoie(admin, f"/comptes/g.pin/{geste}", page="/comptes/r.dune", role="lecture")
        assert answer.status_code == 422, geste
    assert compte(installation, "g.pin")[2] is False


def test_mes_appareils_se_deconnectent_d_ici(installation: Installation) -> None:
    here, there = installation.connecte("gestionnaire"), installation.connecte("gestionnaire", "192.0.2.11")
    page = here.get("/mon-compte").text
    assert "192.0.2.11" in page
    (other,) = re.findall(r'name="session" value="(\d+)"', page)
    assert envoie(here, "/mon-compte/sessions", page="/mon-compte", session=other).status_code == 303
    assert there.get("/").status_code == 303
    assert here.get("/").status_code == 200


def test_de_nouveaux_codes_de_secours_demandent_un_code_et_servent_a_se_connecter(installation: Installation) -> None:
    client = installation.connecte("gestionnaire")
    wrong = envoie(client, "/mon-compte/codes-de-secours", page="/mon-compte", code="000000")
    assert wrong.status_code == 422
    installation.heure.avance(seconds=30)
    done = envoie(client, "/mon-compte/codes-de-secours", page="/mon-compte", code=installation.code("gestionnaire"))
    codes = re.findall(r"<code>([a-z2-9-]{19})</code>", done.text)
    assert len(codes) == 10
    other = installation.navigue("192.0.2.11")
    envoie(other, "/connexion", identifiant="g.pin", mot_de_passe=PHRASE)
    assert envoie(other, "/connexion/code", code=codes[0]).status_code == 303
    assert factor_state(installation.registre, "g.pin").codes_de_secours == 9
    assert len(installation.refus("code de secours utilisé")) == 1


def test_le_mois_choisi_reste_d_une_page_a_l_autre(installation: Installation) -> None:
    client = installation.connecte("lecture")
    assert "Le mois de novembre 2026" in texte(client.get("/"))
    assert "Le mois d'octobre 2026" in texte(client.get("/?mois=2026-10"))
    assert '<option value="2026-10" selected>' in client.get("/mon-compte").text
    wrong = client.get("/?mois=jamais")
    assert wrong.status_code == 422
    assert "écrivez AAAA-MM" in texte(wrong)
