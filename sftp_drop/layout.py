"""Le plan des dossiers : où l'adhérent écrit, où il lit, où l'agence range ce qu'elle a pris.

Vu de l'adhérent : ``/depot`` et ``/retour/AAAA-MM``. Vu du service : les mêmes, sous ``/<code>``.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from zoneinfo import ZoneInfo

DEPOT = "depot"
PRIS = "pris"
RETOUR = "retour"

NOM_OCTETS_MAX = 200
"""Un nom archivé porte en plus date, empreinte et préfixe : 200 octets laissent l'ensemble sous les 255 du disque."""

RACINE = PurePosixPath("/")

_CODE = re.compile(r"[a-z0-9-]{2,40}")
_MOIS = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_A_VERIFIER = ".averifier-"
_ARCHIVE = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}(?:\.\d+)?-(?P<nom>.+)", re.DOTALL)
_PARTIEL = ".partiel"
_ENVOI = ".envoi"
_PARIS = ZoneInfo("Europe/Paris")


class InvalidNameError(ValueError):
    """Un code, un mois ou un chemin que le plan des dossiers n'admet pas ; le message est en français."""


def check_code(code: str) -> str:
    """Le code de l'adhérent tel quel, ou ``InvalidNameError`` s'il n'est pas fait de 2 à 40 caractères ``a-z0-9-``."""
    if not _CODE.fullmatch(code):
        raise InvalidNameError("code d'adhérent invalide : 2 à 40 caractères parmi a-z, 0-9 et le tiret")
    return code


def check_month(mois: str) -> str:
    """Le mois tel quel, ou ``InvalidNameError`` s'il n'est pas écrit ``AAAA-MM``."""
    if not _MOIS.fullmatch(mois):
        raise InvalidNameError("mois invalide : écrivez AAAA-MM, par exemple 2026-11")
    return mois


def name_problem(nom: str) -> str | None:
    """Ce qui interdit ce nom de fichier, en une phrase pour la secrétaire ; ``None`` si le nom convient."""
    if nom in {"", ".", ".."} or "/" in nom or "\\" in nom:
        return "le nom contient une barre oblique ou des caractères illisibles : renommez le fichier sans accents"
    for caractere in nom:
        categorie = unicodedata.category(caractere)
        if categorie == "Cs":
            return "le nom contient des caractères illisibles : renommez le fichier sans accents"
        if categorie == "Cf":
            # Les marques de sens d'écriture font lire « xslx.exe » pour « exe.xlsx » : personne n'en a besoin ici.
            return "le nom contient un caractère invisible (marque de sens d'écriture ou autre) : renommez le fichier"
        if categorie in {"Cc", "Zl", "Zp"}:
            return "le nom contient un caractère de commande ou un saut de ligne : renommez le fichier"
    if len(nom.encode()) > NOM_OCTETS_MAX:
        return f"le nom est trop long (plus de {NOM_OCTETS_MAX} octets) : raccourcissez-le"
    if nom == PRIS or nom.startswith(_A_VERIFIER):
        return f"le nom « {nom} » est réservé au service : renommez le fichier"
    return None


def printable(nom: str) -> str:
    """Le nom tel qu'on peut l'afficher : caractères invisibles ou de commande remplacés par leur code ``\\u…``."""
    return "".join(
        caractere.encode("unicode_escape").decode()
        if unicodedata.category(caractere)[0] == "C" or unicodedata.category(caractere) in {"Zl", "Zp"}
        else caractere
        for caractere in nom
    )


def depot_folder(code: str, racine: PurePosixPath = RACINE) -> PurePosixPath:
    """``/<code>/depot``, vu du service."""
    return racine / check_code(code) / DEPOT


def pris_folder(code: str, racine: PurePosixPath = RACINE) -> PurePosixPath:
    """``/<code>/depot/pris`` : ce que l'agence a pris, jamais effacé ni écrasé par le programme."""
    return depot_folder(code, racine) / PRIS


def retour_folder(code: str, racine: PurePosixPath = RACINE) -> PurePosixPath:
    """``/<code>/retour``, vu du service."""
    return racine / check_code(code) / RETOUR


def month_folder(code: str, mois: str, racine: PurePosixPath = RACINE) -> PurePosixPath:
    """``/<code>/retour/AAAA-MM``, vu du service."""
    return retour_folder(code, racine) / check_month(mois)


def return_path(code: str, relatif: str, racine: PurePosixPath = RACINE) -> PurePosixPath:
    """Le chemin d'un document sous ``retour/`` ; ``InvalidNameError`` s'il en sort ou contient un nom caché."""
    morceaux = relatif.split("/")
    for morceau in morceaux:
        # Les noms à point sont ceux des envois en cours : l'adhérent ne les voit pas, on n'en donne donc pas.
        if morceau.startswith(".") or name_problem(morceau) is not None:
            raise InvalidNameError(
                "chemin de document invalide sous retour/ : noms simples séparés par « / », sans point initial"
            )
    return retour_folder(code, racine).joinpath(*morceaux)


def archive_name(mtime: int, sha256: str, nom: str, occurrence: int = 1) -> str:
    """``AAAAMMJJ-HHMMSS-<sha8>-<nom>`` ; l'heure est celle du fichier, à Paris, donc le nom ne dépend pas de l'instant.

    >>> archive_name(0, "ab" * 32, "novembre.xlsx")
    '19700101-010000-abababab-novembre.xlsx'
    """
    heure = datetime.fromtimestamp(max(mtime, 0), UTC).astimezone(_PARIS).strftime("%Y%m%d-%H%M%S")
    suite = "" if occurrence == 1 else f".{occurrence}"
    return f"{heure}-{sha256[:8]}{suite}-{nom}"


def pending_name(archive: str) -> str:
    """Le nom provisoire d'un fichier déplacé mais pas encore relu."""
    return _A_VERIFIER + archive


def is_pending(nom: str) -> bool:
    """Vrai pour un fichier déplacé mais pas encore relu."""
    return nom.startswith(_A_VERIFIER)


def original_name(archive: str) -> str:
    """Le nom donné par l'adhérent, retrouvé dans un nom d'archive (relu ou non)."""
    trouve = _ARCHIVE.fullmatch(archive.removeprefix(_A_VERIFIER))
    return trouve["nom"] if trouve else archive.removeprefix(_A_VERIFIER)


def partial_name(nom: str, occurrence: int = 1) -> str:
    """Le nom sous lequel le serveur embarqué reçoit un fichier avant de le montrer : ``.<nom>.partiel``."""
    suite = "" if occurrence == 1 else f".{occurrence}"
    return f".{nom}{suite}{_PARTIEL}"


def is_partial(nom: str) -> bool:
    """Vrai pour un nom de réception en cours du serveur embarqué."""
    return nom.startswith(".") and nom.endswith(_PARTIEL)


def sending_name(nom: str) -> str:
    """Le nom sous lequel le client envoie un document ou un dossier avant de le renommer : ``.<nom>.envoi``."""
    return f".{nom}{_ENVOI}"


def ensure_jail(racine: Path, code: str) -> Path:
    """Crée au besoin ``<racine>/<code>/{depot/pris,retour}`` sur le disque et donne la prison de l'adhérent."""
    jail = racine / check_code(code)
    for dossier in (jail, jail / DEPOT, jail / DEPOT / PRIS, jail / RETOUR):
        dossier.mkdir(mode=0o700, exist_ok=True, parents=dossier is jail)
        if dossier.is_symlink():
            raise InvalidNameError("un dossier de l'adhérent est un lien symbolique : le serveur refuse de le servir")
    return jail
