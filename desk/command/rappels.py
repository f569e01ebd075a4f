"""Les rappels au clavier : voir ce qui reste dû de mois déjà payés, le préparer, saisir un oubli, annuler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table
from desk.command.identite import Par, signed
from payroll.money import AmountError, format_amount, parse_amount
from payroll.month.rappeler import (
    Apercu,
    add_late_element,
    cancel_late_element,
    cancel_recall,
    prepare_recall,
    preview_recalls,
)
from payroll.periods import Month
from payroll.wording import plural

app = typer.Typer(help="Rappels et trop-perçus : payer ou reprendre la différence de mois déjà payés.")

Code = Annotated[str, typer.Argument(metavar="ADHERENT", help="Code de l'adhérent")]
Matricule = Annotated[str, typer.Argument(help="Matricule de l'agent")]
Mois = Annotated[str | None, typer.Option("--mois", "-m", help="Mois de versement, AAAA-MM (défaut : le mois courant)")]
Depuis = Annotated[str | None, typer.Option(help="Premier mois du droit, AAAA-MM (défaut : le premier payé ici)")]
Motif = Annotated[str, typer.Option(help="La raison : arrêté, pièce arrivée en retard, texte publié après coup")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="rappel")


@app.command("voir")
@explains_refusals
def voir(
    adherent: Code,
    matricule: Annotated[str, typer.Argument(help="Un seul agent ; vide : tous")] = "",
    mois: Mois = None,
    depuis: Depuis = None,
) -> None:
    """Montre, sans rien inscrire, ce que des mois déjà payés auraient dû donner."""
    with opened() as (registre, _):
        apercus = preview_recalls(
            registre, adherent, parse_month(mois), matricule=matricule, depuis=_optional_month(depuis)
        )
    _show(apercus)


@app.command("preparer")
@explains_refusals
def preparer(
    adherent: Code,
    matricule: Matricule,
    motif: Motif,
    mois: Mois = None,
    depuis: Depuis = None,
    echeances: Annotated[int, typer.Option(help="Nombre de mois où la différence s'étale")] = 1,
    par: Par = "",
) -> None:
    """Inscrit le rappel d'un agent dans le mois ouvert ; remplace celui qui attendait."""
    month = parse_month(mois)
    with signed(par) as (registre, acte):
        apercus = prepare_recall(
            registre,
            adherent,
            matricule,
            month,
            acte,
            motif=motif,
            depuis=_optional_month(depuis),
            echeances=echeances,
        )
    _show(apercus)
    if apercus:
        console.print(f"Rappel inscrit sur {month.libelle}. Recalculez la paie : « paie calculer -m {month} ».")


@app.command("saisir")
@explains_refusals
def saisir(
    adherent: Code,
    matricule: Matricule,
    rubrique: Annotated[str, typer.Argument(help="Code de la rubrique : ihts_jour, cia…")],
    valeur: Annotated[str, typer.Argument(help="Montant en euros, ou heures : 12,50")],
    mois_de_droit: Annotated[str, typer.Option(help="Le mois que la somme rémunère, AAAA-MM")],
    motif: Motif,
    mois: Mois = None,
    contrat: Annotated[str, typer.Option(help="Numéro du contrat, si l'agent en a plusieurs")] = "",
    par: Par = "",
) -> None:
    """Saisit un élément appris trop tard, et prépare le rappel de son mois."""
    month, droit = parse_month(mois), parse_month(mois_de_droit)
    try:
        amount = parse_amount(valeur)
    except AmountError:
        raise refuse(f"« {valeur} » n'est pas un montant : écrivez par exemple 12,50.") from None
    with signed(par) as (registre, acte):
        add_late_element(
            registre,
            adherent,
            matricule,
            month,
            acte,
            mois_de_droit=droit,
            rubrique=rubrique,
            valeur=amount,
            motif=motif,
            numero_contrat=contrat,
        )
        apercus = prepare_recall(registre, adherent, matricule, month, acte, motif=motif)
    _show(apercus)


@app.command("annuler")
@explains_refusals
def annuler(
    adherent: Code,
    matricule: Matricule,
    motif: Motif,
    mois: Mois = None,
    element: Annotated[int | None, typer.Option(help="Annule aussi cet élément tardif (son numéro)")] = None,
    par: Par = "",
) -> None:
    """Annule ce qu'un rappel n'a pas encore versé ; ce qui l'a été reste, et se reprend par un autre rappel."""
    month = parse_month(mois)
    with signed(par) as (registre, acte):
        if element is not None:
            cancel_late_element(registre, adherent, element, month, acte)
        count = cancel_recall(registre, adherent, matricule, month, acte, motif=motif)
    console.print(f"{plural(count, 'échéance annulée', 'échéances annulées')} à partir de {month.libelle}.")


def _optional_month(text: str | None) -> Month | None:
    return None if text is None else parse_month(text)


def _show(apercus: Sequence[Apercu]) -> None:
    if not apercus:
        console.print("Rien à rappeler : ce qui a été payé est ce qui était dû.")
        return
    for apercu in apercus:
        show_table(
            f"Agent {apercu.matricule}, contrat {apercu.numero_contrat}",
            ("Mois du droit", "Élément", "Dû", "Payé", "Différence"),
            [
                (str(e.mois), e.libelle, format_amount(e.du), format_amount(e.paye), format_amount(e.difference))
                for e in apercu.ecarts
            ],
            right=("Dû", "Payé", "Différence"),
        )
        sens = "à payer" if apercu.total >= 0 else "à reprendre"
        console.print(f"Total brut {sens} : {format_amount(abs(apercu.total))} €")
