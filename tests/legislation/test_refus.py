"""Ce que le chargeur refuse : un fichier fautif par refus, et les mots que lira la personne qui le corrige."""

from __future__ import annotations

from pathlib import Path

import pytest

from payroll.legislation import LegislationError, load

CHIFFRE = """\
essai.taux:
  libelle: Un taux d'essai
  unite: taux
  valeurs:
    - valeur: "0.10"
      du: 2025-01-01
      au: 2025-12-31
      texte: Décret 2000-1 art. 1
      lien: null
      jo: null
      verifie_le: 2026-11-22
      confiance: confirme
"""
SECONDE = """\
    - valeur: "0.20"
      du: 2026-01-01
      au: null
      texte: Décret 2000-1 art. 1
      lien: null
      jo: null
      verifie_le: 2026-11-22
      confiance: confirme
"""
GRILLE = """\
territoire: metropole
libelle: métropole
grilles:
  - du: 2025-01-01
    au: null
    texte: CGI art. 204 H III-1
    lien: null
    jo: null
    verifie_le: 2026-11-22
    confiance: confirme
    tranches:
      - {de: "0", a: "1600", taux: "0"}
      - {de: "1600", a: "2000", taux: "0.005"}
      - {de: "2000", a: null, taux: "0.013"}
"""
REGLE = """\
- code: essai.regle
  sujet: La règle d'essai n'est pas tranchée.
  choix_retenu: Ceci.
  alternative: Cela.
  texte: Décret 2000-1
  confiance: une_source
  populations: [elu]
"""
SANS_CHIFFRE = 'essai.autre: "il se calcule."\n'


def write(folder: Path, **files: str) -> Path:
    """Une législation d'essai complète, où l'on remplace les fichiers nommés."""
    (folder / "figures").mkdir()
    (folder / "pas").mkdir()
    contents = {"figures": CHIFFRE + SECONDE, "pas": GRILLE, "doutes": REGLE, "sans_chiffre": SANS_CHIFFRE} | files
    (folder / "figures" / "essai.yaml").write_text(contents["figures"], encoding="utf-8")
    (folder / "pas" / "metropole.yaml").write_text(contents["pas"], encoding="utf-8")
    (folder / "doutes.yaml").write_text(contents["doutes"], encoding="utf-8")
    (folder / "sans_chiffre.yaml").write_text(contents["sans_chiffre"], encoding="utf-8")
    return folder


def refusal(folder: Path) -> str:
    with pytest.raises(LegislationError) as refus:
        load(folder)
    return str(refus.value)


def test_la_legislation_d_essai_est_bonne(tmp_path: Path) -> None:
    """Sans faute, rien n'est refusé : chaque refus ci-dessous ne tient donc qu'à sa faute."""
    legislation = load(write(tmp_path))

    assert list(legislation.chiffres) == ["essai.taux"]
    assert [doute.code for doute in legislation.doubts()] == ["essai.regle"]


