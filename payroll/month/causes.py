"""D'un bulletin à un autre, une cause à la fois : l'ordre fixe des remplacements, et la phrase qui nomme chacun.

On part des entrées du premier bulletin et on les remplace groupe par groupe par celles du second, en recalculant à
chaque pas : la différence entre deux pas est l'effet de ce groupe, et leur somme est exactement la différence des deux
bulletins. L'ordre est celui de ``docs/comparer.md`` : un effet croisé (un taux qui change sur une base qui change) va
au groupe remplacé le dernier.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any

from payroll.catalogue import Catalogue
from payroll.engine.deliberations import NATURE_DU_MOTIF
from payroll.engine.situation import HOUR_VARIABLES, Apprenti, Employeur, Mandat, Saisie, Situation
from payroll.intake.layout import HEURES
from payroll.legislation import Legislation, PasScale
from payroll.legislation.conges import load_conges
from payroll.legislation.figures import Chiffre
from payroll.money import format_amount, format_percent
from payroll.periods import Month


@dataclass(frozen=True, slots=True)
class Cause:
    """Ce qui a changé, dit à une personne."""

    code: str
    """Famille de la cause : ``chiffre``, ``indice``, ``absences``, ``variable``…"""
    libelle: str
    """« Indice majoré : 366 → 372 »."""
    colonnes: tuple[str, ...] = ()
    """Colonnes d'entrée du moteur que cette cause change : leur origine se lit au registre."""
    texte: str = ""
    """Le texte de droit d'un chiffre qui change."""


@dataclass(frozen=True, slots=True)
class Etat:
    """Tout ce dont un bulletin dépend."""

    mois: Month
    legislation: Legislation
    employeur: Employeur
    situation: Situation


@dataclass(frozen=True, slots=True)
class _Groupe:
    code: str
    libelle: str
    champs: tuple[str, ...]
    montre: Callable[[Any], str] = str
    colonnes: tuple[str, ...] = ()


def _hours(value: Fraction | None) -> str:
    return "—" if value is None else f"{format_amount(int(value * 100))} h"


def _share(value: Fraction) -> str:
    return format_percent(int(value * 1_000_000))


def _rate(value: int | None) -> str:
    return "grille par défaut" if value is None else format_percent(value)


def _day(value: date | None) -> str:
    return "—" if value is None else f"{value:%d/%m/%Y}"


def _yes(value: bool | None) -> str:
    return "—" if value is None else "oui" if value else "non"


def _apprentice(value: Apprenti | None) -> str:
    if value is None:
        return "—"
    part = "" if value.pourcentage_smic_ppm is None else f", {format_percent(value.pourcentage_smic_ppm)} du SMIC"
    return f"année {value.annee}{part}"


def _mandate(value: Mandat | None) -> str:
    return "—" if value is None else f"{value.mandat}, {format_percent(value.taux_indemnite_ppm)}"


def _seizures(saisies: tuple[Saisie, ...]) -> str:
    """« n° 1 : 900,00 à retenir ; n° 2 » : le créancier n'est pas nommé."""
    parts = (
        f"n° {s.numero}" if s.solde is None else f"n° {s.numero} : {format_amount(s.solde)} à retenir" for s in saisies
    )
    return " ; ".join(parts) or "aucune"


_DATES = ("date_debut", "date_fin")
_ABSENCES = ("arrets", "absences_anterieures", "jours_cmo_anterieurs", "salaires_precedents")
_DATES_DU_MOIS = {"contrat": _DATES, "absences": _ABSENCES, "segments": ("segments",), "rappels": ("rappels",)}
"""Ce qui est daté dans le mois : retiré avant de changer de mois, remis après, l'effet allant à la même cause."""
_LIBELLES_DATES = {
    "contrat": "Entrée ou sortie en cours de mois",
    "absences": "Absences",
    "segments": "Changement en cours de mois",
    "rappels": "Rappels de mois passés",
}
_COLONNES_DATES = {"contrat": ("premier_jour", "dernier_jour"), "absences": ("jours_cmo", "jours_carence")}

