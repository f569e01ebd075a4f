"""Lire un classeur de correction rempli : des demandes situées, ou toutes les anomalies."""

from __future__ import annotations

import re
from collections.abc import Mapping

from payroll.anomalies import Anomalie, blocking
from payroll.intake import layout, values
from payroll.intake.constats import Lieu
from payroll.intake.correction import forme
from payroll.intake.correction.forme import Demande, EtatDuMois, Sorte
from payroll.intake.grid import Classeur, Feuille, OversizedError, read_xlsx
from payroll.intake.guards import detect
from payroll.intake.opendocument import read_ods
from payroll.intake.roster import RosterAgent
from payroll.intake.saisie import Saisie
from payroll.intake.tables import Ligne, find_table

_WANTED = frozenset(map(layout.fold, forme.FEUILLES))
_REEXPORTER = "Exportez de nouveau le classeur de correction de ce mois et recopiez-y vos corrections."
_CODE = re.compile(r"\[([a-z0-9_]+)\]")


def read(content: bytes, fichier: str, etat: EtatDuMois) -> tuple[tuple[Demande, ...], tuple[Anomalie, ...]]:
    """Les demandes du classeur, et les anomalies ; s'il y en a une, rien n'est à appliquer."""
    kind, found = detect(content, fichier)
    if kind not in ("xlsx", "ods"):
        return (), tuple(found)
    work = _Travail(etat, fichier)
    try:
        classeur = read_xlsx(content, _WANTED) if kind == "xlsx" else read_ods(content, _WANTED)
    except OversizedError:
        classeur = None
    if classeur is None or not work.identified(classeur):
        if classeur is None:
            work.constats.add("fichier-abime", "ce classeur ne s'ouvre pas.", remede=_REEXPORTER)
        return (), work.constats.close()
    for name, columns, required, reader in (
        (forme.ELEMENTS, forme.ELEMENTS_COLONNES, ("repere", "nouvelle", "motif"), work.element),
        (forme.ABSENCES, forme.ABSENCES_COLONNES, ("repere", "retirer", "motif"), work.absence),
        (forme.AJOUTS, forme.AJOUTS_COLONNES, ("agent", "rubrique", "facon", "nouvelle", "motif"), work.addition),
        (forme.NOUVELLES, forme.NOUVELLES_COLONNES, ("agent", "nature", "debut", "fin", "motif"), work.new_absence),
    ):
        feuille: Feuille = classeur.feuilles.get(layout.fold(name), {})
        table = find_table(name, feuille, columns, required)
        if table is None:
            work.constats.add(
                "titres-modifies", "cette feuille manque, ou ses titres ont changé.", Lieu(name), remede=_REEXPORTER
            )
            continue
        for line in table.lignes(feuille):
            reader(line)
    anomalies = work.constats.close()
    return (() if blocking(anomalies) else tuple(work.demandes)), anomalies


