"""Ce que tous les essais partagent : les programmes du système qu'ils demandent, et l'isolement du poste qui les lance.

Un essai qui demande un programme absent est passé en disant lequel. Sous intégration (``CI=true``), un essai passé est
une erreur : ``.ci/run`` a posé tout ce qu'il faut.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

CI = os.environ.get("CI", "").lower() in {"1", "true"}

# Le programme que demande chaque promesse, et le paquet Debian qui l'apporte.
PROGRAMME_PAR_MARQUE = {"postgres": "pg_ctlcluster", "browser": "chromium"}
PAQUET = {
    "sshd": "openssh-server",
    "sftp": "openssh-client",
    "pg_ctlcluster": "postgresql",
    "chromium": "chromium",
    "pdftotext": "poppler-utils",
    "pdftoppm": "poppler-utils",
    "soffice": "libreoffice-calc-nogui",
}

# Debian range les serveurs hors du PATH d'un compte ordinaire.
_DOSSIERS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))

# Le temps d'un essai dépend du poste : jamais une cause d'échec. Sous intégration, le tirage est celui du code, pas du
# jour.
settings.register_profile("paie", deadline=None, derandomize=CI, database=None)
settings.load_profile("paie")

# Un fichier va entier à un seul ouvrier : les plus longs partent les premiers, pour n'être pas attendus à la fin.
PREMIERS = (
    "test_prefect_ui.py",
    "test_equipes.py",
    "test_couperet.py",
    "test_un_mois.py",
    "test_processus.py",
    "test_demo.py",
    "test_mois_de_revision.py",
    "test_accessibilite.py",
    "test_pannes.py",
    "test_gestes.py",
    "test_tenue.py",
    "test_ouvrir.py",
    "test_annees_dsn.py",
)

_skipped: list[str] = []


def missing_programs(item: pytest.Item) -> list[str]:
    """Les programmes du système que cet essai demande et que le poste n'a pas, dans l'ordre où il les nomme."""
    wanted = [PROGRAMME_PAR_MARQUE[mark.name] for mark in item.iter_markers() if mark.name in PROGRAMME_PAR_MARQUE]
    wanted += [programme for mark in item.iter_markers("systeme") for programme in mark.args]
    return [programme for programme in dict.fromkeys(wanted) if shutil.which(programme, path=_DOSSIERS) is None]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--endurance", action="store_true", help="les épreuves en long : toutes les coupures, plus de hasard"
    )
    parser.addoption(
        "--refaire-octets",
        action="store_true",
        help="réécrit tests/desk/octets_demo.yaml : les documents de la démonstration ont changé exprès",
    )


def pytest_xdist_auto_num_workers() -> int:
    """Un ouvrier de plus que de cœurs : un essai par le navigateur ou par Prefect attend le tiers du temps."""
    return (os.cpu_count() or 1) + 1


def pytest_configure() -> None:
    # Prefect garde ses réglages et sa base dans le dossier du compte : les essais ont le leur, et ne disent rien à
    # personne au-dehors.
    os.environ["PREFECT_HOME"] = tempfile.mkdtemp(prefix="paie-essais-prefect-")
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["DO_NOT_TRACK"] = "1"
    # Les ouvriers de pytest-xdist annoncent un écran de 80 colonnes, que la console retiendrait pour tous les essais.
    for nom in [nom for nom in os.environ if nom.startswith("PAIE_") or nom in ("COLUMNS", "LINES")]:
        del os.environ[nom]


def pytest_unconfigure() -> None:
    shutil.rmtree(os.environ["PREFECT_HOME"], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: PREMIERS.index(item.path.name) if item.path.name in PREMIERS else len(PREMIERS))


def pytest_runtest_setup(item: pytest.Item) -> None:
    missing = missing_programs(item)
    if missing:
        paquets = ", ".join(PAQUET.get(programme, programme) for programme in missing)
        pytest.skip(f"il manque {', '.join(missing)} (paquet Debian {paquets})")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        _skipped.append(report.nodeid)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if CI and _skipped:
        terminalreporter.section("Essais passés sous intégration : ce n'est pas admis")
        for nodeid in _skipped:
            terminalreporter.line(nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if CI and _skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _dossier_de_travail_propre(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Un essai n'écrit pas dans le ``var/`` du poste : l'installation par défaut est dans son dossier à lui."""
    monkeypatch.setenv("PAIE_REPERTOIRE", str(tmp_path / "var"))


@pytest.fixture(scope="module", autouse=True)
def _environnement_rendu() -> Iterator[None]:
    """Un fichier d'essais rend l'environnement comme il l'a trouvé ; sinon le suivant du même ouvrier en hérite."""

    def posed() -> dict[str, str]:
        return {name: value for name, value in os.environ.items() if name.startswith(("PAIE_", "PREFECT_"))}

    before = posed()
    yield
    assert posed() == before


@pytest.fixture(scope="session", autouse=True)
def _base_neuve_copiee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Une base SQLite neuve est la copie d'une base migrée une fois : migrer prend 200 ms, un millier d'essais le fait.

    La migration elle-même reste éprouvée : le modèle en sort, et ``upgrade`` tourne toujours sur la copie.
    """
    from payroll.store.registre import Registre  # ici, une fois le poste isolé par pytest_configure

    migrate, model = Registre.upgrade, tmp_path_factory.mktemp("modele") / "paie.db"

    def upgrade(registre: Registre) -> None:
        location = Path(registre.url.removeprefix("sqlite:///"))
        if registre.url.startswith("sqlite:////") and not location.exists():
            if not model.exists():
                first = Registre(f"sqlite:///{model}", model.parent / "pieces")
                migrate(first)
                first.close()
            copy = location.with_name(f".{location.name}.{threading.get_ident()}")
            shutil.copyfile(model, copy)
            # Un lien, pas un renommage : de deux fils qui ouvrent la même base, le second n’écrase pas le premier.
            with contextlib.suppress(FileExistsError):
                os.link(copy, location)
            copy.unlink()
        migrate(registre)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Registre, "upgrade", upgrade)
        yield
