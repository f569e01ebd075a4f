"""Les commandes ``paie evenements`` et ``paie signaler`` : arrêts, reprises et fins de contrat à signaler."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, refuse, show_table
from payroll.month.commun import adherent_codes
from payroll.month.evenements import EtatEvenement, due_events
from payroll.month.signaler import Complement, event_name, produce_event
from payroll.settings import Reglages
from payroll.wording import plural

Codes = Annotated[list[str] | None, typer.Option("--adherent", "-a", help="Code d'un adhérent (répétable)")]
Jour = Annotated[str, typer.Option(help="AAAA-MM-JJ")]


def register(app: typer.Typer) -> None:
    app.command("evenements")(evenements)
    app.command("signaler")(signaler)


@explains_refusals
def evenements(
    adherent: Codes = None,
    tous: Annotated[bool, typer.Option("--tous", help="Montrer aussi ce qui est produit ou hors champ")] = False,
) -> None:
    """Liste les arrêts, reprises et fins de contrat à signaler, avec leur échéance ; code 1 si l'une est passée."""
    with opened() as (registre, acte):
        today = acte.moment.date()
        found = [event for code in adherent or adherent_codes(registre) for event in due_events(registre, code, today)]
    waiting = (EtatEvenement.A_PRODUIRE, EtatEvenement.EN_ATTENTE)
    shown = [event for event in found if tous or event.etat in waiting]
    if shown:
        show_table(
            "Signalements d'événements",
            ("Adhérent", "Agent", "Contrat", "Événement", "Fait", "Échéance", "État", "À savoir"),
            [
                (
                    event.adherent,
                    event.matricule,
                    event.contrat,
                    event.nom,
                    event.fait,
                    f"{event.echeance:%d/%m/%Y}" if event.echeance else "",
                    event.etat,
                    event.explication,
                )
                for event in shown
            ],
        )
    else:
        console.print("Rien à signaler.")
    public = sum(event.etat is EtatEvenement.HORS_CHAMP for event in found)
    if public:
        console.print(
            f"{plural(public, 'événement')} de la fonction publique hors du champ des signalements (cahier technique "
            "§2.5) : la mensuelle les porte (--tous les montre)."
        )
    late = sum(event.late(today) for event in found)
    if late:
        raise refuse(f"{plural(late, 'échéance')} dépassée{'s' if late > 1 else ''}.")


@explains_refusals
def signaler(
    adherent: Annotated[str, typer.Option("--adherent", "-a", help="Code de l'adhérent")],
    contrat: Annotated[str, typer.Argument(help="Numéro du contrat")],
    fait: Annotated[str, typer.Argument(help="Le fait, tel que « paie evenements » l'écrit : « cmo 2026-12-03 »")],
    accident: Jour = "",
    notification: Jour = "",
    signature: Jour = "",
    engagement: Jour = "",
    preavis: Annotated[str, typer.Option(help="Réalisation du préavis, S21.G00.63.001 : 01, 02, 03, 60 ou 90")] = "",
    debut_preavis: Jour = "",
    fin_preavis: Jour = "",
    subrogation: Annotated[
        tuple[str, str] | None, typer.Option(help="Début et fin de la subrogation, AAAA-MM-JJ AAAA-MM-JJ")
    ] = None,
    dossier: Annotated[Path | None, typer.Option(help="Où écrire aussi le message")] = None,
) -> None:
    """Produit le signalement d'un événement, contrôlé, prêt à déposer."""
    told = Complement(
        accident=_day(accident),
        notification=_day(notification),
        signature=_day(signature),
        engagement=_day(engagement),
        preavis=preavis,
        debut_preavis=_day(debut_preavis),
        fin_preavis=_day(fin_preavis),
        subrogation=_period(subrogation),
    )
    with opened() as (registre, acte):
        row = produce_event(registre, adherent, contrat, fait, acte, told)
        name = event_name(adherent, contrat, row)
        if dossier is not None:
            dossier.mkdir(parents=True, exist_ok=True)
            (dossier / name).write_bytes(registre.pieces.get(row.sha256))
    console.print(
        f"{name} : signalement {row.nature} contrôlé, {plural(len(row.anomalies), 'remarque')}.", markup=False
    )
    if Reglages().environnement != "production":
        console.print("Envoi d'essai : il ne vaut pas déclaration.")


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(f"« {text} » n'est pas une date AAAA-MM-JJ.") from None


def _period(texts: tuple[str, str] | None) -> tuple[date, date] | None:
    if texts is None:
        return None
    start, end = _day(texts[0]), _day(texts[1])
    if start is None or end is None or end < start:
        raise refuse("la subrogation demande deux dates, début puis fin.")
    return start, end
