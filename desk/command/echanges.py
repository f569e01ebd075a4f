"""Les gestes du mois qui passent par le dépôt : relever ce que les mairies ont déposé, leur rendre leurs documents.

À part des autres : eux seuls chargent de quoi parler SFTP et lire un classeur.
"""

from __future__ import annotations

import typer

from desk.command.console import explains_refusals
from desk.command.gestes import Codes, Mois, for_each
from flows.transport import collect, deliver, drop_connection
from payroll.month.commun import Acte
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.wording import plural


def register(app: typer.Typer) -> None:
    app.command("relever")(relever)
    app.command("restituer")(restituer)


@explains_refusals
def relever(mois: Mois = None, adherent: Codes = None) -> None:
    """Relève les dépôts SFTP, lit les fichiers, dépose les accusés de réception et les documents dus."""
    with drop_connection() as client:
        for_each("Relevé", mois, adherent, lambda registre, code, _, acte: collect(registre, client, code, acte).phrase)


@explains_refusals
def restituer(mois: Mois = None, adherent: Codes = None) -> None:
    """Produit les bulletins et le journal, et dépose tout dans le dossier de retour des adhérents."""
    # Chargé ici : relever se passe de ce qui compose les PDF.
    from payroll.month.restituer import produce_documents

    with drop_connection() as client:

        def gesture(registre: Registre, code: str, month: Month, acte: Acte) -> str:
            reglages = Reglages()
            paiement = reglages.date_paiement(month)
            produce_documents(registre, code, month, acte, date_paiement=paiement, contact=reglages.contact)
            return f"{plural(deliver(registre, client, code, acte), 'document')} déposés"

        for_each("Restitution", mois, adherent, gesture)
