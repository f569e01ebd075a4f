"""Des agents fictifs d'une commune fictive : titulaire avec NBI et IFSE, contractuel, élu non assujetti."""

from __future__ import annotations

import calendar
from datetime import date

from dsn import codes, totals
from dsn.assemble import LigneCtp, LignePaie, assemble
from dsn.facts import (
    Activite,
    Adresse,
    Bordereau,
    Contact,
    ContactEmetteur,
    Contrat,
    CotisationAgregee,
    Declaration,
    ElementRevenuCalcule,
    Emetteur,
    Entreprise,
    Envoi,
    Etablissement,
    Individu,
    MonthlyFacts,
    Prime,
    RetraiteComplementaire,
    Versement,
    VersementOrganisme,
)
from dsn.individus import fusionner
from dsn.norm import for_month

SIREN, NIC = "219990017", "00010"
URSSAF, IRCANTEC = "99900000300015", "99900010200015"
ORGANISMES = {"urssaf": URSSAF, "ircantec": IRCANTEC}
IBAN, BIC = "FR1420041010050500013M02606", "BDFEFRPPCCT"
ADRESSE = Adresse(voie="1 PLACE DE LA MAIRIE", code_postal="40999", localite="Saint-Exemple")
RATES = {
    "maladie.employeur.taux.cnracl": 98_800,
    "maladie.employeur.taux.regime_general": 130_000,
    "contribution_solidarite_autonomie.taux": 3_000,
    "allocations_familiales.taux": 52_500,
    "vieillesse_deplafonnee.salarie.taux": 4_000,
    "vieillesse_deplafonnee.employeur.taux": 20_200,
    "vieillesse_plafonnee.salarie.taux": 69_000,
    "vieillesse_plafonnee.employeur.taux": 85_500,
    "csg.deductible.taux": 68_000,
    "csg.non_deductible.taux": 24_000,
    "crds.taux": 5_000,
    "dialogue_social.taux": 160,
    "fnal.taux.moins_de_50": 1_000,
    "fnal.taux.50_et_plus": 5_000,
}
"""Les taux de 2025, pour les essais : ``dsn`` n'en contient aucun."""


def line(contribution: str, assiette: int, salarie_ppm: int = 0, employeur_ppm: int = 0) -> LignePaie:
    """Une contribution calculée à l'arrondi."""
    return LignePaie(
        contribution=contribution,
        assiette=assiette,
        salarie=(assiette * salarie_ppm + 500_000) // 1_000_000,
        employeur=(assiette * employeur_ppm + 500_000) // 1_000_000,
        taux_salarie_ppm=salarie_ppm,
        taux_employeur_ppm=employeur_ppm,
    )


def csg(assiette: int) -> list[LignePaie]:
    """CSG et CRDS."""
    return [
        line("csg_deductible", assiette, 68_000),
        line("csg_non_deductible", assiette, 24_000),
        line("crds", assiette, 5_000),
    ]


def titulaire_lines() -> list[LignePaie]:
    """TIB 1 905,12 + NBI 49,23, IFSE 200,00."""
    tib, nbi = 190_512, 4_923
    return [
        line("maladie", tib + nbi, 0, 98_800),
        line("csa", tib + nbi, 0, 3_000),
        line("allocations_familiales", tib + nbi, 0, 52_500),
        line("fnal", tib + nbi, 0, 1_000),
        *csg(211_665),
        line("cnracl", tib, 111_000, 346_500),
        line("cnracl_nbi", nbi, 111_000, 346_500),
        line("rafp", 20_000, 50_000, 50_000),
        line("atiacl", tib + nbi, 0, 4_000),
        line("cdg", tib + nbi, 0, 14_300),
        line("cnfpt", tib + nbi, 0, 9_000),
    ]


def contractuel_lines() -> list[LignePaie]:
    """Brut 1 801,74, taux accident du travail 1,50 %."""
    brut = 180_174
    return [
        line("maladie", brut, 0, 130_000),
        line("csa", brut, 0, 3_000),
        line("allocations_familiales", brut, 0, 52_500),
        line("vieillesse_plafonnee", brut, 69_000, 85_500),
        line("vieillesse_deplafonnee", brut, 4_000, 20_200),
        line("accident_travail", brut, 0, 15_000),
        line("fnal", brut, 0, 1_000),
        *csg(177_021),
        line("ircantec_a", brut, 28_000, 42_000),
    ]


def elu_lines() -> list[LignePaie]:
    """Indemnité 1 155,00, sous le demi-plafond."""
    return [*csg(115_500), line("ircantec_a", 115_500, 28_000, 42_000)]