_GROUPES = (
    _Groupe("statut", "Statut", ("statut",), str, ("population",)),
    _Groupe("regime", "Régime de retraite", ("regime_retraite",), lambda v: str(v).upper(), ("population",)),
    _Groupe("indice", "Indice majoré", ("indice_majore",), str, ("indice_majore",)),
    _Groupe("temps", "Durée du poste", ("heures_hebdo",), _hours, ("heures_hebdo",)),
    _Groupe("temps", "Durée de tous les postes", ("heures_hebdo_tous_employeurs",), _hours, ("heures_hebdo",)),
    _Groupe("quotite", "Temps partiel", ("quotite",), _share, ("quotite",)),
    _Groupe("nbi", "Points de NBI", ("nbi",), str, ("nbi_points",)),
    _Groupe("sft", "Enfants du supplément familial", ("enfants_sft",), str, ("enfants_sft",)),
    _Groupe("sft", "Enfants en résidence alternée", ("enfants_sft_alternes",), str, ("enfants_sft_alternes",)),
    _Groupe("saisies", "Personnes à charge (saisies)", ("personnes_a_charge",), str, ("personnes_a_charge",)),
    _Groupe("saisies", "Saisies en cours", ("saisies",), _seizures, ("saisie_demande_1",)),
    _Groupe("categorie", "Catégorie", ("categorie",), str, ("categorie",)),
    _Groupe("mandat", "Mandat", ("elu",), _mandate, ("taux_indemnite",)),
    _Groupe("remuneration", "Prix de l'heure", ("taux_horaire",), format_amount),
    _Groupe("remuneration", "Prix de la vacation", ("prix_vacation",), format_amount),
)
_GROUPES_RARES = (
    _Groupe("apprenti", "Apprentissage", ("apprenti",), _apprentice, ("apprenti_annee",)),
    # Une date de naissance ne s'écrit pas : on dit seulement qu'elle a été corrigée.
    _Groupe("autre", "Date de naissance", ("date_naissance",), lambda _: "…"),
    _Groupe("autre", "Rémunérations des autres contrats", ("autres_remunerations",), format_amount),
    _Groupe("autre", "Heures hors CNRACL", ("heures_hors_cnracl",), _hours),
    _Groupe("autre", "Ancienneté", ("anciennete_depuis",), _day),
    _Groupe("autre", "Subrogation pour cet agent", ("subrogation",), _yes),
)
_TRAITES_A_PART = frozenset(
    {"matricule", "permanents", "variables", "cumuls", "taux_pas_ppm", "territoire_pas", "contrat_court"}
    | {champ for groupe in (*_GROUPES, *_GROUPES_RARES) for champ in groupe.champs}
    | {champ for champs in _DATES_DU_MOIS.values() for champ in champs}
)
_PAS = (
    _Groupe("pas", "Domicile fiscal", ("territoire_pas",), str, ("territoire_pas",)),
    _Groupe("pas", "Contrat court", ("contrat_court",), _yes, ("contrat_court",)),
    _Groupe("pas", "Taux du prélèvement à la source", ("taux_pas_ppm",), _rate, ("taux_pas",)),
)
_EMPLOYEUR: Mapping[str, tuple[str, Callable[[Any], str], tuple[str, ...]]] = {
    "population": ("Population de la commune", str, ()),
    "effectif": ("Effectif de l'adhérent", str, ("effectif",)),
    "zone_residence": ("Zone d'indemnité de résidence", str, ("zone_residence",)),
    "taux_at_ppm": ("Taux d'accidents du travail", format_percent, ("taux_at",)),
    "taux_versement_mobilite_ppm": ("Taux de versement mobilité", format_percent, ("taux_versement_mobilite",)),
    "taux_cdg_ppm": ("Taux du centre de gestion", format_percent, ("taux_cdg",)),
    "cnfpt": ("Cotisation au CNFPT", _yes, ("employeur_cnfpt",)),
    "assurance_chomage": ("Assurance chômage", _yes, ("employeur_assurance_chomage",)),
    "titre_restaurant_valeur": ("Valeur du titre-restaurant", format_amount, ("titre_restaurant_valeur",)),
    "titre_restaurant_part_employeur": (
        "Part de l'employeur au titre-restaurant",
        format_amount,
        ("titre_restaurant_part_employeur",),
    ),
    "heures_complementaires_majorees": (
        "Majoration des heures complémentaires",
        _yes,
        ("heures_complementaires_majorees",),
    ),
    "primes_en_maladie": ("Primes pendant la maladie", str, ("clause_primes_cmo", "clause_primes_cmo_demi_traitement")),
    "primes_en_absence": (
        "Primes pendant les absences",
        lambda clauses: ", ".join(f"{nature} {clause}" for nature, clause in clauses.items()) or "aucune clause",
        tuple(f"clause_primes_{motif}" for motif in NATURE_DU_MOTIF),
    ),
    "subrogation": ("Subrogation des indemnités journalières", _yes, ("subrogation",)),
}  # fmt: skip

