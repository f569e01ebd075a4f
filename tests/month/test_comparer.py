"""Deux bulletins d'un agent : chaque écart a ses causes, et leurs effets font l'écart au centime."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from payroll import legislation
from payroll.month.commun import GesteRefuse
from payroll.month.comparer import TOTAUX_COMPARES, Comparaison, Montants, compare_payslips
from payroll.periods import Month
from tests.month.conftest import Inscrire, Ouvrir
from tests.month.gestes import MOIS, Donnees, Lieu, absence, contrat_de, description, element, fichier

DECEMBRE = MOIS.next
AGENT = "LB001"
"""Titulaire CNRACL de la plus petite commune des exemples, à temps non complet."""


def comparer(lieu: Lieu, matricule: str = AGENT, avant: Month = MOIS, apres: Month = DECEMBRE) -> Comparaison:
    (found,) = compare_payslips(lieu.registre, lieu.code, matricule, (avant, None), (apres, None))
    _sums(found)
    return found


def _sums(found: Comparaison) -> None:
    """Les effets font l'écart, total par total et ligne par ligne."""
    for total in TOTAUX_COMPARES:
        assert sum(effet.totaux[total] for effet in found.effets) == found.ecart(total), total
    vide = Montants()
    for ligne in found.lignes:
        avant, apres = ligne.avant or vide, ligne.apres or vide
        assert sum(salarie for _, salarie, _ in ligne.effets) == apres.salarie - avant.salarie, ligne
        assert sum(employeur for _, _, employeur in ligne.effets) == apres.employeur - avant.employeur, ligne


def _deux_mois(lieu: Lieu, avant: Month = MOIS, apres: Month = DECEMBRE) -> Lieu:
    for mois in (avant, apres):
        lieu.ouvrir(mois)
        lieu.calculer(mois)
    return lieu


def _nouvelle_situation(data: Donnees, **changes: object) -> None:
    """Les conditions de l'agent changent au 1er décembre."""
    situations = contrat_de(data, AGENT)["situations"]
    ancienne = situations[-1]
    situations.append({**ancienne, "du": date(2026, 12, 1), **changes})
    ancienne["au"] = date(2026, 11, 30)


def _nouveau_permanent(data: Donnees, montant: str) -> None:
    contrat_de(data, AGENT).setdefault("permanents", []).append(
        {"rubrique": "ifse", "montant": montant, "du": date(2026, 12, 1)}
    )


def _sans_permanents(data: Donnees) -> None:
    contrat_de(data, AGENT)["permanents"] = []


def _taux_pas(data: Donnees, *taux: tuple[str, date, date | None]) -> None:
    agent = next(agent for agent in data["agents"] if agent["matricule"] == AGENT)
    agent["taux_pas"] = [
        {"taux": valeur, "identifiant": f"CRM{rang}", "du": du, "au": au}
        for rang, (valeur, du, au) in enumerate(taux, start=1)
    ]


def _parametres(data: Donnees, **changes: object) -> None:
    ancien = data["parametres"][-1]
    data["parametres"].append({**ancien, "du": date(2026, 12, 1), **changes})
    ancien["au"] = date(2026, 11, 30)


def _nouveau_taux_pas(data: Donnees) -> None:
    _taux_pas(data, ("3.1", date(2026, 1, 1), date(2026, 11, 30)), ("5.0", date(2026, 12, 1), None))


def _fin_du_taux_pas(data: Donnees) -> None:
    _taux_pas(data, ("3.1", date(2026, 1, 1), date(2026, 11, 30)))


def _entree_en_novembre(data: Donnees) -> None:
    contrat_de(data, AGENT)["date_debut"] = date(2026, 11, 16)


CAUSES_SEULES: dict[str, tuple[Callable[[Donnees], None], str, str]] = {
    "indice": (lambda data: _nouvelle_situation(data, indice_majore=443), "indice", "Indice majoré : 436 → 443"),
    "nbi": (lambda data: _nouvelle_situation(data, nbi=0), "nbi", "Points de NBI : 30 → 0"),
    "enfants": (lambda data: _nouvelle_situation(data, enfants_sft=2), "sft", "Enfants du supplément familial"),
    "heures": (lambda data: _nouvelle_situation(data, heures_hebdo="20"), "temps", "Durée du poste"),
    "permanent": (lambda data: _nouveau_permanent(data, "40.00"), "permanent", "(élément permanent) : — → 40,00 €"),
    "taux pas": (
        _nouveau_taux_pas,
        "pas",
        "Taux du prélèvement à la source : 3,10\u00a0% → 5,00\u00a0%",
    ),
    "fin du taux": (_fin_du_taux_pas, "pas", "3,10\u00a0% → grille par défaut"),
    "taux cdg": (
        lambda data: _parametres(data, taux_cdg="1.50"),
        "adherent",
        "Taux du centre de gestion : 1,43\u00a0% → 1,50\u00a0%",
    ),
    "entrée": (_entree_en_novembre, "contrat", "entrée le 16/11/2026 → mois entier"),
}


