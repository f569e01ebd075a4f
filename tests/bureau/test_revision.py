"""La révision au bureau : chaque geste et chacun de ses refus, sans navigateur ; ce qui est tapé n'est jamais perdu."""

from __future__ import annotations

import html
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from payroll.month.calculer import compute_month
from payroll.month.commun import Acte
from payroll.month.corriger import correct_element
from payroll.month.relire import Relecture, review_page
from tests.bureau.conftest import ADHERENTS, INSTANT, MOIS, Installation, jeton, reglages_de

CODE, AUTRE = ADHERENTS
AGENT = "LB002"
PAGE = f"/adherents/{CODE}/revision?mois={MOIS}"
Client = Callable[[str], TestClient]


@pytest.fixture(scope="module")
def regard(modele: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """Des navigateurs déjà connectés, pour les essais qui ne font que regarder."""
    dossier, secrets = modele
    copie = Path(shutil.copytree(dossier, tmp_path_factory.mktemp("regard") / "var"))
    place = Installation(reglages_de(copie), secrets)
    opened = {qui: place.connecte(qui) for qui in ("lecture", "restreint")}
    yield opened.__getitem__
    place.registre.close()


def texte(answer: object) -> str:
    """Le texte d'une page, espaces ordinaires."""
    plain = html.unescape(answer.text)  # type: ignore[attr-defined]
    return " ".join(plain.replace("\u00a0", " ").replace("\u202f", " ").replace("’", "'").split())


def revue(installation: Installation) -> Relecture:
    return review_page(installation.registre, CODE, MOIS)


def geste(client: TestClient, nom: str, **champs: str | list[str]) -> object:
    """Envoie un formulaire de la révision, avec son jeton."""
    data = {"csrf": jeton(client, PAGE), **champs}
    return client.post(f"/adherents/{CODE}/revision/{nom}?mois={MOIS}", data=data)


def refuse(client: TestClient, installation: Installation, agents: list[str]) -> object:
    """Refuse des bulletins du contenu présent."""
    empreinte = revue(installation).empreinte
    return geste(client, "refuser", agents=agents, motif="primes à vérifier", empreinte=empreinte)


def corrige(installation: Installation, valeur: int = 5_000) -> None:
    correct_element(
        installation.registre,
        CODE,
        AGENT,
        MOIS,
        Acte("g.pin", INSTANT),
        rubrique="cia",
        valeur=valeur,
        motif="pièce reçue",
    )


def test_on_approuve_le_contenu_vu_sous_son_nom(installation: Installation, client: Client) -> None:
    answer = geste(client("gestionnaire"), "approuver", empreinte=revue(installation).empreinte, commentaire="relu")

    assert answer.status_code == 303  # type: ignore[attr-defined]
    after = revue(installation)
    assert after.etat == "validee"
    assert [(one.par, one.commentaire) for one in after.approbations] == [("g.pin", "relu")]


def test_un_contenu_recalcule_entre_temps_n_est_pas_approuve_et_dit_ce_qui_a_change(
    installation: Installation, client: Client
) -> None:
    seen = revue(installation).empreinte
    corrige(installation)
    compute_month(installation.registre, CODE, MOIS, Acte("g.pin", INSTANT), sans_fichier=True)
    answer = geste(client("gestionnaire"), "approuver", empreinte=seen, commentaire="relu avec soin")

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "recalculée pendant que vous la lisiez" in texte(answer)
    assert f"{AGENT} : total brut" in texte(answer)
    assert "relu avec soin" in texte(answer)
    assert revue(installation).approbations == ()


@pytest.mark.parametrize("empreinte", ["", "0" * 64, "e"])
def test_une_empreinte_qui_n_est_pas_celle_du_contenu_n_approuve_rien(
    installation: Installation, client: Client, empreinte: str
) -> None:
    answer = geste(client("gestionnaire"), "approuver", empreinte=empreinte)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert revue(installation).etat == "calculee"


def test_un_calcul_perime_se_voit_et_ne_s_approuve_pas(installation: Installation, client: Client) -> None:
    corrige(installation)
    navigateur = client("gestionnaire")
    answer = geste(navigateur, "approuver", empreinte=revue(installation).empreinte)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "Recalculez" in texte(answer)
    assert "Ce calcul n'est plus à jour" in texte(navigateur.get(PAGE))


def test_un_recalcul_annule_l_approbation_et_le_dit(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    geste(navigateur, "approuver", empreinte=revue(installation).empreinte, commentaire="relu")
    corrige(installation)
    compute_month(installation.registre, CODE, MOIS, Acte("g.pin", INSTANT), sans_fichier=True)
    said = texte(navigateur.get(PAGE))

    assert revue(installation).etat == "calculee"
    assert "Approbation annulée" in said
    assert "g.pin, révision 1" in said
    assert "recalcul : le contenu a changé" in said
    assert "Approuver la révision 2" in said


def test_refuser_en_bloc_puis_lever(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    refuse(navigateur, installation, [AGENT, "LB001"])

    assert [(one.matricule, one.motif) for one in revue(installation).refus] == [
        ("LB001", "primes à vérifier"),
        (AGENT, "primes à vérifier"),
    ]
    assert "2 bulletins refusés" in texte(navigateur.get(PAGE))

    geste(navigateur, "lever", matricule=AGENT, motif="vérifié avec la mairie")
    assert [one.matricule for one in revue(installation).refus] == ["LB001"]


@pytest.mark.parametrize(
    ("agents", "motif", "attendu"),
    [
        ([], "à vérifier", "Cochez au moins un agent"),
        ([AGENT], "  ", "Un refus dit sa raison"),
        (["ZZ999"], "à vérifier", "pas de bulletin à refuser pour ZZ999"),
    ],
)
def test_un_refus_incomplet_est_rendu_avec_ce_qui_manque(
    installation: Installation, client: Client, agents: list[str], motif: str, attendu: str
) -> None:
    answer = geste(
        client("gestionnaire"), "refuser", agents=agents, motif=motif, empreinte=revue(installation).empreinte
    )

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert attendu in texte(answer)
    assert motif.strip() in texte(answer)
    assert revue(installation).refus == ()


def test_on_ne_refuse_pas_un_bulletin_recalcule_depuis(installation: Installation, client: Client) -> None:
    seen = revue(installation).empreinte
    corrige(installation)
    compute_month(installation.registre, CODE, MOIS, Acte("g.pin", INSTANT), sans_fichier=True)
    answer = geste(client("gestionnaire"), "refuser", agents=[AGENT], motif="primes à vérifier", empreinte=seen)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert f"{AGENT} : total brut" in texte(answer)
    assert revue(installation).refus == ()


def test_un_bulletin_refuse_retient_l_approbation(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    refuse(navigateur, installation, [AGENT])
    answer = geste(navigateur, "approuver", empreinte=revue(installation).empreinte)

    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert revue(installation).etat == "calculee"


def test_rouvrir_demande_une_raison_et_fait_tomber_l_approbation(installation: Installation, client: Client) -> None:
    navigateur = client("gestionnaire")
    geste(navigateur, "approuver", empreinte=revue(installation).empreinte)

    assert geste(navigateur, "rouvrir", motif="").status_code == 422  # type: ignore[attr-defined]
    geste(navigateur, "rouvrir", motif="heures oubliées")
    assert revue(installation).etat == "calculee"
    assert "Approbation annulée" in texte(navigateur.get(PAGE))


def test_qui_regarde_seulement_ne_decide_de_rien(installation: Installation, client: Client) -> None:
    navigateur = client("lecture")

    assert "Approuver la révision" not in texte(navigateur.get(PAGE))
    assert geste(navigateur, "approuver", empreinte=revue(installation).empreinte).status_code == 403  # type: ignore[attr-defined]
    assert revue(installation).etat == "calculee"


@pytest.mark.parametrize(
    "adresse",
    [
        f"/adherents/{AUTRE}/revision",
        f"/adherents/{AUTRE}/revision/doutes",
        f"/adherents/{AUTRE}/corrections",
        f"/adherents/{AUTRE}/agents/CS001/bulletin",
        f"/adherents/{AUTRE}/agents/CS001/bulletin.pdf",
        f"/adherents/{AUTRE}/agents/CS001/explication/cnracl",
    ],
)
def test_hors_du_portefeuille_la_page_n_existe_pas(regard: Client, adresse: str) -> None:
    assert regard("restreint").get(adresse).status_code == 404


@pytest.mark.parametrize(
    ("suite", "forme"),
    [("bulletin", "page"), ("bulletin.pdf", "pdf"), ("explication/net_a_payer", "explication")],
)
def test_voir_un_bulletin_s_inscrit_au_journal(
    installation: Installation, client: Client, suite: str, forme: str
) -> None:
    assert client("lecture").get(f"/adherents/{CODE}/agents/{AGENT}/{suite}?mois={MOIS}").status_code == 200
    (line,) = installation.refus("voir-bulletin")

    assert (line.par, line.adherent_code, line.mois) == ("l.lande", CODE, str(MOIS))
    assert line.detail["matricules"] == [AGENT]
    assert line.detail["forme"] == forme


def test_le_pdf_s_ouvre_dans_le_navigateur(regard: Client) -> None:
    answer = regard("lecture").get(f"/adherents/{CODE}/agents/{AGENT}/bulletin.pdf?mois={MOIS}")

    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].startswith("inline")
    assert answer.content.startswith(b"%PDF-")


def test_une_explication_dit_base_taux_texte_et_origine(regard: Client) -> None:
    said = texte(regard("lecture").get(f"/adherents/{CODE}/agents/{AGENT}/explication/cnracl?mois={MOIS}"))

    assert "1 484,71 €" in said
    assert "11,10 %" in said
    assert "https://www.legifrance.gouv.fr/" in said
    assert "D'où cela vient : contrat LB00201" in said


@pytest.mark.parametrize(
    ("matricule", "rubrique", "statut"),
    [(AGENT, "inconnue", 404), ("ZZ999", "cnracl", 422), (AGENT, "ircantec_a", 200), (AGENT, "cumuls", 200)],
)
def test_une_explication_qui_n_existe_pas_le_dit(regard: Client, matricule: str, rubrique: str, statut: int) -> None:
    answer = regard("lecture").get(f"/adherents/{CODE}/agents/{matricule}/explication/{rubrique}?mois={MOIS}")

    assert answer.status_code == statut


def test_un_mois_sans_calcul_dit_quoi_faire(regard: Client) -> None:
    said = texte(regard("lecture").get(f"/adherents/{CODE}/revision?mois=2027-05"))

    assert "Rien à réviser pour mai 2027" in said
    assert "Ouvrir ou calculer ce mois" in said


@pytest.mark.parametrize("requete", ["page=0", "page=99", "page=x", "montrer=n'importe", "cherche=" + "x" * 5000])
def test_une_adresse_bricolee_montre_quand_meme_la_page(regard: Client, requete: str) -> None:
    assert regard("lecture").get(f"{PAGE}&{requete}").status_code == 200
