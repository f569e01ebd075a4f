"""Fait calculer un lot par OpenFisca-France, en colonnes comme il l'aime : JSON sur l'entrée, JSON sur la sortie.

À lancer par l'interpréteur de ``.venv/pair`` (``make pair``) ; ce programme n'importe rien du projet. Entrée :
``{"mois", "colonnes": {variable: [valeur]}, "variables", "fois"}`` ; sortie : ``{"version", "secondes", "somme"}``. Ne
sont comptés ni le démarrage, ni la lecture de la législation, ni celle du JSON : seuls les entrées posées et le calcul.
"""

import json
import sys
import time
from importlib.metadata import version

import numpy as np
from openfisca_core.simulation_builder import SimulationBuilder
from openfisca_france import CountryTaxBenefitSystem


def measure(systeme, demande, colonnes):
    """(secondes, somme de toutes les valeurs) d'un calcul du lot, chaque agent vivant seul."""
    taille = len(next(iter(colonnes.values())))
    simulation = SimulationBuilder().build_default_simulation(systeme, taille)
    start = time.process_time()
    simulation.set_input("date_naissance", "ETERNITY", np.full(taille, "1980-05-01", dtype="datetime64[D]"))
    for variable, valeurs in colonnes.items():
        simulation.set_input(variable, demande["mois"], valeurs)
    somme = sum(float(simulation.calculate(variable, demande["mois"]).sum()) for variable in demande["variables"])
    return time.process_time() - start, somme


def main():
    demande = json.load(sys.stdin)
    systeme = CountryTaxBenefitSystem()
    colonnes = {name: np.array(values) for name, values in demande["colonnes"].items()}
    # La première fois, OpenFisca ouvre ses paramètres : elle ne compte pas.
    measure(systeme, demande, {name: values[:10] for name, values in colonnes.items()})
    mesures = [measure(systeme, demande, colonnes) for _ in range(demande["fois"])]
    secondes, somme = min(mesures)
    json.dump({"version": version("OpenFisca-France"), "secondes": secondes, "somme": somme}, sys.stdout)


if __name__ == "__main__":
    main()
