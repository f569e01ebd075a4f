"""Écrit les sept adhérents de démonstration dans ``examples/adherents/`` : ``python examples/fabrique.py``.

Tout est inventé : communes, personnes, numéros. Les NIR ont une clé juste mais une commune de naissance 999, qui
n'existe pas ; les IBAN portent la banque 99999 ; les SIREN commencent par 999. Les indices suivent une grille
vraisemblable (IM du 01/01/2024), à ne prendre ni pour un barème ni pour une carrière.

Le même programme donne toujours les mêmes fichiers ; un essai le vérifie.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml

DOSSIER = Path(__file__).parent / "adherents"
DEPUIS = date(2026, 1, 1)
"""Les conditions en vigueur depuis le début de l'année : l'avancement automatique est hors de la démonstration."""

# Noms de famille : un début et une fin pris à la lande ; prénoms courants. Aucun couple ne désigne quelqu'un.
_DEBUTS = (
    "Bruyer", "Sabl", "Pignad", "Ajonc", "Brand", "Fouger", "Résin", "Gemm", "Dun", "Courl", "Échass", "Luy", "Arén",
)  # fmt: skip
_FINS = ("aval", "onet", "erol", "elous", "arret", "issac", "ombe", "ouze")
_FEMMES = (
    "Adèle", "Bérénice", "Capucine", "Diane", "Élodie", "Faustine", "Garance", "Hermine", "Inès", "Joséphine",
    "Katell", "Lucile", "Maëlle", "Noémie", "Ondine", "Pauline", "Quitterie", "Rosalie", "Séverine", "Théa",
    "Ursule", "Violette", "Yolande", "Zélie",
)  # fmt: skip
_HOMMES = (
    "Aurélien", "Bastien", "Corentin", "Damien", "Étienne", "Fabrice", "Gaspard", "Hippolyte", "Ivan", "Jérémie",
    "Kévin", "Loïc", "Martial", "Nicolas", "Octave", "Prosper", "Quentin", "Raphaël", "Sylvain", "Tristan",
    "Ulysse", "Valentin", "Xavier", "Yannick",
)  # fmt: skip
_VOIES = ("chemin des Ajoncs", "route de la Dune", "impasse du Résinier", "rue de l'Airial", "allée des Fougères")
_NAISSANCES = (("Dragueville", "40"), ("Sabloneix", "33"), ("Gavarnos", "64"), ("Armagnos", "32"), ("Lotencourt", "47"))

# Grade → (libellé, catégorie, indices par échelon : IB, IM).
GRADES: dict[str, tuple[str, str, dict[str, tuple[int, int]]]] = {
    "adm": ("Adjoint administratif", "C", {"01": (367, 366), "05": (374, 370), "11": (432, 387)}),
    "adm2": ("Adjoint administratif principal 2e classe", "C", {"08": (430, 385), "10": (461, 409), "12": (486, 425)}),
    "adm1": ("Adjoint administratif principal 1re classe", "C", {"05": (448, 398), "08": (499, 435), "10": (558, 478)}),
    "tech": ("Adjoint technique", "C", {"01": (367, 366), "05": (374, 370), "10": (419, 377), "11": (432, 387)}),
    "tech2": ("Adjoint technique principal 2e classe", "C", {"08": (430, 385), "10": (461, 409), "12": (486, 425)}),
    "maitrise": ("Agent de maîtrise principal", "C", {"06": (460, 408), "08": (499, 435)}),
    "atsem": ("ATSEM principal 2e classe", "C", {"08": (430, 385), "10": (461, 409)}),
    "social": ("Agent social", "C", {"01": (367, 366), "05": (374, 370), "10": (419, 377)}),
    "social2": ("Agent social principal 2e classe", "C", {"08": (430, 385), "11": (473, 417)}),
    "patrimoine": ("Adjoint du patrimoine", "C", {"10": (419, 377)}),
    "animation": ("Adjoint d'animation", "C", {"01": (367, 366), "10": (419, 377)}),
    "police": ("Brigadier-chef principal", "C", {"07": (499, 435)}),
    "redacteur": ("Rédacteur", "B", {"06": (431, 386), "09": (500, 436), "12": (563, 482)}),
    "redacteur2": ("Rédacteur principal 2e classe", "B", {"08": (528, 457), "11": (599, 509)}),
    "technicien": ("Technicien", "B", {"07": (452, 401), "10": (513, 446)}),
    "auxpuer": ("Auxiliaire de puériculture de classe normale", "B", {"06": (452, 401)}),
    "eje": ("Éducateur de jeunes enfants", "A", {"04": (499, 435)}),
    "attache": ("Attaché", "A", {"03": (499, 435), "05": (567, 485), "09": (732, 610)}),
    "attachep": ("Attaché principal", "A", {"07": (896, 735)}),
    "ingenieur": ("Ingénieur", "A", {"04": (565, 483), "10": (821, 678)}),
    "ingenieurp": ("Ingénieur principal", "A", {"08": (1015, 826)}),
}  # fmt: skip


def siret(siren_racine: int, etablissement: int = 1) -> str:
    """Un SIRET fictif dont le SIREN et le NIC ont leur clé de Luhn."""
    siren = _luhn(f"{siren_racine:08d}")
    return _luhn(f"{siren}{etablissement:04d}")


def _luhn(body: str) -> str:
    total = 0
    for rank, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if rank % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{body}{-total % 10}"


def nir(femme: bool, naissance: date, departement: str, rang: int) -> str:
    """Un NIR de clé juste, né dans une commune 999 qui n'existe pas."""
    body = f"{2 if femme else 1}{naissance:%y%m}{departement}999{rang:03d}"
    return f"{body}{97 - int(body) % 97:02d}"


