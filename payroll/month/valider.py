"""Valider une paie calculée : une personne approuve un contenu précis, connu par son empreinte."""

from __future__ import annotations

from payroll.anomalies import blocking
from payroll.month.calculer import require_current
from payroll.month.commun import Acte, GesteRefuse, anomalies_from_json, find_adherent, key, record, require_paie
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Approbation, EtatPaie, Paie

_DEJA_VALIDEE = (EtatPaie.VALIDEE, EtatPaie.DECLAREE, EtatPaie.RESTITUEE, EtatPaie.CLOSE)


def approve(registre: Registre, code: str, mois: Month, acte: Acte, *, commentaire: str = "") -> Paie:
    """Approuve la révision courante ; sans effet si elle l'est déjà.

    Lève :class:`GesteRefuse` si rien n'est calculé, si les données ont changé depuis le calcul, ou si des agents n'ont
    pas de bulletin et qu'aucun commentaire ne dit pourquoi on passe outre.
    """
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paie = require_paie(session, adherent, mois)
        if paie.etat in _DEJA_VALIDEE:
            return paie
        if paie.etat != EtatPaie.CALCULEE:
            raise GesteRefuse(f"{adherent.nom} : la paie de {mois.libelle} n'est pas calculée, rien n'est à valider.")
        require_current(session, adherent, paie)
        refused = blocking(anomalies_from_json(paie.anomalies))
        if refused and not commentaire.strip():
            agents = ", ".join(sorted({anomalie.matricule for anomalie in refused if anomalie.matricule}))
            raise GesteRefuse(
                f"{adherent.nom} : des agents n'ont pas de bulletin ({agents}). Corrigez, ou validez avec un "
                "commentaire qui dit comment ils seront payés.",
                tuple(refused),
            )
        session.add(
            Approbation(
                paie_id=key(paie.id),
                par=acte.par,
                le=acte.moment,
                hash_contenu=paie.hash_contenu,
                commentaire=commentaire.strip(),
            )
        )
        paie.etat = EtatPaie.VALIDEE
        session.add(paie)
        record(session, acte, "valider", code, mois, revision=paie.revision, empreinte=paie.hash_contenu[:12])
        return paie
