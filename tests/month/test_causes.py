"""Deux situations quelconques : les causes font toujours l'écart, au centime, quel que soit ce qui change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from hypothesis import assume, given, settings

from payroll import legislation
from payroll.engine import compute
from payroll.engine.bulletin import Bulletin
from payroll.engine.situation import Apprenti, Arret, Employeur, Rappel, RegimeRetraite, Segment, Situation, Statut
from payroll.month.causes import Etat
from payroll.month.comparer import TOTAUX_COMPARES, Effet, amounts_by_place, effects_between
from payroll.periods import Month
from tests.engine.fabrique import employeurs, situations

MARS, AVRIL = Month(2026, 3), Month(2026, 4)
COMMUNE = Employeur(population=1800, effectif=12, taux_cdg_ppm=14_000)
AGENT = Situation("A1", Statut.TITULAIRE, RegimeRetraite.CNRACL, 400, permanents={"ifse": 15_000}, taux_pas_ppm=20_000)


def _etat(mois: Month, situation: Situation, employeur: Employeur = COMMUNE) -> Etat:
    return Etat(mois, legislation.load(), employeur, situation)


def _bulletin(etat: Etat) -> Bulletin | None:
    return compute(etat.mois, [etat.employeur], [etat.situation]).bulletins[0]


def _effects(avant: Etat, apres: Etat) -> list[Effet]:
    before, after = _bulletin(avant), _bulletin(apres)
    assert before is not None
    assert after is not None
    effets = effects_between(avant, apres, (before, after))
    for total in TOTAUX_COMPARES:
        assert sum(effet.totaux[total] for effet in effets) == getattr(after, total) - getattr(before, total), total
    old, new = amounts_by_place(before), amounts_by_place(after)
    for place in {*old, *new}:
        parts = [effet.lignes.get(place, (0, 0)) for effet in effets]
        for rang, name in enumerate(("salarie", "employeur")):
            ecart = sum(getattr(side[place], name) * sign for side, sign in ((old, -1), (new, 1)) if place in side)
            assert sum(part[rang] for part in parts) == ecart, place
    return effets


def _codes(avant: Etat, apres: Etat) -> set[str]:
    return {effet.cause.code for effet in _effects(avant, apres)}


@settings(max_examples=10)
@given(avant=situations, apres=situations, chez=employeurs, puis=employeurs)
def test_les_causes_font_l_ecart_de_deux_agents_quelconques(
    avant: Situation, apres: Situation, chez: Employeur, puis: Employeur
) -> None:
    depart, arrivee = _etat(MARS, avant, chez), _etat(AVRIL, replace(apres, arrets=()), puis)
    assume(_bulletin(depart) is not None)
    assume(_bulletin(arrivee) is not None)
    _effects(depart, arrivee)


@settings(max_examples=5)
@given(situation=situations, chez=employeurs)
def test_un_bulletin_ne_differe_pas_de_lui_meme(situation: Situation, chez: Employeur) -> None:
    etat = _etat(MARS, situation, chez)
    assume(_bulletin(etat) is not None)
    assert _effects(etat, etat) == []


def test_un_rappel_est_une_cause() -> None:
    mieux = replace(AGENT, indice_majore=410)
    rappel = Rappel(Month(2026, 2), COMMUNE, mieux, AGENT)
    avec = replace(AGENT, rappels=(rappel,))

    assert _codes(_etat(MARS, AGENT), _etat(MARS, avec)) == {"rappels"}
    # Payé en mars, il n'est plus là en avril : le même effet, en sens inverse.
    assert _codes(_etat(MARS, avec), _etat(AVRIL, AGENT)) == {"rappels"}
    (aller,) = _effects(_etat(MARS, AGENT), _etat(MARS, avec))
    (retour,) = _effects(_etat(MARS, avec), _etat(AVRIL, AGENT))
    assert aller.totaux["brut"] == -retour.totaux["brut"] > 0
    assert ("traitement", "2026-02") in aller.lignes


def test_un_changement_en_cours_de_mois_est_une_cause() -> None:
    coupe = replace(AGENT, segments=(Segment(fin=date(2026, 3, 15), indice_majore=390),))
    assert _codes(_etat(MARS, coupe), _etat(AVRIL, AGENT)) == {"segments"}


def test_une_absence_du_premier_mois_et_une_du_second() -> None:
    mars = replace(AGENT, arrets=(Arret("greve", date(2026, 3, 9), date(2026, 3, 9)),))
    avril = replace(AGENT, arrets=(Arret("greve", date(2026, 4, 9), date(2026, 4, 10)),))
    (effet,) = _effects(_etat(MARS, mars), _etat(AVRIL, avril))
    assert effet.cause.code == "absences"
    assert "grève du 09/03/2026 au 09/03/2026 → grève du 09/04/2026 au 10/04/2026" in effet.cause.libelle
    assert effet.totaux["brut"] < 0


def test_un_pas_impossible_se_joint_au_suivant() -> None:
    """Passer à 20 h sans changer de régime n'existe pas : les deux ne font qu'une cause."""
    moins = replace(AGENT, regime_retraite=RegimeRetraite.IRCANTEC, heures_hebdo=Fraction(20))
    effets = _effects(_etat(MARS, AGENT), _etat(MARS, moins))
    (combinaison,) = (effet for effet in effets if effet.cause.code == "combinaison")
    assert "Régime de retraite : CNRACL → IRCANTEC" in combinaison.cause.libelle
    assert "Durée du poste : 35,00 h → 20,00 h" in combinaison.cause.libelle


def test_une_donnee_rare_se_nomme_et_une_date_de_naissance_se_tait() -> None:
    jeune = replace(
        AGENT,
        statut=Statut.APPRENTI,
        regime_retraite=RegimeRetraite.IRCANTEC,
        indice_majore=0,
        permanents={},
        date_naissance=date(2008, 5, 4),
        date_debut=date(2025, 9, 1),
        apprenti=Apprenti(annee=1, pourcentage_smic_ppm=430_000),
    )
    mieux = replace(jeune, apprenti=Apprenti(annee=1, pourcentage_smic_ppm=550_000))
    (effet,) = _effects(_etat(MARS, jeune), _etat(MARS, mieux))
    assert effet.cause.libelle == "Apprentissage : année 1, 43,00\u00a0% du SMIC → année 1, 55,00\u00a0% du SMIC"
    majeur = replace(jeune, date_naissance=date(2000, 5, 4))
    libelles = [effet.cause.libelle for effet in _effects(_etat(MARS, jeune), _etat(MARS, majeur))]
    assert libelles == ["Date de naissance : … → …"]