def iban(compte: int) -> str:
    """Un IBAN français fictif (banque et guichet 99999), clés RIB et IBAN justes."""
    body = f"9999999999{compte:011d}"
    rib = 97 - (89 * 99999 + 15 * 99999 + 3 * compte) % 97
    bban = f"{body}{rib:02d}"
    control = 98 - int(f"{bban}152700") % 97  # F = 15, R = 27
    return f"FR{control:02d}{bban}"


BIC = "DEMOFRP1XXX"


class Population:
    """Les personnes, tirées dans un ordre fixe : la même place donne toujours la même identité."""

    def __init__(self) -> None:
        self._rang = 0

    def personne(self, femme: bool, ville: str, code_postal: str, *, etranger: bool = False) -> dict[str, Any]:
        """L'état civil, l'adresse et le compte d'une nouvelle personne inventée."""
        rang = self._rang
        self._rang += 1
        # 13 et 8 sont premiers entre eux : cent quatre noms avant la première répétition.
        nom = _DEBUTS[rang % len(_DEBUTS)] + _FINS[rang % len(_FINS)]
        prenoms = _FEMMES if femme else _HOMMES
        naissance = date(1968 + rang * 7 % 33, 1 + rang * 5 % 12, 1 + rang * 11 % 28)
        lieu, departement = ("Vilanova", "99") if etranger else _NAISSANCES[rang % len(_NAISSANCES)]
        fiche: dict[str, Any] = {
            "civilite": "MME" if femme else "M",
            "nom": nom,
            "prenom": prenoms[rang * 5 % len(prenoms)],
            "nir": nir(femme, naissance, departement, 901 + rang % 99),
            "date_naissance": naissance,
            "lieu_naissance": lieu,
            "departement_naissance": departement,
        }
        if etranger:
            fiche["pays_naissance"] = "PT"
        return fiche | {
            "adresse": f"{1 + rang * 3 % 40} {_VOIES[rang % len(_VOIES)]}",
            "code_postal": code_postal,
            "ville": ville,
            "iban": iban(1_000_000 + rang * 37),
            "bic": BIC,
        }


