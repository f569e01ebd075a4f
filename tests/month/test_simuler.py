"""Simuler : la référence est la paie elle-même, chaque hypothèse se refait à la main, le registre reste intact."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml

from payroll.documents.simulation import SimulationFacts
from payroll.month.commun import GesteRefuse
from payroll.month.simuler import simulate
from payroll.month.simuler_hypotheses import Hypotheses, read_hypotheses
from payroll.periods import Month
from tests.month.conftest import Inscrire
from tests.month.gestes import MOIS, Donnees, Lieu, contrat_de, description

EXEMPLE = Path(__file__).parents[2] / "examples" / "simulations" / "budget-2027.yaml"
AGENT = "LB001"
INDICE_100 = 590_734
"""Traitement annuel de l'indice majoré 100, en centimes (décret 85-1148 art. 3)."""


def hypotheses(*rows: dict[str, Any], **changes: Any) -> Hypotheses:
    data = {"titre": "Essai", "debut": "2026-11", "mois": 1, "hypotheses": list(rows), **changes}
    return Hypotheses.model_validate(data)


def chiffre(cle: str, **changes: Any) -> dict[str, Any]:
    return {"type": "chiffre", "cle": cle, "du": "2026-11-01", "motif": "essai", **changes}


def agent(type_: str, **changes: Any) -> dict[str, Any]:
    return {"type": type_, "adherent": "lubescaux", "matricule": AGENT, **changes}


@pytest.fixture
def seul(inscrire_lieu: Inscrire) -> Lieu:
    """Un titulaire CNRACL à temps complet, sans NBI, prime ni enfant : tout se refait à la main."""
    data = description("lubescaux")
    data["agents"] = [one for one in data["agents"] if one["matricule"] == AGENT]
    _simple(data)
    return inscrire_lieu(data)


def _simple(data: Donnees) -> None:
    contrat = contrat_de(data, AGENT)
    contrat["permanents"] = []
    contrat["situations"][0] |= {"nbi": 0, "heures_hebdo": "35", "enfants_sft": 0, "indice_majore": 436}
    contrat["situations"][0].pop("heures_tous_employeurs", None)


def _ecart(facts: SimulationFacts, compte: str, mois: Month = MOIS) -> int:
    reference, simulation = facts.summed(lambda cle: cle[1:] == (compte, mois))
    return simulation - reference


def _rounded(value: Fraction) -> int:
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def _traitement(indice: int, annuel: int = INDICE_100) -> int:
    return _rounded(Fraction(indice * annuel, 100 * 12))


def test_la_reference_est_la_paie_elle_meme(lieu: Lieu) -> None:
    """Deux mois simulés sans hypothèse coûtent ce que coûtent les bulletins gardés, cumuls compris."""
    facts = simulate(lieu.registre, hypotheses(mois=2))
    for mois in (MOIS, MOIS.next):
        lieu.ouvrir(mois)
        lieu.calculer(mois)
        gardes = lieu.bulletins(mois).values()
        cout = sum(bulletin.cout_employeur for bulletin in gardes)
        assert facts.of_month(mois) == (cout, cout)
        assert facts.bulletins[mois] == (len(gardes), len(gardes))
    assert "" not in facts.comptes
    assert facts.ecartes == facts.avertissements == ()


def test_le_registre_reste_intact(lieu: Lieu) -> None:
    lieu.ouvrir()
    lieu.calculer()
    folder = Path(lieu.registre.url.removeprefix("sqlite:///")).parent

    def prints() -> dict[str, str]:
        lieu.registre.close()
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.endswith("-shm")
        }

    before = prints()
    simulate(
        lieu.registre,
        hypotheses(
            chiffre("point_indice.valeur_annuelle_indice_100", variation="+1 %"), agent("depart", le="2026-11-15")
        ),
    )
    assert prints() == before


