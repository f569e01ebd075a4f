"""Restituer : produire les documents d'une paie déclarée, les inscrire comme dus, ou retirés s'ils ne sont plus vrais.

La suite, une fois déposés ou ôtés, est dans :mod:`payroll.month.dus`.
"""

from __future__ import annotations

from datetime import date

from payroll.documents import sommaire
from payroll.documents.sommaire import Reperes
from payroll.month.commun import (
    Acte,
    GesteRefuse,
    documents_of,
    find_adherent,
    put_documents,
    record,
    require_paie,
    withdraw_document,
)
from payroll.month.dossier import is_produced, month_documents
from payroll.month.lire import read_bulletins
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import EtatPaie


def produce_documents(
    registre: Registre, code: str, mois: Month, acte: Acte, *, date_paiement: date, contact: tuple[str, ...] = ()
) -> int:
    """Produit le dossier de retour d'une paie déclarée ; rend le nombre de documents nouveaux, changés ou retirés.

    ``contact`` : qui appeler, une ligne par mention, pour le sommaire du dossier.
    Lève :class:`GesteRefuse` si la paie n'est pas déclarée.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat not in (EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE):
            raise GesteRefuse(
                f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat} ; elle se restitue une fois déclarée."
            )
        bulletins = read_bulletins(session, paie)
        known = {row.chemin for row in documents_of(session, adherent, mois)}
    # Le rendu est long : il se fait hors transaction, sur un contenu que l'approbation a figé.
    documents = month_documents(adherent, paie, mois, bulletins, date_paiement)
    stale = {name for name in known if is_produced(name, mois)} - {*documents, sommaire.NOM}
    documents[sommaire.NOM] = sommaire.render(
        adherent.nom, mois, known - stale | set(documents), Reperes(date_paiement, contact)
    )
    with registre.transaction() as session:
        changed = put_documents(session, registre, adherent, mois, documents, acte.moment)
        if changed:
            record(session, acte, "produire", code, mois, documents=len(documents), changes=changed)
        withdrawn = sorted(
            row.chemin
            for row in documents_of(session, adherent, mois)
            if row.chemin in stale and withdraw_document(session, row, acte.moment)
        )
        if withdrawn:
            record(session, acte, "retirer", code, mois, documents=withdrawn)
    return changed + len(withdrawn)
