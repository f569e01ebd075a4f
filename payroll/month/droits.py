"""Changer ce qu'un compte peut faire : rôle, portefeuille, mot de passe. Ses sessions ouvertes ne survivent pas.

Un mot de passe remis par un administrateur est provisoire : la personne en choisit un autre avant toute page.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from payroll.month.acces import shut
from payroll.month.commun import Acte, GesteRefuse, find_adherent, record
from payroll.month.gestionnaires import Compte, compte_of, find_account, hash_password, keep_one, verify_password
from payroll.store.registre import Registre
from payroll.store.tables_revision import Role

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Sans i, l, o, 0, 1 : le mot de passe provisoire se dicte."""


def change_rights(
    registre: Registre, identifiant: str, role: str, portefeuille: Sequence[str], acte: Acte, heure: datetime
) -> Compte:
    """Change le rôle et le portefeuille, et ferme les sessions : les droits neufs demandent de se reconnecter.

    Lève :class:`GesteRefuse` : compte fermé, rôle ou adhérent inconnu, son propre compte, dernier de son rôle.
    """
    if role not in set(Role):
        raise GesteRefuse(f"Rôle inconnu : « {role} ». Les rôles : {', '.join(Role)}.")
    if identifiant == acte.par:
        raise GesteRefuse("On ne change pas ses propres droits : demandez à un autre administrateur.")
    with registre.transaction() as session:
        row = find_account(session, identifiant)
        for code in portefeuille:
            find_adherent(session, code)
        wanted = sorted(set(portefeuille))
        if (row.role, list(row.portefeuille)) == (role, wanted):
            return compte_of(row)
        if row.role != role:
            keep_one(session, row)
        row.role, row.portefeuille = role, wanted
        session.add(row)
        shut(session, row, heure, "droits changés")
        record(
            session, acte, "changer-droits", "", None, identifiant=identifiant, role=role, portefeuille=row.portefeuille
        )
        return compte_of(row)


def reset_password(registre: Registre, identifiant: str, acte: Acte, heure: datetime) -> str:
    """Donne un mot de passe provisoire, rendu cette seule fois ; ferme les sessions du compte."""
    fresh = provisional_password()
    secret = hash_password(fresh)
    with registre.transaction() as session:
        row = find_account(session, identifiant)
        row.secret, row.provisoire = secret, True
        session.add(row)
        shut(session, row, heure, "mot de passe remplacé")
        record(session, acte, "remplacer-mot-de-passe", "", None, identifiant=identifiant)
    return fresh


def choose_password(
    registre: Registre, identifiant: str, ancien: str, nouveau: str, acte: Acte, heure: datetime
) -> None:
    """La personne change son mot de passe en donnant l'ancien ; ses sessions se ferment toutes.

    Lève :class:`GesteRefuse` : ancien inexact, nouveau trop court ou semblable.
    """
    secret = hash_password(nouveau)
    with registre.transaction() as session:
        row = find_account(session, identifiant)
        if not verify_password(ancien, row.secret):
            raise GesteRefuse("Le mot de passe actuel n'est pas celui-là.")
        if nouveau in (ancien, identifiant):
            raise GesteRefuse("Choisissez un mot de passe que vous n'avez pas encore et qui n'est pas l'identifiant.")
        row.secret, row.provisoire = secret, False
        session.add(row)
        shut(session, row, heure, "mot de passe changé")
        record(session, acte, "changer-mot-de-passe", "", None, identifiant=identifiant)


def provisional_password() -> str:
    """Seize signes tirés au hasard, en groupes de quatre."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
