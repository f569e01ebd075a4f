"""La simulation : des hypothèses saisies, ce que l'employeur paierait de plus ; le registre n'est que lu."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande
from desk.bureau.droits import Acteur, Lecteur
from desk.bureau.graphique import HAUTEUR, LARGEUR, Graphique, barres
from desk.bureau.telecharger import remettre
from payroll.anomalies import Anomalie
from payroll.documents.names import safe_name
from payroll.documents.simulation import Deux, SimulationFacts, render
from payroll.month.commun import GesteRefuse
from payroll.month.fiche_adherent import list_adherents
from payroll.month.simuler import simulate
from payroll.month.simuler_hypotheses import Hypotheses, validate_hypotheses
from payroll.periods import Month
from payroll.wording import plural

routeur = APIRouter(prefix="/simulation")

HYPOTHESES_MAX = 20
MOIS_D_ADHERENT_MAX = 240
"""Adhérents × mois calculés à l'écran ; la commande, elle, n'a pas de limite."""
_MOIS_MONTRES = 24
"""Barres au plus : une étude plus longue se dessine par année."""
_COURTS = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")
_CATEGORIES = (("", "inchangée"), ("A", "A"), ("B", "B"), ("C", "C"))


@dataclass(frozen=True, slots=True)
class Champ:
    """Un champ d'une hypothèse."""

    nom: str
    libelle: str
    genre: str = "text"
    aide: str = ""
    options: tuple[tuple[str, str], ...] = ()
    requis: bool = False


_QUI = (Champ("adherent", "Code de l'adhérent", requis=True), Champ("matricule", "Matricule", requis=True))
_REGIMES = (("cnracl", "CNRACL"), ("ircantec", "Ircantec"))
TYPES: Mapping[str, tuple[str, tuple[Champ, ...]]] = {
    "chiffre": (
        "Un chiffre de la loi change",
        (
            Champ(
                "cle", "Clé du chiffre", aide="Celle de la page Droit, par exemple cnracl.employeur.taux", requis=True
            ),
            Champ("valeur", "Nouvelle valeur", aide="« 40,65 % » ou « 5966,41 » ; ou bien une variation"),
            Champ("variation", "Variation", aide="« +1 % »"),
            Champ("du", "À partir du", "date", "Le premier jour d'un mois", requis=True),
            Champ("au", "Jusqu'au", "date", "Vide : sans fin"),
            Champ("motif", "Pourquoi", requis=True),
        ),
    ),
    "promotion": (
        "Un agent change d'indice ou de primes",
        (
            *_QUI,
            Champ("du", "À partir du", "date", "Le premier jour d'un mois", requis=True),
            Champ("indice_majore", "Indice majoré", "number"),
            Champ("nbi", "NBI", "number"),
            Champ("categorie", "Catégorie", options=_CATEGORIES),
            Champ("ifse", "IFSE mensuelle", aide="En euros ; vide : inchangée"),
        ),
    ),
    "temps": (
        "Un agent change de temps de travail",
        (
            *_QUI,
            Champ("du", "À partir du", "date", "Le premier jour d'un mois", requis=True),
            Champ("heures_hebdo", "Heures par semaine", aide="Durée du poste : 17,5"),
            Champ("quotite", "Quotité", aide="0,8 pour un temps partiel à 80 %"),
            Champ(
                "regime_retraite",
                "Régime",
                aide="Si le seuil de 28 heures est passé",
                options=(("", "inchangé"), *_REGIMES),
            ),
        ),
    ),
    "depart": (
        "Un agent s'en va",
        (*_QUI, Champ("le", "Dernier jour payé", "date", requis=True)),
    ),
    "embauche": (
        "Un agent arrive",
        (
            Champ("adherent", "Code de l'adhérent", requis=True),
            Champ("matricule", "Matricule", aide="Un nom que personne n'a : NOUVEAU1", requis=True),
            Champ("du", "À partir du", "date", requis=True),
            Champ("au", "Jusqu'au", "date", "Vide : sans fin"),
            Champ(
                "statut",
                "Statut",
                options=(("titulaire", "Titulaire"), ("stagiaire", "Stagiaire"), ("contractuel", "Contractuel")),
            ),
            Champ("regime_retraite", "Régime", options=_REGIMES),
            Champ("categorie", "Catégorie", options=_CATEGORIES[1:]),
            Champ("indice_majore", "Indice majoré", "number", requis=True),
            Champ("heures_hebdo", "Heures par semaine", aide="Vide : 35"),
            Champ("ifse", "IFSE mensuelle", aide="En euros"),
        ),
    ),
}
COTES = (("hypotheses", "la simulation"), ("reference", "la référence aussi"))
_DECIMAUX = frozenset({"heures_hebdo", "quotite", "ifse"})


