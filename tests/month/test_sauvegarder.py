"""Sauvegarder, restaurer ailleurs, comparer ; et le journal chaîné qui dit ce qu'on lui a fait."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from payroll.month.commun import GesteRefuse
from payroll.month.sauvegarder import MANIFESTE, backup, restore
from payroll.store import audit
from payroll.store.registre import Registre
from tests.month.conftest import Jouer
from tests.month.gestes import Lieu, acte, description, inscrire
from tests.postgres import cluster

ACTE = acte(100)


@pytest.fixture
def restitue(jouer: Jouer) -> Lieu:
    return jouer("lubescaux", Lieu.jusqu_a_la_restitution)


def _url(folder: Path) -> str:
    return f"sqlite:///{folder}/paie.db"


def _rows(registre: Registre) -> dict[str, list[tuple[object, ...]]]:
    with registre.engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        rows = {name: connection.execute(text(f"SELECT * FROM {name}")).all() for name in sorted(names)}
    return {name: [tuple(row) for row in found] for name, found in rows.items()}


def _restored(lieu: Lieu, tmp_path: Path) -> tuple[Registre, Path]:
    place = tmp_path / "ailleurs"
    place.mkdir()
    shutil.copyfile(lieu.registre.cles, place / "cles")
    (place / "cles").chmod(0o600)
    restore(tmp_path / "copie", _url(place), place / "pieces", place / "cles")
    return Registre(_url(place), place / "pieces"), place


def test_une_installation_restauree_ailleurs_est_la_meme(restitue: Lieu, tmp_path: Path) -> None:
    done = backup(restitue.registre, tmp_path / "copie", ACTE)
    other, _ = _restored(restitue, tmp_path)

    assert _rows(other) == _rows(restitue.registre)
    names = list(restitue.registre.pieces.names())
    assert (len(names), list(other.pieces.names())) == (done.pieces, names)
    assert [other.pieces.get(name) for name in names] == [restitue.registre.pieces.get(name) for name in names]


@pytest.mark.postgres
def test_une_base_postgresql_se_restaure_dans_une_autre(tmp_path: Path) -> None:
    """pg_dump pendant que l'on compte, pg_restore dans une base neuve : les mêmes lignes, les mêmes pièces."""
    with cluster() as fresh:
        live = inscrire(fresh(tmp_path / "a"), tmp_path, description("lubescaux"))
        live.jusqu_a_la_restitution()
        done = backup(live.registre, tmp_path / "copie", ACTE)
        other = fresh(tmp_path / "b")
        with other.engine.begin() as connection:  # une base vide, comme « createdb » la laisse
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        other.close()
        place = tmp_path / "b" / "neuf"
        restored = restore(tmp_path / "copie", other.url, place, live.registre.cles)

        assert (restored.lignes, restored.pieces) == (done.lignes, done.pieces)
        assert restored.pieces == len(list(live.registre.pieces.names())) > 0


def test_une_base_restauree_qui_n_a_pas_toutes_ses_lignes_se_dit(restitue: Lieu, tmp_path: Path) -> None:
    done = backup(restitue.registre, tmp_path / "copie", ACTE)
    manifest = json.loads((tmp_path / "copie" / MANIFESTE).read_text())
    (tmp_path / "copie" / MANIFESTE).write_text(json.dumps(manifest | {"lignes": done.lignes + 1}))

    with pytest.raises(GesteRefuse, match=f"compte {done.lignes} lignes, la sauvegarde en annonçait {done.lignes + 1}"):
        _restored(restitue, tmp_path)


@pytest.mark.privacy
def test_une_sauvegarde_ne_porte_pas_sa_cle(restitue: Lieu, tmp_path: Path) -> None:
    backup(restitue.registre, tmp_path / "copie", ACTE)
    key = restitue.registre.cles.read_bytes().strip()

    assert key not in b"".join(path.read_bytes() for path in (tmp_path / "copie").rglob("*") if path.is_file())


