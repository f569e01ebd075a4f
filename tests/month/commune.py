"""Une commune fictive où chaque population est payée douze mois : de quoi éprouver la DSN d'une année entière."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from typing import Any

from tests.month.gestes import Donnees, description

ANNEE = 2026


def nir(sexe: int, naissance: date, rang: int) -> str:
    """Un NIR de commune fictive (40999), avec sa clé."""
    body = f"{sexe}{naissance.year % 100:02d}{naissance.month:02d}40999{rang:03d}"
    return f"{body}{97 - int(body) % 97:02d}"


def commune(rang: int = 1) -> Donnees:
    """L'adhérent : un agent de chaque population, dont une adjointe qui est aussi élue et un agent à deux contrats."""
    data = description("lubescaux")
    taken = {"code": f"annee-{rang:02d}", "siret": _siret(rang), "agents": _agents(rang)}
    (parametre,) = data["parametres"]
    return (
        data
        | taken
        | {
            "parametres": [parametre | _employeur(rang)],
            "adhesions": [
                {"risque": "sante", "reference": "SANTE-01", "organisme": "P0942", "du": date(ANNEE, 1, 1)},
                {"risque": "prevoyance", "reference": "PREV-01", "organisme": "P0942", "du": date(ANNEE, 1, 1)},
            ],
        }
    )


def _employeur(rang: int) -> Donnees:
    """Le premier est simple ; les suivants varient : grand effectif, versement mobilité, assurance chômage."""
    told: Donnees = {"effectif": 60 if rang % 3 == 2 else 20, "cnfpt": True}
    if rang % 4 == 2:
        told |= {"taux_versement_mobilite": "0.55"}
    if rang % 2 == 0:
        told |= {"assurance_chomage": True, "gestion_chomage": "04", "adhesion_chomage": date(2020, 1, 1)}
    return told


def _siret(rang: int) -> str:
    """Un SIRET fictif, SIREN compris, aux clés de Luhn justes."""
    siren = _luhn(f"9997{rang:04d}")
    return _luhn(f"{siren}0001")


def _luhn(digits: str) -> str:
    total = sum(
        value - 9 * (value > 9)
        for value in (int(digit) * (2 if rank % 2 == 0 else 1) for rank, digit in enumerate(reversed(digits)))
    )
    return f"{digits}{-total % 10}"


def _agents(rang: int) -> list[Donnees]:
    people: tuple[tuple[str, str, dict[str, Any], list[dict[str, Any]]], ...] = (
        ("TC", "titulaire", {}, [_titulaire(425, 486, nbi=10)]),
        ("SC", "stagiaire", {}, [_titulaire(366, 367)]),
        ("TP", "titulaire", {}, [_titulaire(435, 499) | {"quotite": "0.8", "enfants_sft": 2}]),
        ("TN", "titulaire", {}, [_titulaire(387, 432) | {"regime_retraite": "ircantec", "heures_hebdo": "20"}]),
        ("CD", "contractuel", {"duree": "cdd", "date_fin_prevue": date(ANNEE + 1, 6, 30)}, [_contractuel(366)]),
        ("CI", "contractuel", {"duree": "cdi"}, [_contractuel(435)]),
        ("CH", "contractuel", {"duree": "cdd", "date_fin_prevue": date(ANNEE + 1, 6, 30)}, [_horaire()]),
        ("VA", "vacataire", {"date_fin_prevue": date(ANNEE + 1, 6, 30)}, [_vacation()]),
        (
            "AP",
            "apprenti",
            {"date_debut": date(2025, 9, 1), "date_fin_prevue": date(2027, 8, 31), "niveau_diplome": "04"},
            [{"regime_retraite": "ircantec", "apprenti_annee": 1, "du": date(2025, 9, 1)}],
        ),
        (
            "PE",
            "pec",
            {"duree": "cdd", "date_debut": date(ANNEE, 1, 1), "date_fin_prevue": date(ANNEE, 12, 31)},
            [{"regime_retraite": "ircantec", "heures_hebdo": "26", "du": date(ANNEE, 1, 1)}],
        ),
        ("EM", "elu", {}, [_elu("maire", "28.1")]),
        ("EA", "elu", {}, [_elu("adjoint", "10.7") | {"option_assujettissement": True}]),
    )
    agents = [_agent(rang, rank, *person) for rank, person in enumerate(people, start=1)]
    agents[0]["contrats"].append(_contrat(rang, "TC2", 1, "elu", {}, [_elu("conseiller", "6.0")]))
    agents[4]["contrats"].append(
        _contrat(
            rang, "CD2", 5, "contractuel", agents[4]["contrats"][0] | {}, [_contractuel(366) | {"heures_hebdo": "5"}]
        )
    )
    agents[4]["contrats"][0]["situations"][0]["heures_hebdo"] = "20"
    for rubrique, montant in (("psc_sante_obligatoire", "20.00"), ("psc_sante_obligatoire_agent", "20.00")):
        agents[0]["contrats"][0]["permanents"].append(_permanent(rubrique, montant))
    agents[0]["contrats"][0]["permanents"].append(_permanent("ifse", "210.00"))
    agents[5]["contrats"][0]["permanents"].append(_permanent("psc_prevoyance_obligatoire", "7.00"))
    agents[6]["contrats"][0]["permanents"].append(_permanent("heures_travaillees", "60"))
    return agents


