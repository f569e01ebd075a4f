"""Les commandes d'étude : comparer deux bulletins, simuler des mois ; elles lisent le registre et n'y écrivent rien."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table
from payroll.documents.simulation import render as render_simulation
from payroll.money import format_amount
from payroll.month.comparer import LIBELLES, TOTAUX_COMPARES, Comparaison, Montants, compare_payslips
from payroll.month.simuler import simulate
from payroll.month.simuler_hypotheses import Hypotheses, read_hypotheses

_MONTRES = ("net_a_payer", "brut", "cout_employeur")


def register(app: typer.Typer) -> None:
    app.command("comparer")(comparer)
    app.command("simuler")(simuler)


@explains_refusals
def comparer(
    adherent: Annotated[str, typer.Argument(help="Code de l'adhérent")],
    matricule: Annotated[str, typer.Argument(help="Matricule de l'agent")],
    mois_a: Annotated[str, typer.Argument(help="Premier mois, AAAA-MM")],
    mois_b: Annotated[str | None, typer.Argument(help="Second mois (défaut : le même, entre deux révisions)")] = None,
    revision: Annotated[
        tuple[int, int] | None, typer.Option(help="Révisions du premier et du second mois (défaut : les courantes)")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Imprimer en JSON, montants en centimes")] = False,
) -> None:
    """Compare deux bulletins d'un agent : ce qui a changé et pourquoi ; les causes font l'écart au centime."""
    if mois_b is None and revision is None:
        raise refuse("donnez un second mois, ou deux révisions du même mois : « --revision 1 2 ».")
    first, second = parse_month(mois_a), parse_month(mois_b or mois_a)
    before, after = revision or (None, None)
    with opened() as (registre, _):
        found = compare_payslips(registre, adherent, matricule, (first, before), (second, after))
    if json_:
        print(json.dumps([_plain(comparaison) for comparaison in found], ensure_ascii=False, indent=2))
        return
    for comparaison in found:
        _show(comparaison, f"{first.libelle}, révision {comparaison.revisions[0]}", second.libelle)


@explains_refusals
def simuler(
    hypotheses: Annotated[Path, typer.Argument(help="Fichier d'hypothèses (docs/simulation.md)")],
    sortie: Annotated[Path, typer.Option("--sortie", "-o", help="Classeur à écrire")] = Path("simulation.xlsx"),
) -> None:
    """Simule des mois avec des hypothèses : le coût par adhérent, par compte, par mois ; le registre n'est que lu."""
    found = read_hypotheses(hypotheses)
    if not isinstance(found, Hypotheses):
        for anomalie in found:
            console.print(f"  • {anomalie}", markup=False)
        raise refuse("le fichier d'hypothèses est à corriger.")
    with opened() as (registre, _):
        facts = simulate(registre, found)
    for text in (*facts.avertissements, *(f"Laissé de côté : {text}" for text in facts.ecartes)):
        console.print(f"  • {text}", markup=False)
    rows = [(code, *_costs(facts.of_adherent(code))) for code in facts.adherents]
    show_table(
        f"{facts.titre} : coût pour l'employeur, {facts.mois[0].libelle} à {facts.mois[-1].libelle}",
        ("Adhérent", "Référence", "Simulation", "Écart"),
        [*rows, ("Total", *_costs(facts.total))],
        right=("Référence", "Simulation", "Écart"),
    )
    sortie.write_bytes(render_simulation(facts))
    console.print(f"Classeur : {sortie}", markup=False)


def _costs(couts: tuple[int, int]) -> tuple[str, str, str]:
    return format_amount(couts[0]), format_amount(couts[1]), _signed(couts[1] - couts[0])


def _plain(found: Comparaison) -> dict[str, object]:
    """Une comparaison en dictionnaires simples ; montants en centimes signés."""
    return {
        "matricule": found.matricule,
        "contrat": found.contrat,
        "revisions": found.revisions,
        "ecarts": {total: found.ecart(total) for total in TOTAUX_COMPARES},
        "causes": [
            {**asdict(effet.cause), "origine": effet.origine, "ecarts": dict(effet.totaux)} for effet in found.effets
        ],
        "lignes": [
            {
                "code": ligne.place[0],
                "periode": ligne.place[1],
                "libelle": ligne.libelle,
                "avant": asdict(ligne.avant) if ligne.avant else None,
                "apres": asdict(ligne.apres) if ligne.apres else None,
                "causes": [
                    {"libelle": cause.libelle, "salarie": salarie, "employeur": employeur}
                    for cause, salarie, employeur in ligne.effets
                ],
            }
            for ligne in found.lignes
        ],
    }


def _show(found: Comparaison, avant: str, apres: str) -> None:
    titre = f"{found.matricule}, contrat {found.contrat} : {avant} → {apres}, révision {found.revisions[1]}"
    totals = [
        (
            LIBELLES[total],
            *(_total(bulletin, total) for bulletin in (found.avant, found.apres)),
            _signed(found.ecart(total)),
        )
        for total in TOTAUX_COMPARES
    ]
    show_table(titre, ("Total", "Avant", "Après", "Écart"), totals, right=("Avant", "Après", "Écart"))
    if not found.effets:
        console.print("Aucun écart.")
        return
    causes = [
        (effet.cause.libelle, *(_signed(effet.totaux[total]) for total in _MONTRES), effet.origine)
        for effet in found.effets
    ]
    causes.append(("Somme", *(_signed(found.ecart(total)) for total in _MONTRES), ""))
    names = [LIBELLES[total] for total in _MONTRES]
    show_table("Causes", ("Cause", *names, "Origine"), causes, right=names)
    lines = [
        (
            ligne.libelle,
            _amount(ligne.avant),
            _amount(ligne.apres),
            "\n".join(f"{cause.libelle} ({_parts(salarie, employeur)})" for cause, salarie, employeur in ligne.effets),
        )
        for ligne in found.lignes
        if ligne.effets
    ]
    show_table("Lignes qui changent", ("Ligne", "Avant", "Après", "Causes"), lines, right=("Avant", "Après"))


def _parts(salarie: int, employeur: int) -> str:
    parts = [("agent", salarie), ("employeur", employeur)]
    return ", ".join(f"{qui} {_signed(ecart)}" for qui, ecart in parts if ecart)


def _total(bulletin: object, total: str) -> str:
    return format_amount(getattr(bulletin, total)) if bulletin else "—"


def _signed(cents: int) -> str:
    return f"+{format_amount(cents)}" if cents > 0 else format_amount(cents) if cents else ""


def _amount(montants: Montants | None) -> str:
    if montants is None:
        return "—"
    employeur = f" / {format_amount(montants.employeur)}" if montants.employeur else ""
    return f"{format_amount(montants.salarie)}{employeur}"
