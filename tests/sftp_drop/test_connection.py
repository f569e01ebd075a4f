"""Se connecter : la bonne clé d'hôte, la bonne clé de compte, et des reprises choisies."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import paramiko
import pytest

from sftp_drop import keys
from sftp_drop.accounts import Account, Accounts
from sftp_drop.client import DropClient, connect, retrying
from sftp_drop.errors import AuthRefusedError, HostKeyRefusedError, TransientError
from sftp_drop.server import NOM_CLE_HOTE, EmbeddedServer
from sftp_drop.settings import SftpSettings

A = "valfleuri"


def _avec(reglages: SftpSettings, **changements: object) -> SftpSettings:
    return SftpSettings.model_validate(reglages.model_dump() | changements)


def test_une_empreinte_differente_est_refusee(reglages: SftpSettings, cles: Path) -> None:
    autre = keys.fingerprint(keys.read_private(cles / "etrangere"))
    with pytest.raises(HostKeyRefusedError, match="clé d'hôte inconnue") as refus:
        connect(_avec(reglages, empreinte=autre))

    assert autre in str(refus.value)
    assert reglages.empreinte is not None
    assert reglages.empreinte in str(refus.value)


def test_known_hosts_admet_la_cle_connue_et_refuse_les_autres(
    reglages: SftpSettings, serveur: EmbeddedServer, cles: Path, tmp_path: Path
) -> None:
    connues = tmp_path / "known_hosts"
    avec = _avec(reglages, empreinte=None, known_hosts=connues)
    connues.write_text(serveur.known_hosts_line + "\n")
    with connect(avec) as client:
        assert client.list_depot(A)

    connues.write_text("")
    with pytest.raises(HostKeyRefusedError, match="inconnue"):
        connect(avec)
    etrangere = keys.read_private(cles / "etrangere")
    connues.write_text(keys.known_hosts_line(serveur.host, serveur.port, etrangere) + "\n")
    with pytest.raises(HostKeyRefusedError, match="n'est pas celle de known_hosts"):
        connect(avec)
    connues.unlink()
    with pytest.raises(HostKeyRefusedError, match="illisible"):
        connect(avec)


@pytest.mark.parametrize(
    ("compte", "cle"), [("alpi", "etrangere"), ("alpi", A), ("inconnu", "service"), (A, "service")]
)
def test_une_cle_qui_n_est_pas_celle_du_compte_est_refusee(
    reglages: SftpSettings, cles: Path, compte: str, cle: str
) -> None:
    with pytest.raises(AuthRefusedError, match="n'accepte pas notre clé"):
        connect(_avec(reglages, utilisateur=compte, cle_privee=cles / cle))


@pytest.mark.parametrize("etat", ["absente", "illisible", "ouverte"])
def test_une_cle_privee_inutilisable_est_dite(reglages: SftpSettings, tmp_path: Path, etat: str) -> None:
    cle = tmp_path / "cle"
    if etat == "illisible":
        cle.write_text("ceci n'est pas une clé")
        cle.chmod(0o600)
    elif etat == "ouverte":
        keys.generate(cle)
        cle.chmod(0o644)
    with pytest.raises(keys.KeyFileError, match="accessible à tous" if etat == "ouverte" else "absente ou illisible"):
        connect(_avec(reglages, cle_privee=cle))


def test_un_serveur_ferme_est_une_panne_passagere(reglages: SftpSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as libre:
        port = libre.getsockname()[1]
    with pytest.raises(TransientError, match="injoignable"):
        connect(_avec(reglages, port=port))


def test_un_serveur_muet_est_une_panne_passagere(reglages: SftpSettings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as muet, pytest.raises(TransientError, match="injoignable"):
        connect(_avec(reglages, port=muet.getsockname()[1], delai=0.2))


def test_une_connexion_coupee_se_refait_au_choix_de_l_appelant(reglages: SftpSettings, serveur: EmbeddedServer) -> None:
    essais: list[int] = []
    pauses: list[int] = []

    def travail(client: DropClient) -> str:
        essais.append(1)
        if len(essais) < 3:
            serveur.disconnect_all()
        return client.list_depot(A)[0].name

    assert retrying(reglages, travail, attempts=3, pause=pauses.append) == "pris"
    assert pauses == [1, 2]
    essais.clear()
    with pytest.raises(TransientError):
        retrying(reglages, travail, attempts=2, pause=pauses.append)


def test_un_refus_ne_se_retente_pas(reglages: SftpSettings, cles: Path) -> None:
    pauses: list[int] = []
    with pytest.raises(AuthRefusedError):
        retrying(_avec(reglages, cle_privee=cles / "etrangere"), lambda _: None, attempts=5, pause=pauses.append)

    assert pauses == []


def _entrer_par_mot_de_passe(serveur: EmbeddedServer, code: str, mot_de_passe: str) -> list[str]:
    transport = paramiko.Transport((serveur.host, serveur.port))
    try:
        transport.connect(username=code, password=mot_de_passe)
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        return sftp.listdir("/")
    finally:
        transport.close()


@pytest.mark.parametrize(
    ("permis", "regle", "essai", "entre"),
    [
        (True, "demo-2026", "demo-2026", True),
        (True, "demo-2026", "demo-2027", False),
        (True, "demo-2026", "", False),
        (True, "", "", False),
        (True, None, "None", False),
        (False, "demo-2026", "demo-2026", False),
    ],
)
def test_le_mot_de_passe_n_ouvre_que_s_il_est_regle_et_permis(
    tmp_path: Path, cles: Path, permis: bool, regle: str | None, essai: str, entre: bool
) -> None:
    comptes = Accounts.model_validate(
        {"adherents": [{"code": A, "mot_de_passe": regle}], "mots_de_passe_permis": permis}
    )
    with EmbeddedServer(tmp_path, comptes, host_key_file=cles / "hote") as serveur:
        if entre:
            assert _entrer_par_mot_de_passe(serveur, A, essai) == ["depot", "retour"]
        else:
            with pytest.raises(paramiko.SSHException):
                _entrer_par_mot_de_passe(serveur, A, essai)


def test_la_cle_d_hote_nait_au_premier_demarrage_et_reste(tmp_path: Path) -> None:
    comptes = Accounts(adherents=(Account(code=A),))
    with EmbeddedServer(tmp_path, comptes) as premier:
        empreinte = premier.fingerprint
    with EmbeddedServer(tmp_path, comptes) as second:
        assert second.fingerprint == empreinte

    assert (tmp_path / NOM_CLE_HOTE).stat().st_mode & 0o777 == 0o600


def test_un_serveur_arrete_coupe_ses_clients(
    racine: Path, comptes: Accounts, cles: Path, bientot: Callable[[Callable[[], object]], None]
) -> None:
    serveur = EmbeddedServer(racine, comptes, host_key_file=cles / "hote").start()
    client = connect(
        SftpSettings(port=serveur.port, cle_privee=cles / "service", empreinte=serveur.fingerprint, delai=5)
    )
    serveur.stop()
    with pytest.raises(TransientError):
        client.list_depot(A)
    with pytest.raises(TransientError):
        client.list_depot(A)
    with pytest.raises(TransientError):
        connect(client.settings)
