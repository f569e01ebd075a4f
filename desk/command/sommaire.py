"""Le sommaire de la commande ``paie`` : ses commandes, où elles vivent, ce qu'en dit l'aide.

Un module de commandes n'est chargé que si l'on s'en sert : ``paie --help`` répond en 0,2 s sans importer ni Prefect, ni
pandas, ni numpy (2 s quand tout se chargeait), et chaque commande ne paie que ses propres bibliothèques.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter

COMMANDES: dict[str, tuple[str, str]] = {
    "inscrire": ("mois", "Inscrit des adhérents et leurs agents au registre."),
    "adherents": ("mois", "Liste les adhérents inscrits."),
    "ouvrir": ("mois", "Ouvre le mois et met à disposition le classeur de chaque adhérent."),
    "relever": (
        "echanges",
        "Relève les dépôts SFTP, lit les fichiers, dépose les accusés de réception et les documents dus.",
    ),
    "calculer": ("mois", "Calcule les bulletins du mois."),
    "etat": ("mois", "Montre où en est chaque adhérent."),
    "declarer": ("mois", "Produit et contrôle la DSN des paies validées."),
    "restituer": (
        "echanges",
        "Produit les bulletins et le journal, et dépose tout dans le dossier de retour des adhérents.",
    ),
    "clore": ("mois", "Clôt les mois restitués."),
    "reviser": ("revision", "Écrit le classeur de révision de chaque paie calculée, et montre ce qui est à regarder."),
    "valider": ("revision", "Approuve la paie calculée d'un ou plusieurs adhérents."),
    "rouvrir": (
        "corrections",
        "Rouvre un mois validé ou clos, avec une trace ; un mois déclaré se corrige par un rappel.",
    ),
    "bureau": ("bureau", "Ouvre le bureau du gestionnaire : les pages du mois, dans un navigateur."),
    "cas": ("droit", "Rejoue des cas de paie et imprime les écarts, au centime ; code 1 s'il y en a un."),
    "doutes": (
        "droit",
        "Liste ce que les textes laissent ouvert : chiffres, règles, rubriques et codes DSN, avec le choix retenu.",
    ),
    "expliquer": (
        "droit",
        "Explique une ligne ou un total d'un bulletin : base, taux, formule, textes, et d'où vient chaque donnée.",
    ),
    "comparer": (
        "etudes",
        "Compare deux bulletins d'un agent : ce qui a changé et pourquoi ; les causes font l'écart au centime.",
    ),
    "simuler": (
        "etudes",
        "Simule des mois avec des hypothèses : le coût par adhérent, par compte, par mois ; le registre n'est que lu.",
    ),
    "sauvegarder": (
        "garde",
        "Copie la base et les pièces, même en service ; la copie reste chiffrée, gardez la clé ailleurs.",
    ),
    "restaurer": ("garde", "Restaure dans l'installation des réglages, qui doit être vide, et relit tout."),
    "conservation": (
        "garde",
        "Montre ce qui a passé son délai de conservation ; avec --effacer, l'efface et l'inscrit au journal.",
    ),
    "reprendre": (
        "reprise",
        "Reprend un adhérent de ses DSN : écrit sa description, et dit ce qu'une DSN ne peut pas dire.",
    ),
    "retours": (
        "retours",
        "Lit les retours de net-entreprises : taux de prélèvement, certificats, bilans d'anomalies.",
    ),
    "evenements": (
        "evenements",
        "Liste les arrêts, reprises et fins de contrat à signaler, avec leur échéance ; code 1 si l'une est passée.",
    ),
    "signaler": ("evenements", "Produit le signalement d'un événement, contrôlé, prêt à déposer."),
    "apercu": (
        "fiches",
        "Écrit le bulletin calculé d'un agent, tel qu'il serait rendu ou dans un autre modèle. Ne change rien.",
    ),
    "fiche": (
        "fiches",
        "Rend les fiches individuelles et le récapitulatif d'une année, dans le dossier du dernier mois déclaré.",
    ),
    "deposer": (
        "deposer",
        "Pose les messages déclarés et les signalements dans le dossier des déclarations, prêts pour net-entreprises.",
    ),
    "demo": ("demo", "Joue un mois entier, avec de vraies pièces, pour les adhérents fictifs d'examples/."),
    "refus": ("revision", "Refuser des bulletins à la révision, ou lever un refus."),
    "corriger": ("corrections", "Corriger un mois ouvert, par-dessus le fichier de la collectivité."),
    "gestionnaire": ("gestionnaires", "Les comptes de l'agence : qui révise, corrige et approuve."),
    "adherent": ("depot", "Les comptes des adhérents sur le dépôt SFTP de production."),
    "depot": ("depot", "Le serveur du dépôt SFTP de production (OpenSSH)."),
    "audit": ("garde", "Le journal des gestes."),
    "cles": ("garde", "La clé qui chiffre NIR, IBAN et pièces."),
    "agent": ("agents", "Le dossier d'un agent : ses conditions et ses primes, à leur date."),
    "rappel": ("rappels", "Rappels et trop-perçus : payer ou reprendre la différence de mois déjà payés."),
    "saisie": ("saisies", "Les saisies sur rémunération : actes notifiés et ce qui en reste dû."),
    "dsn": ("dsn", "Contrôler et lire une DSN."),
}
"""Commande → (module de ``desk.command`` qui l'inscrit, première phrase de son aide), dans l'ordre de l'aide."""


class Sommaire(TyperGroup):
    """La commande ``paie`` : elle connaît le nom de toutes, et ne charge que celle qu'on demande."""

    def list_commands(self, ctx: Context) -> list[str]:  # noqa: ARG002 (la signature est celle de typer)
        """Toutes les commandes, sans en charger aucune."""
        return list(COMMANDES)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:  # noqa: ARG002
        """La commande de ce nom, son module chargé ; ``None`` si elle n'existe pas."""
        return load(COMMANDES[cmd_name][0]).get(cmd_name) if cmd_name in COMMANDES else None

    def format_help(self, ctx: Context, formatter: HelpFormatter) -> None:
        """L'aide se tire du sommaire : elle n'a besoin d'aucun module."""
        page = TyperGroup(
            name=self.name,
            help=self.help,
            params=self.params,
            rich_markup_mode=self.rich_markup_mode,
            commands={name: TyperCommand(name, help=phrase) for name, (_, phrase) in COMMANDES.items()},
        )
        page.format_help(ctx, formatter)


@cache
def load(module: str) -> dict[str, Command]:
    """Les commandes d'un module, par nom."""
    app = typer.Typer()
    import_module(f"desk.command.{module}").register(app)
    return dict(typer.main.get_group(app).commands)
