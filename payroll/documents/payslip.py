"""Le bulletin de paie d'un agent : une page A4, deux quand les lignes débordent, prête pour une enveloppe à fenêtre."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from payroll.documents import donnees
from payroll.documents.facts import PayslipFacts
from payroll.documents.layout import Modele, model_for
from payroll.documents.lines import Row, paginate, payslip_rows
from payroll.documents.sheet import BLANC, BLEU, ENCRE, FILET, GRIS, TEINTE, TEINTE_FORTE, Sheet
from payroll.money import format_amount, format_percent
from payroll.periods import NOMS_DES_MOIS

GAUCHE = 10.0
DROITE = 200.0
ADRESSE_X = 105.0
"""La fenêtre d'une enveloppe DL laisse toujours voir de 100 à 190 mm et de 50 à 79 mm (NF Z 10-011)."""
ADRESSE_Y = 53.0
TABLEAU_Y = 86.0
TABLEAU_SUITE_Y = 28.0
ENTETE_TABLEAU = 9.0
PIED_DE_PAGE_Y = 283.5
BAS = 281.0
INTERLIGNES = (4.3, 4.0, 3.7, 3.45, 3.2, 3.05)
"""Hauteurs de ligne essayées, de la plus aérée à la plus serrée, avant de passer à une seconde page."""
INTERLIGNE_SUITE = 3.9
HAUTEUR_PIED = 31.0
HAUTEUR_MESSAGE = 3.5
MARGE = 1.4
"""Blanc entre un filet vertical et le chiffre qui le précède."""


def render(facts: PayslipFacts) -> bytes:
    """Le bulletin en PDF/A-3, ses données jointes en JSON ; mêmes faits, mêmes octets.

    Mentions : code du travail R. 3243-1, prises pour référence.
    """
    return _sheet(facts).output()


def render_all(bulletins: Sequence[PayslipFacts]) -> bytes:
    """Tous les bulletins d'un mois à la suite, pour l'impression ; un signet par matricule. Il en faut au moins un."""
    return render_month(bulletins)[1]


def render_month(bulletins: Sequence[PayslipFacts]) -> tuple[list[bytes], bytes]:
    """Chaque bulletin d'un mois, puis tous à la suite ; il en faut au moins un.

    Le document réuni reprend les pages déjà posées : vingt bulletins demandaient 180 ms de processeur, 120 désormais.
    """
    first = bulletins[0]
    joined = Sheet(f"Bulletins de paie {first.bulletin.mois.libelle}", first.employeur.nom, first.date_paiement)
    each = []
    for facts in bulletins:
        sheet = _sheet(facts)
        each.append(sheet.output())
        joined.add_pages_of(sheet, facts.agent.matricule)
    return each, joined.output()


def _sheet(facts: PayslipFacts) -> Sheet:
    sheet = Sheet(f"{facts.titre} {facts.bulletin.mois.libelle}", facts.employeur.nom, facts.date_paiement)
    _draw(sheet, facts)
    sheet.attach(donnees.NOM, donnees.payslip_data(facts), donnees.MIME, "Les lignes et les totaux de ce bulletin")
    return sheet


def _draw(sheet: Sheet, facts: PayslipFacts) -> None:
    modele = model_for(facts.bulletin.mois, facts.modele)
    messages = _messages(sheet, facts)
    foot = HAUTEUR_PIED + (2 + HAUTEUR_MESSAGE * len(messages) if messages else 0)
    pages, step = _pages(payslip_rows(facts.bulletin, modele), foot)
    for number, rows in enumerate(pages, start=1):
        sheet.add_page()
        if number == 1:
            _first_header(sheet, facts)
        else:
            _next_header(sheet, facts)
        y = TABLEAU_Y if number == 1 else TABLEAU_SUITE_Y
        if rows:
            y = _table(sheet, modele, rows, y, step)
        if number == len(pages):
            _foot(sheet, facts, messages, y + 3)
        _page_foot(sheet, modele, number, len(pages))


