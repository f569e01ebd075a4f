"""La construction mensuelle : des faits au message, dans la norme du mois, sans anomalie bloquante."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dsn
from dsn import codes, individus, monthly, reader, writer
from dsn.assemble import LigneCtp
from dsn.controls import check
from dsn.facts import (
    Anciennete,
    Arret,
    AutreElement,
    FinContrat,
    Individu,
    LieuTravail,
    MonthlyFacts,
    RegularisationPas,
    Saisie,
    Suspension,
    TempsPartielTherapeutique,
)
from dsn.norm import NormError
from tests.dsn import samples

EXPECTED = Path(__file__).parent / "attendus"
SEPTEMBRE_2025, JANVIER_2026 = date(2025, 9, 1), date(2026, 1, 1)
CASES = [
    ("titulaire-P26V01", JANVIER_2026, samples.titulaire),
    ("contractuel-P26V01", JANVIER_2026, samples.contractuel),
    ("elu-P25V01", SEPTEMBRE_2025, samples.elu),
    ("elu-P26V01", JANVIER_2026, samples.elu),
]


def built(facts: MonthlyFacts) -> bytes:
    """Les octets du message."""
    return writer.write(monthly.build(facts)[0])


@pytest.mark.parametrize("name, mois, person", CASES, ids=[case[0] for case in CASES])
def test_chaque_population_se_declare_sans_anomalie(name: str, mois: date, person) -> None:  # type: ignore[no-untyped-def]
    message, anomalies = monthly.build(samples.facts(mois, person(mois)))
    assert anomalies == []
    assert check(message) == []
    content = writer.write(message)
    assert content == (EXPECTED / f"{name}.dsn").read_bytes()
    assert dsn.check_file(content) == []
    assert writer.write(reader.read(content)[0]) == content


def agent(mois: date, population: str) -> tuple[Individu, tuple[LigneCtp, ...]]:
    """Un agent de cette population, aux seuls codes des données."""
    told: dict[str, object] = {"code_risque_at": "751BA", "taux_at_ppm": 15_000}
    if "S21.G00.40.040" in codes.load().contrat("P26V01", population):
        told = {}
    nature = codes.load().contrat("P26V01", population)["S21.G00.40.007"].valeur
    if nature in {"02", "10"}:
        told["date_fin_previsionnelle"] = date(2026, 12, 31)
    contract = samples.contrat(
        mois,
        population,
        "2025010009",
        date_debut=date(2025, 1, 1),
        pcs="523c",
        libelle_emploi="AGENT",
        quotite_reference=15_167,
        quotite_contrat=15_167,
        **told,
    )
    special = {
        "apprenti": samples.apprenti_lines,
        "pec": samples.pec_lines,
        "elu_non_assujetti": samples.elu_lines,
    }
    cnracl = population.endswith("_cnracl")
    lines = special.get(population, samples.titulaire_lines if cnracl else samples.contractuel_lines)()
    pay, ctp = samples.versement(mois, population, contract, lines, brut=180_174)
    seniority = Anciennete(type="07", unite="03", valeur=1, numero_contrat=contract.numero)
    person = replace(
        samples.titulaire(mois)[0],
        contrats=(contract,),
        versements=(pay,),
        niveau_diplome="03" if population == "apprenti" else "",
        anciennetes=(seniority,) if nature == "02" else (),
    )
    return person, ctp


@pytest.mark.parametrize("mois", [SEPTEMBRE_2025, JANVIER_2026])
@pytest.mark.parametrize("population", sorted(codes.POPULATIONS))
def test_les_codes_de_chaque_population_passent_les_controles(population: str, mois: date) -> None:
    message, anomalies = monthly.build(samples.facts(mois, agent(mois, population)))
    assert anomalies == []
    assert check(message) == []


def test_toute_la_commune_dans_une_declaration() -> None:
    people = [make(JANVIER_2026) for make in (samples.titulaire, samples.contractuel, samples.elu)]
    message, anomalies = monthly.build(samples.facts(JANVIER_2026, *people))
    assert anomalies == []
    assert check(message) == []
    assert len(message.declarations[0].find("S21.G00.30")) == 3


def test_le_meme_fait_donne_les_memes_octets() -> None:
    facts = samples.facts(JANVIER_2026, samples.titulaire(JANVIER_2026))
    assert built(facts) == built(facts)


def test_la_norme_suit_le_mois() -> None:
    for mois, version in ((SEPTEMBRE_2025, "P25V01"), (JANVIER_2026, "P26V01")):
        assert monthly.build(samples.facts(mois, samples.titulaire(mois)))[0].version == version


def test_l_elu_non_affilie_est_998_en_2026_et_999_avant() -> None:
    for mois, code in ((SEPTEMBRE_2025, "999"), (JANVIER_2026, "998")):
        message, _ = monthly.build(samples.facts(mois, samples.elu(mois)))
        assert message.declarations[0].find("S21.G00.40")[0].get("020") == code


def test_un_mois_sans_norme_est_refuse() -> None:
    with pytest.raises(NormError):
        monthly.build(samples.facts(date(2027, 1, 1)))


def test_un_envoi_sans_declaration_est_refuse() -> None:
    facts = samples.facts(JANVIER_2026)
    with pytest.raises(ValueError, match="au moins une déclaration"):
        monthly.build(replace(facts, declarations=()))


def test_l_envoi_est_un_essai_tant_qu_on_ne_demande_pas_le_reel() -> None:
    facts = samples.facts(JANVIER_2026, samples.titulaire(JANVIER_2026))
    real = replace(facts, envoi=replace(facts.envoi, essai=False))
    assert b"S10.G00.00.005,'01'" in built(facts)
    assert b"S10.G00.00.005,'02'" in built(real)


def test_sans_individu_l_envoi_est_neant() -> None:
    message, anomalies = monthly.build(samples.facts(JANVIER_2026, type="02"))
    assert anomalies == []
    assert check(message) == []
    assert message.envoi is not None
    assert message.envoi.get("008") == "02"


def test_une_declaration_normale_sans_agent_est_signalee() -> None:
    message, _ = monthly.build(samples.facts(JANVIER_2026, type="01"))
    assert ("S20.G00.05.002", "CCH-16") in {(item.rubrique, item.code) for item in check(message)}


def test_annule_et_remplace_ne_porte_pas_d_identifiant_remplace() -> None:
    message, _ = monthly.build(samples.facts(JANVIER_2026, samples.titulaire(JANVIER_2026), type="03", numero_ordre=2))
    assert check(message) == []
    assert message.declarations[0].get("006") is None


def test_le_nir_est_sur_treize_caracteres_et_sa_cle_est_verifiee() -> None:
    person, ctp = samples.contractuel(JANVIER_2026)
    message, _ = monthly.build(samples.facts(JANVIER_2026, (person, ctp)))
    assert message.declarations[0].find("S21.G00.30")[0].get("001") == "285032A999034"
    wrong = replace(person, nir="285032A99903411")
    _, anomalies = monthly.build(samples.facts(JANVIER_2026, (wrong, ctp)))
    assert [(item.rubrique, item.code, item.blocking) for item in anomalies] == [("S21.G00.30.001", "FAI-03", True)]
    assert "285032" not in str(anomalies[0])


@pytest.mark.parametrize(
    "nir, key", [("1800540999012", "65"), ("285032A999034", "89"), ("285032B999034", None), ("abc", "")]
)
def test_la_cle_du_nir_corse_comprise(nir: str, key: str | None) -> None:
    assert monthly.nir_key(nir) == (f"{97 - int(nir.replace('2B', '18')) % 97:02d}" if key is None else key)


def test_plusieurs_contrats_d_une_personne_font_un_seul_individu() -> None:
    agent, first = samples.contractuel(JANVIER_2026)
    mandate, second = samples.elu(JANVIER_2026)
    mandate = replace(mandate, nir=agent.nir, ntt="")
    (merged,) = individus.fusionner([agent, mandate])
    message, _ = monthly.build(samples.facts(JANVIER_2026, (merged, (*first, *second))))
    assert check(message) == []
    person = message.declarations[0].find("S21.G00.30")
    assert len(person) == 1
    assert [contract.get("007") for contract in person[0].find("S21.G00.40")] == ["10", "81"]
    (payment,) = person[0].find("S21.G00.50")
    assert payment.get("002") == "2956.74"
    assert {item.get("010") for item in payment.find("S21.G00.51")} == {"2025010002", "2020050003"}
    assert {item.get("006") for item in payment.find("S21.G00.78")} == {"2025010002", "2020050003"}
    (net_social,) = payment.find("S21.G00.58")
    assert net_social.get("004") == "2956.74"


def test_deux_taux_de_prelevement_font_deux_versements() -> None:
    """Le bloc 50 n'admet qu'un taux : au barème, deux contrats peuvent en recevoir deux."""
    person, _ = samples.contractuel(JANVIER_2026)
    mandate, _ = samples.elu(JANVIER_2026)
    pay = replace(mandate.versements[0], taux_pas_ppm=13_000, pas=1_502)
    (merged,) = individus.fusionner([person, replace(mandate, nir=person.nir, ntt="", versements=(pay,))])
    assert [(item.numero, item.taux_pas_ppm) for item in merged.versements] == [("01", 0), ("02", 13_000)]
    assert [item.pas for item in merged.versements] == [0, 1_502]


def test_un_contrat_unique_ne_numerote_pas_ses_bases() -> None:
    """CT p.294 : avec un contrat unique, 78.006 n'est pas à renseigner."""
    person, _ = samples.contractuel(JANVIER_2026)
    (alone,) = individus.fusionner([person])
    assert {base.numero_contrat for base in alone.versements[0].bases} == {""}


