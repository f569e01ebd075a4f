"""Rouvrir un mois, avec une raison et une trace : ce qui est déclaré ne se recalcule jamais.

Validée, la paie redevient calculée : son approbation tombe, elle se corrige et s'approuve de nouveau. Close, elle
redevient restituée : ses bulletins restent, sa DSN peut se remplacer. Déclarée ou restituée, elle ne se rouvre pas :
l'erreur se corrige par un rappel dans le mois ouvert, que la DSN déclarera au mois du droit.
"""

from __future__ import annotations

from payroll.month.calculer import cancel_approvals
from payroll.month.commun import Acte, GesteRefuse, find_adherent, record, require_paie
from payroll.month.gestionnaires import require_right
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import EtatPaie, Paie
from payroll.store.tables_revision import Role


def reopen_month(registre: Registre, code: str, mois: Month, acte: Acte, *, motif: str) -> Paie:
    """Rouvre une paie validée ou close. Lève :class:`GesteRefuse` dans les autres états, ou sans raison."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if not motif.strip():
            raise GesteRefuse("Rouvrir un mois demande une raison : elle reste au journal.")
        if paie.etat == EtatPaie.VALIDEE:
            require_right(session, acte, adherent.code)
            cancel_approvals(session, paie, acte, f"mois rouvert : {motif.strip()}")
            after = EtatPaie.CALCULEE
        elif paie.etat == EtatPaie.CLOSE:
            require_right(session, acte, adherent.code, (Role.RESPONSABLE,))
            after = EtatPaie.RESTITUEE
        elif paie.etat in (EtatPaie.DECLAREE, EtatPaie.RESTITUEE):
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat}, elle ne se recalcule plus. Un oubli, un "
                f"trop-perçu se corrigent dans le mois ouvert par un rappel (« paie rappel voir {code} »), un dossier "
                "par « paie agent », la DSN elle-même par « paie declarer --remplacer »."
            )
        else:
            raise GesteRefuse(f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat}, elle est déjà ouverte.")
        detail = {"revision": paie.revision, "de": str(paie.etat), "a": str(after), "motif": motif.strip()}
        paie.etat = after
        session.add(paie)
        record(session, acte, "rouvrir", code, mois, **detail)
        return paie
