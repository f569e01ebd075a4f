"""Des agents tirés au sort, une graine fixe, et leurs bulletins mis en regard des variables d'OpenFisca."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any

from payroll.engine import compute
from payroll.engine.bulletin import Bulletin
from payroll.engine.situation import Employeur, RegimeRetraite, Situation, Statut
from payroll.periods import Month

MOIS = (Month(2025, 3), Month(2025, 10), Month(2026, 1), Month(2026, 7), Month(2026, 11))
PAR_MOIS = 150
_HEURES = 151.67
"""Heures mensuelles d'un temps complet, comme OpenFisca les attend."""

LIGNES: dict[str, tuple[tuple[str, ...], str]] = {
    "supplement_familial_traitement": (("sft",), "salarie"),
    "pension_salarie": (("cnracl",), "salarie"),
    "pension_employeur": (("cnracl",), "employeur"),
    "rafp_salarie": (("rafp",), "salarie"),
    "rafp_employeur": (("rafp",), "employeur"),
    "ati_atiacl": (("atiacl",), "employeur"),
    "mmid_employeur": (("maladie",), "employeur"),
    "famille": (("allocations_familiales",), "employeur"),
    "contribution_solidarite_autonomie": (("csa",), "employeur"),
    "fnal": (("fnal",), "employeur"),
    "vieillesse_plafonnee_salarie": (("vieillesse_plafonnee",), "salarie"),
    "vieillesse_plafonnee_employeur": (("vieillesse_plafonnee",), "employeur"),
    "vieillesse_deplafonnee_salarie": (("vieillesse_deplafonnee",), "salarie"),
    "vieillesse_deplafonnee_employeur": (("vieillesse_deplafonnee",), "employeur"),
    "ircantec_salarie": (("ircantec_a", "ircantec_b"), "salarie"),
    "ircantec_employeur": (("ircantec_a", "ircantec_b"), "employeur"),
    "csg_deductible_salaire": (("csg_deductible",), "salarie"),
    "csg_imposable_salaire": (("csg_non_deductible",), "salarie"),
    "crds_salaire": (("crds",), "salarie"),
}
"""Variable d'OpenFisca → lignes du bulletin et part."""
TOTAUX = {"salaire_imposable": "net_imposable", "salaire_net": "net_avant_impot"}
VARIABLES = (*LIGNES, *TOTAUX)
TOLERANCES = {"salaire_imposable": Fraction(3), "salaire_net": Fraction(4)}
"""En centimes. Une ligne est arrondie au centime, base comprise, ce qu'OpenFisca ne fait pas : un centime d'écart au
plus ; un total en additionne plusieurs."""
_TOLERANCE = Fraction(102, 100)


def tolerance(variable: str) -> Fraction:
    """L'écart que les arrondis suffisent à expliquer, en centimes."""
    return TOLERANCES.get(variable, _TOLERANCE)


