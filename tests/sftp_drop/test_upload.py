"""L'envoi : un fichier paraît entier ou ne paraît pas, et jamais au-delà de la taille permise."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from sftp_drop.accounts import Accounts
from sftp_drop.client import DropClient
from sftp_drop.errors import MissingError
from sftp_drop.server import EmbeddedServer

A = "valfleuri"


@pytest.fixture
def depot(racine: Path, serveur: EmbeddedServer) -> Path:
    return racine / A / "depot"


def _noms(dossier: Path) -> list[str]:
    return sorted(entree.name for entree in dossier.iterdir() if entree.name != "pris")


def test_un_envoi_en_cours_ne_se_voit_pas(depot: Path, mairie: paramiko.SFTPClient, service: DropClient) -> None:
    with mairie.open("/depot/novembre.csv", "wb") as envoi:
        envoi.write(b"moitie")
        envoi.flush()

        assert _noms(depot) == [".novembre.csv.partiel"]
        assert [entree.name for entree in service.list_depot(A)] == ["pris"]
        with pytest.raises(MissingError):
            service.play(service.fetch(A, "novembre.csv", io.BytesIO(), 100))
        assert mairie.listdir("/depot") == ["pris"]

    assert _noms(depot) == ["novembre.csv"]
    assert (depot / "novembre.csv").read_bytes() == b"moitie"


def test_le_nom_provisoire_se_reprend_d_un_envoi_a_l_autre(depot: Path, mairie: paramiko.SFTPClient) -> None:
    for _ in range(2):
        with mairie.open("/depot/novembre.csv", "wb"):
            assert ".novembre.csv.partiel" in _noms(depot)

    assert _noms(depot) == ["novembre.csv"]


def test_un_envoi_coupe_ne_laisse_rien(
    depot: Path, ouvrir: Callable[..., paramiko.SFTPClient], bientot: Callable[[Callable[[], object]], None]
) -> None:
    (depot / "novembre.csv").write_bytes(b"version d'avant")
    sftp = ouvrir(A)
    envoi = sftp.open("/depot/novembre.csv", "wb")
    envoi.write(b"moitie")
    envoi.flush()
    canal = sftp.get_channel()
    assert canal is not None
    canal.get_transport().close()

    bientot(lambda: _noms(depot) == ["novembre.csv"])
    assert (depot / "novembre.csv").read_bytes() == b"version d'avant"


def test_un_arret_brutal_laisse_un_partiel_que_le_demarrage_efface(
    racine: Path, comptes: Accounts, cles: Path, caplog: pytest.LogCaptureFixture
) -> None:
    EmbeddedServer(racine, comptes, host_key_file=cles / "hote").start().stop()
    reste = racine / A / "depot" / ".paie de Durand.csv.partiel"
    reste.write_bytes(b"moitie")
    with (
        caplog.at_level(logging.INFO, "sftp_drop.serveur"),
        EmbeddedServer(racine, comptes, host_key_file=cles / "hote"),
    ):
        assert not reste.exists()

    assert "1 envoi(s) coupé(s)" in caplog.text
    assert "Durand" not in caplog.text


def test_deux_envois_du_meme_nom_ne_se_melangent_pas(depot: Path, ouvrir: Callable[..., paramiko.SFTPClient]) -> None:
    un, deux = ouvrir(A), ouvrir(A)
    premier, second = un.open("/depot/n.csv", "wb"), deux.open("/depot/n.csv", "wb")
    premier.write(b"1" * 10)
    second.write(b"2" * 20)
    second.close()
    premier.close()

    assert (depot / "n.csv").read_bytes() == b"1" * 10
    assert _noms(depot) == ["n.csv"]


def test_un_envoi_trop_gros_echoue_et_ne_laisse_rien(depot: Path, mairie: paramiko.SFTPClient) -> None:
    (depot / "n.csv").write_bytes(b"avant")
    with pytest.raises(OSError, match="Failure"), mairie.open("/depot/n.csv", "wb") as envoi:
        envoi.write(b"x" * 100_001)

    assert _noms(depot) == ["n.csv"]
    assert (depot / "n.csv").read_bytes() == b"avant"


def test_un_trou_ne_contourne_pas_la_taille_permise(depot: Path, mairie: paramiko.SFTPClient) -> None:
    with mairie.open("/depot/n.csv", "wb", 0) as envoi:
        envoi.seek(10**12)
        with pytest.raises(OSError, match="Failure"):
            envoi.write(b"x")
    with mairie.open("/depot/n.csv", "wb") as envoi, pytest.raises(OSError, match="Failure"):
        envoi.truncate(10**12)

    assert _noms(depot) == []


def test_un_fichier_a_la_taille_exacte_passe(depot: Path, mairie: paramiko.SFTPClient) -> None:
    with mairie.open("/depot/n.csv", "wb") as envoi:
        envoi.write(b"x" * 100_000)

    assert (depot / "n.csv").stat().st_size == 100_000


def test_le_depot_entier_est_borne_en_octets_et_en_fichiers(depot: Path, mairie: paramiko.SFTPClient) -> None:
    for rang in range(2):
        (depot / f"{rang}.csv").write_bytes(b"x" * 100_000)
    with pytest.raises(OSError, match="Failure"), mairie.open("/depot/2.csv", "wb") as envoi:
        envoi.write(b"x" * 60_000)
    for rang in range(40):
        (depot / f"petit{rang}").touch()
    with pytest.raises(OSError, match="Failure"):
        mairie.open("/depot/un-de-trop.csv", "wb")

    assert "2.csv" not in _noms(depot)


def test_les_envois_ouverts_a_la_fois_sont_comptes(mairie: paramiko.SFTPClient) -> None:
    ouverts = [mairie.open(f"/depot/{rang}.csv", "wb") for rang in range(16)]
    with pytest.raises(PermissionError):
        mairie.open("/depot/de-trop.csv", "wb")
    ouverts[0].close()
    mairie.open("/depot/de-trop.csv", "wb").close()


@pytest.mark.parametrize(("mode", "attendu"), [("ab", b"debut-suite"), ("r+b", b"-suite"), ("wb", b"-suite")])
def test_reprendre_ou_completer_un_fichier_garde_ce_qu_il_faut(
    depot: Path, mairie: paramiko.SFTPClient, mode: str, attendu: bytes
) -> None:
    (depot / "n.csv").write_bytes(b"debut")
    with mairie.open("/depot/n.csv", mode) as envoi:
        envoi.write(b"-suite")

    assert (depot / "n.csv").read_bytes() == attendu


def test_une_creation_exclusive_n_ecrase_pas(depot: Path, mairie: paramiko.SFTPClient) -> None:
    (depot / "n.csv").write_bytes(b"avant")
    with pytest.raises(OSError, match="Failure"):
        mairie.open("/depot/n.csv", "wxb")

    assert (depot / "n.csv").read_bytes() == b"avant"


def test_la_place_prise_pendant_l_envoi_exclusif_fait_echouer_la_fermeture(
    depot: Path, mairie: paramiko.SFTPClient
) -> None:
    envoi = mairie.open("/depot/n.csv", "wxb")
    envoi.write(b"tardif")
    (depot / "n.csv").write_bytes(b"avant")
    envoi.close()  # paramiko tait l'échec côté client : c'est le disque qu'il faut regarder

    assert (depot / "n.csv").read_bytes() == b"avant"
    assert _noms(depot) == ["n.csv"]


def test_un_fichier_absent_ne_s_ouvre_pas_sans_le_creer(mairie: paramiko.SFTPClient) -> None:
    with pytest.raises(FileNotFoundError):
        mairie.open("/depot/absent.csv", "r+b")


def test_l_heure_posee_pendant_l_envoi_est_gardee(depot: Path, mairie: paramiko.SFTPClient) -> None:
    """WinSCP recopie l'heure du poste et demande des droits : l'envoi ne doit pas afficher d'erreur."""
    with mairie.open("/depot/n.csv", "wb") as envoi:
        envoi.write(b"x")
        envoi.flush()
        envoi.chmod(0o644)
        envoi.utime((1_600_000_000, 1_600_000_000))

    assert (depot / "n.csv").stat().st_mtime == 1_600_000_000
    assert (depot / "n.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.privacy
def test_le_journal_ne_nomme_ni_fichier_ni_compte_essaye(
    racine: Path,
    mairie: paramiko.SFTPClient,
    ouvrir: Callable[..., paramiko.SFTPClient],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.DEBUG):
        mairie.open("/depot/arret de Durand.csv", "wb").close()
        with pytest.raises(OSError, match="Permission"):
            mairie.open("/retour/Durand.pdf", "wb")
        with pytest.raises(paramiko.AuthenticationException):
            ouvrir("mot-de-passe-tape-par-erreur", "etrangere")
        serveur = [trace for trace in caplog.records if trace.name.startswith("sftp_drop")]

    textes = " ".join(trace.getMessage() for trace in serveur)
    assert "fichier reçu dans depot de valfleuri : 0 octets" in textes
    assert "connexion refusée" in textes
    assert "Durand" not in textes
    assert "tape-par-erreur" not in textes