@pytest.mark.parametrize(
    "avant, apres, mots",
    [
        ("  unite: taux\n", "  unite: taux\n  payeur: agent\n", "champ inconnu « payeur »"),
        ("      lien: null\n", "      lien: null\n      auteur: x\n", "champ inconnu « auteur »"),
        ("      texte: Décret 2000-1 art. 1\n", "", "champ manquant « texte »"),
        ("texte: Décret 2000-1 art. 1", 'texte: ""', "« texte » est vide"),
        ("texte: Décret 2000-1 art. 1", "texte: 2000", "« texte » doit être un texte"),
        ("unite: taux", "unite: pourcent", "unité inconnue « pourcent »"),
        ("unite: taux", "unite: null", "unité inconnue « None »"),
        ("du: 2025-01-01", "du: 2025-13-01", "date illisible « 2025-13-01 » pour « du »"),
        ("du: 2025-01-01", "du: 01/01/2025", "écrivez AAAA-MM-JJ"),
        ("du: 2025-01-01", "du: null", "« du » est vide"),
        ("au: 2025-12-31", "au: 2026-01-01", "périodes qui se chevauchent : du 2025-01-01 au 2026-01-01"),
        ("au: 2025-12-31", "au: null", "périodes qui se chevauchent : du 2025-01-01 sans fin, puis du 2026-01-01"),
        ("au: 2025-12-31", "au: 2024-12-31", "dates inversées : du 2025-01-01 au 2024-12-31"),
        ('valeur: "0.10"', "valeur: 0.10", "doit être entre guillemets"),
        ('valeur: "0.10"', "valeur: 1", "doit être entre guillemets"),
        ('valeur: "0.10"', 'valeur: "0,10"', "valeur illisible « 0,10 »"),
        ('valeur: "0.10"', 'valeur: "0.1234567"', "« 0.1234567 » a trop de décimales : 6 au plus en taux"),
        ('valeur: "0.10"', 'fraction: "6/0"', "fraction illisible « 6/0 »"),
        ('valeur: "0.10"', 'valeur: "0.10"\n      fraction: "1/10"', "l'une des deux et pas les deux"),
        ("verifie_le: 2026-11-22", "verifie_le: null", "« verifie_le » est vide"),
        ("confiance: confirme", "confiance: sûr", "confiance inconnue « sûr »"),
        ("lien: null", "lien: legifrance", "une adresse https est attendue"),
        ("  unite: taux\n", "  unite: taux\n  populations: [maire]\n", "population inconnue « maire »"),
        ("  unite: taux\n", "  unite: taux\n  populations: []\n", "« populations » doit être une liste non vide"),
        ("  unite: taux\n", "  unite: taux\n  absences: aucune\n", "« absences » doit être une liste"),
        ("essai.taux:", "essai taux:", "clé mal formée"),
    ],
)
def test_une_faute_dans_un_chiffre_est_refusee_avec_son_fichier_et_sa_cle(
    tmp_path: Path, avant: str, apres: str, mots: str
) -> None:
    assert avant in CHIFFRE
    message = refusal(write(tmp_path, figures=CHIFFRE.replace(avant, apres, 1) + SECONDE))

    assert "essai.yaml, « essai" in message
    assert mots in message


def test_une_absence_ne_peut_pas_couvrir_une_valeur(tmp_path: Path) -> None:
    absence = "  absences:\n    - {du: 2025-06-01, au: 2025-06-30, raison: inconnu}\n"
    message = refusal(write(tmp_path, figures=CHIFFRE + absence))

    assert "périodes qui se chevauchent : du 2025-01-01 au 2025-12-31, puis du 2025-06-01" in message


@pytest.mark.parametrize(
    "unite, valeur, mots",
    [
        ("EUR/mois", "10.001", "2 au plus en EUR/mois"),
        ("points", "366.5", "0 au plus en points"),
        ("SMIC", "1.405", "2 au plus en SMIC"),
    ],
)
def test_chaque_unite_a_sa_precision(tmp_path: Path, unite: str, valeur: str, mots: str) -> None:
    texte = CHIFFRE.replace("unite: taux", f"unite: {unite}").replace('"0.10"', f'"{valeur}"')

    assert mots in refusal(write(tmp_path, figures=texte))


def test_une_cle_ecrite_deux_fois_est_refusee(tmp_path: Path) -> None:
    """YAML garderait la seconde sans rien dire."""
    assert "clé écrite deux fois : « essai.taux »" in refusal(write(tmp_path, figures=CHIFFRE + CHIFFRE))


def test_une_cle_definie_dans_deux_fichiers_est_refusee(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "figures" / "zut.yaml").write_text(CHIFFRE, encoding="utf-8")

    assert "zut.yaml, « essai.taux » : clé déjà définie dans essai.yaml" in refusal(tmp_path)


@pytest.mark.parametrize(
    "contenu, mots",
    [
        ("essai: [", "essai.yaml : YAML illisible"),
        ("? [a]\n: b\n", "une clé doit être un mot"),
        ("a: \x00\n", "n'est pas un texte en UTF-8"),
        ("- une liste\n", "le fichier doit être une suite de clés"),
        ("essai.taux: 3\n", "un bloc de champs est attendu"),
        ("essai.taux:\n  libelle: x\n  unite: taux\n  valeurs: []\n", "« valeurs » doit être une liste non vide"),
    ],
)
def test_un_fichier_mal_bati_est_refuse(tmp_path: Path, contenu: str, mots: str) -> None:
    assert mots in refusal(write(tmp_path, figures=contenu))


def test_un_fichier_hors_utf8_est_refuse(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "figures" / "latin.yaml").write_bytes("é: 1".encode("latin-1"))

    assert "latin.yaml : le fichier n'est pas un texte en UTF-8" in refusal(tmp_path)


