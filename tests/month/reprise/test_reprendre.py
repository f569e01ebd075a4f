"""Reprendre une DSN d'un autre logiciel : ce qui s'en lit, ce qui reste à remplir, ce qui est refusé."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from payroll.anomalies import Anomalie
from payroll.month.adherents import import_adherent
from payroll.month.commun import GesteRefuse
from payroll.month.reprendre import Reprise, enroll, keep_sheet, take_over
from payroll.month.reprise.feuille import Blanc, Remarque, blanks, merge, plain, render
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, Evenement
from tests.month.gestes import Lieu, acte

# La DSN de septembre 2025 du guide : une titulaire, un contractuel, un maire, écrite par un autre logiciel.
SQUELETTE = (Path(__file__).parents[2] / "dsn" / "messages" / "squelette-P25V01.dsn").read_bytes()


def one(tmp_path: Path, content: bytes = SQUELETTE, **options: Any) -> Reprise:
    (tmp_path / "autre.dsn").write_bytes(content)
    (reprise,), _ = take_over([tmp_path / "autre.dsn"], **options)
    return reprise


def agent(reprise: Reprise, rang: int) -> dict[str, Any]:
    found: dict[str, Any] = reprise.description["agents"][rang]
    return found


def test_la_commune_et_ses_trois_agents_se_lisent(tmp_path: Path) -> None:
    reprise = one(tmp_path)
    assert (reprise.agents, reprise.premier_mois) == (3, Month(2025, 10))
    contracts = [person["contrats"][0] for person in reprise.description["agents"]]
    assert [row["statut"] for row in contracts] == ["titulaire", "contractuel", "elu"]
    titulaire, contractuel, elu = (row["situations"][0] for row in contracts)
    assert (titulaire["regime_retraite"], contractuel["regime_retraite"]) == ("cnracl", "ircantec")
    assert (titulaire["indice_brut"], titulaire["indice_majore"], titulaire["nbi"]) == (416, 387, 10)
    assert titulaire["heures_hebdo"] == "35"  # 151,67 h par mois
    assert elu["mandat"] == "maire"
    # Une prime de 200 € de type 050 est l'IFSE.
    assert contracts[0]["permanents"] == [{"rubrique": "ifse", "montant": "200.00", "du": date_of("2025-09-01")}]


def date_of(text: str) -> Any:
    return yaml.safe_load(text)


def test_le_nir_recoit_sa_cle_et_le_matricule_absent_un_numero_d_ordre(tmp_path: Path) -> None:
    first = agent(one(tmp_path), 0)
    # 1800540999012 modulo 97 = 32, et 97 − 32 = 65.
    assert first["nir"] == "180054099901265"
    assert [row["matricule"] for row in one(tmp_path).description["agents"]] == ["R0001", "R0002", "R0003"]


def test_les_cumuls_de_l_annee_sont_la_somme_des_mois_declares(tmp_path: Path) -> None:
    """Contractuel du guide : brut 1 801,74 €, net versé et impôt du bloc 50 ; rien si l'année change."""
    (cumul,) = agent(one(tmp_path), 1)["contrats"][0]["cumuls"]
    assert (cumul["annee"], cumul["brut"]) == (2025, "1801.74")
    assert agent(one(tmp_path, premier_mois=Month(2026, 1)), 1)["contrats"][0]["cumuls"] == []


def test_un_taux_transmis_est_date_et_un_bareme_ne_donne_aucun_taux(tmp_path: Path) -> None:
    """Le maire est au barème (type 13) : pas de ligne, jamais un taux nul. Un taux 01 vaut deux mois de plus."""
    reprise = one(tmp_path)
    assert agent(reprise, 2)["taux_pas"] == []
    transmitted = SQUELETTE.replace(b"S21.G00.50.007,'13'", b"S21.G00.50.007,'01'\r\nS21.G00.50.008,'20250900000001'")
    (rate,) = agent(one(tmp_path, transmitted), 2)["taux_pas"]
    assert rate["identifiant"] == "20250900000001"
    assert (rate["du"], rate["au"]) == (date_of("2025-09-01"), date_of("2025-11-30"))