def test_la_fusion_laisse_les_autres_personnes() -> None:
    people = [samples.titulaire(JANVIER_2026)[0], samples.elu(JANVIER_2026)[0]]
    assert [person.nom_famille for person in individus.fusionner(people)] == ["DURAND", "PETIT"]


def test_une_rubrique_absente_de_la_norme_est_dite_et_non_declaree() -> None:
    facts = samples.facts(JANVIER_2026, samples.titulaire(JANVIER_2026))
    declaration = facts.declarations[0]
    place = replace(declaration.entreprise.etablissement, effectif=12)
    told = replace(declaration, entreprise=replace(declaration.entreprise, etablissement=place))
    message, anomalies = monthly.build(replace(facts, declarations=(told,)))
    assert [(item.rubrique, item.code, item.blocking) for item in anomalies] == [("S21.G00.11.008", "FAI-01", False)]
    assert b"S21.G00.11.008" not in writer.write(message)


def test_un_nom_hors_table_est_translittere_et_dit_sans_citer_la_personne() -> None:
    person, ctp = samples.titulaire(JANVIER_2026)
    message, anomalies = monthly.build(samples.facts(JANVIER_2026, (replace(person, nom_famille="CŒUR D’ANGE"), ctp)))
    assert message.declarations[0].find("S21.G00.30")[0].get("002") == "COEUR D'ANGE"
    (found,) = anomalies
    assert (found.code, found.blocking) == ("GEN-06", False)
    assert found.line == message.declarations[0].find("S21.G00.30")[0].fields[1].line
    assert "ANGE" not in str(found)


