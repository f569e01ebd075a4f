"""La feuille « Lisez-moi » : ce que la secrétaire doit savoir, en une page, avec des exemples."""

from __future__ import annotations

from openpyxl.styles import Alignment, Font
from openpyxl.worksheet.worksheet import Worksheet

from payroll.intake import style
from payroll.intake.roster import Roster
from payroll.money import format_amount

_CHARS_PER_LINE = 125


def _lines(roster: Roster) -> list[tuple[str, str]]:
    contact = roster.contact or "votre gestionnaire de paie"
    contingent = format_amount(roster.contingent_ihts).removesuffix(",00")
    return [
        ("h", "À quoi sert ce classeur"),
        ("p", f"Il nous dit ce qui change dans la paie de {roster.mois.libelle} : heures, primes ponctuelles, absences, "
              "départs et arrivées. Ce qui ne change pas (traitement, primes mensuelles…) n'est pas à saisir."),
        ("h", "Comment le remplir"),
        ("p", "1. « Bordereau » : votre nom, la date. S'il n'y a rien à signaler, choisissez « oui » à « Néant ce mois », "
              "et c'est fini."),
        ("p", "2. « Éléments » : une ligne par agent, déjà inscrite. Remplissez les cases blanches utiles, laissez les autres vides."),
        ("p", "3. « Absences » : une ligne par absence, avec ses premier et dernier jours inclus."),
        ("p", "4. « Entrées et sorties » : les départs, et les arrivées que vous nous annoncez."),
        ("p", "5. « Autres éléments » : un montant qui demande une explication."),
        ("p", "6. Enregistrez (xlsx ou ods, les deux nous vont) et déposez le fichier dans votre dossier « depot ». "
              "Le nom du fichier est libre."),
        ("h", "Bon à savoir"),
        ("p", "• Les heures s'écrivent en décimal : 2 h 30 = 2,5 ; 45 minutes = 0,75 ; 1 h 20 = 1,33."),
        ("p", "• Les dates s'écrivent jj/mm/aaaa : 05/01/2026. Les montants sont en euros, sans signe moins : 125,50."),
        ("p", "• Saisissez des valeurs, pas des formules : une case qui contient une formule est refusée, pour que nous lisions "
              "exactement ce que vous voyez."),
        ("p", f"• Les heures supplémentaires sont limitées à {contingent} h par agent et par mois, toutes heures confondues "
              "(décret 2002-60, article 6), et à proportion pour un temps partiel. Une case gris foncé veut dire que l'agent "
              "n'y a pas droit selon son dossier."),
        ("p", "• Une même rubrique ne se saisit qu'une fois par agent : additionnez plutôt que d'ajouter une ligne."),
        ("p", "• Les commentaires et observations sont lus par votre gestionnaire ; ils ne changent rien au calcul. "
              "N'y écrivez aucune information médicale."),
        ("h", "Quelques exemples"),
        ("p", "• Un agent a fait 6 h 30 supplémentaires en semaine et 4 h un dimanche : « Heures sup. de jour » 6,5 ; "
              "« Heures sup. dimanche ou férié » 4."),
        ("p", "• Un agent est arrêté du lundi 12 au vendredi 16, puis son arrêt est prolongé jusqu'au 23 : deux lignes, "
              "du 12 au 16 puis du 17 au 23 avec « Prolongation » à oui."),
        ("p", "• Vous avez oublié quelque chose après l'envoi : complétez ce même classeur, choisissez « oui » à « Annule et "
              "remplace », et déposez-le de nouveau. Il remplacera le premier en entier."),
        ("h", "Ce que vous recevrez"),
        ("p", "Un accusé de réception dans votre dossier « retour ». Il redit ce que nous avons compris, agent par agent : relisez-le, "
              "c'est votre contrôle. Si quelque chose ne va pas, il dit quelle case corriger et comment, et une copie de votre "
              "classeur montre les cases en cause. Tant qu'une case reste à corriger, rien du fichier n'est pris en paie."),
        ("h", "À qui demander"),
        ("p", f"{contact[:1].upper()}{contact[1:]} : aucune question n'est de trop."),
    ]  # fmt: skip


def write(sheet: Worksheet, roster: Roster) -> None:
    """Remplit la feuille d'aide, imprimable sur une page."""
    style.title(
        sheet,
        roster,
        "Éléments variables de paie",
        "Merci de déposer ce classeur avant la date convenue avec votre gestionnaire.",
    )
    for row, (kind, text) in enumerate(_lines(roster), start=4):
        cell = style.put(sheet, row, 1, text)
        cell.alignment = Alignment(wrap_text=True, vertical="center")
        if kind == "h":
            cell.font = Font(bold=True, size=12, color="1F4E79")
        sheet.row_dimensions[row].height = 22 if kind == "h" else 15 * (1 + len(text) // _CHARS_PER_LINE) + 3
    style.finish(sheet, roster, widths=(130,), freeze=None, header_row=None)
