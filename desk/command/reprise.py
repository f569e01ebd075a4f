"""La commande ``paie reprendre`` : prendre un adhérent d'après ses DSN mensuelles passées."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from desk.command.console import console, explains_refusals, opened, parse_month, refuse, show_table
from payroll.anomalies import blocking
from payroll.month.reprendre import Reprise, enroll, keep_sheet, take_over
from payroll.wording import plural

Fichiers = Annotated[
    list[Path], typer.Argument(help="DSN mensuelles passées, d'un ou plusieurs mois, de tout logiciel")
]


def register(app: typer.Typer) -> None:
    app.command("reprendre")(reprendre)


@explains_refusals
def reprendre(
    fichiers: Fichiers,
    dossier: Annotated[Path, typer.Option(help="Où écrire la feuille à compléter")] = Path("var/reprise"),
    code: Annotated[str, typer.Option(help="Code de l'adhérent (défaut : d'après son SIRET)")] = "",
    premier_mois: Annotated[
        str | None,
        typer.Option("--premier-mois", help="Premier mois payé ici, AAAA-MM (défaut : après la dernière DSN)"),
    ] = None,
    complement: Annotated[
        Path | None, typer.Option(help="YAML de ce qui est rempli à la main ; il l'emporte sur la DSN")
    ] = None,
    inscrire: Annotated[bool, typer.Option("--inscrire", help="Inscrire s'il ne manque rien d'essentiel")] = False,
    ecraser: Annotated[bool, typer.Option("--ecraser", help="Récrire une feuille déjà complétée")] = False,
    detail: Annotated[bool, typer.Option("--detail", help="Lister ce qui est lu sans servir")] = False,
) -> None:
    """Reprend un adhérent de ses DSN : écrit sa description, et dit ce qu'une DSN ne peut pas dire."""
    month = parse_month(premier_mois) if premier_mois else None
    reprises, anomalies = take_over(fichiers, premier_mois=month, complement=complement, code=code)
    for anomalie in anomalies:
        console.print(f"  • {anomalie}", markup=False, soft_wrap=True)
    for reprise in reprises:
        path = keep_sheet(reprise, dossier, overwrite=ecraser)
        _tell(reprise, path, detail=detail)
        if inscrire:
            with opened() as (registre, acte):
                new = enroll(registre, reprise, path, acte)
            console.print(f"{reprise.code} : {'inscrit' if new else 'déjà inscrit, rien n’est changé'}.")
    if not reprises or blocking(anomalies):
        raise refuse("tout n'a pas pu être repris.")


def _tell(reprise: Reprise, path: Path, *, detail: bool) -> None:
    console.print(
        f"{reprise.siret} : {plural(reprise.agents, 'agent')}, premier mois payé ici {reprise.premier_mois}, "
        f"feuille écrite dans {path}."
    )
    blanks = Counter((item.chemin.rsplit(".", 1)[-1], item.blanc.consigne) for item in reprise.essentiels)
    if blanks:
        show_table(
            "À remplir : ce qu'une DSN ne dit pas",
            ("Donnée", "Combien", "Ce qui est attendu"),
            [(name, str(count), consigne) for (name, consigne), count in blanks.items()],
            right=("Combien",),
        )
    if reprise.ecarts:
        show_table(
            "Codés autrement jusqu'ici : notre première DSN changera ces valeurs",
            ("Rubrique", "Lu", "Écrit ici", "Contrats"),
            [(rubrique, before, after, str(count)) for rubrique, before, after, count in reprise.ecarts],
            right=("Contrats",),
        )
    if reprise.mis_de_cote:
        count = sum(row[2] for row in reprise.mis_de_cote)
        console.print(f"{plural(count, 'valeur')} lues et conformes n'ont pas d'emploi ici (--detail les liste).")
        if detail:
            rows = [(rubrique, label, str(number)) for rubrique, label, number in reprise.mis_de_cote]
            show_table("Mis de côté", ("Rubrique", "Libellé", "Valeurs"), rows, right=("Valeurs",))