def test_un_texte_yaml_ne_construit_aucun_objet(tmp_path: Path) -> None:
    """Un fichier reçu d'ailleurs ne doit rien pouvoir exécuter."""
    assert "YAML illisible" in refusal(write(tmp_path, figures="x: !!python/object/apply:os.getcwd []\n"))


@pytest.mark.parametrize(
    "avant, apres, mots",
    [
        ('{de: "1600", a: "2000"', '{de: "1601", a: "2000"', "tranche 2 : commence à 1601, attendu 1600.00"),
        ('{de: "0", a: "1600"', '{de: "10", a: "1600"', "tranche 1 : commence à 10, attendu 0.00"),
        ('taux: "0.013"', 'taux: "0.005"', "tranche 3 : le taux 0.005 n'augmente pas"),
        ('{de: "2000", a: null', '{de: "2000", a: "3000"', "la dernière tranche doit être sans borne haute"),
        ('{de: "1600", a: "2000"', '{de: "1600", a: null', "tranche 3 : commence à 2000, attendu rien"),
        ('{de: "1600", a: "2000"', '{de: "1600", a: "1500"', "la borne haute 1500 ne dépasse pas 1600"),
        ('taux: "0.013"', "taux: 0.013", "tranche 3 illisible"),
        ("    texte: CGI art. 204 H III-1\n", "", "champ manquant « texte »"),
        ("verifie_le: 2026-11-22", "verifie_le: null", "« verifie_le » est vide"),
        ("libelle: métropole", "libelle: métropole\nzone: 1", "champ inconnu « zone »"),
    ],
)
def test_une_grille_fautive_est_refusee(tmp_path: Path, avant: str, apres: str, mots: str) -> None:
    assert avant in GRILLE
    message = refusal(write(tmp_path, pas=GRILLE.replace(avant, apres, 1)))

    assert "metropole.yaml" in message
    assert mots in message


def test_deux_grilles_le_meme_jour_sont_refusees(tmp_path: Path) -> None:
    seconde = GRILLE.split("grilles:\n")[1].replace("du: 2025-01-01", "du: 2026-01-01")

    assert "du 2025-01-01 sans fin, puis du 2026-01-01" in refusal(write(tmp_path, pas=GRILLE + seconde))


def test_un_territoire_defini_deux_fois_est_refuse(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "pas" / "zut.yaml").write_text(GRILLE, encoding="utf-8")

    assert "territoire « metropole » déjà défini dans metropole.yaml" in refusal(tmp_path)


@pytest.mark.parametrize(
    "contenu, mots",
    [
        (REGLE + REGLE, "« essai.regle » : code écrit deux fois"),
        (REGLE.replace("  alternative: Cela.\n", ""), "champ manquant « alternative »"),
        (REGLE.replace("une_source", "peut-être"), "confiance inconnue « peut-être »"),
        (REGLE.replace("[elu]", "[maire]"), "population inconnue « maire »"),
        (REGLE + "  auteur: x\n", "champ inconnu « auteur »"),
        ("a: 1\n", "une liste de lignes de doute est attendue"),
    ],
)
def test_une_regle_douteuse_mal_ecrite_est_refusee(tmp_path: Path, contenu: str, mots: str) -> None:
    assert mots in refusal(write(tmp_path, doutes=contenu))


@pytest.mark.parametrize(
    "contenu, mots",
    [
        ("essai.taux: il se calcule\n", "« essai.taux » : cette clé porte déjà un chiffre dans essai.yaml"),
        ('essai.autre: ""\n', "dites comment obtenir ce montant"),
        ("- x\n", "une suite « clé : explication » est attendue"),
    ],
)
def test_une_cle_sans_chiffre_mal_ecrite_est_refusee(tmp_path: Path, contenu: str, mots: str) -> None:
    assert mots in refusal(write(tmp_path, sans_chiffre=contenu))


def test_tous_les_defauts_sortent_d_un_coup(tmp_path: Path) -> None:
    """Le correcteur ne doit pas relancer dix fois pour trouver dix fautes."""
    chiffre = CHIFFRE.replace('"0.10"', "0.10").replace("unite: taux", "unite: x").replace("2025-12-31", "hier")
    message = refusal(write(tmp_path, figures=chiffre, doutes=REGLE + REGLE, pas=GRILLE.replace('"0.013"', '"0"')))

    attendus = ["entre guillemets", "unité inconnue « x »", "« hier »", "code écrit deux fois", "n'augmente pas"]
    assert [mot for mot in attendus if mot not in message] == []
    assert "(5 défaut(s))" in message