Pas = tuple[Cause, Etat]


def steps(depart: Etat, arrivee: Etat, chiffres: frozenset[str], catalogue: Catalogue) -> Iterator[Pas]:
    """Les états successifs de ``depart`` à ``arrivee``, chacun avec la cause qui le sépare du précédent.

    ``chiffres`` : les clés que l'un des deux bulletins a lues ; les autres changent ensemble, sans effet attendu.
    """
    etat = depart
    if depart.mois != arrivee.mois:
        vides = {champ: _default(champ) for champs in _present(_DATES_DU_MOIS).values() for champ in champs}
        for code, champs in _present(_DATES_DU_MOIS).items():
            if any(getattr(etat.situation, champ) != vides[champ] for champ in champs):
                sans = replace(etat.situation, **{champ: vides[champ] for champ in champs})
                etat = replace(etat, situation=sans)
                yield _dated(code, depart, arrivee), etat
        yield from _month(etat, arrivee, chiffres)
        etat = replace(arrivee, employeur=etat.employeur, situation=etat.situation)
    yield from _employer(etat, arrivee)
    etat = replace(etat, employeur=arrivee.employeur)
    for cause, situation in _agent(etat, arrivee, depart, catalogue):
        etat = replace(etat, situation=situation)
        yield cause, etat


def _month(etat: Etat, arrivee: Etat, chiffres: frozenset[str]) -> Iterator[Pas]:
    """Le calendrier d'abord, chiffres inchangés ; puis chaque chiffre qui change, dans l'ordre des clés."""
    jours = (etat.mois.first_day, arrivee.mois.first_day)
    avant = {cle: chiffre.on(jours[0]) for cle, chiffre in etat.legislation.chiffres.items()}
    changed = [
        cle
        for cle, chiffre in sorted(arrivee.legislation.chiffres.items())
        if (a := avant.get(cle)) is not (b := chiffre.on(jours[1])) and (a is None or b is None or a.exact != b.exact)
    ]
    remaining = dict.fromkeys(changed)
    tenue = _held(arrivee.legislation, etat.legislation, remaining, jours, grilles=True)
    libelle = f"Calendrier : {etat.mois.libelle} → {arrivee.mois.libelle}"
    yield Cause("calendrier", libelle), replace(etat, mois=arrivee.mois, legislation=tenue)
    unread = [cle for cle in changed if cle not in chiffres]
    for cle in (cle for cle in changed if cle in chiffres):
        del remaining[cle]
        tenue = _held(arrivee.legislation, etat.legislation, remaining, jours, grilles=True)
        yield (
            _figure(avant[cle], arrivee.legislation.chiffres[cle], jours[1]),
            replace(etat, mois=arrivee.mois, legislation=tenue),
        )
    before, after = (
        _scale(loi, etat, jour) for loi, jour in zip((etat.legislation, arrivee.legislation), jours, strict=True)
    )
    if before is not after:
        tenue = _held(arrivee.legislation, etat.legislation, dict.fromkeys(unread), jours, grilles=False)
        cause = Cause("pas", "Grille du taux par défaut", (), after.texte if after else "")
        yield cause, replace(etat, mois=arrivee.mois, legislation=tenue)
    if unread:
        yield (
            Cause("chiffre", "Autres chiffres datés"),
            replace(arrivee, employeur=etat.employeur, situation=etat.situation),
        )


