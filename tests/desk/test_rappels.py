"""Un arrêté en retard au clavier : changer le dossier, voir la différence, la préparer, la payer, l'expliquer."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlmodel import select

from payroll.settings import Reglages
from payroll.store.tables import EtatPaie, Paie
from tests.desk.test_command import ADHERENTS, HORLOGE, paie

QUI = ("lubescaux", "LB002")
MOTIF = ("--motif", "arrêté 2026-12")


@pytest.fixture(scope="module")
def octobre(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """L'installation après octobre, préparée une fois au clavier."""
    folder = tmp_path_factory.mktemp("octobre") / "var"
    with pytest.MonkeyPatch.context() as patch:
        _poste(patch, folder)
        for geste in (
            ("inscrire", ADHERENTS / "lubescaux.yaml"),
            ("ouvrir", "-m", "2026-10"),
            ("calculer", "--sans-fichier", "-m", "2026-10"),
        ):
            assert paie(*geste).exit_code == 0
        registre = Reglages().registre()
        with registre.transaction() as session:
            octobre = session.exec(select(Paie)).one()
            octobre.etat = EtatPaie.DECLAREE
            session.add(octobre)
        registre.close()
        assert paie("ouvrir", "-m", "2026-11").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def _octobre_paye(octobre: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Octobre déclaré, novembre ouvert."""
    shutil.copytree(octobre, tmp_path / "var")
    _poste(monkeypatch, tmp_path / "var")


def _poste(patch: pytest.MonkeyPatch, folder: Path) -> None:
    patch.setenv("PAIE_REPERTOIRE", str(folder))
    patch.setenv("PAIE_HORLOGE_FIGEE", HORLOGE)
    patch.setenv("COLUMNS", "220")
    patch.setenv("TERM", "dumb")


def _plat(*arguments: object, code: int = 0) -> str:
    result = paie(*arguments)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def test_de_l_arrete_au_bulletin() -> None:
    dit = _plat("agent", "conditions", *QUI, "indice_majore=385", "echelon=11", "--du", "2026-10-01", *MOTIF)
    assert "indice_majore : 377 → 385" in dit
    assert "paie rappel voir lubescaux LB002 --depuis 2026-10" in dit

    # IM 377 et 385 à 28/35 : 1855,89 × 0,8 = 1484,71 ; 1895,27 × 0,8 = 1516,22 ; écart 31,51.
    for vu in (_plat("rappel", "voir", "lubescaux"), _plat("rappel", "preparer", *QUI, *MOTIF)):
        assert "Agent LB002, contrat LB00201" in vu
        assert "1 516,22 │ 1 484,71 │ 31,51" in vu.replace("\u202f", " ")
    assert paie("calculer", "--sans-fichier", "-m", "2026-11").exit_code == 0
    recit = _plat("expliquer", "LB002", "2026-11", "traitement").replace("\u202f", " ")
    assert "Rappel 10/2026, Traitement indiciaire ; agent 31,51" in recit
    assert "indice majoré : 377 payé, 385 juste" in recit


def test_un_oubli_se_saisit_puis_s_annule() -> None:
    oubli = ("rappel", "saisir", *QUI, "cia", "100,00", "--mois-de-droit", "2026-10", "--motif", "oubli")
    assert "Total brut à payer : 100,00 €" in _plat(*oubli)
    assert "1 échéance annulée à partir" in _plat("rappel", "annuler", *QUI, "--element", "1", *MOTIF)
    assert "Rien à rappeler" in _plat("rappel", "voir", "lubescaux")


def test_une_prime_cesse_a_sa_date_et_le_trop_percu_se_voit() -> None:
    assert "ifse : 9000 → 0" in _plat("agent", "prime", *QUI, "ifse", "0", "--du", "2026-10-01", *MOTIF)
    assert "Total brut à reprendre" in _plat("rappel", "voir", *QUI)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("rappel", "saisir", *QUI, "cia", "dix", "--mois-de-droit", "2026-10", *MOTIF), "n'est pas un montant"),
        (("rappel", "saisir", *QUI, "cia", "10", "--mois-de-droit", "octobre", *MOTIF), "mois illisible"),
        (("rappel", "preparer", "lubescaux", "LB099", *MOTIF), "aucun contrat"),
        (("rappel", "annuler", *QUI, *MOTIF), "aucun rappel en attente"),
        (("agent", "conditions", *QUI, "indice 385", "--du", "2026-10-01", *MOTIF), "nom=valeur"),
        (("agent", "conditions", *QUI, "nbi=10", "--du", "octobre", *MOTIF), "n'est pas une date"),
        (("agent", "prime", *QUI, "ifse", "beaucoup", "--du", "2026-10-01", *MOTIF), "n'est pas un montant"),
    ],
)
def test_ce_qui_est_mal_dit_est_refuse_en_une_phrase(arguments: tuple[str, ...], message: str) -> None:
    assert message in _plat(*arguments, code=1)
