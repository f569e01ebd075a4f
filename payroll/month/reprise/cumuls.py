"""Les cumuls de l'année d'un contrat avant son premier mois payé ici, sommés de ses mensuelles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from payroll.money import format_decimal
from payroll.month.reprise import codes
from payroll.month.reprise.contrat_lu import REMUNERATION, ContratLu
from payroll.month.reprise.feuille import Blanc, Remarque
from payroll.month.reprise.lecture import Suivi
from payroll.periods import Month

_BRUT = "001"
_HEURES_EXONEREES = "01"
_TRAVAILLEES = "01"
_UNITES_HEURE = ("", "10")


def totals(suivi: Suivi, seen: Sequence[ContratLu], first_paid: Month) -> list[dict[str, Any]]:
    """Une ligne pour l'année du premier mois payé ici, ou aucune si rien n'y a été déclaré avant lui."""
    months = [lu for lu in seen if lu.month.mois.year == first_paid.year]
    if not months:
        return []
    gross = sum(lu.remuneration(suivi, _BRUT) for lu in months)
    taxable = sum(_paid(suivi, lu, "002") for lu in months)
    tax = sum(_paid(suivi, lu, "009") for lu in months)
    net = sum(_paid(suivi, lu, "004") for lu in months) - tax
    row: dict[str, Any] = {
        "annee": first_paid.year,
        "brut": format_decimal(gross),
        "net_imposable": format_decimal(taxable),
        "pas": format_decimal(tax),
        "net_a_payer": Remarque(format_decimal(net), "net versé au sens de la DSN, moins l'impôt"),
        "cout_employeur": Blanc("coût de l'employeur depuis janvier (la DSN n'en porte qu'une partie)", False, '"0"'),
    }
    row |= _rafp(suivi, months, gross)
    row |= _ceilings(suivi, months)
    exempt = sum(
        suivi.cents(block, "004")
        for lu in months
        if lu.rang == 0
        for block in lu.paid("S21.G00.58")
        if suivi.text(block, "003") == _HEURES_EXONEREES
    )
    if exempt:
        row["heures_exonerees"] = Remarque(format_decimal(exempt), "montant déclaré (58 type 01)")
    hours = sum(
        suivi.cents(block, "002")
        for lu in months
        for pay in lu.paid(REMUNERATION)
        if suivi.text(pay, "010") == lu.numero
        for block in pay.children
        if suivi.text(block, "001") == _TRAVAILLEES and suivi.text(block, "003") in _UNITES_HEURE
    )
    if hours:
        row["heures_payees_centiemes"] = hours
    return [row]


def _ceilings(suivi: Suivi, months: Sequence[ContratLu]) -> dict[str, Any]:
    """Les cumuls qui régularisent plafonds et tranches sur l'année (CSS R. 243-10) ; ceux que la DSN montre."""

    def total(contribution: str) -> int:
        code, base = codes.cotisation(contribution), codes.base(contribution)
        return sum(lu.assiette(suivi, code, base) for lu in months) if code else 0

    ceiling = sum(lu.composant(suivi, codes.convention("plafond_applique")) for lu in months)
    general, capped = total("vieillesse_deplafonnee"), total("vieillesse_plafonnee")
    tranche_a, tranche_b = total("ircantec_a"), total("ircantec_b")
    health, insured = total("maladie"), total("assurance_chomage")
    fnal = sum(lu.assiette(suivi, codes.cotisation("fnal")) for lu in months)
    found = {
        "plafond": ceiling,
        "regime_general": general,
        "vieillesse_plafonnee": capped,
        "ircantec": tranche_a + tranche_b,
        "ircantec_a": tranche_a,
        "ircantec_b": tranche_b,
        "chomage": insured,
        "chomage_assiette": insured,
        "securite_sociale": health,
        "fnal_assiette": fnal,
    }
    return {name: format_decimal(value) for name, value in found.items() if value}


def _paid(suivi: Suivi, lu: ContratLu, suffix: str) -> int:
    """Un montant du versement ; s'il paie plusieurs contrats, il va au premier."""
    return sum(suivi.cents(payment, suffix) for payment in lu.paiements) if lu.rang == 0 else 0


def _rafp(suivi: Suivi, months: Sequence[ContratLu], gross: int) -> dict[str, Any]:
    """Les trois cumuls de la RAFP : assiettes cotisées, traitement qui les borne, éléments qui y entrent."""
    based = sum(lu.assiette(suivi, codes.cotisation("rafp")) for lu in months)
    salary = sum(lu.assiette(suivi, codes.cotisation("cnracl")) for lu in months)
    points = sum(lu.assiette(suivi, codes.cotisation("cnracl_nbi")) for lu in months)
    if not salary:
        return {}
    return {
        "rafp_elements": Remarque(
            format_decimal(max(based, gross - salary - points)), "brut moins traitement et NBI : la DSN ne le dit pas"
        ),
        "rafp_traitement": format_decimal(salary),
        "rafp_assiette": format_decimal(based),
    }