def apprenti_lines() -> list[LignePaie]:
    """Brut 1 000,00 ; contrat de 2026 : 50 % du SMIC (911,50) exonérés, excédent 88,50 soumis."""
    return [
        line("accident_travail", 100_000, 0, 15_000),
        line("vieillesse_plafonnee", 8_850, 69_000, 0),
        line("vieillesse_deplafonnee", 8_850, 4_000, 0),
        line("ircantec_a", 8_850, 28_000, 0),
        *csg(8_695),
    ]


def pec_lines() -> list[LignePaie]:
    """Brut 1 801,74, au SMIC : l'employeur ne doit ni maladie, ni famille, ni vieillesse."""
    brut = 180_174
    return [
        line("csa", brut, 0, 3_000),
        line("vieillesse_plafonnee", brut, 69_000, 0),
        line("vieillesse_deplafonnee", brut, 4_000, 0),
        line("accident_travail", brut, 0, 15_000),
        line("fnal", brut, 0, 1_000),
        line("dialogue_social", brut, 0, 160),
        line("ircantec_a", brut, 28_000, 42_000),
        *csg(177_021),
    ]


def bounds(mois: date) -> tuple[date, date]:
    """Le premier et le dernier jour du mois."""
    return mois, mois.replace(day=calendar.monthrange(mois.year, mois.month)[1])


def contrat(mois: date, population: str, numero: str, **told: object) -> Contrat:
    """Un contrat dont les codes viennent des données."""
    found = {code: row.valeur or "" for code, row in codes.load().contrat(for_month(mois).version, population).items()}
    base: dict[str, object] = {
        "statut_conventionnel": found["S21.G00.40.002"],
        "statut_categoriel": found["S21.G00.40.003"],
        "nature": found["S21.G00.40.007"],
        "dispositif": found["S21.G00.40.008"],
        "numero": numero,
        "unite_quotite": found["S21.G00.40.011"],
        "modalite_temps": found.get("S21.G00.40.014", "10"),
        "convention_collective": found["S21.G00.40.017"],
        "regime_maladie": found["S21.G00.40.018"],
        "lieu_travail": SIREN + NIC,
        "regime_vieillesse": found["S21.G00.40.020"],
        "motif_exclusion": found.get("S21.G00.40.025", ""),
        "statut_emploi": found["S21.G00.40.026"],
        "gestion_chomage": found["S21.G00.40.029"],
        "regime_at": found["S21.G00.40.039"],
        "code_risque_at": found.get("S21.G00.40.040", ""),
        "retraites_complementaires": (RetraiteComplementaire(code=found["S21.G00.71.002"]),),
    }
    return Contrat(**{**base, **told})  # type: ignore[arg-type]


def versement(
    mois: date, population: str, contract: Contrat, lines: list[LignePaie], *, brut: int, primes: tuple[Prime, ...] = ()
) -> tuple[Versement, tuple[LigneCtp, ...]]:
    """Un versement simple, au barème nul."""
    debut, fin = bounds(mois)
    done = assemble(
        codes.load(), for_month(mois).version, population, lines, debut, fin, ORGANISMES, numero_contrat=contract.numero
    )
    worked = () if contract.unite_quotite == "99" else (Activite(type="01", mesure=15_167),)
    pay = Versement(
        date_versement=fin,
        remuneration_nette_fiscale=brut,
        net_verse=brut,
        taux_pas_ppm=0,
        type_taux_pas="13",
        pas=0,
        soumis_pas=brut,
        remunerations=totals.remunerations_requises(
            debut,
            fin,
            contract.numero,
            brut=brut,
            brut_chomage=brut,
            retabli=brut,
            salaire_base=brut,
            activites=worked,
        ),
        primes=primes,
        elements_nets=(ElementRevenuCalcule(type="03", montant=brut, debut=debut, fin=fin),),
        bases=done.bases,
    )
    return pay, done.ctp


def titulaire(mois: date) -> tuple[Individu, tuple[LigneCtp, ...]]:
    """Titulaire CNRACL, 10 points de NBI, IFSE 200 €."""
    contract = contrat(
        mois,
        "titulaire_cnracl",
        "2010090001",
        date_debut=date(2010, 9, 1),
        pcs=codes.load().emploi("adjoint_administratif").valeur,
        libelle_emploi="ADJOINT ADMINISTRATIF",
        quotite_reference=15_167,
        quotite_contrat=15_167,
        nature_poste="01",
        categorie_service="01",
        indice_brut="0416",
        indice_majore=387,
        nbi="10",
    )
    ifse = Prime(type=codes.load().element("ifse").valeur or "", montant=20_000, numero_contrat="2010090001")  # type: ignore[union-attr]
    pay, ctp = versement(mois, "titulaire_cnracl", contract, titulaire_lines(), brut=215_435, primes=(ifse,))
    return (
        Individu(
            nir="1800540999012",
            nom_famille="DURAND",
            prenoms="JEAN",
            date_naissance=date(1980, 5, 15),
            lieu_naissance="SAINT EXEMPLE",
            departement_naissance="40",
            adresse=ADRESSE,
            contrats=(contract,),
            versements=(pay,),
        ),
        ctp,
    )


