"""Raconter un rappel : ce qui a changé entre les conditions payées et les justes, et quel taux s'applique."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from payroll.catalogue import Catalogue, Rubrique
from payroll.engine.bulletin import Ligne
from payroll.engine.rappels_cotisations import ASSIETTES_D_ORIGINE
from payroll.engine.situation import HOUR_VARIABLES, Arret, Mandat, Rappel, Segment, Situation
from payroll.money import format_amount, format_percent

_CONDITIONS: Mapping[str, str] = {
    "indice_majore": "indice majoré",
    "nbi": "points de NBI",
    "heures_hebdo": "heures par semaine du poste",
    "quotite": "quotité",
    "enfants_sft": "enfants du supplément familial",
    "categorie": "catégorie",
    "date_debut": "début du contrat",
    "date_fin": "fin du contrat",
}


def changed_inputs(rappel: Rappel, catalogue: Catalogue) -> Iterator[str]:
    """Chaque donnée du mois du droit qui n'est plus celle du paiement : « indice majoré : 366 payé, 372 juste »."""
    avant, apres = rappel.ancienne, rappel.situation
    if avant is None:
        yield "rien n'avait été payé pour ce mois"
        return
    found = [*_conditions(avant, apres), *_amounts(avant, apres, catalogue), *_events(avant, apres)]
    yield from found
    if not found:
        yield "mêmes données qu'au paiement : ce sont les chiffres de la loi, ou leur lecture, qui ont changé depuis"


def origin_rate(rubrique: Rubrique, lignes: Sequence[Ligne], rappel: Rappel) -> Iterator[str]:
    """Pour une cotisation : le taux appliqué à la différence, et pourquoi c'est celui-là."""
    for ligne in lignes:
        taux = [
            f"{qui} {format_percent(ppm)}"
            for qui, ppm in (("agent", ligne.taux_salarie_ppm), ("employeur", ligne.taux_employeur_ppm))
            if ppm
        ]
        yield f"différence d'assiette {format_amount(ligne.base or 0)} € × {', '.join(taux)}"
    if any(regle.assiette in ASSIETTES_D_ORIGINE for regle in rubrique.regles):
        yield (
            f"taux et plafond de {rappel.mois.libelle}, mois du droit : la déclaration rattache ce régime à sa période "
            "(doute rappel.cnracl_ircantec_taux)"
        )


def _conditions(avant: Situation, apres: Situation) -> Iterator[str]:
    for name, libelle in _CONDITIONS.items():
        yield from _pair(libelle, getattr(avant, name), getattr(apres, name))
    yield from _pair("mandat", _mandate(avant.elu), _mandate(apres.elu))
    yield from _pair("mois coupé", _segments(avant.segments), _segments(apres.segments))


def _amounts(avant: Situation, apres: Situation, catalogue: Catalogue) -> Iterator[str]:
    for sorte, payees, justes in (
        ("montant mensuel", avant.permanents, apres.permanents),
        ("élément du mois", avant.variables, apres.variables),
    ):
        for code in sorted({*payees, *justes}):
            rubrique = catalogue.get(code)
            unite = "h" if code in HOUR_VARIABLES else "€"
            nom = rubrique.libelle if rubrique else code
            yield from _pair(
                f"{sorte}, {nom}",
                f"{format_amount(payees.get(code, 0))} {unite}",
                f"{format_amount(justes.get(code, 0))} {unite}",
            )


def _events(avant: Situation, apres: Situation) -> Iterator[str]:
    yield from _pair("absences", _absences(avant.arrets), _absences(apres.arrets))


def _pair(libelle: str, payee: object, juste: object) -> Iterator[str]:
    if payee != juste:
        yield f"{libelle} : {_said(payee)} payé, {_said(juste)} juste"


def _said(value: object) -> str:
    return "rien" if value in (None, "") else str(value)


def _mandate(elu: Mandat | None) -> str:
    return f"{elu.mandat} à {format_percent(elu.taux_indemnite_ppm)}" if elu else ""


def _segments(segments: Sequence[Segment]) -> str:
    return ", ".join(f"jusqu'au {segment.fin:%d/%m/%Y}, indice {segment.indice_majore}" for segment in segments)


def _absences(arrets: Sequence[Arret]) -> str:
    return ", ".join(f"{arret.type} du {arret.debut:%d/%m/%Y} au {arret.fin:%d/%m/%Y}" for arret in arrets)