def _spoil_piece(copy: Path) -> None:
    piece = next(path for path in sorted((copy / "pieces").rglob("*")) if path.is_file())
    piece.write_bytes(piece.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("spoil", "morceau"),
    [
        (lambda copy: (copy / MANIFESTE).unlink(), "manifeste manque"),
        (lambda copy: (copy / "paie.db").unlink(), "abîmée"),
        (_spoil_piece, "abîmée"),
    ],
)
def test_une_sauvegarde_incomplete_ou_abimee_ne_se_restaure_pas(
    restitue: Lieu, tmp_path: Path, spoil: object, morceau: str
) -> None:
    backup(restitue.registre, tmp_path / "copie", ACTE)
    spoil(tmp_path / "copie")  # type: ignore[operator]
    with pytest.raises(GesteRefuse, match=morceau):
        _restored(restitue, tmp_path)
    assert not (tmp_path / "ailleurs" / "paie.db").exists()


def test_une_restauration_ne_se_mele_a_rien_et_demande_sa_cle(restitue: Lieu, tmp_path: Path) -> None:
    backup(restitue.registre, tmp_path / "copie", ACTE)
    place = tmp_path / "ailleurs"
    (place / "pieces").mkdir(parents=True)
    with pytest.raises(GesteRefuse, match="fichier de clés"):
        restore(tmp_path / "copie", _url(place), place / "pieces", place / "cles")
    (place / "pieces" / "reste").write_text("x")
    with pytest.raises(GesteRefuse, match="pas vide"):
        restore(tmp_path / "copie", _url(place), place / "pieces", place / "cles")
    with pytest.raises(GesteRefuse, match="dossier neuf"):
        backup(restitue.registre, tmp_path / "copie", ACTE)


def test_une_piece_que_la_base_nomme_et_qui_manque_se_dit(restitue: Lieu, tmp_path: Path) -> None:
    copy = tmp_path / "copie"
    backup(restitue.registre, copy, ACTE)
    named = next(iter(restitue.documents().values()))
    (copy / "pieces" / named[:2] / named).unlink()
    manifest = json.loads((copy / MANIFESTE).read_text())
    del manifest["fichiers"][f"pieces/{named[:2]}/{named}"]
    (copy / MANIFESTE).write_text(json.dumps(manifest))
    with pytest.raises(GesteRefuse, match="manquent"):
        _restored(restitue, tmp_path)


def test_le_journal_d_un_mois_se_tient(restitue: Lieu) -> None:
    with restitue.registre.transaction() as session:
        heads, breaks = audit.verify(session)

    assert breaks == []
    assert [(head.adherent, head.lignes > 3, len(head.empreinte)) for head in heads] == [(restitue.code, True, 64)]


@pytest.mark.parametrize(
    "geste",
    [
        "UPDATE evenement SET par = 'autre' WHERE id = {id}",
        "UPDATE evenement SET detail = '{{\"x\": 1}}' WHERE id = {id}",
        "UPDATE evenement SET le = '2026-11-01 00:00:00' WHERE id = {id}",
        "UPDATE evenement SET empreinte = '' WHERE id = {id}",
        "DELETE FROM evenement WHERE id = {id}",
        "UPDATE evenement SET id = 999 WHERE id = {id}",
        "INSERT INTO evenement (le, par, geste, adherent_code, mois, detail) "
        "SELECT le, par, geste, adherent_code, mois, detail FROM evenement WHERE id = {id}",
    ],
)
def test_une_ligne_changee_otee_ou_glissee_se_voit(restitue: Lieu, geste: str) -> None:
    with restitue.registre.transaction() as session:
        session.connection().execute(text(geste.format(id=2)))
    with restitue.registre.transaction() as session:
        _, breaks = audit.verify(session)

    assert [(item.adherent, bool(item.quoi)) for item in breaks] == [(restitue.code, True)]
