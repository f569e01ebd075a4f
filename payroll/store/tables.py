"""Les tables du registre. Une ligne datée n'est jamais réécrite pour changer le passé : on ferme et on ouvre.

Montants en centimes, taux en millionièmes, heures en centièmes d'heure, mois en texte ``AAAA-MM``.
"""

from __future__ import annotations

import datetime as dt
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from payroll.store.coffre import Chiffre


class EtatPaie(StrEnum):
    """Les états d'une paie (adhérent × mois × révision), dans l'ordre du mois."""

    OUVERTE = "ouverte"
    CALCULEE = "calculee"
    VALIDEE = "validee"
    DECLAREE = "declaree"
    RESTITUEE = "restituee"
    CLOSE = "close"
    REMPLACEE = "remplacee"
    """Une révision plus récente a pris sa place."""


class EtatFichier(StrEnum):
    """Le sort d'un fichier reçu."""

    RECU = "recu"
    ACCEPTE = "accepte"
    REFUSE = "refuse"
    DOUBLON = "doublon"
    REMPLACE = "remplace"


class Adherent(SQLModel, table=True):
    """Une collectivité dont on fait la paie."""

    id: int | None = Field(default=None, primary_key=True)
    code: str = Field(unique=True, index=True)
    nom: str
    nature: str
    siret: str = Field(unique=True)
    siret_siege: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """SIRET du siège, si cet établissement n'est pas lui (S21.G00.06.002) ; vide : l'établissement est le siège."""
    ape: str
    adresse: str
    code_postal: str
    ville: str
    code_insee: str
    population: int
    zone_residence: int
    contact_nom: str = ""
    contact_courriel: str = ""
    contact_telephone: str = ""
    iban: str = Field(default="", sa_type=Chiffre)
    bic: str = ""
    quatre_yeux: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    """Deux gestionnaires différents approuvent chaque paie."""


class ParametreEmployeur(SQLModel, table=True):
    """Ce qui, chez l'employeur, change avec le temps : effectif, taux notifiés ou votés, délibérations."""

    __tablename__ = "parametre_employeur"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    du: date
    au: date | None = None
    effectif: int
    taux_at_ppm: int
    code_risque_at: str = ""
    taux_versement_mobilite_ppm: int = 0
    taux_cdg_ppm: int = 0
    cnfpt: bool = True
    assurance_chomage: bool = False
    titre_restaurant_valeur: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    titre_restaurant_part_employeur: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    adhesion_chomage: date | None = None
    """Date d'adhésion à l'assurance chômage (S21.G00.40.030)."""
    gestion_chomage: str = "01"
    """S21.G00.40.029 pour les contractuels : 01 auto-assurance, 03 adhésion révocable, 04 irrévocable."""
    gestion_chomage_apprentis: str = Field(default="01", sa_column_kwargs={"server_default": "01"})
    """S21.G00.40.029 des apprentis : 01 auto-assurance, 05 adhésion au régime particulier des apprentis."""
    heures_complementaires_majorees: bool = False
    primes_en_maladie: str = "non_maintenu"
    primes_en_absence: dict[str, str] | None = Field(default=None, sa_column=Column(JSON, nullable=True))
    """Nature d'absence → clause de la délibération sur les primes (CGFP L. 714-4)."""
    subrogation: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    """L'adhérent reçoit les indemnités journalières à la place de ses agents (CSS R. 323-11)."""


class AdhesionPrevoyance(SQLModel, table=True):
    """Un contrat collectif obligatoire de santé ou de prévoyance de l'employeur (S21.G00.15)."""

    __tablename__ = "adhesion_prevoyance"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    risque: str
    """sante ou prevoyance."""
    reference: str
    organisme: str
    """Code de l'organisme dans la table officielle (P0942, 784718256…)."""
    delegataire: str = ""
    population: str = ""
    """Code population de rattachement, s'il figure à la fiche de paramétrage de l'organisme."""
    du: date
    au: date | None = None