@dataclass(frozen=True)
class Agent:
    """Un agent, son bulletin, et ce qu'il devient pour OpenFisca."""

    mois: Month
    employeur: Employeur
    situation: Situation
    bulletin: Bulletin
    sft_sans_nbi: int

    @property
    def population(self) -> str:
        return str(self.situation.statut)

    @property
    def brut(self) -> dict[str, int]:
        """Rubrique du brut → centimes."""
        found: dict[str, int] = {}
        for ligne in self.bulletin.lignes:
            if ligne.section == "brut":
                found[ligne.code] = found.get(ligne.code, 0) + ligne.montant_salarie
        return found

    def ours(self, variable: str) -> int:
        """Ce que le bulletin porte pour cette variable, en centimes positifs."""
        if variable in TOTAUX:
            return int(getattr(self.bulletin, TOTAUX[variable]))
        codes, part = LIGNES[variable]
        return sum(getattr(ligne, f"montant_{part}") for ligne in self.bulletin.lignes if ligne.code in codes)

    def facts(self, plafond: Fraction, openfisca: dict[str, Fraction]) -> dict[str, Fraction]:
        """Les noms qu'une ligne d'écart peut employer, en centimes."""
        brut = self.brut
        return {
            "traitement": Fraction(brut.get("traitement", 0)),
            "nbi": Fraction(brut.get("nbi", 0)),
            "sft": Fraction(brut.get("sft", 0)),
            "sft_sans_nbi": Fraction(self.sft_sans_nbi),
            "brut": Fraction(self.bulletin.brut),
            "plafond": plafond,
            "temps_partiel": Fraction(int(self.situation.quotite < 1)),
            **{name: Fraction(self.ours(name)) for name in VARIABLES},
            **{f"of_{name}": value for name, value in openfisca.items()},
        }

    def asked(self) -> dict[str, Any]:
        """L'agent pour les cotisations : le brut lui est donné, ligne par ligne."""
        brut = self.brut
        traitement, nbi, sft, residence = (
            brut.get(code, 0) for code in ("traitement", "nbi", "sft", "indemnite_residence")
        )
        if self.population == "contractuel":
            # Une seule assiette dans OpenFisca : le salaire de base porte tout le brut.
            return self._asked(0, salaire_de_base=self.bulletin.brut, supplement_familial_traitement=0)
        return self._asked(
            0,
            traitement_indiciaire_brut=traitement,
            nouvelle_bonification_indiciaire=nbi,
            supplement_familial_traitement=sft,
            indemnite_residence=residence,
            primes_fonction_publique=self.bulletin.brut - traitement - nbi - sft - residence,
        )

    def asked_family(self) -> dict[str, Any]:
        """L'agent pour le seul supplément familial : son traitement et ses enfants."""
        return self._asked(
            self.situation.enfants_sft,
            traitement_indiciaire_brut=self.brut.get("traitement", 0),
            primes_fonction_publique=0,
        )

    def _asked(self, enfants: int, **cents: int) -> dict[str, Any]:
        titulaire = self.population == "titulaire"
        donnees: dict[str, Any] = {
            "categorie_salarie": "public_titulaire_territoriale" if titulaire else "public_non_titulaire",
            "effectif_entreprise": self.employeur.effectif,
            "indemnite_compensatrice_csg": 0,
            "indemnite_residence": 0,
            **{name: value / 100 for name, value in cents.items()},
        }
        if self.situation.quotite < 1:
            donnees |= {
                "contrat_de_travail": "temps_partiel",
                "heures_remunerees_volume": _HEURES * float(self.situation.quotite),
            }
        return {"mois": str(self.mois), "enfants": enfants, "donnees": donnees}


def draw(seed: int = 2026) -> list[Agent]:
    """Les agents de tous les mois ; lève ``AssertionError`` si le moteur en refuse un."""
    random = Random(seed)
    found: list[Agent] = []
    for mois in MOIS:
        pairs = [_agent(random, rang) for rang in range(PAR_MOIS)]
        employeurs, situations = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
        sans_nbi = [replace(situation, nbi=0) for situation in situations]
        bulletins = compute(mois, employeurs, situations).bulletins
        others = compute(mois, employeurs, sans_nbi).bulletins
        for employeur, situation, bulletin, other in zip(employeurs, situations, bulletins, others, strict=True):
            assert bulletin is not None
            assert other is not None
            sft = sum(ligne.montant_salarie for ligne in other.lignes if ligne.code == "sft")
            found.append(Agent(mois, employeur, situation, bulletin, sft))
    return found


def _agent(random: Random, rang: int) -> tuple[Employeur, Situation]:
    titulaire = random.random() < 0.6
    employeur = Employeur(
        population=random.choice((800, 5_000, 30_000)),
        effectif=random.choice((8, 49, 50, 80)),
        zone_residence=random.choice((1, 2, 3)),
    )
    situation = Situation(
        matricule=f"P{rang:03d}",
        statut=Statut.TITULAIRE if titulaire else Statut.CONTRACTUEL,
        regime_retraite=RegimeRetraite.CNRACL if titulaire else RegimeRetraite.IRCANTEC,
        # Autour du minimum, des bornes du supplément familial (454, 722) et du plafond de la sécurité sociale.
        indice_majore=random.choice((366, 367, 380, 420, 454, 455, 500, 560, 650, 722, 723, 830, 1000, 1200, 1500)),
        nbi=random.choice((0, 0, 10, 25)) if titulaire else 0,
        enfants_sft=random.choice((0, 0, 1, 2, 3, 4, 5)),
        quotite=random.choice((Fraction(1),) * 3 + (Fraction(4, 5), Fraction(1, 2))),
        categorie=random.choice("ABC"),
        permanents={"ifse": random.randint(1, 200_000)} if random.random() < 0.8 else {},
        taux_pas_ppm=0,
    )
    return employeur, situation