class Fabrique:
    """Un adhérent en cours d'écriture."""

    def __init__(self, population: Population, prefixe: str, description: dict[str, Any]) -> None:
        self.population = population
        self.prefixe = prefixe
        self.description = description
        self.agents: list[dict[str, Any]] = []

    def agent(
        self,
        femme: bool,
        contrat: dict[str, Any],
        *,
        pas: str | None = "0",
        personne: dict[str, Any] | None = None,
        etranger: bool = False,
    ) -> dict[str, Any]:
        """Ajoute un agent et son contrat ; ``pas=None`` : aucun taux reçu, la grille par défaut s'appliquera."""
        ville, code_postal = self.description["ville"], self.description["code_postal"]
        fiche = personne or self.population.personne(femme, ville, code_postal, etranger=etranger)
        matricule = f"{self.prefixe}{len(self.agents) + 1:03d}"
        entree = {"matricule": matricule, **fiche, "contrats": [{"numero": f"{matricule}01", **contrat}]}
        if pas is not None:
            entree["taux_pas"] = [{"taux": pas, "identifiant": "20261100000001", "du": date(2026, 10, 1)}]
        self.agents.append(entree)
        return fiche

    def rendu(self) -> dict[str, Any]:
        """L'adhérent complet, dans l'ordre où l'on aime le lire."""
        return {**self.description, "agents": self.agents}


def emploi(
    statut: str,
    grade: str,
    echelon: str,
    titre: str,
    pcs: str,
    *,
    regime: str = "cnracl",
    debut: date = date(2019, 9, 1),
    ifse: str = "",
    iccsg: str = "",
    duree: str = "",
    fin_prevue: date | None = None,
    **conditions: Any,
) -> dict[str, Any]:
    """Un contrat de titulaire, de stagiaire ou de contractuel sur un grade de la grille."""
    libelle, categorie, echelons = GRADES[grade]
    indice_brut, indice_majore = echelons[echelon]
    contrat: dict[str, Any] = {"statut": statut}
    if duree:
        contrat["duree"] = duree
    contrat |= {"emploi": titre, "pcs_ese": pcs, "date_debut": debut}
    if fin_prevue:
        contrat["date_fin_prevue"] = fin_prevue
    contrat["situations"] = [
        {
            "du": max(debut, DEPUIS),
            "regime_retraite": regime,
            "categorie": categorie,
            "grade": libelle,
            "echelon": echelon,
            "indice_brut": indice_brut,
            "indice_majore": indice_majore,
            **conditions,
        }
    ]
    permanents = [
        {"rubrique": rubrique, "montant": montant, "du": max(debut, DEPUIS)}
        for rubrique, montant in (("ifse", ifse), ("iccsg", iccsg))
        if montant
    ]
    return contrat | ({"permanents": permanents} if permanents else {})


def contractuel(
    grade: str,
    echelon: str,
    titre: str,
    pcs: str,
    *,
    duree: str = "cdd",
    debut: date = date(2025, 9, 1),
    **options: Any,
) -> dict[str, Any]:
    """Un contrat de droit public, à l'IRCANTEC ; à durée déterminée, sa fin prévue est au 31/08/2027."""
    options |= {"duree": duree, "debut": debut, "fin_prevue": date(2027, 8, 31) if duree == "cdd" else None}
    return emploi("contractuel", grade, echelon, titre, pcs, regime="ircantec", **options)


def mandat(nature: str, titre: str, taux: str, **conditions: Any) -> dict[str, Any]:
    """Un mandat local indemnisé depuis les élections de mars 2026 ; ``taux`` en pour cent de l'indice terminal."""
    debut = date(2026, 3, 22)
    return {
        "statut": "elu",
        "emploi": titre,
        "pcs_ese": "335a",
        "date_debut": debut,
        "situations": [
            {"du": debut, "regime_retraite": "ircantec", "mandat": nature, "taux_indemnite": taux, **conditions},
        ],
    }


