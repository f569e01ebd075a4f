"""Un fichier fautif par refus : ce qu'on y écrit, et ce que la secrétaire doit lire. Trié par feuille du classeur."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from tests.intake.fabrique import A, B, Cells, E, H, M, Tweak, X


@dataclass(frozen=True, slots=True)
class Refus:
    """Les cases écrites, et l'unique anomalie attendue."""

    code: str
    cells: Cells
    feuille: str
    cellule: str
    recu: str
    attendu: str
    message: str
    matricule: str = ""
    tweak: Tweak | None = None
    saisi: bool = True


_LISTE = "un choix de la liste"
_NOMBRE = "un nombre avec deux décimales au plus, par exemple 2,5"
_DATE = "une date qui existe, écrite jj/mm/aaaa"
_MATRICULE = "un matricule de votre liste d'agents"
_ABSENCE = {(A, "A5"): "A001", (A, "B5"): "Grève", (A, "C5"): "03/11/2026", (A, "D5"): "04/11/2026"}
_SORTIE = {(M, "A5"): "A001", (M, "B5"): "15/11/2026", (M, "C5"): "Démission"}
_ENTREE = {(M, "F5"): "Nouvelle", (M, "G5"): "Venue", (M, "H5"): "16/11/2026", (M, "I5"): "Contractuel"}
_AUTRE = {(X, "A5"): "A003", (X, "B5"): "Prime d'été", (X, "C5"): 50}

IDENTITE = [
    Refus("version-inconnue", {(H, "B2"): "9"}, "", "", "9", "la version 1",
          "ce fichier n'est pas d'une version que nous savons lire."),
    Refus("mauvais-adherent", {(H, "B3"): "c40111"}, B, "B5", "c40111", "c40999",
          "ce fichier est celui d'une autre collectivité."),
    Refus("mauvais-siret", {(H, "B4"): "21409990000099"}, B, "B6", "", "21409990000017",
          "le SIRET du fichier n'est pas celui de votre collectivité."),
    Refus("mauvais-mois", {(H, "B5"): "2026-10"}, B, "B7", "octobre 2026", "novembre 2026",
          "ce fichier est celui d'un autre mois."),
    Refus("mois-illisible", {(H, "B5"): "novembre"}, B, "B7", "novembre", "un mois, écrit mm/aaaa",
          "le mois de paie ne se lit pas."),
    Refus("entete-manquant", {(H, "B3"): None}, B, "B5", "", "c40999",
          "ce fichier ne dit pas de quelle collectivité il est."),
    Refus("entete-manquant", {(H, "B5"): None}, B, "B7", "", "novembre 2026",
          "ce fichier ne dit pas de quel mois il est."),
    Refus("feuille-manquante", {}, "", "", "", "les feuilles du classeur du mois, inchangées",
          "la feuille « Absences » n'est plus dans le classeur.", tweak=lambda book: book.remove(book[A])),
    Refus("feuille-manquante", {}, "", "", "", "les feuilles du classeur du mois, inchangées",
          "une feuille cachée n'est plus dans le classeur.", tweak=lambda book: book.remove(book[H])),
    Refus("feuille-trop-grande", {(E, "A5001"): "A001"}, E, "", "", "5000 lignes et 200 colonnes au plus",
          "cette feuille est remplie bien au-delà du tableau à remplir."),
]  # fmt: skip

BORDEREAU = [
    Refus("oui-illisible", {(B, "B9"): "peut-être"}, B, "B9", "peut-être", "« oui », « non » ou rien",
          "la réponse à « Annule et remplace » ne se lit pas."),
    Refus("date-illisible", {(B, "B11"): "31/02/2026"}, B, "B11", "31/02/2026", _DATE,
          "la date de préparation ne se lit pas."),
    Refus("nombre-illisible", {(B, "B12"): "dix"}, B, "B12", "dix", _NOMBRE, "ce nombre ne se lit pas."),
    Refus("total-different", {(B, "B12"): 3}, B, "B12", "3", "0",
          "« Total des heures » n'est pas la somme de ce que nous avons lu."),
    Refus("total-different", {(B, "B13"): "1 100,00"}, B, "B13", "1 100,00", "100,00",
          "« Total des montants » n'est pas la somme de ce que nous avons lu."),
    Refus("neant-et-donnees", {(B, "B8"): "oui"}, B, "", "", "l'un ou l'autre",
          "« Néant ce mois » est à « oui », mais des éléments sont saisis."),
    Refus("rien-de-saisi", {}, B, "", "", "des éléments, ou « oui » dans la case « Néant ce mois »",
          "rien n'est saisi dans ce fichier.", saisi=False),
]  # fmt: skip

