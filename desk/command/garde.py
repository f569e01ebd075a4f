"""La garde du registre au clavier : sauvegarder, restaurer, vérifier le journal, changer la clé."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import acte_of_console, console, explains_refusals, opened, show_table
from payroll.month.cles import rotate
from payroll.month.conserver import erase, overdue
from payroll.month.sauvegarder import backup, restore
from payroll.settings import Reglages
from payroll.store import audit
from payroll.wording import plural

audit_app = typer.Typer(help="Le journal des gestes.", no_args_is_help=True)
cles_app = typer.Typer(help="La clé qui chiffre NIR, IBAN et pièces.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.command("sauvegarder")(sauvegarder)
    app.command("restaurer")(restaurer)
    app.command("conservation")(conservation)
    app.add_typer(audit_app, name="audit")
    app.add_typer(cles_app, name="cles")


@explains_refusals
def sauvegarder(dossier: Annotated[Path, typer.Argument(help="Un dossier neuf")]) -> None:
    """Copie la base et les pièces, même en service ; la copie reste chiffrée, gardez la clé ailleurs."""
    with opened() as (registre, acte):
        done = backup(registre, dossier, acte)
    console.print(f"Sauvegardé dans {done.dossier} : {plural(done.pieces, 'pièce')}, {plural(done.lignes, 'ligne')}.")


@explains_refusals
def restaurer(source: Annotated[Path, typer.Argument(help="Le dossier d'une sauvegarde")]) -> None:
    """Restaure dans l'installation des réglages, qui doit être vide, et relit tout."""
    reglages = Reglages()
    done = restore(source, reglages.adresse_de_la_base, reglages.pieces, reglages.cles)
    console.print(f"Restauré et relu : {plural(done.pieces, 'pièce')}, {plural(done.lignes, 'ligne')}.")


@explains_refusals
def conservation(
    effacer: Annotated[str | None, typer.Option(help="Une sorte à effacer (colonne Sorte)")] = None,
) -> None:
    """Montre ce qui a passé son délai de conservation ; avec --effacer, l'efface et l'inscrit au journal."""
    with opened() as (registre, acte):
        if effacer:
            count = erase(registre, effacer, acte)
            console.print(f"{effacer} : {plural(count, 'ligne')} effacée{'s' if count > 1 else ''}.")
        rows = overdue(registre, acte.moment.date())
    show_table(
        "Durées de conservation",
        ("Sorte", "Ce que c'est", "Durée", "S'efface avant", "Lignes", "Texte"),
        [
            (item.code, item.libelle, f"{item.mois} mois", row.limite.libelle, str(row.lignes), item.texte)
            for row in rows
            for item in (row.delai,)
        ],
        right=("Lignes",),
    )


@audit_app.command("verifier")
@explains_refusals
def verifier() -> None:
    """Relit le journal chaîné : toute ligne changée, ôtée ou glissée se voit. Sort avec 1 s'il ne se tient pas."""
    with opened() as (registre, _), registre.transaction() as session:
        heads, breaks = audit.verify(session)
    show_table(
        "Têtes du journal, à noter hors de la machine",
        ("Adhérent", "Lignes", "Empreinte"),
        [(head.adherent or "(agence)", str(head.lignes), head.empreinte[:16]) for head in heads],
        right=("Lignes",),
    )
    for item in breaks:
        console.print(f"  • {item.adherent or '(agence)'}, ligne {item.numero} : {item.quoi}", markup=False)
    if breaks:
        raise typer.Exit(1)
    console.print("Le journal se tient.")


@cles_app.command("changer")
@explains_refusals
def changer() -> None:
    """Met une clé neuve, rechiffre tout, oublie l'ancienne. Sauvegardez ensuite le fichier de clés."""
    reglages = Reglages()
    done = rotate(reglages.adresse_de_la_base, reglages.pieces, reglages.cles, acte_of_console(reglages))
    console.print(f"Clé {done.cle} : {plural(done.valeurs, 'valeur')} et {plural(done.pieces, 'pièce')} rechiffrées.")
