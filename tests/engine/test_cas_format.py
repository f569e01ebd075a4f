"""Un fichier de cas fautif donne une erreur lisible, jamais un faux succès ni une trace d'exécution."""

from __future__ import annotations

from pathlib import Path

import pytest

from payroll.engine.cases import CaseResult, Ecart, run

BON = """
- nom: titulaire sans rien
  mois: 2026-03
  employeur: {population: 1800, effectif: 12}
  agent: {statut: titulaire, regime_retraite: cnracl, indice_majore: 400, taux_pas: "0"}
  attendu: {brut: "1969.11"}
"""


def _run(tmp_path: Path, text: str) -> list[CaseResult]:
    path = tmp_path / "essai.yaml"
    path.write_text(text, encoding="utf-8")
    return run([path])


def _one(tmp_path: Path, text: str) -> CaseResult:
    (result,) = _run(tmp_path, text)
    return result


def test_un_cas_juste_n_a_ni_ecart_ni_erreur(tmp_path: Path) -> None:
    result = _one(tmp_path, BON)
    assert (result.nom, result.ecarts, result.erreur, result.ok) == ("titulaire sans rien", [], "", True)


def test_un_centime_d_ecart_est_dit_des_deux_cotes(tmp_path: Path) -> None:
    assert _one(tmp_path, BON.replace("1969.11", "1969.12")).ecarts == [Ecart("brut", "1969.12", "1969.11")]


def test_une_ligne_attendue_a_zero_equivaut_a_une_ligne_absente(tmp_path: Path) -> None:
    zero = BON.replace('{brut: "1969.11"}', '{lignes: {sft: {montant: "0"}, rafp: {base: "0", salarie: "0"}}}')
    assert _one(tmp_path, zero).ok


def test_montant_et_salarie_disent_la_meme_chose(tmp_path: Path) -> None:
    for mot in ("montant", "salarie"):
        assert _one(tmp_path, BON.replace('{brut: "1969.11"}', f'{{lignes: {{traitement: {{{mot}: "1969.11"}}}}}}')).ok


def test_une_part_d_employeur_fausse_est_un_ecart(tmp_path: Path) -> None:
    faux = BON.replace('{brut: "1969.11"}', '{lignes: {cnracl: {salarie: "218.57", employeur: "1.00"}}}')
    assert _one(tmp_path, faux).ecarts == [Ecart("cnracl.employeur", "1.00", "741.37")]


def test_les_deux_ecritures_de_la_quotite_donnent_le_meme_bulletin(tmp_path: Path) -> None:
    for ecriture in ('"0.8"', '"4/5"', '"0,8"'):
        cas = BON.replace('taux_pas: "0"', f'taux_pas: "0", quotite: {ecriture}').replace("1969.11", "1687.81")
        assert _one(tmp_path, cas).ok


def test_un_refus_attendu_et_obtenu_est_un_cas_juste(tmp_path: Path) -> None:
    refuse = BON.replace("indice_majore: 400", "indice_majore: 0")
    assert _one(tmp_path, refuse.replace('{brut: "1969.11"}', "{refus: indice-impossible}")).ok
    assert _one(tmp_path, refuse.replace('{brut: "1969.11"}', "{refus: zone-inconnue}")).ecarts == [
        Ecart("refus", "zone-inconnue", "indice-impossible")
    ]
    assert _one(tmp_path, BON.replace('{brut: "1969.11"}', "{refus: zone-inconnue}")).ecarts == [
        Ecart("refus", "zone-inconnue", "bulletin calculé")
    ]
    assert "indice majoré" in _one(tmp_path, refuse).erreur


