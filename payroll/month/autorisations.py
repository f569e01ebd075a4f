"""Le code à usage unique : se nommer là où aucun mot de passe ne doit s'écrire.

Prefect garde ses paramètres en clair. Un gestionnaire s'y nomme donc par un code, donné contre son mot de passe par la
commande ``paie`` : il vaut une fois, une demi-heure, pour un geste, un mois, et le contenu exact des paies qu'il a
sous les yeux. Relu plus tard dans la base de Prefect, il n'ouvre plus rien. Le journal en garde l'empreinte, jamais le
code : il dit qui l'a demandé, pour quoi, et quand il a servi.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from sqlmodel import Session, select

from payroll.month.commun import Acte, GesteRefuse, aware, find_adherent, record, require_paie
from payroll.month.gestionnaires import require_right
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import EtatPaie, Evenement
from payroll.store.tables_revision import Gestionnaire

DUREE = timedelta(minutes=30)
_DONNER, _EMPLOYER = "donner-code", "employer-code"
_OCTETS = 10
"""Quatre-vingts bits : seize signes, que l'on recopie sans peine et que l'on ne devine pas."""


class GesteSigne(StrEnum):
    """Ce qu'un code permet."""

    VALIDER = "valider"
    ROUVRIR = "rouvrir"


_ETATS: Mapping[GesteSigne, tuple[EtatPaie, ...]] = {
    GesteSigne.VALIDER: (EtatPaie.CALCULEE,),
    GesteSigne.ROUVRIR: (EtatPaie.VALIDEE, EtatPaie.CLOSE),
}


@dataclass(frozen=True, slots=True)
class Autorisation:
    """Ce qu'un code reconnu permet : qui agit, et sur quels contenus."""

    par: str
    contenus: Mapping[str, str]
    """Code d'adhérent → empreinte de la paie que la personne avait sous les yeux."""


def give_code(registre: Registre, geste: GesteSigne, codes: Sequence[str], mois: Month, acte: Acte) -> str:
    """Un code neuf pour ces adhérents, au nom de l'auteur de l'acte, dont le mot de passe vient d'être vérifié.

    Lève :class:`GesteRefuse` si une paie n'est pas dans l'état voulu, ou si ce compte n'a pas le droit.
    """
    with registre.transaction() as session:
        contents = {}
        for code in sorted(set(codes)):
            adherent = find_adherent(session, code)
            require_right(session, acte, code)
            paie = require_paie(session, adherent, mois)
            if paie.etat not in _ETATS[geste]:
                raise GesteRefuse(f"{adherent.nom} : la paie de {mois.libelle} est {paie.etat}, rien n'est à {geste}.")
            contents[code] = paie.hash_contenu
        if not contents:
            raise GesteRefuse(f"Aucun adhérent à {geste} en {mois.libelle} : aucun code n'est donné.")
        secret = base64.b32encode(os.urandom(_OCTETS)).decode("ascii")
        record(
            session, acte, _DONNER, "", mois,
            pour=str(geste), empreinte=_digest(secret), contenus=contents,
        )  # fmt: skip
    return "-".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def redeem(registre: Registre, geste: GesteSigne, code: str, mois: Month, acte: Acte) -> Autorisation:
    """Ce que ce code permet à l'auteur de l'acte ; il est aussitôt consommé, quoi qu'il advienne du geste.

    Lève :class:`GesteRefuse` si le code est inconnu, périmé, déjà employé, ou donné pour autre chose.
    """
    digest = _digest(code.replace("-", "").replace(" ", "").upper())
    with registre.transaction() as session:
        # Deux exécutions présentant le même code passent l'une après l'autre : la seconde le trouve employé.
        session.exec(select(Gestionnaire).where(Gestionnaire.identifiant == acte.par).with_for_update()).one_or_none()
        given = _lines(session, _DONNER, digest)
        if not given or given[0].par != acte.par:
            raise GesteRefuse(
                f"Ce code n'est pas celui de « {acte.par} ». Demandez-en un : « paie {geste} --code », sous ce compte."
            )
        line = given[0]
        if line.detail["pour"] != geste or line.mois != str(mois):
            raise GesteRefuse(
                f"Ce code a été donné pour {line.detail['pour']} la paie de {line.mois} : rien n'est fait."
            )
        if _lines(session, _EMPLOYER, digest):
            raise GesteRefuse("Ce code a déjà servi : il ne vaut qu'une fois. Demandez-en un autre.")
        if acte.moment - aware(line.le) > DUREE:
            raise GesteRefuse("Ce code est périmé : il vaut une demi-heure. Demandez-en un autre.")
        record(session, acte, _EMPLOYER, "", mois, pour=str(geste), empreinte=digest)
        return Autorisation(acte.par, dict(line.detail["contenus"]))


def _lines(session: Session, geste: str, digest: str) -> list[Evenement]:
    rows = session.exec(select(Evenement).where(Evenement.geste == geste, Evenement.adherent_code == "")).all()
    return [row for row in rows if row.detail["empreinte"] == digest]


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
