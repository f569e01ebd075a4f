"""Le dépôt de production : un vrai OpenSSH, de vrais comptes, deux adhérents qui ne se voient pas."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import paramiko
import pytest

from sftp_drop import keys
from sftp_drop.client import DropClient, connect
from sftp_drop.errors import TransientError
from sftp_drop.give import Outgoing, give_all
from sftp_drop.openssh import Installation, InstallationError, apply, observe, plan_close, plan_keys, plan_open
from sftp_drop.openssh.observation import AccountSeen
from sftp_drop.pipelined import RawSftp
from sftp_drop.settings import SftpSettings
from sftp_drop.take import take_all
from tests.sftp_drop.gestes import GESTES, GESTES_D_ECRITURE
from tests.sftp_drop.production import Production, production

pytestmark = [
    pytest.mark.jail,
    pytest.mark.peer,
    pytest.mark.systeme("sshd", "useradd", "ssh-keygen"),
    pytest.mark.skipif(os.geteuid() != 0, reason="ouvrir de vrais comptes demande les droits de root"),
]


@pytest.fixture(scope="module")
def depot() -> Iterator[Production]:
    with production() as opened:
        yield opened


@pytest.fixture(scope="module")
def garni(depot: Production) -> Production:
    """Deux adhérents garnis par leur secrétaire et par l'agence, et les liens d'un administrateur distrait."""
    for code, nom in ((depot.a, "a.csv"), (depot.b, "secret.csv")):
        with depot.sftp(code).open(f"/depot/{nom}", "wb") as sortie:
            sortie.write(b"contenu")
    with service(depot) as client:
        for code in (depot.a, depot.b):
            document = Outgoing("2026-11/bulletin.pdf", lambda: b"bulletin", hashlib.sha256(b"bulletin").hexdigest())
            assert [outcome.issue.value for outcome in give_all(client, code, [document])] == ["déposé"]
    (depot.jail(depot.a) / "depot" / "lien.csv").symlink_to(depot.jail(depot.b) / "depot" / "secret.csv")
    (depot.jail(depot.a) / "depot" / "vers_b").symlink_to(depot.jail(depot.b) / "depot")
    return depot


def service(depot: Production) -> DropClient:
    host = keys.read_private(depot.installation.cle_hote)
    return connect(
        SftpSettings(
            port=depot.installation.port,
            utilisateur=depot.installation.service,
            cle_privee=depot.cles / depot.installation.service,
            empreinte=keys.fingerprint(host),
            delai=15,
        )
    )


def disk(depot: Production) -> dict[str, str]:
    root = depot.installation.racine
    return {
        str(path.relative_to(root)): (
            f"lien vers {path.readlink()}" if path.is_symlink() else path.read_text() if path.is_file() else "/"
        )
        for path in sorted(root.rglob("*"))
    }


def allowed(sftp: paramiko.SFTPClient, path: str, gestures: list[str]) -> list[str]:
    """Les gestes qui n'ont été ni refusés, ni sans objet."""
    done = []
    for name in gestures:
        try:
            GESTES[name](sftp, path)
        except OSError as error:
            # « Échec » et « inconnu du serveur » sont aussi des refus : OpenSSH ne donne pas toujours le détail.
            if error.errno not in {errno.EACCES, errno.ENOENT} and str(error) not in _REFUSALS:
                done.append(f"{name} : {error!r}")
        else:
            done.append(name)
    return done


_REFUSALS = {"Failure", "Operation unsupported", "Bad message"}


@pytest.mark.parametrize(
    "chemin",
    [
        "/etc/passwd",
        "/../../../../etc/passwd",
        "../../etc/passwd",
        "/depot/../../{b}/depot/secret.csv",
        "/{b}",
        "/{b}/depot",
        "/{b}/depot/secret.csv",
        "/../{b}/depot/secret.csv",
        "//..//{b}//retour",
        "/depot/vers_b/secret.csv",
        "/proc/self/environ",
        "/srv",
        "/home",
    ],
)
def test_aucun_geste_ne_sort_de_la_prison(garni: Production, chemin: str) -> None:
    before = disk(garni)
    path = chemin.format(b=garni.b)

    assert allowed(garni.sftp(garni.a), path, list(GESTES)) == []
    assert disk(garni) == before


@pytest.mark.parametrize(
    "chemin",
    ["/", "/depot", "/retour", "/depot/pris", "/retour/2026-11", "/retour/2026-11/bulletin.pdf", "/retour/n.pdf"],
)
def test_l_adherent_ne_change_ni_le_plan_ni_retour(garni: Production, chemin: str) -> None:
    before = disk(garni)

    assert allowed(garni.sftp(garni.a), chemin, GESTES_D_ECRITURE) == []
    assert disk(garni) == before


