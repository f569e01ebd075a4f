"""Les corrections au clavier : fixer, ajouter, retirer, annuler ; rouvrir un mois. Chacune avec sa raison."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table
from desk.command.identite import CodeUnique, Par, show_code, signed
from payroll.money import AmountError, parse_amount
from payroll.month.autorisations import GesteSigne, give_code
from payroll.month.corriger import (
    Corrigee,
    add_absence,
    cancel_correction,
    correct_element,
    month_absences,
    month_corrections,
    remove_absence,
)
from payroll.month.corriger_classeur import apply_corrections, export_corrections, workbook_name
from payroll.month.rouvrir import reopen_month
from payroll.periods import Month
from payroll.wording import plural

app = typer.Typer(help="Corriger un mois ouvert, par-dessus le fichier de la collectivité.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="ADHERENT", help="Code de l'adhérent")]
Matricule = Annotated[str, typer.Argument(help="Matricule de l'agent")]
Rubrique = Annotated[str, typer.Argument(help="Code de la rubrique : ihts_jour, cia…")]
Mois = Annotated[str | None, typer.Option("--mois", "-m", help="Mois, AAAA-MM (défaut : le mois courant)")]
Motif = Annotated[str, typer.Option(help="La raison : appel de la mairie, pièce reçue, erreur de saisie")]
Contrat = Annotated[str, typer.Option(help="Numéro du contrat, si l'agent en a plusieurs")]
Numero = Annotated[int, typer.Argument(help="Numéro donné par « paie corriger voir »")]


def register(root: typer.Typer) -> None:
    root.add_typer(app, name="corriger")
    root.command("rouvrir")(rouvrir)


@app.command("element")
@explains_refusals
def element(
    adherent: Code,
    matricule: Matricule,
    rubrique: Rubrique,
    valeur: Annotated[str, typer.Argument(help="Montant en euros, ou heures : 12,50 ; 0 : ne se paie pas")],
    motif: Motif,
    mois: Mois = None,
    contrat: Contrat = "",
    par: Par = "",
) -> None:
    """Fixe la valeur d'un élément du mois, quoi qu'en dise le fichier."""
    _element(adherent, matricule, rubrique, valeur, motif, mois, contrat, par, ajouter=False)


@app.command("ligne", context_settings={"ignore_unknown_options": True})
@explains_refusals
def ligne(
    adherent: Code,
    matricule: Matricule,
    rubrique: Rubrique,
    valeur: Annotated[str, typer.Argument(help="À ajouter au fichier : 50,00 ou -50,00")],
    motif: Motif,
    mois: Mois = None,
    contrat: Contrat = "",
    par: Par = "",
) -> None:
    """Ajoute une ligne manuelle, en plus ou en moins du fichier."""
    _element(adherent, matricule, rubrique, valeur, motif, mois, contrat, par, ajouter=True)


@app.command("absence")
@explains_refusals
def absence(
    adherent: Code,
    matricule: Matricule,
    nature: Annotated[str, typer.Argument(help="cmo, maternite, greve, service_non_fait…")],
    debut: Annotated[str, typer.Argument(help="Premier jour, AAAA-MM-JJ")],
    fin: Annotated[str, typer.Argument(help="Dernier jour, inclus")],
    motif: Motif,
    prolongation: Annotated[bool, typer.Option(help="Suite d'un arrêt : pas de nouveau jour de carence")] = False,
    sans_carence: Annotated[str, typer.Option(help="Motif de dispense : ald, grossesse, reprise_48h…")] = "",
    mois: Mois = None,
    contrat: Contrat = "",
    par: Par = "",
) -> None:
    """Ajoute une absence que le fichier ne disait pas."""
    month = parse_month(mois)
    valeurs = {
        "type": nature, "debut": debut, "fin": fin, "prolongation": prolongation, "motif_sans_carence": sans_carence,
    }  # fmt: skip
    with signed(par) as (registre, acte):
        done = add_absence(registre, adherent, matricule, month, acte, valeurs=valeurs, motif=motif, contrat=contrat)
    _said(done, adherent)


@app.command("retirer-absence")
@explains_refusals
def retirer_absence(adherent: Code, numero: Numero, motif: Motif, mois: Mois = None, par: Par = "") -> None:
    """Retire une absence ; annuler la correction la remet."""
    with signed(par) as (registre, acte):
        _said(remove_absence(registre, adherent, numero, parse_month(mois), acte, motif=motif), adherent)


@app.command("annuler")
@explains_refusals
def annuler(adherent: Code, numero: Numero, motif: Motif, mois: Mois = None, par: Par = "") -> None:
    """Annule une correction : le mois redevient ce que disaient le fichier et le dossier."""
    with signed(par) as (registre, acte):
        phrase = cancel_correction(registre, adherent, numero, parse_month(mois), acte, motif=motif)
    console.print(f"Correction n° {numero} annulée ({phrase}). Recalculez la paie.", markup=False)


@app.command("exporter")
@explains_refusals
def exporter(
    adherent: Code,
    mois: Mois = None,
    dossier: Annotated[
        Path, typer.Option(help="Où poser le classeur : il porte des noms, il reste à l'agence")
    ] = Path(),
) -> None:
    """Écrit le classeur de correction : l'état du mois, où l'on note nouvelles valeurs et motifs."""
    month = parse_month(mois)
    with opened() as (registre, _):
        content = export_corrections(registre, adherent, month)
    dossier.mkdir(parents=True, exist_ok=True)
    target = dossier / workbook_name(adherent, month)
    target.write_bytes(content)
    console.print(
        f"{target} : remplissez « Nouvelle valeur » et « Motif », puis « paie corriger classeur ».", markup=False
    )


@app.command("classeur")
@explains_refusals
def classeur(
    adherent: Code,
    fichier: Annotated[Path, typer.Argument(help="Le classeur de correction rempli", exists=True, dir_okay=False)],
    mois: Mois = None,
    par: Par = "",
) -> None:
    """Applique un classeur de correction : toutes ses lignes, ou aucune."""
    month = parse_month(mois)
    with signed(par) as (registre, acte):
        bilan = apply_corrections(registre, adherent, month, fichier.name, fichier.read_bytes(), acte)
    for anomalie in bilan.anomalies:
        console.print(f"• {anomalie}", markup=False)
    if bilan.anomalies:
        raise refuse("Aucune correction de ce classeur n'est appliquée : corrigez-le et recommencez.")
    if bilan.deja:
        console.print("Ce classeur est déjà appliqué : rien ne change.")
        return
    for done in bilan.faites:
        console.print(f"Correction n° {done.numero} : {done.phrase}.", markup=False)
    same = f", {plural(bilan.inchangees, 'ligne')} déjà dans le mois" if bilan.inchangees else ""
    console.print(f"{plural(len(bilan.faites), 'correction')}{same}. Recalculez la paie.")
    _said_recall(adherent, [month for done in bilan.faites for month in done.mois_payes])


@app.command("voir")
@explains_refusals
def voir(adherent: Code, mois: Mois = None) -> None:
    """Montre les corrections du mois, et les absences avec leur numéro."""
    month = parse_month(mois)
    with opened() as (registre, _):
        found = month_corrections(registre, adherent, month)
        absences = month_absences(registre, adherent, month)
    show_table(
        f"Corrections de {month.libelle}",
        ("N°", "Agent", "Correction", "Par", "Raison", "État"),
        [
            (
                str(item.row.id),
                item.matricule,
                item.phrase,
                item.row.par,
                item.row.motif,
                f"annulée par {item.row.annulee_par}" if item.row.annulee_le else "en cours",
            )
            for item in found
        ],
    )
    show_table(
        "Absences du mois",
        ("N°", "Agent", "Nature", "Du", "Au"),
        [(str(a.numero), a.matricule, a.type, f"{a.debut:%d/%m/%Y}", f"{a.fin:%d/%m/%Y}") for a in absences],
    )


@explains_refusals
def rouvrir(
    adherent: Code,
    motif: Annotated[str, typer.Option(help="La raison : elle reste au journal")] = "",
    mois: Mois = None,
    code_unique: CodeUnique = False,
    par: Par = "",
) -> None:
    """Rouvre un mois validé ou clos, avec une trace ; un mois déclaré se corrige par un rappel."""
    month = parse_month(mois)
    with signed(par) as (registre, acte):
        if code_unique:
            show_code(give_code(registre, GesteSigne.ROUVRIR, [adherent], month, acte), acte, [adherent])
            return
        paie = reopen_month(registre, adherent, month, acte, motif=motif)
    console.print(f"{adherent} : {month.libelle} est rouvert, paie {paie.etat}.")


def _element(
    adherent: str,
    matricule: str,
    rubrique: str,
    valeur: str,
    motif: str,
    mois: str | None,
    contrat: str,
    par: str,
    *,
    ajouter: bool,
) -> None:
    month = parse_month(mois)
    try:
        amount = parse_amount(valeur)
    except AmountError:
        raise refuse(f"« {valeur} » n'est pas un montant : écrivez par exemple 12,50.") from None
    with signed(par) as (registre, acte):
        done = correct_element(
            registre, adherent, matricule, month, acte,
            rubrique=rubrique, valeur=amount, motif=motif, contrat=contrat, ajouter=ajouter,
        )  # fmt: skip
    _said(done, adherent)


def _said(done: Corrigee, adherent: str) -> None:
    console.print(f"Correction n° {done.numero} : {done.phrase}. Recalculez la paie.", markup=False)
    _said_recall(adherent, done.mois_payes)


def _said_recall(adherent: str, touched: Sequence[Month]) -> None:
    if touched:
        premier = min(touched)
        console.print(
            f"Des mois déjà payés sont touchés, depuis {premier.libelle} : « paie rappel voir {adherent} --depuis "
            f"{premier} » montre la différence.",
            markup=False,
        )
