"""Lire une case saisie : l'agent, un nombre, un jour, un choix. La valeur sûre, ou rien et un constat situé."""

from __future__ import annotations

import re
from datetime import date

from payroll.anomalies import Gravite
from payroll.intake import layout, values
from payroll.intake.constats import CORRIGER, Constats, Lieu
from payroll.intake.grid import Case
from payroll.intake.roster import Roster, RosterAgent
from payroll.intake.tables import Ligne
from payroll.periods import Month

_MATRICULE = re.compile(r"(?=.*\d)[A-Za-z0-9/_.-]{1,12}")
"""Ce qui ressemble à un matricule peut être répété ; tout autre texte pourrait être un nom."""

_SEPARATOR = re.compile(r"\s+[–—-]\s+")
"""Entre le matricule et le nom d'une entrée de liste ; une espace peut y être insécable."""


class Saisie:
    """Les cases d'un fichier, lues une à une contre ce que l'on sait de l'adhérent."""

    def __init__(self, roster: Roster, fichier: str) -> None:
        self.roster = roster
        self.constats = Constats(fichier, [part for agent in roster.agents for part in (agent.nom, agent.prenom)])
        self._agents = {roster.cle(agent).casefold(): agent for agent in roster.agents}

    def agent(self, ligne: Ligne) -> RosterAgent | None:
        """L'agent que désigne cette ligne (« 0012 » ou « 0012 – MARTIN Léa »)."""
        case, lieu = ligne.get("agent"), ligne.lieu("agent")
        if case is None:
            self.constats.add(
                "agent-manquant",
                "cette ligne ne dit pas de quel agent il s'agit.",
                lieu,
                attendu="un matricule de votre liste d'agents",
            )
            return None
        if self._formula(case, lieu):
            return None
        key = _SEPARATOR.split(case.texte.strip(), maxsplit=1)[0]
        found = self._agents.get(key.casefold()) or self._named(case.texte)
        if found is None:
            found = self._unknown_agent(key, lieu)
        return found

    def _named(self, text: str) -> RosterAgent | None:
        """L'agent écrit par son nom et son prénom, dans un sens ou l'autre, s'il est seul à les porter."""
        wanted = layout.fold(text)
        found = [
            agent
            for agent in self.roster.agents
            if wanted and wanted in (layout.fold(agent.nom + agent.prenom), layout.fold(agent.prenom + agent.nom))
        ]
        return found[0] if len(found) == 1 else None

    def _unknown_agent(self, key: str, lieu: Lieu) -> RosterAgent | None:
        """Rien et un constat ; ou l'agent, et un avertissement, si un tableur n'a qu'ôté les zéros de tête."""
        shown = key if _MATRICULE.fullmatch(key) else ""
        lieu = Lieu(lieu.feuille, lieu.cellule, shown)
        cles = [self.roster.cle(agent) for agent in self.roster.agents]
        several = sorted(cle for cle in cles if cle.casefold().startswith(f"{key.casefold()}/"))
        if several:
            self.constats.add(
                "contrat-ambigu",
                "cet agent a plusieurs contrats : dites lequel.",
                lieu,
                recu=shown,
                attendu=" ou ".join(several),
            )
            return None
        near = [cle for cle in cles if key.isdecimal() and cle.lstrip("0") == key.lstrip("0")]
        if len(near) == 1:
            self.constats.add(
                "zeros-retablis",
                "ce matricule a perdu ses zéros de tête : nous les avons rétablis.",
                Lieu(lieu.feuille, lieu.cellule, near[0]),
                recu=shown,
                attendu=near[0],
                remede="Vérifiez dans cet accusé que c'est le bon agent.",
                gravite=Gravite.AVERTISSEMENT,
            )
            return self._agents[near[0].casefold()]
        self.constats.add(
            "agent-inconnu",
            "ce matricule n'est celui d'aucun de vos agents ce mois-ci.",
            lieu,
            recu=shown,
            attendu="un matricule de votre liste d'agents",
            remede="Vérifiez le matricule. Pour un nouvel agent, remplissez « Entrées et sorties ».",
        )
        return None

    def check_name(self, agent: RosterAgent, ligne: Ligne) -> None:
        """Prévient si le nom écrit n'est plus celui du matricule : une ligne a pu être décalée."""
        for field, known in (("nom", agent.nom), ("prenom", agent.prenom)):
            written = ligne.texte(field)
            if written and layout.fold(written) != layout.fold(known):
                self.constats.add(
                    "nom-different",
                    "le nom écrit n'est pas celui que nous connaissons pour ce matricule.",
                    ligne.lieu(field, agent.matricule),
                    remede="Ligne décalée : corrigez-la. Changement de nom : dites-le à votre gestionnaire.",
                    gravite=Gravite.AVERTISSEMENT,
                )
                return

    def number(self, case: Case, lieu: Lieu, *, heures: bool = False) -> int | None:
        """Un nombre positif ou nul, en centièmes, ou rien et un constat ; ``heures`` : « 7h30 » se lit."""
        if self._formula(case, lieu):
            return None
        try:
            found = values.number(case, heures=heures)
        except values.UnreadableError as why:
            many = why.code == "trop-de-decimales"
            self._unreadable(why, f"ce nombre {'a plus de deux décimales' if many else 'ne se lit pas'}.", case, lieu)
            return None
        if found < 0:
            self.constats.add(
                "nombre-negatif",
                "un nombre négatif ne se saisit pas ici.",
                lieu,
                recu=case.texte,
                attendu="un nombre positif, ou rien",
                remede="Pour retenir ou reprendre une somme, appelez votre gestionnaire.",
            )
            return None
        return found

    def day(self, case: Case | None, what: str, lieu: Lieu) -> date | None:
        """Un jour, ou rien et un constat ; ``what`` le nomme : « le premier jour »."""
        if case is None:
            self.constats.add("date-manquante", f"{what} manque.", lieu, attendu="une date, écrite jj/mm/aaaa")
            return None
        if self._formula(case, lieu):
            return None
        try:
            return values.day(case, self.roster.mois)
        except values.UnreadableError as why:
            self._unreadable(why, f"{what} ne se lit pas.", case, lieu)
            return None

    def month(self, case: Case, what: str, lieu: Lieu) -> Month | None:
        """Un mois, ou rien et un constat."""
        if self._formula(case, lieu):
            return None
        try:
            return values.month(case)
        except values.UnreadableError as why:
            self._unreadable(why, f"{what} ne se lit pas.", case, lieu)
            return None

    def yes(self, case: Case | None, what: str, lieu: Lieu) -> bool:
        """Vrai pour « oui » ; ce qui n'est ni oui, ni non, ni vide est un constat."""
        if case is None:
            return False
        try:
            return values.yes(case)
        except values.UnreadableError as why:
            self._unreadable(why, f"la réponse à « {what} » ne se lit pas.", case, lieu)
            return False

    def choice(self, case: Case | None, choices: tuple[layout.Choix, ...], what: str, lieu: Lieu) -> str | None:
        """Le code choisi dans une liste, ou rien et un constat ; ``what`` la nomme : « la nature de l'absence »."""
        if case is None:
            self.constats.add("choix-manquant", f"{what} manque.", lieu, attendu="un choix de la liste")
            return None
        if self._formula(case, lieu):
            return None
        code = layout.choose(choices, case.texte)
        if code is None:
            self.constats.add(
                "choix-inconnu",
                f"{what} n'est pas dans la liste.",
                lieu,
                recu=case.texte,
                attendu="un choix de la liste",
            )
        return code

    def _unreadable(self, why: values.UnreadableError, message: str, case: Case, lieu: Lieu) -> None:
        self.constats.add(why.code, message, lieu, recu=case.texte, attendu=str(why), remede=why.remede or CORRIGER)

    def _formula(self, case: Case, lieu: Lieu) -> bool:
        if case.formule:
            self.constats.add(
                "formule",
                "cette case contient une formule : nous ne calculons pas les formules reçues.",
                lieu,
                attendu="la valeur elle-même",
                remede="Tapez la valeur à la place de la formule.",
            )
        return case.formule
