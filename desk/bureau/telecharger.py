"""Remettre un fichier au navigateur : à enregistrer, jamais à interpréter, sous un nom qui ne peut rien casser."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from payroll.documents.names import safe_name

_MIMES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "xml": "application/xml",
    "json": "application/json",
}
_INCONNU = "application/octet-stream"
_MONTRES = ("pdf",)
"""Ce qu'un navigateur montre sans rien exécuter de nous ; le reste s'enregistre."""


def remettre(nom: str, contenu: bytes, *, montrer: bool = False) -> Response:
    """Le fichier, en pièce jointe ; ``montrer`` : dans la page du navigateur si c'est un PDF.

    ``nom`` peut venir d'un adhérent : il ne passe qu'encodé (RFC 6266), doublé d'un nom sans accent ni signe.
    """
    stem, _, extension = nom.rpartition(".")
    extension = extension.lower() if extension.isascii() and extension.isalnum() and len(extension) <= 5 else ""
    plain = f"{safe_name(stem or nom)}.{extension}" if extension else safe_name(nom)
    how = "inline" if montrer and extension in _MONTRES else "attachment"
    return Response(
        contenu,
        media_type=_MIMES.get(extension, _INCONNU),
        headers={"Content-Disposition": f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(nom, safe='')}"},
    )


def remettre_tel_quel(nom: str, contenu: bytes) -> Response:
    """Un fichier reçu d'ailleurs : toujours à enregistrer, d'un genre qu'aucun navigateur n'ouvre."""
    answer = remettre(nom, contenu)
    answer.headers["Content-Type"] = _INCONNU
    return answer