def test_le_point_d_indice_plus_un_pour_cent(seul: Lieu) -> None:
    """5 907,34 € + 1 % = 5 966,41 € (arrondi au centime, comme l'écrirait le décret)."""
    facts = simulate(seul.registre, hypotheses(chiffre("point_indice.valeur_annuelle_indice_100", variation="+1 %")))

    assert _ecart(facts, "64111") == _traitement(436, 596_641) - _traitement(436)


def test_la_cnracl_de_2027_et_2028(seul: Lieu) -> None:
    """Décret 2025-86 : trois points de plus par an sur le traitement ; le compte 6453 porte la hausse, lui seul."""
    rows = [
        chiffre("cnracl.employeur.taux", valeur="40.65 %", du="2026-11-01"),
        chiffre("cnracl.employeur.taux", valeur="43.65 %", du="2026-12-01"),
    ]
    facts = simulate(seul.registre, hypotheses(*rows, mois=2))
    base = _traitement(436)
    attendus = {
        mois: _rounded(Fraction(base * ppm, 1_000_000)) - _rounded(Fraction(base * 376_500, 1_000_000))
        for mois, ppm in ((MOIS, 406_500), (MOIS.next, 436_500))
    }

    assert {mois: _ecart(facts, "6453", mois) for mois in attendus} == attendus
    assert facts.total[1] - facts.total[0] == sum(attendus.values())


def test_la_reference_a_ses_propres_hypotheses(seul: Lieu) -> None:
    gel = chiffre("cnracl.employeur.taux", valeur="37.65 %", du="2027-01-01")
    futur = hypotheses(debut="2027-01", chiffres_prolonges=True, reference=[gel])
    assert simulate(seul.registre, futur).total[0] == simulate(seul.registre, futur).total[1]
    hausse = chiffre("cnracl.employeur.taux", valeur="40.65 %", du="2027-01-01")
    facts = simulate(seul.registre, hypotheses(hausse, debut="2027-01", chiffres_prolonges=True, reference=[gel]))
    publie = simulate(seul.registre, hypotheses(debut="2027-01", chiffres_prolonges=True))

    # Le taux publié pour 2027 est celui de l'hypothèse : sans référence gelée, il n'y a pas d'écart.
    assert facts.total[1] == publie.total[0] == publie.total[1]
    assert facts.total[0] < facts.total[1]


def test_une_promotion_vaut_ses_points(seul: Lieu) -> None:
    facts = simulate(seul.registre, hypotheses(agent("promotion", indice_majore=443, du="2026-12-01"), mois=2))

    assert _ecart(facts, "64111", MOIS) == 0
    assert _ecart(facts, "64111", MOIS.next) == _traitement(443) - _traitement(436)


def test_une_prime_de_plus(seul: Lieu) -> None:
    row = agent("promotion", permanents={"ifse": "100.00"}, du="2026-11-01")
    assert _ecart(simulate(seul.registre, hypotheses(row)), "64118") > 0


def test_un_temps_partiel_suit_sa_quotite(seul: Lieu) -> None:
    facts = simulate(seul.registre, hypotheses(agent("temps", quotite="1/2", du="2026-11-01")))

    assert _ecart(facts, "64111") == _rounded(Fraction(436 * INDICE_100, 100 * 12 * 2)) - _traitement(436)


def test_un_depart_s_arrete_a_son_jour(seul: Lieu) -> None:
    """Dernier jour le 10 décembre : 10/30 du mois, puis plus rien (janvier n'est pas simulé)."""
    facts = simulate(seul.registre, hypotheses(agent("depart", le="2026-11-10"), mois=2))
    dix_trentiemes = _rounded(Fraction(_traitement(436) * 10, 30))

    assert abs(_ecart(facts, "64111") - (dix_trentiemes - _traitement(436))) <= 1
    assert facts.bulletins == {MOIS: (1, 1), MOIS.next: (1, 0)}
    assert _ecart(facts, "64111", MOIS.next) == -_traitement(436)