def french_date(day: date) -> str:
    """« 1er novembre 2026 »."""
    return f"{'1er' if day.day == 1 else day.day} {NOMS_DES_MOIS[day.month - 1]} {day.year}"


def _pages(rows: list[Row], foot: float) -> tuple[list[list[Row]], float]:
    """Les lignes page par page, et l'interligne : une seule page si un interligne lisible le permet."""
    first = BAS - TABLEAU_Y - ENTETE_TABLEAU
    following = BAS - TABLEAU_SUITE_Y - ENTETE_TABLEAU
    for step in INTERLIGNES:
        if len(rows) * step + 3 + foot <= first:
            return [rows], step
    step = INTERLIGNE_SUITE
    return paginate(rows, int(first / step), int(following / step), int((following - 3 - foot) / step)), step


def _first_header(sheet: Sheet, facts: PayslipFacts) -> None:
    employeur, agent = facts.employeur, facts.agent
    y = 14.5
    sheet.text(GAUCHE, y, employeur.nom, 11, bold=True, color=BLEU, width=88)
    codes = [f"SIRET {_group(employeur.siret, (3, 3, 3, 5))}", employeur.ape and f"APE {employeur.ape}"]
    lines = [
        *employeur.adresse,
        f"{employeur.code_postal} {employeur.ville}",
        " · ".join(code for code in codes if code),
        employeur.organisme,
    ]
    sheet.lines(GAUCHE, y + 4.6, (line for line in lines if line), 3.7, 7.5, 88)

    sheet.text(ADRESSE_X, 15.5, facts.titre.upper(), 15, bold=True, color=BLEU, width=DROITE - ADRESSE_X)
    mois = facts.bulletin.mois.libelle
    sheet.text(ADRESSE_X, 21.5, mois[0].upper() + mois[1:], 11, bold=True)
    periode = f"Période du {french_date(facts.periode_debut)} au {french_date(facts.periode_fin)}"
    sheet.text(ADRESSE_X, 26.3, periode, 7.5)
    sheet.text(ADRESSE_X, 30.0, _paiement(facts), 7.5, width=DROITE - ADRESSE_X)

    sheet.text(ADRESSE_X, ADRESSE_Y, agent.nom_complet, 9.5, bold=True, width=84)
    address = (*agent.adresse, f"{agent.code_postal} {agent.ville}".strip())
    sheet.lines(ADRESSE_X, ADRESSE_Y + 4.6, (line for line in address if line), 4.4, 9, 84)
    _identity(sheet, facts)


def _paiement(facts: PayslipFacts) -> str:
    parts = [f"Payé le {french_date(facts.date_paiement)}"]
    if facts.mode_paiement:
        parts.append(f"par {facts.mode_paiement}")
    if facts.iban_fin:
        # Quatre caractères au plus, quoi qu'on nous donne : l'IBAN entier n'a rien à faire sur un bulletin.
        parts.append(f"(compte finissant par {facts.iban_fin[-4:]})")
    return " ".join(parts)


def _identity(sheet: Sheet, facts: PayslipFacts) -> None:
    """Le cadre de la situation de l'agent : une ou deux mentions par rangée, seulement ce qui est connu."""
    x, y, width, step, label = GAUCHE, 43.0, 88.0, 3.9, 19.5
    rows = [known for row in _identity_rows(facts) if (known := [cell for cell in row if cell[1]])]
    sheet.box(x, y, width, 2.2 + step * len(rows), TEINTE)
    y += 4.0
    for row in rows:
        for index, (name, value) in enumerate(row):
            left = x + 2 + index * 45
            right = x + 43 if len(row) == 2 and index == 0 else x + width - 2
            sheet.text(left, y, name, 6.5, color=GRIS, width=label - 1)
            sheet.text(left + label, y, value, 7.5, bold=name == "Matricule", width=right - left - label)
        y += step


