"""Réglages, comptes, clés et ligne de commande : ce qui est faux est refusé avant d'ouvrir quoi que ce soit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from sftp_drop import keys
from sftp_drop.accounts import Accounts, AccountsError
from sftp_drop.client import connect
from sftp_drop.server import main
from sftp_drop.settings import SftpSettings

CLE = "ssh-ed25519 " + "AAAAC3NzaC1lZDI1NTE5AAAAI" + "A" * 43


def test_les_reglages_se_lisent_dans_l_environnement(monkeypatch: pytest.MonkeyPatch) -> None:
    for nom, valeur in {
        "HOTE": "sftp.exemple.fr",
        "PORT": "22",
        "UTILISATEUR": "alpi",
        "CLE_PRIVEE": "/etc/paie/cle",
        "EMPREINTE": "SHA256:abc",
        "RACINE": "/srv/sftp",
        "TAILLE_MAX": "1000",
    }.items():
        monkeypatch.setenv(f"PAIE_SFTP_{nom}", valeur)
    reglages = SftpSettings()

    assert (reglages.hote, reglages.port, str(reglages.racine)) == ("sftp.exemple.fr", 22, "/srv/sftp")
    assert (reglages.taille_max, reglages.empreinte) == (1000, "SHA256:abc")


def test_sans_reglage_rien_ne_part_hors_de_la_machine() -> None:
    assert SftpSettings(empreinte="SHA256:abc").hote == "127.0.0.1"


@pytest.mark.parametrize(
    ("valeurs", "mot"),
    [
        ({}, "une seule des deux"),
        ({"empreinte": "SHA256:abc", "known_hosts": "x"}, "une seule des deux"),
        ({"empreinte": "aa:bb:cc"}, "SHA256:"),
        ({"empreinte": "SHA256:abc", "port": 0}, "port"),
        ({"empreinte": "SHA256:abc", "taille_max": 0}, "taille_max"),
        ({"empreinte": "SHA256:abc", "mot_de_passe": "x"}, "mot_de_passe"),
    ],
)
def test_un_reglage_faux_est_refuse(valeurs: dict[str, object], mot: str) -> None:
    with pytest.raises(ValidationError, match=mot):
        SftpSettings.model_validate(valeurs)


@pytest.mark.parametrize(
    ("comptes", "mot"),
    [
        ({"adherents": [{"code": "Valfleuri"}]}, "code d'adhérent invalide"),
        ({"adherents": [{"code": "ab"}, {"code": "ab"}]}, "déclaré deux fois : ab"),
        ({"adherents": [{"code": "alpi"}], "service": {"cles": [CLE]}}, "déclaré deux fois : alpi"),
        ({"adherents": [{"code": "ab", "cles": ["pas une clé"]}]}, "clé publique mal formée"),
        ({"adherents": [{"code": "ab", "cles": ["ssh-ed25519 !!!"]}]}, "clé publique mal formée"),
        ({"adherents": [{"code": "ab", "cle": CLE}]}, "adherents.0.cle"),
        ({"service": {"cles": []}}, "service.cles"),
        ({"service": {"cles": [CLE], "mot_de_passe": "secret-0"}}, "service.mot_de_passe"),
    ],
)
def test_un_fichier_de_comptes_faux_est_refuse_sans_montrer_de_secret(
    tmp_path: Path, comptes: dict[str, object], mot: str
) -> None:
    chemin = tmp_path / "comptes.json"
    chemin.write_text(json.dumps(comptes))
    with pytest.raises(AccountsError, match=mot) as refus:
        Accounts.load(chemin)

    assert "secret-0" not in str(refus.value)
    assert str(chemin) in str(refus.value)


@pytest.mark.parametrize("contenu", ["", "{", "[]", '{"adherents": 3}'])
def test_un_fichier_de_comptes_illisible_est_dit(tmp_path: Path, contenu: str) -> None:
    chemin = tmp_path / "comptes.json"
    chemin.write_text(contenu)
    with pytest.raises(AccountsError, match="fichier de comptes refusé"):
        Accounts.load(chemin)
    with pytest.raises(AccountsError, match="illisible"):
        Accounts.load(tmp_path / "absent.json")


def test_un_mot_de_passe_ne_paraît_pas_dans_les_comptes_affiches() -> None:
    comptes = Accounts.model_validate({"adherents": [{"code": "ab", "mot_de_passe": "secret-0"}]})

    assert "secret-0" not in repr(comptes)
    assert "secret-0" not in comptes.model_dump_json()


def test_une_cle_s_ecrit_fermee_et_ne_s_ecrase_pas(tmp_path: Path) -> None:
    chemin = tmp_path / "sous" / "cle"
    ligne = keys.generate(chemin, "demo")

    assert ligne.startswith("ssh-ed25519 ")
    assert ligne.endswith(" demo")
    assert chemin.stat().st_mode & 0o777 == 0o600
    assert keys.ensure(chemin) == ligne.removesuffix(" demo")
    with pytest.raises(FileExistsError):
        keys.generate(chemin)


def test_la_commande_dit_pourquoi_elle_ne_demarre_pas(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--racine", str(tmp_path), "--comptes", str(tmp_path / "absent.json"), "--port", "0"]) == 2
    assert "fichier de comptes illisible" in capsys.readouterr().err


def test_la_commande_sert_jusqu_a_ce_qu_on_l_arrete(tmp_path: Path, cles: Path, comptes: Accounts) -> None:
    fichier = tmp_path / "comptes.json"
    fichier.write_text(comptes.model_dump_json())
    commande = [
        sys.executable,
        "-m",
        "sftp_drop.server",
        "--racine",
        str(tmp_path / "racine"),
        "--comptes",
        str(fichier),
    ]
    with subprocess.Popen([*commande, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as processus:
        assert processus.stdout is not None
        ligne = processus.stdout.readline().decode()
        adresse, empreinte = ligne.removeprefix("Serveur SFTP prêt : ").strip().split(", empreinte ")
        port = int(adresse.rsplit(":", 1)[1])
        with connect(SftpSettings(port=port, cle_privee=cles / "service", empreinte=empreinte)) as client:
            assert [entree.name for entree in client.list_depot("valfleuri")] == ["pris"]
        processus.terminate()

        assert processus.wait(10) == 0
