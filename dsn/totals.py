"""Les totaux d'une déclaration : rémunérations requises, CTP agrégés, bordereau, paiements arrondis à l'euro."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from dsn.amounts import euro
from dsn.assemble import LigneCtp, LignePaie
from dsn.codes import Codes
from dsn.codes.rows import apply
from dsn.facts import Activite, CotisationAgregee, Individu, Remuneration, Versement


def remunerations_requises(
    debut: date,
    fin: date,
    numero_contrat: str,
    *,
    brut: int,
    brut_chomage: int,
    retabli: int,
    salaire_base: int,
    activites: tuple[Activite, ...] = (),
) -> tuple[Remuneration, ...]:
    """Les quatre rémunérations exigées par contrat et versement (001, 002, 003, 010 ; CCH-11 p.245), en centimes.

    L'activité suit le type 002, seul à l'admettre.
    """
    amounts = (("001", brut), ("002", brut_chomage), ("003", retabli), ("010", salaire_base))
    return tuple(
        Remuneration(
            debut=debut,
            fin=fin,
            numero_contrat=numero_contrat,
            type=kind,
            montant=amount,
            activites=activites if kind == "002" else (),
        )
        for kind, amount in amounts
    )


def agreger(lignes: Iterable[LigneCtp]) -> tuple[CotisationAgregee, ...]:
    """Les CTP sommés par code, qualifiant, taux AT et commune ; assiettes et montants arrondis à l'euro."""
    sums: dict[tuple[str, str, int | None, str], tuple[int | None, int | None]] = {}
    for line in lignes:
        key = (line.ctp, line.qualifiant, line.taux_at_ppm, line.insee)
        base, amount = sums.get(key, (None, None))
        sums[key] = (_add(base, line.assiette), _add(amount, line.montant))
    return tuple(
        CotisationAgregee(
            ctp=ctp,
            qualifiant=qualifiant,
            taux_ppm=rate,
            assiette=None if base is None else euro(base),
            montant=None if amount is None else euro(amount),
            insee=insee,
        )
        for (ctp, qualifiant, rate, insee), (base, amount) in sorted(sums.items(), key=lambda item: _rank(item[0]))
    )


def total_bordereau(
    cotisations: Iterable[CotisationAgregee], codes: Codes, rate: Callable[[str], int], mobilite_ppm: int = 0
) -> int:
    """Le montant du bordereau en centimes, arrondi à l'euro (CT p.166) : somme des assiettes par leur taux.

    ``rate`` rend le taux d'une clé de barème en millionièmes ; ``mobilite_ppm`` : taux local du versement mobilité.
    Un CTP qui porte un montant (réduction) se retranche. ``KeyError`` si un CTP n'est pas dans les codes.
    """
    total = 0
    for item in cotisations:
        ctp = codes.ctp(f"{item.ctp}/{item.qualifiant}")
        if ctp.montant:
            total -= item.montant or 0
            continue
        ppm = mobilite_ppm if ctp.commune else ctp.taux_ppm(rate) + (item.taux_ppm or 0)
        total += apply(ppm, item.assiette or 0)
    return euro(total)


def exoneration(
    codes: Codes,
    norme: str,
    population: str,
    lignes: Iterable[LignePaie],
    ctp: Iterable[LigneCtp],
    rate: Callable[[str], int],
) -> LignePaie | None:
    """L'exonération de cette population, en une ligne à assembler avec les autres ; ``None`` s'il n'y en a pas.

    Son montant, négatif, est ce que les CTP recalculent sur l'assiette entière au-delà des lignes du bulletin.
    """
    row = codes.exoneration(norme, population)
    if row is None:
        return None
    due = 0
    for line in lignes:
        found = codes.contribution(norme, population, line.contribution)
        if found is not None and set(found.ctp) & set(row.retranche):
            due += line.salarie + line.employeur
    carried = [item for item in ctp if item.code in row.retranche]
    full = sum(
        apply(codes.ctp(item.code).taux_ppm(rate) + (item.taux_at_ppm or 0), item.assiette or 0) for item in carried
    )
    base = max((item.assiette or 0 for item in carried), default=0)
    return LignePaie(contribution=row.contribution, assiette=base, employeur=due - full) if full > due else None


def montant_pas(versements: Iterable[Versement]) -> int:
    """Le paiement DGFIP_PAS en centimes, arrondi à l'euro : prélèvements du mois et régularisations (CT p.154)."""
    total = sum(payment.pas + sum(item.montant for item in payment.regularisations_pas) for payment in versements)
    return euro(total)


def montant_cotisations(individus: Iterable[Individu], cotisations: frozenset[str]) -> int:
    """La somme des cotisations individuelles de ces codes (060 et 061 pour l'Ircantec), arrondie à l'euro."""
    return euro(
        sum(
            item.montant or 0
            for person in individus
            for payment in person.versements
            for base in payment.bases
            for item in base.cotisations
            if item.code in cotisations
        )
    )


def _add(total: int | None, value: int | None) -> int | None:
    return total if value is None else (total or 0) + value


def _rank(key: tuple[str, str, int | None, str]) -> tuple[str, str, int, str]:
    ctp, qualifiant, rate, insee = key
    return ctp, qualifiant, rate or 0, insee