ELEMENTS = [
    Refus("titres-modifies", {(E, "A4"): "N°"}, E, "A4", "N°", "« Matricule »",
          "un titre de colonne a été modifié ou effacé."),
    Refus("titres-modifies", {(E, "A4"): None}, E, "A4", "", "« Matricule »",
          "un titre de colonne a été modifié ou effacé."),
    Refus("colonne-inconnue", {(E, "J4"): "Prime de Noël", (E, "J6"): 5}, E, "J4", "Prime de Noël",
          "les colonnes du classeur du mois", "cette colonne n'est pas du classeur du mois."),
    Refus("colonne-inconnue", {(E, "N6"): 5}, E, "N6", "5", "les colonnes du classeur du mois",
          "cette case est remplie hors des colonnes du classeur."),
    Refus("colonne-en-double", {(E, "F4"): "HEURES SUP. DE JOUR", (E, "F5"): 2}, E, "F4", "HEURES SUP. DE JOUR",
          "une seule colonne de ce titre", "ce titre de colonne paraît deux fois : nous ne savons pas laquelle lire."),
    Refus("agent-manquant", {(E, "A6"): None, (E, "E6"): 2}, E, "A6", "", _MATRICULE,
          "cette ligne ne dit pas de quel agent il s'agit."),
    Refus("agent-inconnu", {(E, "A12"): "A099", (E, "I12"): 2}, E, "A12", "A099", _MATRICULE,
          "ce matricule n'est celui d'aucun de vos agents ce mois-ci.", "A099"),
    Refus("agent-inconnu", {(E, "A12"): 7, (E, "I12"): 2}, E, "A12", "7", _MATRICULE,
          "ce matricule n'est celui d'aucun de vos agents ce mois-ci.", "7"),
    Refus("contrat-ambigu", {(E, "A12"): "a006", (E, "I12"): 2}, E, "A12", "a006", "A006/1 ou A006/2",
          "cet agent a plusieurs contrats : dites lequel.", "a006"),
    Refus("formule", {(E, "E5"): "=1+1"}, E, "E5", "", "la valeur elle-même",
          "cette case contient une formule : nous ne calculons pas les formules reçues.", "A001"),
    Refus("nombre-illisible", {(E, "E5"): "douze"}, E, "E5", "douze", _NOMBRE, "ce nombre ne se lit pas.", "A001"),
    Refus("nombre-illisible", {(E, "E5"): "2h75"}, E, "E5", "2h75", _NOMBRE, "ce nombre ne se lit pas.", "A001"),
    Refus("nombre-illisible", {(E, "I6"): time(2, 30)}, E, "I6", "02:30:00", "un montant en euros, et non des heures",
          "ce nombre ne se lit pas.", "A002"),
    Refus("trop-de-decimales", {(E, "I6"): 12.345}, E, "I6", "12,345", "deux décimales au plus, par exemple 2,33",
          "ce nombre a plus de deux décimales.", "A002"),
    Refus("nombre-negatif", {(E, "I6"): -12}, E, "I6", "-12", "un nombre positif, ou rien",
          "un nombre négatif ne se saisit pas ici.", "A002"),
    Refus("heures-non-permises", {(E, "E8"): 2}, E, "E8", "2", "rien dans cette colonne pour cet agent",
          "cet agent n'a pas droit aux heures supplémentaires : elles vont aux agents à temps complet, "
          "de catégories B et C.", "A004"),
    Refus("heures-non-permises", {(E, "H5"): 2}, E, "H5", "2", "rien dans cette colonne pour cet agent",
          "cet agent ne fait pas d'heures complémentaires : elles vont aux agents à temps non complet.", "A001"),
    Refus("heures-au-dela-du-plafond", {(E, "E5"): 10, (E, "F5"): 10, (E, "G5"): 5.25}, E, "E5", "25,25 h",
          "25 h au plus, jour, nuit et dimanche ensemble",
          "il y a plus d'heures que le droit n'en permet dans le mois (décret 2002-60 du 14/01/2002, art. 6).", "A001"),
    Refus("heures-au-dela-du-plafond", {(E, "E6"): 20.5}, E, "E6", "20,5 h",
          "20 h au plus, jour, nuit et dimanche ensemble",
          "il y a plus d'heures que le droit n'en permet dans le mois (décret 2002-60 du 14/01/2002, art. 6).", "A002"),
    Refus("heures-au-dela-du-plafond", {(E, "H7"): 151.68}, E, "H7", "151,68", "151,67 h au plus",
          "il y a plus d'heures que le droit n'en permet dans le mois (décret 2020-592 du 15/05/2020, art. 1).",
          "A003"),
    Refus("valeur-demesuree", {(E, "I6"): 100_000}, E, "I6", "100000", "un montant en euros",
          "ce montant dépasse 99 999,99 € : une faute de frappe ?", "A002"),
    Refus("valeur-demesuree", {(E, "K6"): 401}, E, "K6", "401", "des heures dans le mois",
          "ce nombre dépasse 400 heures : une faute de frappe ?", "A002"),
    Refus("ligne-en-double", {(X, "A5"): "A001", (X, "B5"): "cia", (X, "C5"): 100}, X, "C5", "",
          "une seule saisie (l'autre : « Éléments », case I5)",
          "cette rubrique est déjà saisie pour cet agent : nous ne savons pas laquelle garder.", "A001"),
    Refus("caracteres-caches", {(E, "L5"): "prime\u202e001"}, E, "L5", "", "un texte tapé au clavier",
          "cette case contient des caractères invisibles, ou qui inversent le sens de lecture."),
    Refus("caracteres-caches", {(B, "B10"): "Le\u200bsecrétariat"}, B, "B10", "", "un texte tapé au clavier",
          "cette case contient des caractères invisibles, ou qui inversent le sens de lecture."),
]  # fmt: skip

