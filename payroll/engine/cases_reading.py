"""Lecture stricte d'un cas de paie : aucune clé devinée, tous les défauts d'un cas dits ensemble."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from payroll.catalogue import Catalogue
from payroll.engine.cases_periods import read_expected_recalls, with_periods
from payroll.engine.situation import (
    Apprenti,
    Arret,
    Cumuls,
    Employeur,
    Mandat,
    RegimeRetraite,
    Saisie,
    Situation,
    SortDesPrimes,
    Statut,
)
from payroll.money import parse_amount, parse_percent
from payroll.periods import Month

TOTALS = {
    name: name
    for name in (
        "brut", "cotisations_salarie", "cotisations_employeur", "net_avant_impot", "net_imposable",
        "montant_net_social", "pas_base", "pas", "net_a_payer", "cout_employeur",
    )
}  # fmt: skip
"""Les totaux qu'un cas peut attendre, et le champ du bulletin qui les porte."""

ExpectedLine = Mapping[str, int]
T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_CUMULS = tuple(item.name for item in fields(Cumuls))
_FRACTION_DECIMALS = 6
_FRACTION_LENGTH = 20


class CaseError(Exception):
    """Le cas ne peut être joué ; le message dit tous ses défauts."""


@dataclass(frozen=True, slots=True)
class Case:
    """Un cas lu : l'entrée du moteur et ce qu'on attend de lui."""

    mois: Month
    employeur: Employeur
    situation: Situation
    totaux: Mapping[str, int] = field(default_factory=dict)
    lignes: Mapping[str, ExpectedLine] = field(default_factory=dict)
    rappels: Mapping[Month, Mapping[str, ExpectedLine]] = field(default_factory=dict)
    """Lignes de rappel attendues, par mois du droit ; vide : rien n'en est attendu."""
    cumuls_attendus: Mapping[str, int] = field(default_factory=dict)
    avertissements: tuple[str, ...] = ()
    refus: str = ""


class _Block:
    """Un bloc du cas, lu clé par clé ; chaque défaut rejoint la liste du cas."""

    def __init__(self, data: object, lieu: str, problems: list[str], known: Collection[str] = ()) -> None:
        self.lieu, self.problems = lieu, problems
        self.data: Mapping[str, Any] = {}
        if data is None:
            return
        if not isinstance(data, dict):
            problems.append(f"« {lieu} » : une suite de clés est attendue")
            return
        self.data = data
        unknown = [name for name in data if known and name not in known]
        problems.extend(f"clé inconnue « {name} » dans « {lieu} » (admises : {', '.join(known)})" for name in unknown)

    def read(self, name: str, parse: Callable[[Any], T], default: T) -> T:
        """La valeur lue, ou ``default`` si la clé manque ou si la valeur est fautive."""
        if name not in self.data:
            return default
        try:
            return parse(self.data[name])
        except (ValueError, TypeError, KeyError, ZeroDivisionError) as error:
            self.problems.append(f"« {self.lieu}.{name} » illisible : {error}")
            return default

    def need(self, name: str) -> None:
        if name not in self.data:
            self.problems.append(f"clé manquante « {name} » dans « {self.lieu} »")


