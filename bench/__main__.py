"""``python -m bench [--quick]`` : mesure, imprime un tableau, écrit ``var/bench.json``."""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.depot import SESSIONS, drop_all
from bench.dsn import Matiere, memory, rates
from bench.matiere import ACTE, MOIS, installation
from dsn.check_file import check_file
from payroll import engine
from payroll.documents import payslip
from payroll.month.declarer import declare_month
from payroll.month.restituer import pending_documents


def main() -> None:
    quick = _arguments().quick
    folder, place = installation()
    with folder:
        lot = place.lot()
        rows = [
            _engine(lot.of(count), count, aim)
            for count, aim in ([(2_000, 0.05)] if quick else [(12_000, 0.3), (24_000, 0.6)])
        ]
        rows.append(_payslips(place.payslips(), 20 if quick else 92))
        rows.extend(_dsn(place, quick=quick))
        place.registre.close()
    rows.extend(_drops(60 if quick else 600))
    _tell(rows)


def _engine(lot: Any, count: int, aim: float) -> dict[str, Any]:
    best = _best(lambda: engine.compute(MOIS, lot.employeurs, lot.situations), 3)
    refused = sum(bulletin is None for bulletin in engine.compute(MOIS, lot.employeurs, lot.situations).bulletins)
    note = f"{refused} refus"
    return _row(f"calcul de {count} bulletins", aim, best, "s", note)


def _payslips(facts: list[Any], count: int) -> dict[str, Any]:
    samples = [_once(lambda fact=fact: payslip.render(fact)) for fact in facts[:count]]
    return _row(
        "rendu d'un bulletin PDF/A", 18, statistics.median(samples) * 1000, "ms", f"médiane de {count} bulletins"
    )


def _dsn(place: Any, *, quick: bool) -> list[dict[str, Any]]:
    start = time.perf_counter()
    for code in place.codes:
        declare_month(place.registre, code, MOIS, ACTE, place.declarant)
    seconds = time.perf_counter() - start
    contents = [
        place.registre.pieces.get(document.sha256)
        for code in place.codes
        for document in pending_documents(place.registre, code)
        if document.chemin.endswith(".dsn")
    ]
    matter = Matiere(max(contents, key=len))
    content = b"".join(matter.message(1, 150 if quick else 1_500))
    lines, found = content.count(b"\n"), len(check_file(content))
    measured = rates(content, 3 if quick else 5)
    peak, size = memory(matter, 20 if quick else 200)
    note = f"{lines} rubriques, {found} anomalies"
    return [
        _row(
            "DSN produite, contrôlée, gardée", 0.5, seconds / len(place.codes), "s/adhérent", "92 contrats, 7 adhérents"
        ),
        _row("lecture d'une DSN, seule", 1_000_000, measured["lecture"], "rubriques/s", note),
        _row("écriture d'une DSN, seule", 1_000_000, measured["écriture"], "rubriques/s", note),
        _row("contrôle d'une DSN, seul", 250_000, measured["contrôle"], "rubriques/s", note),
        _row("lecture et contrôle d'une DSN", 200_000, measured["lecture et contrôle"], "rubriques/s", note),
        _row("mémoire du contrôle d'un envoi", 64, peak, "Mio", f"fichier de {size:.0f} Mo"),
    ]


def _drops(count: int) -> list[dict[str, Any]]:
    load = drop_all(count)
    note = f"{load.pris} pris, {load.repondus} accusés, {SESSIONS} sessions à la fois"
    return [
        _row(f"{count} mois ouverts et rendus", 0.3, load.ouverture / count, "s/adhérent", ""),
        _row(f"{count} mairies déposent", 60, load.depot, "s", note),
        _row(f"relève de {count} dépôts", 60, load.releve, "s", "lire, contrôler, répondre, une connexion"),
    ]


def _row(name: str, aim: float, measured: float, unit: str, note: str) -> dict[str, Any]:
    faster_is_more = unit.endswith("/s")
    ok = measured >= aim if faster_is_more else measured <= aim
    return {"name": name, "aim": aim, "measured": round(measured, 4), "unit": unit, "ok": ok, "note": note}


def _best(work: Callable[[], object], times: int) -> float:
    return min(_once(work) for _ in range(times))


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _tell(rows: list[dict[str, Any]]) -> None:
    table = Table(title="Mesures", title_justify="left")
    for column in ("Mesure", "Visé", "Mesuré", "Unité", "Tenu", "Note"):
        table.add_column(column)
    for row in rows:
        table.add_row(
            row["name"], f"{row['aim']}", f"{row['measured']}", row["unit"], "oui" if row["ok"] else "non", row["note"]
        )
    Console().print(table)
    target = Path("var/bench.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description="Mesure le calcul, le rendu et la DSN.")
    parser.add_argument("--quick", action="store_true", help="une mesure courte")
    return parser.parse_args()


if __name__ == "__main__":
    main()
