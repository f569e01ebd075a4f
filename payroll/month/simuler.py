"""Simuler des mois sur les adhérents inscrits, avec des hypothèses : ce que l'employeur paierait, sans rien écrire."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from payroll import catalogue, engine, legislation
from payroll.anomalies import blocking
from payroll.catalogue import Catalogue
from payroll.documents.simulation import Cle, Deux, SimulationFacts
from payroll.engine.bulletin import Bulletin, Section
from payroll.engine.inputs import population
from payroll.engine.situation import Cumuls, Employeur, RegimeRetraite, Situation, Statut
from payroll.legislation import FigureMissing, Legislation
from payroll.month.commun import GesteRefuse, adherent_codes, find_adherent
from payroll.month.simuler_hypotheses import (
    Chiffre,
    Depart,
    Embauche,
    Hypothese,
    Hypotheses,
    Promotion,
    Temps,
    ended_figures,
    extended,
    with_figures,
)
from payroll.month.situations import gather
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.wording import plural

Contrat = tuple[str, str]
"""Code de l'adhérent, numéro du contrat (le matricule, pour une embauche supposée)."""
DECEMBRE = 12

_DeAgent = Promotion | Temps | Depart | Embauche


@dataclass(frozen=True, slots=True)
class _Place:
    """Un contrat d'un mois, tel qu'un des deux côtés le verra."""

    contrat: Contrat
    employeur: Employeur
    situation: Situation


@dataclass(frozen=True, slots=True)
class _Cote:
    """La référence ou la simulation : ses chiffres, ses mouvements d'agents, les cumuls qu'elle mène."""

    loi: Legislation
    agents: tuple[_DeAgent, ...]
    cumuls: dict[Contrat, Cumuls] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Mois:
    """Ce que le registre sait d'un mois, tous adhérents confondus."""

    mois: Month
    employeurs: dict[str, Employeur]
    places: tuple[_Place, ...]
    refus: tuple[str, ...]


def simulate(registre: Registre, hypotheses: Hypotheses) -> SimulationFacts:
    """Calcule deux fois chaque mois de la période : la référence, puis la simulation ; le registre n'est que lu.

    Un bulletin refusé d'un côté est écarté des deux, et dit. Lève :class:`GesteRefuse` si un adhérent, un agent ou un
    chiffre est inconnu, ou si des mois dépassent les chiffres connus sans que le fichier accepte de les prolonger.
    """
    loaded = legislation.load()
    noms = _adherents(registre, hypotheses.adherents)
    lus = [_read(registre, list(noms), mois) for mois in hypotheses.periode]
    _require_known(hypotheses, list(noms), lus)
    avertissements, prolonges = _prolongation(loaded, hypotheses)
    base = extended(loaded) if hypotheses.chiffres_prolonges else loaded
    cotes = tuple(_cote(base, one) for one in (hypotheses.reference, (*hypotheses.reference, *hypotheses.hypotheses)))
    couts: dict[Cle, list[int]] = defaultdict(lambda: [0, 0])
    comptes: dict[str, dict[str, None]] = defaultdict(dict)
    bulletins: dict[Month, Deux] = {}
    ecartes: dict[str, list[Month]] = defaultdict(list)
    for lu in lus:
        for text in lu.refus:
            ecartes[text].append(lu.mois)
        results = [_compute(lu, cote, ecartes) for cote in cotes]
        refused = {contrat for result in results for contrat, (_, bulletin) in result.items() if bulletin is None}
        for rang, result in enumerate(results):
            for contrat, (situation, bulletin) in result.items():
                if bulletin is None or contrat in refused:
                    continue
                for compte, libelle, montant in _costs(bulletin, population(situation), catalogue.load()):
                    couts[contrat[0], compte, lu.mois][rang] += montant
                    comptes[compte][libelle] = None
        counts = [sum(contrat not in refused for contrat in result) for result in results]
        bulletins[lu.mois] = (counts[0], counts[1])
    return SimulationFacts(
        titre=hypotheses.titre,
        mois=hypotheses.periode,
        adherents=noms,
        comptes={compte: " ; ".join(comptes[compte]) for compte in sorted(comptes)},
        couts={cle: (value[0], value[1]) for cle, value in couts.items()},
        bulletins=bulletins,
        reference=tuple(one.phrase for one in hypotheses.reference),
        hypotheses=tuple(one.phrase for one in hypotheses.hypotheses),
        avertissements=avertissements,
        prolonges=prolonges,
        ecartes=tuple(_told(text, months) for text, months in ecartes.items()),
    )