ABSENCES = [
    Refus("titres-modifies", {(A, "D4"): "Fin"}, A, "D4", "Fin", "« Dernier jour »",
          "un titre de colonne a été modifié ou effacé."),
    Refus("choix-manquant", _ABSENCE | {(A, "B5"): None}, A, "B5", "", _LISTE, "la nature de l'absence manque.",
          "A001"),
    Refus("choix-inconnu", _ABSENCE | {(A, "B5"): "RTT"}, A, "B5", "RTT", _LISTE,
          "la nature de l'absence n'est pas dans la liste.", "A001"),
    Refus("date-manquante", _ABSENCE | {(A, "D5"): None}, A, "D5", "", "une date, écrite jj/mm/aaaa",
          "le dernier jour manque.", "A001"),
    Refus("date-illisible", _ABSENCE | {(A, "D5"): "31/11/2026"}, A, "D5", "31/11/2026", _DATE,
          "le dernier jour ne se lit pas.", "A001"),
    Refus("date-illisible", _ABSENCE | {(A, "C5"): 7}, A, "C5", "07/01/1900", _DATE,
          "le premier jour ne se lit pas.", "A001"),
    Refus("formule", _ABSENCE | {(A, "C5"): "=AUJOURDHUI()"}, A, "C5", "", "la valeur elle-même",
          "cette case contient une formule : nous ne calculons pas les formules reçues.", "A001"),
    Refus("oui-illisible", _ABSENCE | {(A, "E5"): "sans doute"}, A, "E5", "sans doute", "« oui », « non » ou rien",
          "la réponse à « Prolongation » ne se lit pas.", "A001"),
    Refus("fin-avant-debut", _ABSENCE | {(A, "D5"): "02/11/2026"}, A, "D5", "02/11/2026", "à partir du 03/11/2026",
          "le dernier jour précède le premier.", "A001"),
    Refus("absence-hors-mois", _ABSENCE | {(A, "C5"): "03/12/2026", (A, "D5"): "04/12/2026"}, A, "C5", "03/12/2026",
          "une absence qui touche novembre 2026", "cette absence ne touche pas novembre 2026.", "A001"),
    Refus("absence-hors-contrat", _ABSENCE | {(A, "A5"): "0005", (A, "D5"): "12/11/2026"}, A, "C5", "03/11/2026",
          "à partir du 10/11/2026", "cette absence commence avant le contrat de l'agent.", "0005"),
    Refus("absence-hors-contrat", _ABSENCE | {(A, "A5"): "0005", (A, "C5"): "19/11/2026", (A, "D5"): "21/11/2026"},
          A, "D5", "21/11/2026", "jusqu'au 20/11/2026", "cette absence finit après le contrat de l'agent.", "0005"),
    Refus("absences-qui-se-chevauchent",
          _ABSENCE | {(A, "A6"): "A001", (A, "B6"): "CMO", (A, "C6"): "04/11/2026", (A, "D6"): "09/11/2026"}, A, "C6",
          "04/11/2026", "une absence qui commence après le 04/11/2026 (l'autre : « Absences », case C5)",
          "deux absences de cet agent portent sur les mêmes jours.", "A001"),
]  # fmt: skip

