"""La prison : un adhérent ne voit et ne touche que son depot/ et son retour/."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from sftp_drop.client import DropClient
from sftp_drop.server import EmbeddedServer
from tests.sftp_drop.gestes import GESTES, GESTES_D_ECRITURE

pytestmark = pytest.mark.jail

A, B = "valfleuri", "rocheclaire"

HORS_PRISON = [
    "/etc/passwd",
    "/../../../../etc/passwd",
    "../../etc/passwd",
    "/depot/../../rocheclaire/depot/secret.csv",
    "/rocheclaire",
    "/rocheclaire/depot/secret.csv",
    "/depot/../rocheclaire/depot/secret.csv",
    "/./depot/./../rocheclaire/./depot/secret.csv",
    "//rocheclaire//depot//secret.csv",
    "/valfleuri/depot/a.csv",
    "/.cle_hote_ed25519",
    "/archive",
    "/depot/a\x00b",
    "/depot/a\nb",
    "/depot/\x1b[2J",
    "/depot/vers_b/secret.csv",
    "/depot/lien.csv",
    "/retour/vers_b/secret.csv",
    "/retour/.2026-12.envoi",
    "/retour/.2026-12.envoi/x.pdf",
    "/retour/2026-11/.x.pdf.envoi",
    "/depot/.a.csv.partiel",
]


@pytest.fixture
def garnie(racine: Path, serveur: EmbeddedServer) -> Path:
    """Deux adhérents garnis, et des liens qu'un administrateur distrait aurait posés."""
    (racine / A / "depot" / "a.csv").write_text("de A")
    (racine / B / "depot" / "secret.csv").write_text("de B")
    mois = racine / A / "retour" / "2026-11"
    mois.mkdir()
    (mois / "bulletin.pdf").write_text("bulletin")
    (mois / ".x.pdf.envoi").write_text("en cours")
    (racine / A / "retour" / ".2026-12.envoi").mkdir()
    (racine / A / "retour" / ".2026-12.envoi" / "x.pdf").write_text("en cours")
    (racine / A / "depot" / "pris" / "vieux.csv").write_text("archive")
    (racine / A / "depot" / "lien.csv").symlink_to(racine / B / "depot" / "secret.csv")
    (racine / A / "depot" / "vers_b").symlink_to(racine / B / "depot")
    (racine / A / "retour" / "vers_b").symlink_to(racine / B / "depot")
    (racine / A / "depot" / ".a.csv.partiel").write_text("moitié")
    return racine


def _disque(racine: Path) -> dict[str, str]:
    return {
        str(chemin.relative_to(racine)): (
            f"lien vers {chemin.readlink()}" if chemin.is_symlink() else chemin.read_text() if chemin.is_file() else "/"
        )
        for chemin in sorted(racine.rglob("*"))
    }


def _faits(sftp: paramiko.SFTPClient, chemin: str, gestes: list[str]) -> list[str]:
    """Les gestes qui n'ont pas reçu « permission refusée »."""
    faits = []
    for nom in gestes:
        try:
            GESTES[nom](sftp, chemin)
        except OSError as erreur:
            if erreur.errno != errno.EACCES:
                faits.append(f"{nom} : {erreur!r}")
        else:
            faits.append(nom)
    return faits


@pytest.mark.parametrize("chemin", HORS_PRISON)
def test_aucun_geste_ne_sort_de_la_prison(garnie: Path, mairie: paramiko.SFTPClient, chemin: str) -> None:
    avant = _disque(garnie)

    assert _faits(mairie, chemin, list(GESTES)) == []
    assert _disque(garnie) == avant


@pytest.mark.parametrize(
    "chemin",
    [
        "/",
        "/depot",
        "/retour",
        "/retour/2026-11",
        "/retour/2026-12",
        "/retour/2026-11/bulletin.pdf",
        "/retour/2026-11/neuf.pdf",
        "/retour/neuf.pdf",
        "/depot/pris",
        "/depot/pris/vieux.csv",
        "/depot/pris/neuf.csv",
        "/depot/sous/neuf.csv",
    ],
)
def test_l_adherent_ne_change_ni_le_plan_ni_retour_ni_l_archive(
    garnie: Path, mairie: paramiko.SFTPClient, chemin: str
) -> None:
    avant = _disque(garnie)

    assert _faits(mairie, chemin, GESTES_D_ECRITURE) == []
    assert _disque(garnie) == avant


def test_l_adherent_voit_depot_et_retour_sans_liens_ni_envois_en_cours(
    garnie: Path, mairie: paramiko.SFTPClient
) -> None:
    assert mairie.listdir("/") == ["depot", "retour"]
    assert mairie.listdir("/depot") == ["a.csv", "pris"]
    assert mairie.listdir("/retour") == ["2026-11"]
    assert mairie.listdir("/retour/2026-11") == ["bulletin.pdf"]
    assert mairie.open("/retour/2026-11/bulletin.pdf").read() == b"bulletin"
    assert mairie.open("/depot/pris/vieux.csv").read() == b"archive"


def test_l_adherent_ecrit_renomme_relit_et_efface_dans_depot(garnie: Path, mairie: paramiko.SFTPClient) -> None:
    with mairie.open("depot/neuf.csv", "wb") as sortie:
        sortie.write(b"un;deux")
    mairie.rename("/depot/neuf.csv", "/depot/../depot/renommé.csv")
    mairie.utime("/depot/renommé.csv", (1_700_000_000, 1_700_000_000))
    mairie.chmod("/depot/renommé.csv", 0o644)

    assert mairie.open("/depot/renommé.csv").read() == b"un;deux"
    assert mairie.stat("/depot/renommé.csv").st_mtime == 1_700_000_000
    with pytest.raises(PermissionError):
        mairie.chown("/depot/renommé.csv", 0, 0)
    with pytest.raises(PermissionError):
        mairie.truncate("/depot/renommé.csv", 0)
    mairie.remove("/depot/renommé.csv")
    with pytest.raises(FileNotFoundError):
        mairie.stat("/depot/renommé.csv")