def _permanent(rubrique: str, montant: str) -> Donnees:
    return {"rubrique": rubrique, "montant": montant, "du": date(ANNEE, 1, 1)}


def _titulaire(majore: int, brut: int, nbi: int = 0) -> Donnees:
    return {
        "du": date(2024, 1, 1),
        "regime_retraite": "cnracl",
        "categorie": "C",
        "grade": "Adjoint technique",
        "indice_brut": brut,
        "indice_majore": majore,
        "nbi": nbi,
    }


def _contractuel(majore: int) -> Donnees:
    return {"du": date(2024, 1, 1), "regime_retraite": "ircantec", "categorie": "C", "indice_majore": majore}


def _horaire() -> Donnees:
    return {"du": date(2024, 1, 1), "regime_retraite": "ircantec", "categorie": "C", "taux_horaire": "14.20"}


def _vacation() -> Donnees:
    return {"du": date(2024, 1, 1), "regime_retraite": "ircantec", "categorie": "C", "prix_vacation": "61.00"}


def _elu(mandat: str, taux: str) -> Donnees:
    return {"du": date(2024, 1, 1), "regime_retraite": "ircantec", "mandat": mandat, "taux_indemnite": taux}


def _agent(rang: int, rank: int, sigle: str, statut: str, contrat: Donnees, situations: list[Donnees]) -> Donnees:
    birth = date(2008, 3, 14) if statut == "apprenti" else date(1970 + rank, 1 + rank % 12, 11)
    sexe = 1 + rank % 2
    return {
        "matricule": f"{sigle}{rang:02d}",
        "civilite": "M" if sexe == 1 else "MME",
        "nom": f"Essai{_LETTRES[rank]}",
        "prenom": "Camille",
        "nir": nir(sexe, birth, rang * 15 + rank),
        "date_naissance": birth,
        "lieu_naissance": "Dragueville",
        "departement_naissance": "40",
        "adresse": "2 rue de l'Airial",
        "code_postal": "40990",
        "ville": "Lubescaux",
        "contrats": [_contrat(rang, sigle, rank, statut, contrat, situations)],
        "taux_pas": [{"taux": "2.1", "identifiant": f"2026{rank:06d}", "du": date(ANNEE, 1, 1)}],
    }


_LETTRES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_PCS = {"elu": "335a", "apprenti": "525c", "pec": "525c"}


def _contrat(rang: int, sigle: str, rank: int, statut: str, contrat: Donnees, situations: list[Donnees]) -> Donnees:
    told = {key: value for key, value in contrat.items() if key in ("duree", "date_fin_prevue", "niveau_diplome")}
    start = contrat.get("date_debut", date(2024, 1, 1))
    return {
        "numero": f"{sigle}{rang:03d}{rank:02d}",
        "statut": statut,
        "emploi": statut.capitalize(),
        "pcs_ese": _PCS.get(statut, "525c"),
        "date_debut": start,
        "situations": [deepcopy(row) | {"du": max(row["du"], start)} for row in situations],
        "permanents": [],
        **told,
    }
