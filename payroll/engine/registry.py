"""Toutes les colonnes que le moteur sait donner : entrées, formules écrites, formules tirées du catalogue."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

from payroll.catalogue.rubrique import Rubrique

# Importer un module de formules les inscrit au registre.
from payroll.engine import (
    absences,
    accessoires,
    assiettes,
    cotisations,
    csg,
    elus,
    frais,
    heures,
    ijss,
    net,
    plafonds,
    primes,
    remunerations,
    saisies,
    traitement,
)
from payroll.engine.absences_entrees import INPUTS_ABSENCES
from payroll.engine.columns import FORMULAS, Formula, Input, Unit

# Ces modules n'ont rien à donner d'autre que leurs formules inscrites.
_REGISTERED = (absences, accessoires, csg, elus, frais, heures, ijss, plafonds, remunerations, saisies, traitement)

INPUTS: Mapping[str, Input] = {
    entry.name: entry
    for entry in (
        Input("population", "Population de l'agent (statut et régime de retraite).", Unit.POPULATION),
        Input("indice_majore", "Indice majoré détenu.", Unit.NOMBRE),
        Input("heures_hebdo", "Durée hebdomadaire du poste, en heures.", Unit.FRACTION),
        Input("quotite", "Part de temps choisie par l'agent (temps partiel).", Unit.FRACTION),
        Input("quotite_pourcent", "La même part, en pour cent.", Unit.NOMBRE),
        Input("nbi_points", "Points de nouvelle bonification indiciaire.", Unit.NOMBRE),
        Input("enfants_sft", "Enfants ouvrant droit au supplément familial.", Unit.NOMBRE),
        Input("enfants_sft_alternes", "Enfants parmi eux en résidence alternée partagée.", Unit.NOMBRE),
        Input("categorie", "Catégorie hiérarchique (0 : A, 1 : B, 2 : C).", Unit.NOMBRE),
        Input("premier_jour", "Premier jour du contrat dans le mois (1 : dès le début).", Unit.NOMBRE),
        Input("dernier_jour", "Dernier jour du contrat dans le mois.", Unit.NOMBRE),
        Input("debut_segment", "Premier jour payé de cette partie du mois, sinon du contrat.", Unit.NOMBRE),
        Input("fin_segment", "Dernier jour payé de cette partie du mois, sinon du contrat.", Unit.NOMBRE),
        Input("duree_moyenne", "Heures par semaine à la quotité de l'agent, en moyenne sur le mois.", Unit.FRACTION),
        Input("jours_du_mois", "Jours calendaires du mois.", Unit.NOMBRE),
        *INPUTS_ABSENCES,
        Input("ihts_jour", "Heures supplémentaires de jour saisies.", Unit.HEURES),
        Input("ihts_nuit", "Heures supplémentaires de nuit saisies.", Unit.HEURES),
        Input("ihts_dimanche", "Heures supplémentaires de dimanche ou de jour férié saisies.", Unit.HEURES),
        Input("heures_complementaires", "Heures complémentaires saisies.", Unit.HEURES),
        Input("taux_horaire", "Prix de l'heure : contractuel et vacataire payés à l'heure, contrat aidé."),
        Input("prix_vacation", "Prix d'une vacation."),
        Input("autres_remunerations", "Rémunérations du mois de ses autres contrats du régime général."),
        Input("heures_tous_emplois", "Durée hebdomadaire de tous les emplois, si elle est connue.", Unit.FRACTION),
        Input("part_cnracl", "Part du poste soumise à la CNRACL (cumul au-delà du temps complet).", Unit.FRACTION),
        Input("jour_debut_contrat", "Premier jour du contrat (AAAAMMJJ).", Unit.NOMBRE),
        Input("apprenti_tranche_age", "Âge (0 : moins de 18 ans, 1 : 18-20, 2 : 21-25, 3 : au-delà).", Unit.NOMBRE),
        Input("apprenti_annee", "Année d'exécution du contrat d'apprentissage.", Unit.NOMBRE),
        Input("apprenti_pourcentage", "Part du SMIC écrite au contrat d'apprentissage.", Unit.TAUX),
        Input("apprenti_jour_anniversaire", "Jour où commence l'année d'exécution suivante.", Unit.NOMBRE),
        Input("zone_residence", "Zone d'indemnité de résidence de la commune.", Unit.NOMBRE),
        Input("effectif", "Effectif de l'employeur.", Unit.NOMBRE),
        Input("titre_restaurant_valeur", "Valeur d'un titre-restaurant."),
        Input("titre_restaurant_part_employeur", "Part de l'employeur dans un titre-restaurant."),
        Input("taux_at", "Taux d'accidents du travail notifié à l'employeur.", Unit.TAUX),
        Input("taux_versement_mobilite", "Taux de versement mobilité de la commune.", Unit.TAUX),
        Input("taux_cdg", "Taux du centre de gestion.", Unit.TAUX),
        Input("employeur_cnfpt", "L'employeur cotise au CNFPT.", Unit.OUI_NON),
        Input("employeur_assurance_chomage", "L'employeur adhère à l'assurance chômage.", Unit.OUI_NON),
        Input("heures_complementaires_majorees", "Une délibération majore les heures complémentaires.", Unit.OUI_NON),
        Input("taux_pas", "Taux de prélèvement transmis par la DGFiP.", Unit.TAUX),
        Input("taux_pas_transmis", "Un taux personnalisé est connu.", Unit.OUI_NON),
        Input("territoire_pas", "Domicile (0 : métropole, 1 : Antilles, Réunion, 2 : Guyane, Mayotte).", Unit.NOMBRE),
        Input("contrat_court", "Contrat d'au plus deux mois ou à terme imprécis.", Unit.OUI_NON),
        Input("taux_indemnite", "Taux délibéré de l'indemnité de fonction.", Unit.TAUX),
        Input("autres_mandats_brut", "Indemnités brutes mensuelles des autres mandats."),
        Input("option_assujettissement", "L'élu a opté pour l'assujettissement.", Unit.OUI_NON),
        Input("activite_cessee", "L'élu a cessé son activité pour son mandat.", Unit.OUI_NON),
        Input("nombre_mandats", "Nombre de mandats indemnisés.", Unit.NOMBRE),
        Input("mandat_petite_commune", "Un mandat est exercé dans une petite commune (frais d'emploi).", Unit.OUI_NON),
        Input("cumul_rafp_elements", "Éléments entrant dans la RAFP depuis janvier, avant ce mois."),
        Input("cumul_rafp_traitement", "Traitement versé depuis janvier, avant ce mois."),
        Input("cumul_rafp_assiette", "Assiettes RAFP déjà cotisées depuis janvier."),
        Input("cumul_heures_exonerees", "Heures déjà exonérées d'impôt depuis janvier, en net imposable."),
        Input("cumul_teletravail", "Indemnités de télétravail déjà versées depuis janvier."),
        Input("cumul_mobilites_durables", "Forfait mobilités durables déjà versé depuis janvier."),
        Input("cumul_apprenti_exonere", "Salaire d'apprenti déjà exonéré d'impôt depuis janvier."),
        Input("cumul_plafond", "Plafonds des mois déjà payés depuis janvier."),
        Input("cumul_regime_general", "Rémunérations du régime général depuis janvier, avant ce mois."),
        Input("cumul_vieillesse_plafonnee", "Assiettes plafonnées déjà cotisées depuis janvier."),
        Input("cumul_ircantec", "Rémunérations soumises à l'IRCANTEC depuis janvier, avant ce mois."),
        Input("cumul_ircantec_a", "Tranche A déjà cotisée depuis janvier."),
        Input("cumul_ircantec_b", "Tranche B déjà cotisée depuis janvier."),
        Input("cumul_chomage", "Rémunérations soumises à l'assurance chômage depuis janvier, avant ce mois."),
        Input("cumul_chomage_assiette", "Assiettes d'assurance chômage déjà cotisées depuis janvier."),
        Input("cumul_securite_sociale", "Rémunérations soumises à la maladie depuis janvier, avant ce mois."),
        Input("cumul_fnal_assiette", "Assiettes du FNAL déjà cotisées depuis janvier."),
        Input("cumul_csg", "Revenus soumis à la CSG depuis janvier, avant ce mois."),
        Input("cumul_csg_abattue", "Part de ces revenus déjà admise à l'abattement pour frais."),
    )
}  # fmt: skip

INPUTS = {
    **INPUTS,
    "personnes_a_charge": Input("personnes_a_charge", "Personnes à charge (saisies).", Unit.NOMBRE),
    **{
        f"saisie_{nom}_{place}": Input(f"saisie_{nom}_{place}", f"{doc} de la saisie servie au rang {place}.", unite)
        for place in range(1, saisies.PLACES + 1)
        for nom, doc, unite in (
            ("type", "Nature", Unit.NOMBRE),
            ("demande", "Terme demandé, dans la limite du solde,", Unit.EUROS),
            ("numero", "Numéro", Unit.NOMBRE),
        )
    },
}


def known_columns() -> Collection[str]:
    """Les colonnes qu'une rubrique peut nommer : entrées et formules écrites (celles du catalogue s'en déduisent)."""
    return {*INPUTS, *FORMULAS}


def formulas_for(catalogue: Mapping[str, Rubrique]) -> Mapping[str, Formula]:
    """Toutes les formules, celles que ce catalogue ajoute comprises ; à ne pas modifier.

    Retenues pour le dernier catalogue vu : les reformer prenait 2 ms, le sixième d'un calcul de vingt agents.
    """
    if not _retenues or _retenues[0][0] is not catalogue:
        found = {
            **FORMULAS,
            **primes.formulas_of_amounts(catalogue),
            **assiettes.formulas_of_sums(catalogue),
            **cotisations.formulas_of_contributions(catalogue),
            **net.formulas_of_totals(catalogue),
        }
        _retenues[:] = [(catalogue, MappingProxyType(found))]
    return _retenues[0][1]


_retenues: list[tuple[Mapping[str, Rubrique], Mapping[str, Formula]]] = []
