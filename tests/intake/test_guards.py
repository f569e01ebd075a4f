"""Un fichier reçu est hostile tant qu'il n'est pas lu : il est refusé par une phrase, jamais par une panne."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payroll.anomalies import Gravite
from payroll.engine.situation import Statut
from payroll.intake import template
from payroll.intake.lecture import Lecture
from payroll.intake.reading import read
from payroll.intake.receipt import marked_copy
from payroll.intake.roster import Roster, RosterAgent
from payroll.periods import Month

pytestmark = pytest.mark.hostile

ROSTER = Roster(
    "C40999", "Commune de Saint-Exemple", "21409990000017", Month(2026, 1),
    (RosterAgent("0012", "MARTIN-TEST", "Léa", Statut.TITULAIRE, "Adjoint", ihts_permises=True),),
)  # fmt: skip
HONNETE = template.write(ROSTER)
ELEMENTS = "xl/worksheets/sheet3.xml"
ODS = b"application/vnd.oasis.opendocument.spreadsheet"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"


def _read(content: bytes) -> Lecture:
    lecture = read(content, "fichier", ROSTER)
    marked_copy(content, lecture)  # la copie annotée rouvre le même fichier : elle doit tenir aussi
    return lecture


def _zip(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


def _parts() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(HONNETE)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _with(name: str, part: bytes) -> bytes:
    """Le classeur honnête, une pièce ajoutée ou remplacée."""
    return _zip(_parts() | {name: part})


def _sheet(change: Callable[[str], str]) -> bytes:
    """Le classeur honnête, le texte XML de sa feuille « Éléments » changé."""
    return _with(ELEMENTS, change(_parts()[ELEMENTS].decode()).encode())


def _after_rows(xml: str) -> bytes:
    return _sheet(lambda text: text.replace("</sheetData>", f"</sheetData>{xml}"))


def _ods(rows: str) -> bytes:
    spaces = " ".join(f'xmlns:{name}="{_ODF}:{name}:1.0"' for name in ("office", "table", "text"))
    document = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet>"
        f'<table:table table:name="Éléments">{rows}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    return _zip({"mimetype": ODS, "content.xml": document.encode()})


def _flagged_encrypted() -> bytes:
    content = bytearray(_zip({"mimetype": ODS}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


_DTD = '<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx"><!ENTITY y "&x;&x;&x;&x;">]>'
_CELL = (
    '<table:table-cell table:number-columns-repeated="{}" office:value-type="string">'
    "<text:p>x</text:p></table:table-cell>"
)

REFUS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "trop gros": ("fichier-trop-gros", lambda: b"a;" * 3_000_000, "trop gros"),
    "vide": ("fichier-vide", lambda: b" \r\n", "le fichier est vide"),
    "ancien Excel": ("format-ancien", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "ancien format"),
    "mot de passe à l'ouverture": (
        "fichier-chiffre",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "protégé par un mot de passe",
    ),
    "entrée chiffrée": ("fichier-chiffre", _flagged_encrypted, "protégé par un mot de passe"),
    "ods chiffré": (
        "fichier-chiffre",
        lambda: _zip({"mimetype": ODS, "META-INF/manifest.xml": b"<manifest:encryption-data/>"}),
        "protégé par un mot de passe",
    ),
    "pdf": ("format-inconnu", lambda: b"%PDF-1.7", "un document PDF"),
    "image": ("format-inconnu", lambda: b"\x89PNG\r\n", "une image"),
    "traitement de texte": (
        "format-inconnu",
        lambda: _zip({"[Content_Types].xml": b"<a/>", "word/document.xml": b"<a/>"}),
        "pas un classeur",
    ),
    "octets sans forme": ("format-inconnu", lambda: b"a\0b", "pas celui d'un classeur"),
    "texte en UTF-16": ("encodage-inconnu", lambda: "a;b".encode("utf-16"), "UTF-16"),
    "tronqué": ("fichier-abime", lambda: HONNETE[: len(HONNETE) // 2], "abîmé"),
    "xml coupé": ("fichier-abime", lambda: _sheet(lambda text: text[:-20]), "abîmée"),
    "macros": ("macros-interdites", lambda: _with("xl/vbaProject.bin", b"x"), "des macros"),
    "macros d'ods": ("macros-interdites", lambda: _zip({"mimetype": ODS, "Basic/a.xml": b"<a/>"}), "des macros"),
    "entités": ("entites-xml", lambda: _sheet(lambda text: _DTD + text.partition("?>")[2]), "entités"),
    "entités en UTF-16": (
        "entites-xml",
        lambda: _with(ELEMENTS, f'<?xml version="1.0" encoding="utf-16"?>{_DTD}<a/>'.encode("utf-16")),
        "entités",
    ),
    "bombe": ("archive-suspecte", lambda: _with("xl/media/a.bin", b"\0" * 20_000_000), "démesuré"),
    "trop de parties": (
        "archive-suspecte",
        lambda: _zip(_parts() | {f"a{n}": b"" for n in range(300)}),
        "trop de parties",
    ),
    "trop de cases": (
        "archive-suspecte",
        lambda: _after_rows("<a>" + "".join(f'<b c="{n * 7919}"/>' for n in range(400_001)) + "</a>"),
        "beaucoup plus de cases",
    ),
    "fusion démesurée": (
        "archive-suspecte",
        lambda: _after_rows('<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'),
        "démesurée",
    ),
    "lien démesuré": (
        "archive-suspecte",
        lambda: _after_rows('<hyperlinks><hyperlink ref="A1:XFD1048576" location="a"/></hyperlinks>'),
        "démesurée",
    ),
    "ligne d'ods répétée à l'infini": (
        "feuille-trop-grande",
        lambda: _ods(f'<table:table-row table:number-rows-repeated="1048576">{_CELL.format(10**9)}</table:table-row>'),
        "bien plus de cases",
    ),
    "répétition d'ods absurde": (
        "fichier-abime",
        lambda: _ods(f'<table:table-row table:number-rows-repeated="{"9" * 5000}"/>'),
        "abîmé",
    ),
}  # fmt: skip


@pytest.mark.parametrize("nom", REFUS)
def test_un_fichier_dangereux_ou_illisible_est_refuse_par_une_phrase(nom: str) -> None:
    code, build, words = REFUS[nom]
    lecture = _read(build())
    assert [anomalie.code for anomalie in lecture.anomalies] == [code]
    (anomalie,) = lecture.anomalies
    assert words in anomalie.message
    assert anomalie.remede
    assert anomalie.fichier == "fichier"
    assert (lecture.acceptee, lecture.format, lecture.elements) == (False, "inconnu", ())


def test_le_classeur_honnete_passe_les_gardes() -> None:
    """Non concerné : seul « rien n'est saisi » lui est dit."""
    lecture = _read(HONNETE)
    assert lecture.format == "xlsx"
    assert [anomalie.code for anomalie in lecture.anomalies] == ["rien-de-saisi"]


