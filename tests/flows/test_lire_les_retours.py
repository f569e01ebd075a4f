"""Les flux vers net-entreprises, joués par Prefect : retours lus une fois, messages posés, API éteinte."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from prefect.logging.handlers import APILogHandler
from prefect.settings import PREFECT_API_URL, temporary_settings
from sqlmodel import select

from desk.demo.decor import Decor, prefect_server, settings
from flows.deposer_les_declarations import deposer_les_declarations
from flows.lire_les_retours import lire_les_retours
from payroll.month.adherents import import_adherent
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.tables import Adherent, Agent, TauxPas
from tests.dsn.retours.fabrique import individu, retour
from tests.month.gestes import Lieu, acte

EXEMPLES = Path(__file__).parents[2] / "examples" / "adherents"


@pytest.fixture(scope="module")
def serveur(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    decor = Decor(tmp_path_factory.mktemp("prefect"), Month(2026, 11))
    with (
        settings({"PREFECT_HOME": str(decor.racine)}),
        prefect_server(decor) as url,
        temporary_settings({PREFECT_API_URL: f"{url}/api"}),
    ):
        yield
        # Les journaux partent par lots, dans un fil à part : les attendre avant de fermer le serveur.
        APILogHandler().flush()


@pytest.mark.usefixtures("serveur")
def test_le_flux_applique_les_taux_une_fois(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIE_HORLOGE_FIGEE", "2026-12-15T09:00:00+00:00")
    reglages = Reglages()
    with closing(reglages.registre()) as registre:
        adherent = import_adherent(registre, EXEMPLES / "lubescaux.yaml", acte())
        assert isinstance(adherent, Adherent)
        with registre.transaction() as session:
            agent = session.exec(select(Agent).order_by(Agent.matricule)).first()
            assert agent is not None
        assert lire_les_retours() == 0  # le dossier n'existe pas encore
        reglages.retours.mkdir(parents=True)
        content = retour(siret=adherent.siret, individus=[individu(agent.nir[:13], "4.20")], identifiant="777")
        (reglages.retours / "crm.xml").write_bytes(content)
        (reglages.retours / "illisible.xml").write_bytes(b"<")
        # Un retour refusé se relit à chaque passage, celui des taux ne compte qu'une fois.
        assert [lire_les_retours(), lire_les_retours()] == [2, 1]
        with registre.transaction() as session:
            rates = session.exec(select(TauxPas).where(TauxPas.identifiant == "777")).all()
            assert [row.taux_ppm for row in rates] == [42_000]


@pytest.mark.usefixtures("serveur")
def test_le_flux_pose_les_messages_et_l_api_reste_eteinte() -> None:
    reglages = Reglages()
    lieu = Lieu(reglages.registre(), "lubescaux")
    with closing(lieu.registre):
        assert isinstance(import_adherent(lieu.registre, EXEMPLES / "lubescaux.yaml", acte(-60)), Adherent)
        lieu.jusqu_a_la_restitution()
        (compte,) = deposer_les_declarations(adherents=["lubescaux"])
        assert (compte.fait, compte.phrase) == (True, "1 message posé")
        assert [path.name for path in reglages.declarations.iterdir()] == ["dsn-2026-11-lubescaux-1.dsn"]
        (compte,) = deposer_les_declarations(adherents=["lubescaux"], voie="api")
        assert (compte.fait, "est éteint" in compte.phrase) == (False, True)
