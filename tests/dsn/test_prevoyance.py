"""La santé et la prévoyance collectives : l'adhésion, l'affiliation, la base 31, le paiement affecté, au centime."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from dsn import monthly
from dsn.controls import check
from dsn.facts import Adhesion, Anciennete, Individu, MonthlyFacts
from dsn.individus import fusionner
from dsn.message import Block
from dsn.prevoyance import adhesions_declarees, affilier, paiements
from tests.dsn import samples

MOIS, FIN = date(2026, 1, 1), date(2026, 1, 31)
SANTE = Adhesion(reference="SANTE-2026", organisme="P0942", identifiant="1")
MAINTIEN = Adhesion(reference="PREV-2026", organisme="P0942", identifiant="2", delegataire="")
ADHESIONS = {"sante": SANTE, "prevoyance": MAINTIEN}


def affilie(person: Individu, montants: dict[str, int]) -> Individu:
    """Cette personne, affiliée pour ces cotisations."""
    (contract,) = person.contrats
    affiliations, bases = affilier(ADHESIONS, montants, "20", MOIS, FIN, contract.numero, populations={"sante": "GEN"})
    (payment,) = person.versements
    return replace(
        person,
        contrats=(replace(contract, affiliations=affiliations),),
        versements=(replace(payment, bases=(*payment.bases, *bases)),),
        anciennetes=(Anciennete(type="07", unite="02", valeur=12, numero_contrat=contract.numero),),
    )


def facts(*people: tuple[Individu, tuple[object, ...]]) -> MonthlyFacts:
    built = samples.facts(MOIS, *people)  # type: ignore[arg-type]
    (declaration,) = built.declarations
    place = declaration.entreprise.etablissement
    place = replace(
        place,
        adhesions=adhesions_declarees(ADHESIONS.values(), place.individus),
        versements=(
            *place.versements,
            *paiements(ADHESIONS.values(), place.individus, MOIS, FIN, samples.BIC, samples.IBAN),
        ),
    )
    return replace(
        built,
        declarations=(replace(declaration, entreprise=replace(declaration.entreprise, etablissement=place)),),
    )


def declared(*people: tuple[Individu, tuple[object, ...]]) -> Block:
    message, anomalies = monthly.build(facts(*people))
    assert anomalies == []
    assert check(message) == []
    return message.declarations[0]


def test_une_affiliation_porte_sa_base_nulle_son_composant_et_sa_cotisation() -> None:
    person, ctp = samples.titulaire(MOIS)
    told = declared((affilie(person, {"sante": 4_000}), ctp))

    assert [block.get("001") for block in told.find("S21.G00.15")] == ["SANTE-2026"], "seule l'adhésion citée"
    assert [(b.get("012"), b.get("013"), b.get("005")) for b in told.find("S21.G00.70")] == [("1", "1", "GEN")]
    (base,) = [block for block in told.find("S21.G00.78") if block.get("001") == "31"]
    assert (base.get("004"), base.get("005")) == ("0.00", "1")
    assert [(child.id[-2:], child.get("001"), child.get("004")) for child in base.children] == [
        ("79", "20", "40.00"),
        ("81", "059", "40.00"),
    ]


def test_le_paiement_d_un_organisme_est_la_somme_de_ses_affectations() -> None:
    """Deux agents, deux contrats du même organisme : 40,00 + 35,50 en santé, 12,25 en prévoyance."""
    first, one = samples.titulaire(MOIS)
    second, two = samples.contractuel(MOIS)
    told = declared(
        (affilie(first, {"sante": 4_000, "prevoyance": 1_225}), one), (affilie(second, {"sante": 3_550}), two)
    )
    (payment,) = [block for block in told.find("S21.G00.20") if block.get("001") == "P0942"]

    assert payment.get("005") == "87.75"
    assert [(part.get("003"), part.get("001"), part.get("004")) for part in payment.children] == [
        ("SANTE-2026", "75.50", "2026M01"),
        ("PREV-2026", "12.25", "2026M01"),
    ]


def test_deux_contrats_d_une_personne_ont_chacun_leur_affiliation() -> None:
    first, _ = samples.contractuel(MOIS)
    other = replace(first, contrats=(replace(first.contrats[0], numero="2026010007"),))
    (merged,) = fusionner([affilie(first, {"sante": 4_000}), affilie(other, {"sante": 4_000})])

    assert [item.identifiant for contract in merged.contrats for item in contract.affiliations] == ["1", "2"]
    assert [base.affiliation for base in merged.versements[0].bases if base.code == "31"] == ["1", "2"]


def test_sans_affilie_ni_adhesion_ni_paiement() -> None:
    person, ctp = samples.titulaire(MOIS)
    told = declared((person, ctp))

    assert told.find("S21.G00.15") == []
    assert all(block.get("001") != "P0942" for block in told.find("S21.G00.20"))