def _identity_rows(facts: PayslipFacts) -> list[list[tuple[str, str]]]:
    contrat = facts.contrat
    heures = contrat.heures_mensuelles_centiemes
    return [
        [("Matricule", facts.agent.matricule), ("Régime", contrat.regime_libelle)],
        [("Statut", contrat.statut_libelle)],
        [("Emploi", contrat.emploi)],
        [("Grade", contrat.grade)],
        [("Échelon", contrat.echelon), ("NBI", f"{contrat.nbi} points" if contrat.nbi else "")],
        [
            ("Indice brut", "" if contrat.indice_brut is None else str(contrat.indice_brut)),
            ("Indice majoré", "" if contrat.indice_majore is None else str(contrat.indice_majore)),
        ],
        [
            ("Temps de travail", contrat.quotite_libelle),
            ("Heures du mois", "" if heures is None else f"{format_amount(heures)} h"),
        ],
        [("Enfants (SFT)", str(contrat.enfants_sft) if contrat.enfants_sft else "")],
        [
            ("Entrée", contrat.date_entree.strftime("%d/%m/%Y") if contrat.date_entree else ""),
            ("Sortie", contrat.date_sortie.strftime("%d/%m/%Y") if contrat.date_sortie else ""),
        ],
        [("N° de sécurité soc.", _group(facts.agent.nir, (1, 2, 2, 2, 3, 3, 2)))],
    ]


def _next_header(sheet: Sheet, facts: PayslipFacts) -> None:
    """L'en-tête court des pages suivantes : de qui, pour qui, quel mois."""
    agent = facts.agent
    sheet.text(GAUCHE, 14.5, facts.employeur.nom, 9, bold=True, color=BLEU, width=100)
    suite = f"{facts.titre} · {facts.bulletin.mois.libelle} (suite)"
    sheet.text(DROITE, 14.5, suite, 9, bold=True, align="R", color=BLEU, width=85)
    sheet.text(GAUCHE, 19, f"{agent.nom_complet} · matricule {agent.matricule}", 8, width=120)
    sheet.rule(GAUCHE, 22, DROITE, 22, BLEU, 0.4)


def _table(sheet: Sheet, modele: Modele, rows: list[Row], top: float, step: float) -> float:
    """Dessine les lignes ; rend l'ordonnée du bas du tableau."""
    _table_header(sheet, modele, top)
    columns = {colonne.cle: colonne for colonne in modele.colonnes}
    y = top + ENTETE_TABLEAU
    for row in rows:
        base = y + step / 2 + 0.9
        if row.genre != "ligne":
            sheet.box(GAUCHE, y, DROITE - GAUCHE, step, TEINTE if row.genre == "titre" else TEINTE_FORTE)
        bold = row.genre != "ligne"
        color = BLEU if row.genre == "titre" else ENCRE
        indent = 3.0 if row.genre == "ligne" else MARGE
        room = columns["libelle"].largeur - indent - 1 if row.cells else 120.0
        sheet.text(GAUCHE + indent, base, row.libelle, 7.2, bold=bold, color=color, width=room)
        for cle, text in row.cells.items():
            if cle not in columns:
                continue
            right = GAUCHE + columns[cle].droite - MARGE
            room = columns[cle].largeur - MARGE
            if cle.startswith("taux"):
                _rate(sheet, right, base, text, room)
            else:
                sheet.text(right, base, text, 7.2, bold=bold, align="R", width=room)
        y += step
        sheet.rule(GAUCHE, y, DROITE, y, FILET, 0.08)
    # Un filet vertical par bloc entre deux titres, plutôt qu'un par ligne : 0,7 Ko et un vingtième du temps de moins.
    for first, count in _blocks(rows):
        start = top + ENTETE_TABLEAU + first * step
        for colonne in modele.colonnes[1:]:
            sheet.rule(GAUCHE + colonne.x, start, GAUCHE + colonne.x, start + count * step, FILET, 0.12)
    sheet.frame(GAUCHE, top, DROITE - GAUCHE, y - top, BLEU, 0.25)
    return y


