"""La démonstration, jouée deux fois pour de vrai : serveurs SFTP et Prefect, sept adhérents, un mois.

La seconde fois, les mêmes fichiers sont redéposés et tous les gestes refaits : rien de ce qui est rendu ne change.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dsn import blocking, check_file

RACINE = Path(__file__).parents[2]
DEPOTS = {
    row["adherent"]: row["fichiers"]
    for row in yaml.safe_load((RACINE / "examples" / "depots.yaml").read_text(encoding="utf-8"))["depots"]
}
ADHERENTS = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
    for path in sorted((RACINE / "examples" / "adherents").glob("*.yaml"))
}


def _play(folder: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "PAIE_"))}
    done = subprocess.run(
        [sys.executable, "-c", "from desk.command import app; app()", "demo", "--dossier", str(folder)],
        cwd=RACINE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _returned(folder: Path) -> dict[str, str]:
    root = folder / "adherents"
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.glob("*/retour/**/*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str], dict[str, str]]:
    """Le dossier de la démonstration, ce qu'elle a rendu la première fois, puis la seconde."""
    folder = tmp_path_factory.mktemp("demo")
    screens = [_play(folder)]
    first = _returned(folder)
    screens.append(_play(folder))
    for rank, screen in enumerate(screens):
        (folder.parent / f"ecran-{rank}.txt").write_text(screen, encoding="utf-8")
    return folder, first, _returned(folder)


def test_rejouer_la_demonstration_ne_change_aucun_document(
    played: tuple[Path, dict[str, str], dict[str, str]],
) -> None:
    _, first, second = played

    assert first == second


@pytest.mark.parametrize("code", ADHERENTS)
def test_chaque_adherent_trouve_bulletins_journal_dsn_et_accuse(
    played: tuple[Path, dict[str, str], dict[str, str]], code: str
) -> None:
    folder = played[0] / "adherents" / code / "retour" / "2026-11"
    contracts = sum(len(agent["contrats"]) for agent in ADHERENTS[code]["agents"])

    assert len(list(folder.glob("bulletin-*.pdf"))) == contracts
    assert (folder / "journal.xlsx").is_file()
    assert len(list(folder.glob("accuse-*.txt"))) == len(DEPOTS[code])
    (dsn,) = folder.glob("*.dsn")
    assert blocking(check_file(dsn)) == []


def test_le_fichier_fautif_a_eu_ses_erreurs_situees_avant_sa_correction(
    played: tuple[Path, dict[str, str], dict[str, str]],
) -> None:
    folder = played[0] / "adherents" / "syndicat-luyette" / "retour" / "2026-11"
    texts = [path.read_text(encoding="utf-8-sig") for path in folder.glob("accuse-*.txt")]
    (refused,) = [text for text in texts if "À CORRIGER" in text]

    for matricule in DEPOTS["syndicat-luyette"][0]["refus"]:
        assert matricule in refused
    assert "31/11/2026" in refused
    assert "douze" in refused
    assert len(list(folder.glob("a-corriger-*.xlsx"))) == 1


def _secrets() -> dict[str, set[bytes]]:
    """Ce qui nomme une personne des exemples, par sorte ; un nom porté aussi par une commune n'en est pas un."""
    agents = [agent for adherent in ADHERENTS.values() for agent in adherent["agents"]]
    places = " ".join(f"{adherent['nom']} {adherent.get('ville', '')}" for adherent in ADHERENTS.values()).casefold()
    names = {str(agent["nom"]) for agent in agents if str(agent["nom"]).casefold() not in places}
    return {
        "NIR": {str(agent["nir"]).encode() for agent in agents},
        "IBAN": {str(agent["iban"]).encode() for agent in agents if agent.get("iban")},
        "nom": {name.encode() for name in names},
    }


def _found(paths: list[Path], *sorts: str) -> list[tuple[str, str]]:
    secrets = {(sort, secret) for sort in sorts for secret in _secrets()[sort]}
    assert len(secrets) > 20
    contents = [(path, path.read_bytes()) for path in paths if path.is_file()]
    assert contents
    return [(path.name, sort) for path, content in contents for sort, secret in secrets if secret in content]


@pytest.mark.privacy
def test_ni_nom_ni_nir_ni_iban_dans_les_journaux_ni_chez_prefect(
    played: tuple[Path, dict[str, str], dict[str, str]],
) -> None:
    folder = played[0]

    assert _found([*folder.glob("prefect/**/*"), *folder.glob("*.log")], "nom", "NIR", "IBAN") == []
    # L'écran montre l'accusé que lit la secrétaire, où ses agents sont nommés ; jamais leurs numéros.
    assert _found(list(folder.parent.glob("ecran-*.txt")), "NIR", "IBAN") == []


@pytest.mark.privacy
def test_ni_nir_ni_iban_ne_se_lisent_dans_le_registre(played: tuple[Path, dict[str, str], dict[str, str]]) -> None:
    assert _found(list((played[0] / "registre").rglob("*")), "NIR", "IBAN") == []


@pytest.mark.privacy
def test_aucun_nom_de_fichier_ne_nomme_une_personne(played: tuple[Path, dict[str, str], dict[str, str]]) -> None:
    names = "\n".join(str(path.relative_to(played[0])) for path in played[0].rglob("*")).encode()

    assert [secret for secrets in _secrets().values() for secret in secrets if secret in names] == []
