"""Ce qui a changé se dit une fois, à sa date, avec l'ancienne valeur ; ce qui n'a pas changé ne se dit pas."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from dsn import monthly
from dsn.changements import Etat, changements_contrat, declarer_changements
from dsn.controls import check
from dsn.facts import ChangementContrat, ChangementIndividu, Contrat, Individu
from dsn.message import Block
from dsn.norm import for_month
from tests.dsn import samples

JANVIER, FEVRIER = date(2026, 1, 1), date(2026, 2, 1)
NORME = for_month(FEVRIER)
PERSON, CTP = samples.titulaire(JANVIER)
CONTRAT = PERSON.contrats[0]


def declared(person: Individu) -> Block:
    """Le bloc individu du message de janvier."""
    return monthly.build(samples.facts(JANVIER, (person, ())))[0].declarations[0].find("S21.G00.30")[0]


def old_contract(contract: Contrat) -> Block:
    return declared(replace(PERSON, contrats=(contract,))).find("S21.G00.40")[0]


def shown(found: tuple[ChangementContrat, ...]) -> list[tuple[str, str, str, str]]:
    """(rubrique 41, ancienne valeur, effet, profondeur)."""
    return [
        (suffix, value, f"{item.effet:%d/%m/%Y}", f"{item.profondeur:%d/%m/%Y}" if item.profondeur else "")
        for item in found
        for suffix, value in item.anciennes
    ]


NOW = replace(CONTRAT, indice_majore=396, indice_brut="0440")
CASES = {
    # nom: (ancien bloc, états, attendu)
    "rien": (CONTRAT, [(date(2026, 1, 1), CONTRAT)], []),
    "avancement au premier du mois": (
        CONTRAT,
        [(date(2024, 1, 1), CONTRAT), (date(2026, 2, 1), NOW)],
        [("034", "0416", "01/02/2026", "01/02/2026"), ("035", "387", "01/02/2026", "01/02/2026")],
    ),
    "avancement en cours de mois : la profondeur est au premier (CCH-13)": (
        CONTRAT,
        [(date(2024, 1, 1), CONTRAT), (date(2026, 2, 10), NOW)],
        [("034", "0416", "10/02/2026", "01/02/2026"), ("035", "387", "10/02/2026", "01/02/2026")],
    ),
    "avancement rétroactif, connu en février": (
        CONTRAT,
        [(date(2024, 1, 1), CONTRAT), (date(2025, 11, 15), NOW)],
        [("034", "0416", "15/11/2025", "01/11/2025"), ("035", "387", "15/11/2025", "01/11/2025")],
    ),
    "déjà déclaré en janvier": (NOW, [(date(2024, 1, 1), CONTRAT), (date(2025, 11, 15), NOW)], []),
    "deux changements dans le mois : profondeur sur le plus ancien seulement (CT p.25)": (
        CONTRAT,
        [
            (date(2024, 1, 1), CONTRAT),
            (date(2026, 2, 5), replace(CONTRAT, indice_majore=390)),
            (date(2026, 2, 16), replace(CONTRAT, indice_majore=396)),
        ],
        [("035", "387", "05/02/2026", "01/02/2026"), ("035", "390", "16/02/2026", "")],
    ),
    "la NBI accordée : l'ancienne valeur est 0.00 (CT p.227)": (
        replace(CONTRAT, nbi=""),
        [(date(2024, 1, 1), replace(CONTRAT, nbi="")), (date(2026, 2, 1), CONTRAT)],
        [("036", "0.00", "01/02/2026", "01/02/2026")],
    ),
    "la NBI retirée": (
        CONTRAT,
        [(date(2024, 1, 1), CONTRAT), (date(2026, 2, 1), replace(CONTRAT, nbi=""))],
        [("036", "10", "01/02/2026", "01/02/2026")],
    ),
    "une donnée sans date propre prend effet au premier du mois": (
        replace(CONTRAT, emplois_multiples="02"),
        [(date(2024, 1, 1), CONTRAT)],
        [("061", "02", "01/02/2026", "01/02/2026")],
    ),
    "un début de contrat corrigé est un identifiant : sans profondeur (CT p.104)": (
        replace(CONTRAT, date_debut=date(2010, 8, 1)),
        [(date(2024, 1, 1), CONTRAT)],
        [("021", "01082010", "01/02/2026", "")],
    ),
    "un effet de plus de cinq ans est ramené à cinq ans (CT §2.1.2.1)": (
        CONTRAT,
        [(date(2012, 1, 1), CONTRAT), (date(2015, 3, 1), NOW)],
        [("034", "0416", "01/02/2021", "01/02/2021"), ("035", "387", "01/02/2021", "01/02/2021")],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_chaque_changement_se_dit_a_sa_date(name: str) -> None:
    before, states, expected = CASES[name]
    found = changements_contrat(NORME, FEVRIER, old_contract(before), [Etat(du, contract) for du, contract in states])
    assert shown(found) == expected


def test_un_contrat_jamais_declare_ne_raconte_pas_son_passe() -> None:
    states = [Etat(date(2020, 1, 1), replace(CONTRAT, indice_majore=350)), Etat(date(2024, 1, 1), CONTRAT)]
    assert changements_contrat(NORME, FEVRIER, None, states) == ()


def test_un_contrat_jamais_declare_dit_ce_qui_change_dans_son_premier_mois() -> None:
    entry = replace(CONTRAT, date_debut=date(2026, 2, 3))
    states = [Etat(date(2026, 2, 3), entry), Etat(date(2026, 2, 16), replace(entry, indice_majore=396))]
    found = changements_contrat(NORME, FEVRIER, None, states)
    assert shown(found) == [("035", "387", "16/02/2026", "03/02/2026")], "la profondeur ne précède pas le contrat"


def test_un_code_disparu_de_la_norme_n_est_pas_un_changement() -> None:
    """40.020 d'un élu : 999 en P25V01, 998 en P26V01 ; l'ancienne valeur ne s'écrit plus."""
    person, _ = samples.elu(date(2025, 12, 1))
    old = monthly.build(samples.facts(date(2025, 12, 1), (person, ())))[0].declarations[0].find("S21.G00.40")[0]
    now = samples.elu(JANVIER)[0].contrats[0]
    assert old.get("020") == "999"
    assert changements_contrat(for_month(JANVIER), JANVIER, old, [Etat(date(2020, 5, 26), now)]) == ()


