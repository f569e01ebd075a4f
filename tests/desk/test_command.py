"""La commande ``paie`` : aide en français, refus en une phrase, codes de sortie, jamais de trace de programme."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from desk.command import app
from desk.command.sommaire import COMMANDES as SOMMAIRE

RACINE = Path(__file__).parents[2]
ADHERENTS = RACINE / "examples" / "adherents"
HORLOGE = "2026-11-20T09:00:00+00:00"
DSN_JUSTE = sorted((RACINE / "tests" / "dsn" / "messages").glob("*.dsn"))

CAS = """
- nom: titulaire sans prime
  mois: 2026-01
  employeur: {population: 1800, effectif: 12, zone_residence: 3, taux_at: "1.62", taux_versement_mobilite: "0",
              taux_cdg: "1.43", cnfpt: true, assurance_chomage: false}
  agent: {statut: titulaire, regime_retraite: cnracl, indice_majore: 400, heures_hebdo: "35", quotite: "1",
          nbi: 0, enfants_sft: 0, categorie: C, date_naissance: 1985-04-02, taux_pas: "0"}
  attendu: {pas: "%s"}
"""


@pytest.fixture(autouse=True)
def _large_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)


def paie(*arguments: object) -> Result:
    """Lance la commande comme au clavier."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def _flat(result: Result) -> str:
    return " ".join(result.output.split())


