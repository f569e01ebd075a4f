"""Le sort des primes en absence, tel que l'adhérent l'a délibéré, borné à ce que garde l'État (CGFP L. 714-4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from payroll.anomalies import Anomalie, Gravite
from payroll.engine.limits import Limits
from payroll.engine.situation import Employeur, SortDesPrimes
from payroll.legislation.conges import Effet, Motif, load_conges
from payroll.money import PPM, format_percent, parse_percent
from payroll.periods import Month

NON_MAINTENU, SUIT, COMME_ETAT = "non_maintenu", "suit_le_traitement", "comme_etat"
CLAUSES = (NON_MAINTENU, SUIT, COMME_ETAT)

COMME_LE_TRAITEMENT, COMME_L_ETAT = -1, -2
"""Les deux clauses qui renvoient à une autre part, dans les colonnes ``clause_primes_…``."""


def motifs_of(nature: str) -> tuple[Motif, ...]:
    """Les motifs d'une nature dont une délibération peut garder les primes, dans l'ordre des paliers."""
    conges = load_conges()
    codes = dict.fromkeys(palier.motif for regle in conges.natures[nature].regles for palier in regle.paliers)
    motifs = (conges.motifs[code] for code in codes)
    return tuple(motif for motif in motifs if any(e.primes in ("deliberation", "quotite") for e in motif.effets))


def _nature_of() -> dict[str, tuple[str, int]]:
    return {
        motif.code: (nature, rang) for nature in load_conges().natures for rang, motif in enumerate(motifs_of(nature))
    }


NATURE_DU_MOTIF = _nature_of()
"""Motif délibéré → sa nature et le rang de son palier (0 : plein traitement, 1 : demi)."""


def clause_of(employeur: Employeur, nature: str) -> str:
    """La clause de l'adhérent pour une nature ; en maladie ordinaire, à défaut, celle de ``primes_en_maladie``."""
    suit = employeur.primes_en_maladie is SortDesPrimes.SUIT_LE_TRAITEMENT
    defaut = COMME_ETAT if nature == "tpt" else SUIT if nature == "cmo" and suit else NON_MAINTENU
    return employeur.primes_en_absence.get(nature, defaut)


def kept(clause: str, rang: int) -> int:
    """La part des primes que garde une clause, en millionièmes, ou le renvoi à une autre part."""
    if clause in CLAUSES:
        return {NON_MAINTENU: 0, SUIT: COMME_LE_TRAITEMENT, COMME_ETAT: COMME_L_ETAT}[clause]
    parts = clause.split("/")
    return parse_percent(parts[min(rang, len(parts) - 1)])


def check_clauses(mois: Month, employeur: Employeur, natures: Collection[str], limits: Limits) -> Iterator[Anomalie]:
    """Les clauses illisibles, sans objet, ou plus favorables que celles de l'État (CGFP L. 714-4).

    Elles refusent le bulletin d'un agent absent pour cette nature (``natures`` : celles de ses absences du mois), et
    préviennent pour ses autres absences ; qui n'est pas absent n'est pas concerné.
    """
    for nature, clause in employeur.primes_en_absence.items() if natures else ():
        gravite = Gravite.BLOQUANT if nature in natures else Gravite.AVERTISSEMENT
        for anomalie in _check_nature(mois, nature, clause, limits):
            yield replace(anomalie, gravite=gravite)


def _check_nature(mois: Month, nature: str, clause: str, limits: Limits) -> Iterator[Anomalie]:
    motifs = motifs_of(nature) if nature in load_conges().natures else ()
    if not motifs:
        yield Anomalie(
            "clause-de-primes-sans-objet",
            f"la délibération ne peut rien dire des primes pendant « {nature} » : la loi en décide",
            "Retirez cette clause de la fiche de l'adhérent.",
            recu=nature,
            attendu=", ".join(dict.fromkeys(nature for nature, _ in NATURE_DU_MOTIF.values())),
            texte="CGFP L. 714-4 et L. 714-6",
        )
    for rang, motif in enumerate(motifs):
        effet = motif.on(mois.first_day)
        if effet is not None:
            yield from _check_clause(nature, clause, rang, motif, effet, limits)


def share(part: str, limits: Limits) -> int:
    """Une part des tables, en millionièmes : un pour cent, ou un chiffre de la législation."""
    return int(part) * 10_000 if part.isdigit() else limits.figures.rate(part)


def _check_clause(
    nature: str, clause: str, rang: int, motif: Motif, effet: Effet, limits: Limits
) -> Iterator[Anomalie]:
    try:
        part = kept(clause, rang)
    except ValueError:
        part = PPM + 1
    if not COMME_L_ETAT <= part <= PPM or clause.count("/") > 1:
        yield Anomalie(
            "clause-de-primes-illisible",
            "le sort des primes de cette absence ne se lit pas",
            "Écrivez non_maintenu, suit_le_traitement, comme_etat, ou un pour cent : « 33 » ou « 33/60 ».",
            recu=f"{nature} : {clause}",
            texte="CGFP L. 714-4",
        )
        return
    if effet.primes == "quotite":
        if part not in (COMME_L_ETAT, 0):
            yield _too_kind(nature, clause, motif, effet, "le prorata du temps travaillé : écrivez comme_etat")
        return
    etat = share(effet.etat, limits)
    garde = {COMME_LE_TRAITEMENT: share(effet.parts["traitement"], limits), COMME_L_ETAT: etat}.get(part, part)
    if garde > etat:
        yield _too_kind(nature, clause, motif, effet, f"au plus {format_percent(etat)}")


def _too_kind(nature: str, clause: str, motif: Motif, effet: Effet, attendu: str) -> Anomalie:
    return Anomalie(
        "clause-de-primes-trop-favorable",
        f"pendant « {motif.libelle} », la délibération garde plus de primes que l'État à ses agents",
        "Ramenez la clause à ce que garde l'État, et faites revoir la délibération.",
        recu=f"{nature} : {clause}",
        attendu=attendu,
        texte=f"CGFP L. 714-4 ; {effet.texte}",
    )
