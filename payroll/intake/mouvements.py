"""Retenir une absence, un départ, une arrivée, si leurs dates se tiennent."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from payroll.anomalies import Gravite
from payroll.intake import layout
from payroll.intake.collecte import Collecte
from payroll.intake.grid import Case
from payroll.intake.lecture import AbsenceLue, EntreeAnnoncee, SortieLue
from payroll.intake.roster import RosterAgent
from payroll.intake.tables import Ligne
from payroll.legislation.conges import load_conges

ENTREES_A_L_AVANCE = timedelta(days=92)
"""Une arrivée s'annonce au plus trois mois avant."""


def add_absence(work: Collecte, agent: RosterAgent, ligne: Ligne) -> None:
    """Garde l'absence de cette ligne (nature, debut, fin, prolongation, observation, précisions de sa nature)."""
    natures = layout.formulaire().natures
    who = agent.matricule
    code = work.choice(ligne.get("nature"), natures, "la nature de l'absence", ligne.lieu("nature", who))
    start = work.day(ligne.get("debut"), "le premier jour", ligne.lieu("debut", who))
    end = work.day(ligne.get("fin"), "le dernier jour", ligne.lieu("fin", who))
    title = layout.ABSENCES_COLONNES["prolongation"]
    extension = work.yes(ligne.get("prolongation"), title, ligne.lieu("prolongation", who))
    exemption, hours, half, share = _details(work, who, code, ligne)
    if code is None or start is None or end is None or not _dates_hold(work, agent, start, end, ligne):
        return
    work.absences.append(
        AbsenceLue(
            matricule=who,
            type=code,
            debut=start,
            fin=end,
            prolongation=extension,
            feuille=ligne.feuille,
            cellule=ligne.lieu("debut").cellule,
            observation=ligne.texte("observation"),
            numero_contrat=work.contract_number(agent),
            motif_sans_carence=exemption,
            heures=hours,
            demi_journee=half,
            quotite_ppm=share,
        )
    )


_DEMI = frozenset(map(layout.fold, ("demi-journée", "demi", "1/2", "une demi-journée")))


def _details(work: Collecte, who: str, code: str | None, ligne: Ligne) -> tuple[str, int | None, bool, int | None]:
    """Le motif sans carence, les heures, la demi-journée et le temps travaillé, chacun avec la nature qui l'admet."""
    nature = load_conges().natures.get(code or "")
    exemption, hours, half, share = "", None, False, None
    if ligne.get("sans_carence") is not None:
        choices, place = layout.formulaire().sans_carence, ligne.lieu("sans_carence", who)
        exemption = work.choice(ligne.get("sans_carence"), choices, "le motif sans jour de carence", place) or ""
        if nature is not None and code != "cmo":
            _unexpected(work, ligne, "sans_carence", who, "seul un congé de maladie ordinaire a un jour de carence.")
    case = ligne.get("duree")
    if case is not None:
        half = layout.fold(case.texte) in _DEMI
        hours = None if half else work.number(case, ligne.lieu("duree", who), heures=True)
        if nature is not None and not nature.partielle:
            _unexpected(work, ligne, "duree", who, "cette absence se compte en jours entiers.")
    case = ligne.get("temps")
    if case is not None:
        percent = work.number(_without_sign(case), ligne.lieu("temps", who))
        # Une case en pourcentage porte 0,8 pour 80 %.
        share = None if percent is None else percent * (10_000 if percent <= 100 else 100)
        if nature is not None and not nature.quotite:
            _unexpected(work, ligne, "temps", who, "cette absence n'a pas de part de temps travaillée.")
    elif nature is not None and nature.quotite:
        work.constats.add(
            "choix-manquant",
            "la part de temps travaillée manque.",
            ligne.lieu("temps", who),
            attendu="un pourcentage, celui de l'arrêté : 50 à 90",
        )
    return exemption, hours, half, share


def _without_sign(case: Case) -> Case:
    return replace(case, valeur=case.texte.removesuffix("%").strip()) if case.texte.endswith("%") else case


def _unexpected(work: Collecte, ligne: Ligne, field: str, who: str, message: str) -> None:
    work.constats.add("choix-inconnu", message, ligne.lieu(field, who), recu=ligne.texte(field), attendu="rien ici")