@pytest.mark.parametrize(
    ("piece", "code"),
    [("xl/externalLinks/a.xml", "liens-externes-ignores"), ("xl/embeddings/a.bin", "objets-ignores")],
)
def test_un_lien_ou_un_objet_n_est_pas_lu_et_on_le_dit(piece: str, code: str) -> None:
    found = {anomalie.code: anomalie.gravite for anomalie in _read(_with(piece, b"<a/>")).anomalies}
    assert found[code] is Gravite.AVERTISSEMENT


def test_une_case_perdue_au_bout_de_la_feuille_ne_fait_pas_creer_toutes_les_autres() -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    lecture = _read(_sheet(lambda text: text.replace("</sheetData>", far)))
    assert "feuille-trop-grande" in {anomalie.code for anomalie in lecture.anomalies}
    assert not lecture.acceptee


_BOUNDED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
_EDITS = st.lists(st.tuples(st.integers(0, len(HONNETE) - 1), st.integers(0, 255)), min_size=1, max_size=20)


@_BOUNDED
@given(st.binary(max_size=400))
def test_des_octets_quelconques_ne_font_jamais_de_panne(content: bytes) -> None:
    assert not _read(content).acceptee


@_BOUNDED
@given(_EDITS)
def test_un_classeur_aux_octets_abimes_ne_fait_jamais_de_panne(edits: list[tuple[int, int]]) -> None:
    content = bytearray(HONNETE)
    for place, value in edits:
        content[place] = value
    assert not _read(bytes(content)).acceptee


@_BOUNDED
@given(
    st.sampled_from(sorted(_parts())),
    st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.sampled_from(b'0123456789AZ<>/="')), min_size=1, max_size=5
    ),
)
def test_un_classeur_au_xml_abime_ne_fait_jamais_de_panne(name: str, edits: list[tuple[float, int]]) -> None:
    """L'archive est saine, une pièce ne l'est pas : ce que les sommes de contrôle du zip ne voient pas."""
    part = bytearray(_parts()[name])
    for place, value in edits:
        part[int(place * len(part))] = value
    assert not _read(_with(name, bytes(part))).acceptee