def one(before: Individu, now: Individu, states: dict[str, list[Etat]] | None = None) -> Individu:
    (found,) = declarer_changements(NORME, FEVRIER, [declared(before)], [now], states or {})
    return found


def test_une_identite_corrigee_tient_dans_un_bloc() -> None:
    before = replace(PERSON, matricule="A1")
    now = replace(before, nom_famille="DUPIN", nir="1800540999013")
    assert one(before, now).changements == (
        ChangementIndividu(effet=FEVRIER, ancien_nir="1800540999012", ancien_nom="DURAND"),
    )


def test_une_identite_inchangee_ne_dit_rien() -> None:
    assert one(PERSON, PERSON).changements == ()
    assert one(PERSON, PERSON).contrats[0].changements == ()


def test_un_numero_de_contrat_change_se_relie_par_la_date_de_debut() -> None:
    now = replace(PERSON, contrats=(replace(CONTRAT, numero="2026010001"),))
    assert shown(one(PERSON, now).contrats[0].changements) == [("014", "2010090001", "01/02/2026", "")]


def test_un_nouvel_agent_n_a_pas_de_changement() -> None:
    other = replace(samples.contractuel(FEVRIER)[0], matricule="B2")
    (found,) = declarer_changements(NORME, FEVRIER, [declared(PERSON)], [other], {})
    assert (found.changements, found.contrats[0].changements) == ((), ())


def test_le_message_qui_porte_des_changements_passe_les_controles() -> None:
    person, ctp = samples.titulaire(FEVRIER)
    now = replace(person, nom_famille="DUPIN", contrats=(replace(NOW, nbi=""),))
    states = {CONTRAT.numero: [Etat(date(2024, 1, 1), CONTRAT), Etat(date(2026, 2, 10), now.contrats[0])]}
    (told,) = declarer_changements(NORME, FEVRIER, [declared(PERSON)], [now], states)
    message, anomalies = monthly.build(samples.facts(FEVRIER, (told, ctp)))
    assert anomalies == []
    assert check(message) == []
    assert [block.id for block in message.declarations[0].find("S21.G00.31")] == ["S21.G00.31"]
    assert len(message.declarations[0].find("S21.G00.41")) == 3
