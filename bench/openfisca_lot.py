"""Fait calculer un lot par OpenFisca-France : JSON sur l'entrée, JSON sur la sortie.

À lancer par l'interpréteur de ``.venv/pair`` (``make pair``) ; ce programme n'importe rien du projet. Entrée :
``{"mois", "agents", "colonnes": {variable: [valeur]}, "variables"}``, les mêmes agents sous les deux formes ; sortie :
``{"version", "des_agents", "des_colonnes"}`` en secondes de processeur. Ne sont comptés ni le démarrage, ni la lecture
de la législation, ni celle du JSON.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_france import CountryTaxBenefitSystem

from tests.peer.openfisca_calcul import situation


def of_columns(systeme, demande, taille):
    """Les colonnes posées telles quelles, chaque agent vivant seul : la voie la plus courte d'OpenFisca."""
    simulation = SimulationBuilder().build_default_simulation(systeme, taille)
    simulation.set_input("date_naissance", "ETERNITY", np.full(taille, "1980-05-01", dtype="datetime64[D]"))
    for variable, valeurs in demande["colonnes"].items():
        simulation.set_input(variable, demande["mois"], np.array(valeurs[:taille]))
    return simulation


def of_agents(systeme, demande, taille):
    """Les agents un à un, comme son API les reçoit."""
    return SimulationBuilder().build_from_entities(systeme, situation(demande["agents"][:taille], demande["mois"]))


def measure(build, systeme, demande, taille):
    """Secondes de processeur pour poser les entrées et calculer toutes les variables."""
    start = time.process_time()
    simulation = build(systeme, demande, taille)
    for variable in demande["variables"]:
        simulation.calculate(variable, demande["mois"])
    return time.process_time() - start


def main():
    demande = json.load(sys.stdin)
    systeme = CountryTaxBenefitSystem()
    # La première fois, OpenFisca ouvre ses paramètres : elle ne compte pas.
    measure(of_agents, systeme, demande, 10)
    taille = len(demande["agents"])
    resultat = {
        "version": version("OpenFisca-France"),
        "des_agents": measure(of_agents, systeme, demande, taille),
        "des_colonnes": min(measure(of_columns, systeme, demande, taille) for _ in range(3)),
    }
    json.dump(resultat, sys.stdout)


if __name__ == "__main__":
    main()
