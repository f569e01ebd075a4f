"""Ce que Prefect montre d'un mois : l'état, les totaux, les retards. Des codes d'adhérents, jamais un nom.

Des textes, sans Prefect ni registre : ``travail`` les publie.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from payroll.money import format_amount
from payroll.month.avancement import AVANT_LA_DSN, Avancement, Etape, count_stages
from payroll.month.echeances import Echeance, Nature, day_in_words, in_words
from payroll.periods import Month
from payroll.wording import plural

Echeances = Mapping[Nature, Echeance]
_ORDRE = list(Etape)
_TOTAUX = ("brut", "net_a_payer", "cout_employeur")
_APPROUVES = (Etape.APPROUVE, Etape.DECLARE, Etape.RESTITUE, Etape.CLOS)


def state_text(mois: Month, rows: Sequence[Avancement], echeances: Echeances, today: date) -> str:
    """L'état du mois : combien d'adhérents à chaque étape, les échéances et ce qui reste, puis chaque adhérent."""
    counts = count_stages(rows)
    lines = [
        f"# Paie de {mois.libelle}",
        "",
        f"Au {day_in_words(today)}, {plural(len(rows), 'adhérent')}.",
        "",
        *_table(("étape", "adhérents"), [(etape, str(count)) for etape, count in counts.items()], right=(1,)),
        "",
        "## Échéances",
        "",
        *_table(
            ("échéance", "reste", "pas prêts", "pour l'agence", "selon la loi"),
            [_deadline(echeance, rows, today) for echeance in echeances.values()],
            right=(2,),
        ),
        "",
        "## Adhérents",
        "",
        *_table(
            ("adhérent", "étape", "DSN", "à voir"),
            [(row.code, row.etape, _dsn(row.dsn), row.detail) for row in _by_stage(rows)],
        ),
    ]
    return "\n".join([*lines, ""])


def totals_text(mois: Month, rows: Sequence[Avancement]) -> str:
    """Les totaux par adhérent dont la paie est calculée, et leur somme."""
    paid = [row for row in rows if row.bulletins]
    lines = [
        f"# Totaux de {mois.libelle}",
        "",
        f"{plural(len(paid), 'adhérent calculé', 'adhérents calculés')} sur {len(rows)}.",
        "",
        *_table(
            ("adhérent", "étape", "bulletins", "brut", "net à payer", "coût employeur"),
            [
                *((row.code, str(row.etape), *_sums([row])) for row in sorted(paid, key=lambda row: row.code)),
                ("**ensemble**", "", *_sums(paid)),
            ],
            right=(2, 3, 4, 5),
        ),
    ]
    return "\n".join([*lines, ""])


def late_text(echeance: Echeance, rows: Sequence[Avancement], sent: Sequence[str]) -> str:
    """Ce qui manque pour une échéance : à qui un rappel est parti, et qui attend un geste de l'agence."""
    waiting = not_ready(echeance.nature, rows)
    lines = [
        f"# Rappel : {echeance.nature}, paie de {echeance.mois.libelle}",
        "",
        f"À faire avant le **{in_words(echeance.interne)}**"
        + (f" (la loi admet jusqu'au {in_words(echeance.legale)})." if echeance.legale else "."),
        "",
        f"{plural(len(waiting), 'adhérent')} en retard, "
        f"{plural(len(sent), 'rappel déposé', 'rappels déposés')} ce jour dans « retour ».",
        "",
    ]
    table = _table(
        ("adhérent", "étape", "à voir", "rappel"),
        [(row.code, row.etape, row.detail, "déposé" if row.code in sent else "") for row in _by_stage(waiting)],
    )
    return "\n".join([*lines, *(table if waiting else ["Rien ne manque."]), ""])


def not_ready(nature: Nature, rows: Sequence[Avancement]) -> list[Avancement]:
    """Les adhérents qui n'ont pas encore ce que cette échéance attend."""
    if nature is Nature.DEPOT:
        return [row for row in rows if row.attendu or row.etape is Etape.A_OUVRIR]
    if nature is Nature.VERSEMENT:
        return [row for row in rows if row.etape not in _APPROUVES]
    return [row for row in rows if row.dsn is nature and row.etape in AVANT_LA_DSN]


def _deadline(echeance: Echeance, rows: Sequence[Avancement], today: date) -> tuple[str, ...]:
    return (
        echeance.nature,
        _left(echeance.days_left(today)),
        str(len(not_ready(echeance.nature, rows))),
        in_words(echeance.interne),
        _legal(echeance.legale),
    )


def _legal(moment: datetime | None) -> str:
    return in_words(moment) if moment else "fixée par l'agence"


def _left(days: int) -> str:
    if days > 0:
        return plural(days, "jour")
    return "aujourd'hui" if days == 0 else f"passée depuis {plural(-days, 'jour')}"


def _dsn(nature: Nature) -> str:
    return "le 5" if nature is Nature.DSN_5 else "le 15"


def _by_stage(rows: Sequence[Avancement]) -> list[Avancement]:
    return sorted(rows, key=lambda row: (_ORDRE.index(row.etape), row.code))


def _sums(rows: Sequence[Avancement]) -> tuple[str, ...]:
    return (
        str(sum(row.bulletins for row in rows)),
        *(
            format_amount(sum(getattr(row, total) for row in rows))
            for total in ("brut", "net_a_payer", "cout_employeur")
        ),
    )


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> list[str]:
    rule = ["---:" if rank in right else "---" for rank in range(len(titles))]
    return [f"| {' | '.join(cells)} |" for cells in (titles, rule, *rows)]
