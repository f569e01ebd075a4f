"""Les conditions d'un contrat dans un mois : régime, indices, temps, mandat ; un blanc pour ce que la DSN tait."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from payroll import legislation
from payroll.legislation.errors import FigureMissing
from payroll.money import PPM, apply_rate, round_half_up
from payroll.month.reprise import codes
from payroll.month.reprise.contrat_lu import PRIME, ContratLu
from payroll.month.reprise.employeur import percent
from payroll.month.reprise.feuille import Blanc, Remarque
from payroll.month.reprise.lecture import Suivi
from payroll.periods import Month

_HEURE = "10"
_MENSUEL_COMPLET = 15167
"""151,67 h, en centièmes : la durée mensuelle d'un temps complet."""
_PLUSIEURS_EMPLOYEURS = "02"
_SALAIRE_DE_BASE = "010"
# L'ordre compte : « vice-présidente » contient « président », « adjoint au maire » contient « maire ».
_MANDATS = (
    ("vice_president", "vice"),
    ("president", "president"),
    ("adjoint", "adjoint"),
    ("maire", "maire"),
    ("conseiller", "conseiller"),
)
_SANS_INDICE = frozenset({"apprenti", "pec"})
_SANS_ACCENT = str.maketrans("éèêëàâîïôûùç", "eeeeaaiiouuc")


def conditions(suivi: Suivi, lu: ContratLu, population: str | None) -> dict[str, Any]:
    """Les conditions du mois, comme la description les écrit (sans ``du`` ni ``au``)."""
    if population is not None and population.startswith("elu"):
        return _elu(suivi, lu, population)
    if population in _SANS_INDICE:
        return _unindexed(suivi, lu, population)
    block = lu.block
    cnracl = codes.vieillesse(lu.month.norme, "titulaire_cnracl")
    hours, part = _time(suivi, lu)
    return {
        "regime_retraite": "cnracl" if suivi.text(block, "020") == cnracl else "ircantec",
        "categorie": Blanc("A, B ou C (la DSN n'en dit rien)"),
        "grade": _grade(suivi.text(block, "079")),
        "echelon": Blanc("échelon, mention du bulletin", essentiel=False),
        "indice_brut": _indice_brut(suivi.text(block, "057")),
        "indice_majore": _number(
            suivi.text(block, "058"), "indice majoré, ou « 0 » et un taux_horaire : aucun indice n'est dit"
        ),
        **_nbi(suivi.text(block, "059")),
        "heures_hebdo": hours,
        **_employers(suivi.text(block, "037")),
        "quotite": part,
        **_children(suivi, lu),
    }


def _unindexed(suivi: Suivi, lu: ContratLu, population: str) -> dict[str, Any]:
    """Les conditions d'un apprenti ou d'un contrat aidé : ni catégorie ni indice."""
    hours, part = _time(suivi, lu)
    said: dict[str, Any] = {"regime_retraite": "ircantec", "heures_hebdo": hours, "quotite": part}
    if population == "apprenti":
        return said | {
            "apprenti_annee": Blanc("année d'exécution du contrat d'apprentissage, de 1 à 3", exemple="à remplir"),
            "apprenti_smic": Blanc("pourcentage du SMIC écrit au contrat, s'il dépasse le minimum légal", False),
        }
    return said | {"taux_horaire": Blanc("prix de l'heure, s'il dépasse le SMIC", essentiel=False)}


def _elu(suivi: Suivi, lu: ContratLu, population: str) -> dict[str, Any]:
    amount = lu.remuneration(suivi, _SALAIRE_DE_BASE)
    rate = _office_rate(lu.month.mois, amount) if lu.complete() else None
    return {
        "regime_retraite": "ircantec",
        "mandat": _office(suivi.text(lu.block, "006")),
        "taux_indemnite": Blanc("taux délibéré de l'indemnité, en pour cent de l'indice terminal : « 25.5 »")
        if rate is None
        else Remarque(percent(rate), "tiré de l'indemnité versée, au centime près ; à rapprocher de la délibération"),
        **_other_offices(lu.month.mois, amount, population),
        "nombre_mandats_indemnises": Blanc("mandats indemnisés en tout (frais d'emploi)", essentiel=False, defaut="1"),
        "mandat_commune_moins_3500": Blanc(
            "true ou false, pour un EPCI ou si un autre mandat l'ouvre (frais d'emploi)", essentiel=False
        ),
    }


def _office(label: str) -> Any:
    plain = label.lower().translate(_SANS_ACCENT)
    found = next((mandat for mandat, mark in _MANDATS if mark in plain), None)
    if found is None:
        return Blanc("maire, adjoint, conseiller, president ou vice_president")
    return Remarque(found, "lu dans le libellé de l'emploi")


