"""Le cœur de la lecture, commun au classeur et au CSV : vérifier chaque valeur, garder les bonnes, dire les autres."""

from __future__ import annotations

from datetime import date
from itertools import combinations

from payroll.anomalies import Gravite
from payroll.intake import layout, values
from payroll.intake.constats import Constats
from payroll.intake.grid import Case
from payroll.intake.lecture import AbsenceLue, ElementLu, EntreeAnnoncee, Format, Lecture, SortieLue
from payroll.intake.roster import VERSION, Roster, RosterAgent
from payroll.periods import Month

_IHTS_TEXTE = "décret 2002-60 du 14/01/2002, art. 6"
_HC_TEXTE = "décret 2020-592 du 15/05/2020, art. 1"


class Collecte:
    """Une lecture en cours : l'adhérent attendu, ce qui est sûr, ce qui ne l'est pas."""

    def __init__(self, roster: Roster, fichier: str) -> None:
        self.roster = roster
        self.constats = Constats(fichier)
        self.elements: list[ElementLu] = []
        self.absences: list[AbsenceLue] = []
        self.sorties: list[SortieLue] = []
        self.entrees: list[EntreeAnnoncee] = []
        self._agents = {roster.cle(agent).casefold(): agent for agent in roster.agents}
        self._version, self._adherent, self._mois = "", "", ""
        self._neant = self._remplace = False
        self._preparateur = ""
        self._prepare_le: date | None = None
        self._totals: dict[str, tuple[int, Case, str]] = {}

    # ---- l'identité du fichier

    def check_identity(self, *, version: str, adherent: str, siret: str, mois: str, feuille: str) -> None:
        """Le fichier est bien celui de cet adhérent, pour ce mois, dans une version que l'on sait lire."""
        self._version, self._adherent, self._mois = version, adherent, mois
        expected = {
            "version-inconnue": (version, VERSION, "ce fichier n'est pas de la version que nous savons lire"),
            "mauvais-adherent": (adherent, self.roster.adherent_code, "ce fichier est celui d'une autre collectivité"),
            "mauvais-mois": (mois, str(self.roster.mois), "ce fichier est celui d'un autre mois"),
        }
        for code, (told, wanted, message) in expected.items():
            if told != wanted:
                self.constats.add(
                    code,
                    f"{message}.",
                    feuille=feuille,
                    attendu=self.roster.mois.libelle if code == "mauvais-mois" else wanted,
                    remede="Prenez le classeur du mois dans votre dossier « retour », remplissez-le et déposez-le.",
                )
        if siret and siret != self.roster.siret and adherent == self.roster.adherent_code:
            self.constats.add("mauvais-siret", "le SIRET du fichier n'est pas le vôtre.", feuille=feuille)

    def front(self, told: dict[str, Case], feuille: str) -> None:
        """Le bordereau : néant, annule et remplace, préparateur, totaux de contrôle."""
        for field in ("neant", "remplace"):
            try:
                setattr(self, f"_{field}", values.yes(told.get(field)))
            except values.UnreadableError as expected:
                label = layout.BORDEREAU_CHAMPS[field]
                self.constats.add(
                    "oui-illisible",
                    f"la case « {label} » n'est pas comprise.",
                    feuille=feuille,
                    case=told[field],
                    attendu=str(expected),
                )
        self._preparateur = told["preparateur"].texte if "preparateur" in told else ""
        if "prepare_le" in told:
            self._prepare_le = self.day(told["prepare_le"], "la date de préparation", feuille, 0)
        for field in ("total_heures", "total_montants"):
            if field in told:
                amount = self.number(told[field], feuille, "", "")
                if amount is not None:
                    self._totals[field] = (amount, told[field], feuille)

    # ---- les valeurs

    def agent(self, case: Case | None, feuille: str, row: int, near: Case | None = None) -> RosterAgent | None:
        """L'agent désigné par cette case (« 0012 » ou « 0012 – MARTIN Léa »)."""
        if case is None:
            self.constats.add(
                "agent-manquant",
                "cette ligne ne dit pas de quel agent il s'agit.",
                feuille=feuille,
                cellule=f"A{row}" if row else (near.adresse if near else ""),
                attendu="un matricule de votre liste d'agents",
            )
            return None
        key = case.texte.split(" – ")[0].split(" - ")[0].strip()
        found = self._agents.get(key.casefold())
        if found is None:
            several = [cle for cle in self._agents if cle.startswith(f"{key.casefold()}/")]
            self.constats.add(
                "contrat-ambigu" if several else "agent-inconnu",
                "cet agent a plusieurs contrats : dites lequel."
                if several
                else "ce matricule n'est pas celui d'un de vos agents ce mois-ci.",
                feuille=feuille,
                case=Case(key, case.adresse),
                matricule=key[:20],
                attendu=", ".join(sorted(several)).upper() if several else "un matricule de votre liste d'agents",
                remede="Vérifiez le matricule. Pour un nouvel agent, remplissez « Entrées et sorties ».",
            )
        return found

    def check_name(self, agent: RosterAgent, nom: str, prenom: str, feuille: str, case: Case | None) -> None:
        """Prévient si le nom écrit n'est plus celui du matricule : une ligne a pu être décalée."""
        if (nom and layout.fold(nom) != layout.fold(agent.nom)) or (
            prenom and layout.fold(prenom) != layout.fold(agent.prenom)
        ):
            self.constats.add(
                "nom-different",
                "le nom écrit n'est pas celui que nous connaissons pour ce matricule.",
                feuille=feuille,
                case=case,
                montrer=False,
                matricule=agent.matricule,
                remede="Ligne décalée : corrigez-la. Changement de nom : dites-le à votre gestionnaire.",
                gravite=Gravite.AVERTISSEMENT,
            )

    def number(self, case: Case, feuille: str, matricule: str, rubrique: str) -> int | None:
        """Un nombre de cette case, en centièmes, ou rien et un constat."""
        if case.formule:
            self.constats.add(
                "formule",
                "cette case contient une formule : nous ne calculons pas les formules reçues.",
                feuille=feuille,
                case=case,
                matricule=matricule,
                rubrique=rubrique,
                attendu="la valeur elle-même",
                remede="Saisissez la valeur à la place de la formule.",
            )
            return None
        try:
            return values.number(case)
        except values.UnreadableError as expected:
            self.constats.add(
                "nombre-illisible",
                "ce nombre n'est pas compris.",
                feuille=feuille,
                case=case,
                matricule=matricule,
                rubrique=rubrique,
                attendu=str(expected),
            )
            return None

    def day(self, case: Case | None, what: str, feuille: str, row: int, matricule: str = "") -> date | None:
        """Un jour de cette case, ou rien et un constat."""
        if case is None:
            self.constats.add(
                "date-manquante",
                f"{what} manque.",
                feuille=feuille,
                cellule=f"ligne {row}" if row else "",
                matricule=matricule,
                attendu="une date, écrite jj/mm/aaaa",
            )
            return None
        try:
            return values.day(case)
        except values.UnreadableError as expected:
            self.constats.add(
                "date-illisible",
                f"{what} n'est pas comprise.",
                feuille=feuille,
                case=case,
                matricule=matricule,
                attendu=str(expected),
            )
            return None

    def choice(
        self, case: Case | None, choices: tuple[layout.Choix, ...], expected: str, feuille: str, row: int
    ) -> str | None:
        """Le code choisi dans une liste, ou rien et un constat."""
        code = layout.choose(choices, case.texte) if case else None
        if code is None:
            self.constats.add(
                "choix-inconnu",
                "ce choix n'est pas dans la liste." if case else "un choix manque sur cette ligne.",
                feuille=feuille,
                case=case,
                cellule="" if case else f"ligne {row}",
                attendu=expected,
            )
        return code

    # ---- les éléments et les absences

    def element(
        self,
        agent: RosterAgent,
        code: str,
        case: Case,
        feuille: str,
        *,
        observation: str = "",
        mois_de_droit: Case | None = None,
    ) -> None:
        """Garde un montant ou des heures d'un agent, si tout est en règle."""
        value = self.number(case, feuille, agent.matricule, code)
        month = self._right_month(mois_de_droit, feuille, agent, code)
        if value is None or value == 0 or (mois_de_droit is not None and month is None):
            return
        if self._refuse_hours(agent, code, value, case, feuille):
            return
        if (
            self.roster.rubriques
            and layout.rubriques(self.roster)[code].unite == "montant"
            and value > layout.PLAFOND_MONTANT
        ):
            self.constats.add(
                "montant-demesure",
                "ce montant dépasse 99 999,99 € : est-ce une faute de frappe ?",
                feuille=feuille,
                case=case,
                matricule=agent.matricule,
                rubrique=code,
                attendu="un montant en euros",
            )
            return
        self.elements.append(
            ElementLu(
                matricule=agent.matricule,
                code=code,
                valeur=value,
                feuille=feuille,
                cellule=case.adresse,
                mois_de_droit=month,
                observation=observation,
                numero_contrat=self.contract_number(agent),
            )
        )

    def contract_number(self, agent: RosterAgent) -> str:
        """Le numéro de contrat, seulement s'il faut distinguer plusieurs contrats du même agent."""
        return agent.numero_contrat if "/" in self.roster.cle(agent) else ""

    def _right_month(self, case: Case | None, feuille: str, agent: RosterAgent, code: str) -> Month | None:
        if case is None:
            return None
        try:
            month = values.month(case)
        except values.UnreadableError as expected:
            self.constats.add(
                "mois-illisible",
                "le mois de droit n'est pas compris.",
                feuille=feuille,
                case=case,
                matricule=agent.matricule,
                rubrique=code,
                attendu=str(expected),
            )
            return None
        if month == self.roster.mois:
            return month
        self.constats.add(
            "rappel-non-couvert" if month < self.roster.mois else "mois-futur",
            "un rappel au titre d'un mois passé n'est pas encore calculé."
            if month < self.roster.mois
            else "le mois de droit est dans le futur.",
            feuille=feuille,
            case=case,
            matricule=agent.matricule,
            rubrique=code,
            attendu=self.roster.mois.libelle,
            remede="Retirez cette ligne et appelez votre gestionnaire.",
        )
        return None

    def _refuse_hours(self, agent: RosterAgent, code: str, value: int, case: Case, feuille: str) -> bool:
        entitled = {
            **dict.fromkeys(layout.IHTS, agent.ihts_permises),
            "heures_complementaires": agent.heures_complementaires_permises,
        }
        if entitled.get(code, True):
            if code == "heures_complementaires" and value > layout.PLAFOND_COMPLEMENTAIRES:
                self._too_many_hours(agent, code, case, feuille, "151,67 heures au plus", _HC_TEXTE)
                return True
            return False
        self.constats.add(
            "heures-non-permises",
            "cet agent ne fait pas d'heures de cette sorte : les heures supplémentaires sont pour les agents à temps "
            "complet de catégories B et C, les heures complémentaires pour les agents à temps non complet.",
            feuille=feuille,
            case=case,
            matricule=agent.matricule,
            rubrique=code,
            attendu="rien dans cette colonne pour cet agent",
            texte=_HC_TEXTE if code == "heures_complementaires" else _IHTS_TEXTE,
        )
        return True

    def _too_many_hours(
        self,
        agent: RosterAgent,
        code: str,
        case: Case | None,
        feuille: str,
        expected: str,
        text: str,
        cellule: str = "",
    ) -> None:
        self.constats.add(
            "heures-au-dela-du-plafond",
            f"plus d'heures que la loi n'en permet dans le mois ({text}).",
            feuille=feuille,
            case=case,
            cellule=cellule,
            matricule=agent.matricule,
            rubrique=code,
            attendu=expected,
            remede="Vérifiez le nombre d'heures ; le surplus se récupère en repos.",
            texte=text,
        )

    def absence(
        self,
        agent: RosterAgent,
        nature: Case | None,
        first: Case | None,
        last: Case | None,
        extension: Case | None,
        feuille: str,
        row: int,
        *,
        observation: str = "",
    ) -> None:
        """Garde une absence, si ses dates se tiennent."""
        code = self.choice(nature, layout.formulaire().natures, "une nature d'absence de la liste", feuille, row)
        start = self.day(first, "le premier jour", feuille, row, agent.matricule)
        end = self.day(last, "le dernier jour", feuille, row, agent.matricule)
        try:
            prolongation = values.yes(extension, also_no=True)
        except values.UnreadableError as expected:
            prolongation = False
            self.constats.add("oui-illisible", "« Prolongation » n'est pas compris.", feuille=feuille, case=extension,
                              matricule=agent.matricule, attendu=str(expected))  # fmt: skip
        if code is None or start is None or end is None:
            return
        if not self._dates_hold(agent, start, end, first, last, feuille):
            return
        self.absences.append(
            AbsenceLue(
                matricule=agent.matricule,
                type=code,
                debut=start,
                fin=end,
                prolongation=prolongation,
                feuille=feuille,
                cellule=first.adresse if first else "",
                observation=observation,
                numero_contrat=self.contract_number(agent),
            )
        )

    def _dates_hold(
        self, agent: RosterAgent, start: date, end: date, first: Case | None, last: Case | None, feuille: str
    ) -> bool:
        mois = self.roster.mois
        problem: tuple[str, str, Case | None, str] | None = None
        if end < start:
            problem = (
                "fin-avant-debut",
                "le dernier jour précède le premier.",
                last,
                "une date au plus tôt le premier jour",
            )
        elif start > mois.last_day or end < mois.first_day:
            problem = (
                "absence-hors-mois",
                "cette absence ne touche pas le mois.",
                first,
                f"une absence de {mois.libelle}",
            )
        elif agent.date_debut and start < agent.date_debut:
            problem = ("absence-hors-contrat", "cette absence commence avant le contrat de l'agent.", first,
                       f"à partir du {agent.date_debut:%d/%m/%Y}")  # fmt: skip
        elif agent.date_fin and end > agent.date_fin:
            problem = ("absence-hors-contrat", "cette absence finit après le contrat de l'agent.", last,
                       f"jusqu'au {agent.date_fin:%d/%m/%Y}")  # fmt: skip
        if problem is None:
            return True
        code, message, case, expected = problem
        self.constats.add(code, message, feuille=feuille, case=case, matricule=agent.matricule, attendu=expected)
        return False

    def unknown_rubrique(self, case: Case | None, feuille: str, place: str) -> None:
        self.constats.add(
            "rubrique-inconnue",
            "cette rubrique n'est pas de celles que vous pouvez saisir.",
            feuille=feuille,
            case=case,
            cellule=place,
            attendu="une rubrique de la liste",
        )

    def missing_titles(self, feuille: str, titles: tuple[str, ...]) -> None:
        self.constats.add(
            "titres-modifies",
            "les titres des colonnes ont été modifiés ou effacés.",
            feuille=feuille,
            attendu=", ".join(f"« {title} »" for title in titles),
            remede="Repartez du classeur du mois, dans votre dossier « retour ».",
        )

    # ---- la fin de la lecture

    def finish(self, kind: Format) -> Lecture:
        """Les contrôles qui regardent tout le fichier, puis la lecture."""
        self._check_duplicates()
        self._check_overlaps()
        self._check_overtime()
        self._check_totals()
        self._check_nothing()
        try:
            mois: Month | None = Month.parse(self._mois)
        except ValueError:
            mois = None
        return Lecture(
            format=kind,
            version=self._version,
            adherent_code=self._adherent,
            mois=mois,
            neant=self._neant,
            remplace=self._remplace,
            preparateur=self._preparateur,
            prepare_le=self._prepare_le,
            elements=tuple(sorted(self.elements, key=lambda e: (e.matricule, e.numero_contrat, e.code))),
            absences=tuple(sorted(self.absences, key=lambda a: (a.matricule, a.numero_contrat, a.debut, a.type))),
            sorties=tuple(self.sorties),
            entrees_annoncees=tuple(self.entrees),
            anomalies=tuple(self.constats.found),
        )

    def _check_duplicates(self) -> None:
        seen: dict[tuple[str, str, str], ElementLu] = {}
        for element in self.elements:
            key = (element.matricule, element.numero_contrat, element.code)
            if key in seen:
                self.constats.add(
                    "ligne-en-double",
                    "cette rubrique est déjà saisie pour cet agent : nous ne savons pas laquelle garder.",
                    feuille=element.feuille,
                    cellule=element.cellule,
                    matricule=element.matricule,
                    rubrique=element.code,
                    attendu=f"une seule saisie (l'autre est en {seen[key].feuille} {seen[key].cellule})",
                )
            seen.setdefault(key, element)

    def _check_overlaps(self) -> None:
        for one, two in combinations(self.absences, 2):
            same = (one.matricule, one.numero_contrat) == (two.matricule, two.numero_contrat)
            if same and one.debut <= two.fin and two.debut <= one.fin:
                self.constats.add(
                    "absences-qui-se-chevauchent",
                    "deux absences de cet agent portent sur les mêmes jours.",
                    feuille=two.feuille,
                    cellule=two.cellule,
                    matricule=two.matricule,
                    attendu=f"une absence qui ne recouvre pas celle de la cellule {one.cellule}",
                )

    def _check_overtime(self) -> None:
        for agent in self.roster.agents:
            number = self.contract_number(agent)
            mine = [
                element
                for element in self.elements
                if element.code in layout.IHTS
                and (element.matricule, element.numero_contrat) == (agent.matricule, number)
            ]
            cap = self.roster.contingent(agent)
            total = sum(element.valeur for element in mine)
            if total > cap:
                place = mine[-1]
                expected = f"{_hours(cap)} h au plus, jour, nuit et dimanche ensemble (reçu : {_hours(total)} h)"
                self._too_many_hours(agent, place.code, None, place.feuille, expected, _IHTS_TEXTE, place.cellule)

    def _check_totals(self) -> None:
        units = layout.rubriques(self.roster)
        for field, unit in (("total_heures", "heures"), ("total_montants", "montant")):
            if field not in self._totals:
                continue
            told, case, feuille = self._totals[field]
            found = sum(element.valeur for element in self.elements if units[element.code].unite == unit)
            if told != found:
                self.constats.add(
                    "total-different",
                    f"« {layout.BORDEREAU_CHAMPS[field]} » n'est pas la somme de ce que nous avons lu.",
                    feuille=feuille,
                    case=case,
                    attendu=_hours(found),
                    remede="Vérifiez les lignes saisies, ou corrigez ce total.",
                )

    def _check_nothing(self) -> None:
        entered = bool(self.elements or self.absences or self.sorties or self.entrees)
        if self._neant and entered:
            self.constats.add(
                "neant-et-donnees",
                "« Néant ce mois » est coché, mais des éléments sont saisis.",
                feuille=layout.BORDEREAU,
                attendu="l'un ou l'autre",
                remede="Videz la case « Néant ce mois », ou effacez les éléments.",
            )
        if not self._neant and not entered and not self.constats.found:
            self.constats.add(
                "rien-de-saisi",
                "rien n'est saisi dans ce fichier.",
                feuille=layout.BORDEREAU,
                attendu="des éléments, ou « oui » dans la case « Néant ce mois »",
                remede="S'il n'y a rien ce mois-ci, cochez « Néant ce mois » et déposez de nouveau.",
            )


def _hours(hundredths: int) -> str:
    whole, rest = divmod(hundredths, 100)
    return f"{whole},{rest:02d}".removesuffix(",00")
