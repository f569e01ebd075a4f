"""La démonstration, jouée deux fois pour de vrai : serveurs SFTP et Prefect, sept adhérents, un mois.

La seconde fois, les mêmes fichiers sont redéposés et tous les gestes refaits : rien de ce qui est rendu ne change.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
import yaml

from dsn import blocking, check_file
from tests.desk.empreintes import digest, digests, read_list, write_list

RACINE = Path(__file__).parents[2]
OCTETS = Path(__file__).with_name("octets_demo.yaml")
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


def test_les_documents_de_la_demonstration_sont_ceux_de_la_liste_a_l_octet(
    played: tuple[Path, dict[str, str], dict[str, str]], request: pytest.FixtureRequest
) -> None:
    found = digests(played[0] / "adherents")
    if request.config.getoption("--refaire-octets"):
        write_list(OCTETS, found)
    known = read_list(OCTETS)

    assert len(found) == len(played[2])
    assert sorted(name for name in known.keys() | found.keys() if known.get(name) != found.get(name)) == [], (
        "ces documents ont changé ; si c'est exprès : pytest tests/desk/test_demo.py --refaire-octets"
    )


def _one(folder: Path, pattern: str) -> bytes:
    return next(iter(sorted((folder / "adherents").glob(f"*/retour/2026-11/{pattern}")))).read_bytes()


def _deflated(content: bytes, level: int, changed: bytes = b"") -> bytes:
    """Le même PDF, son premier flux comprimé autrement ; ``changed`` s'ajoute à ce que dit ce flux."""
    found = re.search(rb"/Length \d+\n>>\nstream\n(.*?)(?=\nendstream)", content, re.DOTALL)
    assert found is not None
    text = zlib.compress(zlib.decompress(found[1]) + changed, level)
    return content[: found.start()] + b"/Length %d\n>>\nstream\n" % len(text) + text + content[found.end() :]


def _zipped(content: bytes, level: int, changed: bytes = b"") -> bytes:
    """Le même classeur comprimé autrement ; ``changed`` s'ajoute au dernier fichier qu'il contient."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        last = source.infolist()[-1]
        for member in source.infolist():
            text = source.read(member) + (changed if member is last else b"")
            target.writestr(member, text, zipfile.ZIP_DEFLATED, level)
    return out.getvalue()


def test_un_octet_de_plus_change_l_empreinte_une_autre_compression_non(
    played: tuple[Path, dict[str, str], dict[str, str]],
) -> None:
    folder = played[0]
    pdf, journal, dsn = _one(folder, "bulletin-*.pdf"), _one(folder, "journal.xlsx"), _one(folder, "*.dsn")

    assert pdf != _deflated(pdf, 1)
    assert digest("a.pdf", pdf) == digest("a.pdf", _deflated(pdf, 1))
    assert digest("a.pdf", pdf) != digest("a.pdf", _deflated(pdf, 6, b"\n"))
    assert journal != _zipped(journal, 1)
    assert digest("a.xlsx", journal) == digest("a.xlsx", _zipped(journal, 1))
    assert digest("a.xlsx", journal) != digest("a.xlsx", _zipped(journal, 6, b" "))
    assert digest("a.dsn", dsn) != digest("a.dsn", dsn[:-1] + b"9")


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
    # La copie à corriger a servi : elle est partie quand la correction a été acceptée.
    assert list(folder.glob("a-corriger-*.xlsx")) == []


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