def test_l_adherent_depose_relit_renomme_efface_et_lit_ses_documents(garni: Production) -> None:
    sftp = garni.sftp(garni.a)
    assert sorted(sftp.listdir("/")) == ["depot", "retour"]
    with sftp.open("/depot/neuf.csv", "wb") as sortie:
        sortie.write(b"un;deux")
    sftp.utime("/depot/neuf.csv", (1_700_000_000, 1_700_000_000))
    sftp.rename("/depot/neuf.csv", "/depot/renommé.csv")

    assert sftp.open("/depot/renommé.csv").read() == b"un;deux"
    assert sftp.open("/retour/2026-11/bulletin.pdf").read() == b"bulletin"
    sftp.remove("/depot/renommé.csv")
    assert sorted(sftp.listdir("/depot")) == ["a.csv", "lien.csv", "pris", "vers_b"]


def test_l_agence_prend_et_archive_ce_que_la_mairie_depose(garni: Production, coffre) -> None:
    with garni.sftp(garni.b).open("/depot/novembre.csv", "wb") as sortie:
        sortie.write(b"heures")
    with service(garni) as client:
        look = take_all(client, garni.b, store=coffre, previous={}).look
        taken = take_all(client, garni.b, store=coffre, previous=look)

    assert {outcome.name: outcome.issue.value for outcome in taken.outcomes} == {
        "novembre.csv": "pris",
        "secret.csv": "pris",
        "pris": "ignoré",
    }
    assert coffre.valeurs == [b"contenu", b"heures"]
    archived = garni.sftp(garni.b).listdir("/depot/pris")
    assert sorted(name.rsplit("-", 1)[1] for name in archived) == ["novembre.csv", "secret.csv"]
    # Remettre « secret.csv » : les autres essais le cherchent.
    with garni.sftp(garni.b).open("/depot/secret.csv", "wb") as sortie:
        sortie.write(b"contenu")


def test_un_dossier_de_mois_ne_se_voit_qu_entier(garni: Production, monkeypatch: pytest.MonkeyPatch) -> None:
    """Coupé au milieu, l'envoi d'un mois neuf reste fermé à l'adhérent ; repris, il paraît d'un coup."""
    write_all, mairie = RawSftp.write_all, garni.sftp(garni.a)

    def cut_at_b(sftp: RawSftp, contents: dict[PurePosixPath, bytes]) -> None:
        sent = write_all(sftp, {path: content for path, content in contents.items() if ".b.pdf" not in path.name})
        sftp.replace_all({path: path.with_name("a.pdf") for path in sent})
        raise TransientError("coupure")

    with service(garni) as client, monkeypatch.context() as patch:
        patch.setattr(RawSftp, "write_all", cut_at_b)
        with pytest.raises(TransientError):
            client.put_folder(garni.a, "2026-12", {"a.pdf": b"a", "b.pdf": b"b"})
    for name in ("/retour/.2026-12.envoi", "/retour/.2026-12.envoi/a.pdf"):
        with pytest.raises(PermissionError):
            mairie.open(name) if name.endswith("pdf") else mairie.listdir(name)

    with service(garni) as client:
        client.put_folder(garni.a, "2026-12", {"a.pdf": b"a", "b.pdf": b"b"})
    assert sorted(mairie.listdir("/retour/2026-12")) == ["a.pdf", "b.pdf"]
    assert mairie.open("/retour/2026-12/b.pdf").read() == b"b"


def test_ni_commande_ni_terminal_ni_redirection_ni_mot_de_passe(garni: Production) -> None:
    transport = garni.transport(garni.a, garni.a)
    session = transport.open_session(timeout=10)
    # ForceCommand : la commande demandée n'est pas lancée, c'est le serveur SFTP qui répond.
    session.exec_command("id > /depot/preuve")
    session.close()
    with pytest.raises(paramiko.SSHException):
        transport.open_session(timeout=10).get_pty()
    with pytest.raises(paramiko.ChannelException):
        transport.open_channel("direct-tcpip", ("127.0.0.1", garni.installation.port), ("127.0.0.1", 1), timeout=10)
    with pytest.raises(paramiko.SSHException):
        transport.request_port_forward("127.0.0.1", 0)
    assert not (garni.jail(garni.a) / "depot" / "preuve").exists()

    nude = paramiko.Transport(("127.0.0.1", garni.installation.port))
    try:
        nude.start_client(timeout=10)
        with pytest.raises(paramiko.BadAuthenticationType):
            nude.auth_password(garni.a, "motdepasse")
    finally:
        nude.close()


@pytest.mark.parametrize(("compte", "cle"), [("a", "b"), ("b", "a"), ("service", "a"), ("inconnu", "a")])
def test_la_cle_d_un_autre_n_ouvre_rien(garni: Production, compte: str, cle: str) -> None:
    login = {"a": garni.a, "b": garni.b, "service": garni.installation.service}.get(compte, "personne")
    with pytest.raises(paramiko.AuthenticationException):
        garni.sftp(login, {"a": garni.a, "b": garni.b}[cle])


