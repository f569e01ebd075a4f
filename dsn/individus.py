"""Une personne, un bloc : ses contrats réunis, un versement par paiement, chaque base rattachée à son contrat.

Un versement (S21.G00.50) est un paiement à une personne, tous contrats confondus : la rémunération (51.010), la prime
(52.006) et la base (78.006) disent le contrat. Deux paiements à des taux de prélèvement différents restent distincts,
car le bloc n'admet qu'un taux (CT p.239-242).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from dsn.facts import Base, ElementRevenuCalcule, Individu, Versement


def fusionner(individus: Iterable[Individu]) -> tuple[Individu, ...]:
    """Réunit les faits d'une même personne (NIR, à défaut NTT ; CCH-14 p.169), dans l'ordre de leur venue.

    Le numéro de contrat d'une base n'est gardé que si la personne a plusieurs contrats (CT p.294).
    """
    groups: dict[str, list[Individu]] = {}
    for rank, person in enumerate(individus):
        groups.setdefault(person.nir[:13] or person.ntt or f"sans-{rank}", []).append(person)
    return tuple(_one(people) for people in groups.values())


def _one(people: list[Individu]) -> Individu:
    people = _renumbered(people)
    contracts = tuple(contract for person in people for contract in person.contrats)
    payments = [payment for person in people for payment in person.versements]
    several = len(contracts) > 1
    return replace(
        people[0],
        changements=tuple(dict.fromkeys(item for person in people for item in person.changements)),
        contrats=contracts,
        versements=tuple(
            replace(payment, numero=f"{rank:02d}", bases=payment.bases if several else _unnumbered(payment))
            for rank, payment in enumerate(_payments(payments), start=1)
        ),
        anciennetes=tuple(dict.fromkeys(item for person in people for item in person.anciennetes)),
        saisies=tuple(dict.fromkeys(item for person in people for item in person.saisies)),
    )


def _renumbered(people: list[Individu]) -> list[Individu]:
    """Chaque affiliation reçoit un numéro propre à la personne (CCH-11 p.283), que ses bases citent."""
    if len(people) == 1 or not any(contract.affiliations for person in people for contract in person.contrats):
        return people
    rank, result = 0, []
    for person in people:
        numbers: dict[str, str] = {}
        for contract in person.contrats:
            for item in contract.affiliations:
                rank += 1
                numbers[item.identifiant] = str(rank)
        result.append(
            replace(
                person,
                contrats=tuple(
                    replace(
                        contract,
                        affiliations=tuple(
                            replace(item, identifiant=numbers[item.identifiant]) for item in contract.affiliations
                        ),
                    )
                    for contract in person.contrats
                ),
                versements=tuple(
                    replace(
                        payment,
                        bases=tuple(
                            replace(base, affiliation=numbers[base.affiliation]) if base.affiliation else base
                            for base in payment.bases
                        ),
                    )
                    for payment in person.versements
                ),
            )
        )
    return result


def _unnumbered(payment: Versement) -> tuple[Base, ...]:
    return tuple(replace(base, numero_contrat="") for base in payment.bases)


def _payments(payments: Iterable[Versement]) -> list[Versement]:
    merged: dict[tuple[object, ...], Versement] = {}
    for payment in payments:
        key = (payment.date_versement, payment.taux_pas_ppm, payment.type_taux_pas, payment.identifiant_taux)
        merged[key] = _added(merged[key], payment) if key in merged else payment
    return list(merged.values())


def _added(one: Versement, other: Versement) -> Versement:
    return replace(
        one,
        remuneration_nette_fiscale=one.remuneration_nette_fiscale + other.remuneration_nette_fiscale,
        net_verse=one.net_verse + other.net_verse,
        pas=one.pas + other.pas,
        soumis_pas=one.soumis_pas + other.soumis_pas,
        non_imposable=_sum(one.non_imposable, other.non_imposable),
        abattement=_sum(one.abattement, other.abattement),
        remunerations=(*one.remunerations, *other.remunerations),
        primes=(*one.primes, *other.primes),
        autres_elements=(*one.autres_elements, *other.autres_elements),
        regularisations_pas=(*one.regularisations_pas, *other.regularisations_pas),
        elements_nets=_nets((*one.elements_nets, *other.elements_nets)),
        bases=(*one.bases, *other.bases),
    )


def _nets(elements: Iterable[ElementRevenuCalcule]) -> tuple[ElementRevenuCalcule, ...]:
    """Un élément calculé en net vaut pour le versement entier : un bloc par type, sur la période qui les couvre."""
    merged: dict[str, ElementRevenuCalcule] = {}
    for item in elements:
        known = merged.get(item.type)
        if known is None:
            merged[item.type] = item
            continue
        starts = [day for day in (known.debut, item.debut) if day is not None]
        ends = [day for day in (known.fin, item.fin) if day is not None]
        merged[item.type] = replace(
            known,
            montant=known.montant + item.montant,
            debut=min(starts, default=None),
            fin=max(ends, default=None),
        )
    return tuple(merged.values())


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)
