"""Les tables de la DSN couvrent le catalogue : aucune cotisation sans code, aucun code d'élément sans rubrique."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dsn import codes as dsn_codes
from dsn.norm import versions
from payroll import catalogue
from payroll.catalogue.rubrique import Rubrique
from payroll.engine.bulletin import Section
from payroll.legislation.conges import load_conges

CODES = dsn_codes.load()
POPULATIONS = {
    "titulaire_cnracl": ("titulaire_cnracl", "stagiaire_cnracl"),
    "titulaire_ircantec": ("titulaire_ircantec", "stagiaire_ircantec"),
    "contractuel": ("contractuel_cdd", "contractuel_cdi"),
    "elu": ("elu_assujetti", "elu_non_assujetti"),
}
"""Population du catalogue → populations de la DSN ; les autres portent le même nom."""
CALCULES = frozenset({"heures_exonerees", "montant_net_social", "taux_situation"})
"""Éléments que la DSN dit sans qu'une ligne du bulletin les porte."""
D_UN_ELU_AFFILIE = frozenset(
    {"maladie", "csa", "accident_travail", "vieillesse_plafonnee", "vieillesse_deplafonnee", "allocations_familiales"}
    | {"fnal", "versement_mobilite"}
)
"""Ce qu'un élu non assujetti ne doit jamais (CSS L. 382-31)."""


def contributions() -> Iterator[tuple[str, str]]:
    for rubrique in catalogue.load().values():
        if rubrique.pied or rubrique.section in (Section.BRUT, Section.NET):
            continue
        for population in rubrique.populations:
            for declared in POPULATIONS.get(population, (population,)):
                if not (declared == "elu_non_assujetti" and rubrique.code in D_UN_ELU_AFFILIE):
                    yield rubrique.code, declared


@pytest.mark.parametrize("norme", versions())
@pytest.mark.parametrize("effectif_50", [False, True])
def test_chaque_cotisation_du_catalogue_a_son_code_dans_chaque_population(norme: str, effectif_50: bool) -> None:
    missing = [
        (code, population)
        for code, population in contributions()
        if CODES.contribution(norme, population, code, effectif_50=effectif_50) is None
        and CODES.prevoyance(code) is None
    ]
    assert missing == []


def test_chaque_element_declare_est_une_rubrique_du_catalogue() -> None:
    known = set(catalogue.load())
    told = {row.code for row in CODES.lignes if row.table == "elements"}
    assert told - known - CALCULES == set()


def test_chaque_nature_d_absence_a_son_motif() -> None:
    assert [nature for nature in load_conges().natures if CODES.absence(nature) is None] == []


def test_chaque_remboursement_et_avantage_se_dit_en_dsn() -> None:
    """Ce qui s'ajoute au net hors brut est un élément 54, sauf ce qui règle une dette de l'agent ou une avance."""
    settled = {"acompte", "avantages_en_nature_deduits"}
    unsaid = {
        rubrique.code
        for rubrique in catalogue.load().values()
        if _adds_to_net(rubrique) and CODES.element(rubrique.code) is None
    }
    assert unsaid - settled == set()


def _adds_to_net(rubrique: Rubrique) -> bool:
    debts = ("saisie_", "cession_", "pension_", "retenue_", "ijss_")
    return rubrique.section is Section.NET and not rubrique.pied and not rubrique.code.startswith(debts)
