"""Toute ligne et tout total de tout bulletin gardé se racontent, avec l'origine de chaque donnée et de chaque taux."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import pytest
from sqlmodel import select

from payroll import legislation
from payroll.engine.explain import TOTAUX
from payroll.engine.situation import Cumuls
from payroll.money import format_amount
from payroll.month.commun import GesteRefuse
from payroll.month.expliquer import CUMULS, LIBELLES_DES_CUMULS, explain_line, explain_lines
from payroll.store.registre import Registre
from payroll.store.tables import BulletinPaie, LigneBulletin
from tests.month.conftest import Inscrire
from tests.month.gestes import EXEMPLES, MOIS, Lieu, absence, contrat_de, description, element, fichier, inscrire


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registre]:
    """Les adhérents des exemples, leur mois calculé."""
    folder = tmp_path_factory.mktemp("demonstration")
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    for path in sorted(EXEMPLES.glob("*.yaml")):
        lieu = inscrire(registre, folder, description(path.stem))
        lieu.ouvrir()
        lieu.calculer()
    yield registre
    registre.close()


ADHERENTS = sorted(path.stem for path in EXEMPLES.glob("*.yaml"))


@pytest.mark.parametrize("code", ADHERENTS)
def test_chaque_ligne_de_chaque_bulletin_se_raconte(demonstration: Registre, code: str) -> None:
    lieu = Lieu(demonstration, code)
    bulletins = lieu.bulletins()
    assert bulletins
    noms = lieu.noms()
    for bulletin in bulletins.values():
        lignes: dict[str, list[LigneBulletin]] = {}
        for ligne in _lignes(lieu, bulletin):
            lignes.setdefault(ligne.code, []).append(ligne)
        recits = explain_lines(demonstration, code, MOIS, bulletin.matricule, list(lignes))
        for rubrique, groupe in lignes.items():
            recit = recits[rubrique]
            assert f"({rubrique}), novembre 2026" in recit
            assert "Texte :" in recit
            for ligne in groupe:
                assert format_amount(ligne.montant_salarie or ligne.montant_employeur) in recit, (recit, ligne)
            assert "Attention" not in recit
            assert not any(nom in recit for nom in noms)


@pytest.mark.parametrize("code", ADHERENTS)
def test_chaque_total_de_chaque_bulletin_se_raconte(demonstration: Registre, code: str) -> None:
    for bulletin in Lieu(demonstration, code).bulletins().values():
        recits = explain_lines(demonstration, code, MOIS, bulletin.matricule, [*TOTAUX, CUMULS])
        for total in TOTAUX:
            recit = recits[total]
            assert f"({total}), novembre 2026" in recit
            assert f"{total} = {format_amount(getattr(bulletin, total))} €" in recit
            assert "Attention" not in recit
        for montant in bulletin.cumuls.values():
            assert not montant or f"= {format_amount(montant)}" in recits[CUMULS]


@contextmanager
def _figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> Iterator[None]:
    """La législation telle qu'une correction publiée après le calcul la laisserait."""
    folder = tmp_path / "legislation"
    for path in sorted(legislation.loader.FOLDER.rglob("*.yaml")):
        target = folder / path.relative_to(legislation.loader.FOLDER)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    changed = legislation.load(folder)
    with monkeypatch.context() as patch:
        patch.setattr("payroll.engine.explain.load_legislation", lambda: changed)
        yield


def _lignes(lieu: Lieu, bulletin: BulletinPaie) -> list[LigneBulletin]:
    with lieu.registre.transaction() as session:
        return list(session.exec(select(LigneBulletin).where(LigneBulletin.bulletin_id == bulletin.id)))


def _raconter(lieu: Lieu, rubrique: str, matricule: str = "LB002") -> str:
    return explain_line(lieu.registre, "lubescaux", MOIS, matricule, rubrique)


def test_une_variable_dit_son_fichier_sa_feuille_et_sa_cellule(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "120,00")), nom="novembre.csv")
    lieu.calculer()
    recit = _raconter(lieu, "cia")

    assert "variable_cia = 120,00 €" in recit
    assert "ligne 5, colonne valeur, fichier « novembre.csv » reçu le 20/11/2026" in recit