class Agent(SQLModel, table=True):
    """Une personne payée par un adhérent."""

    __table_args__ = (UniqueConstraint("adherent_id", "matricule"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    matricule: str
    civilite: str
    nom: str
    nom_usage: str = ""
    prenom: str
    nir: str = Field(sa_type=Chiffre)
    date_naissance: date
    lieu_naissance: str
    departement_naissance: str
    pays_naissance: str = "FR"
    adresse: str
    code_postal: str
    ville: str
    iban: str = Field(default="", sa_type=Chiffre)
    bic: str = ""
    territoire_pas: str = "metropole"


class Contrat(SQLModel, table=True):
    """Un engagement : nomination, contrat ou mandat. Ses conditions sont dans :class:`SituationContrat`."""

    __table_args__ = (UniqueConstraint("adherent_id", "numero"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    numero: str
    statut: str
    duree: str = ""
    """cdi ou cdd pour un contractuel."""
    emploi: str
    pcs_ese: str
    date_debut: date
    date_fin: date | None = None
    date_fin_prevue: date | None = None
    motif_fin: str = ""
    contrat_court: bool = False
    anciennete_depuis: date | None = None
    """Début des services qui ouvrent les droits à congé, s'il précède le contrat (décret 88-145 art. 7)."""
    niveau_diplome: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Niveau du diplôme préparé par un apprenti (S21.G00.30.025)."""
    motif_recours: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Motif de recours à un contrat à durée déterminée (S21.G00.40.021)."""


class SituationContrat(SQLModel, table=True):
    """Les conditions d'un contrat entre deux dates : grade, indices, temps, mandat."""

    __tablename__ = "situation_contrat"
    id: int | None = Field(default=None, primary_key=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    du: date
    au: date | None = None
    regime_retraite: str
    categorie: str = ""
    grade: str = ""
    echelon: str = ""
    indice_brut: int = 0
    indice_majore: int = 0
    nbi: int = 0
    heures_hebdo_centiemes: int = 3500
    heures_tous_employeurs_centiemes: int | None = None
    quotite_num: int = 1
    quotite_den: int = 1
    enfants_sft: int = 0
    enfants_sft_alternes: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    personnes_a_charge: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Personnes à charge au sens des saisies (C. trav. R. 3252-3)."""
    mandat: str = ""
    taux_indemnite_ppm: int = 0
    autres_mandats_brut: int = 0
    option_assujettissement: bool = False
    activite_cessee: bool = False
    nombre_mandats_indemnises: int = 1
    mandat_commune_moins_3500: bool | None = None
    apprenti_annee: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Année d'exécution de l'apprentissage au premier jour de ces conditions ; elle avance à chaque anniversaire."""
    apprenti_smic_ppm: int | None = None
    taux_horaire: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    prix_vacation: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    autres_remunerations: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Rémunération mensuelle du régime général chez d'autres employeurs, en centimes (plafond partagé)."""
    heures_hors_cnracl_centiemes: int | None = None


class ElementPermanent(SQLModel, table=True):
    """Un montant mensuel attaché à un contrat entre deux dates (IFSE, ICCSG…)."""

    __tablename__ = "element_permanent"
    id: int | None = Field(default=None, primary_key=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    rubrique: str
    montant: int
    du: date
    au: date | None = None


class TauxPas(SQLModel, table=True):
    """Un taux de prélèvement à la source transmis par la DGFiP. L'absence de ligne vaut grille par défaut."""

    __tablename__ = "taux_pas"
    id: int | None = Field(default=None, primary_key=True)
    agent_id: int = Field(foreign_key="agent.id", index=True)
    taux_ppm: int
    identifiant: str
    du: date
    au: date | None = None
    retour_sha256: str = Field(default="", sa_column_kwargs={"server_default": ""})
    """Le compte-rendu de la DGFiP qui l'a porté ; vide s'il vient d'une saisie ou d'une reprise."""


class CumulReprise(SQLModel, table=True):
    """Les cumuls de l'année d'un contrat avant son premier mois payé ici."""

    __tablename__ = "cumul_reprise"
    __table_args__ = (UniqueConstraint("contrat_id", "annee"),)
    id: int | None = Field(default=None, primary_key=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    annee: int
    cumuls: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))


class FichierRecu(SQLModel, table=True):
    """Un fichier pris dans ``depot/`` : gardé sous son empreinte avant toute lecture, jamais écrasé, jamais effacé."""

    __tablename__ = "fichier_recu"
    __table_args__ = (UniqueConstraint("adherent_id", "sha256"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    nom: str
    sha256: str
    taille: int
    recu_le: datetime
    mois: str | None = Field(default=None, index=True)
    etat: str = EtatFichier.RECU
    neant: bool = False
    anomalies: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class RegardDepot(SQLModel, table=True):
    """Ce que la dernière relève a vu du dépôt d'un adhérent : deux regards égaux font un fichier complet."""

    __tablename__ = "regard_depot"
    adherent_id: int = Field(foreign_key="adherent.id", primary_key=True)
    regard: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Nom → [taille, heure du serveur]."""
    signales: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Fichiers refusés à la porte et déjà signalés : nom → [taille, heure]."""


class ElementVariable(SQLModel, table=True):
    """Un élément du mois lu dans un fichier accepté : centimes, ou centièmes d'heure selon la rubrique."""

    __tablename__ = "element_variable"
    __table_args__ = (Index("ix_element_variable_mois", "adherent_id", "mois"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id")
    fichier_id: int = Field(foreign_key="fichier_recu.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id")
    mois: str
    rubrique: str
    valeur: int
    feuille: str = ""
    cellule: str = ""


class Absence(SQLModel, table=True):
    """Une absence déclarée, bornes incluses ; elle vaut pour tous les mois qu'elle touche."""

    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    fichier_id: int | None = Field(default=None, foreign_key="fichier_recu.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    type: str
    debut: date
    fin: date
    prolongation: bool = False
    motif_sans_carence: str = Field(default="", sa_column_kwargs={"server_default": ""})
    heures_centiemes: int | None = None
    """Absence de moins d'une journée, en centièmes d'heure."""
    demi_journee: bool = Field(default=False, sa_column_kwargs={"server_default": "0"})
    quotite_ppm: int | None = None
    """Part de temps travaillée en temps partiel thérapeutique."""


class SortieAnnoncee(SQLModel, table=True):
    """Le départ d'un agent lu dans un fichier accepté ; la clôture du mois l'inscrit au contrat."""

    __tablename__ = "sortie_annoncee"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    fichier_id: int = Field(foreign_key="fichier_recu.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    date: dt.date
    """Dernier jour, inclus."""
    motif: str
    """Motif de fin au sens de la DSN (S21.G00.62.002)."""


class Paie(SQLModel, table=True):
    """La paie d'un adhérent pour un mois, dans une révision : un état, une empreinte de contenu."""

    __table_args__ = (UniqueConstraint("adherent_id", "mois", "revision"),)
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    mois: str = Field(index=True)
    revision: int = 1
    etat: str = EtatPaie.OUVERTE
    ouverte_le: datetime
    calculee_le: datetime | None = None
    hash_contenu: str = ""
    anomalies: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class BulletinPaie(SQLModel, table=True):
    """Un bulletin calculé. ``entrees`` garde tout ce que le moteur a reçu : le bulletin se refait et s'explique."""

    __tablename__ = "bulletin"
    __table_args__ = (UniqueConstraint("paie_id", "contrat_id"),)
    id: int | None = Field(default=None, primary_key=True)
    paie_id: int = Field(foreign_key="paie.id", index=True)
    contrat_id: int = Field(foreign_key="contrat.id", index=True)
    matricule: str
    brut: int
    cotisations_salarie: int
    cotisations_employeur: int
    net_avant_impot: int
    net_imposable: int
    montant_net_social: int
    pas_base: int
    pas_taux_ppm: int
    pas_bareme: bool
    pas: int
    net_a_payer: int
    cout_employeur: int
    cumuls: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    colonnes: dict[str, int] = Field(sa_column=Column(JSON, nullable=False))
    entrees: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    avertissements: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class LigneBulletin(SQLModel, table=True):
    """Une ligne d'un bulletin, dans l'ordre d'impression."""

    __tablename__ = "ligne_bulletin"
    id: int | None = Field(default=None, primary_key=True)
    bulletin_id: int = Field(foreign_key="bulletin.id", index=True)
    rang: int
    code: str
    libelle: str
    section: str
    base: int | None = None
    nombre_centiemes: int | None = None
    taux_salarie_ppm: int | None = None
    montant_salarie: int = 0
    taux_employeur_ppm: int | None = None
    montant_employeur: int = 0
    periode: str | None = None
    """Mois du droit d'une ligne de rappel, ``AAAA-MM`` ; vide : le mois du bulletin."""


class Approbation(SQLModel, table=True):
    """Qui a approuvé quoi, quand : l'empreinte du contenu approuvé. Un recalcul différent l'annule, sans l'effacer."""

    id: int | None = Field(default=None, primary_key=True)
    paie_id: int = Field(foreign_key="paie.id", index=True)
    par: str
    le: datetime
    hash_contenu: str
    commentaire: str = ""
    annulee_le: datetime | None = None
    motif_annulation: str = ""


class MessageDsn(SQLModel, table=True):
    """Un message DSN produit pour une paie validée ; son contenu est une pièce gardée sous son empreinte."""

    __tablename__ = "message_dsn"
    __table_args__ = (UniqueConstraint("paie_id", "numero_ordre"),)
    id: int | None = Field(default=None, primary_key=True)
    paie_id: int = Field(foreign_key="paie.id", index=True)
    norme: str
    type: str
    numero_ordre: int
    constitue_le: datetime
    sha256: str
    anomalies: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class DocumentRetour(SQLModel, table=True):
    """Un document dû à l'adhérent dans ``retour/AAAA-MM/`` : écrit ici avant d'être envoyé."""

    __tablename__ = "document_retour"
    # Le tableau du mois cherche ce qui reste à déposer, tous adhérents mêlés, parmi dix ans de documents.
    __table_args__ = (
        UniqueConstraint("adherent_id", "mois", "chemin"),
        Index("ix_document_retour_mois", "mois", "depose_le"),
    )
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    mois: str
    chemin: str
    sha256: str
    produit_le: datetime
    depose_le: datetime | None = None
    retire_le: datetime | None = None
    """Quand il a cessé d'être vrai : il sort du dossier rendu, jamais du registre ; il n'est plus à déposer."""
    ote_le: datetime | None = None
    """Quand il a quitté le dossier."""


class DocumentRemplace(SQLModel, table=True):
    """Une version d'avant d'un document rendu : ce que l'adhérent a pu lire se retrouve, sa pièce reste gardée."""

    __tablename__ = "document_remplace"
    id: int | None = Field(default=None, primary_key=True)
    adherent_id: int = Field(foreign_key="adherent.id", index=True)
    mois: str
    chemin: str
    sha256: str
    produit_le: datetime
    depose_le: datetime | None = None
    """``None`` : remplacée avant d'avoir été déposée."""
    remplace_le: datetime


class Evenement(SQLModel, table=True):
    """Le journal des gestes : qui, quoi, quand, sur quoi. On y ajoute, on n'y change rien.

    Chaque ligne porte l'empreinte de la précédente du même adhérent : une ligne changée, ôtée ou glissée se voit.
    """

    id: int | None = Field(default=None, primary_key=True)
    le: datetime
    par: str
    geste: str
    adherent_code: str = Field(index=True)
    mois: str = ""
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    precedente: str = Field(default="", sa_column_kwargs={"server_default": ""})
    empreinte: str = Field(default="", sa_column_kwargs={"server_default": ""})