def _office_rate(mois: Month, amount: int) -> int | None:
    """Le taux à deux décimales qui donne exactement cette indemnité ; ``None`` s'il n'y en a pas (CGCT L. 2123-20)."""
    figures = legislation.load().at(mois)
    try:
        annual = figures.cents("point_indice.valeur_annuelle_indice_100")
        terminal = round_half_up(figures.integer("indice_brut_terminal.indice_majore") * annual, 1200)
    except FigureMissing:
        return None
    rate = 100 * round_half_up(amount * PPM, 100 * terminal)
    return rate if amount > 0 and apply_rate(terminal, rate) == amount else None


def _other_offices(mois: Month, amount: int, population: str) -> dict[str, Any]:
    """Ce qui rend assujetti un élu dont l'indemnité ici n'y suffit pas (CSS L. 382-31)."""
    try:
        threshold = legislation.load().at(mois).cents("elu.seuil_assujettissement.mensuel")
    except FigureMissing:
        threshold = amount
    unexplained = population == "elu_assujetti" and amount <= threshold
    consigne = "indemnités brutes mensuelles de ses autres mandats"
    if unexplained:
        consigne = (
            "l'élu est déclaré assujetti sans que son indemnité ici dépasse le seuil : ses autres mandats, ou « 0 » "
            "avec option_assujettissement ou activite_cessee à true"
        )
    return {"autres_mandats_brut": Blanc(consigne, essentiel=unexplained, defaut='"0"')}


def _grade(code: str) -> Any:
    declared = f" (code déclaré : {code})" if code else ""
    return Blanc(f"libellé du grade, mention du bulletin{declared}", essentiel=False)


def _indice_brut(text: str) -> Any:
    if text.isdecimal() and text:
        return int(text)
    said = f" : « {text} » est déclaré" if text else ""
    return Blanc(f"indice brut, mention du bulletin{said}", essentiel=False, defaut="0")


def _number(text: str, consigne: str) -> Any:
    return int(text) if text.isdecimal() and int(text) else Blanc(consigne)


def _nbi(text: str) -> dict[str, Any]:
    if not text:
        return {}
    whole, _, rest = text.partition(".")
    if whole.isdecimal() and not rest.strip("0"):
        return {"nbi": int(whole)} if int(whole) else {}
    return {"nbi": Blanc(f"points de NBI : {text} sont déclarés, un nombre entier est attendu")}


def _employers(code: str) -> dict[str, Any]:
    if code != _PLUSIEURS_EMPLOYEURS:
        return {}
    return {
        "heures_tous_employeurs": Blanc(
            "total des heures chez tous ses employeurs (seuil CNRACL de 28 h) ; la DSN dit seulement qu'il y en a "
            "plusieurs",
            exemple="à remplir",
        )
    }


def _children(suivi: Suivi, lu: ContratLu) -> dict[str, Any]:
    kind = next((kind for kind, code in codes.elements(PRIME).items() if code == "sft"), None)
    if kind is None or not lu.typed(suivi, PRIME, "006").get(kind):
        return {}
    return {"enfants_sft": Blanc("un supplément familial est versé : combien d'enfants l'ouvrent")}


def _time(suivi: Suivi, lu: ContratLu) -> tuple[Any, Any]:
    """(durée hebdomadaire du poste, quotité) d'après 40.011 à 013, 053 à 055."""
    block = lu.block
    reference, own = suivi.cents(block, "012"), suivi.cents(block, "013")
    part = suivi.ppm(block, "055")
    if suivi.text(block, "011") != _HEURE or not reference:
        return Blanc("durée hebdomadaire du poste en heures : « 35 »", exemple="à remplir"), _quotity(part, 1, 1)
    if suivi.text(block, "053") == "02" and reference == _MENSUEL_COMPLET and part is None:
        # L'autre lecture de la norme : la référence est le temps complet, la quotité du contrat celle du poste.
        return Remarque(_weekly(own), "lu dans la quotité du contrat (40.013)"), "1"
    return _weekly(reference), _quotity(part, own, reference)


def _weekly(monthly: int) -> str:
    """La durée hebdomadaire d'une durée mensuelle, les deux en centièmes : 151,67 h par mois font 35 h."""
    weekly = round_half_up(monthly * 12, 52)
    return f"{weekly // 100}.{weekly % 100:02d}".rstrip("0").rstrip(".")


def _quotity(part: int | None, own: int, reference: int) -> str:
    """La quotité la plus proche parmi les dixièmes et la demie : le temps déclaré est arrondi au centième d'heure."""
    exact = Fraction(part, PPM) if part is not None else Fraction(own, reference)
    tenths = round_half_up(exact.numerator * 100, exact.denominator)
    return "1" if tenths >= 100 or tenths <= 0 else f"0.{tenths:02d}".rstrip("0")