def _blocks(rows: list[Row]) -> list[tuple[int, int]]:
    """Les suites de lignes et de totaux entre deux titres : (rang de la première, nombre)."""
    found: list[tuple[int, int]] = []
    for titre, group in groupby(enumerate(rows), key=lambda item: item[1].genre == "titre"):
        if not titre:
            ranks = [rank for rank, _ in group]
            found.append((ranks[0], len(ranks)))
    return found


def _rate(sheet: Sheet, right: float, y: float, text: str, room: float) -> None:
    """Un taux, sa virgule sous celle des autres : les décimales au-delà de deux avancent vers le bord droit."""
    _, _, decimals = text.partition(",")
    extra = sheet.width(decimals.removesuffix("\u00a0%")[2:], 7.2)
    sheet.text(min(right, right - 2.4 + extra), y, text, 7.2, align="R", width=room)


def _table_header(sheet: Sheet, modele: Modele, top: float) -> None:
    sheet.box(GAUCHE, top, DROITE - GAUCHE, ENTETE_TABLEAU, BLEU)
    groups: dict[str, list[float]] = {}
    for colonne in modele.colonnes:
        left, right = GAUCHE + colonne.x, GAUCHE + colonne.droite
        if colonne.groupe:
            groups.setdefault(colonne.groupe, []).extend((left, right))
        y = top + (7.2 if colonne.groupe else 5.6)
        if colonne.cle == "libelle":
            sheet.text(left + MARGE, y, colonne.titre, 7.2, bold=True, color=BLANC)
        else:
            room = colonne.largeur - MARGE
            sheet.text(right - MARGE, y, colonne.titre, 7, bold=True, align="R", color=BLANC, width=room)
    for title, bounds in groups.items():
        left, right = min(bounds), max(bounds)
        sheet.text((left + right) / 2, top + 3.4, title, 7, bold=True, align="C", color=BLANC)
        sheet.rule(left + 1, top + 4.5, right - 1, top + 4.5, BLANC, 0.12)


def _foot(sheet: Sheet, facts: PayslipFacts, messages: list[str], top: float) -> None:
    """L'impôt, les cumuls et, encadré, ce que l'agent reçoit."""
    bulletin = facts.bulletin
    left_width = 124.0
    sheet.text(GAUCHE, top + 3, "Impôt sur le revenu prélevé à la source", 7.2, bold=True, color=BLEU)
    nature = "non personnalisé (grille)" if bulletin.pas_bareme else "personnalisé (transmis)"
    _small_table(
        sheet,
        top + 4.5,
        left_width,
        [
            ("Net imposable", 20.5),
            ("Base", 20.5),
            ("Taux", 14.0),
            ("Nature du taux", 31.0),
            ("Montant", 17.5),
            ("Cumul annuel", 20.5),
        ],
        [
            [
                format_amount(bulletin.net_imposable),
                format_amount(bulletin.pas_base),
                format_percent(bulletin.pas_taux_ppm),
                nature,
                format_amount(bulletin.pas),
                format_amount(bulletin.cumuls.pas),
            ]
        ],
    )
    sheet.text(GAUCHE, top + 17, f"Cumuls {bulletin.mois.year}", 7.2, bold=True, color=BLEU)
    cumuls = bulletin.cumuls
    heures = facts.contrat.heures_mensuelles_centiemes
    _small_table(
        sheet,
        top + 18.5,
        left_width,
        [
            ("", 13.0),
            ("Brut", 18.0),
            ("Net imposable", 19.0),
            ("Impôt prélevé", 18.0),
            ("Net à payer", 18.0),
            ("Heures payées", 18.0),
            ("Coût employeur", 20.0),
        ],
        [
            [
                "Mois",
                *map(format_amount, (bulletin.brut, bulletin.net_imposable, bulletin.pas, bulletin.net_a_payer)),
                "" if heures is None else format_amount(heures),
                format_amount(bulletin.cout_employeur),
            ],
            [
                "Année",
                *map(format_amount, (cumuls.brut, cumuls.net_imposable, cumuls.pas, cumuls.net_a_payer)),
                format_amount(cumuls.heures_payees_centiemes) if cumuls.heures_payees_centiemes else "",
                format_amount(cumuls.cout_employeur),
            ],
        ],
    )
    _net_box(sheet, facts, top)
    if messages:
        sheet.lines(GAUCHE, top + HAUTEUR_PIED + 3, messages, HAUTEUR_MESSAGE, 7.2, DROITE - GAUCHE)