MOUVEMENTS = [
    Refus("date-manquante", _SORTIE | {(M, "B5"): None}, M, "B5", "", "une date, écrite jj/mm/aaaa",
          "la date de sortie manque.", "A001"),
    Refus("choix-inconnu", _SORTIE | {(M, "C5"): "Lassitude"}, M, "C5", "Lassitude", _LISTE,
          "le motif de sortie n'est pas dans la liste.", "A001"),
    Refus("sortie-hors-mois", _SORTIE | {(M, "B5"): "15/11/2025"}, M, "B5", "15/11/2025",
          "une date du 01/11/2026 au 30/11/2026", "ce départ n'est pas en novembre 2026.", "A001"),
    Refus("sortie-hors-mois", _SORTIE | {(M, "A5"): "0005", (M, "B5"): "09/11/2026"}, M, "B5", "09/11/2026",
          "une date du 10/11/2026 au 30/11/2026", "ce départ n'est pas en novembre 2026.", "0005"),
    Refus("ligne-en-double", _SORTIE | {(M, "A6"): "A001", (M, "B6"): "16/11/2026", (M, "C6"): "Retraite"}, M, "A6", "",
          "une seule ligne par départ", "le départ de cet agent est déjà saisi plus haut.", "A001"),
    Refus("nom-manquant", _ENTREE | {(M, "G5"): None}, M, "G5", "", "", "le prénom de la personne qui arrive manque."),
    Refus("date-illisible", _ENTREE | {(M, "H5"): "bientôt"}, M, "H5", "bientôt", _DATE,
          "la date d'entrée ne se lit pas."),
    Refus("choix-manquant", _ENTREE | {(M, "I5"): None}, M, "I5", "", _LISTE, "le statut manque."),
    Refus("entree-hors-periode", _ENTREE | {(M, "H5"): "16/11/2062"}, M, "H5", "16/11/2062",
          "une date du 01/11/2026 au 02/03/2027", "cette arrivée est dans le passé, ou trop loin dans l'avenir."),
]  # fmt: skip

AUTRES = [
    Refus("rubrique-manquante", _AUTRE | {(X, "B5"): None}, X, "B5", "", "une rubrique de la liste",
          "cette ligne ne dit pas de quelle rubrique il s'agit."),
    Refus("rubrique-inconnue", _AUTRE | {(X, "B5"): "Étrennes"}, X, "B5", "Étrennes", "une rubrique de la liste",
          "cette rubrique n'est pas de celles que vous pouvez saisir."),
    Refus("montant-manquant", _AUTRE | {(X, "C5"): None}, X, "C5", "", "un montant en euros, ou des heures",
          "cette ligne n'a pas de valeur."),
    Refus("mois-illisible", _AUTRE | {(X, "D5"): "13/2026"}, X, "D5", "13/2026", "un mois, écrit mm/aaaa",
          "le mois de droit ne se lit pas.", "A003"),
    Refus("rappel-non-couvert", _AUTRE | {(X, "D5"): "10/2026"}, X, "D5", "10/2026", "novembre 2026, ou rien",
          "une somme due au titre d'un mois passé (un rappel) ne se saisit pas dans ce classeur.", "A003"),
    Refus("mois-futur", _AUTRE | {(X, "D5"): "12/2026"}, X, "D5", "12/2026", "novembre 2026, ou rien",
          "le mois de droit est dans le futur.", "A003"),
]  # fmt: skip