# Une retouche de la DSN → la clé où un blanc essentiel doit apparaître.
BLANCS: dict[str, tuple[bytes, bytes, str]] = {
    "nature de contrat inconnue ici": (b"S21.G00.40.007,'50'", b"S21.G00.40.007,'20'", "statut"),
    "NBI à décimale": (b"S21.G00.40.059,'10'", b"S21.G00.40.059,'10.5'", "nbi"),
    "sans indice majoré": (b"S21.G00.40.058,'387'", b"S21.G00.40.072,'01'", "indice_majore"),
    "plusieurs employeurs": (b"S21.G00.40.037,'01'", b"S21.G00.40.037,'02'", "heures_tous_employeurs"),
    "temps compté en jours": (b"S21.G00.40.011,'10'", b"S21.G00.40.011,'12'", "heures_hebdo"),
    "supplément familial": (b"S21.G00.52.001,'050'", b"S21.G00.52.001,'049'", "enfants_sft"),
    "naissance sans jour": (b"S21.G00.30.006,'15051980'", b"S21.G00.30.006,'00051980'", "date_naissance"),
    "NIR mal formé": (b"S21.G00.30.001,'1800540999012'", b"S21.G00.30.001,'18005409990XX'", "nir"),
    "mandat sans nom": (b"S21.G00.40.006,'MAIRE'", b"S21.G00.40.006,'ELU'", "mandat"),
    "indemnité sans taux rond": (b"S21.G00.51.013,'1155.00'", b"S21.G00.51.013,'1155.01'", "taux_indemnite"),
}


@pytest.mark.parametrize(("avant", "apres", "cle"), BLANCS.values(), ids=BLANCS)
def test_ce_que_la_dsn_ne_dit_pas_reste_a_remplir(avant: bytes, apres: bytes, cle: str, tmp_path: Path) -> None:
    assert avant in SQUELETTE
    names = [item.chemin.rsplit(".", 1)[-1] for item in one(tmp_path, SQUELETTE.replace(avant, apres)).essentiels]
    assert cle in names


def test_un_apprenti_et_un_contrat_aide_n_ont_ni_categorie_ni_indice(tmp_path: Path) -> None:
    """Nature 02, hors fonction publique (026 = 99), dispositif 81 (apprentissage) ou 41 (contrat aidé)."""
    changes = [(b"S21.G00.40.007,'10'", b"S21.G00.40.007,'02'"), (b"S21.G00.40.026,'02'", b"S21.G00.40.026,'99'")]
    content = SQUELETTE
    for before, after in changes:
        assert before in content
        content = content.replace(before, after)
    start = content.index(b"S21.G00.40.007,'02'")
    for dispositif, statut, cle in ((b"81", "apprenti", "apprenti_annee"), (b"41", "pec", "taux_horaire")):
        one_of = content[:start] + content[start:].replace(
            b"S21.G00.40.008,'99'", b"S21.G00.40.008,'%s'" % dispositif, 1
        )
        reprise = one(tmp_path, one_of)
        contract = agent(reprise, 1)["contrats"][0]
        assert contract["statut"] == statut
        assert not {"categorie", "indice_majore"} & set(contract["situations"][0])
        assert cle in [item.chemin.rsplit(".", 1)[-1] for item in reprise.a_remplir]


def test_une_feuille_incomplete_n_est_pas_inscrite(tmp_path: Path, registre: Registre) -> None:
    reprise = one(tmp_path)
    sheet = keep_sheet(reprise, tmp_path)
    with pytest.raises(GesteRefuse, match="à remplir") as refused:
        enroll(registre, reprise, sheet, acte())
    assert {"nom", "population", "parametres.0.taux_cdg"} <= {anomalie.cellule for anomalie in refused.value.anomalies}
    assert Lieu(registre, "").rows(Adherent) == []


