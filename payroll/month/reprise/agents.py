"""Les agents repris : identité, taux de prélèvement, contrats ; le NIR relie une personne d'un mois à l'autre."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from dsn.message import Block
from dsn.monthly import nir_key
from payroll.month.reprise.chronologie import runs
from payroll.month.reprise.contrat_lu import ContratLu, contracts_of
from payroll.month.reprise.contrats import contract
from payroll.month.reprise.employeur import percent
from payroll.month.reprise.feuille import Blanc, Remarque
from payroll.month.reprise.lecture import Dossier, MoisDeclare, Suivi
from payroll.periods import Month

INDIVIDU = "S21.G00.30"
_MATRICULE = re.compile(r"[A-Za-z0-9-]{1,20}")
_TRANSMIS = "01"
_TERRITOIRES = {"2": "guadeloupe_martinique_reunion", "3": "guyane_mayotte"}
"""Premier chiffre du barème déclaré (S21.G00.50.007) → grille ; « 1 » est la métropole."""
_DEPARTEMENTS = {
    "971": "guadeloupe_martinique_reunion",
    "972": "guadeloupe_martinique_reunion",
    "974": "guadeloupe_martinique_reunion",
    "973": "guyane_mayotte",
    "976": "guyane_mayotte",
}
_MOIS_DE_VALIDITE = 2
_JOUR = timedelta(days=1)

Vue = tuple[MoisDeclare, Block]


def people(dossier: Dossier, first_paid: Month) -> list[dict[str, Any]]:
    """Les agents, par matricule ; ceux que la DSN n'en dote pas reçoivent le leur dans l'ordre d'arrivée."""
    suivi = dossier.suivi
    seen: dict[str, list[Vue]] = {}
    for month in dossier.mois:
        for block in month.blocks(INDIVIDU):
            seen.setdefault(_key(suivi, block), []).append((month, block))
    taken: set[str] = set()
    found = []
    for rank, views in enumerate(seen.values(), start=1):
        matricule = _matricule(suivi, views[-1][1], rank, taken)
        found.append((matricule, _person(suivi, views, matricule, dossier.dernier.mois, first_paid)))
    return [person for _, person in sorted(found, key=lambda item: str(_bare(item[0])))]


def _key(suivi: Suivi, block: Block) -> str:
    """Ce qui désigne la personne : son NIR, à défaut son numéro technique, à défaut son état civil."""
    return (
        suivi.text(block, "001")
        or suivi.text(block, "020")
        or "/".join(suivi.text(block, suffix) for suffix in ("002", "004", "006"))
    )


def _matricule(suivi: Suivi, block: Block, rank: int, taken: set[str]) -> Any:
    declared = suivi.text(block, "019")
    if _MATRICULE.fullmatch(declared) and declared not in taken:
        taken.add(declared)
        return declared
    given = next(text for number in range(rank, rank + 10_000) if (text := f"R{number:04d}") not in taken)
    taken.add(given)
    said = "la DSN n'en porte pas" if not declared else "celui de la DSN n'a pas la forme admise, ou sert deux fois"
    return Remarque(given, f"matricule donné à la reprise : {said}")


def _bare(value: Any) -> Any:
    return value.valeur if isinstance(value, Remarque) else value


def _person(suivi: Suivi, views: Sequence[Vue], matricule: Any, last_month: Month, first_paid: Month) -> dict[str, Any]:
    _, block = views[-1]
    birth = suivi.day(block, "006")
    contracts: dict[str, list[ContratLu]] = {}
    for view_month, view in views:
        for lu in contracts_of(view_month, view):
            contracts.setdefault(lu.numero, []).append(lu)
    return {
        "matricule": matricule,
        "civilite": _title(suivi, block),
        "nom": suivi.text(block, "002"),
        **({"nom_usage": suivi.text(block, "003")} if block.get("003") else {}),
        "prenom": suivi.text(block, "004"),
        "nir": _nir(suivi, block),
        "date_naissance": birth or Blanc("date de naissance : la DSN n'en donne pas le jour ou le mois"),
        "lieu_naissance": suivi.text(block, "007") or Blanc("commune de naissance", exemple='""'),
        "departement_naissance": suivi.text(block, "014") or Blanc("département de naissance, 99 à l'étranger"),
        "pays_naissance": suivi.text(block, "015") or "FR",
        "adresse": suivi.text(block, "008"),
        "code_postal": suivi.text(block, "009") or Blanc("code postal du domicile"),
        "ville": Remarque(suivi.text(block, "010"), "à réécrire avec ses accents"),
        "iban": Blanc("compte où verser le net (une DSN ne le porte pas)", essentiel=False),
        "bic": Blanc("BIC de ce compte", essentiel=False),
        **_territory(suivi, block),
        "contrats": [
            contract(suivi, seen, last_month, first_paid, suivi.text(block, "025")) for seen in contracts.values()
        ],
        "taux_pas": rates(suivi, views),
    }


def _title(suivi: Suivi, block: Block) -> Any:
    sex = suivi.text(block, "005")[-1:] or suivi.text(block, "001")[:1]
    return {"1": "M", "2": "MME"}.get(sex, Blanc("M ou MME"))


def _nir(suivi: Suivi, block: Block) -> Any:
    nir = suivi.text(block, "001")
    key = nir_key(nir)
    if key:
        return nir + key
    said = (
        "un numéro technique temporaire est déclaré" if suivi.text(block, "020") else "la DSN n'en porte pas de juste"
    )
    return Blanc(f"numéro de sécurité sociale, quinze chiffres : {said}")


def _territory(suivi: Suivi, block: Block) -> dict[str, Any]:
    kinds = {suivi.text(payment, "007")[:1] for payment in block.children if payment.id == "S21.G00.50"}
    found = next((_TERRITOIRES[kind] for kind in sorted(kinds) if kind in _TERRITOIRES), None)
    found = found or _DEPARTEMENTS.get(suivi.text(block, "009")[:3])
    return {"territoire_pas": found} if found else {}


def rates(suivi: Suivi, views: Sequence[Vue]) -> list[dict[str, Any]]:
    """Les taux transmis par la DGFiP, datés de leur emploi ; un mois au barème n'a pas de ligne, jamais un taux nul.

    Un taux vaut jusqu'à la fin du deuxième mois suivant (CGI, annexe III, art. 39 C) : ce que la DSN montre est le mois
    de son premier emploi, d'où la date de fin prudente.
    """
    months = [(month.mois, _rate(suivi, block)) for month, block in views]
    periods = runs(months)
    rows = []
    for rank, (start, end, rate) in enumerate(periods):
        if rate is None:
            continue
        limit = start
        for _ in range(_MOIS_DE_VALIDITE):
            limit = limit.next
        until: date = max(limit, end).last_day
        if rank + 1 < len(periods):
            until = min(until, periods[rank + 1][0].first_day - _JOUR)
        rows.append({"taux": percent(rate[0]), "identifiant": rate[1], "du": start.first_day, "au": until})
    return rows


def _rate(suivi: Suivi, block: Block) -> tuple[int, str] | None:
    for payment in block.children:
        if payment.id == "S21.G00.50" and suivi.text(payment, "007") == _TRANSMIS:
            rate = suivi.ppm(payment, "006")
            if rate is not None:
                return rate, suivi.text(payment, "008")
    return None
