"""Les gardes : de quel format est le fichier, et s'il est prudent de l'ouvrir. Rien n'est encore interprété ici.

Les limites valent avant toute lecture ; un fichier d'éléments variables honnête en est à cent lieues.
"""

from __future__ import annotations

import io
import re
import xml.sax
import zipfile
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import defusedxml.sax
from defusedxml.common import DefusedXmlException

from payroll.anomalies import Anomalie, Gravite
from payroll.intake.lecture import Format

TAILLE_MAX = 5 * 1024 * 1024
ENTREES_MAX = 200
DEPLIE_MAX = 30 * 1024 * 1024
RAPPORT_MAX = 100
RAPPORT_PLANCHER = 1024 * 1024
"""Sous 1 Mio déplié, le rapport ne dit rien : une feuille vide se comprime très bien."""
BALISES_MAX = 400_000
PROFONDEUR_MAX = 64
PLAGE_MAX = 10_000
"""Cellules d'une plage fusionnée, d'un lien, d'un commentaire : openpyxl les crée toutes en mémoire."""

_REMEDE_FORMAT = "Enregistrez le classeur au format Excel (.xlsx) ou OpenDocument (.ods), puis déposez-le de nouveau."
_REMEDE_MODELE = "Repartez du classeur du mois que nous vous avons fourni, recopiez-y vos saisies et déposez-le."
_ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_PLAGE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")


class Refus(Exception):  # noqa: N818 — un refus adressé à une personne, pas une panne
    """Le fichier ne sera pas ouvert : ``code``, ``message`` et ``remede`` deviennent une anomalie."""

    def __init__(self, code: str, message: str, remede: str = _REMEDE_MODELE, *, recu: str = "", attendu: str = ""):
        super().__init__(message)
        self.code, self.message, self.remede, self.recu, self.attendu = code, message, remede, recu, attendu


def detect(content: bytes, fichier: str) -> tuple[Format, list[Anomalie]]:
    """Le format d'un fichier d'après ses octets, et ce qui empêche de l'ouvrir (alors le format est ``inconnu``).

    Un avertissement (liens, objets) n'empêche rien : ce qu'il nomme n'est simplement pas lu.
    """
    try:
        return _examine(content, fichier)
    except Refus as refus:
        return "inconnu", [
            Anomalie(refus.code, refus.message, refus.remede, fichier=fichier, recu=refus.recu, attendu=refus.attendu)
        ]


_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "un document PDF"),
    (b"{\\rtf", "un document de traitement de texte (RTF)"),
    (b"\x89PNG", "une image"),
    (b"\xff\xd8\xff", "une image"),
    (b"GIF8", "une image"),
    (b"7z\xbc\xaf", "une archive 7-Zip"),
    (b"Rar!", "une archive RAR"),
    (b"\x1f\x8b", "une archive GZip"),
    (b"MZ", "un programme"),
)


def _examine(content: bytes, fichier: str) -> tuple[Format, list[Anomalie]]:
    if len(content) > TAILLE_MAX:
        raise Refus(
            "fichier-trop-gros", "le fichier est trop gros pour un classeur d'éléments variables",
            "Retirez images et feuilles ajoutées, ou repartez du classeur du mois.",
            recu=f"{len(content) // 1024} Kio", attendu=f"{TAILLE_MAX // 1024} Kio au plus",
        )  # fmt: skip
    if not content.strip():
        raise Refus("fichier-vide", "le fichier est vide", "L'envoi a pu être coupé : déposez-le de nouveau.")
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Refus("fichier-chiffre", "le classeur est protégé par un mot de passe à l'ouverture",
                        "Retirez ce mot de passe (Fichier, Informations, Protéger le classeur), puis déposez-le de "
                        "nouveau : votre dossier n'est lu que par vous et par nous.")  # fmt: skip
        raise Refus("format-ancien", "le fichier est à l'ancien format d'Office (.xls ou .doc)", _REMEDE_FORMAT)
    if content.startswith(b"PK\x03\x04"):
        return _examine_zip(content, fichier)
    for signature, name in _SIGNATURES:
        if content.startswith(signature):
            raise Refus("format-inconnu", f"le fichier est {name}, pas un classeur", _REMEDE_FORMAT)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refus("encodage-inconnu", "le texte est en « Unicode » (UTF-16)",
                    "Enregistrez-le en « CSV UTF-8 (délimité par des points-virgules) ».")  # fmt: skip
    if b"\0" in content:
        raise Refus("format-inconnu", "le contenu du fichier n'est pas celui d'un classeur", _REMEDE_FORMAT)
    return "csv", []


