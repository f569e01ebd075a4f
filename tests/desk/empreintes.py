"""L'empreinte d'un document rendu : tous ses octets, sauf la façon dont zlib les a comprimés.

Deux machines n'ont pas la même zlib : mêmes données, autres octets comprimés. On compte donc ce qui en sort.
"""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

import pikepdf
import yaml

_EMPREINTE = re.compile(r"-([0-9a-f]{8})(?=\.(?:txt|xlsx)$)")
"""Un accusé porte dans son nom huit signes de l'empreinte du classeur déposé, dont les octets sont comprimés."""
_COMPRESSION = ("/Length", "/Filter", "/DecodeParms")


def digests(root: Path) -> dict[str, str]:
    """L'empreinte de chaque document de ``<adhérent>/retour/`` sous cette racine, par chemin."""
    return dict(_digest(root, path) for path in sorted(root.glob("*/retour/**/*")) if path.is_file())


def _digest(root: Path, path: Path) -> tuple[str, str]:
    name, content = path.relative_to(root).as_posix(), path.read_bytes()
    found = _EMPREINTE.search(name)
    if found and path.suffix == ".txt":
        content = content.replace(found[1].encode(), b"*")
    return _EMPREINTE.sub("-*", name), digest(name, content)


def digest(name: str, content: bytes) -> str:
    """L'empreinte d'un document de ce nom."""
    sha256 = hashlib.sha256()
    for part in _parts(name, content):
        sha256.update(b"%d:" % len(part) + part)
    return sha256.hexdigest()


def _parts(name: str, content: bytes) -> Iterator[bytes]:
    if name.endswith(".pdf"):
        yield from _pdf(content)
    elif name.endswith((".xlsx", ".ods")):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.infolist():
                yield f"{member.filename} {member.date_time} {member.create_system}".encode()
                yield archive.read(member)
    else:
        yield content


def _pdf(content: bytes) -> Iterator[bytes]:
    """Chaque objet dans l'ordre, flux décomprimés, puis la fin du fichier.

    Sans ``/ID`` : fpdf2 le tire des octets comprimés du fichier.
    """
    with pikepdf.open(io.BytesIO(content)) as pdf:
        yield pdf.pdf_version.encode()
        for each in pdf.objects:
            if isinstance(each, pikepdf.Stream):
                yield _plain(each.items(), _COMPRESSION)
                yield each.read_bytes()
            else:
                yield each.unparse()
        yield _plain(pdf.trailer.items(), ("/ID",))


def _plain(items: Iterable[tuple[str, pikepdf.Object]], without: Collection[str]) -> bytes:
    """Les clés d'un objet et ce qu'elles disent, ou le numéro de l'objet qu'elles désignent."""
    return repr(sorted((key, pikepdf.Array([value]).unparse()) for key, value in items if key not in without)).encode()


def read_list(path: Path) -> dict[str, str]:
    """La liste gardée : chemin → empreinte."""
    return dict(yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader))


def write_list(path: Path, found: Mapping[str, str]) -> None:
    """Réécrit la liste, son en-tête compris."""
    head = "".join(f"{line}\n" for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#"))
    rows = "".join(f"{name}: {found[name]}\n" for name in sorted(found))
    path.write_text(f"{head}---\n{rows}", encoding="utf-8")