def _scale(loi: Legislation, etat: Etat, jour: date) -> PasScale | None:
    scales = loi.grilles.get(etat.situation.territoire_pas, ())
    return next((scale for scale in scales if scale.covers(jour)), None)


def _figure(avant: Any, chiffre: Chiffre, jour: date) -> Cause:
    apres = chiffre.on(jour)
    lisibles = " → ".join(value.lisible if value else "—" for value in (avant, apres))
    source = apres or avant
    return Cause("chiffre", f"{chiffre.libelle} : {lisibles}", (), f"{source.texte}, depuis le {_day(source.du)}")


def _held(
    legislation: Legislation,
    ancienne: Legislation,
    cles: Mapping[str, None],
    jours: tuple[date, date],
    *,
    grilles: bool,
) -> Legislation:
    """La législation où ces chiffres gardent, le mois d'arrivée, la valeur qu'ils avaient au mois de départ."""
    mois = Month.of(jours[1])
    chiffres = dict(legislation.chiffres)
    for cle in cles:
        chiffre = chiffres[cle]
        value = ancienne.chiffres[cle].on(jours[0]) if cle in ancienne.chiffres else None
        others = tuple(other for other in chiffre.valeurs if value is not None or not other.covers(jours[1]))
        kept = (replace(value, du=mois.first_day, au=mois.last_day),) if value else ()
        # La première valeur qui couvre le jour est celle que le moteur lit.
        chiffres[cle] = replace(chiffre, valeurs=(*kept, *others) or chiffre.valeurs)
    scales = dict(legislation.grilles)
    if grilles:
        for territoire, rows in ancienne.grilles.items():
            held = next((scale for scale in rows if scale.covers(jours[0])), None)
            if held is not None:
                scales[territoire] = (
                    replace(held, du=mois.first_day, au=mois.last_day),
                    *legislation.grilles.get(territoire, ()),
                )
    return replace(legislation, chiffres=chiffres, grilles=scales)


def _employer(etat: Etat, arrivee: Etat) -> Iterator[Pas]:
    for champ in fields(Employeur):
        before, after = getattr(etat.employeur, champ.name), getattr(arrivee.employeur, champ.name)
        if before == after:
            continue
        etat = replace(etat, employeur=replace(etat.employeur, **{champ.name: after}))
        libelle, montre, colonnes = _EMPLOYEUR.get(champ.name, (f"Adhérent, {champ.name}", str, ()))
        yield Cause("adherent", f"{libelle} : {montre(before)} → {montre(after)}", colonnes), etat


def _agent(etat: Etat, arrivee: Etat, depart: Etat, catalogue: Catalogue) -> Iterator[tuple[Cause, Situation]]:
    """La situation, groupe par groupe ; les cumuls puis l'impôt viennent en dernier, sur des bases déjà changées."""
    situation, but = etat.situation, arrivee.situation
    others = tuple(
        _Groupe("autre", f"Autre donnée ({champ.name})", (champ.name,))
        for champ in fields(Situation)
        if champ.name not in _TRAITES_A_PART
    )
    known = {champ.name for champ in fields(Situation)}
    for groupe in (*_GROUPES, *_GROUPES_RARES, *others):
        if groupe.champs[0] in known and (moved := _moved(situation, but, groupe)):
            cause, situation = moved
            yield cause, situation
    for saisie in ("permanents", "variables"):
        yield from _amounts(situation, but, saisie, catalogue)
        situation = replace(situation, **{saisie: getattr(but, saisie)})
    for code, champs in _present(_DATES_DU_MOIS).items():
        if any(getattr(situation, champ) != getattr(but, champ) for champ in champs):
            situation = replace(situation, **{champ: getattr(but, champ) for champ in champs})
            yield _dated(code, depart, arrivee), situation
    if situation.cumuls != but.cumuls:
        situation = replace(situation, cumuls=but.cumuls)
        yield Cause("cumuls", "Cumuls de l'année (plafonds régularisés)", ("cumul_rafp_assiette",)), situation
    for groupe in _PAS:
        if moved := _moved(situation, but, groupe):
            cause, situation = moved
            yield cause, situation


