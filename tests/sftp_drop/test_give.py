"""Rendre : tout un mois ou rien, autant de fois qu'on veut."""

from __future__ import annotations

import hashlib
from pathlib import Path

from sftp_drop.client import DropClient
from sftp_drop.give import GiveIssue, GiveOutcome, Outgoing, give_all

A = "valfleuri"


def _document(chemin: str, contenu: bytes, empreinte: str | None = None) -> Outgoing:
    return Outgoing(chemin, lambda: contenu, empreinte or hashlib.sha256(contenu).hexdigest())


def test_rendre_deux_fois_ne_change_rien_la_seconde(service: DropClient, racine: Path) -> None:
    documents = [
        _document("2026-11/b.pdf", b"b"),
        _document("modele.xlsx", b"modele"),
        _document("2026-11/bulletins/a.pdf", b"a"),
        _document("2026-10/rappel.pdf", b"r"),
    ]
    premiers = give_all(service, A, documents)
    seconds = give_all(service, A, list(reversed(documents)))

    assert premiers == [
        GiveOutcome("modele.xlsx", GiveIssue.DEPOSE),
        GiveOutcome("2026-10/rappel.pdf", GiveIssue.DEPOSE),
        GiveOutcome("2026-11/b.pdf", GiveIssue.DEPOSE),
        GiveOutcome("2026-11/bulletins/a.pdf", GiveIssue.DEPOSE),
    ]
    assert [sort.issue for sort in seconds] == [GiveIssue.INCHANGE] * 4
    assert (racine / A / "retour" / "2026-11" / "bulletins" / "a.pdf").read_bytes() == b"a"


def test_un_document_corrige_remplace_le_sien_seulement(service: DropClient, racine: Path) -> None:
    give_all(service, A, [_document("2026-11/a.pdf", b"1"), _document("2026-11/b.pdf", b"1")])
    sorts = give_all(service, A, [_document("2026-11/a.pdf", b"2"), _document("2026-11/b.pdf", b"1")])

    assert [sort.issue for sort in sorts] == [GiveIssue.REMPLACE, GiveIssue.INCHANGE]
    assert (racine / A / "retour" / "2026-11" / "a.pdf").read_bytes() == b"2"


def test_un_contenu_qui_n_est_plus_celui_approuve_retient_tout_son_mois(service: DropClient, racine: Path) -> None:
    sorts = give_all(
        service,
        A,
        [
            _document("2026-11/a.pdf", b"a"),
            _document("2026-11/b.pdf", b"falsifie", hashlib.sha256(b"b").hexdigest()),
            _document("2026-10/c.pdf", b"c"),
        ],
    )

    assert [(sort.relative_path, sort.issue) for sort in sorts] == [
        ("2026-10/c.pdf", GiveIssue.DEPOSE),
        ("2026-11/a.pdf", GiveIssue.RETENU),
        ("2026-11/b.pdf", GiveIssue.ECHEC),
    ]
    assert "approuvé" in sorts[2].motif
    assert [entree.name for entree in (racine / A / "retour").iterdir()] == ["2026-10"]


def test_un_chemin_qui_sort_ou_un_doublon_est_un_echec_pas_une_exception(service: DropClient, racine: Path) -> None:
    (sortant,) = give_all(service, A, [_document("2026-11/../../depot/x", b"x")])
    doublon = give_all(service, A, [_document("2026-11/a.pdf", b"1"), _document("2026-11/a.pdf", b"2")])

    assert sortant.issue is GiveIssue.ECHEC
    assert "sous retour/" in sortant.motif
    assert [(sort.issue, "deux documents" in sort.motif) for sort in doublon] == [(GiveIssue.ECHEC, True)]
    assert list((racine / A / "retour").iterdir()) == []


def test_un_refus_du_serveur_est_un_echec_dit(service: DropClient, racine: Path) -> None:
    (sort,) = give_all(service, A, [_document("2026-11/gros.pdf", b"x" * 100_001)])

    assert sort.issue is GiveIssue.ECHEC
    assert sort.motif
    assert not (racine / A / "retour" / "2026-11").exists()


def test_rien_a_rendre_ne_cree_rien(service: DropClient, racine: Path) -> None:
    assert give_all(service, A, []) == []
    assert list((racine / A / "retour").iterdir()) == []
