"""Les refus des saisies : nature inconnue, numéro répété, solde ou terme impossible, trop de créanciers."""

from __future__ import annotations

from collections.abc import Iterator

from payroll.anomalies import Anomalie
from payroll.engine.saisies import PLACES, SANS_LIMITE, TYPES
from payroll.engine.situation import Situation

PERSONNES_MAXIMUM = 30


def check_seizures(situation: Situation) -> Iterator[Anomalie]:
    """Les défauts des saisies d'un contrat."""
    if not 0 <= situation.personnes_a_charge <= PERSONNES_MAXIMUM:
        yield _incoherent("le nombre de personnes à charge est impossible", str(situation.personnes_a_charge))
    if len(situation.saisies) > PLACES:
        yield Anomalie(
            "saisies-trop-nombreuses",
            f"plus de {PLACES} retenues de créanciers sont en cours pour ce contrat",
            "Clôturez les saisies soldées ; les créanciers d'une même saisie n'en font qu'une, chez le répartiteur.",
            recu=str(len(situation.saisies)),
            texte="CPCE L. 212-9",
        )
    numeros = [saisie.numero for saisie in situation.saisies]
    if len(set(numeros)) != len(numeros) or any(numero < 1 for numero in numeros):
        yield _incoherent("deux saisies portent le même numéro, ou un numéro nul", ", ".join(map(str, numeros)))
    for saisie in situation.saisies:
        montants = [montant for montant in (saisie.montant_mensuel, saisie.solde) if montant is not None]
        if saisie.type not in TYPES[1:]:
            yield _incoherent(f"la nature de la saisie n° {saisie.numero} n'existe pas", saisie.type)
        elif any(not 0 <= montant <= SANS_LIMITE for montant in montants):
            yield _incoherent(f"le terme ou le solde de la saisie n° {saisie.numero} est impossible", "")
        elif saisie.montant_mensuel is None and saisie.type in ("pension_alimentaire", "cession_remuneration"):
            yield _incoherent(f"la saisie n° {saisie.numero} n'a pas de terme mensuel", saisie.type)


def _incoherent(message: str, recu: str) -> Anomalie:
    return Anomalie(
        "saisie-incoherente",
        message,
        "Reprenez l'acte notifié : nature, date, terme mensuel ou somme restant due.",
        recu=recu,
        texte="C. trav. L. 3252-1 et s. ; CPCE L. 212-1 et L. 213-1",
    )