def _moved(situation: Situation, but: Situation, groupe: _Groupe) -> tuple[Cause, Situation] | None:
    before, after = getattr(situation, groupe.champs[0]), getattr(but, groupe.champs[0])
    if before == after:
        return None
    libelle = f"{groupe.libelle} : {groupe.montre(before)} → {groupe.montre(after)}"
    return Cause(groupe.code, libelle, groupe.colonnes), replace(situation, **{groupe.champs[0]: after})


def _amounts(
    situation: Situation, but: Situation, saisie: str, catalogue: Catalogue
) -> Iterator[tuple[Cause, Situation]]:
    code = saisie.removesuffix("s")
    quoi = "élément permanent" if saisie == "permanents" else "élément variable"
    for rubrique in sorted({*getattr(situation, saisie), *getattr(but, saisie)}):
        before, after = (getattr(one, saisie).get(rubrique) for one in (situation, but))
        if before == after:
            continue
        values = {**getattr(situation, saisie), rubrique: after}
        kept: Any = {key: value for key, value in values.items() if value is not None}
        situation = replace(situation, **{saisie: kept})
        montre = partial(_amount, heures=rubrique in HOUR_VARIABLES)
        libelle = catalogue[rubrique].intitule if rubrique in catalogue else HEURES.get(rubrique, rubrique)
        colonne = rubrique if rubrique in HOUR_VARIABLES else f"{code}_{rubrique}"
        yield Cause(code, f"{libelle} ({quoi}) : {montre(before)} → {montre(after)}", (colonne,)), situation


def _amount(value: int | None, *, heures: bool) -> str:
    return "—" if value is None else f"{format_amount(value)} {'h' if heures else '€'}"


def _dated(code: str, depart: Etat, arrivee: Etat) -> Cause:
    texts = [_told(code, etat.situation, etat.mois) for etat in (depart, arrivee)]
    return Cause(code, f"{_LIBELLES_DATES[code]} : {texts[0]} → {texts[1]}", _COLONNES_DATES.get(code, ()))


def _leave(nature: str) -> str:
    found = load_conges().natures.get(nature)
    return found.libelle if found else nature


def _told(code: str, situation: Situation, mois: Month) -> str:
    if code == "contrat":
        within = [
            f"{mot} {_day(day)}"
            for mot, day in (("entrée le", situation.date_debut), ("sortie le", situation.date_fin))
            if day is not None and mois.first_day <= day <= mois.last_day
        ]
        return ", ".join(within) or "mois entier"
    if code == "absences":
        arrets = [
            f"{_leave(arret.type)} du {_day(arret.debut)} au {_day(arret.fin)}"
            for arret in situation.arrets
            if arret.debut <= mois.last_day and arret.fin >= mois.first_day
        ]
        return ", ".join(arrets) or "aucune"
    count = len(getattr(situation, code))
    return f"{count}" if count else "aucun"


def _present(groups: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    known = {champ.name for champ in fields(Situation)}
    found = {code: tuple(champ for champ in champs if champ in known) for code, champs in groups.items()}
    return {code: champs for code, champs in found.items() if champs}


_VIDE: Mapping[str, Any] = {"date_debut": None, "date_fin": None, "jours_cmo_anterieurs": 0, "salaires_precedents": {}}


def _default(champ: str) -> Any:
    return _VIDE.get(champ, ())
