"""La protection complémentaire collective : affiliation d'un agent (70), base 31, paiement affecté de l'organisme (55).

Une base 31 est nulle ; elle cite l'affiliation, porte un composant (79) et une seule cotisation 059 (CT p.289-299). Le
paiement (20) de chaque organisme est la somme de ses affectations par contrat (55).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from dsn.facts import (
    Adhesion,
    AffectationVersement,
    Affiliation,
    Base,
    Composant,
    CotisationIndividuelle,
    Individu,
    VersementOrganisme,
)

BASE = "31"
COTISATION = "059"


def affilier(
    adhesions: Mapping[str, Adhesion],
    montants: Mapping[str, int],
    composant: str,
    debut: date,
    fin: date,
    numero_contrat: str,
    *,
    populations: Mapping[str, str],
) -> tuple[tuple[Affiliation, ...], tuple[Base, ...]]:
    """Les affiliations d'un contrat et leurs bases.

    ``adhesions`` : risque → adhésion de l'employeur. ``montants`` : risque → cotisation du mois, deux parts, en
    centimes. ``composant`` : type de composant (79.001). ``populations`` : risque → population de rattachement.
    """
    affiliations, bases = [], []
    for risk in sorted(montants):
        adhesion = adhesions[risk]
        affiliations.append(
            Affiliation(
                identifiant=adhesion.identifiant, adhesion=adhesion.identifiant, population=populations.get(risk, "")
            )
        )
        bases.append(
            Base(
                code=BASE,
                debut=debut,
                fin=fin,
                montant=0,
                affiliation=adhesion.identifiant,
                numero_contrat=numero_contrat,
                composants=(Composant(type=composant, montant=montants[risk]),),
                cotisations=(CotisationIndividuelle(code=COTISATION, montant=montants[risk]),),
            )
        )
    return tuple(affiliations), tuple(bases)


def adhesions_declarees(adhesions: Iterable[Adhesion], individus: Iterable[Individu]) -> tuple[Adhesion, ...]:
    """Les adhésions que cite au moins un agent du mois (CCH-13 p.150)."""
    cited = {item.adhesion for person in individus for contract in person.contrats for item in contract.affiliations}
    return tuple(item for item in adhesions if item.identifiant in cited)


def paiements(
    adhesions: Iterable[Adhesion], individus: Iterable[Individu], debut: date, fin: date, bic: str, iban: str
) -> tuple[VersementOrganisme, ...]:
    """Un paiement par organisme et délégataire, au centime, affecté par contrat au mois (CCH-12 p.156)."""
    due: dict[str, int] = {}
    for person in individus:
        links = {item.identifiant: item.adhesion for contract in person.contrats for item in contract.affiliations}
        for payment in person.versements:
            for base in payment.bases:
                if base.code == BASE:
                    adhesion = links[base.affiliation]
                    due[adhesion] = due.get(adhesion, 0) + sum(item.montant or 0 for item in base.cotisations)
    grouped: dict[tuple[str, str], list[AffectationVersement]] = {}
    for item in adhesions:
        if due.get(item.identifiant):
            part = AffectationVersement(
                montant=due[item.identifiant], periode=f"{debut.year}M{debut.month:02d}", affectation=item.reference
            )
            grouped.setdefault((item.organisme, item.delegataire), []).append(part)
    return tuple(
        VersementOrganisme(
            organisme=organisme,
            delegataire=delegataire,
            montant=max(0, sum(part.montant for part in parts)),
            debut=debut,
            fin=fin,
            bic=bic,
            iban=iban,
            affectations=tuple(parts),
        )
        for (organisme, delegataire), parts in grouped.items()
    )