@pytest.fixture(scope="module")
def installations(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Deux installations préparées une fois au clavier : un adhérent inscrit, puis sa paie calculée."""
    root = tmp_path_factory.mktemp("installations")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIE_REPERTOIRE", str(root / "courant"))
        patch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)
        assert paie("inscrire", ADHERENTS / "lubescaux.yaml").exit_code == 0
        found["inscrit"] = Path(shutil.copytree(root / "courant", root / "inscrit"))
        for geste in (("ouvrir",), ("calculer", "--sans-fichier")):
            assert paie(*geste, "-m", "2026-11").exit_code == 0
        found["calcule"] = Path(shutil.copytree(root / "courant", root / "calcule"))
    return found


@pytest.fixture
def inscrit(installations: dict[str, Path]) -> None:
    shutil.copytree(installations["inscrit"], os.environ["PAIE_REPERTOIRE"])


@pytest.fixture
def calcule(installations: dict[str, Path]) -> None:
    shutil.copytree(installations["calcule"], os.environ["PAIE_REPERTOIRE"])


COMMANDES = {
    "": "Paie à façon de la fonction publique territoriale",
    "inscrire": "Inscrit des adhérents et leurs agents",
    "adherents": "Liste les adhérents inscrits",
    "ouvrir": "Ouvre le mois",
    "relever": "Relève les dépôts SFTP",
    "calculer": "Calcule les bulletins du mois",
    "etat": "Montre où en est chaque adhérent",
    "valider": "Approuve la paie calculée",
    "reviser": "Écrit le classeur de révision",
    "apercu": "Écrit le bulletin calculé d'un agent",
    "fiche": "Rend les fiches individuelles et le récapitulatif",
    "rouvrir": "Rouvre un mois validé ou clos",
    "refus": "Refuser des bulletins à la révision",
    "refus inscrire": "Refuse des bulletins",
    "refus lever": "Admet tel quel un bulletin refusé",
    "corriger": "Corriger un mois ouvert",
    "corriger element": "Fixe la valeur d'un élément du mois",
    "corriger ligne": "Ajoute une ligne manuelle",
    "corriger absence": "Ajoute une absence",
    "corriger retirer-absence": "Retire une absence",
    "corriger annuler": "Annule une correction",
    "corriger voir": "Montre les corrections du mois",
    "corriger exporter": "Écrit le classeur de correction",
    "corriger classeur": "Applique un classeur de correction",
    "gestionnaire": "Les comptes de l'agence",
    "gestionnaire ajouter": "Ouvre un compte",
    "gestionnaire lister": "Liste les comptes",
    "gestionnaire mot-de-passe": "Change le mot de passe",
    "gestionnaire fermer": "Ferme un compte",
    "gestionnaire second-facteur": "Oublie le téléphone d'un compte",
    "bureau": "Ouvre le bureau du gestionnaire",
    "declarer": "Produit et contrôle la DSN",
    "restituer": "Produit les bulletins et le journal",
    "clore": "Clôt les mois restitués",
    "cas": "Rejoue des cas de paie",
    "doutes": "Liste ce que les textes laissent ouvert",
    "expliquer": "Explique une ligne",
    "comparer": "Compare deux bulletins d'un agent",
    "simuler": "Simule des mois avec des hypothèses",
    "reprendre": "Reprend un adhérent de ses DSN",
    "retours": "Lit les retours de net-entreprises",
    "evenements": "Liste les arrêts, reprises et fins de contrat",
    "signaler": "Produit le signalement d'un événement",
    "deposer": "Pose les messages déclarés",
    "dsn": "Contrôler et lire une DSN",
    "dsn controles": "Compte les contrôles",
    "dsn controler": "Contrôle un message",
    "dsn lire": "Imprime l'arbre d'un message",
    "adherent": "Les comptes des adhérents",
    "adherent ouvrir": "Crée le compte d'un adhérent",
    "adherent cles": "Montre les clés d'un adhérent",
    "adherent fermer": "Ferme le compte d'un adhérent",
    "depot": "Le serveur du dépôt SFTP",
    "depot installer": "Pose la configuration d'OpenSSH",
    "sauvegarder": "Copie la base et les pièces",
    "restaurer": "Restaure dans l'installation des réglages",
    "conservation": "Montre ce qui a passé son délai",
    "audit": "Le journal des gestes",
    "audit verifier": "Relit le journal chaîné",
    "cles": "La clé qui chiffre",
    "cles changer": "Met une clé neuve",
    "demo": "Joue un mois entier",
    "agent": "Le dossier d'un agent",
    "agent conditions": "Change les conditions d'un agent",
    "agent prime": "Change le montant mensuel d'une prime",
    "agent annuler-conditions": "Annule un changement de conditions",
    "agent arrivee": "Inscrit un agent qui arrive",
    "agent entree": "Corrige le premier jour d'un contrat",
    "agent annuler-arrivee": "Retire un contrat ouvert par erreur",
    "agent depart": "Date ou redate un départ",
    "agent annuler-depart": "Annule un départ",
    "agent compte": "Change le compte bancaire d'un agent",
    "rappel": "Rappels et trop-perçus",
    "rappel voir": "Montre, sans rien inscrire",
    "rappel preparer": "Inscrit le rappel d'un agent",
    "rappel saisir": "Saisit un élément appris trop tard",
    "saisie": "Les saisies sur rémunération",
    "saisie inscrire": "Inscrit une pension",
    "saisie lever": "Arrête une retenue",
    "saisie voir": "Montre les saisies",
    "rappel annuler": "Annule ce qu'un rappel n'a pas encore versé",
}


@pytest.mark.parametrize("commande", COMMANDES)
def test_chaque_commande_dit_en_francais_ce_qu_elle_fait(commande: str) -> None:
    result = paie(*commande.split(), "--help")

    assert result.exit_code == 0
    assert COMMANDES[commande] in _flat(result)


def test_toutes_les_commandes_de_l_aide_sont_essayees() -> None:
    """Une commande ajoutée doit rejoindre la liste : son aide se relit."""
    assert set(SOMMAIRE) == {commande.split()[0] for commande in COMMANDES if commande}


def test_des_cas_justes_sortent_sans_faute(tmp_path: Path) -> None:
    path = tmp_path / "juste.yaml"
    path.write_text(CAS % "0.00", encoding="utf-8")
    result = paie("cas", path)

    assert result.exit_code == 0
    assert "1 cas, 1 justes, 0 en écart" in result.output


def test_un_ecart_est_un_tableau_et_le_code_1(tmp_path: Path) -> None:
    path = tmp_path / "faux.yaml"
    path.write_text(CAS % "12.34", encoding="utf-8")
    result = paie("cas", path)

    assert result.exit_code == 1
    for words in ("Écarts", "Attendu", "Obtenu", "titulaire sans prime", "pas", "12"):
        assert words in result.output


@pytest.mark.parametrize("content", ["- {nom: 3", "- nom: sans rien", "42", ""])
def test_un_fichier_de_cas_illisible_est_dit_avec_le_code_1(tmp_path: Path, content: str) -> None:
    path = tmp_path / "casse.yaml"
    path.write_text(content, encoding="utf-8")

    assert paie("cas", path).exit_code == 1


def test_un_fichier_de_cas_absent_est_dit_avec_le_code_1(tmp_path: Path) -> None:
    result = paie("cas", tmp_path / "absent.yaml")

    assert result.exit_code == 1
    assert "absent.yaml" in result.output


def test_les_doutes_sont_listes() -> None:
    result = paie("doutes")

    assert result.exit_code == 0
    assert "CNFPT" in result.output


@pytest.mark.parametrize("path", DSN_JUSTE[:1], ids=lambda path: path.name)
def test_une_dsn_se_controle_et_se_lit(path: Path) -> None:
    checked, tree = paie("dsn", "controler", path), paie("dsn", "lire", path, "--json")
    listed = paie("dsn", "controler", path, "--format", "json")

    assert "anomalies, dont" in checked.output
    anomalies = json.loads(listed.output)
    assert checked.exit_code == listed.exit_code == int(any(row["blocking"] for row in anomalies))
    assert json.loads(tree.output)
    assert tree.exit_code == 0


def test_une_dsn_tronquee_est_bloquante(tmp_path: Path) -> None:
    path = tmp_path / "tronquee.dsn"
    path.write_bytes(DSN_JUSTE[0].read_bytes()[:400])
    text, listed = paie("dsn", "controler", path), paie("dsn", "controler", path, "--format", "json")

    assert (text.exit_code, listed.exit_code) == (1, 1)
    row = next(row for row in json.loads(listed.output) if row["blocking"])
    assert set(row) >= {"line", "rubrique", "code", "blocking", "message"}
    assert "bloquant" in text.output


@pytest.mark.parametrize("commande", ["controler", "lire"])
def test_une_dsn_absente_se_dit_en_une_phrase(tmp_path: Path, commande: str) -> None:
    result = paie("dsn", commande, tmp_path / "absente.dsn")

    assert result.exit_code == 1
    assert "n'existe pas" in _flat(result)


def test_inscrire_puis_lister(inscrit: None) -> None:
    assert paie("adherents").output.split() == ["lubescaux"]
    assert "est inscrit" in paie("inscrire", ADHERENTS / "lubescaux.yaml").output, "deux fois : sans effet"


@pytest.mark.parametrize(
    "content, words",
    [
        ("code: [", "n'est pas un YAML lisible"),
        ("code: x\nsiret: '1'\n", "SIRET invalide"),
        ("- une\n- liste\n", "adherent.yaml"),
        ("", "adherent.yaml"),
    ],
)
def test_une_description_fautive_est_refusee_en_francais(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "adherent.yaml"
    path.write_text(content, encoding="utf-8")
    result = paie("inscrire", path)

    assert result.exit_code == 1
    assert words in _flat(result)
    assert "1 fichier à corriger" in _flat(result)
    assert not any(english in result.output for english in ("Input should", "Field required"))


def test_une_description_absente_est_refusee_en_francais(tmp_path: Path) -> None:
    result = paie("inscrire", tmp_path / "absente.yaml")

    assert result.exit_code == 1
    assert "absente.yaml" in _flat(result)


def test_l_etat_montre_chaque_adherent(calcule: None) -> None:
    result = paie("etat", "-m", "2026-11")

    assert result.exit_code == 0
    for words in ("novembre 2026", "lubescaux", "calculee", "Net à payer"):
        assert words in result.output


def test_l_etat_prend_le_mois_de_l_horloge(calcule: None) -> None:
    assert "novembre 2026" in paie("etat").output


def test_le_mois_se_joue_au_clavier_jusqu_a_la_dsn(calcule: None) -> None:
    for geste in (("valider", "-a", "lubescaux"), ("declarer",)):
        result = paie(*geste, "-m", "2026-11")
        assert result.exit_code == 0, result.output
    assert "declaree" in paie("etat", "-m", "2026-11").output


def test_un_geste_refuse_sort_avec_le_code_1_et_le_dit(inscrit: None) -> None:
    result = paie("declarer", "-m", "2026-11")

    assert result.exit_code == 1
    assert "n'est pas ouvert" in _flat(result)
    assert "1 adhérent en attente" in _flat(result)


def test_expliquer_raconte_une_ligne(calcule: None) -> None:
    result = paie("expliquer", "LB001", "2026-11", "cnracl")

    assert result.exit_code == 0
    assert "CNRACL" in result.output
    assert "Bruyeraval" not in result.output


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("LB099", "2026-11", "cnracl"), "Aucun agent"),
        (("LB001", "2026-11", "sft"), "aucune ligne"),
        (("LB001", "2026-10", "cnracl"), "n'est pas ouvert"),
        (("LB001", "2026-13", "cnracl"), "Refusé"),
        (("LB001", "novembre", "cnracl"), "Refusé"),
        (("LB001", "2026-11", "cnracl", "-a", "ailleurs"), "Adhérent inconnu"),
    ],
)
def test_expliquer_refuse_en_une_phrase(calcule: None, arguments: tuple[str, ...], words: str) -> None:
    result = paie("expliquer", *arguments)

    assert result.exit_code == 1
    assert words in _flat(result)


@pytest.mark.parametrize("geste", ["ouvrir", "calculer", "declarer", "clore"])
def test_un_adherent_inconnu_est_refuse_par_chaque_geste(inscrit: None, geste: str) -> None:
    result = paie(geste, "-m", "2026-11", "-a", "ailleurs")

    assert result.exit_code == 1
    assert "Adhérent inconnu" in _flat(result)


@pytest.mark.parametrize("mois", ["2026-13", "26-11", "novembre", "2026-11-01"])
@pytest.mark.parametrize("geste", ["ouvrir", "calculer", "etat"])
def test_un_mois_mal_ecrit_est_refuse(geste: str, mois: str) -> None:
    result = paie(geste, "-m", mois)

    assert result.exit_code == 1
    assert "Refusé" in result.output