def test_la_feuille_telle_quelle_est_refusee_par_inscrire(tmp_path: Path, registre: Registre) -> None:
    """Chaque blanc essentiel est une clé que la validation refuse : une feuille oubliée ne s'inscrit pas."""
    result = import_adherent(registre, keep_sheet(one(tmp_path), tmp_path), acte())
    assert isinstance(result, list)
    places = {anomalie.cellule for anomalie in result}
    assert {"nom", "nature", "zone_residence", "agents.0.contrats.0.situations.0.categorie"} <= places


def test_reprendre_deux_fois_ecrit_les_memes_octets_et_garde_ce_qui_a_ete_complete(tmp_path: Path) -> None:
    first = keep_sheet(one(tmp_path), tmp_path / "feuilles").read_bytes()
    sheet = keep_sheet(one(tmp_path), tmp_path / "feuilles")
    assert sheet.read_bytes() == first
    assert sheet.stat().st_mode & 0o077 == 0
    sheet.write_bytes(first + b"# complete\n")
    with pytest.raises(GesteRefuse, match="existe déjà"):
        keep_sheet(one(tmp_path), tmp_path / "feuilles")
    assert sheet.read_bytes() == first + b"# complete\n"
    assert keep_sheet(one(tmp_path), tmp_path / "feuilles", overwrite=True).read_bytes() == first


def test_une_annule_et_remplace_l_emporte_quel_que_soit_l_ordre_des_fichiers(tmp_path: Path) -> None:
    later = SQUELETTE.replace(b"S20.G00.05.004,'1'", b"S20.G00.05.004,'2'").replace(
        b"S20.G00.05.002,'01'", b"S20.G00.05.002,'03'"
    )
    later = later.replace(b"S21.G00.30.002,'DURAND'", b"S21.G00.30.002,'DURANT'")
    (tmp_path / "a.dsn").write_bytes(later)
    (tmp_path / "b.dsn").write_bytes(SQUELETTE)
    for order in (["a.dsn", "b.dsn"], ["b.dsn", "a.dsn"]):
        (reprise,), _ = take_over([tmp_path / name for name in order])
        assert agent(reprise, 0)["nom"] == "DURANT"


def test_un_contrat_disparu_sans_fin_est_a_trancher(tmp_path: Path) -> None:
    """Présent en septembre, absent en octobre, sans bloc 62 : le payer encore serait une faute."""
    october = SQUELETTE.replace(b"'01092025'\r\nS20.G00.05.007", b"'01102025'\r\nS20.G00.05.007")
    start = october.rindex(b"S21.G00.30.001,")
    october = october[:start] + october[october.index(b"S90.") :]
    (tmp_path / "09.dsn").write_bytes(SQUELETTE)
    (tmp_path / "10.dsn").write_bytes(october)
    (reprise,), _ = take_over([tmp_path / "09.dsn", tmp_path / "10.dsn"])
    assert [item.chemin for item in reprise.essentiels if item.chemin.endswith("date_fin")] == [
        "agents.R0003.contrats.2020050003.date_fin"
    ]