def contractuel(mois: date) -> tuple[Individu, tuple[LigneCtp, ...]]:
    """Contractuelle en CDD de droit public, née en Corse."""
    contract = contrat(
        mois,
        "contractuel_cdd",
        "2025010002",
        date_debut=date(2025, 1, 1),
        date_fin_previsionnelle=date(2026, 12, 31),
        pcs=codes.load().emploi("agent_entretien").valeur,
        libelle_emploi="AGENT D'ENTRETIEN",
        quotite_reference=15_167,
        quotite_contrat=15_167,
        code_risque_at="751BA",
        taux_at_ppm=15_000,
        nature_poste="01",
        indice_majore=366,
    )
    pay, ctp = versement(mois, "contractuel_cdd", contract, contractuel_lines(), brut=180_174)
    return (
        Individu(
            nir="285032A99903489",
            nom_famille="BERNARD",
            prenoms="LUCIE",
            date_naissance=date(1985, 3, 22),
            lieu_naissance="AJACCIO",
            departement_naissance="2A",
            adresse=ADRESSE,
            contrats=(contract,),
            versements=(pay,),
        ),
        ctp,
    )


def elu(mois: date) -> tuple[Individu, tuple[LigneCtp, ...]]:
    """Maire dont l'indemnité est sous le demi-plafond, sans NIR connu."""
    contract = contrat(
        mois,
        "elu_non_assujetti",
        "2020050003",
        date_debut=date(2020, 5, 26),
        pcs=codes.load().emploi("elu").valeur,
        libelle_emploi="MAIRE",
        quotite_reference=0,
        quotite_contrat=0,
        employeurs_multiples="03",
    )
    pay, ctp = versement(mois, "elu_non_assujetti", contract, elu_lines(), brut=115_500)
    return (
        Individu(
            ntt=f"1{SIREN}A003",
            nom_famille="PETIT",
            prenoms="ANDRE",
            date_naissance="99011960",
            lieu_naissance="SAINT EXEMPLE",
            departement_naissance="40",
            adresse=ADRESSE,
            contrats=(contract,),
            versements=(pay,),
        ),
        ctp,
    )


def facts(mois: date, *people: tuple[Individu, tuple[LigneCtp, ...]], **told: object) -> MonthlyFacts:
    """Un envoi d'une déclaration pour ces agents."""
    debut, fin = bounds(mois)
    agreges: tuple[CotisationAgregee, ...] = totals.agreger(item for _, ctp in people for item in ctp)
    due = totals.total_bordereau(agreges, codes.load(), RATES.__getitem__)
    persons = fusionner(person for person, _ in people)
    bank = {"bic": BIC, "iban": IBAN, "debut": debut, "fin": fin}
    ircantec = totals.montant_cotisations(persons, frozenset({"060", "061"}))
    payments = [
        VersementOrganisme(organisme=URSSAF, montant=due, **bank),  # type: ignore[arg-type]
        VersementOrganisme(organisme="DGFIP", entite="DGFIP_PAS", montant=0, **bank),  # type: ignore[arg-type]
    ]
    if ircantec:
        payments.append(VersementOrganisme(organisme=IRCANTEC, montant=ircantec, **bank))  # type: ignore[arg-type]
    slip = Bordereau(organisme=URSSAF, debut=debut, fin=fin, montant=due, cotisations=agreges)
    establishment = Etablissement(
        nic=NIC,
        apet="8411Z",
        adresse=ADRESSE,
        versements=tuple(payments) if persons else (),
        bordereaux=(slip,) if persons else (),
        individus=persons,
    )
    declared = {"mois": mois, "numero_ordre": 1, "date_constitution": fin, "type": "01", **told}
    return MonthlyFacts(
        envoi=Envoi(
            logiciel="PAIE A FACON",
            editeur="EDITEUR EXEMPLE",
            version="1.0",
            emetteur=Emetteur(siren="269990016", nic="00017", raison_sociale="AGENCE EXEMPLE", adresse=ADRESSE),
            contact=ContactEmetteur(
                civilite="02", nom_prenom="DUPONT MARIE", mel="paie@exemple.fr", telephone="0102030405"
            ),
        ),
        declarations=(
            Declaration(
                contacts=(Contact(nom_prenom="MARTIN PAUL", telephone="0102030406", mel="mairie@exemple.fr"),),
                entreprise=Entreprise(
                    siren=SIREN, nic_siege=NIC, apen="8411Z", adresse=ADRESSE, etablissement=establishment
                ),
                **declared,  # type: ignore[arg-type]
            ),
        ),
    )
