"""Comparer deux bulletins d'un agent : deux mois, ou deux révisions d'un mois ; ce qui a changé, et pourquoi.

L'écart de chaque ligne et de chaque total est la somme exacte des effets de ses causes (:mod:`payroll.month.causes`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from sqlmodel import Session, col, select

from payroll import catalogue, legislation
from payroll.engine import compute
from payroll.engine.bulletin import Bulletin, Ligne
from payroll.engine.explain import TOTAUX, Recit
from payroll.month.causes import Cause, Etat, steps
from payroll.month.commun import GesteRefuse, find_adherent, key
from payroll.month.expliquer import find_revision
from payroll.month.instantane import bulletin_from_rows, inputs_from_json
from payroll.month.origines import Dossiers, origins_of, read_files
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import BulletinPaie, Contrat, LigneBulletin, Paie

TOTAUX_COMPARES = (
    "brut",
    "cotisations_salarie",
    "cotisations_employeur",
    "net_avant_impot",
    "net_imposable",
    "montant_net_social",
    "pas",
    "net_a_payer",
    "cout_employeur",
)
LIBELLES = {**TOTAUX, "pas": "Prélèvement à la source"}
"""Total → comment le nommer."""

Place = tuple[str, str]
"""Rubrique, et mois du droit d'une ligne de rappel (vide : le mois du bulletin)."""


@dataclass(frozen=True, slots=True)
class Montants:
    """Ce qu'une ligne porte, en centimes ; taux en millionièmes (``None`` : plusieurs, ou sans objet)."""

    salarie: int = 0
    employeur: int = 0
    base: int | None = None
    taux_salarie_ppm: int | None = None
    taux_employeur_ppm: int | None = None


@dataclass(frozen=True, slots=True)
class Effet:
    """Ce qu'une cause ajoute ou retire, en centimes signés."""

    cause: Cause
    origine: str
    """D'où vient la donnée nouvelle (dossier, fichier et cellule, texte de droit) ; vide : non situé."""
    totaux: Mapping[str, int]
    """Total → écart ; tous les :data:`TOTAUX_COMPARES`."""
    lignes: Mapping[Place, tuple[int, int]] = field(default_factory=dict)
    """Ligne → écart (part de l'agent, part de l'employeur), pour les seules lignes que la cause change."""


@dataclass(frozen=True, slots=True)
class LigneComparee:
    """Une ligne présente sur l'un des deux bulletins au moins."""

    place: Place
    libelle: str
    avant: Montants | None
    apres: Montants | None
    effets: tuple[tuple[Cause, int, int], ...]
    """Cause, écart de l'agent, écart de l'employeur ; leur somme est l'écart de la ligne."""


@dataclass(frozen=True, slots=True)
class Comparaison:
    """Les deux bulletins d'un contrat, leurs écarts et leurs causes ; un bulletin absent compte pour zéro."""

    matricule: str
    contrat: str
    avant: Bulletin | None
    apres: Bulletin | None
    revisions: tuple[int, int]
    effets: tuple[Effet, ...]
    lignes: tuple[LigneComparee, ...]

    def ecart(self, total: str) -> int:
        """L'écart d'un total, en centimes : exactement la somme des effets."""
        before, after = (getattr(bulletin, total) if bulletin else 0 for bulletin in (self.avant, self.apres))
        return int(after - before)


@dataclass(frozen=True, slots=True)
class Garde:
    """Un bulletin gardé, avec ce qui permet de le refaire et de dire d'où viennent ses données."""

    bulletin: Bulletin
    etat: Etat
    origines: Mapping[str, str]


def compare_payslips(
    registre: Registre,
    code: str,
    matricule: str,
    avant: tuple[Month, int | None],
    apres: tuple[Month, int | None],
) -> list[Comparaison]:
    """Compare les bulletins d'un agent, contrat par contrat ; ``avant`` et ``apres`` : mois et révision (``None`` :
    la courante).

    Lève :class:`GesteRefuse` si l'adhérent, un mois ou une révision n'existe pas, ou si l'agent n'a de bulletin dans
    aucun des deux.
    """
    found, noms = _compare_all(registre, code, [matricule], avant, apres)
    if not found:
        raise GesteRefuse(f"{noms[0]} : l'agent {matricule} n'a de bulletin ni dans {noms[1]}, ni dans {noms[2]}.")
    return found


def compare_agents(
    registre: Registre,
    code: str,
    matricules: Collection[str],
    avant: tuple[Month, int | None],
    apres: tuple[Month, int | None],
) -> list[Comparaison]:
    """La même comparaison pour plusieurs agents, tous lus d'un coup ; qui n'a de bulletin nulle part n'y est pas.

    Lève :class:`GesteRefuse` si l'adhérent, un mois ou une révision n'existe pas.
    """
    return _compare_all(registre, code, matricules, avant, apres)[0] if matricules else []