@dataclass(frozen=True, slots=True)
class Saisie:
    """Ce que la personne a tapé, tel quel."""

    titre: str
    debut: str
    mois: str
    adherents: tuple[str, ...]
    prolonger: bool
    hypotheses: tuple[dict[str, str], ...]


@routeur.get("")
def voir(demande: Lecteur) -> HTMLResponse:
    """Le formulaire, vide."""
    start = Month(demande.mois.year + 1, 1)
    return demande.page("simulation/simulation.html", **_faits(demande, Saisie("", str(start), "12", (), True, ())))


@routeur.post("")
def simuler(demande: Acteur) -> Response:
    """Ajoute ou retire une hypothèse, calcule, ou rend le classeur ; ce qui est tapé reste."""
    saisie = _lue(demande)
    action = demande.champ("action") or "simuler"
    verb, _, what = action.partition(":")
    if verb == "ajouter" and what in TYPES and len(saisie.hypotheses) < HYPOTHESES_MAX:
        added = {"type": what, "cote": "hypotheses"}
        saisie = _avec(saisie, (*saisie.hypotheses, added))
        return demande.page("simulation/simulation.html", **_faits(demande, saisie))
    if verb == "retirer" and what.isdecimal():
        kept = tuple(one for rank, one in enumerate(saisie.hypotheses) if rank != int(what))
        return demande.page("simulation/simulation.html", **_faits(demande, _avec(saisie, kept)))
    found = _hypotheses(demande, saisie)
    if not isinstance(found, Hypotheses):
        return demande.erreur("simulation/simulation.html", found, **_faits(demande, saisie))
    try:
        facts = simulate(demande.registre, found)
    except GesteRefuse as refus:
        return demande.erreur("simulation/simulation.html", refus, **_faits(demande, saisie))
    if action == "classeur":
        return remettre(f"{safe_name(found.titre)}.xlsx", render(facts))
    return demande.page("simulation/simulation.html", **{**_faits(demande, saisie), "resultat": facts, **_vues(facts)})


def _avec(saisie: Saisie, hypotheses: tuple[dict[str, str], ...]) -> Saisie:
    return Saisie(saisie.titre, saisie.debut, saisie.mois, saisie.adherents, saisie.prolonger, hypotheses)


def _lue(demande: Demande) -> Saisie:
    rows = []
    for rank in range(HYPOTHESES_MAX):
        kind = demande.champ(f"h{rank}-type")
        if kind in TYPES:
            names = ("cote", *(champ.nom for champ in TYPES[kind][1]))
            rows.append({"type": kind, **{name: demande.champ(f"h{rank}-{name}") for name in names}})
    return Saisie(
        titre=demande.champ("titre"),
        debut=demande.champ("debut"),
        mois=demande.champ("mois"),
        adherents=tuple(dict.fromkeys(filter(None, demande.champs("adherents")))),
        prolonger=demande.champ("prolonger") == "oui",
        hypotheses=tuple(rows),
    )