def _told(text: str, months: Sequence[Month]) -> str:
    if len(months) == 1:
        return f"{months[0].libelle} : {text}"
    return f"{len(months)} mois, de {months[0].libelle} à {months[-1].libelle} : {text}"


def _cote(base: Legislation, hypotheses: Sequence[Hypothese]) -> _Cote:
    try:
        loi = with_figures(base, [one for one in hypotheses if isinstance(one, Chiffre)])
    except FigureMissing as error:
        raise GesteRefuse(error.message) from None
    except ValueError as error:
        raise GesteRefuse(str(error)) from None
    return _Cote(loi, tuple(one for one in hypotheses if not isinstance(one, Chiffre)))


def _adherents(registre: Registre, codes: Sequence[str]) -> dict[str, str]:
    known = codes or adherent_codes(registre)
    with registre.transaction() as session:
        return {code: find_adherent(session, code).nom for code in sorted(known)}


def _require_known(hypotheses: Hypotheses, codes: list[str], lus: Sequence[_Mois]) -> None:
    """Une hypothèse qui vise un agent absent ne changerait rien sans le dire : on la refuse."""
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place in (place for lu in lus for place in lu.places):
        seen[place.contrat[0], place.situation.matricule].add(place.contrat[1])
    agents = [one for one in (*hypotheses.reference, *hypotheses.hypotheses) if not isinstance(one, Chiffre)]
    hired = {(one.adherent, one.matricule) for one in agents if isinstance(one, Embauche)}
    for one in agents:
        who = (one.adherent, one.matricule)
        if one.adherent not in codes:
            raise GesteRefuse(f"L'adhérent « {one.adherent} » n'est pas dans cette simulation : {', '.join(codes)}.")
        if isinstance(one, Embauche) and who in seen:
            raise GesteRefuse(f"{one.adherent} : le matricule {one.matricule} est déjà pris ; embauchez sous un autre.")
        if isinstance(one, Embauche) or who in hired:
            continue
        contrats = seen.get(who, set())
        if not contrats or (one.contrat and one.contrat not in contrats):
            which = f"pas de contrat {one.contrat}" if one.contrat else "aucun contrat"
            raise GesteRefuse(f"{one.adherent} : {which} de l'agent {one.matricule} sur la période simulée.")
        if len(contrats) > 1 and not one.contrat and not isinstance(one, Depart):
            raise GesteRefuse(
                f"{one.adherent} : l'agent {one.matricule} a plusieurs contrats ({', '.join(sorted(contrats))}) ; "
                "dites lequel change (contrat: …)."
            )


def _prolongation(loaded: Legislation, hypotheses: Hypotheses) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """L'avertissement des mois dont les chiffres ne sont pas tous connus, et ces chiffres.

    Refusé si le fichier d'hypothèses ne les prolonge pas : une reconduction ne se fait jamais sans le dire.
    """
    later = [mois for mois in hypotheses.periode if loaded.stale(mois) or ended_figures(loaded, mois)]
    if not later:
        return (), ()
    ended = sorted({cle for mois in later for cle in ended_figures(loaded, mois)})
    names = tuple(f"{loaded.chiffres[cle].libelle} ({cle})" for cle in ended)
    sans = f" Sans valeur publiée : {plural(len(ended), 'chiffre')}, dont « {names[0]} »." if ended else ""
    if not hypotheses.chiffres_prolonges:
        raise GesteRefuse(
            f"Les chiffres de {later[0].libelle} et des mois suivants ne sont pas tous connus.{sans} Pour simuler avec "
            "les derniers chiffres connus, écrivez « chiffres_prolonges: true » dans le fichier d'hypothèses."
        )
    texte = (
        f"Chiffres prolongés : à partir de {later[0].libelle}, les derniers chiffres connus (SMIC, plafond, taux…) "
        f"sont reconduits tels quels, sauf ceux déjà publiés.{sans}"
    )
    return (texte,), names


def _read(registre: Registre, codes: list[str], mois: Month) -> _Mois:
    employeurs: dict[str, Employeur] = {}
    places: list[_Place] = []
    refus: list[str] = []
    with registre.transaction() as session:
        for code in codes:
            found = gather(session, find_adherent(session, code), mois)
            if isinstance(found, list):
                refus += [f"{code} : {anomalie}" for anomalie in found]
                continue
            employeurs[code] = found.employeur
            refus += [f"{code} : {anomalie}" for anomalie in blocking(found.anomalies)]
            places += [_Place((code, one.contrat.numero), found.employeur, one.situation) for one in found.contrats]
    return _Mois(mois, employeurs, tuple(places), tuple(refus))