def _small_table(
    sheet: Sheet, top: float, width: float, columns: list[tuple[str, float]], rows: list[list[str]]
) -> None:
    """Un petit tableau titré ; une colonne sans titre porte les noms des rangées."""
    sheet.box(GAUCHE, top, width, 3.9, TEINTE)
    y = top + 2.8
    for cells in ([title for title, _ in columns], *rows):
        right = GAUCHE
        for (title, room), text in zip(columns, cells, strict=True):
            header = cells[0] == columns[0][0]
            right += room
            size, color = (6.3, GRIS) if header else (7.2, ENCRE)
            bold = not header and title == ""
            if title == "":
                sheet.text(right - room + MARGE, y, text, size, bold=bold, color=color)
            else:
                sheet.text(right - MARGE, y, text, size, align="R", color=color, width=room - 1)
        y += 4.1
    sheet.frame(GAUCHE, top, width, 3.9 + 4.1 * len(rows), FILET, 0.15)


def _net_box(sheet: Sheet, facts: PayslipFacts, top: float) -> None:
    bulletin = facts.bulletin
    x, width = 138.0, DROITE - 138.0
    sheet.box(x, top, width, 16.5, BLEU)
    # Un net négatif n'est pas une somme à payer : l'agent doit le lire sans faire le calcul.
    title = "NET À PAYER" if bulletin.net_a_payer >= 0 else "TROP-PERÇU À RÉGULARISER"
    sheet.text(x + 3, top + 5, title, 8.5, bold=True, color=BLANC)
    net = f"{format_amount(bulletin.net_a_payer)}\u00a0€"
    sheet.text(DROITE - 3, top + 12.5, net, 17, bold=True, align="R", color=BLANC, width=width - 6)
    sheet.text(x, top + 21.0, "Total versé par l’employeur", 7.2, bold=True)
    sheet.text(DROITE, top + 21.0, f"{format_amount(bulletin.cout_employeur)}\u00a0€", 8.2, bold=True, align="R")
    sheet.text(x, top + 24.6, "Rémunération brute et cotisations de l’employeur", 6.3, color=GRIS)


def _messages(sheet: Sheet, facts: PayslipFacts) -> list[str]:
    texts: list[str] = []
    if facts.conges:
        jours = f"Congés\u00a0: {format_amount(facts.conges.pris_dans_le_mois)} jour(s) pris dans le mois"
        if facts.conges.solde is not None:
            jours += f", solde {format_amount(facts.conges.solde)} jour(s)"
        texts.append(f"{jours}.")
    return [line for text in (*texts, *facts.messages) for line in sheet.wrap(text, 7.2, DROITE - GAUCHE)]


def _page_foot(sheet: Sheet, modele: Modele, number: int, total: int) -> None:
    sheet.rule(GAUCHE, PIED_DE_PAGE_Y, DROITE, PIED_DE_PAGE_Y)
    sheet.text(GAUCHE, PIED_DE_PAGE_Y + 3.4, modele.notice_conservation, 6.3, color=GRIS, width=172)
    sheet.text(GAUCHE, PIED_DE_PAGE_Y + 6.4, modele.notice_information, 6.3, color=GRIS, width=172)
    sheet.text(DROITE, PIED_DE_PAGE_Y + 3.4, f"Page {number}/{total}", 6.3, align="R", color=GRIS)


def _group(text: str, sizes: tuple[int, ...]) -> str:
    """Groupe les chiffres d'un identifiant par des espaces insécables ; le laisse tel quel s'il n'a pas la longueur."""
    compact = "".join(text.split())
    if len(compact) != sum(sizes):
        return text
    parts, start = [], 0
    for size in sizes:
        parts.append(compact[start : start + size])
        start += size
    return "\u00a0".join(parts)
