"""Décider, sans toucher à rien : que faire de chaque nom trouvé dans ``depot/`` ?

La règle de stabilité tient en deux regards : un fichier n'est pris que si taille et heure sont les mêmes qu'au regard
précédent. On ne compare jamais l'heure d'un fichier à celle d'une machine : WinSCP recopie l'heure du poste de la
mairie (parfois vieille de semaines, parfois en avance), et les horloges de l'agence et du serveur peuvent différer.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sftp_drop import layout

MIO = 1024 * 1024

_SUFFIXES_PARTIELS = (".partiel", ".filepart", ".part", ".tmp", ".crdownload")
_SUITE_PARTIEL = " : renommez-le s'il est complet"
_DEBRIS_DE_BUREAU = frozenset({"thumbs.db", "desktop.ini", ".ds_store"})


class Kind(StrEnum):
    """La nature d'une entrée du dossier."""

    FICHIER = "fichier"
    DOSSIER = "dossier"
    AUTRE = "autre"
    """Lien symbolique, tube, ou entrée dont le serveur ne donne ni taille ni heure."""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """Une entrée de ``depot/`` telle que le serveur la montre ; ``mtime`` en secondes, ``size`` en octets."""

    name: str
    size: int
    mtime: int
    kind: Kind = Kind.FICHIER


@dataclass(frozen=True, slots=True)
class SeenFile:
    """Un fichier déjà signalé à l'adhérent et laissé dans ``depot/`` : redit seulement s'il change."""

    name: str
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class DecideLimits:
    """Ce qu'une relève accepte : taille d'un fichier en octets, nombre de fichiers pris par passage."""

    taille_max: int = 20 * MIO
    fichiers_max: int = 200


@dataclass(frozen=True, slots=True)
class Wait:
    """Laisser en place et regarder de nouveau à la prochaine relève."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Take:
    """Prendre ce fichier, s'il a encore cette taille et cette heure une fois lu."""

    name: str
    size: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Ignore:
    """Laisser en place sans rien en dire à l'adhérent."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refuse:
    """Laisser en place et dire pourquoi à l'adhérent."""

    name: str
    reason: str


Action = Wait | Take | Ignore | Refuse
Look = Mapping[str, tuple[int, int]]
"""Un regard : pour chaque nom, taille et heure."""


def look(listing: Sequence[RemoteFile]) -> dict[str, tuple[int, int]]:
    """Le regard à garder pour le comparer au suivant."""
    # Dossiers et liens y sont aussi : un refus qu'on a signalé doit pouvoir être reconnu au passage suivant.
    return {entree.name: (entree.size, entree.mtime) for entree in listing if entree.name != layout.PRIS}


def decide(
    listing: Sequence[RemoteFile],
    previous_listing: Look,
    already_seen: Collection[SeenFile] = (),
    limits: DecideLimits | None = None,
) -> list[Action]:
    """Une action par entrée, triées par nom : la même liste donne les mêmes actions, dans le même ordre."""
    bornes = limits or DecideLimits()
    deja = frozenset(already_seen)
    actions: list[Action] = []
    pris = 0
    for fichier in sorted(listing, key=lambda entree: entree.name):
        action = _decide_one(fichier, previous_listing, deja, bornes)
        if isinstance(action, Take):
            pris += 1
            if pris > bornes.fichiers_max:
                action = Wait(
                    fichier.name, f"plus de {bornes.fichiers_max} fichiers à la fois : pris à la prochaine relève"
                )
        actions.append(action)
    return actions


def _decide_one(fichier: RemoteFile, avant: Look, deja: frozenset[SeenFile], bornes: DecideLimits) -> Action:
    nom = fichier.name
    if nom == layout.PRIS and fichier.kind is Kind.DOSSIER:
        return Ignore(nom, "dossier d'archive du service")
    if nom.casefold() in _DEBRIS_DE_BUREAU or nom.startswith("._"):
        return Ignore(nom, "fichier de service de Windows ou de macOS")
    if SeenFile(nom, fichier.size, fichier.mtime) in deja:
        return Ignore(nom, "déjà signalé à l'adhérent, inchangé depuis")
    if fichier.kind is Kind.DOSSIER:
        return Refuse(nom, "c'est un dossier : déposez les fichiers directement dans depot/")
    if fichier.kind is Kind.AUTRE:
        return Refuse(nom, "ce n'est pas un fichier ordinaire (raccourci ou lien) : déposez le fichier lui-même")
    probleme = layout.name_problem(nom)
    if probleme is not None:
        return Refuse(nom, probleme)
    if fichier.size > bornes.taille_max:
        return Refuse(nom, f"fichier trop gros : {_mio(fichier.size)}, le maximum est {_mio(bornes.taille_max)}")
    return _wait_or_take(fichier, avant)


def _wait_or_take(fichier: RemoteFile, avant: Look) -> Action:
    nom = fichier.name
    if nom.startswith(("~$", ".~lock.")):
        return Wait(nom, "verrou d'Excel ou de LibreOffice : fermez le classeur, il disparaîtra")
    if nom.casefold().endswith(_SUFFIXES_PARTIELS):
        return Wait(nom, "nom d'un envoi en cours" + _SUITE_PARTIEL)
    if fichier.size == 0:
        return Wait(nom, "fichier vide : l'envoi est peut-être en cours, sinon déposez-le de nouveau")
    vu = avant.get(nom)
    if vu is None:
        return Wait(nom, "vu pour la première fois : pris au prochain regard s'il n'a pas changé")
    if vu != (fichier.size, fichier.mtime):
        return Wait(nom, "a changé depuis le dernier regard : l'envoi est sans doute en cours")
    return Take(nom, fichier.size, fichier.mtime)


def _mio(octets: int) -> str:
    dixiemes = -(-octets * 10 // MIO)
    entier, reste = divmod(dixiemes, 10)
    return f"{entier},{reste} Mio"