def test_un_nom_sans_equivalent_est_bloquant() -> None:
    person, ctp = samples.titulaire(JANVIER_2026)
    _, anomalies = monthly.build(samples.facts(JANVIER_2026, (replace(person, nom_famille="Иванов"), ctp)))
    assert [item.blocking for item in anomalies] == [True]


def test_un_taux_impossible_a_ecrire_est_dit() -> None:
    person, ctp = samples.titulaire(JANVIER_2026)
    pay = replace(person.versements[0], taux_pas_ppm=12_345)
    message, anomalies = monthly.build(samples.facts(JANVIER_2026, (replace(person, versements=(pay,)), ctp)))
    assert [(item.rubrique, item.code, item.blocking) for item in anomalies] == [("S21.G00.50.006", "FAI-02", True)]
    assert message.declarations[0].find("S21.G00.50")[0].get("006") is None


def enriched(mois: date) -> Individu:
    """Un titulaire avec arrêts, suspension, fin, saisie, ancienneté, frais et régularisation."""
    person, _ = samples.titulaire(mois)
    arret = Arret(
        motif="15",
        dernier_jour_travaille=date(2026, 1, 4),
        fin_previsionnelle=date(2026, 1, 20),
        temps_therapeutiques=(TempsPartielTherapeutique(debut=date(2026, 1, 5), fin=date(2026, 1, 20), montant=0),),
    )
    contract = replace(
        person.contrats[0],
        nature_poste="02",
        quotite_temps_complet=3_500,
        cti=49,
        arrets=(arret,),
        suspensions=(Suspension(motif="657", debut=date(2026, 1, 22), fin=date(2026, 1, 22), jours_ouvres=100),),
        fin=FinContrat(date_fin=date(2026, 1, 31), motif="059"),
    )
    error = RegularisationPas(
        mois_erreur=date(2025, 11, 1),
        type="01",
        montant=-150,
        regularisation_rnf=-5_000,
        taux_declare_ppm=30_000,
        regularisation_soumis=-5_000,
    )
    pay = replace(
        person.versements[0],
        autres_elements=(AutreElement(type="18", montant=2_500, numero_contrat=contract.numero),),
        regularisations_pas=(error,),
    )
    return replace(
        person,
        contrats=(contract,),
        versements=(pay,),
        anciennetes=(Anciennete(type="07", unite="03", valeur=15, numero_contrat=contract.numero),),
        saisies=(Saisie(identifiant="SATD1", etat="01", montant=1_000),),
    )


def test_tous_les_blocs_d_un_agent_se_declarent() -> None:
    _, ctp = samples.titulaire(JANVIER_2026)
    facts = samples.facts(JANVIER_2026, (enriched(JANVIER_2026), ctp))
    place = LieuTravail(identifiant="ECOLE1", nature="02", adresse=samples.ADRESSE, insee="40999")
    facts = replace(facts, declarations=(replace(facts.declarations[0], lieux_travail=(place,)),))
    message, anomalies = monthly.build(facts)
    assert anomalies == []
    assert check(message) == []
    present = {block.id for block in message.walk()}
    for block in ("54", "56", "60", "62", "65", "66", "85", "86", "98"):
        assert f"S21.G00.{block}" in present


@given(st.text(max_size=40), st.text(max_size=40))
def test_aucun_texte_libre_ne_fait_sortir_un_message_illisible(name: str, job: str) -> None:
    person, ctp = samples.titulaire(JANVIER_2026)
    contract = replace(person.contrats[0], libelle_emploi=job)
    facts = samples.facts(JANVIER_2026, (replace(person, nom_famille=name, contrats=(contract,)), ctp))
    content = built(facts)
    assert [item for item in reader.read(content)[1] if item.blocking] == []