def _compare_all(
    registre: Registre,
    code: str,
    matricules: Collection[str],
    avant: tuple[Month, int | None],
    apres: tuple[Month, int | None],
) -> tuple[list[Comparaison], tuple[str, str, str]]:
    """Les comparaisons, et comment nommer l'adhérent et les deux paies."""
    with registre.transaction() as session:
        adherent = find_adherent(session, code)
        paies = [find_revision(session, adherent, mois, revision) for mois, revision in (avant, apres)]
        # Les origines du premier ne se montrent pas : ce qui a changé se cite au second.
        sides = [_kept(session, paie, matricules, situer=paie is paies[1]) for paie in paies]
    revisions = (paies[0].revision, paies[1].revision)
    found = [
        compare_kept(place[0], place[1], sides[0].get(place), sides[1].get(place), revisions)
        for place in sorted({*sides[0], *sides[1]})
    ]
    return found, (adherent.nom, _named(paies[0]), _named(paies[1]))


def _kept(session: Session, paie: Paie, matricules: Collection[str], *, situer: bool) -> dict[tuple[str, str], Garde]:
    """(matricule, numéro de contrat) → le bulletin gardé de cette paie."""
    mois = Month.parse(paie.mois)
    wanted = (BulletinPaie.paie_id == paie.id, col(BulletinPaie.matricule).in_(matricules))
    rows = session.exec(
        select(Contrat.numero, BulletinPaie)
        .join(BulletinPaie, col(BulletinPaie.contrat_id) == col(Contrat.id))
        .where(*wanted)
    ).all()
    lines: dict[int, list[LigneBulletin]] = defaultdict(list)
    for line in session.exec(
        select(LigneBulletin).join(BulletinPaie, col(BulletinPaie.id) == col(LigneBulletin.bulletin_id)).where(*wanted)
    ):
        lines[line.bulletin_id].append(line)
    dossiers = read_files(session, [row for _, row in rows], mois) if situer and rows else None
    return {
        (row.matricule, numero): kept_payslip(row, bulletin_from_rows(row, lines[key(row.id)], mois), dossiers)
        for numero, row in rows
    }


def kept_payslip(row: BulletinPaie, bulletin: Bulletin, dossiers: Dossiers | None) -> Garde:
    """Un bulletin relu, avec ses entrées d'alors ; avec ``dossiers``, et d'où chacune venait."""
    employeur, situation = inputs_from_json(row.entrees)
    etat = Etat(bulletin.mois, legislation.load(), employeur, situation)
    return Garde(bulletin, etat, origins_of(dossiers, row, bulletin.mois, situation) if dossiers else {})


def _named(paie: Paie) -> str:
    return f"la paie de {Month.parse(paie.mois).libelle} (révision {paie.revision})"


def compare_kept(
    matricule: str, numero: str, avant: Garde | None, apres: Garde | None, revisions: tuple[int, int]
) -> Comparaison:
    """La comparaison des deux bulletins d'un contrat ; l'un des deux peut manquer. Refait des bulletins : long."""
    if avant is not None and apres is not None:
        kept = (avant.bulletin, apres.bulletin)
        effets = effects_between(avant.etat, apres.etat, kept, apres.origines)
    else:
        effets = [_whole(avant, apres)]
    bulletins = (avant.bulletin if avant else None, apres.bulletin if apres else None)
    return Comparaison(matricule, numero, *bulletins, revisions, tuple(effets), _lines(*bulletins, effets))


def _whole(avant: Garde | None, apres: Garde | None) -> Effet:
    """Un contrat qui n'a qu'un des deux bulletins : tout son montant est l'écart."""
    libelle = "Pas de bulletin pour ce contrat avant" if avant is None else "Plus de bulletin pour ce contrat"
    before, after = (garde.bulletin if garde else None for garde in (avant, apres))
    return _effect(Cause("contrat", libelle), "", before, after)


