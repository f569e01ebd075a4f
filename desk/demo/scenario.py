"""Le scénario de la démonstration : un mois, de l'ouverture à la restitution, pour les adhérents d'``examples/``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from desk.command.console import console, show_table
from desk.demo.decor import Decor, prefect_server, settings, sftp_server
from desk.demo.secretaire import Secretaire, prepare
from payroll.money import format_amount
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte
from payroll.month.etat import EtatAdherent, month_board
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.tables import Adherent
from payroll.wording import plural

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_GESTIONNAIRE = "gestionnaire-demo"


def play(racine: Path, mois: Month) -> list[EtatAdherent]:
    """Joue le mois sous ``racine`` et rend l'état final ; rejoué, il ne change aucun document rendu."""
    decor = Decor(racine.resolve(), mois)
    with settings(decor.environment):
        return _played(decor)


def _played(decor: Decor) -> list[EtatAdherent]:
    mois = decor.mois
    month_data = yaml.safe_load((_EXAMPLES / "depots.yaml").read_text(encoding="utf-8"))
    deposits = {row["adherent"]: row["fichiers"] for row in month_data["depots"]}
    codes = _register(sorted((_EXAMPLES / "adherents").glob("*.yaml")))
    with sftp_server(decor, codes) as sftp, prefect_server(decor):
        # Prefect lit ses réglages à l'import : les flux ne se chargent qu'une fois le décor levé.
        from flows.declarer_et_restituer import declarer_et_restituer
        from flows.ouvrir_le_mois import ouvrir_le_mois
        from flows.preparer_la_paie import preparer_la_paie
        from flows.relever_le_depot import relever_le_depot
        from flows.valider_la_paie import valider_la_paie

        secretaires = {
            code: Secretaire(code, decor.key(code), sftp.host, sftp.port, decor.known_hosts) for code in codes
        }
        month = str(mois)
        _step("Ouvrir le mois : chaque secrétaire trouve son classeur")
        ouvrir_le_mois(month)
        _step("Les secrétaires remplissent et déposent leurs fichiers")
        for code in codes:
            _drop(secretaires[code], mois, deposits[code][0])
        _step("Relever le dépôt")
        relever_le_depot(month)
        for code in codes:
            for correction in deposits[code][1:]:
                _step(f"{code} lit son accusé de réception, corrige et redépose")
                _show_receipt(secretaires[code], mois)
                _drop(secretaires[code], mois, correction)
                relever_le_depot(month, [code])
        _step("Préparer la paie")
        preparer_la_paie(month)
        _step("Le gestionnaire révise et valide")
        valider_la_paie(codes, _GESTIONNAIRE, month)
        _step("Déclarer et restituer")
        declarer_et_restituer(month)
    board = _board(mois)
    _tell(decor, board)
    return board


def _register(files: Sequence[Path]) -> list[str]:
    reglages = Reglages()
    registre = reglages.registre()
    try:
        adherents = [import_adherent(registre, path, Acte(_GESTIONNAIRE, reglages.maintenant())) for path in files]
    finally:
        registre.close()
    wrong = [anomalie for result in adherents if not isinstance(result, Adherent) for anomalie in result]
    if wrong:
        raise RuntimeError("les exemples sont fautifs : " + " ; ".join(map(str, wrong)))
    return [adherent.code for adherent in adherents if isinstance(adherent, Adherent)]


def _drop(secretaire: Secretaire, mois: Month, fichier: Mapping[str, Any]) -> None:
    content = prepare(fichier, secretaire.fetch_template(mois), secretaire.code, mois)
    secretaire.drop(fichier["nom"], content)


def _show_receipt(secretaire: Secretaire, mois: Month) -> None:
    for text in secretaire.receipts(mois).values():
        console.print(text, markup=False, style="dim")


def _board(mois: Month) -> list[EtatAdherent]:
    registre = Reglages().registre()
    try:
        return month_board(registre, mois)
    finally:
        registre.close()


def _step(text: str) -> None:
    console.print(f"\n[bold]— {text}[/]")


def _tell(decor: Decor, board: Sequence[EtatAdherent]) -> None:
    show_table(
        f"Paie de {decor.mois.libelle}",
        ("Adhérent", "État", "Fichiers", "Bulletins", "Brut", "Net à payer"),
        [
            (
                row.nom,
                row.etat,
                "néant" if row.neant else plural(row.fichiers_acceptes, "accepté"),
                str(row.bulletins),
                format_amount(row.brut),
                format_amount(row.net_a_payer),
            )
            for row in board
        ],
        right=("Bulletins", "Brut", "Net à payer"),
    )
    console.print(f"\nLes dossiers rendus : {decor.adherents}/<adhérent>/retour/{decor.mois}/")
    console.print("À lire ensuite : README.md, docs/prefect.md (lancer un mois depuis la page de Prefect).")
