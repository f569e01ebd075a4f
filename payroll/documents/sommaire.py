"""Le sommaire du dossier rendu : ``LISEZMOI.txt`` dit ce qu'est chaque fichier et à qui il sert."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from payroll.periods import Month
from payroll.wording import plural

NOM = "LISEZMOI.txt"
_SORTES = (
    ("bulletins.pdf", "tous les bulletins du mois à la suite, à imprimer"),
    ("bulletin-*.pdf", "un bulletin par agent (PDF/A, à remettre et à garder), nommé par son matricule"),
    ("journal.xlsx", "le journal de paie : agents, lignes, cotisations, récapitulatif"),
    ("etats.xlsx", "charges par organisme et par compte, mandat par article, sommes dues"),
    ("virements.xml", "le fichier de virement des nets à payer, pour le comptable public (SEPA)"),
    ("virements.txt", "ce que le fichier de virement paie, et ce qu'il ne paie pas"),
    ("a-valider-etat-paye-*.xhl", "l'état de paye pour le comptable public : à valider avec lui avant tout envoi"),
    ("fiches-*.xlsx", "les fiches individuelles de l'année et leur récapitulatif"),
    ("dsn-*.dsn", "la déclaration sociale nominative du mois, déposée par votre centre de paie"),
    ("rapprochement-dsn-*.csv", "d'où vient chaque montant de la déclaration, du bulletin au paiement"),
    ("variables-*.xlsx", "le classeur du mois, à remplir et à déposer dans « depot »"),
)
_AUTRES = (
    ("accuse-*.txt", "la réponse à chaque fichier déposé : accepté, ou ce qui est à corriger et où"),
    ("a-corriger-*.xlsx", "votre classeur avec les cellules à corriger marquées"),
)
"""Les réponses aux dépôts arrivent à toute heure : les nommer une à une ferait refaire le sommaire à chacune."""


def render(nom: str, mois: Month, fichiers: Iterable[str]) -> bytes:
    """Le sommaire, dans l'ordre où l'on se sert des fichiers ; mêmes fichiers, mêmes octets."""
    rest = {fichier for fichier in fichiers if not any(fnmatchcase(fichier, sorte) for sorte, _ in _AUTRES)} - {NOM}
    rows: list[tuple[str, str]] = []
    for sorte, texte in _SORTES:
        mine = {fichier for fichier in rest if fnmatchcase(fichier, sorte)}
        rest -= mine
        if len(mine) == 1:
            rows.append((mine.pop(), texte))
        elif mine:
            rows.append((f"{sorte} ({plural(len(mine), 'fichier')})", texte))
    rows += [(fichier, "autre document") for fichier in sorted(rest)]
    lines = [
        f"{nom} – paie de {mois.libelle}",
        "",
        "Ce que contient ce dossier :",
        "",
        *_listed(rows),
        "Réponses à vos dépôts, s'il y en a :",
        "",
        *_listed(list(_AUTRES)),
        "Ces fichiers portent des données personnelles : ne les transmettez qu'à qui doit les lire.",
        "L'agent garde ses bulletins sans limite de durée. Un fichier corrigé remplace le précédent, sous le même nom.",
    ]
    return "\r\n".join([*lines, ""]).encode("utf-8-sig")


def _listed(rows: list[tuple[str, str]]) -> list[str]:
    return [line for fichier, texte in rows for line in (f"  {fichier}", f"      {texte}", "")]