def adherent(
    population: Population,
    prefixe: str,
    code: str,
    nom: str,
    ville: str,
    rang: int,
    *,
    nature: str = "commune",
    ape: str = "8411Z",
    adresse: str = "1 place de la Mairie",
    habitants: int,
    effectif: int,
    taux_at: str,
    **parametres: Any,
) -> Fabrique:
    """La fiche d'une collectivité ; ``rang`` fixe son SIREN, son code commune (40990 et suivants) et ses contacts."""
    return Fabrique(
        population,
        prefixe,
        {
            "code": code,
            "nom": nom,
            "nature": nature,
            "siret": siret(99900200 + rang * 10),
            "ape": ape,
            "adresse": adresse,
            "code_postal": f"4099{rang}",
            "ville": ville,
            "code_insee": f"4099{rang}",
            "population": habitants,
            "zone_residence": 3,
            "contact_nom": "Secrétariat",
            "contact_courriel": f"secretariat@{code}.example",
            "contact_telephone": f"05364900{rang:02d}",  # tranche réservée à la fiction
            "iban": iban(900_000 + rang),
            "bic": BIC,
            "parametres": [
                {
                    "du": DEPUIS,
                    "effectif": effectif,
                    "taux_at": taux_at,
                    "code_risque_at": "751BA",
                    "taux_cdg": "1.43",
                    **parametres,
                }
            ],
        },
    )


F, H = True, False


# Un tableau : une ligne par agent se lit mieux que six.
# fmt: off


