"""Les modèles d'entrée : ce qu'une personne écrit d'un adhérent (YAML), validé avant d'approcher les tables.

Les montants et les taux s'écrivent entre guillemets (« 150.00 », « 2.3 » pour cent) : un nombre YAML nu passerait par
un flottant, il est refusé.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban
from stdnum.exceptions import ValidationError as StdnumError
from stdnum.fr import nir as stdnum_nir
from stdnum.fr import siret as stdnum_siret

from payroll.anomalies import Anomalie
from payroll.money import AmountError, parse_amount, parse_percent

CLAUSE = r"^(non_maintenu|suit_le_traitement|comme_etat|\d{1,3}([.,]\d{1,2})?(/\d{1,3}([.,]\d{1,2})?)?)$"
"""Le sort des primes pendant une absence : une clause, ou la part gardée en pour cent (« 33 », « 33/60 »)."""


def _text_only(value: Any) -> Any:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise ValueError(f"écrivez cette valeur entre guillemets : « {value} » passerait par un nombre approché")
    return value


def _amount(value: Any) -> int:
    try:
        return parse_amount(str(_text_only(value)))
    except AmountError as error:
        raise ValueError(f"montant illisible « {value} » : écrivez par exemple « 150.00 »") from error


def _fraction(value: Any) -> Fraction:
    text = str(_text_only(value))
    try:
        return Fraction(text.replace(",", "."))
    except (ValueError, ZeroDivisionError) as error:
        raise ValueError(f"fraction illisible « {value} » : écrivez « 0.8 », « 4/5 » ou « 1 »") from error


def _checked(name: str, validate: Any) -> Any:
    def check(value: str) -> str:
        compact = value.replace(" ", "")
        if not compact:
            return ""
        try:
            validate(compact)
        except StdnumError as error:
            # La valeur reçue n'est pas répétée : un NIR ou un IBAN n'a rien à faire dans un message.
            raise ValueError(f"{name} invalide : la clé de contrôle ou la forme ne convient pas") from error
        return compact

    return AfterValidator(check)


Montant = Annotated[int, BeforeValidator(_amount)]
Pourcent = Annotated[int, BeforeValidator(lambda value: parse_percent(str(_text_only(value))))]
Quotite = Annotated[Fraction, BeforeValidator(_fraction)]
Siret = Annotated[str, _checked("SIRET", stdnum_siret.validate)]
Nir = Annotated[str, _checked("NIR", stdnum_nir.validate)]
Iban = Annotated[str, _checked("IBAN", stdnum_iban.validate)]
Clause = Annotated[str, BeforeValidator(_text_only), Field(pattern=CLAUSE)]
Bic = Annotated[str, _checked("BIC", stdnum_bic.validate)]


class _Entree(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class _Datee(_Entree):
    du: date
    au: date | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Any:
        if self.au is not None and self.au < self.du:
            raise ValueError(f"la fin ({self.au:%d/%m/%Y}) précède le début ({self.du:%d/%m/%Y})")
        return self


class ParametreEntree(_Datee):
    """Les paramètres datés de l'employeur ; taux en pour cent."""

    effectif: int = Field(ge=0)
    taux_at: Pourcent
    code_risque_at: str = ""
    taux_versement_mobilite: Pourcent = 0
    taux_cdg: Pourcent = 0
    cnfpt: bool = True
    assurance_chomage: bool = False
    adhesion_chomage: date | None = None
    gestion_chomage: Literal["01", "03", "04"] = "01"
    gestion_chomage_apprentis: Literal["01", "05"] = "01"
    heures_complementaires_majorees: bool = False
    titre_restaurant_valeur: Montant = 0
    titre_restaurant_part_employeur: Montant = 0
    primes_en_maladie: Literal["non_maintenu", "suit_le_traitement"] = "non_maintenu"
    primes_en_absence: dict[str, Clause] | None = None
    subrogation: bool = False

    @model_validator(mode="after")
    def _membership_is_complete(self) -> ParametreEntree:
        member = self.gestion_chomage != "01"
        if member != self.assurance_chomage or member != (self.adhesion_chomage is not None):
            raise ValueError(
                "assurance chômage : un employeur adhérent donne « assurance_chomage: true », sa date d'adhésion et "
                "« gestion_chomage » 03 (révocable) ou 04 ; un employeur en auto-assurance ne donne rien"
            )
        return self


class AdhesionEntree(_Datee):
    """Un contrat collectif obligatoire de santé ou de prévoyance, d'après la fiche de paramétrage de l'organisme."""

    risque: Literal["sante", "prevoyance"]
    reference: str = Field(min_length=1, max_length=30)
    organisme: str = Field(pattern=r"[0-9A-Z]{5,9}")
    delegataire: str = Field(default="", pattern=r"([0-9A-Z]{6})?")
    population: str = Field(default="", max_length=30)