@pytest.mark.parametrize("changer, code, libelle", CAUSES_SEULES.values(), ids=CAUSES_SEULES.keys())
def test_une_cause_seule_porte_tout_l_ecart(
    inscrire_lieu: Inscrire, changer: Callable[[Donnees], None], code: str, libelle: str
) -> None:
    data = description("lubescaux")
    # Sans prime ni taux à lui, l'agent n'a rien qui change d'un mois à l'autre : la cause essayée est seule.
    _sans_permanents(data)
    _taux_pas(data, ("3.1", date(2026, 1, 1), None))
    changer(data)
    found = comparer(_deux_mois(inscrire_lieu(data)))

    causes = [effet.cause for effet in found.effets]
    assert [cause.code for cause in causes] == [code], causes
    assert libelle in causes[0].libelle
    assert found.effets[0].origine


def test_rien_ne_change_rien_ne_se_dit(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    _sans_permanents(data)
    found = comparer(_deux_mois(inscrire_lieu(data)))

    assert found.effets == ()
    assert found.lignes
    assert all(ligne.avant == ligne.apres and not ligne.effets for ligne in found.lignes)


def test_un_indice_vaut_ses_points(inscrire_lieu: Inscrire) -> None:
    """7 points de plus au 1/12/2026, sur le temps du poste ; point annuel 59,0734 € (décret 85-1148)."""
    data = description("lubescaux")
    situation = contrat_de(data, AGENT)["situations"][0]
    heures = situation["heures_hebdo"]
    _nouvelle_situation(data, indice_majore=443)
    found = comparer(_deux_mois(inscrire_lieu(data)))
    (effet,) = (effet for effet in found.effets if effet.cause.code == "indice")

    # Traitement = IM × 59,0734 / 12 × durée / 35, arrondi au centime, avant et après.
    montants = [round(im * 590_734 * float(heures) / 35 / 12 / 100) for im in (436, 443)]
    assert effet.lignes["traitement", ""] == (montants[1] - montants[0], 0)
    assert "échelon" in effet.origine


def test_un_taux_de_cotisation_dit_son_texte(inscrire_lieu: Inscrire) -> None:
    """Décembre 2025 → janvier 2026 : la CNRACL de l'employeur passe de 34,65 % à 37,65 % (décret 2025-86)."""
    data = description("lubescaux")
    _sans_permanents(data)
    _taux_pas(data, ("3.1", date(2025, 1, 1), None))
    data["parametres"][0]["du"] = date(2025, 1, 1)
    contrat_de(data, AGENT)["situations"][0]["du"] = date(2025, 1, 1)
    data["agents"] = [agent for agent in data["agents"] if agent["matricule"] == AGENT]
    avant, apres = Month(2025, 12), Month(2026, 1)
    found = comparer(_deux_mois(inscrire_lieu(data), avant, apres), avant=avant, apres=apres)

    (cnracl,) = (effet for effet in found.effets if "34,65\u00a0% → 37,65\u00a0%" in effet.cause.libelle)
    assert cnracl.cause.code == "chiffre"
    assert "2025-86" in cnracl.origine
    assert "depuis le 01/01/2026" in cnracl.origine
    ligne = next(ligne for ligne in found.lignes if ligne.place == ("cnracl", ""))
    assert ligne.avant is not None
    base = ligne.avant.base or 0
    before, after = ((base * ppm + 500_000) // 1_000_000 for ppm in (346_500, 376_500))
    assert cnracl.lignes["cnracl", ""] == (0, after - before)
    assert cnracl.totaux["net_a_payer"] == 0
    assert cnracl.totaux["cout_employeur"] == after - before
    assert {effet.cause.code for effet in found.effets} == {"chiffre"}


def test_une_variable_et_une_absence_disent_leur_fichier(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    _sans_permanents(data)
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", absence(AGENT, "cmo", "2026-11-03", "2026-11-12")), nom="novembre.csv")
    lieu.calculer()
    lieu.ouvrir(DECEMBRE, minutes=20)
    lieu.deposer(fichier("lubescaux", element(AGENT, "cia", "120,00"), mois=DECEMBRE), nom="decembre.csv", minutes=30)
    lieu.calculer(DECEMBRE, minutes=60)
    found = comparer(lieu)
    par_code = {effet.cause.code: effet for effet in found.effets}

    assert par_code["variable"].cause.libelle.endswith("(élément variable) : — → 120,00 €")
    assert "fichier « decembre.csv »" in par_code["variable"].origine
    assert par_code["variable"].lignes["cia", ""] == (12_000, 0)
    assert (
        par_code["absences"].cause.libelle
        == "Absences : congé de maladie ordinaire du 03/11/2026 au 12/11/2026 → aucune"
    )
    assert par_code["absences"].totaux["brut"] > 0
    assert "combinaison" not in par_code


def test_deux_revisions_d_un_mois(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "120,00")), minutes=20)
    lieu.calculer(minutes=40)
    (found,) = compare_payslips(lieu.registre, "lubescaux", "LB002", (MOIS, 1), (MOIS, 2))
    _sums(found)

    assert found.revisions == (1, 2)
    assert [effet.cause.code for effet in found.effets] == ["variable"]
    assert found.ecart("brut") == 12_000
    nouvelle = next(ligne for ligne in found.lignes if ligne.place == ("cia", ""))
    assert nouvelle.avant is None
    assert nouvelle.apres is not None


def test_tout_a_la_fois_fait_l_ecart_au_centime(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    _nouvelle_situation(data, indice_majore=443, heures_hebdo="20", enfants_sft=3)
    _nouveau_permanent(data, "40.00") if not contrat_de(data, AGENT).get("permanents") else None
    _nouveau_taux_pas(data)
    _parametres(data, taux_cdg="1.50")
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", absence(AGENT, "cmo", "2026-11-03", "2026-11-05")))
    lieu.calculer()
    lieu.ouvrir(DECEMBRE, minutes=20)
    lieu.deposer(
        fichier(
            "lubescaux",
            element(AGENT, "cia", "120,00"),
            absence(AGENT, "greve", "2026-12-10", "2026-12-10"),
            mois=DECEMBRE,
        ),
        minutes=30,
    )
    lieu.calculer(DECEMBRE, minutes=60)
    codes = {effet.cause.code for effet in comparer(lieu).effets}

    assert {"indice", "temps", "sft", "pas", "adherent", "absences", "variable"} <= codes
    assert "combinaison" not in codes


def test_tous_les_bulletins_d_un_adherent_se_comparent(ouvrir_lieu: Ouvrir) -> None:
    """Novembre et décembre, toutes les populations de la communauté de communes des exemples."""
    lieu = _deux_mois(ouvrir_lieu("hontarede"))
    matricules = sorted({bulletin.matricule for bulletin in lieu.bulletins().values()})
    assert len(matricules) > 5
    for matricule in matricules:
        for found in compare_payslips(lieu.registre, lieu.code, matricule, (MOIS, None), (DECEMBRE, None)):
            _sums(found)
            assert {effet.cause.code for effet in found.effets} <= {"cumuls", "chiffre", "contrat", "calendrier"}


def test_un_depart_porte_tout_le_bulletin(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, AGENT)["date_fin"] = date(2026, 11, 30)
    lieu = _deux_mois(inscrire_lieu(data))
    found = comparer(lieu)

    assert found.apres is None
    assert found.avant is not None
    (effet,) = found.effets
    assert effet.cause.libelle == "Plus de bulletin pour ce contrat"
    assert effet.totaux["net_a_payer"] == -found.avant.net_a_payer
    (retour,) = compare_payslips(lieu.registre, lieu.code, AGENT, (DECEMBRE, None), (MOIS, None))
    assert retour.effets[0].cause.libelle == "Pas de bulletin pour ce contrat avant"


def test_un_chiffre_corrige_apres_coup_a_sa_cause(lieu: Lieu, monkeypatch: pytest.MonkeyPatch) -> None:
    """Novembre a été calculé avec un taux faux, corrigé depuis : la correction n'est pas imputée à l'agent."""
    loaded = legislation.load()
    chiffre = loaded.chiffres["cnracl.salarie.taux"]
    faux = replace(chiffre, valeurs=tuple(replace(value, exact=value.exact * 2) for value in chiffre.valeurs))
    fausse = replace(loaded, chiffres={**loaded.chiffres, chiffre.cle: faux})
    lieu.ouvrir()
    with monkeypatch.context() as patch:
        patch.setattr("payroll.engine.calcul.load_legislation", lambda: fausse)
        lieu.calculer()
    lieu.ouvrir(DECEMBRE)
    lieu.calculer(DECEMBRE)
    found = comparer(lieu)
    (effet,) = (effet for effet in found.effets if effet.cause.code == "regles")

    juste = next(ligne for ligne in found.lignes if ligne.place == ("cnracl", ""))
    assert juste.apres is not None
    assert effet.cause.libelle == "Chiffres ou règles corrigés depuis le calcul"
    assert abs(effet.lignes["cnracl", ""][0] + juste.apres.salarie) <= 1
    assert effet.totaux["net_a_payer"] > 0


@pytest.mark.parametrize(
    "matricule, avant, apres, words",
    [
        ("LB099", (MOIS, None), (DECEMBRE, None), "n'a de bulletin ni dans"),
        (AGENT, (MOIS, 4), (DECEMBRE, None), "pas de révision 4"),
        (AGENT, (Month(2026, 3), None), (DECEMBRE, None), "mars 2026 n'est pas ouvert"),
    ],
)
def test_comparer_ce_qui_n_existe_pas_se_refuse(
    lieu: Lieu, matricule: str, avant: tuple[Month, int | None], apres: tuple[Month, int | None], words: str
) -> None:
    _deux_mois(lieu)
    with pytest.raises(GesteRefuse, match=words):
        compare_payslips(lieu.registre, "lubescaux", matricule, avant, apres)
