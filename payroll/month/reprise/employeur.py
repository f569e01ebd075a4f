"""Ce que les mensuelles disent de l'employeur : établissement, contact, compte, taux notifiés, chômage."""

from __future__ import annotations

from typing import Any

from dsn.message import Block
from payroll.money import format_percent
from payroll.month.reprise import codes
from payroll.month.reprise.chronologie import dated
from payroll.month.reprise.feuille import Blanc, Remarque
from payroll.month.reprise.lecture import Dossier, MoisDeclare, Suivi

_SANS_RISQUE = "999ZZ"
_ADHESIONS = frozenset({"03", "04"})
_SEUIL_FNAL = 50
_ELU = "81"


def employer(dossier: Dossier, code: str) -> dict[str, Any]:
    """L'adhérent tel que la dernière mensuelle le dit ; les blancs sont ce qu'aucune DSN ne porte."""
    suivi, last = dossier.suivi, dossier.dernier
    etablissement = last.blocks("S21.G00.11")[0]
    contact = next(iter(last.blocks("S20.G00.07")), None)
    payment = next((block for block in last.blocks("S21.G00.20") if block.get("004")), None)
    return {
        "code": code,
        "nom": Blanc("nom de la collectivité, tel qu'au bulletin (une DSN ne porte que son SIREN)"),
        "nature": Blanc("commune, ccas, epci ou syndicat (une DSN ne porte que le code APE)"),
        "siret": dossier.siret,
        "ape": suivi.text(etablissement, "002") or Blanc("code APE de l'établissement, par exemple 8411Z"),
        "adresse": suivi.text(etablissement, "003"),
        "code_postal": suivi.text(etablissement, "004") or Blanc("code postal de l'établissement"),
        "ville": Remarque(
            suivi.text(etablissement, "005"), "à réécrire avec ses accents : la DSN n'en porte pas dans une localité"
        ),
        "code_insee": _insee(suivi, last),
        "population": Blanc("nombre d'habitants (plafonds des indemnités d'élus, frais d'emploi)"),
        "zone_residence": Blanc("1, 2 ou 3 : zone de l'indemnité de résidence"),
        "contact_nom": suivi.text(contact, "001") if contact else "",
        "contact_courriel": suivi.text(contact, "003") if contact else "",
        "contact_telephone": suivi.text(contact, "002") if contact else "",
        "iban": suivi.text(payment, "004") if payment else Blanc("compte de la collectivité", essentiel=False),
        "bic": suivi.text(payment, "003") if payment else Blanc("BIC de ce compte", essentiel=False),
        "parametres": dated([(month.mois, _parametre(suivi, month)) for month in dossier.mois]),
    }


def _insee(suivi: Suivi, month: MoisDeclare) -> Any:
    """Le code de la commune que porte le versement mobilité, le seul endroit où une DSN mensuelle le dit."""
    found = {suivi.text(block, "005") for block in month.blocks("S21.G00.81") if block.get("005")}
    if len(found) == 1:
        return Remarque(found.pop(), "commune du versement mobilité")
    return Blanc("code INSEE de la commune du siège (la DSN ne le dit que par le versement mobilité)")


def _parametre(suivi: Suivi, month: MoisDeclare) -> dict[str, Any]:
    contrats = month.blocks("S21.G00.40")
    at, risk = _risque(suivi, contrats)
    return {
        "effectif": _effectif(suivi, month),
        "taux_at": at,
        "code_risque_at": risk,
        "taux_versement_mobilite": _mobilite(suivi, month),
        "taux_cdg": Blanc("cotisation au centre de gestion en pour cent, « 0 » si non affilié (absente de la DSN)"),
        "cnfpt": Blanc("écrivez « false » si non affilié au CNFPT (absent de la DSN)", essentiel=False, defaut="true"),
        **_chomage(suivi, contrats),
        "heures_complementaires_majorees": Blanc(
            "« true » si la délibération majore les heures complémentaires", essentiel=False, defaut="false"
        ),
        "primes_en_maladie": Blanc(
            "« suit_le_traitement » si la délibération le prévoit", essentiel=False, defaut="non_maintenu"
        ),
    }


def _effectif(suivi: Suivi, month: MoisDeclare) -> Any:
    """L'effectif déclaré (norme 2025), sinon les agents comptés, si le FNAL déclaré ne le dément pas."""
    declared = [suivi.text(block, "008") for block in month.blocks("S21.G00.11")]
    counted = sum(
        any(suivi.text(contrat, "007") != _ELU for contrat in person.children if contrat.id == codes.CONTRAT)
        for person in month.blocks("S21.G00.30")
    )
    headcount = int(declared[0]) if declared and declared[0].isdecimal() else counted
    fnal = codes.cotisation("fnal")
    full_base = codes.base("fnal", effectif_50=True)
    full = any(
        block.get("001") == full_base and any(child.get("001") == fnal for child in block.children)
        for block in month.blocks("S21.G00.78")
    )
    if full != (headcount >= _SEUIL_FNAL):
        side = "50 agents et plus" if full else "moins de 50 agents"
        return Blanc(f"effectif ({headcount} lus, mais le FNAL est déclaré comme à {side})")
    return Remarque(headcount, "agents de cette DSN : l'effectif moyen de l'an passé fait les seuils")


def _risque(suivi: Suivi, contrats: list[Block]) -> tuple[Any, Any]:
    found = sorted(
        {
            (suivi.text(contrat, "040"), suivi.ppm(contrat, "043"))
            for contrat in contrats
            if suivi.text(contrat, "040") not in ("", _SANS_RISQUE)
        },
        key=str,
    )
    known = [(code, rate) for code, rate in found if rate is not None]
    if len(known) == 1:
        code, rate = known[0]
        return percent(rate), code
    if not known:
        consigne = "taux d'accident du travail notifié, « 0 » s'il n'y a aucun agent au régime général"
        return Blanc(consigne), Blanc("code risque notifié, par exemple 751BA", essentiel=False)
    several = ", ".join(f"{code} à {format_percent(rate)}" for code, rate in known)
    return Blanc(f"plusieurs taux d'accident du travail sont déclarés : {several}"), Blanc("code risque", False)


def _mobilite(suivi: Suivi, month: MoisDeclare) -> Any:
    code = codes.cotisation("versement_mobilite")
    rates = {suivi.ppm(block, "007") for block in month.blocks("S21.G00.81") if block.get("001") == code}
    rates.discard(None)
    if len(rates) == 1:
        return percent(rates.pop() or 0)
    if rates:
        return Blanc("taux du versement mobilité : plusieurs sont déclarés")
    return "0"


def _chomage(suivi: Suivi, contrats: list[Block]) -> dict[str, Any]:
    found = {
        (suivi.text(contrat, "029"), suivi.day(contrat, "030"))
        for contrat in contrats
        if suivi.text(contrat, "029") in _ADHESIONS
    }
    if not found:
        return {}
    if len(found) > 1:
        return {"assurance_chomage": Blanc("plusieurs adhésions à l'assurance chômage sont déclarées")}
    mode, since = found.pop()
    return {
        "assurance_chomage": True,
        "gestion_chomage": mode,
        "adhesion_chomage": since or Blanc("date d'adhésion à l'assurance chômage"),
    }


def percent(ppm: int) -> str:
    """Des millionièmes en pour cent, comme la description les écrit : « 1.62 »."""
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{rest:04d}".rstrip("0").rstrip(".")
