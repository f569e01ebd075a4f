"""Les pages du bureau, un fichier par sujet : chacun déclare son ``routeur`` ; ``ROUTES`` les assemble.

Une page lit par les services de ``payroll.month``, prépare des faits simples et les confie à un gabarit. Elle ne décide
d'aucun droit (``desk.bureau.demande`` le fait) et ne calcule aucun montant.
"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter

from desk.bureau.pages import (
    accueil,
    adherents,
    arrivee,
    compte,
    comptes,
    conditions,
    connexion,
    corrections,
    droit,
    dsn,
    journal,
    mois,
    mouvements,
    rappels,
    reprise,
    revision,
    simulation,
    travaux,
)
from payroll.month.gestionnaires import Compte
from payroll.store.tables_revision import Role


@dataclass(frozen=True, slots=True)
class Entree:
    """Une entrée du menu ; ``roles`` vide : pour tous. ``paie`` : pour qui regarde des paies."""

    libelle: str
    chemin: str
    roles: tuple[str, ...] = ()
    paie: bool = False

    def montree(self, compte: Compte) -> bool:
        """Vrai si ce compte voit l'entrée."""
        return (not self.roles or compte.role in self.roles) and (compte.sees_pay or not self.paie)


ROUTES: tuple[APIRouter, ...] = (
    connexion.routeur,
    compte.routeur,
    comptes.routeur,
    accueil.routeur,
    adherents.routeur,
    dsn.routeur,
    mois.routeur,
    travaux.routeur,
    revision.routeur,
    corrections.routeur,
    conditions.routeur,
    mouvements.routeur,
    arrivee.routeur,
    rappels.routeur,
    droit.routeur,
    journal.routeur,
    simulation.routeur,
    reprise.routeur,
)

NAVIGATION: tuple[Entree, ...] = (
    Entree("Le mois", "/", paie=True),
    Entree("Faire avancer", "/mois", paie=True),
    Entree("Travaux", "/travaux", paie=True),
    Entree("Prendre en charge", "/reprise", (Role.RESPONSABLE,)),
    Entree("Simulation", "/simulation", paie=True),
    Entree("Droit", "/droit"),
    Entree("Journal", "/journal"),
    Entree("Comptes", "/comptes", (Role.ADMINISTRATEUR,)),
)