REFUS = [*IDENTITE, *BORDEREAU, *ELEMENTS, *ABSENCES, *MOUVEMENTS, *AUTRES]

_TETE = "#adherent;c40999\n#mois;2026-11\n"
_TITRES = "matricule;code;valeur;date_debut;date_fin;observation\n"

CSV = [
    ("entete-manquant", "#mois;2026-11\n" + _TITRES + "A001;cia;1\n", "", "c40999",
     "ce fichier ne dit pas de quelle collectivité il est."),
    ("entete-manquant", "#adherent;c40999\n" + _TITRES + "A001;cia;1\n", "", "novembre 2026",
     "ce fichier ne dit pas de quel mois il est."),
    ("mauvais-mois", "#adherent;c40999\n#mois;10/2026\n" + _TITRES + "A001;cia;1\n", "ligne 2", "novembre 2026",
     "ce fichier est celui d'un autre mois."),
    ("version-inconnue", "#version;7\n" + _TETE + _TITRES + "A001;cia;1\n", "", "la version 1",
     "ce fichier n'est pas d'une version que nous savons lire."),
    ("titres-modifies", _TETE + "A001;cia;1;;;\n", "ligne 3",
     "matricule;code;valeur;date_debut;date_fin;observation",
     "la première ligne du fichier, après celles qui commencent par « # », doit nommer les colonnes."),
    ("agent-manquant", _TETE + _TITRES + ";cia;1\n", "ligne 4, colonne matricule", _MATRICULE,
     "cette ligne ne dit pas de quel agent il s'agit."),
    ("rubrique-inconnue", _TETE + _TITRES + "A001;etrennes;1\n", "ligne 4, colonne code", "une rubrique de la liste",
     "cette rubrique n'est pas de celles que vous pouvez saisir."),
    ("montant-manquant", _TETE + _TITRES + "A001;cia;\n", "ligne 4, colonne valeur",
     "un montant en euros, ou des heures", "cette ligne n'a pas de valeur."),
    ("nombre-illisible", _TETE + _TITRES + "A001;cia;1,234.50\n", "ligne 4, colonne valeur", _NOMBRE,
     "ce nombre ne se lit pas."),
    ("formule", _TETE + _TITRES + "A001;cia;=1+1\n", "ligne 4, colonne valeur", "la valeur elle-même",
     "cette case contient une formule : nous ne calculons pas les formules reçues."),
    ("date-manquante", _TETE + _TITRES + "A001;cmo;;03/11/2026\n", "ligne 4, colonne date_fin",
     "une date, écrite jj/mm/aaaa", "le dernier jour manque."),
    ("caracteres-caches", _TETE + _TITRES + "A001;cia;1;;;a\u202eb\n", "ligne 4, colonne observation",
     "un texte tapé au clavier", "cette case contient des caractères invisibles, ou qui inversent le sens de lecture."),
    ("ligne-en-double", _TETE + _TITRES + "A001;cia;1\n\nA001;cia;1\n", "ligne 6, colonne valeur",
     "une seule saisie (l'autre : ligne 4, colonne valeur)",
     "cette rubrique est déjà saisie pour cet agent : nous ne savons pas laquelle garder."),
    ("feuille-trop-grande", _TETE + _TITRES + "A001;cia;1\n" + "\n" * 5000, "ligne 5001", "5000 lignes au plus",
     "ce fichier a bien plus de lignes qu'un mois n'en demande."),
    ("format-inconnu", "Bonjour, voici les heures de novembre.", "",
     "un classeur .xlsx ou .ods, ou un texte .csv séparé par des « ; »",
     "ce fichier n'est ni un classeur, ni un texte séparé par des points-virgules."),
    ("rien-de-saisi", _TETE + _TITRES, "", "des éléments, ou « oui » dans la case « Néant ce mois »",
     "rien n'est saisi dans ce fichier."),
]  # fmt: skip
"""Code, texte du fichier, place, attendu, message."""
