"""Ce que l'écran lit est le même sur les deux bases : mêmes gestes, mêmes lignes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from payroll.month.echeances import month_deadlines
from payroll.month.fiche_adherent import list_adherents, list_agents, read_files, read_identity
from payroll.month.fiche_agent import read_agent
from payroll.month.fiche_dsn import read_dsn
from payroll.month.fiche_paies import list_documents, list_runs
from payroll.month.journal_des_gestes import FiltreJournal, Vue, read_journal, verify_journal
from payroll.month.tableau_de_bord import Filtre, Tri, read_board
from payroll.store.registre import Registre
from tests.month.gestes import MOIS, PAIEMENT, Lieu, acte, description, element, fichier, inscrire
from tests.postgres import cluster


def lues(registre: Registre, folder: Path) -> list[Any]:
    """Un mois joué chez un adhérent, puis tout ce que les pages en lisent."""
    lieu: Lieu = inscrire(registre, folder, description("lubescaux"))
    inscrire(registre, folder, description("hontarede"))
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", element("PERSONNE", "ifse", "1")))
    lieu.jusqu_a_la_restitution()
    due = month_deadlines(MOIS, PAIEMENT, 7)
    return [
        *(
            read_board(registre, MOIS, Filtre(texte=text, tri=tri), echeances=due)
            for text in ("", "lub")
            for tri in Tri
        ),
        list_adherents(registre),
        list_agents(registre, "lubescaux", MOIS),
        list_agents(registre, "lubescaux", MOIS, texte="lb00", tous=True, page=2, taille=2),
        read_agent(registre, "lubescaux", "LB002", MOIS),
        [(one.nom, one.etat, one.recu_le, one.anomalies) for one in read_files(registre, "lubescaux", MOIS)],
        [(one.mois, one.etat, one.sommes, one.empreinte) for one in list_runs(registre, "lubescaux")],
        [(one.chemin, one.depose_le) for one in list_documents(registre, "lubescaux", MOIS)],
        read_dsn(registre, "lubescaux", MOIS),
        read_identity(registre, "lubescaux", MOIS).mois,
        [
            (row.le, row.par, row.geste, row.adherent, row.mois)
            for row in read_journal(
                registre, Vue("x", ("lubescaux",), agence=False), FiltreJournal(du=acte().moment.date())
            ).page.lignes
        ],
        verify_journal(registre).ruptures,
    ]


@pytest.mark.postgres
def test_les_deux_bases_montrent_la_meme_chose(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("sqlite", "postgres")]
    for folder in folders:
        folder.mkdir()
    sqlite = Registre(f"sqlite:///{folders[0]}/paie.db", folders[0] / "pieces")
    sqlite.upgrade()
    with cluster() as fresh:
        postgres = fresh(folders[1])
        for here, there in zip(lues(sqlite, folders[0]), lues(postgres, folders[1]), strict=True):
            assert here == there
    sqlite.close()