def test_une_embauche_commence_a_son_jour(seul: Lieu) -> None:
    """Du 16 au 30 novembre : 15/30."""
    row = agent(
        "embauche",
        matricule="NOUVEAU",
        statut="stagiaire",
        regime_retraite="cnracl",
        indice_majore=400,
        du="2026-11-16",
    )
    facts = simulate(seul.registre, hypotheses(row, mois=2))

    assert facts.bulletins == {MOIS: (1, 2), MOIS.next: (1, 2)}
    assert abs(_ecart(facts, "64111") - _rounded(Fraction(_traitement(400), 2))) <= 1
    assert _ecart(facts, "64111", MOIS.next) == _traitement(400)


def test_un_bulletin_refuse_d_un_cote_est_ecarte_des_deux(seul: Lieu) -> None:
    """Moins de 28 heures sans changer de régime : le moteur refuse, l'écart ne compte pas un salaire disparu."""
    facts = simulate(seul.registre, hypotheses(agent("temps", heures_hebdo="20", du="2026-12-01"), mois=2))

    assert facts.of_month(MOIS.next) == (0, 0)
    assert facts.bulletins[MOIS.next] == (0, 0)
    (ecarte,) = facts.ecartes
    assert ecarte.startswith("décembre 2026 : agent LB001")
    assert "IRCANTEC" in ecarte
    juste = agent("temps", heures_hebdo="20", regime_retraite="ircantec", du="2026-12-01")
    assert simulate(seul.registre, hypotheses(juste, mois=2)).ecartes == ()


def test_prolonger_les_chiffres_se_demande_et_se_dit(seul: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="chiffres_prolonges: true"):
        simulate(seul.registre, hypotheses(debut="2026-12", mois=2))
    facts = simulate(seul.registre, hypotheses(debut="2026-12", mois=2, chiffres_prolonges=True))

    (texte,) = facts.avertissements
    assert texte.startswith("Chiffres prolongés : à partir de janvier 2027")
    assert any("plafond_securite_sociale.mensuel" in chiffre for chiffre in facts.prolonges)
    assert facts.bulletins[Month(2027, 1)] == (1, 1)


@pytest.mark.parametrize(
    "row, words",
    [
        (agent("depart", matricule="LB099", le="2026-11-10"), "aucun contrat de l'agent LB099 sur"),
        (agent("depart", contrat="LB00199", le="2026-11-10"), "pas de contrat LB00199 de l'agent LB001"),
        (agent("depart", adherent="ailleurs", le="2026-11-10"), "L'adhérent « ailleurs » n'est pas dans"),
        (
            agent("embauche", statut="titulaire", regime_retraite="cnracl", indice_majore=400, du="2026-11-01"),
            "déjà pris",
        ),
        (chiffre("cnracl.employeur.tau", valeur="40 %"), "n'existe pas dans la législation"),
        (chiffre("cnracl.employeur.taux", valeur="0.4065"), "un taux s'écrit en pour cent"),
        (chiffre("point_indice.valeur_annuelle_indice_100", valeur="12 %"), "sans « % »"),
        (chiffre("point_indice.valeur_annuelle_indice_100", valeur="5966.4134"), "trop de décimales"),
    ],
)
def test_une_hypothese_sans_objet_se_refuse(seul: Lieu, row: dict[str, Any], words: str) -> None:
    with pytest.raises(GesteRefuse, match=words):
        simulate(seul.registre, hypotheses(row))


def test_un_adherent_inconnu_se_refuse(seul: Lieu) -> None:
    with pytest.raises(GesteRefuse, match="Adhérent inconnu"):
        simulate(seul.registre, hypotheses(adherents=["ailleurs"]))


