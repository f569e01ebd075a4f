"""Bulletins écrits à la main, au centime, pour des agents et des communes imaginaires."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from payroll.documents.facts import AgentIdentite, Conges, ContratIdentite, EmployeurIdentite, PayslipFacts
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.engine.situation import Cumuls
from payroll.money import parse_amount, parse_percent
from payroll.periods import Month


def cents(text: str) -> int:
    return parse_amount(text.replace("-", "")) * (-1 if text.startswith("-") else 1)


def gain(code: str, libelle: str, montant: str, base: str | None = None, nombre: str | None = None) -> Ligne:
    """Une ligne de la rémunération brute : gain positif, retenue négative."""
    return Ligne(
        code=code,
        libelle=libelle,
        section=Section.BRUT,
        ordre=0,
        base=None if base is None else cents(base),
        nombre_centiemes=None if nombre is None else cents(nombre),
        montant_salarie=cents(montant),
    )


def cotisation(
    code: str,
    libelle: str,
    section: Section,
    base: str,
    salarie: tuple[str, str] | None,
    employeur: tuple[str, str] | None,
) -> Ligne:
    """Une cotisation : (taux en %, montant) de l'agent, (taux en %, montant) de l'employeur."""
    return Ligne(
        code=code,
        libelle=libelle,
        section=section,
        ordre=0,
        base=cents(base),
        taux_salarie_ppm=None if salarie is None else _ppm(salarie[0]),
        montant_salarie=0 if salarie is None else cents(salarie[1]),
        taux_employeur_ppm=None if employeur is None else _ppm(employeur[0]),
        montant_employeur=0 if employeur is None else cents(employeur[1]),
    )


def _ppm(percent: str) -> int:
    return parse_percent(percent.removeprefix("-")) * (-1 if percent.startswith("-") else 1)


def ordered(lignes: list[Ligne]) -> tuple[Ligne, ...]:
    return tuple(replace(ligne, ordre=10 * rang) for rang, ligne in enumerate(lignes, start=1))


S = Section

TITULAIRE = Bulletin(
    matricule="00042",
    mois=Month(2026, 1),
    lignes=ordered(
        [
            gain("traitement", "Traitement indiciaire, indice majoré 366", "1801.74"),
            gain("indemnite_differentielle_smic", "Indemnité différentielle (SMIC)", "21.29"),
            gain("ifse", "IFSE (RIFSEEP)", "150.00"),
            gain("transfert_primes_points", "Transfert primes/points", "-13.92"),
            gain("ihts", "Heures supplémentaires (IHTS), 14 premières heures", "148.50", "14.85", "10.00"),
            cotisation(
                "maladie", "Maladie, maternité, invalidité, décès", S.SANTE, "1801.74", None, ("9.88", "178.01")
            ),
            cotisation("atiacl", "ATIACL", S.ACCIDENT_TRAVAIL, "1801.74", None, ("0.40", "7.21")),
            cotisation("cnracl", "CNRACL", S.RETRAITE, "1801.74", ("11.10", "199.99"), ("37.65", "678.36")),
            cotisation("rafp", "Retraite additionnelle (RAFP)", S.RETRAITE, "305.87", ("5", "15.29"), ("5", "15.29")),
            cotisation(
                "allocations_familiales", "Allocations familiales", S.FAMILLE, "1801.74", None, ("5.25", "94.59")
            ),
            cotisation(
                "csa",
                "Contribution de solidarité pour l'autonomie",
                S.AUTRES_CONTRIBUTIONS,
                "1801.74",
                None,
                ("0.30", "5.41"),
            ),
            cotisation("fnal", "FNAL", S.AUTRES_CONTRIBUTIONS, "1801.74", None, ("0.10", "1.80")),
            cotisation("cnfpt", "CNFPT", S.AUTRES_CONTRIBUTIONS, "1801.74", None, ("0.90", "16.22")),
            cotisation(
                "cnfpt_apprentissage",
                "CNFPT, majoration apprentissage",
                S.AUTRES_CONTRIBUTIONS,
                "1801.74",
                None,
                ("0.10", "1.80"),
            ),
            cotisation("cdg", "Centre de gestion", S.AUTRES_CONTRIBUTIONS, "1801.74", None, ("1.40", "25.22")),
            cotisation(
                "csg_deductible", "CSG déductible de l'impôt sur le revenu", S.CSG, "1924.83", ("6.80", "130.89"), None
            ),
            cotisation("csg_non_deductible", "CSG non déductible", S.CSG, "1924.83", ("2.40", "46.20"), None),
            cotisation("crds", "CRDS non déductible", S.CSG, "1924.83", ("0.50", "9.62"), None),
            cotisation(
                "csg_crds_heures_exonerees",
                "CSG et CRDS sur heures supplémentaires exonérées",
                S.CSG,
                "145.90",
                ("9.70", "14.15"),
                None,
            ),
            cotisation(
                "reduction_heures_supplementaires",
                "Réduction de cotisations sur heures supplémentaires",
                S.ALLEGEMENTS,
                "148.50",
                ("-5", "-7.43"),
                None,
            ),
        ]
    ),
    brut=210761,
    cotisations_salarie=40871,
    cotisations_employeur=102391,
    net_avant_impot=169890,
    net_imposable=162037,
    montant_net_social=169890,
    pas_base=162037,
    pas_taux_ppm=5_000,
    pas_bareme=True,
    pas=810,
    net_a_payer=169080,
    cout_employeur=313152,
    cumuls=Cumuls(
        brut=210761,
        net_imposable=162037,
        pas=810,
        net_a_payer=169080,
        cout_employeur=313152,
        heures_exonerees=14850,
        heures_payees_centiemes=15167,
    ),
)

CONTRACTUEL = Bulletin(
    matricule="00107",
    mois=Month(2026, 3),
    lignes=ordered(
        [
            gain("traitement", "Traitement indiciaire, indice majoré 400", "1969.11"),
            gain("ifse", "IFSE (RIFSEEP)", "120.00"),
            gain("sft", "Supplément familial de traitement", "2.29"),
            gain("ihts", "Heures supplémentaires (IHTS), 14 premières heures", "129.84", "16.23", "8.00"),
            cotisation(
                "maladie", "Maladie, maternité, invalidité, décès", S.SANTE, "2221.24", None, ("13.00", "288.76")
            ),
            cotisation(
                "accident_travail", "Accidents du travail", S.ACCIDENT_TRAVAIL, "2221.24", None, ("1.60", "35.54")
            ),
            cotisation(
                "vieillesse_plafonnee",
                "Vieillesse plafonnée",
                S.RETRAITE,
                "2221.24",
                ("6.90", "153.27"),
                ("8.55", "189.92"),
            ),
            cotisation(
                "vieillesse_deplafonnee",
                "Vieillesse déplafonnée",
                S.RETRAITE,
                "2221.24",
                ("0.40", "8.88"),
                ("2.11", "46.87"),
            ),
            cotisation(
                "ircantec_a", "IRCANTEC, tranche A", S.RETRAITE, "2218.95", ("2.84", "63.02"), ("4.27", "94.75")
            ),
            cotisation(
                "allocations_familiales", "Allocations familiales", S.FAMILLE, "2221.24", None, ("5.25", "116.62")
            ),
            cotisation("assurance_chomage", "Assurance chômage", S.CHOMAGE, "2221.24", None, ("4.00", "88.85")),
            cotisation(
                "csa",
                "Contribution de solidarité pour l'autonomie",
                S.AUTRES_CONTRIBUTIONS,
                "2221.24",
                None,
                ("0.30", "6.66"),
            ),
            cotisation("fnal", "FNAL", S.AUTRES_CONTRIBUTIONS, "2221.24", None, ("0.10", "2.22")),
            cotisation("cnfpt", "CNFPT", S.AUTRES_CONTRIBUTIONS, "2221.24", None, ("0.90", "19.99")),
            cotisation(
                "cnfpt_apprentissage",
                "CNFPT, majoration apprentissage",
                S.AUTRES_CONTRIBUTIONS,
                "2221.24",
                None,
                ("0.10", "2.22"),
            ),
            cotisation("cdg", "Centre de gestion", S.AUTRES_CONTRIBUTIONS, "2221.24", None, ("1.40", "31.10")),
            cotisation(
                "csg_deductible", "CSG déductible de l'impôt sur le revenu", S.CSG, "2054.80", ("6.80", "139.73"), None
            ),
            cotisation("csg_non_deductible", "CSG non déductible", S.CSG, "2054.80", ("2.40", "49.32"), None),
            cotisation("crds", "CRDS non déductible", S.CSG, "2054.80", ("0.50", "10.27"), None),
            cotisation(
                "csg_crds_heures_exonerees",
                "CSG et CRDS sur heures supplémentaires exonérées",
                S.CSG,
                "127.57",
                ("9.70", "12.37"),
                None,
            ),
            cotisation(
                "reduction_heures_supplementaires",
                "Réduction de cotisations sur heures supplémentaires",
                S.ALLEGEMENTS,
                "129.84",
                ("-10.14", "-13.17"),
                None,
            ),
        ]
    ),
    brut=222124,
    cotisations_salarie=42369,
    cotisations_employeur=92350,
    net_avant_impot=179755,
    net_imposable=173967,
    montant_net_social=179755,
    pas_base=173967,
    pas_taux_ppm=31_000,
    pas_bareme=False,
    pas=5393,
    net_a_payer=174362,
    cout_employeur=314474,
    cumuls=Cumuls(
        brut=640404,
        net_imposable=521899,
        pas=16179,
        net_a_payer=499590,
        cout_employeur=906652,
        heures_exonerees=12984,
        heures_payees_centiemes=45501,
    ),
)

ELU = Bulletin(
    matricule="E-001",
    mois=Month(2026, 3),
    lignes=ordered(
        [
            gain(
                "indemnite_fonction", "Indemnité de fonction, maire (28,1 % de l'indice terminal)", "1155.06", "4110.52"
            ),
            cotisation(
                "ircantec_a", "IRCANTEC, tranche A", S.RETRAITE, "1155.06", ("2.84", "32.80"), ("4.27", "49.32")
            ),
            cotisation(
                "csg_deductible", "CSG déductible de l'impôt sur le revenu", S.CSG, "1155.06", ("6.80", "78.54"), None
            ),
            cotisation("csg_non_deductible", "CSG non déductible", S.CSG, "1155.06", ("2.40", "27.72"), None),
            cotisation("crds", "CRDS non déductible", S.CSG, "1155.06", ("0.50", "5.78"), None),
            cotisation(
                "dif_elus", "Droit à la formation des élus", S.AUTRES_CONTRIBUTIONS, "1155.06", ("1.00", "11.55"), None
            ),
        ]
    ),
    brut=115506,
    cotisations_salarie=15639,
    cotisations_employeur=4932,
    net_avant_impot=99867,
    net_imposable=0,
    montant_net_social=101022,
    pas_base=0,
    pas_taux_ppm=0,
    pas_bareme=True,
    pas=0,
    net_a_payer=99867,
    cout_employeur=120438,
    cumuls=Cumuls(brut=346518, net_a_payer=299601, cout_employeur=361314),
)

MALADIE = Bulletin(
    matricule="00058",
    mois=Month(2026, 11),
    lignes=ordered(
        [
            gain("traitement", "Traitement indiciaire, indice majoré 420", "2067.57"),
            gain("carence", "Retenue pour jour de carence (1/30), le 5 novembre 2026", "-68.92", "2067.57", "1.00"),
            gain(
                "retenue_cmo", "Retenue congé de maladie (10 %), du 6 au 14 novembre 2026", "-62.03", "2067.57", "9.00"
            ),
            gain("indemnite_residence", "Indemnité de résidence, zone 2", "20.68", "2067.57"),
            gain("carence_residence", "Indemnité de résidence, jour de carence", "-0.69", "20.68", "1.00"),
            gain("ifse", "IFSE (RIFSEEP)", "200.00"),
            gain("carence_ifse", "IFSE, jour de carence", "-6.67", "200.00", "1.00"),
            gain("ifse_cmo", "IFSE, congé de maladie (10 %)", "-6.00", "200.00", "9.00"),
            gain("transfert_primes_points", "Transfert primes/points", "-13.04"),
            cotisation(
                "maladie", "Maladie, maternité, invalidité, décès", S.SANTE, "1936.62", None, ("9.88", "191.34")
            ),
            cotisation("atiacl", "ATIACL", S.ACCIDENT_TRAVAIL, "1936.62", None, ("0.40", "7.75")),
            cotisation("cnracl", "CNRACL", S.RETRAITE, "1936.62", ("11.10", "214.96"), ("37.65", "729.14")),
            cotisation("rafp", "Retraite additionnelle (RAFP)", S.RETRAITE, "194.28", ("5", "9.71"), ("5", "9.71")),
            cotisation(
                "allocations_familiales", "Allocations familiales", S.FAMILLE, "1936.62", None, ("5.25", "101.67")
            ),
            cotisation(
                "csa",
                "Contribution de solidarité pour l'autonomie",
                S.AUTRES_CONTRIBUTIONS,
                "1936.62",
                None,
                ("0.30", "5.81"),
            ),
            cotisation("fnal", "FNAL", S.AUTRES_CONTRIBUTIONS, "1936.62", None, ("0.10", "1.94")),
            cotisation("cnfpt", "CNFPT", S.AUTRES_CONTRIBUTIONS, "1936.62", None, ("0.90", "17.43")),
            cotisation(
                "cnfpt_apprentissage",
                "CNFPT, majoration apprentissage",
                S.AUTRES_CONTRIBUTIONS,
                "1936.62",
                None,
                ("0.10", "1.94"),
            ),
            cotisation("cdg", "Centre de gestion", S.AUTRES_CONTRIBUTIONS, "1936.62", None, ("1.40", "27.11")),
            cotisation(
                "csg_deductible", "CSG déductible de l'impôt sur le revenu", S.CSG, "2093.61", ("6.80", "142.37"), None
            ),
            cotisation("csg_non_deductible", "CSG non déductible", S.CSG, "2093.61", ("2.40", "50.25"), None),
            cotisation("crds", "CRDS non déductible", S.CSG, "2093.61", ("0.50", "10.47"), None),
        ]
    ),
    brut=213090,
    cotisations_salarie=42776,
    cotisations_employeur=109384,
    net_avant_impot=170314,
    net_imposable=176386,
    montant_net_social=170314,
    pas_base=176386,
    pas_taux_ppm=40_000,
    pas_bareme=False,
    pas=7055,
    net_a_payer=163259,
    cout_employeur=322474,
    cumuls=Cumuls(
        brut=2501570,
        net_imposable=2031446,
        pas=81258,
        net_a_payer=1903159,
        cout_employeur=3786734,
        heures_payees_centiemes=166837,
    ),
)

COMMUNE = EmployeurIdentite(
    nom="Commune de Saint-Exemple-les-Pins",
    adresse=("Mairie", "1, place de l'Église"),
    code_postal="40999",
    ville="SAINT-EXEMPLE-LES-PINS",
    siret="21409990100012",
    ape="84.11Z",
    organisme="Cotisations versées à l'Urssaf Aquitaine",
)


def facts(bulletin: Bulletin = TITULAIRE) -> PayslipFacts:
    """Le bulletin d'un titulaire, d'une contractuelle ou d'un maire, avec l'identité qui lui va."""
    mois = bulletin.mois
    agent, contrat = {
        "00042": (
            AgentIdentite(
                "00042",
                "M.",
                "Larrezet",
                "Jean-Noël",
                ("Résidence les Œillets, bâtiment B", "12, rue du Lavoir"),
                "40999",
                "SAINT-EXEMPLE-LES-PINS",
            ),
            ContratIdentite(
                statut_libelle="Titulaire",
                regime_libelle="CNRACL",
                emploi="Agent polyvalent des services techniques",
                grade="Adjoint technique territorial",
                echelon="1",
                indice_brut=367,
                indice_majore=366,
                quotite_libelle="Temps complet",
                heures_mensuelles_centiemes=15167,
                date_entree=date(2019, 9, 1),
            ),
        ),
        "00107": (
            AgentIdentite(
                "00107", "Mme", "Bergès", "Maïtena", ("4, impasse des Fougères",), "40999", "SAINT-EXEMPLE-LES-PINS"
            ),
            ContratIdentite(
                statut_libelle="Contractuelle",
                regime_libelle="IRCANTEC",
                emploi="Secrétaire générale de mairie",
                grade="Rédactrice",
                echelon="5",
                indice_brut=431,
                indice_majore=400,
                quotite_libelle="Temps complet",
                heures_mensuelles_centiemes=15167,
                enfants_sft=1,
                date_entree=date(2025, 9, 1),
                date_sortie=date(2026, 8, 31),
            ),
        ),
        "00058": (
            AgentIdentite(
                "00058", "Mme", "Dupouy", "Élise", ("27, chemin de la Lande",), "40999", "SAINT-EXEMPLE-LES-PINS"
            ),
            ContratIdentite(
                statut_libelle="Titulaire",
                regime_libelle="CNRACL",
                emploi="Agente d'accueil et d'état civil",
                grade="Adjointe administrative principale de 1re classe",
                echelon="6",
                indice_brut=460,
                indice_majore=420,
                quotite_libelle="Temps complet",
                heures_mensuelles_centiemes=15167,
                date_entree=date(2011, 4, 1),
            ),
        ),
        "E-001": (
            AgentIdentite(
                "E-001", "M.", "Castaings", "Rémi", ("8, route de l'Océan",), "40999", "SAINT-EXEMPLE-LES-PINS"
            ),
            ContratIdentite(
                statut_libelle="Élu local", regime_libelle="IRCANTEC", emploi="Maire", date_entree=date(2020, 5, 25)
            ),
        ),
    }[bulletin.matricule]
    return PayslipFacts(
        employeur=COMMUNE,
        agent=agent,
        contrat=contrat,
        bulletin=bulletin,
        periode_debut=mois.first_day,
        periode_fin=mois.last_day,
        date_paiement=date(mois.year, mois.month, 27),
        titre="Bulletin d'indemnité" if bulletin is ELU else "Bulletin de paie",
    )


def full_facts() -> PayslipFacts:
    """Le bulletin le plus rempli : remboursement et retenue après le net, NIR, congés, fin d'IBAN, messages."""
    lignes = (
        *MALADIE.lignes,
        Ligne("transport", "Remboursement domicile-travail (75 %)", Section.NET, 900, base=4000, montant_salarie=3000),
        Ligne("acompte", "Acompte versé le 15 novembre 2026", Section.NET, 910, montant_salarie=-10000),
    )
    bulletin = replace(MALADIE, lignes=lignes, net_a_payer=MALADIE.net_a_payer - 7000)
    simple = facts(MALADIE)
    return replace(
        simple,
        bulletin=bulletin,
        agent=replace(simple.agent, nir="284049912345607"),
        contrat=replace(simple.contrat, nbi=15, enfants_sft=2),
        iban_fin="0189",
        conges=Conges(200, 1450),
        messages=(
            "La collectivité participe à votre mutuelle depuis janvier 2026 : pensez à transmettre votre attestation.",
        ),
    )