def _examine_zip(content: bytes, fichier: str) -> tuple[Format, list[Anomalie]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            _check_entries(archive.infolist(), len(content))
            names = {info.filename for info in archive.infolist()}
            kind = _recognise(archive, names)
            for name in sorted(names):
                if name.lower().endswith((".xml", ".rels")):
                    _check_xml(archive.read(name))
            return kind, _ignored(names, fichier)
    except Refus:
        raise
    except Exception as error:  # zipfile et zlib lèvent bien des types d'erreur sur des octets abîmés
        raise Refus("fichier-abime", "le fichier est abîmé : il ne peut pas être ouvert",
                    "L'envoi a pu être coupé : rouvrez-le, enregistrez-le, déposez-le.") from error  # fmt: skip


def _check_entries(entries: list[zipfile.ZipInfo], size: int) -> None:
    if len(entries) > ENTREES_MAX or len({info.filename for info in entries}) != len(entries):
        raise Refus("archive-suspecte", "le fichier contient trop de parties, ou deux fois la même")
    unfolded = sum(info.file_size for info in entries)
    if unfolded > DEPLIE_MAX or (unfolded > RAPPORT_PLANCHER and unfolded > RAPPORT_MAX * size):
        raise Refus("archive-suspecte", "le fichier, une fois décompressé, est démesuré")
    for info in entries:
        if info.flag_bits & 0x1:
            raise Refus("fichier-chiffre", "le fichier est protégé par un mot de passe",
                        "Retirez ce mot de passe et déposez-le de nouveau.")  # fmt: skip
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise Refus("archive-suspecte", "le fichier emploie une compression qu'aucun tableur n'emploie")
        if info.file_size > RAPPORT_PLANCHER and info.file_size > RAPPORT_MAX * max(1, info.compress_size):
            raise Refus("archive-suspecte", "une partie du fichier, une fois décompressée, est démesurée")


def _recognise(archive: zipfile.ZipFile, names: set[str]) -> Format:
    lowered = {name.lower() for name in names}
    if any(name.endswith("vbaproject.bin") for name in lowered) or any(
        name.startswith(("basic/", "scripts/")) for name in lowered
    ):
        raise Refus("macros-interdites", "le classeur contient des macros",
                    "Enregistrez-le en « Classeur Excel (.xlsx) », sans macros, puis déposez-le.")  # fmt: skip
    if "mimetype" in names and archive.read("mimetype").strip() == _ODS:
        if b"encryption-data" in (archive.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in names else b""):
            raise Refus("fichier-chiffre", "le classeur est protégé par un mot de passe à l'ouverture",
                        "Retirez ce mot de passe et déposez-le de nouveau.")  # fmt: skip
        return "ods"
    if "xl/workbook.xml" in lowered and "[content_types].xml" in lowered:
        return "xlsx"
    raise Refus("format-inconnu", "le fichier est une archive ou un document, pas un classeur", _REMEDE_FORMAT)


def _ignored(names: set[str], fichier: str) -> list[Anomalie]:
    """Les avertissements sur ce qui n'est pas lu : liens vers d'autres fichiers, objets incorporés."""
    found = []
    if any(name.lower().startswith("xl/externallinks/") for name in names):
        found.append(
            Anomalie(
                "liens-externes-ignores", "le classeur renvoie à d'autres fichiers : ces liens ne sont pas suivis",
                "Vérifiez dans l'accusé que toutes vos valeurs y sont.", Gravite.AVERTISSEMENT, fichier,
            )
        )  # fmt: skip
    if any(name.lower().startswith(("xl/embeddings/", "xl/activex/", "xl/ctrlprops/", "object")) for name in names):
        found.append(
            Anomalie(
                "objets-ignores", "le classeur contient des objets incorporés : ils ne sont pas lus",
                "Envoyez les pièces jointes à votre gestionnaire.", Gravite.AVERTISSEMENT, fichier,
            )
        )  # fmt: skip
    return found


def _check_xml(part: bytes) -> None:
    try:
        defusedxml.sax.parseString(part, _Guard(), forbid_dtd=True)
    except DefusedXmlException as error:
        raise Refus("entites-xml", "le fichier contient des déclarations qu'aucun tableur n'écrit (entités)") from error
    except xml.sax.SAXException as error:
        raise Refus("fichier-abime", "une partie du classeur est abîmée",
                    "Rouvrez le classeur, enregistrez-le sous un autre nom, déposez-le.") from error  # fmt: skip


class _Guard(ContentHandler):
    """Compte les balises et mesure les plages, sans rien retenir."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.depth = 0

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802 — nom imposé par SAX
        self.count += 1
        self.depth += 1
        if self.count > BALISES_MAX or self.depth > PROFONDEUR_MAX:
            raise Refus("archive-suspecte", "le classeur contient beaucoup plus de cases qu'il n'en faut")
        if name.rpartition(":")[2] in ("mergeCell", "hyperlink", "comment"):
            _check_range(attrs.get("ref", "A1"))

    def endElement(self, name: str) -> None:  # noqa: N802, ARG002 — signature imposée par SAX
        self.depth -= 1


def _check_range(reference: str) -> None:
    found = _PLAGE.fullmatch(reference.upper())
    if not found:
        raise Refus("archive-suspecte", "le classeur porte une plage de cellules illisible")
    first_column, first_row, last_column, last_row = found.groups()
    if last_column is None:
        return
    width = _column(last_column) - _column(first_column) + 1
    height = int(last_row) - int(first_row) + 1
    if width * height > PLAGE_MAX or width < 1 or height < 1:
        raise Refus("archive-suspecte", "le classeur porte une fusion ou un lien sur une plage démesurée")


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number