@pytest.mark.parametrize(
    ("avant", "apres", "message"),
    [
        ("population: 1800", "popullation: 1800", "clé inconnue « popullation » dans « employeur »"),
        ("statut: titulaire", "statu: titulaire", "clé inconnue « statu » dans « agent »"),
        ("mois: 2026-03", "moi: 2026-03", "clé inconnue « moi » dans « cas »"),
        ('brut: "1969.11"', 'brutt: "1969.11"', "clé inconnue « brutt » dans « attendu »"),
        ('{brut: "1969.11"}', '{lignes: {cnracle: {salarie: "1"}}}', "code de ligne inconnu « cnracle »"),
        ('{brut: "1969.11"}', '{lignes: {cnracl: {part: "1"}}}', "clé inconnue « part »"),
        ('{brut: "1969.11"}', "{lignes: {cnracl: {}}}", "n'attend rien"),
        ('{brut: "1969.11"}', '{lignes: {sft: {montant: "1", salarie: "1"}}}', "c'est la même chose"),
        ('{brut: "1969.11"}', "{}", "ne prouve rien"),
        ('{brut: "1969.11"}', '{refus: x, brut: "1"}', "rien d'autre d'attendu"),
        ('brut: "1969.11"', "brut: 1969.11", "doit être écrit entre guillemets"),
        ('brut: "1969.11"', 'brut: "1 969,1x"', "« attendu.brut » illisible"),
        ("mois: 2026-03", "mois: mars", "mois illisible « mars »"),
        ("statut: titulaire", "statut: roi", "« roi » n'existe pas"),
        ("effectif: 12", "effectif: beaucoup", "« employeur.effectif » illisible"),
        ("effectif: 12", "effectif: 12, cnfpt: oui", "true ou false attendu"),
        ("regime_retraite: cnracl, ", "", "clé manquante « regime_retraite »"),
        ("indice_majore: 400, ", "", "clé manquante « indice_majore »"),
        ("population: 1800, ", "", "clé manquante « population »"),
        ('taux_pas: "0"', 'quotite: "1/0"', "« agent.quotite » illisible"),
        ('taux_pas: "0"', 'quotite: "' + "9" * 30 + '"', "trop long"),
        ('taux_pas: "0"', "date_debut: 2026-02-30", "« agent.date_debut » illisible"),
        ('taux_pas: "0"', 'taux_pas: "2.33333"', "plus de 4 décimales"),
        ("  attendu", "  variables: [1]\n  attendu", "« variables » : une suite de clés est attendue"),
        ("  attendu", "  variables: {arrets: rhume}\n  attendu", "« arrets » : une liste est attendue"),
        ("  attendu", "  arrets: [{type: cmo}]\n  attendu", "clé manquante « debut » dans « arrets »"),
        ("  attendu", "  cumuls: {rafp: 1}\n  attendu", "clé inconnue « rafp » dans « cumuls »"),
        ("  attendu", "  elu: {mandat: maire}\n  attendu", "clé manquante « taux_indemnite » dans « elu »"),
    ],
)
def test_un_cas_mal_ecrit_dit_ou_et_quoi(tmp_path: Path, avant: str, apres: str, message: str) -> None:
    assert avant in BON
    result = _one(tmp_path, BON.replace(avant, apres))
    assert message in result.erreur
    assert result.fichier.endswith("essai.yaml")


@pytest.mark.parametrize(
    ("texte", "message"),
    [
        ("", "une liste de cas est attendue"),
        ("nom: seul", "une liste de cas est attendue"),
        ("- [a, b", "YAML illisible"),
        ("- nom: a\n  nom: b\n", "clé écrite deux fois"),
        ("- nom: \x01\n", "UTF-8"),
        ("- 12\n", "une suite de clés est attendue"),
    ],
)
def test_un_fichier_illisible_est_une_erreur_pas_une_trace(tmp_path: Path, texte: str, message: str) -> None:
    (result,) = _run(tmp_path, texte)
    assert message in result.erreur


def test_un_fichier_absent_est_une_erreur(tmp_path: Path) -> None:
    (result,) = run([tmp_path / "rien.yaml"])
    assert result.erreur.startswith("fichier illisible")


def test_un_cas_fautif_n_empeche_pas_les_suivants(tmp_path: Path) -> None:
    results = _run(tmp_path, BON.replace("statut: titulaire", "statut: roi") + BON)
    assert [result.ok for result in results] == [False, True]


def test_tous_les_defauts_d_un_cas_sont_dits_ensemble(tmp_path: Path) -> None:
    erreur = _one(
        tmp_path, BON.replace("mois: 2026-03", "mois: mars").replace("statut: titulaire", "statut: roi")
    ).erreur
    assert "mois illisible" in erreur
    assert "« roi » n'existe pas" in erreur
