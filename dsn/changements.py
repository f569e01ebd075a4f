"""Les changements depuis la dernière déclaration : comparer ce que l'on va dire à ce que le message déposé disait.

Un bloc par modalité du contrat (41), un bloc par date pour les données identifiantes (31), toujours l'ancienne valeur
à la date d'effet de la nouvelle (CT §2.1.2.3 à §2.1.2.5, §4.4.14). Les correspondances sont des données :
``dsn/codes/changements.yaml``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from dsn import codes
from dsn.codes import Ligne
from dsn.facts import ChangementContrat, ChangementIndividu, Contrat, Individu
from dsn.message import Block
from dsn.monthly import written
from dsn.norm import Norm

_PROFONDEUR_MAXIMALE = 5
"""Années (CT §2.1.2.1)."""


@dataclass(frozen=True, slots=True)
class Etat:
    """Un contrat tel qu'il était à partir d'une date."""

    du: date
    contrat: Contrat


def declarer_changements(
    norm: Norm,
    mois: date,
    precedents: Iterable[Block],
    individus: Iterable[Individu],
    etats: Mapping[str, Sequence[Etat]],
) -> tuple[Individu, ...]:
    """Les mêmes personnes, avec ce qui a changé pour elles et pour leurs contrats.

    ``mois`` : premier jour du mois déclaré. ``precedents`` : les blocs S21.G00.30 du dernier message de
    l'établissement. ``etats`` : numéro de contrat → ses états successifs jusqu'à celui qui est déclaré, par date.
    Une personne se reconnaît à son NIR, à défaut à son matricule ; un contrat à son numéro, à défaut à son début.
    """
    known = list(precedents)
    by_nir = {block.get("001"): block for block in known if block.get("001")}
    by_matricule = {block.get("019"): block for block in known if block.get("019")}
    result = []
    for person in individus:
        before = by_nir.get(written(person, norm).get("001")) or by_matricule.get(person.matricule)
        result.append(_declared(norm, mois, before, person, etats))
    return tuple(result)


def _declared(
    norm: Norm, mois: date, before: Block | None, person: Individu, etats: Mapping[str, Sequence[Etat]]
) -> Individu:
    changes = () if before is None else _individu(norm, mois, before, person)
    contracts = tuple(
        replace(
            contract,
            changements=changements_contrat(
                norm,
                mois,
                _same_contract(before, contract, person.contrats, norm),
                etats.get(contract.numero) or (Etat(contract.date_debut, contract),),
            ),
        )
        for contract in person.contrats
    )
    return replace(person, changements=changes, contrats=contracts)


def _individu(norm: Norm, mois: date, before: Block, person: Individu) -> tuple[ChangementIndividu, ...]:
    now = written(person, norm)
    old = {
        name: value
        for name, suffix in (
            ("ancien_nir", "001"),
            ("ancien_nom", "002"),
            ("anciens_prenoms", "004"),
            ("ancienne_date_naissance", "006"),
        )
        if (value := before.get(suffix)) and now.get(suffix) and value != now.get(suffix)
    }
    return (ChangementIndividu(effet=mois, **old),) if old else ()


def _same_contract(before: Block | None, contract: Contrat, all_now: Sequence[Contrat], norm: Norm) -> Block | None:
    if before is None:
        return None
    declared = [child for child in before.children if child.id == Contrat.BLOC]
    same = next((block for block in declared if block.get("009") == contract.numero), None)
    if same is not None:
        return same
    numbers = {item.numero for item in all_now}
    start = written(contract, norm).get("001")
    renamed = [block for block in declared if block.get("009") not in numbers and block.get("001") == start]
    return renamed[0] if len(renamed) == 1 else None


def changements_contrat(
    norm: Norm, mois: date, before: Block | None, etats: Sequence[Etat]
) -> tuple[ChangementContrat, ...]:
    """Les blocs 41 d'un contrat. ``before`` : son dernier bloc 40 déclaré, ``None`` s'il ne l'a jamais été."""
    start = etats[-1].contrat.date_debut
    # Jamais déclaré : rien à comparer avant l'état que le mois trouve en commençant.
    opening = max((rank for rank, state in enumerate(etats) if state.du <= mois), default=0)
    told_states = etats if before is not None else etats[opening:]
    blocks = [(state.du, written(replace(state.contrat, changements=()), norm)) for state in told_states]
    identities: list[tuple[str, str]] = []
    found: list[ChangementContrat] = []
    for row in codes.load().changements():
        suffix, told = row.code[-3:], (row.valeur or "")[-3:]
        values = [(du, block.get(told)) for du, block in blocks]
        if row.effet == "identifiant":
            old = before.get(told) if before is not None else None
            if old and old != values[-1][1]:
                identities.append((suffix, old))
            continue
        steps = _steps(before.get(told) if before is not None else values[0][1], values, mois, row)
        known = norm.rubriques[row.code].codes
        writable = [(day, old) for day, old in steps if old and (not known or old in known)]
        for rank, (day, old) in enumerate(writable):
            effect = max(day, start, _limit(mois))
            depth = max(effect.replace(day=1), start) if rank == 0 else None
            found.append(ChangementContrat(effet=effect, profondeur=depth, anciennes=((suffix, old),)))
    if identities:
        found.insert(0, ChangementContrat(effet=max(mois, start), anciennes=tuple(identities)))
    return tuple(found)


def _steps(
    old: str | None, values: Sequence[tuple[date, str | None]], mois: date, row: Ligne
) -> list[tuple[date, str]]:
    """Les (date d'effet, ancienne valeur), de la plus ancienne à la plus récente."""
    if row.effet == "mois":
        return [(mois, old or row.vide)] if old != values[-1][1] else []
    past = [index for index, (day, value) in enumerate(values) if day < mois and value == old]
    earlier = [index for index, (day, _) in enumerate(values) if day < mois]
    # Ce qui a été dit court jusqu'au dernier état qui le confirme ; un état plus récent est un changement, même tardif.
    first = past[-1] + 1 if past else earlier[-1] if earlier else 0
    steps = []
    for day, value in values[first:]:
        if value != old:
            steps.append((day, old or row.vide))
        old = value
    return steps


def _limit(mois: date) -> date:
    return mois.replace(year=mois.year - _PROFONDEUR_MAXIMALE)