def _dates_hold(work: Collecte, agent: RosterAgent, start: date, end: date, ligne: Ligne) -> bool:
    mois = work.roster.mois
    problem: tuple[str, str, str, str] | None = None
    if end < start:
        problem = ("fin-avant-debut", "le dernier jour précède le premier.", "fin", f"à partir du {start:%d/%m/%Y}")
    elif start > mois.last_day or end < mois.first_day:
        problem = ("absence-hors-mois", f"cette absence ne touche pas {mois.libelle}.", "debut",
                   f"une absence qui touche {mois.libelle}")  # fmt: skip
    elif agent.date_debut and start < agent.date_debut:
        problem = ("absence-hors-contrat", "cette absence commence avant le contrat de l'agent.", "debut",
                   f"à partir du {agent.date_debut:%d/%m/%Y}")  # fmt: skip
    elif agent.date_fin and end > agent.date_fin:
        problem = ("absence-hors-contrat", "cette absence finit après le contrat de l'agent.", "fin",
                   f"jusqu'au {agent.date_fin:%d/%m/%Y}")  # fmt: skip
    if problem is None:
        return True
    code, message, field, expected = problem
    work.constats.add(code, message, ligne.lieu(field, agent.matricule), recu=ligne.texte(field), attendu=expected)
    return False


def add_exit(work: Collecte, ligne: Ligne) -> None:
    """Garde le départ de cette ligne (agent, date, motif, observation)."""
    agent = work.agent(ligne)
    who = agent.matricule if agent else ""
    when = work.day(ligne.get("date"), "la date de sortie", ligne.lieu("date", who))
    motif = work.choice(ligne.get("motif"), layout.formulaire().motifs, "le motif de sortie", ligne.lieu("motif", who))
    if agent is None or when is None or motif is None:
        return
    mois = work.roster.mois
    first = max(mois.first_day, agent.date_debut or mois.first_day)
    if not first <= when <= mois.last_day:
        work.constats.add(
            "sortie-hors-mois",
            f"ce départ n'est pas en {mois.libelle}.",
            ligne.lieu("date", who),
            recu=ligne.texte("date"),
            attendu=f"une date du {first:%d/%m/%Y} au {mois.last_day:%d/%m/%Y}",
            remede="Un départ se saisit dans le classeur de son mois. S'il est passé, appelez votre gestionnaire.",
        )
        return
    number = work.contract_number(agent)
    if any((sortie.matricule, sortie.numero_contrat) == (who, number) for sortie in work.sorties):
        work.constats.add(
            "ligne-en-double",
            "le départ de cet agent est déjà saisi plus haut.",
            ligne.lieu("agent", who),
            attendu="une seule ligne par départ",
            remede="Effacez l'une des deux lignes.",
        )
        return
    work.sorties.append(
        SortieLue(
            matricule=who,
            date=when,
            motif=motif,
            feuille=ligne.feuille,
            cellule=ligne.lieu("date").cellule,
            observation=ligne.texte("observation"),
            numero_contrat=number,
        )
    )


def add_arrival(work: Collecte, ligne: Ligne) -> None:
    """Garde l'arrivée de cette ligne (nom, prenom, date, statut, observation) et demande les pièces."""
    for field, what in (("nom", "le nom"), ("prenom", "le prénom")):
        if not ligne.get(field):
            work.constats.add("nom-manquant", f"{what} de la personne qui arrive manque.", ligne.lieu(field))
    when = work.day(ligne.get("date"), "la date d'entrée", ligne.lieu("date"))
    statut = work.choice(ligne.get("statut"), layout.formulaire().statuts, "le statut", ligne.lieu("statut"))
    if when is None or statut is None or not ligne.get("nom") or not ligne.get("prenom"):
        return
    first, last = work.roster.mois.first_day, work.roster.mois.last_day + ENTREES_A_L_AVANCE
    if not first <= when <= last:
        work.constats.add(
            "entree-hors-periode",
            "cette arrivée est dans le passé, ou trop loin dans l'avenir.",
            ligne.lieu("date"),
            recu=ligne.texte("date"),
            attendu=f"une date du {first:%d/%m/%Y} au {last:%d/%m/%Y}",
            remede="Vérifiez l'année. Pour une arrivée passée, appelez votre gestionnaire.",
        )
        return
    work.entrees.append(
        EntreeAnnoncee(
            nom=ligne.texte("nom"),
            prenom=ligne.texte("prenom"),
            date=when,
            statut=statut,
            feuille=ligne.feuille,
            cellule=ligne.lieu("date").cellule,
            observation=ligne.texte("observation"),
        )
    )
    work.constats.add(
        "entree-annoncee",
        "une arrivée est annoncée : cette personne sera payée quand son dossier sera ouvert.",
        ligne.lieu("nom"),
        remede="Envoyez l'arrêté ou le contrat, et le RIB, à votre gestionnaire.",
        gravite=Gravite.AVERTISSEMENT,
    )
