"""Les adhérents de démonstration : inventés, complets, et tels que la paie les accepte."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from payroll import legislation
from payroll.anomalies import blocking
from payroll.engine import compute
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte
from payroll.month.situations import gather
from payroll.periods import Month
from payroll.store.entrees import AdherentEntree, ContratEntree, validate
from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from tests.house.boundaries import ROOT

FICHIERS = sorted((ROOT / "examples" / "adherents").glob("*.yaml"))
NOVEMBRE = date(2026, 11, 30)
IHTS = {"ihts_jour", "ihts_nuit", "ihts_dimanche"}


def _fabrique() -> ModuleType:
    spec = importlib.util.spec_from_file_location("fabrique", ROOT / "examples" / "fabrique.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _read(path: Path) -> AdherentEntree:
    entree = validate(yaml.safe_load(path.read_text(encoding="utf-8")), path.name)
    assert isinstance(entree, AdherentEntree), [str(anomalie) for anomalie in entree]
    return entree


ADHERENTS = {path.stem: _read(path) for path in FICHIERS}
AGENTS = [agent for adherent in ADHERENTS.values() for agent in adherent.agents]
CONTRATS = [
    (adherent, agent, contrat)
    for adherent in ADHERENTS.values()
    for agent in adherent.agents
    for contrat in agent.contrats
]
DEPOTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "examples" / "depots.yaml").read_text(encoding="utf-8"))["depots"]


def test_les_fichiers_sont_ceux_de_la_fabrique() -> None:
    """Un fichier retouché à la main, ou une fabrique changée sans être relancée, se voit."""
    module = _fabrique()
    attendu = {f"{description['code']}.yaml": module.texte(description) for description in module.fabrique()}
    assert {path.name: path.read_text(encoding="utf-8") for path in FICHIERS} == attendu


def test_il_y_a_sept_adherents_aux_codes_et_siret_distincts() -> None:
    assert len(ADHERENTS) == 7
    assert all(adherent.code == stem for stem, adherent in ADHERENTS.items())
    assert len({adherent.siret for adherent in ADHERENTS.values()}) == 7


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.matricule)
def test_chaque_personne_est_inventee_et_se_tient(agent: Any) -> None:
    """Le NIR dit le sexe, la date et le lieu de naissance de la fiche, dans une commune 999 qui n'existe pas."""
    assert agent.nir[0] == {"M": "1", "MME": "2"}[agent.civilite]
    assert agent.nir[1:5] == f"{agent.date_naissance:%y%m}"
    assert agent.nir[5:7] == agent.departement_naissance
    assert agent.nir[7:10] == "999"
    assert agent.iban[4:9] == "99999"
    assert (agent.departement_naissance == "99") == (agent.pays_naissance != "FR")


def test_deux_personnes_n_ont_jamais_le_meme_nir_ni_le_meme_nom() -> None:
    """Seuls les agents communs à deux adhérents y reviennent, avec la même fiche."""
    fiches = {(agent.nir, agent.nom, agent.prenom, agent.date_naissance, agent.iban) for agent in AGENTS}
    assert len({fiche[0] for fiche in fiches}) == len({fiche[1:3] for fiche in fiches}) == len(fiches)
    assert Counter(Counter(agent.nir for agent in AGENTS).values())[2] == 2


def test_le_regime_de_retraite_suit_le_seuil_de_28_heures() -> None:
    """CNRACL dès 28 heures, tous employeurs confondus (décret 2007-173 art. 1) ; IRCANTEC en dessous et hors statut."""
    for _, agent, contrat in CONTRATS:
        for situation in contrat.situations:
            heures = situation.heures_tous_employeurs or situation.heures_hebdo
            cnracl = contrat.statut in {"titulaire", "stagiaire"} and heures >= 28
            assert (situation.regime_retraite == "cnracl") is cnracl, agent.matricule


def test_les_heures_d_un_agent_partage_font_le_total_qu_il_declare() -> None:
    par_personne: dict[str, list[ContratEntree]] = {}
    for _, agent, contrat in CONTRATS:
        par_personne.setdefault(agent.nir, []).append(contrat)
    partages = [contrats for contrats in par_personne.values() if len(contrats) > 1]
    assert len(partages) == 2
    for contrats in partages:
        total = sum((contrat.situations[0].heures_hebdo for contrat in contrats), Fraction(0))
        assert {contrat.situations[0].heures_tous_employeurs for contrat in contrats} == {total}