def _places(lu: _Mois, cote: _Cote) -> Iterator[_Place]:
    """Les contrats du mois une fois les hypothèses passées, avec les cumuls que la simulation a menés jusque-là."""
    hired = [
        _Place((one.adherent, one.matricule), lu.employeurs[one.adherent], _hire(one))
        for one in cote.agents
        if isinstance(one, Embauche)
        and one.adherent in lu.employeurs
        and one.du <= lu.mois.last_day
        and (one.au is None or one.au >= lu.mois.first_day)
    ]
    for place in (*lu.places, *hired):
        situation = place.situation
        for one in cote.agents:
            if _concerns(one, place):
                situation = _apply(one, situation, lu.mois)
        if situation.date_fin is not None and situation.date_fin < lu.mois.first_day:
            continue
        if place.contrat in cote.cumuls:
            situation = replace(situation, cumuls=cote.cumuls[place.contrat])
        yield replace(place, situation=situation)


def _concerns(one: _DeAgent, place: _Place) -> bool:
    if (one.adherent, one.matricule) != (place.contrat[0], place.situation.matricule):
        return False
    return isinstance(one, Embauche) or not one.contrat or one.contrat == place.contrat[1]


def _apply(one: _DeAgent, situation: Situation, mois: Month) -> Situation:
    match one:
        case Depart():
            return replace(situation, date_fin=min(one.le, situation.date_fin or one.le))
        case Promotion() if one.du <= mois.first_day:
            return replace(
                situation,
                indice_majore=situation.indice_majore if one.indice_majore is None else one.indice_majore,
                nbi=situation.nbi if one.nbi is None else one.nbi,
                categorie=one.categorie or situation.categorie,
                permanents={**situation.permanents, **one.permanents},
            )
        case Temps() if one.du <= mois.first_day:
            return replace(
                situation,
                heures_hebdo=one.heures_hebdo or situation.heures_hebdo,
                # La durée de tous les emplois suit celle de ce poste : les autres employeurs ne sont pas simulés.
                heures_hebdo_tous_employeurs=_all_jobs(one, situation),
                regime_retraite=RegimeRetraite(one.regime_retraite or situation.regime_retraite),
                quotite=one.quotite or situation.quotite,
            )
        case _:
            return situation


def _all_jobs(one: Temps, situation: Situation) -> Fraction | None:
    total = situation.heures_hebdo_tous_employeurs
    if total is None or one.heures_hebdo is None:
        return total
    return total - situation.heures_hebdo + one.heures_hebdo


def _hire(one: Embauche) -> Situation:
    return Situation(
        matricule=one.matricule,
        statut=Statut(one.statut),
        regime_retraite=RegimeRetraite(one.regime_retraite),
        indice_majore=one.indice_majore,
        heures_hebdo=one.heures_hebdo,
        quotite=one.quotite,
        nbi=one.nbi,
        enfants_sft=one.enfants_sft,
        categorie=one.categorie,
        date_debut=one.du,
        date_fin=one.au,
        permanents=dict(sorted(one.permanents.items())),
    )


def _compute(
    lu: _Mois, cote: _Cote, ecartes: dict[str, list[Month]]
) -> dict[Contrat, tuple[Situation, Bulletin | None]]:
    """Les bulletins d'un côté ; ses cumuls avancent d'un mois, ``ecartes`` reçoit les refus."""
    places = list(_places(lu, cote))
    situations = [one.situation for one in places]
    calcul = engine.compute(lu.mois, [one.employeur for one in places], situations, cote.loi)
    for anomalie in blocking(calcul.anomalies):
        if lu.mois not in ecartes[str(anomalie)]:
            ecartes[str(anomalie)].append(lu.mois)
    for place, bulletin in zip(places, calcul.bulletins, strict=True):
        if bulletin is not None:
            # Les cumuls sont ceux de l'année civile : janvier repart de zéro.
            cote.cumuls[place.contrat] = Cumuls() if lu.mois.month == DECEMBRE else bulletin.cumuls
    return {
        place.contrat: (place.situation, bulletin) for place, bulletin in zip(places, calcul.bulletins, strict=True)
    }


def _costs(bulletin: Bulletin, population: str, rubriques: Catalogue) -> Iterator[tuple[str, str, int]]:
    """Le coût d'un bulletin par compte de dépense ; la somme est exactement ``cout_employeur``."""
    rest = bulletin.cout_employeur
    for ligne in bulletin.lignes:
        montant = (ligne.montant_salarie if ligne.section is Section.BRUT else 0) + ligne.montant_employeur
        if montant:
            rubrique = rubriques[ligne.code]
            rest -= montant
            yield rubrique.account(population), rubrique.intitule, montant
    if rest:
        yield "", "Autres", rest