def test_une_revision_ancienne_cite_le_fichier_remplace(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "120,00")), nom="novembre.csv")
    lieu.calculer()
    lieu.deposer(fichier("lubescaux", element("LB002", "cia", "130,00"), remplace=True), nom="corrige.csv", minutes=30)
    lieu.calculer(minutes=60)
    ancien = explain_line(lieu.registre, "lubescaux", MOIS, "LB002", "cia", revision=1)

    assert "variable_cia = 120,00 €" in ancien
    assert "« novembre.csv » reçu le 20/11/2026, désormais « remplace »" in ancien
    courant = _raconter(lieu, "cia")
    assert "variable_cia = 130,00 €" in courant
    assert "« corrige.csv »" in courant
    assert "novembre.csv" not in courant
    with pytest.raises(GesteRefuse, match=r"pas de révision 3 \(révisions connues : 1, 2\)"):
        explain_line(lieu.registre, "lubescaux", MOIS, "LB002", "cia", revision=3)


def test_une_absence_dit_ses_dates_et_son_fichier(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.deposer(fichier("lubescaux", absence("LB002", "cmo", "2026-11-03", "2026-11-12")))
    lieu.calculer()
    codes = [ligne.code for ligne in _lignes(lieu, lieu.bulletins()["LB00201"]) if "carence" in ligne.code]
    recit = _raconter(lieu, codes[0])

    assert "absence « cmo » du 03/11/2026 au 12/11/2026, fichier « variables.csv » reçu le 20/11/2026" in recit


def test_le_contrat_et_l_adherent_disent_depuis_quand(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    traitement = _raconter(lieu, "traitement", "LB001")
    assert "contrat LB00101, conditions en vigueur depuis le " in traitement
    assert "échelon" in traitement
    assert "paramètres de l'adhérent lubescaux, depuis le 01/01/2026" in _raconter(lieu, "cdg", "LB001")


@pytest.mark.parametrize(
    "taux, attendu",
    [
        (
            [{"taux": "3.1", "identifiant": "CRM77", "du": "2026-10-01"}],
            "taux transmis par la DGFiP (compte rendu CRM77), depuis le 01/10/2026",
        ),
        ([], "aucun taux transmis par la DGFiP pour ce mois : grille par défaut"),
    ],
    ids=["transmis", "grille"],
)
def test_l_impot_dit_d_ou_vient_son_taux(inscrire_lieu: Inscrire, taux: list[dict[str, str]], attendu: str) -> None:
    data = description("lubescaux")
    next(agent for agent in data["agents"] if agent["matricule"] == "LB001")["taux_pas"] = taux
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()
    recit = explain_line(lieu.registre, "lubescaux", MOIS, "LB001", "pas", profondeur=8)

    assert attendu in recit
    assert ("pas.grille_par_defaut.metropole : grille depuis le" in recit) == (not taux)


def test_les_cumuls_disent_le_bulletin_d_ou_ils_viennent(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    contrat_de(data, "LB002")["cumuls"] = [{"annee": 2026, "brut": "1000.00"}]
    lieu = inscrire_lieu(data)
    lieu.ouvrir()
    lieu.calculer()
    brut = lieu.bulletins()["LB00201"].brut
    premier = _raconter(lieu, CUMULS)
    assert "Avant ce mois : reprise des cumuls de 2026" in premier
    assert f"brut : 1\u202f000,00 + {format_amount(brut)} ce mois = {format_amount(100_000 + brut)} €" in premier

    decembre = MOIS.next
    lieu.ouvrir(decembre)
    lieu.calculer(decembre)
    second = explain_line(lieu.registre, "lubescaux", decembre, "LB002", CUMULS)
    assert "Avant ce mois : cumuls du bulletin de novembre 2026, révision 1" in second


def test_un_chiffre_corrige_depuis_se_dit(lieu: Lieu, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lieu.ouvrir()
    lieu.calculer()
    with _figures(tmp_path, monkeypatch, 'valeur: "0.3765"', 'valeur: "0.3865"'):
        recit = _raconter(lieu, "cotisations_employeur", "LB001")
        assert "Attention : le bulletin gardé porte" in recit
        assert "Attention" not in _raconter(lieu, "brut", "LB001")
    assert "Attention" not in _raconter(lieu, "cotisations_employeur", "LB001")


def test_chaque_cumul_a_son_nom() -> None:
    """Un cumul sans nom français s'écrirait comme une colonne du programme."""
    assert set(LIBELLES_DES_CUMULS) == {field.name for field in fields(Cumuls)}