def fabrique() -> list[dict[str, Any]]:
    """Les sept adhérents, dans l'ordre."""
    gens = Population()

    # Moins de 500 habitants ; la secrétaire générale partage sa semaine avec la commune voisine.
    petite = adherent(gens, "LB", "lubescaux", "Commune de Lubescaux", "Lubescaux", 0, habitants=412, effectif=2, taux_at="1.62")
    secretaire = petite.agent(
        F,
        emploi("titulaire", "redacteur", "09", "Secrétaire générale de mairie", "451g", ifse="180.00", iccsg="14.20", nbi=30,
               heures_hebdo="17.5", heures_tous_employeurs="35"),
        pas="3.1",
    )
    petite.agent(H, emploi("titulaire", "tech", "10", "Agent technique polyvalent", "632k", heures_hebdo="28", ifse="90.00"), pas="0")
    petite.agent(F, mandat("maire", "Maire", "25.5"), pas="6.9")
    petite.agent(H, mandat("adjoint", "Premier adjoint", "9.9"), pas=None)
    petite.agent(H, mandat("adjoint", "Deuxième adjoint", "9.9"), pas="0")

    # Rien que des temps non complets : deux agents communs avec un autre adhérent, un sous le seuil des 28 heures.
    partagee = adherent(gens, "PM", "pouymirede", "Commune de Pouymirède", "Pouymirède", 1, habitants=640, effectif=5, taux_at="1.58",
                        heures_complementaires_majorees=True)
    partagee.agent(
        F,
        emploi("titulaire", "redacteur", "09", "Secrétaire générale de mairie", "451g", ifse="165.00", nbi=15,
               heures_hebdo="17.5", heures_tous_employeurs="35"),
        pas="3.1",
        personne=secretaire,
    )
    technique = partagee.agent(
        H,
        emploi("titulaire", "tech2", "08", "Agent de voirie", "621f", ifse="60.00", heures_hebdo="16", heures_tous_employeurs="30"),
        pas="1.3",
    )
    partagee.agent(F, emploi("titulaire", "tech", "11", "Agent d'entretien des écoles", "525a", regime="ircantec", ifse="45.00",
                             heures_hebdo="20"), pas="0")
    partagee.agent(F, emploi("titulaire", "atsem", "08", "ATSEM", "525a", ifse="70.00", heures_hebdo="31.5", enfants_sft=2), pas="0")
    partagee.agent(F, contractuel("tech", "01", "Agent de restauration scolaire", "561d", heures_hebdo="12"), pas=None)
    partagee.agent(F, mandat("maire", "Maire", "40.3"), pas="9.9")
    partagee.agent(H, mandat("adjoint", "Premier adjoint", "10.7"), pas="2.2")

    # Une commune de 1 800 habitants : douze agents de toutes sortes.
    bourg = adherent(gens, "HT", "hontarede", "Commune de Hontarède", "Hontarède", 2, habitants=1800, effectif=12, taux_at="1.62",
                     primes_en_maladie="suit_le_traitement")
    bourg.agent(F, emploi("titulaire", "attache", "05", "Directrice générale des services", "333f", ifse="650.00", iccsg="32.15",
                          nbi=25), pas="7.5")
    bourg.agent(F, emploi("titulaire", "adm1", "08", "Agente d'accueil et d'état civil", "523c", ifse="140.00", nbi=10,
                          quotite="0.8", enfants_sft=2), pas="2.0")
    bourg.agent(H, emploi("titulaire", "adm", "05", "Agent comptable", "523c", ifse="120.00"), pas="0")
    bourg.agent(H, emploi("titulaire", "maitrise", "08", "Responsable des services techniques", "486e", ifse="260.00", nbi=15,
                          enfants_sft=3), pas="1.7")
    bourg.agent(H, emploi("titulaire", "tech2", "12", "Agent de voirie", "621f", ifse="110.00", iccsg="11.05"), pas="2.9")
    bourg.agent(H, emploi("titulaire", "tech2", "10", "Jardinier", "631a", ifse="105.00", enfants_sft=1), pas="0")
    bourg.agent(H, emploi("stagiaire", "tech", "01", "Agent des bâtiments", "632k", ifse="80.00", debut=date(2026, 4, 1)), pas=None)
    bourg.agent(F, emploi("titulaire", "atsem", "10", "ATSEM", "525a", ifse="95.00", heures_hebdo="32"), pas="1.1")
    bourg.agent(
        H,
        emploi("titulaire", "tech2", "08", "Agent d'entretien des locaux", "525c", ifse="55.00", heures_hebdo="14",
               heures_tous_employeurs="30"),
        pas="1.3",
        personne=technique,
    )
    bourg.agent(F, contractuel("animation", "10", "Animatrice périscolaire", "435b", duree="cdi", heures_hebdo="24", ifse="50.00"), pas="0")
    bourg.agent(F, contractuel("tech", "01", "Agente de cantine", "561d", heures_hebdo="20"), pas=None)
    bourg.agent(H, contractuel("redacteur", "06", "Chargé d'urbanisme", "451g", ifse="150.00"), pas="3.5")
    bourg.agent(H, mandat("maire", "Maire", "45"), pas="11")
    bourg.agent(F, mandat("adjoint", "Première adjointe", "18"), pas="4.2")
    bourg.agent(H, mandat("adjoint", "Deuxième adjoint", "18"), pas="0")
    bourg.agent(F, mandat("adjoint", "Troisième adjointe", "18"), pas=None)

    # Un service d'aide à domicile : titulaires de part et d'autre des 28 heures, contractuelles.
    ccas = adherent(gens, "CS", "ccas-marsaquet", "CCAS de Marsaquet", "Marsaquet", 3, nature="ccas", ape="8810A", habitants=3240,
                    effectif=9, taux_at="2.30", heures_complementaires_majorees=True)
    ccas.agent(F, emploi("titulaire", "redacteur2", "08", "Responsable du service d'aide à domicile", "451g", ifse="240.00"), pas="4.4")
    ccas.agent(F, emploi("titulaire", "social2", "11", "Aide à domicile", "563b", heures_hebdo="30", ifse="60.00", iccsg="8.40"), pas="0")
    ccas.agent(F, emploi("titulaire", "social2", "08", "Aide à domicile", "563b", heures_hebdo="28", ifse="60.00", enfants_sft=2), pas="0")
    ccas.agent(F, emploi("titulaire", "social", "10", "Aide à domicile", "563b", regime="ircantec", heures_hebdo="24"), pas="0.5")
    ccas.agent(F, contractuel("social", "01", "Aide à domicile", "563b", heures_hebdo="25"), pas=None)
    ccas.agent(F, contractuel("social", "05", "Aide à domicile", "563b", duree="cdi", heures_hebdo="30"), pas="0")
    ccas.agent(F, contractuel("social", "01", "Aide à domicile", "563b", heures_hebdo="20"), pas="0", etranger=True)
    ccas.agent(H, contractuel("social", "01", "Aide à domicile", "563b", heures_hebdo="28"), pas=None)
    ccas.agent(F, contractuel("adm", "01", "Assistante de planification", "523c", heures_hebdo="17.5"), pas="1.2")

    interco = _communaute(gens)

    # Le syndicat d'eau : cinq agents ; son premier fichier sera fautif.
    syndicat = adherent(gens, "SE", "syndicat-luyette", "Syndicat des eaux de la Haute Luyette", "Castelbrane", 5, nature="syndicat",
                        ape="3600Z", adresse="8 route du Captage", habitants=5130, effectif=5, taux_at="2.05")
    syndicat.agent(F, emploi("titulaire", "redacteur", "12", "Secrétaire du syndicat", "451g", ifse="210.00"), pas="3.8")
    syndicat.agent(H, emploi("titulaire", "technicien", "10", "Responsable d'exploitation", "472d", ifse="330.00", enfants_sft=2), pas="4.0")
    syndicat.agent(H, emploi("titulaire", "maitrise", "06", "Fontainier", "632f", ifse="190.00"), pas="1.5")
    syndicat.agent(H, emploi("titulaire", "tech", "05", "Fontainier", "632f", ifse="150.00"), pas="0")
    syndicat.agent(H, contractuel("tech", "01", "Releveur de compteurs", "632f", heures_hebdo="30"), pas=None)

    # La commune qui n'a rien à dire ce mois-ci.
    calme = adherent(gens, "SA", "saint-amadour-des-pins", "Commune de Saint-Amadour-des-Pins", "Saint-Amadour-des-Pins", 6,
                     habitants=310, effectif=3, taux_at="1.62")
    calme.agent(F, emploi("titulaire", "adm1", "10", "Secrétaire générale de mairie", "523c", ifse="200.00", nbi=30), pas="2.6")
    calme.agent(H, emploi("titulaire", "tech2", "10", "Agent technique polyvalent", "632k", ifse="80.00", heures_hebdo="30"), pas="0")
    calme.agent(F, contractuel("tech", "01", "Agente d'entretien", "525c", heures_hebdo="8"), pas=None)
    calme.agent(H, mandat("maire", "Maire", "28.1"), pas="5.3")
    calme.agent(F, mandat("adjoint", "Première adjointe", "10.89"), pas="0")

    return [one.rendu() for one in (petite, partagee, bourg, ccas, interco, syndicat, calme)]