class SituationEntree(_Datee):
    """Les conditions datées d'un contrat."""

    regime_retraite: Literal["cnracl", "ircantec"]
    categorie: Literal["A", "B", "C", ""] = ""
    grade: str = ""
    echelon: str = ""
    indice_brut: int = 0
    indice_majore: int = Field(default=0, ge=0, le=1600)
    nbi: int = Field(default=0, ge=0, le=120)
    heures_hebdo: Quotite = Fraction(35)
    heures_tous_employeurs: Quotite | None = None
    quotite: Quotite = Fraction(1)
    enfants_sft: int = Field(default=0, ge=0, le=20)
    enfants_sft_alternes: int = Field(default=0, ge=0, le=20)
    personnes_a_charge: int = Field(default=0, ge=0, le=20)
    mandat: Literal["", "maire", "adjoint", "conseiller", "president", "vice_president"] = ""
    taux_indemnite: Pourcent = 0
    autres_mandats_brut: Montant = 0
    option_assujettissement: bool = False
    activite_cessee: bool = False
    nombre_mandats_indemnises: int = 1
    mandat_commune_moins_3500: bool | None = None
    apprenti_annee: int = Field(default=0, ge=0, le=3)
    apprenti_smic: Pourcent | None = None
    taux_horaire: Montant = 0
    prix_vacation: Montant = 0
    autres_remunerations: Montant = 0
    heures_hors_cnracl: Quotite | None = None


class PermanentEntree(_Datee):
    rubrique: str
    montant: Montant


class TauxPasEntree(_Datee):
    taux: Pourcent
    identifiant: str


class AbsenceEntree(_Entree):
    """Une absence d'avant la reprise, bornes incluses : elle compte dans les droits de l'année médicale."""

    type: str = Field(pattern=r"[a-z_]{2,40}")
    debut: date
    fin: date
    prolongation: bool = False
    motif_sans_carence: str = Field(default="", pattern=r"^[a-z0-9_]{0,40}$")
    demi_journee: bool = False
    quotite_ppm: Pourcent | None = Field(default=None, alias="temps_travaille")

    @model_validator(mode="after")
    def _ordered(self) -> AbsenceEntree:
        if self.fin < self.debut:
            raise ValueError(f"la fin ({self.fin:%d/%m/%Y}) précède le début ({self.debut:%d/%m/%Y})")
        return self


class CumulEntree(_Entree):
    annee: int
    brut: Montant = 0
    net_imposable: Montant = 0
    pas: Montant = 0
    net_a_payer: Montant = 0
    cout_employeur: Montant = 0
    rafp_elements: Montant = 0
    rafp_traitement: Montant = 0
    rafp_assiette: Montant = 0
    heures_exonerees: Montant = 0
    heures_payees_centiemes: int = 0
    teletravail: Montant = 0
    mobilites_durables: Montant = 0
    apprenti_exonere: Montant = 0
    plafond: Montant = 0
    regime_general: Montant = 0
    vieillesse_plafonnee: Montant = 0
    ircantec: Montant = 0
    ircantec_a: Montant = 0
    ircantec_b: Montant = 0
    chomage: Montant = 0
    chomage_assiette: Montant = 0
    securite_sociale: Montant = 0
    fnal_assiette: Montant = 0
    csg: Montant = 0
    csg_abattue: Montant = 0


class SaisieEntree(_Datee):
    """Un acte notifié au comptable : pension, saisie, cession. ``du`` : premier jour d'effet."""

    numero: int = Field(ge=1)
    type: Literal["pension_alimentaire", "saisie_administrative", "saisie_remuneration", "cession_remuneration"]
    creancier: str = ""
    reference: str = ""
    notifiee_le: date
    montant_mensuel: Montant | None = None
    total: Montant | None = None


class ContratEntree(_Entree):
    numero: str = Field(pattern=r"[A-Za-z0-9]{5,20}")
    statut: Literal["titulaire", "stagiaire", "contractuel", "elu", "apprenti", "pec", "vacataire"]
    duree: Literal["", "cdi", "cdd"] = ""
    emploi: str = Field(min_length=1, max_length=120)
    pcs_ese: str = Field(min_length=4, max_length=4)
    date_debut: date
    date_fin: date | None = None
    date_fin_prevue: date | None = None
    motif_fin: str = ""
    contrat_court: bool = False
    anciennete_depuis: date | None = None
    niveau_diplome: Literal["", "03", "04", "05", "06", "07", "08"] = ""
    motif_recours: str = Field(default="", pattern=r"(\d{2})?")
    situations: tuple[SituationEntree, ...] = Field(min_length=1)
    permanents: tuple[PermanentEntree, ...] = ()
    saisies: tuple[SaisieEntree, ...] = ()
    absences: tuple[AbsenceEntree, ...] = ()
    cumuls: tuple[CumulEntree, ...] = ()

    @model_validator(mode="after")
    def _seizures_are_numbered_once(self) -> ContratEntree:
        numeros = [saisie.numero for saisie in self.saisies]
        if len(set(numeros)) != len(numeros):
            raise ValueError(f"deux saisies du contrat {self.numero} portent le même numéro")
        return self

    @model_validator(mode="after")
    def _situations_do_not_overlap(self) -> ContratEntree:
        ordered = sorted(self.situations, key=lambda situation: situation.du)
        for before, after in pairwise(ordered):
            if before.au is None or before.au >= after.du:
                raise ValueError(f"deux situations du contrat {self.numero} se chevauchent au {after.du:%d/%m/%Y}")
        return self