class _Travail(Saisie):
    """Une lecture en cours."""

    def __init__(self, etat: EtatDuMois, fichier: str) -> None:
        super().__init__(etat.roster, fichier)
        self.etat = etat
        self.demandes: list[Demande] = []
        self._rubriques = {layout.fold(libelle): code for code, libelle in etat.libelles.items()}

    def identified(self, classeur: Classeur) -> bool:
        """Le classeur est bien celui de cet adhérent, pour ce mois, dans cette version."""
        hidden = classeur.feuilles.get(layout.fold(forme.CACHEE), {})
        told = {
            case.texte: hidden[row, 2].texte
            for (row, column), case in hidden.items()
            if column == 1 and (row, 2) in hidden
        }
        wanted: Mapping[str, str] = {
            "version": forme.VERSION,
            "adherent": self.roster.adherent_code,
            "mois": str(self.roster.mois),
        }
        for field, value in wanted.items():
            if told.get(field) != value:
                self.constats.add(
                    "classeur-inattendu",
                    "ce classeur n'est pas le classeur de correction de cet adhérent et de ce mois.",
                    recu=told.get(field, ""),
                    attendu=value,
                    remede=_REEXPORTER,
                )
                return False
        return True

    def element(self, line: Ligne) -> None:
        """Une ligne d'élément : « E:matricule:rubrique », ou « L:numéro » pour une ligne manuelle."""
        if not self._changed(line, ("nouvelle",)):
            return
        kind, _, rest = line.texte("repere").partition(":")
        known = {
            f"L:{item.numero}" if item.numero else f"E:{item.cle}:{item.rubrique}": item for item in self.etat.elements
        }
        item = known.get(line.texte("repere"))
        motif = self._motif(line)
        value = self._number(line, signed=kind == "L")
        cle, _, rubrique = rest.rpartition(":")
        agent = self._agents.get((item.cle if item else cle).casefold())
        if agent is None or (item is None and (kind != "E" or rubrique not in self.etat.libelles)):
            # Une ligne manuelle déjà remplacée n'a plus de repère : un second envoi ne la retrouve pas.
            self.constats.add(
                "repere-inconnu",
                "cette ligne ne désigne plus rien du mois : elle a changé depuis l'export.",
                line.lieu("repere"),
                recu=line.texte("repere"),
                remede=_REEXPORTER,
            )
            return
        if value is None or not motif:
            return
        before = values.number(line.cases["avant"]) if line.get("avant") else 0
        self._ask(
            "remplacer" if kind == "L" else "fixer", line, "nouvelle", agent, motif,
            rubrique=item.rubrique if item else rubrique, valeur=value, avant=before, numero=item.numero if item else 0,
        )  # fmt: skip

    def absence(self, line: Ligne) -> None:
        """Une ligne d'absence connue : à retirer, ou de nouvelles dates."""
        fields = ("retirer", "nouveau_debut", "nouvelle_fin")
        if not self._changed(line, fields):
            return
        numero = line.texte("repere").removeprefix("A:")
        agent = self.agent(line)
        motif = self._motif(line)
        drop = self.yes(line.get("retirer"), "Retirer", line.lieu("retirer"))
        known = next((item for item in self.etat.absences if str(item.numero) == numero), None)
        debut = (
            self.day(line.get("nouveau_debut"), "la date", line.lieu("nouveau_debut"))
            if line.get("nouveau_debut")
            else None
        )
        fin = (
            self.day(line.get("nouvelle_fin"), "la date", line.lieu("nouvelle_fin"))
            if line.get("nouvelle_fin")
            else None
        )
        if not numero.isdecimal() or agent is None or not motif:
            return
        if drop and (debut or fin):
            self.constats.add(
                "choix-contradictoire", "cette absence est à retirer et à redater : choisissez.", line.lieu("retirer")
            )
            return
        debut, fin = debut or (known.debut if known else None), fin or (known.fin if known else None)
        self._ask(
            "retirer" if drop else "changer", line, next(name for name in fields if line.get(name)), agent, motif,
            numero=int(numero), type=known.type if known else "", debut=debut, fin=fin,
        )  # fmt: skip

    def addition(self, line: Ligne) -> None:
        """Un élément à fixer, ou une ligne de plus."""
        agent, motif = self.agent(line), self._motif(line)
        facons = tuple(layout.Choix(code, text) for code, text in forme.FACONS.items())
        facon = self.choice(line.get("facon"), facons, "la façon", line.lieu("facon"))
        value = self._number(line, signed=facon == "ligne")
        code = self._rubrique(line)
        if agent is None or not motif or value is None or code is None or facon is None:
            return
        current = next(
            (
                e.actuel
                for e in self.etat.elements
                if not e.numero and (e.cle, e.rubrique) == (self.roster.cle(agent), code)
            ),
            0,
        )
        sorte: Sorte = "ligne" if facon == "ligne" else "fixer"
        self._ask(sorte, line, "nouvelle", agent, motif, rubrique=code, valeur=value, avant=current)

    def new_absence(self, line: Ligne) -> None:
        """Une absence que personne n'avait dite."""
        agent, motif = self.agent(line), self._motif(line)
        nature = self.choice(
            line.get("nature"), layout.formulaire().natures, "la nature de l'absence", line.lieu("nature")
        )
        debut = self.day(line.get("debut"), "le premier jour", line.lieu("debut"))
        fin = self.day(line.get("fin"), "le dernier jour", line.lieu("fin"))
        more = self.yes(line.get("prolongation"), "Prolongation", line.lieu("prolongation"))
        if agent is not None and motif and nature and debut and fin:
            self._ask("absence", line, "debut", agent, motif, type=nature, debut=debut, fin=fin, prolongation=more)

    def _ask(self, sorte: Sorte, line: Ligne, field: str, agent: RosterAgent, motif: str, **told: object) -> None:
        lieu = line.lieu(field, agent.matricule, str(told.get("rubrique", "")))
        self.demandes.append(
            Demande(sorte, lieu, motif, matricule=agent.matricule, contrat=agent.numero_contrat, **told)  # type: ignore[arg-type]
        )

    def _changed(self, line: Ligne, fields: tuple[str, ...]) -> bool:
        """Vrai si la ligne demande quelque chose ; un motif seul est un oubli, et se dit."""
        if any(line.get(field) for field in fields):
            return True
        if line.get("motif"):
            self.constats.add(
                "valeur-oubliee",
                "un motif est écrit, mais rien ne change.",
                line.lieu(fields[0]),
                attendu="ce qui change, ou pas de motif",
            )
        return False

    def _motif(self, line: Ligne) -> str:
        if not line.get("motif"):
            self.constats.add(
                "motif-manquant",
                "une correction dit sa raison.",
                line.lieu("motif"),
                attendu="appel de la mairie, pièce reçue, erreur de saisie…",
            )
        return line.texte("motif")

    def _number(self, line: Ligne, *, signed: bool) -> int | None:
        case, lieu = line.get("nouvelle"), line.lieu("nouvelle")
        if case is None:
            self.constats.add("montant-manquant", "la nouvelle valeur manque.", lieu, attendu="un nombre")
            return None
        if not signed or self._formula(case, lieu):
            return self.number(case, lieu, heures=True)
        try:
            return values.number(case, heures=True)
        except values.UnreadableError as why:
            self._unreadable(why, "ce nombre ne se lit pas.", case, lieu)
            return None

    def _rubrique(self, line: Ligne) -> str | None:
        text = line.texte("rubrique")
        written = _CODE.search(text)
        code = written[1] if written else self._rubriques.get(layout.fold(text), text)
        if code in self.etat.libelles:
            return code
        self.constats.add(
            "rubrique-inconnue" if text else "rubrique-manquante",
            "cet élément ne se corrige pas dans le mois." if text else "l'élément manque.",
            line.lieu("rubrique"),
            recu=text,
            attendu="un élément de la liste",
        )
        return None