def _text(value: Any) -> str:
    """Le texte d'un nombre ; un flottant YAML a déjà perdu ses décimales exactes."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"« {value} » doit être écrit entre guillemets")
    return str(value)


def _amount(value: Any) -> int:
    return parse_amount(_text(value))


def _percent(value: Any) -> int:
    return parse_percent(_text(value))


def _optional_percent(value: Any) -> int | None:
    return None if value is None else _percent(value)


def _integer(value: Any) -> int:
    return int(_text(value))


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"« {value} » : true ou false attendu")
    return value


def _optional_boolean(value: Any) -> bool | None:
    return None if value is None else _boolean(value)


def _fraction(value: Any) -> Fraction:
    """Une fraction (« 4/5 ») ou un décimal (« 0.8 », « 17.5 »)."""
    text = _text(value).replace(",", ".")
    if len(text) > _FRACTION_LENGTH:
        raise ValueError(f"« {text[:_FRACTION_LENGTH]}… » est trop long")
    found = Fraction(text)
    if found.denominator > 10**_FRACTION_DECIMALS:
        raise ValueError(f"« {value} » a trop de décimales")
    return found


def _day(value: Any) -> date:
    return date.fromisoformat(_text(value))


def _optional(parse: Callable[[Any], T]) -> Callable[[Any], T | None]:
    return lambda value: None if value is None else parse(value)


def _choice(kind: type[E]) -> Callable[[Any], E]:
    def parse(value: Any) -> E:
        if value not in list(kind):
            raise ValueError(f"« {value} » n'existe pas (admis : {', '.join(kind)})")
        return kind(value)

    return parse


_CASE_KEYS = (
    "nom", "mois", "employeur", "agent", "elu", "apprenti", "saisies", "permanents", "variables", "cumuls",
    "arrets", "attendu", "segments", "rappels", "absences_anterieures",
)  # fmt: skip
_EMPLOYEUR_KEYS = (
    "population", "effectif", "zone_residence", "taux_at", "taux_versement_mobilite", "taux_cdg", "cnfpt",
    "assurance_chomage", "heures_complementaires_majorees", "primes_en_maladie", "primes_en_absence", "subrogation",
    "titre_restaurant_valeur", "titre_restaurant_part_employeur",
)  # fmt: skip
_AGENT_KEYS = (
    "statut", "regime_retraite", "indice_majore", "heures_hebdo", "heures_hebdo_tous_employeurs", "quotite", "nbi",
    "enfants_sft", "enfants_sft_alternes", "personnes_a_charge", "categorie", "date_naissance", "date_debut",
    "date_fin", "taux_pas", "territoire_pas", "contrat_court", "jours_cmo_anterieurs", "elu", "apprenti",
    "taux_horaire", "prix_vacation", "autres_remunerations", "heures_hors_cnracl", "anciennete_depuis",
    "salaires_precedents", "subrogation",
)  # fmt: skip
_ELU_KEYS = (
    "mandat", "taux_indemnite", "autres_mandats_brut", "option_assujettissement", "activite_cessee",
    "nombre_mandats_indemnises", "mandat_commune_moins_3500",
)  # fmt: skip
_APPRENTI_KEYS = ("annee", "pourcentage_smic")
_ARRET_KEYS = (
    "type", "debut", "fin", "prolongation", "exempt_de_carence", "motif_sans_carence", "heures", "demi_journee",
    "quotite",
)  # fmt: skip
_ATTENDU_KEYS = (*TOTALS, "lignes", "rappels", "cumuls", "avertissements", "refus")
_LIGNE_KEYS = ("base", "salarie", "employeur", "montant")


def read_case(row: object, catalogue: Catalogue) -> Case:
    """Le cas prêt à jouer ; lève :class:`CaseError` en listant tous ses défauts."""
    problems: list[str] = []
    block = _Block(row, "cas", problems, _CASE_KEYS)
    for name in ("nom", "mois", "employeur", "agent", "attendu"):
        block.need(name)
    mois = block.read("mois", lambda value: Month.parse(_text(value)), Month(1900, 1))
    employeur = _employer(block.data.get("employeur"), problems)
    situation = with_periods(
        block.data,
        _situation(block, problems),
        employeur,
        problems,
        lambda data: _situation(_Block(data, "cas", problems), problems),
    )
    attendu = _Block(block.data.get("attendu"), "attendu", problems, _ATTENDU_KEYS)
    if "attendu" in block.data and not attendu.data:
        problems.append("« attendu » est vide : un cas qui n'attend rien ne prouve rien")
    refus = attendu.read("refus", _text, "")
    if refus and len(attendu.data) > 1:
        problems.append("un cas refusé n'a rien d'autre d'attendu que « refus »")
    case = Case(
        mois,
        employeur,
        situation,
        totaux={name: attendu.read(name, _amount, 0) for name in TOTALS if name in attendu.data},
        lignes=_expected_lines(attendu.data.get("lignes"), "attendu.lignes", problems, catalogue),
        rappels={
            mois: _expected_lines(lignes, f"attendu.rappels.{mois}", problems, catalogue)
            for mois, lignes in read_expected_recalls(attendu.data.get("rappels"), problems).items()
        },
        cumuls_attendus=_amounts(attendu.data.get("cumuls"), "attendu.cumuls", problems, _CUMULS),
        avertissements=attendu.read("avertissements", _codes, ()),
        refus=refus,
    )
    if problems:
        raise CaseError(" ; ".join(problems))
    return case


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("une suite de clés est attendue")
    return {_text(name): _text(item) for name, item in value.items()}


def _codes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError("une liste de codes est attendue")
    return tuple(_text(code) for code in value)


def _employer(data: object, problems: list[str]) -> Employeur:
    block = _Block(data, "employeur", problems, _EMPLOYEUR_KEYS)
    block.need("population")
    block.need("effectif")
    return Employeur(
        population=block.read("population", _integer, 0),
        effectif=block.read("effectif", _integer, 0),
        zone_residence=block.read("zone_residence", _integer, 3),
        taux_at_ppm=block.read("taux_at", _percent, 0),
        taux_versement_mobilite_ppm=block.read("taux_versement_mobilite", _percent, 0),
        taux_cdg_ppm=block.read("taux_cdg", _percent, 0),
        cnfpt=block.read("cnfpt", _boolean, True),
        assurance_chomage=block.read("assurance_chomage", _boolean, False),
        heures_complementaires_majorees=block.read("heures_complementaires_majorees", _boolean, False),
        primes_en_maladie=block.read("primes_en_maladie", _choice(SortDesPrimes), SortDesPrimes.NON_MAINTENU),
        primes_en_absence=block.read("primes_en_absence", _texts, {}),
        subrogation=block.read("subrogation", _boolean, False),
        titre_restaurant_valeur=block.read("titre_restaurant_valeur", _amount, 0),
        titre_restaurant_part_employeur=block.read("titre_restaurant_part_employeur", _amount, 0),
    )


def _situation(case: _Block, problems: list[str]) -> Situation:
    block = _Block(case.data.get("agent"), "agent", problems, _AGENT_KEYS)
    block.need("statut")
    statut = block.read("statut", _choice(Statut), Statut.TITULAIRE)
    if statut in (Statut.TITULAIRE, Statut.STAGIAIRE):
        block.need("regime_retraite")
    if statut in (Statut.TITULAIRE, Statut.STAGIAIRE) or (
        statut is Statut.CONTRACTUEL and "taux_horaire" not in block.data
    ):
        block.need("indice_majore")
    # Hors fonctionnaires, l'IRCANTEC est le seul régime complémentaire : le dire est facultatif.
    regime = block.read("regime_retraite", _choice(RegimeRetraite), RegimeRetraite.IRCANTEC)
    variables = dict(case.data["variables"]) if isinstance(case.data.get("variables"), dict) else {}
    arrets = [*_rows(variables.pop("arrets", None), problems), *_rows(case.data.get("arrets"), problems)]
    if case.data.get("variables") is not None and not isinstance(case.data["variables"], dict):
        problems.append("« variables » : une suite de clés est attendue")
    return Situation(
        matricule="cas",
        statut=statut,
        regime_retraite=regime,
        indice_majore=block.read("indice_majore", _integer, 0),
        heures_hebdo=block.read("heures_hebdo", _fraction, Fraction(35)),
        heures_hebdo_tous_employeurs=block.read("heures_hebdo_tous_employeurs", _optional(_fraction), None),
        quotite=block.read("quotite", _fraction, Fraction(1)),
        nbi=block.read("nbi", _integer, 0),
        enfants_sft=block.read("enfants_sft", _integer, 0),
        enfants_sft_alternes=block.read("enfants_sft_alternes", _integer, 0),
        categorie=block.read("categorie", _text, "C"),
        date_naissance=block.read("date_naissance", _optional(_day), None),
        date_debut=block.read("date_debut", _optional(_day), None),
        date_fin=block.read("date_fin", _optional(_day), None),
        taux_pas_ppm=block.read("taux_pas", _optional_percent, None),
        territoire_pas=block.read("territoire_pas", _text, "metropole"),
        contrat_court=block.read("contrat_court", _boolean, False),
        elu=_mandate(case.data.get("elu", block.data.get("elu")), problems),
        apprenti=_apprentice(case.data.get("apprenti", block.data.get("apprenti")), problems),
        taux_horaire=block.read("taux_horaire", _amount, 0),
        prix_vacation=block.read("prix_vacation", _amount, 0),
        autres_remunerations=block.read("autres_remunerations", _amount, 0),
        heures_hors_cnracl=block.read("heures_hors_cnracl", _optional(_fraction), None),
        permanents=_amounts(case.data.get("permanents"), "permanents", problems),
        variables=_amounts(variables, "variables", problems),
        arrets=tuple(_absence(row, problems) for row in arrets),
        saisies=tuple(_seizure(row, problems) for row in _rows(case.data.get("saisies"), problems, "saisies")),
        personnes_a_charge=block.read("personnes_a_charge", _integer, 0),
        jours_cmo_anterieurs=block.read("jours_cmo_anterieurs", _integer, 0),
        absences_anterieures=tuple(
            _absence(row, problems) for row in _rows(case.data.get("absences_anterieures"), problems)
        ),
        anciennete_depuis=block.read("anciennete_depuis", _optional(_day), None),
        salaires_precedents=_amounts(block.data.get("salaires_precedents"), "agent.salaires_precedents", problems),
        subrogation=block.read("subrogation", _optional_boolean, None),
        cumuls=Cumuls(**_amounts(case.data.get("cumuls"), "cumuls", problems, _CUMULS)),
    )


def _rows(value: object, problems: list[str], lieu: str = "arrets") -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list):
        problems.append(f"« {lieu} » : une liste est attendue")
        return []
    return value


def _mandate(data: object, problems: list[str]) -> Mandat | None:
    if data is None:
        return None
    block = _Block(data, "elu", problems, _ELU_KEYS)
    block.need("mandat")
    block.need("taux_indemnite")
    return Mandat(
        mandat=block.read("mandat", _text, ""),
        taux_indemnite_ppm=block.read("taux_indemnite", _percent, 0),
        autres_mandats_brut=block.read("autres_mandats_brut", _amount, 0),
        option_assujettissement=block.read("option_assujettissement", _boolean, False),
        activite_cessee=block.read("activite_cessee", _boolean, False),
        nombre_mandats_indemnises=block.read("nombre_mandats_indemnises", _integer, 1),
        mandat_commune_moins_3500=block.read("mandat_commune_moins_3500", _optional_boolean, None),
    )


def _apprentice(data: object, problems: list[str]) -> Apprenti | None:
    if data is None:
        return None
    block = _Block(data, "apprenti", problems, _APPRENTI_KEYS)
    block.need("annee")
    return Apprenti(
        annee=block.read("annee", _integer, 0),
        pourcentage_smic_ppm=block.read("pourcentage_smic", _optional_percent, None),
    )


_SAISIE_KEYS = ("numero", "type", "notifiee_le", "montant_mensuel", "solde")


def _seizure(data: object, problems: list[str]) -> Saisie:
    block = _Block(data, "saisies", problems, _SAISIE_KEYS)
    for name in ("numero", "type", "notifiee_le"):
        block.need(name)
    return Saisie(
        numero=block.read("numero", _integer, 0),
        type=block.read("type", _text, ""),
        notifiee_le=block.read("notifiee_le", _day, date.min),
        montant_mensuel=block.read("montant_mensuel", _optional(_amount), None),
        solde=block.read("solde", _optional(_amount), None),
    )


def _absence(data: object, problems: list[str]) -> Arret:
    block = _Block(data, "arrets", problems, _ARRET_KEYS)
    for name in ("type", "debut", "fin"):
        block.need(name)
    return Arret(
        type=block.read("type", _text, ""),
        debut=block.read("debut", _day, date.min),
        fin=block.read("fin", _day, date.min),
        prolongation=block.read("prolongation", _boolean, False),
        exempt_de_carence=block.read("exempt_de_carence", _boolean, False),
        motif_sans_carence=block.read("motif_sans_carence", _text, ""),
        heures=block.read("heures", _optional(_amount), None),
        demi_journee=block.read("demi_journee", _boolean, False),
        quotite=block.read("quotite", _optional(_fraction), None),
    )


def _amounts(data: object, lieu: str, problems: list[str], known: Collection[str] = ()) -> dict[str, int]:
    """Montants en centimes, ou heures en centièmes : le même texte décimal donne l'un ou l'autre."""
    block = _Block(data, lieu, problems, known)
    return {name: block.read(name, _amount, 0) for name in block.data if not known or name in known}


def _expected_lines(data: object, lieu: str, problems: list[str], catalogue: Catalogue) -> dict[str, ExpectedLine]:
    block = _Block(data, lieu, problems)
    found: dict[str, ExpectedLine] = {}
    for code, row in block.data.items():
        if code not in catalogue:
            # Une ligne attendue à zéro équivaut à une ligne absente : un code mal écrit passerait inaperçu.
            problems.append(f"code de ligne inconnu « {code} » dans « {lieu} »")
            continue
        line = _Block(row, f"{lieu}.{code}", problems, _LIGNE_KEYS)
        if not line.data:
            problems.append(f"« {lieu}.{code} » n'attend rien : donnez base, salarie, employeur ou montant")
        if "montant" in line.data and "salarie" in line.data:
            problems.append(f"« {lieu}.{code} » : donnez « montant » ou « salarie », c'est la même chose")
        found[code] = {{"montant": "salarie"}.get(name, name): line.read(name, _amount, 0) for name in line.data}
    return found