def _communaute(gens: Population) -> Fabrique:
    """Quarante agents des trois catégories, un président assujetti au régime général, des vice-présidents."""
    interco = adherent(gens, "CC", "cc-pins-argentes", "Communauté de communes des Pins Argentés", "Castelbrane", 4, nature="epci",
                       adresse="25 avenue de l'Océan", habitants=11400, effectif=40, taux_at="1.75", assurance_chomage=True,
                       gestion_chomage="03", adhesion_chomage=date(2014, 1, 1),
                       primes_en_maladie="suit_le_traitement")
    # Sexe, contrat, taux de prélèvement à la source. Un seul agent dépasse le plafond : l'ingénieur contractuel.
    equipe: list[tuple[bool, dict[str, Any], str | None]] = [
        (F, emploi("titulaire", "attachep", "07", "Directrice générale des services", "331a", ifse="1100.00", iccsg="48.30", nbi=35), "12.5"),
        (H, contractuel("ingenieurp", "08", "Directeur des services techniques", "332b", duree="cdi", ifse="900.00"), "14"),
        (F, emploi("titulaire", "attache", "09", "Responsable des finances", "333f", ifse="620.00", enfants_sft=2), "8.1"),
        (F, emploi("titulaire", "attache", "05", "Responsable des ressources humaines", "333f", ifse="540.00", quotite="0.9"), "6.3"),
        (H, contractuel("attache", "03", "Chargé de mission économie", "333f", ifse="320.00"), "5.1"),
        (F, contractuel("attache", "03", "Chargée de mission habitat", "333f", ifse="320.00"), None),
        (H, emploi("titulaire", "ingenieur", "04", "Responsable eau et assainissement", "332b", ifse="560.00", enfants_sft=1), "6.8"),
        (F, emploi("titulaire", "eje", "04", "Directrice de la crèche", "434g", ifse="380.00", nbi=15), "4.6"),
        (F, contractuel("eje", "04", "Éducatrice de jeunes enfants", "434g", ifse="220.00", quotite="0.8"), "2.4"),
        (H, emploi("titulaire", "redacteur2", "11", "Responsable des marchés publics", "451g", ifse="350.00", iccsg="21.60"), "5.5"),
        (F, emploi("titulaire", "redacteur", "09", "Gestionnaire de paie", "451g", ifse="240.00", enfants_sft=2), "2.1"),
        (F, emploi("titulaire", "redacteur", "06", "Chargée de communication", "451g", ifse="220.00", quotite="0.8"), "1.9"),
        (H, emploi("titulaire", "technicien", "10", "Technicien informatique", "472d", ifse="300.00"), "4.0"),
        (H, emploi("titulaire", "technicien", "07", "Technicien voirie", "472d", ifse="280.00", enfants_sft=3), "0"),
        (F, contractuel("technicien", "07", "Technicienne SIG", "472d", ifse="200.00"), None),
        (F, emploi("titulaire", "auxpuer", "06", "Auxiliaire de puériculture", "526c", ifse="130.00"), "1.0"),
        (F, emploi("titulaire", "auxpuer", "06", "Auxiliaire de puériculture", "526c", ifse="130.00", heures_hebdo="28"), "0"),
        (F, contractuel("auxpuer", "06", "Auxiliaire de puériculture", "526c", ifse="90.00", heures_hebdo="30"), "0"),
        (F, emploi("titulaire", "adm1", "08", "Assistante de direction", "523c", ifse="170.00", nbi=10), "2.3"),
        (F, emploi("titulaire", "adm2", "12", "Agente d'accueil", "523c", ifse="120.00", iccsg="10.75"), "1.4"),
        (H, emploi("titulaire", "adm2", "08", "Agent comptable", "523c", ifse="120.00", enfants_sft=1), "0"),
        (F, emploi("stagiaire", "adm", "01", "Agente d'urbanisme", "523c", ifse="100.00", debut=date(2026, 2, 1)), None),
        (F, contractuel("adm", "01", "Agente d'accueil de France services", "523c", ifse="60.00"), "0"),
        # Entrée en cours de mois : ses trentièmes courent du 16 novembre.
        (F, contractuel("adm", "01", "Agente administrative remplaçante", "523c", debut=date(2026, 11, 16)), None),
        (F, emploi("titulaire", "patrimoine", "10", "Agente de médiathèque", "523c", ifse="95.00", heures_hebdo="28"), "0"),
        (H, contractuel("patrimoine", "10", "Agent de médiathèque", "523c", heures_hebdo="17.5"), None),
        (H, emploi("titulaire", "animation", "10", "Animateur jeunesse", "435b", ifse="90.00"), "0"),
        (F, contractuel("animation", "01", "Animatrice jeunesse", "435b", heures_hebdo="28"), "0"),
        (H, contractuel("animation", "01", "Animateur jeunesse", "435b", heures_hebdo="20"), None),
        (H, emploi("titulaire", "maitrise", "08", "Chef d'équipe de collecte", "486e", ifse="230.00", nbi=15, enfants_sft=2), "1.6"),
        (H, emploi("titulaire", "tech2", "12", "Chauffeur de collecte", "644a", ifse="140.00"), "2.7"),
        (H, emploi("titulaire", "tech2", "10", "Chauffeur de collecte", "644a", ifse="140.00", enfants_sft=4), "0"),
        (H, emploi("titulaire", "tech", "11", "Agent de collecte", "684b", ifse="125.00"), "0.8"),
        (H, emploi("titulaire", "tech", "05", "Agent de collecte", "684b", ifse="125.00", enfants_sft=1), "0"),
        (H, emploi("stagiaire", "tech", "01", "Agent de collecte", "684b", ifse="110.00", debut=date(2026, 5, 1)), None),
        (H, contractuel("tech", "01", "Agent de déchèterie", "684b", ifse="80.00"), "0"),
        (H, contractuel("tech", "01", "Agent de déchèterie", "684b", heures_hebdo="28"), None),
        (H, emploi("titulaire", "tech2", "08", "Mécanicien", "634c", ifse="135.00"), "1.2"),
        (F, emploi("titulaire", "tech", "10", "Agente d'entretien", "525c", ifse="70.00", heures_hebdo="30"), "0"),
        (F, emploi("titulaire", "tech", "05", "Agente d'entretien", "525c", regime="ircantec", ifse="50.00", heures_hebdo="22"), "0"),
    ]
    for femme, contrat, pas in equipe:
        interco.agent(femme, contrat, pas=pas)
    # Le président est aussi maire d'une commune de moins de 3 500 habitants : le total de ses indemnités passe le seuil.
    interco.agent(
        H,
        mandat("president", "Président", "41", autres_mandats_brut="1155.06", nombre_mandats_indemnises=2,
               mandat_commune_moins_3500=True),
        pas="13.2",
    )
    for rang, (femme, pas) in enumerate(((F, "6.1"), (H, "3.3"), (F, None), (H, "8.4")), start=1):
        interco.agent(femme, mandat("vice_president", f"{rang}e vice-présidence", "15", mandat_commune_moins_3500=False), pas=pas)
    return interco


# fmt: on
class _Lisible(yaml.SafeDumper):
    """Une liste sous sa clé, décalée : la forme que yamllint demande."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002  (signature de PyYAML)
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (signature de PyYAML)
        return True


def _cite(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # « 09 » ou « 17.5 » sans guillemets serait un nombre pour certains lecteurs de YAML.
    looks_like_a_number = value.replace(".", "").isdigit()
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style='"' if looks_like_a_number else None)


_Lisible.add_representer(str, _cite)

ENTETE = """\
# Adhérent de démonstration : tout est inventé (communes, personnes, numéros).
# Écrit par examples/fabrique.py ; docs/adherents.md dit ce que chaque clé veut dire.
"""


def texte(description: dict[str, Any]) -> str:
    """Le fichier YAML d'un adhérent."""
    return ENTETE + yaml.dump(description, Dumper=_Lisible, sort_keys=False, allow_unicode=True, width=140)


def main() -> None:
    DOSSIER.mkdir(exist_ok=True)
    for description in fabrique():
        (DOSSIER / f"{description['code']}.yaml").write_text(texte(description), encoding="utf-8")


if __name__ == "__main__":
    main()
