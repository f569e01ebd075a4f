"""Écrire un classeur : mêmes données, mêmes octets, et aucun texte reçu qui devienne une formule chez qui l'ouvre."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import datetime

from openpyxl import Workbook
from openpyxl.xml.functions import tostring

_DANGEROUS = frozenset("=+-@＝＋－＠\t\r\n\0")
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CORE = "docProps/core.xml"
_ZIP_EPOCH = 1980


def safe_text(value: str) -> str:
    """Rend un texte venu de l'extérieur inerte dans un tableur : apostrophe devant ``= + - @``, tabulation, NUL.

    Les caractères qu'un fichier XML ne sait pas porter deviennent « � ». À réserver aux textes : un montant négatif
    s'écrit en nombre (ASVS 1.2.10).

    >>> safe_text("=1+1"), safe_text("Mairie")
    ("'=1+1", 'Mairie')
    """
    starts_badly = value.lstrip(" \u00a0")[:1] in _DANGEROUS if value.strip(" \u00a0") else False
    cleaned = _ILLEGAL.sub("\ufffd", value)
    return f"'{cleaned}" if starts_badly else cleaned


def plain_text(value: str) -> str:
    """L'inverse de :func:`safe_text` : retire l'apostrophe que nous avons mise, et elle seule.

    >>> plain_text("'=1+1"), plain_text("'oui")
    ('=1+1', "'oui")
    """
    return value[1:] if value[:1] == "'" and value[1:].lstrip(" \u00a0")[:1] in _DANGEROUS and value[1:] else value


def deterministic_bytes(workbook: Workbook, moment: datetime) -> bytes:
    """Les octets ``.xlsx`` du classeur, datés de ``moment`` : les mêmes à chaque écriture des mêmes données.

    Ne neutralise rien : passer les textes reçus par :func:`safe_text` avant de les poser dans les cellules.
    """
    workbook.properties.created = moment
    raw = io.BytesIO()
    workbook.save(raw)
    # openpyxl inscrit l'heure de la machine en enregistrant : on réécrit donc les propriétés après lui.
    workbook.properties.modified = moment
    core = tostring(workbook.properties.to_tree())
    stamp = (max(moment.year, _ZIP_EPOCH), moment.month, moment.day, moment.hour, moment.minute, moment.second)
    out = io.BytesIO()
    with zipfile.ZipFile(raw) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            info = zipfile.ZipInfo(name, date_time=stamp)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 0
            target.writestr(info, core if name == _CORE else source.read(name), compresslevel=6)
    return out.getvalue()