@pytest.mark.parametrize(
    "changes, place, words",
    [
        ({"titre": None}, "titre", "string"),
        ({"debut": "janvier"}, "debut", "mois illisible"),
        ({"mois": 0}, "mois", "greater"),
        ({"couleur": "bleu"}, "couleur", "cette clé est inconnue"),
        ({"hypotheses": [{"type": "miracle"}]}, "hypotheses.0", "type inconnu"),
        ({"hypotheses": [{"cle": "x"}]}, "hypotheses.0", "dites le type"),
        ({"hypotheses": [chiffre("x")]}, "hypotheses.0.chiffre", "l'une des deux"),
        ({"hypotheses": [chiffre("x", variation="beaucoup")]}, "hypotheses.0.chiffre", "variation illisible"),
        ({"hypotheses": [chiffre("x", valeur="beaucoup")]}, "hypotheses.0.chiffre", "valeur illisible"),
        ({"hypotheses": [chiffre("x", valeur="1 %", du="2027-01-02")]}, "hypotheses.0.chiffre", "premier jour"),
        ({"hypotheses": [agent("promotion", du="2027-01-01")]}, "hypotheses.0.promotion", "dites ce qui change"),
        ({"hypotheses": [agent("promotion", nbi=10, du="2027-01-15")]}, "hypotheses.0.promotion", "premier jour"),
        ({"hypotheses": [agent("temps", du="2027-01-01")]}, "hypotheses.0.temps", "dites ce qui change"),
        ({"hypotheses": [agent("temps", quotite="1/2", du="2027-01-09")]}, "hypotheses.0.temps", "premier jour"),
        ({"hypotheses": [agent("depart")]}, "hypotheses.0.depart.le", "cette information manque"),
    ],
)
def test_un_fichier_fautif_dit_ou(tmp_path: Path, changes: dict[str, Any], place: str, words: str) -> None:
    data = {"titre": "Essai", "debut": "2027-01", "mois": 1, **changes}
    path = tmp_path / "hypotheses.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    found = read_hypotheses(path)

    assert isinstance(found, list)
    (anomalie,) = found
    assert (anomalie.fichier, anomalie.cellule) == ("hypotheses.yaml", place)
    assert words in anomalie.message


def test_un_fichier_absent_ou_illisible_se_dit(tmp_path: Path) -> None:
    casse = tmp_path / "casse.yaml"
    casse.write_text("titre: [", encoding="utf-8")
    for path in (casse, tmp_path / "absent.yaml"):
        found = read_hypotheses(path)
        assert isinstance(found, list)
        assert [anomalie.code for anomalie in found] == ["hypotheses-illisibles"]


def test_l_exemple_se_simule(lieu: Lieu, inscrire_lieu: Inscrire) -> None:
    inscrire_lieu(description("pouymirede"))
    found = read_hypotheses(EXEMPLE)
    assert isinstance(found, Hypotheses)
    facts = simulate(lieu.registre, found)

    assert facts.ecartes == ()
    assert len(facts.hypotheses) == 7
    assert facts.total[0] > 0
    assert len(facts.bulletins) == 24


def test_un_agent_a_deux_contrats_dit_lequel_change(inscrire_lieu: Inscrire) -> None:
    data = description("lubescaux")
    data["agents"] = [one for one in data["agents"] if one["matricule"] == AGENT]
    contrats = data["agents"][0]["contrats"]
    situations = [{**contrats[0]["situations"][0], "nbi": 0}]
    contrats.append({**contrats[0], "numero": "LB00102", "permanents": [], "situations": situations})
    registre = inscrire_lieu(data).registre
    promotion = agent("promotion", indice_majore=443, du="2026-11-01")
    with pytest.raises(GesteRefuse, match=r"plusieurs contrats \(LB00101, LB00102\)"):
        simulate(registre, hypotheses(promotion))
    un_seul = _ecart(simulate(registre, hypotheses({**promotion, "contrat": "LB00102"})), "64111")
    depart = simulate(registre, hypotheses(agent("depart", le="2026-10-31")))

    assert un_seul > 0
    assert depart.bulletins[MOIS] == (2, 0)