REFUS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "vide": (lambda _: b"", "dsn-sans-declaration"),
    "pas une DSN": (lambda _: b"%PDF-1.7\n\x00\x01", "dsn-sans-declaration"),
    "tronquée": (lambda content: content[: len(content) // 2], "dsn-lec-02"),
    "un signalement": (lambda c: c.replace(b"S20.G00.05.001,'01'", b"S20.G00.05.001,'04'"), "declaration-ecartee"),
    "sans mois": (
        lambda c: c.replace(b"S20.G00.05.005,'01092025'", b"S20.G00.05.005,'99999999'"),
        "declaration-ecartee",
    ),
    "sans SIRET": (lambda c: c.replace(b"S21.G00.06.001,'219990017'", b"S21.G00.06.001,'2199'"), "declaration-ecartee"),
    "en UTF-8": (lambda c: c.replace(b"'DURAND'", "'DÉRAND'".encode()), "dsn-gen-05"),
}


@pytest.mark.hostile
@pytest.mark.parametrize(("abimer", "code"), REFUS.values(), ids=REFUS)
def test_un_fichier_abime_donne_un_constat_jamais_une_panne(
    abimer: Callable[[bytes], bytes], code: str, tmp_path: Path
) -> None:
    (tmp_path / "f.dsn").write_bytes(abimer(SQUELETTE))
    _, anomalies = take_over([tmp_path / "f.dsn"])
    assert code in [anomalie.code for anomalie in anomalies]
    assert discreet(anomalies)


def discreet(anomalies: list[Anomalie]) -> bool:
    text = " ".join(map(str, anomalies))
    return not any(name in text for name in ("DURAND", "DÉRAND", "1800540999012", "FR14"))


def test_un_fichier_absent_ou_trop_gros_n_est_pas_ouvert(tmp_path: Path) -> None:
    big = tmp_path / "gros.dsn"
    with big.open("wb") as stream:
        stream.truncate(60_000_001)
    reprises, anomalies = take_over([big, tmp_path / "absent.dsn"])
    assert reprises == []
    assert [anomalie.code for anomalie in anomalies] == ["fichier-trop-gros", "fichier-introuvable"]


def test_un_mois_manquant_est_dit(tmp_path: Path) -> None:
    (tmp_path / "09.dsn").write_bytes(SQUELETTE)
    november = SQUELETTE.replace(b"'01092025'\r\nS20.G00.05.007", b"'01112025'\r\nS20.G00.05.007")
    (tmp_path / "11.dsn").write_bytes(november)
    _, anomalies = take_over([tmp_path / "09.dsn", tmp_path / "11.dsn"])
    assert ["octobre 2025" in anomalie.message for anomalie in anomalies if anomalie.code == "mois-manquants"] == [True]


def test_un_etablissement_deja_inscrit_sous_un_autre_code_est_refuse(ouvrir_lieu: Any, tmp_path: Path) -> None:
    lieu = ouvrir_lieu("lubescaux")
    siret = lieu.rows(Adherent)[0].siret.encode()
    content = SQUELETTE.replace(b"S21.G00.06.001,'219990017'", b"S21.G00.06.001,'" + siret[:9] + b"'")
    content = content.replace(b"S21.G00.11.001,'00010'", b"S21.G00.11.001,'" + siret[9:] + b"'")
    reprise = one(tmp_path, content)
    with pytest.raises(GesteRefuse, match="déjà inscrit sous le code « lubescaux »"):
        enroll(lieu.registre, reprise, keep_sheet(reprise, tmp_path), acte())
    assert enroll(lieu.registre, one(tmp_path, content, code="lubescaux"), tmp_path / "x.yaml", acte()) is False
    assert "reprendre" not in [row.geste for row in lieu.rows(Evenement)]


def test_ce_qui_ne_sert_pas_est_compte_et_ce_qui_change_est_dit(tmp_path: Path) -> None:
    """Une ancienneté (86) est conforme et sans emploi ; un statut catégoriel 04 deviendra 99."""
    seniority = b"S21.G00.86.001,'07'\r\nS21.G00.86.002,'01'\r\nS21.G00.86.003,'12'\r\nS21.G00.86.005,'2010090001'\r\n"
    end = SQUELETTE.index(b"S21.G00.30.001", SQUELETTE.index(b"S21.G00.30.001") + 1)
    content = (SQUELETTE[:end] + seniority + SQUELETTE[end:]).replace(b"S21.G00.40.003,'99'", b"S21.G00.40.003,'04'")
    reprise = one(tmp_path, content)
    assert ("S21.G00.86.003", 1) in [(rubrique, count) for rubrique, _, count in reprise.mis_de_cote]
    assert ("S21.G00.40.003", "04", "99", 1) in reprise.ecarts


@pytest.mark.hostile
def test_une_valeur_lue_ne_sort_pas_de_son_commentaire(tmp_path: Path) -> None:
    """Un numéro de contrat porte U+0085, fin de ligne pour YAML : la feuille reste lisible, aucune clé n’est créée."""
    content = SQUELETTE.replace(b"'2010090001'", b"'20\x85x: 1'")
    reprise = one(tmp_path, content)
    sheet = yaml.safe_load(reprise.feuille)
    assert [set(person) & {"x"} for person in sheet["agents"]] == [set()] * 3
    assert reprise.agents == 3


@pytest.mark.hostile
@pytest.mark.parametrize("graine", range(30))
def test_une_dsn_abimee_au_hasard_ne_fait_jamais_de_panne(graine: int, tmp_path: Path) -> None:
    draw = random.Random(graine)
    lines = SQUELETTE.split(b"\r\n")
    for _ in range(12):
        rank = draw.randrange(len(lines))
        change = draw.randrange(4)
        if change == 0:
            del lines[rank : rank + draw.randint(1, 9)]
        elif change == 1:
            lines.insert(rank, draw.choice(lines))
        elif change == 2:
            lines[rank] = lines[rank].split(b",")[0] + b",'" + draw.choice([b"", b"-1", b"31022026", b"9" * 40]) + b"'"
        else:
            other = draw.randrange(len(lines))
            lines[rank], lines[other] = lines[other], lines[rank]
    (tmp_path / "f.dsn").write_bytes(b"\r\n".join(lines))
    reprises, anomalies = take_over([tmp_path / "f.dsn"])
    assert all(yaml.safe_load(reprise.feuille)["siret"] for reprise in reprises)
    assert reprises or anomalies
    assert discreet(anomalies)


def test_un_complement_illisible_est_refuse_en_une_phrase(tmp_path: Path) -> None:
    (tmp_path / "main.yaml").write_text("nom: [", encoding="utf-8")
    with pytest.raises(GesteRefuse, match="ne se lit pas"):
        one(tmp_path, complement=tmp_path / "main.yaml")


def test_la_feuille_se_relit_comme_sa_description() -> None:
    """Un texte qui ressemble à un nombre, un oui, une date ou un commentaire garde son sens."""
    tree = {
        "code_postal": "01000",
        "reponse": Remarque("non", "à relire"),
        "diese": "a # b",
        "manque": Blanc("à dire", essentiel=False, defaut="0"),
        "exige": Blanc("à dire"),
        "lignes": [{"du": date_of("2026-01-01"), "vide": []}],
    }
    assert yaml.safe_load(render(tree, ["en-tête"])) == {
        "code_postal": "01000",
        "reponse": "non",
        "diese": "a # b",
        "exige": None,
        "lignes": [{"du": date_of("2026-01-01")}],
    }
    assert [item.chemin for item in blanks(tree)] == ["manque", "exige"]


def test_un_complement_l_emporte_et_se_reporte_sur_toutes_les_lignes_datees() -> None:
    tree = {
        "nom": Blanc("à dire"),
        "parametres": [{"du": 1, "taux_cdg": Blanc("?")}, {"du": 2, "taux_cdg": Blanc("?")}],
        "agents": [{"matricule": Remarque("A1", "donné"), "nom": "X"}, {"matricule": "A2", "nom": "Y"}],
    }
    hand = {"nom": "N", "parametres": {"taux_cdg": "1.4"}, "agents": [{"matricule": "A1", "nom": "Z"}]}
    assert plain(merge(tree, hand)) == {
        "nom": "N",
        "parametres": [{"du": 1, "taux_cdg": "1.4"}, {"du": 2, "taux_cdg": "1.4"}],
        "agents": [{"matricule": "A1", "nom": "Z"}, {"matricule": "A2", "nom": "Y"}],
    }