def _hypotheses(demande: Demande, saisie: Saisie) -> Hypotheses | list[Anomalie | str]:
    """Les hypothèses validées, ou tout ce qui ne va pas ; hors du portefeuille, un adhérent n'existe pas."""
    codes = saisie.adherents
    if not codes:
        return ["Choisissez au moins un adhérent à simuler."]
    for code in dict.fromkeys((*codes, *(one["adherent"] for one in saisie.hypotheses if one.get("adherent")))):
        if not demande.suit(code):
            demande.adherent(code)
    data: dict[str, Any] = {
        "titre": saisie.titre,
        "debut": saisie.debut,
        "mois": saisie.mois,
        "adherents": codes,
        "chiffres_prolonges": saisie.prolonger,
        "reference": [],
        "hypotheses": [],
    }
    places: dict[tuple[str, int], int] = {}
    for rank, one in enumerate(saisie.hypotheses):
        side = one["cote"] if one.get("cote") in dict(COTES) else "hypotheses"
        places[side, len(data[side])] = rank
        data[side].append(_nue(one))
    found = validate_hypotheses(data)
    if not isinstance(found, Hypotheses):
        return [_placee(anomalie, places, saisie) for anomalie in found]
    if found.mois * len(codes) > MOIS_D_ADHERENT_MAX:
        return [
            f"{plural(len(codes), 'adhérent')} sur {found.mois} mois : l'écran en calcule {MOIS_D_ADHERENT_MAX} "
            "au plus (adhérents × mois). Réduisez la période ou la liste ; au clavier de l'agence, rien ne le limite."
        ]
    return found


def _nue(one: Mapping[str, str]) -> dict[str, Any]:
    """Une hypothèse telle que le fichier YAML l'écrirait : sans les champs vides."""
    bare: dict[str, Any] = {}
    for name, value in one.items():
        if not value or name == "cote":
            continue
        text = value.replace(",", ".") if name in _DECIMAUX else value
        if name == "ifse":
            bare["permanents"] = {"ifse": text}
        else:
            bare[name] = text
    return bare


def _placee(anomalie: Anomalie, places: Mapping[tuple[str, int], int], saisie: Saisie) -> str:
    """L'anomalie dite à sa place dans le formulaire."""
    parts = anomalie.cellule.split(".")
    if len(parts) > 1 and parts[1].isdecimal() and (parts[0], int(parts[1])) in places:
        rank = places[parts[0], int(parts[1])]
        labels = {champ.nom: champ.libelle for champ in TYPES[saisie.hypotheses[rank]["type"]][1]}
        name = next((labels[part] for part in reversed(parts) if part in labels), "")
        return f"Hypothèse {rank + 1}{f', {name.lower()}' if name else ''} : {anomalie.message}"
    labels = {"titre": "Titre de l'étude", "debut": "Premier mois", "mois": "Nombre de mois"}
    return f"{labels.get(parts[0], 'Étude')} : {anomalie.message}"


def _faits(demande: Demande, saisie: Saisie) -> dict[str, Any]:
    return {
        "etude": saisie,
        "adherents": list_adherents(demande.registre, demande.compte.portefeuille),
        "types": TYPES,
        "cotes": COTES,
        "plein": len(saisie.hypotheses) >= HYPOTHESES_MAX,
        "resultat": None,
    }


def _vues(facts: SimulationFacts) -> dict[str, Any]:
    """Le résultat par mois (ou par année), par adhérent, par compte, et son graphique."""
    months = [(mois, facts.of_month(mois)) for mois in facts.mois]
    return {
        "par_mois": [(mois, couts, facts.bulletins[mois]) for mois, couts in months],
        "par_adherent": [(code, nom, facts.of_adherent(code)) for code, nom in facts.adherents.items()],
        "par_compte": [(compte or "–", libelle, facts.of_account(compte)) for compte, libelle in facts.comptes.items()],
        "graphique": _dessin(months),
        "largeur": LARGEUR,
        "hauteur": HAUTEUR,
    }


def _dessin(months: list[tuple[Month, Deux]]) -> Graphique:
    if len(months) <= _MOIS_MONTRES:
        values = [(f"{_COURTS[mois.month - 1]} {mois.year % 100:02d}", *couts) for mois, couts in months]
        return barres(values, "coût mensuel pour l'employeur")
    years: dict[int, list[int]] = {}
    for mois, (reference, simulation) in months:
        sums = years.setdefault(mois.year, [0, 0])
        sums[0] += reference
        sums[1] += simulation
    return barres([(str(year), one, two) for year, (one, two) in years.items()], "coût annuel pour l'employeur")