def test_aucune_indemnite_d_elu_communal_ne_passe_son_plafond() -> None:
    """CGCT L. 2123-23 et L. 2123-24, dans leur rédaction de la loi 2025-1249."""
    figures = legislation.load().at(Month.of(NOVEMBRE))
    strates = ((500, "0_499"), (1000, "500_999"), (3500, "1000_3499"))
    vus = 0
    for adherent, agent, contrat in CONTRATS:
        for situation in contrat.situations:
            if situation.mandat in {"maire", "adjoint"}:
                strate = next(nom for borne, nom in strates if adherent.population < borne)
                plafond = figures.rate(f"elu.{situation.mandat}.taux_maximal.{strate}")
                assert situation.taux_indemnite <= plafond, agent.matricule
                vus += 1
    assert vus > 0


def test_la_demonstration_ne_contient_que_ce_que_le_calcul_couvre() -> None:
    assert {contrat.statut for _, _, contrat in CONTRATS} == {"titulaire", "stagiaire", "contractuel", "elu"}


def _fichiers() -> list[tuple[AdherentEntree, dict[str, Any]]]:
    return [(ADHERENTS[depot["adherent"]], fichier) for depot in DEPOTS for fichier in depot["fichiers"]]


def test_chaque_adherent_depose() -> None:
    assert {depot["adherent"] for depot in DEPOTS} == set(ADHERENTS)
    assert {fichier["format"] for _, fichier in _fichiers()} == {"xlsx", "ods", "csv"}


def test_un_depot_accepte_ne_demande_que_des_droits_ouverts() -> None:
    """Heures supplémentaires pour B et C à temps complet, complémentaires pour un temps non complet, maladie CNRACL."""
    vus: Counter[str] = Counter()
    for adherent, fichier in _fichiers():
        if fichier["attendu"] != "accepte":
            continue
        contrats = {agent.matricule: agent.contrats[0] for agent in adherent.agents}
        saisies = [(ligne["agent"], code) for ligne in fichier.get("elements", ()) for code in ligne if code != "agent"]
        saisies += [(ligne["matricule"], ligne["code"]) for ligne in fichier.get("lignes", ())]
        saisies += [(ligne["agent"], ligne["nature"]) for ligne in fichier.get("absences", ())]
        for matricule, code in saisies:
            situation = contrats[matricule].situations[0]
            vus[code] += 1
            if code in IHTS:
                assert situation.categorie in {"B", "C"}, matricule
                assert (situation.heures_hebdo, situation.quotite) == (35, 1), matricule
            elif code == "heures_complementaires":
                assert situation.heures_hebdo < 35, matricule
            elif code == "Congé de maladie ordinaire":
                assert situation.regime_retraite == "cnracl", matricule
    assert {"ihts_jour", "heures_complementaires", "cia", "Congé de maladie ordinaire", "service_non_fait"} <= set(vus)


def test_le_premier_fichier_du_syndicat_est_fautif_et_le_second_le_corrige() -> None:
    fautif, corrige = (fichier for adherent, fichier in _fichiers() if adherent.code == "syndicat-luyette")
    assert (fautif["attendu"], corrige["attendu"]) == ("refuse", "accepte")
    matricules = {agent.matricule for agent in ADHERENTS["syndicat-luyette"].agents}
    assert set(fautif["refus"]) - matricules == {"SE099"}
    assert not any(
        re.fullmatch(r"[\d,]+", ligne["ihts_jour"]) for ligne in fautif["elements"] if ligne["agent"] == "SE003"
    )


def test_chaque_agent_d_exemple_est_paye(tmp_path: Path) -> None:
    """Inscrit au registre puis calculé pour novembre 2026 : un bulletin par contrat, aucune anomalie bloquante."""
    registre = Registre(f"sqlite:///{tmp_path / 'paie.db'}", tmp_path / "pieces")
    registre.upgrade()
    acte = Acte("essai", datetime(2026, 11, 20, tzinfo=UTC))
    mois = Month(2026, 11)
    for path in FICHIERS:
        adherent = import_adherent(registre, path, acte)
        assert isinstance(adherent, Adherent)
        with registre.transaction() as session:
            entrees = gather(session, adherent, mois)
        assert not isinstance(entrees, list), [str(anomalie) for anomalie in entrees]
        calcul = compute(
            mois, [entrees.employeur] * len(entrees.contrats), [contrat.situation for contrat in entrees.contrats]
        )
        assert blocking((*entrees.anomalies, *calcul.anomalies)) == []
        assert [bulletin.matricule for bulletin in calcul.bulletins if bulletin] == [
            agent.matricule for agent in ADHERENTS[adherent.code].agents
        ]
    registre.close()
