"""Fait calculer des agents par OpenFisca-France : JSON sur l'entrée, JSON sur la sortie.

À lancer par l'interpréteur de ``.venv/pair`` (``make pair``), où vit OpenFisca ; ce programme n'importe rien du projet.
Entrée : ``{"agents": [{"mois", "enfants", "donnees": {variable: valeur}}], "variables": [...]}`` ; sortie :
``{"version", "agents": [{variable: montant}], "parametres": {mois: {nom: valeur}}}``.
"""

import json
import sys
from importlib.metadata import version

from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_france import CountryTaxBenefitSystem

_NAISSANCE = "1980-05-01"


def situation(agents, mois):
    """La population d'OpenFisca : chaque agent vit seul avec ses enfants."""
    found = {"individus": {}, "familles": {}, "foyers_fiscaux": {}, "menages": {}}
    for rang, agent in enumerate(agents):
        name = f"agent{rang}"
        enfants = [f"{name}-enfant{numero}" for numero in range(agent["enfants"])]
        found["individus"][name] = {
            "date_naissance": {"ETERNITY": _NAISSANCE},
            **{variable: {mois: valeur} for variable, valeur in agent["donnees"].items()},
        }
        for enfant in enfants:
            found["individus"][enfant] = {"date_naissance": {"ETERNITY": "2018-01-01"}}
        found["familles"][name] = {"parents": [name], "enfants": enfants}
        found["foyers_fiscaux"][name] = {"declarants": [name], "personnes_a_charge": enfants}
        found["menages"][name] = {"personne_de_reference": [name], "enfants": enfants}
    return found


def main():
    demande = json.load(sys.stdin)
    systeme = CountryTaxBenefitSystem()
    resultats = [None] * len(demande["agents"])
    parametres = {}
    for mois in sorted({agent["mois"] for agent in demande["agents"]}):
        rangs = [rang for rang, agent in enumerate(demande["agents"]) if agent["mois"] == mois]
        agents = [demande["agents"][rang] for rang in rangs]
        simulation = SimulationBuilder().build_from_entities(systeme, situation(agents, mois))
        ids = list(simulation.persons.ids)
        places = [ids.index(f"agent{numero}") for numero in range(len(agents))]
        for rang in rangs:
            resultats[rang] = {}
        for variable in demande["variables"]:
            valeurs = simulation.calculate(variable, mois)
            for rang, place in zip(rangs, places, strict=True):
                resultats[rang][variable] = float(valeurs[place])
        lus = systeme.get_parameters_at_instant(f"{mois}-01")
        travail = lus.marche_travail
        parametres[mois] = {
            "point_indice_annuel": travail.remuneration_dans_fonction_publique.indicefp.point_indice_en_nominal,
            "smic_horaire": travail.salaire_minimum.smic.smic_b_horaire,
            "plafond_mensuel": lus.prelevements_sociaux.pss.plafond_securite_sociale_mensuel,
        }
    json.dump({"version": version("OpenFisca-France"), "agents": resultats, "parametres": parametres}, sys.stdout)


if __name__ == "__main__":
    main()