class AgentEntree(_Entree):
    matricule: str = Field(pattern=r"[A-Za-z0-9-]{1,20}")
    civilite: Literal["M", "MME"]
    nom: str
    nom_usage: str = ""
    prenom: str
    nir: Nir
    date_naissance: date
    lieu_naissance: str
    departement_naissance: str = Field(pattern=r"\d{2,3}|2A|2B")
    pays_naissance: str = "FR"
    adresse: str
    code_postal: str = Field(pattern=r"\d{5}")
    ville: str
    iban: Iban = ""
    bic: Bic = ""
    territoire_pas: Literal["metropole", "guadeloupe_martinique_reunion", "guyane_mayotte"] = "metropole"
    contrats: tuple[ContratEntree, ...] = Field(min_length=1)
    taux_pas: tuple[TauxPasEntree, ...] = ()


class AdherentEntree(_Entree):
    """Un adhérent complet, tel qu'un fichier YAML le décrit (``docs/adherents.md``)."""

    code: str = Field(pattern=r"[a-z0-9-]{2,40}")
    nom: str
    nature: Literal["commune", "ccas", "epci", "syndicat"]
    siret: Siret
    siret_siege: Siret = ""
    ape: str = Field(pattern=r"\d{4}[A-Z]")
    adresse: str
    code_postal: str = Field(pattern=r"\d{5}")
    ville: str
    code_insee: str = Field(pattern=r"\d{5}|2[AB]\d{3}")
    population: int = Field(ge=0)
    zone_residence: int = Field(ge=1, le=3)
    contact_nom: str = ""
    contact_courriel: str = ""
    contact_telephone: str = ""
    iban: Iban = ""
    bic: Bic = ""
    quatre_yeux: bool = False
    parametres: tuple[ParametreEntree, ...] = Field(min_length=1)
    adhesions: tuple[AdhesionEntree, ...] = ()
    agents: tuple[AgentEntree, ...] = ()

    @model_validator(mode="after")
    def _unique_keys(self) -> AdherentEntree:
        matricules = [agent.matricule for agent in self.agents]
        numeros = [contrat.numero for agent in self.agents for contrat in agent.contrats]
        for name, values in (("matricule", matricules), ("numéro de contrat", numeros)):
            repeated = sorted({value for value in values if values.count(value) > 1})
            if repeated:
                raise ValueError(f"{name} répété : {', '.join(repeated)}")
        return self


_FRENCH = {
    "missing": "cette information manque",
    "string_type": "cette information est à remplir (un texte entre guillemets)",
    "int_type": "cette information est à remplir (un nombre entier)",
    "date_type": "cette information est à remplir (une date AAAA-MM-JJ)",
    "extra_forbidden": "cette clé est inconnue",
    "string_pattern_mismatch": "la forme ne convient pas",
    "literal_error": "valeur hors de la liste admise",
    "int_parsing": "un nombre entier est attendu",
    "date_from_datetime_parsing": "une date AAAA-MM-JJ est attendue",
    "date_parsing": "une date AAAA-MM-JJ est attendue",
    "too_short": "il en faut au moins un",
    "string_too_short": "cette information manque",
    "string_too_long": "ce texte est trop long",
    "greater_than_equal": "ce nombre est trop petit",
    "less_than_equal": "ce nombre est trop grand",
}


def validate(data: object, fichier: str) -> AdherentEntree | list[Anomalie]:
    """Valide la description d'un adhérent ; rend le modèle, ou toutes les anomalies avec leur place dans le fichier."""
    try:
        return AdherentEntree.model_validate(data)
    except ValidationError as error:
        remede = "Corrigez la description de l'adhérent, puis importez-la de nouveau."
        return faults(error, fichier, "adherent-invalide", remede)


def faults(error: ValidationError, fichier: str, code: str, remede: str) -> list[Anomalie]:
    """Chaque faute d'une description, avec sa place dans le fichier ; jamais la valeur, qui peut nommer quelqu'un."""
    return [
        Anomalie(
            code=code,
            fichier=fichier,
            cellule=".".join(str(part) for part in detail["loc"]),
            message=_FRENCH.get(detail["type"], detail["msg"].removeprefix("Value error, ")),
            remede=remede,
        )
        for detail in error.errors(include_input=False, include_url=False)
    ]