def effects_between(
    depart: Etat, arrivee: Etat, gardes: tuple[Bulletin, Bulletin], origines: Mapping[str, str] | None = None
) -> list[Effet]:
    """Du premier bulletin gardé au second, cause par cause ; leur somme est exactement leur différence.

    ``origines`` : colonne d'entrée → d'où vient la donnée du second. Un pas que le moteur refuse se joint au suivant.
    """
    departs, arrivees = (_again(etat) for etat in (depart, arrivee))
    regles = Cause("regles", "Chiffres ou règles corrigés depuis le calcul")
    if departs is None or arrivees is None:
        return _merged([_effect(regles, "", *gardes)])
    effets = [_effect(regles, "", gardes[0], departs)]
    chiffres = _figures(depart) | _figures(arrivee) if depart.mois != arrivee.mois else frozenset()
    courant = departs
    refused: list[Cause] = []
    for cause, etat in steps(depart, arrivee, chiffres, catalogue.load()):
        found = _again(etat)
        if found is None:
            refused.append(cause)
            continue
        effets.append(_effect(_joined(refused, cause), _origin(cause, origines or {}), courant, found))
        courant, refused = found, []
    reste = Cause("combinaison", "Combinaison : " + " ; ".join(cause.libelle for cause in refused))
    effets.append(_effect(reste, "", courant, arrivees))
    effets.append(_effect(regles, "", arrivees, gardes[1]))
    return _merged(effets)


def _again(etat: Etat) -> Bulletin | None:
    (bulletin,) = compute(etat.mois, [etat.employeur], [etat.situation], etat.legislation).bulletins
    return bulletin


def _figures(etat: Etat) -> frozenset[str]:
    return Recit(etat.mois, etat.employeur, etat.situation, etat.legislation).chiffres


def _joined(refused: list[Cause], cause: Cause) -> Cause:
    if not refused:
        return cause
    return Cause("combinaison", "Combinaison : " + " ; ".join(one.libelle for one in (*refused, cause)))


def _origin(cause: Cause, origines: Mapping[str, str]) -> str:
    return cause.texte or next((origines[name] for name in cause.colonnes if name in origines), "")


def _effect(cause: Cause, origine: str, before: Bulletin | None, after: Bulletin | None) -> Effet:
    totaux = {
        total: (getattr(after, total) if after else 0) - (getattr(before, total) if before else 0)
        for total in TOTAUX_COMPARES
    }
    old, new = amounts_by_place(before), amounts_by_place(after)
    lignes = {
        place: delta
        for place in (*old, *(place for place in new if place not in old))
        if (delta := _delta(old.get(place, Montants()), new.get(place, Montants()))) != (0, 0)
    }
    return Effet(cause, origine, totaux, lignes)


def _delta(before: Montants, after: Montants) -> tuple[int, int]:
    return after.salarie - before.salarie, after.employeur - before.employeur


def _merged(effets: Iterable[Effet]) -> list[Effet]:
    """Les effets d'une même cause réunis, les causes sans effet retirées, dans l'ordre de leur première venue."""
    merged: dict[tuple[str, str], Effet] = {}
    for effet in effets:
        key = (effet.cause.code, effet.cause.libelle)
        known = merged.get(key)
        if known is None:
            merged[key] = effet
            continue
        totaux = {total: known.totaux[total] + effet.totaux[total] for total in TOTAUX_COMPARES}
        lignes = dict(known.lignes)
        for place, (salarie, employeur) in effet.lignes.items():
            base = lignes.get(place, (0, 0))
            lignes[place] = (base[0] + salarie, base[1] + employeur)
        lignes = {place: delta for place, delta in lignes.items() if delta != (0, 0)}
        merged[key] = Effet(known.cause, known.origine or effet.origine, totaux, lignes)
    return [effet for effet in merged.values() if effet.lignes or any(effet.totaux.values())]


def _lines(avant: Bulletin | None, apres: Bulletin | None, effets: Iterable[Effet]) -> tuple[LigneComparee, ...]:
    old, new = amounts_by_place(avant), amounts_by_place(apres)
    printed = {_place(ligne): ligne for bulletin in (apres, avant) if bulletin for ligne in bulletin.lignes}
    ordered = sorted(printed, key=lambda place: (printed[place].ordre, place))
    return tuple(
        LigneComparee(
            place,
            printed[place].libelle_imprime,
            old.get(place),
            new.get(place),
            tuple((effet.cause, *effet.lignes[place]) for effet in effets if place in effet.lignes),
        )
        for place in ordered
    )


def amounts_by_place(bulletin: Bulletin | None) -> dict[Place, Montants]:
    """Les montants d'un bulletin par rubrique et mois du droit ; les lignes d'une même place s'additionnent."""
    found: dict[Place, Montants] = {}
    for ligne in bulletin.lignes if bulletin else ():
        known = found.get(_place(ligne))
        if known is None:
            found[_place(ligne)] = Montants(
                ligne.montant_salarie,
                ligne.montant_employeur,
                ligne.base,
                ligne.taux_salarie_ppm,
                ligne.taux_employeur_ppm,
            )
        else:
            found[_place(ligne)] = Montants(
                known.salarie + ligne.montant_salarie, known.employeur + ligne.montant_employeur
            )
    return found


def _place(ligne: Ligne) -> Place:
    return ligne.code, str(ligne.periode) if ligne.periode else ""