def test_rouvrir_un_compte_en_place_ne_fait_rien(garni: Production) -> None:
    installation = garni.installation

    assert plan_open(installation, garni.a, [], observe(installation, garni.a)) == []


def test_des_droits_changes_a_la_main_sont_remis(garni: Production) -> None:
    installation, retour = garni.installation, garni.jail(garni.a) / "retour"
    retour.chmod(0o777)
    apply(plan_open(installation, garni.a, [], observe(installation, garni.a)))

    assert retour.stat().st_mode & 0o7777 == 0o2750


def test_une_cle_remplacee_n_ouvre_plus_et_reste_revoquee() -> None:
    with production() as depot:
        installation, code = depot.installation, depot.a
        old = keys.fingerprint(keys.read_private(depot.cles / code))
        apply(
            plan_keys(
                installation,
                code,
                observe(installation, code),
                add=[keys.generate(depot.cles / "neuve")],
                remove=[old],
            )
        )
        assert sorted(depot.sftp(code, "neuve").listdir("/")) == ["depot", "retour"]
        with pytest.raises(paramiko.AuthenticationException):
            depot.sftp(code)

        apply(plan_close(installation, code, observe(installation, code)))
        with pytest.raises(paramiko.AuthenticationException):
            depot.sftp(code, "neuve")
        assert (depot.jail(code) / "retour").is_dir()
        apply(plan_open(installation, code, [keys.generate(depot.cles / "troisieme")], observe(installation, code)))
        assert sorted(depot.sftp(code, "troisieme").listdir("/")) == ["depot", "retour"]


NEUF = AccountSeen(False, False, frozenset(), frozenset(), {}, ())


@pytest.mark.parametrize(
    ("code", "cles", "seen", "morceau"),
    [
        ("root", ["x"], NEUF, "réservé"),
        ("alpi", ["x"], NEUF, "réservé"),
        ("3-villages", ["x"], NEUF, "commençant par une lettre"),
        ("a" * 33, ["x"], NEUF, "32 caractères"),
        ("Mairie", ["x"], NEUF, "a-z"),
        ("mairie", [], NEUF, "aucune clé"),
        ("mairie", ["ssh-ed25519 pas-une-cle"], NEUF, "mal formée"),
        ("jean", ["x"], AccountSeen(True, True, frozenset({"sudo"}), frozenset(), {}, ()), "existe déjà"),
    ],
)
def test_un_compte_impossible_est_refuse_avec_sa_raison(
    tmp_path: Path, code: str, cles: list[str], seen: AccountSeen, morceau: str
) -> None:
    lines = [keys.generate(tmp_path / "cle") if line == "x" else line for line in cles]
    with pytest.raises(InstallationError, match=morceau):
        plan_open(Installation(), code, lines, seen)


def test_retirer_la_derniere_cle_ou_une_cle_inconnue_est_refuse(tmp_path: Path) -> None:
    line = keys.generate(tmp_path / "cle")
    seen = AccountSeen(True, True, frozenset({"paie-adherents"}), frozenset(), {}, (line,))
    with pytest.raises(InstallationError, match="plus aucune clé"):
        plan_keys(Installation(), "mairie", seen, remove=[keys.fingerprint_of(line)])
    with pytest.raises(InstallationError, match="pas de clé d'empreinte"):
        plan_keys(Installation(), "mairie", seen, remove=["SHA256:absente"])


def test_un_fichier_que_l_agence_ne_peut_plus_lire_n_empeche_pas_les_autres(garni: Production, coffre) -> None:
    """Droits retirés par le client de la mairie : les autres fichiers sont pris, celui-là attend et se dit."""
    mairie = garni.sftp(garni.b)
    for name, content in (("ferme.csv", b"ferme"), ("ouvert.csv", b"ouvert")):
        with mairie.open(f"/depot/{name}", "wb") as sortie:
            sortie.write(content)
    mairie.chmod("/depot/ferme.csv", 0)
    with service(garni) as client:
        look = take_all(client, garni.b, store=coffre, previous={}).look
        report = take_all(client, garni.b, store=coffre, previous=look)
        outcomes = {outcome.name: (outcome.issue.value, outcome.motif) for outcome in report.outcomes}
        assert outcomes["ouvert.csv"][0] == "pris"
        assert outcomes["ferme.csv"] == (
            "refusé",
            "le serveur ne permet pas de lire ce fichier : voyez avec l'agence",
        )
        mairie.chmod("/depot/ferme.csv", 0o640)
        assert b"ouvert" in coffre.valeurs
        look = take_all(client, garni.b, store=coffre, previous=report.look).look
        take_all(client, garni.b, store=coffre, previous=look)
    assert b"ferme" in coffre.valeurs