def test_un_renommage_ordinaire_n_ecrase_pas(garnie: Path, mairie: paramiko.SFTPClient) -> None:
    mairie.open("/depot/b.csv", "wb").close()
    with pytest.raises(OSError, match="Failure"):
        mairie.rename("/depot/b.csv", "/depot/a.csv")

    assert (garnie / A / "depot" / "a.csv").read_text() == "de A"


@pytest.mark.parametrize(
    ("chemin", "normal"),
    [("..", "/"), ("/../..", "/"), ("depot/../../..", "/"), (".", "/"), ("/depot//x/./y", "/depot/x/y"), ("", "/")],
)
def test_la_racine_de_la_prison_est_la_racine_du_monde(mairie: paramiko.SFTPClient, chemin: str, normal: str) -> None:
    assert mairie.normalize(chemin) == normal


@pytest.mark.parametrize("nom", ["..\\..\\x.csv", "~", "-rf", "$(id)", "a;b", "%2e%2e", "…", "CON", "a" * 200])
def test_un_nom_bizarre_mais_sans_danger_reste_un_simple_nom(
    racine: Path, mairie: paramiko.SFTPClient, nom: str
) -> None:
    with mairie.open(f"/depot/{nom}", "wb") as sortie:
        sortie.write(b"x")

    assert (racine / A / "depot" / nom).read_bytes() == b"x"


@pytest.mark.parametrize("nom", [b"/depot/caf\xe9.csv", b"/depot/\xff\xfe", b"/depot/" + b"x" * 300])
def test_un_nom_mal_encode_ou_demesure_est_refuse(racine: Path, mairie: paramiko.SFTPClient, nom: bytes) -> None:
    with pytest.raises(OSError, match=r"Failure|Permission"):
        mairie.open(nom, "wb")

    assert [entree.name for entree in (racine / A / "depot").iterdir()] == ["pris"]


def test_le_service_voit_tous_les_adherents_et_rien_d_autre(
    garnie: Path, ouvrir: Callable[..., paramiko.SFTPClient]
) -> None:
    (garnie / "autre").mkdir()
    alpi = ouvrir("alpi", "service")

    assert alpi.listdir("/") == [B, A]
    assert alpi.listdir(f"/{B}") == ["depot", "retour"]
    assert alpi.listdir(f"/{A}/depot") == ["a.csv", "pris"]
    assert alpi.open(f"/{B}/depot/secret.csv").read() == b"de B"
    for chemin in ("/autre", "/.cle_hote_ed25519", f"/{A}/depot/lien.csv", "/../etc/passwd", f"/{A}/x"):
        with pytest.raises(PermissionError):
            alpi.stat(chemin)


def test_meme_le_service_ne_passe_pas_un_fichier_d_un_adherent_a_l_autre(
    garnie: Path, ouvrir: Callable[..., paramiko.SFTPClient]
) -> None:
    alpi = ouvrir("alpi", "service")
    for renommer in (alpi.rename, alpi.posix_rename):
        with pytest.raises(PermissionError):
            renommer(f"/{B}/depot/secret.csv", f"/{A}/retour/secret.csv")


def test_ni_commande_ni_terminal_ni_redirection(serveur: EmbeddedServer, mairie: paramiko.SFTPClient) -> None:
    canal = mairie.get_channel()
    assert canal is not None
    transport = canal.get_transport()

    def _demander(geste: Callable[[paramiko.Channel], object]) -> None:
        session = transport.open_session(timeout=5)
        try:
            geste(session)
        finally:
            session.close()

    for geste in (
        lambda session: session.exec_command("id"),
        lambda session: session.invoke_shell(),
        lambda session: session.get_pty(),
        lambda session: session.invoke_subsystem("netconf"),
    ):
        with pytest.raises(paramiko.SSHException):
            _demander(geste)
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", serveur.port), ("127.0.0.1", 1), timeout=5)
    with pytest.raises(paramiko.SSHException):
        transport.request_port_forward("127.0.0.1", 0)
    assert mairie.listdir("/") == ["depot", "retour"]


def test_une_empreinte_demandee_au_dela_de_la_fin_ne_fait_pas_tourner_le_serveur_sans_fin(
    garnie: Path, mairie: paramiko.SFTPClient
) -> None:
    with mairie.open("/depot/a.csv", "rb") as ouvert, pytest.raises(EOFError, match="hash"):
        ouvert.check("sha1", 0, 10**12, 0)


def test_le_client_du_service_signale_un_lien_sans_le_suivre(garnie: Path, service: DropClient) -> None:
    """Le serveur embarqué ne montre même pas les liens : le service ne peut donc pas en prendre."""
    assert [entree.name for entree in service.list_depot(A)] == ["a.csv", "pris"]


def test_la_ligne_longue_porte_le_nom_tel_quel(racine: Path, mairie: paramiko.SFTPClient) -> None:
    (racine / A / "depot" / "été.csv").touch()

    assert [str(entree).rsplit(" ", 1)[1] for entree in mairie.listdir_attr("/depot")] == ["pris", "été.csv"]
    assert [entree.longname.rsplit(" ", 1)[1] for entree in mairie.listdir_attr("/depot")] == ["pris", "été.csv"]
