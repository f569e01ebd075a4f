"""La révision au clavier : le classeur de chaque adhérent, les bulletins refusés, l'approbation."""

from __future__ import annotations

from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table, with_progress
from desk.command.identite import CodeUnique, Par, show_code, signed
from payroll.documents.revision import Niveau, RevisionFacts
from payroll.money import format_amount
from payroll.month.autorisations import GesteSigne, give_code
from payroll.month.commun import GesteRefuse, adherent_codes
from payroll.month.refus import lift_refusal, refuse_payslips
from payroll.month.reviser import review_month, write_review
from payroll.month.valider import approve, approve_clean, without_remarks
from payroll.settings import Reglages
from payroll.store.tables import EtatPaie
from payroll.wording import plural

refus_app = typer.Typer(help="Refuser des bulletins à la révision, ou lever un refus.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="ADHERENT", help="Code de l'adhérent")]
Codes = Annotated[list[str] | None, typer.Option("--adherent", "-a", help="Code d'un adhérent (répétable)")]
Mois = Annotated[str | None, typer.Option("--mois", "-m", help="Mois, AAAA-MM (défaut : le mois courant)")]


def register(app: typer.Typer) -> None:
    app.command("reviser")(reviser)
    app.command("valider")(valider)
    app.add_typer(refus_app, name="refus")


@explains_refusals
def reviser(mois: Mois = None, adherent: Codes = None) -> None:
    """Écrit le classeur de révision de chaque paie calculée, et montre ce qui est à regarder."""
    month = parse_month(mois)
    found: list[RevisionFacts] = []
    waiting = 0
    with opened() as (registre, _):
        for code in with_progress("Révision", adherent or adherent_codes(registre)):
            try:
                facts = review_month(registre, code, month)
            except GesteRefuse as error:
                waiting += 1
                console.print(f"[red]{code}[/] : {error.message}")
                continue
            found.append(facts)
            write_review(facts, Reglages().revisions)
    show_table(
        f"Révision de {month.libelle}",
        ("Adhérent", "État", "Contenu", "Bulletins", "Net à payer", "Écart", "Bloquants", "À regarder"),
        [_row(facts) for facts in found],
        right=("Bulletins", "Net à payer", "Écart", "Bloquants", "À regarder"),
    )
    if adherent:
        for facts in found:
            _show_findings(facts)
    if found:
        console.print(f"Classeurs : {Reglages().revisions / str(month)}", markup=False)
    if waiting:
        raise refuse(f"{plural(waiting, 'adhérent')} en attente, les autres sont révisés.")


@explains_refusals
def valider(
    adherent: Codes = None,
    mois: Mois = None,
    commentaire: Annotated[str, typer.Option(help="Exigé si un constat bloque : dit pourquoi on passe outre")] = "",
    empreinte: Annotated[str, typer.Option(help="Le contenu vu à la révision ; un autre est refusé")] = "",
    sans_remarque: Annotated[
        bool, typer.Option("--sans-remarque", help="Approuve d'un geste tous les adhérents où rien n'est à regarder")
    ] = False,
    code_unique: CodeUnique = False,
    par: Par = "",
) -> None:
    """Approuve la paie calculée d'un ou plusieurs adhérents."""
    if not adherent and not sans_remarque:
        raise refuse("Nommez les adhérents (--adherent CODE), ou demandez ceux où rien n'est à voir : --sans-remarque.")
    if empreinte and (sans_remarque or len(adherent or ()) != 1):
        raise refuse("Une empreinte est celle d'un seul adhérent.")
    month = parse_month(mois)
    refused = 0
    with signed(par) as (registre, acte):
        if code_unique:
            wanted = adherent or adherent_codes(registre)
            chosen = without_remarks(registre, wanted, month) if sans_remarque else wanted
            show_code(give_code(registre, GesteSigne.VALIDER, chosen, month, acte), acte, chosen)
            return
        if sans_remarque:
            results = approve_clean(registre, adherent or adherent_codes(registre), month, acte)
            for result in results:
                console.print(f"{result.code} : {result.phrase}", markup=False)
            done = sum(result.approuvee for result in results)
            console.print(f"{plural(done, 'adhérent')} sur {len(results)}.")
            return
        for code in adherent or ():
            try:
                paie = approve(registre, code, month, acte, commentaire=commentaire, empreinte=empreinte)
            except GesteRefuse as error:
                refused += 1
                for anomalie in error.anomalies:
                    console.print(f"  • {anomalie}", markup=False)
                console.print(f"[red]{code}[/] : {error.message}")
                continue
            waits = " ; une seconde personne approuve" if paie.etat == EtatPaie.CALCULEE else ""
            console.print(f"{code} : paie {paie.etat}, contenu {paie.hash_contenu[:12]}{waits}")
    if refused:
        raise refuse(f"{plural(refused, 'adhérent')} en attente, les autres sont faits.")


@refus_app.command("inscrire")
@explains_refusals
def inscrire(
    adherent: Code,
    matricules: Annotated[list[str], typer.Argument(help="Matricules dont le bulletin est refusé")],
    motif: Annotated[str, typer.Option(help="La raison, la même pour ces agents")],
    mois: Mois = None,
    par: Par = "",
) -> None:
    """Refuse des bulletins : la paie attend qu'ils changent, ou que le refus soit levé."""
    month = parse_month(mois)
    with signed(par) as (registre, acte):
        count = refuse_payslips(registre, adherent, month, acte, dict.fromkeys(matricules, motif))
    console.print(f"{adherent} : {plural(count, 'bulletin')} de {month.libelle} refusé{'s' if count > 1 else ''}.")


@refus_app.command("lever")
@explains_refusals
def lever(
    adherent: Code,
    matricule: Annotated[str, typer.Argument(help="Matricule de l'agent")],
    motif: Annotated[str, typer.Option(help="Ce qui a été vérifié, et par qui")],
    mois: Mois = None,
    par: Par = "",
) -> None:
    """Admet tel quel un bulletin refusé."""
    with signed(par) as (registre, acte):
        lift_refusal(registre, adherent, parse_month(mois), acte, matricule, motif)
    console.print(f"{adherent} : le bulletin de {matricule} est admis.")


def _row(facts: RevisionFacts) -> tuple[str, ...]:
    paid = [agent for agent in facts.agents if agent.apres is not None]
    net = sum((agent.apres or {}).get("net_a_payer", 0) for agent in paid)
    gap = sum(agent.ecart("net_a_payer") for agent in facts.agents)
    return (
        facts.code,
        facts.etat,
        facts.empreinte[:12],
        str(len(paid)),
        format_amount(net),
        f"{'+' if gap > 0 else ''}{format_amount(gap)}" if facts.precedent else "",
        str(len(facts.of(Niveau.BLOQUANT)) or ""),
        str(len(facts.of(Niveau.A_REGARDER)) or ""),
    )


def _show_findings(facts: RevisionFacts) -> None:
    show_table(
        f"{facts.code} : ce qui est à voir",
        ("Niveau", "Agent", "Contrôle", "Constat"),
        [(constat.niveau, constat.matricule, constat.libelle, constat.message) for constat in facts.constats],
    )
