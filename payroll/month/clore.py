"""Clore le mois : la paie restituée est verrouillée, ses cumuls ouvrent le mois suivant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from payroll.month.commun import Acte, GesteRefuse, find_adherent, record, require_paie
from payroll.month.fiches import produce_year
from payroll.month.situations import announced_exits
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Contrat, EtatPaie, Paie

_DECEMBRE = 12


def close_month(
    registre: Registre,
    code: str,
    mois: Month,
    acte: Acte,
    *,
    date_paiement: Callable[[Month], date] | None = None,
    contact: tuple[str, ...] = (),
) -> Paie:
    """Clôt une paie restituée ; sans effet si elle est close. Lève :class:`GesteRefuse` avant la restitution.

    Clore décembre rend aussi les fiches individuelles de l'année (``date_paiement`` et ``contact`` : pour le sommaire).
    """
    paie = _close(registre, code, mois, acte)
    if mois.month == _DECEMBRE:
        # Après la clôture et à chaque appel : une coupure entre les deux se répare en relançant.
        produce_year(registre, code, mois.year, acte, date_paiement=date_paiement, contact=contact)
    return paie


def _close(registre: Registre, code: str, mois: Month, acte: Acte) -> Paie:
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat == EtatPaie.CLOSE:
            return paie
        if paie.etat != EtatPaie.RESTITUEE:
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat} ; elle se clôt une fois restituée."
            )
        for contrat_id, sortie in announced_exits(session, adherent).items():
            contrat = session.get_one(Contrat, contrat_id)
            # Le départ devient définitif : le mois suivant ne connaît plus ce contrat.
            if sortie.date <= mois.last_day and contrat.date_fin != sortie.date:
                contrat.date_fin, contrat.motif_fin = sortie.date, sortie.motif
                session.add(contrat)
        paie.etat = EtatPaie.CLOSE
        session.add(paie)
        record(session, acte, "clore", code, mois, revision=paie.revision)
        return paie
