"""Prendre en charge un nouvel adhérent d'après ses DSN : un rapport d'abord ; l'inscription se confirme ensuite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Responsable
from desk.bureau.pages.adherents import STATUTS
from payroll.month.commun import GesteRefuse
from payroll.month.prise_en_charge import Examen, enroll_examined, examine, examine_again
from payroll.month.reprise.feuille import ARemplir
from payroll.periods import Month

routeur = APIRouter(prefix="/reprise")

_GABARIT = "reprise/reprise.html"
_CODE = re.compile(r"[a-z][a-z0-9-]{1,40}")
_BLANC = "blanc:"
_EMPREINTE = re.compile(r"[0-9a-f]{64}")
_LIEU = re.compile(r"agents\.(.+?)(?:\.contrats\.(.+?))?\.(?:[a-z]+\.\d+\.)?[a-z_]+")


@dataclass(frozen=True, slots=True)
class Blanc:
    """Une valeur à remplir, telle que le formulaire la demande."""

    champ: str
    libelle: str
    consigne: str
    valeur: str
    exemple: str


@dataclass(frozen=True, slots=True)
class Groupe:
    """Les valeurs à remplir d'un même sujet : l'employeur, ou un agent."""

    titre: str
    blancs: tuple[Blanc, ...]


@routeur.get("")
def voir(demande: Responsable) -> HTMLResponse:
    """Le formulaire de dépôt."""
    return demande.page(_GABARIT, examen=None)


@routeur.post("/examiner")
def examiner(demande: Responsable) -> Response:
    """Lit les DSN remises et rend le rapport ; aucun adhérent n'est inscrit."""
    try:
        code, first = _code(demande), _mois(demande)
        found = examine(demande.registre, demande.fichiers("dsn"), demande.acte(), code=code, premier_mois=first)
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, examen=None)
    return _rapport(demande, found)


@routeur.post("/relire")
def relire(demande: Responsable) -> Response:
    """Relit les mêmes fichiers avec les valeurs remplies."""
    try:
        found = _encore(demande)
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, examen=None)
    return _rapport(demande, found)


@routeur.post("/inscrire")
def inscrire(demande: Responsable) -> Response:
    """Inscrit l'adhérent examiné, si rien d'essentiel ne manque."""
    try:
        found = _encore(demande)
    except GesteRefuse as refus:
        return demande.erreur(_GABARIT, refus, examen=None)
    try:
        new = enroll_examined(demande.registre, found, demande.acte())
    except GesteRefuse as refus:
        return _rapport(demande, found, refus)
    assert found.reprise is not None  # l'inscription l'aurait refusé
    code, first = found.reprise.code, found.reprise.premier_mois
    if not new:
        return demande.retour(f"/adherents/{code}", "Cet adhérent était déjà inscrit : rien n'est changé.", "info")
    return demande.retour(
        f"/adherents/{code}",
        f"Adhérent inscrit. Relisez ses agents, puis ouvrez {first.libelle}, son premier mois ici.",
    )


def _rapport(demande: Demande, found: Examen, refus: GesteRefuse | None = None) -> Response:
    typed = {name: value for name, value in demande.saisie.items() if name.startswith(_BLANC)}
    reprise = found.reprise
    # Une valeur déjà remplie n'est plus un blanc pour la lecture : elle reste affichée, pour être corrigée.
    filled = [name.removeprefix(_BLANC) for name, value in typed.items() if value.strip()]
    waiting = {item.chemin for item in reprise.a_remplir} if reprise else set()
    faits: dict[str, Any] = {
        "examen": found,
        "statuts": STATUTS,
        "reprise": reprise,
        "essentiels": list(_groupes(reprise.essentiels, typed)) if reprise else [],
        "facultatifs": list(_groupes([one for one in reprise.a_remplir if not one.blanc.essentiel], typed))
        if reprise
        else [],
        "remplis": [
            Blanc(f"{_BLANC}{path}", _libelle(path), _titre(path), typed[f"{_BLANC}{path}"], "")
            for path in filled
            if path not in waiting
        ],
        "code": demande.champ("code"),
        "premier_mois": demande.champ("premier_mois"),
    }
    if refus is not None:
        return demande.erreur(_GABARIT, refus, **faits)
    return demande.page(_GABARIT, 200 if reprise else 422, **faits)


def _encore(demande: Demande) -> Examen:
    prints = [one for one in demande.champs("empreinte") if _EMPREINTE.fullmatch(one)]
    values = {name.removeprefix(_BLANC): value for name, value in demande.saisie.items() if name.startswith(_BLANC)}
    return examine_again(
        demande.registre, prints, demande.acte(), code=_code(demande), premier_mois=_mois(demande), valeurs=values
    )


def _code(demande: Demande) -> str:
    code = demande.champ("code")
    if code and not _CODE.fullmatch(code):
        raise GesteRefuse(
            f"« {code} » n'est pas un code d'adhérent : minuscules, chiffres et tirets, comme « lubescaux »."
        )
    return code


def _mois(demande: Demande) -> Month | None:
    text = demande.champ("premier_mois")
    try:
        return Month.parse(text) if text else None
    except ValueError as error:
        raise GesteRefuse(f"Premier mois : {error}.") from None


def _groupes(items: list[ARemplir] | tuple[ARemplir, ...], typed: dict[str, str]) -> Iterator[Groupe]:
    groups: dict[str, list[Blanc]] = {}
    for item in items:
        name = f"{_BLANC}{item.chemin}"
        groups.setdefault(_titre(item.chemin), []).append(
            Blanc(name, _libelle(item.chemin), item.blanc.consigne, typed.get(name, ""), item.blanc.defaut)
        )
    for titre, blancs in groups.items():
        yield Groupe(titre, tuple(blancs))


def _titre(chemin: str) -> str:
    found = _LIEU.fullmatch(chemin)
    if not found:
        return "La collectivité"
    return f"Agent {found[1]}, contrat {found[2]}" if found[2] else f"Agent {found[1]}"


_MOTS = {
    "nom": "Nom",
    "code_insee": "Code INSEE",
    "zone_residence": "Zone de résidence",
    "taux_at": "Taux d'accident du travail",
    "code_risque_at": "Code risque",
    "taux_cdg": "Taux du centre de gestion",
    "cnfpt": "CNFPT",
    "iban": "IBAN",
    "bic": "BIC",
    "categorie": "Catégorie",
    "echelon": "Échelon",
    "cout_employeur": "Coût pour l'employeur",
    "heures_tous_employeurs": "Heures chez tous ses employeurs",
    "heures_complementaires_majorees": "Heures complémentaires majorées",
}


def _libelle(chemin: str) -> str:
    name = chemin.rsplit(".", 1)[-1]
    return _MOTS.get(name, name.replace("_", " ").capitalize())
