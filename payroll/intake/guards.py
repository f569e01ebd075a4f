"""Les gardes : un fichier reçu est hostile tant qu'on ne l'a pas pesé. Rien n'est ouvert avant ces contrôles."""

from __future__ import annotations

import io
import re
import zipfile

from payroll.anomalies import Anomalie
from payroll.intake.lecture import Format

TAILLE_MAX = 5 * 1024 * 1024
"""5 Mo : un classeur de 200 agents en pèse moins d'un."""
ENTREES_MAX = 500
DEPLIE_MAX = 60 * 1024 * 1024
RATIO_MAX = 200
"""Un classeur honnête se comprime de dix à cinquante fois ; au-delà de deux cents, c'est une bombe."""

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def detect(content: bytes, fichier: str) -> tuple[Format, list[Anomalie]]:
    """Le format d'un fichier d'après son contenu, et ce qui empêche de l'ouvrir (alors le format est ``inconnu``)."""
    if len(content) > TAILLE_MAX:
        return "inconnu", [
            _refused("fichier-trop-gros", fichier, _size(content), f"{TAILLE_MAX // 1024 // 1024} Mo au plus")
        ]
    if content.startswith(_OLE):
        return "inconnu", [
            _refused(
                "ancien-format-ou-mot-de-passe",
                fichier,
                "un classeur protégé par mot de passe, ou au vieux format .xls",
                "un classeur .xlsx sans mot de passe",
            )
        ]
    if not content.startswith(b"PK"):
        return "csv", []
    return _detect_zip(content, fichier)


def _detect_zip(content: bytes, fichier: str) -> tuple[Format, list[Anomalie]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
            names = {entry.filename for entry in entries}
            problem = _weigh(entries, len(content)) or _content_problem(archive, entries, names)
            is_ods = "mimetype" in names and archive.read("mimetype")[:64] == _ODS if problem is None else False
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError, NotImplementedError):
        return "inconnu", [_refused("fichier-abime", fichier, "un fichier incomplet ou abîmé", "un classeur lisible")]
    if problem is not None:
        code, received = problem
        return "inconnu", [_refused(code, fichier, received, "le classeur que nous vous avons envoyé, rempli")]
    if is_ods:
        return "ods", []
    if "xl/workbook.xml" in names:
        return "xlsx", []
    return "inconnu", [
        _refused("format-inconnu", fichier, "une archive qui n'est pas un classeur", ".xlsx, .ods ou .csv")
    ]


def _weigh(entries: list[zipfile.ZipInfo], packed: int) -> tuple[str, str] | None:
    if len(entries) > ENTREES_MAX:
        return "classeur-demesure", f"{len(entries)} pièces dans le classeur"
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > DEPLIE_MAX or unpacked > RATIO_MAX * max(packed, 1):
        return "classeur-demesure", "un contenu démesuré une fois déplié"
    if any(entry.flag_bits & 1 for entry in entries):
        return "ancien-format-ou-mot-de-passe", "un classeur protégé par mot de passe"
    return None


def _content_problem(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], names: set[str]
) -> tuple[str, str] | None:
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        return "macros", "un classeur avec des macros"
    if any(name.startswith("xl/externalLinks/") for name in names):
        return "liens-externes", "un classeur lié à d'autres fichiers"
    for entry in entries:
        # Les tailles annoncées peuvent mentir : on lit au plus ce qui a été pesé, et un octet.
        if entry.filename.endswith((".xml", ".rels")):
            with archive.open(entry) as stream:
                text = stream.read(entry.file_size + 1)
            if len(text) > entry.file_size:
                return "classeur-demesure", "une pièce plus grosse qu'annoncé"
            if _DOCTYPE.search(text):
                return "entites-xml", "un classeur contenant des entités XML"
    return None


def _size(content: bytes) -> str:
    return f"{len(content) / 1024 / 1024:.1f} Mo".replace(".", ",")


def _refused(code: str, fichier: str, recu: str, attendu: str) -> Anomalie:
    return Anomalie(
        code=code,
        fichier=fichier,
        message="ce fichier n'a pas pu être ouvert",
        recu=recu,
        attendu=attendu,
        remede="Repartez du classeur du mois, dans votre dossier « retour », remplissez-le et déposez-le de nouveau.",
    )
