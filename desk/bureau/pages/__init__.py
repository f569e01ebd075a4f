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
    compte,
    comptes,
    connexion,
    corrections,
    droit,
    dsn,
    journal,
    mois,
    reprise,
    revision,
    simulation,
    travaux,
)
from payroll.store.tables_revision import Role


@dataclass(frozen=True, slots=True)
class Entree:
    """Une entrée du menu ; ``roles`` vide : pour tous."""

    libelle: str
    chemin: str
    roles: tuple[str, ...] = ()

    def montree(self, role: str) -> bool:
        """Vrai si ce rôle voit l'entrée."""
        return not self.roles or role in self.roles


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
    droit.routeur,
    journal.routeur,
    simulation.routeur,
    reprise.routeur,
)

NAVIGATION: tuple[Entree, ...] = (
    Entree("Le mois", "/"),
    Entree("Faire avancer", "/mois"),
    Entree("Travaux", "/travaux"),
    Entree("Prendre en charge", "/reprise", (Role.RESPONSABLE,)),
    Entree("Simulation", "/simulation"),
    Entree("Droit", "/droit"),
    Entree("Journal", "/journal"),
    Entree("Comptes", "/comptes", (Role.ADMINISTRATEUR,)),
)
