"""La DSN dit exactement ce que disent les bulletins : chaque organisme, chaque message, au centime.

Les sept adhérents des exemples, avec les fichiers que leurs secrétariats envoient en novembre 2026.
"""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from desk.demo.secretaire import prepare
from dsn import codes as dsn_codes
from dsn.anomalies import blocking
from dsn.check_file import check_file
from dsn.codes.rows import apply
from dsn.message import Block
from dsn.reader import read
from payroll import legislation
from payroll.money import round_half_up
from payroll.month.commun import find_adherent
from payroll.month.declaration import population_of
from payroll.month.declarer import dsn_name
from payroll.month.lire import BulletinLu, read_bulletins
from payroll.store.registre import Registre
from payroll.store.tables import LigneBulletin
from tests.month.gestes import DECLARANT, EXEMPLES, MOIS, Lieu, description, inscrire

NORME = "P26V01"
CODES = dsn_codes.load()
URSSAF = CODES.organisme("urssaf_aquitaine").valeur or ""
DEPOTS = yaml.safe_load((EXEMPLES.parent / "depots.yaml").read_text(encoding="utf-8"))["depots"]
LIGNES_CNRACL = {"300": "salarie", "301": "employeur", "304": "salarie", "305": "employeur"}


@dataclass(frozen=True)
class Mois:
    """Un adhérent déclaré : ses bulletins, sa DSN relue."""

    lieu: Lieu
    bulletins: list[BulletinLu]
    content: bytes
    blocs: list[dict[str, str]]
    """Chaque bloc : « bloc », « parent » (rang), et suffixe → valeur."""

    def named(self, bloc: str) -> list[dict[str, str]]:
        return [block for block in self.blocs if block["bloc"] == bloc]

    def cotisations(self, *codes: str) -> int:
        """La somme des montants 81.004 de ces codes, en centimes."""
        return sum(cents(block.get("004", "0.00")) for block in self.named("S21.G00.81") if block["001"] in codes)

    def lignes(self, *codes: str) -> int:
        """La somme des deux parts de ces lignes sur tous les bulletins."""
        return sum(
            ligne.montant_salarie + ligne.montant_employeur
            for lu in self.bulletins
            for ligne in lu.bulletin.lignes
            if ligne.code in codes
        )


def cents(text: str) -> int:
    return int(text.replace(".", ""))


def euro(value: int) -> int:
    return round_half_up(value, 100) * 100


@pytest.fixture(scope="module", params=[row["adherent"] for row in DEPOTS])
def mois(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mois]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    registre = Registre(f"sqlite:///{folder}/paie.db", folder / "pieces")
    registre.upgrade()
    lieu = inscrire(registre, folder, description(request.param))
    lieu.ouvrir()
    depot = next(row for row in DEPOTS if row["adherent"] == request.param)
    for rank, row in enumerate(depot["fichiers"], start=1):
        content = prepare(row, lieu.classeur(), lieu.code, MOIS)
        assert lieu.deposer(content, nom=row["nom"], minutes=rank).etat == row["attendu"]
    lieu.calculer(sans_fichier=False)
    lieu.valider(commentaire="essai")
    lieu.declarer()
    with registre.transaction() as session:
        bulletins = read_bulletins(session, lieu.paie())
        assert find_adherent(session, lieu.code).code == lieu.code
    content = lieu.content(dsn_name(lieu.code, MOIS))
    yield Mois(lieu, bulletins, content, list(_blocks(content)))
    registre.close()


def _blocks(content: bytes) -> Iterator[dict[str, str]]:
    message, _ = read(io.BytesIO(content))
    rank = 0

    def walk(block: Block, parent: int) -> Iterator[dict[str, str]]:
        nonlocal rank
        rank += 1
        mine = rank
        yield {"bloc": block.id, "rang": str(mine), "parent": str(parent)} | {
            field.rubrique[-3:]: field.value for field in block.fields
        }
        for child in block.children:
            yield from walk(child, mine)

    for declaration in message.declarations:
        yield from walk(declaration, 0)


def test_aucun_constat_bloquant(mois: Mois) -> None:
    assert blocking(check_file(mois.content)) == []


def test_chaque_contrat_a_son_bulletin_et_chaque_personne_son_versement(mois: Mois) -> None:
    """Un versement par personne et par taux de prélèvement : l'agent qui est aussi élu n'en a qu'un."""
    numeros = sorted(lu.contrat.numero for lu in mois.bulletins)
    payments = {(lu.agent.nir, lu.bulletin.pas_taux_ppm) for lu in mois.bulletins}

    assert sorted(block["009"] for block in mois.named("S21.G00.40")) == numeros
    assert len(mois.named("S21.G00.50")) == len(payments)
    assert len(mois.named("S21.G00.30")) == len({lu.agent.nir for lu in mois.bulletins})
    assert {block["010"] for block in mois.named("S21.G00.51")} == set(numeros)


def test_les_cotisations_urssaf_sont_celles_des_bulletins(mois: Mois) -> None:
    """Par contribution, au centime ; le CNFPT, sans code 81, et la réduction, en valeur absolue, sont à part."""
    declared = sum(
        cents(block["004"])
        for block in mois.named("S21.G00.81")
        if block.get("002") == URSSAF and block["001"] != "114"
    )
    lines = {
        ligne.code
        for lu in mois.bulletins
        for ligne in lu.bulletin.lignes
        if (row := CODES.contribution(NORME, population_of(lu), ligne.code, effectif_50=_large(mois))) is not None
        and row.organisme == "urssaf"
        and row.base is not None
        and ligne.code != "reduction_heures_supplementaires"
    }

    assert {"csg_deductible", "crds"} <= lines
    assert declared == mois.lignes(*lines)


def _large(mois: Mois) -> bool:
    return any(lu.bulletin.colonnes["effectif"] >= 50 for lu in mois.bulletins)


@pytest.mark.parametrize(
    "cotisations, lignes",
    [
        (("300", "301", "304", "305"), ("cnracl",)),
        (("311", "312"), ("rafp",)),
        (("060",), ("ircantec_a",)),
        (("061",), ("ircantec_b",)),
        (("072", "079"), ("csg_deductible", "csg_non_deductible", "crds", "csg_crds_heures_exonerees")),
        (("076",), ("vieillesse_plafonnee", "vieillesse_deplafonnee")),
        (("075", "907"), ("maladie",)),
        (("074", "102"), ("allocations_familiales",)),
        (("068",), ("csa",)),
        (("045",), ("accident_travail",)),
        (("049",), ("fnal",)),
        (("081",), ("versement_mobilite",)),
        (("040",), ("assurance_chomage",)),
    ],
)
def test_chaque_organisme_recoit_ses_lignes_au_centime(
    mois: Mois, cotisations: tuple[str, ...], lignes: tuple[str, ...]
) -> None:
    assert mois.cotisations(*cotisations) == mois.lignes(*lignes)


def test_la_reduction_des_heures_se_declare_en_valeur_absolue(mois: Mois) -> None:
    assert mois.cotisations("114") == -mois.lignes("reduction_heures_supplementaires")


def test_la_nbi_se_declare_a_part_du_traitement(mois: Mois) -> None:
    for part in ("salarie", "employeur"):
        declared = mois.cotisations(*(code for code, side in LIGNES_CNRACL.items() if side == part))
        assert declared == sum(
            getattr(ligne, f"montant_{part}")
            for lu in mois.bulletins
            for ligne in lu.bulletin.lignes
            if ligne.code == "cnracl"
        )
    nbi = any(lu.bulletin.colonnes["nbi"] for lu in mois.bulletins)
    assert bool(mois.cotisations("304", "305")) is nbi


def test_les_assiettes_du_bordereau_sont_les_sommes_des_bulletins(mois: Mois) -> None:
    """Une assiette par CTP : la somme des assiettes des lignes qui le portent, arrondie à l'euro."""
    expected: dict[tuple[str, str], int] = defaultdict(int)
    for lu in mois.bulletins:
        for ligne in lu.bulletin.lignes:
            row = CODES.contribution(NORME, population_of(lu), ligne.code, effectif_50=_large(mois))
            if row is None or not (ligne.base or ligne.montant_employeur or ligne.montant_salarie):
                continue
            for code in row.porte:
                ctp = CODES.ctp(code)
                if ctp.ligne.valeur is not None and ctp.qualifiant is not None:
                    amount = -ligne.montant_salarie if ctp.montant else (ligne.base or 0)
                    expected[ctp.ligne.valeur, ctp.qualifiant] += amount
    declared: dict[tuple[str, str], int] = defaultdict(int)
    for block in mois.named("S21.G00.23"):
        declared[block["001"], block["002"]] += cents(block.get("004") or block["005"])

    assert declared == {key: euro(amount) for key, amount in expected.items()}


def test_les_paiements_sont_le_bordereau_l_impot_et_l_ircantec(mois: Mois) -> None:
    payments = {(block["001"], block.get("002", "")): cents(block["005"]) for block in mois.named("S21.G00.20")}
    (bordereau,) = mois.named("S21.G00.22")
    pas = sum(lu.bulletin.pas for lu in mois.bulletins)
    expected = {
        (URSSAF, ""): cents(bordereau["005"]),
        ("DGFIP", "DGFIP_PAS"): euro(pas),
        (DECLARANT.siret_ircantec, ""): euro(mois.lignes("ircantec_a", "ircantec_b")),
    }

    assert payments == {key: amount for key, amount in expected.items() if amount}
    assert all(block["010"] == "05" for block in mois.named("S21.G00.20"))


def test_le_bordereau_paie_les_lignes_des_bulletins_a_l_arrondi_pres(mois: Mois) -> None:
    """Les CTP recalculent sur des assiettes à l'euro : l'écart avec les lignes reste de quelques euros."""
    (bordereau,) = mois.named("S21.G00.22")
    figures = legislation.load().at(MOIS)
    mobility = next((lu.bulletin.colonnes["taux_versement_mobilite"] for lu in mois.bulletins), 0)
    total = 0
    for block in mois.named("S21.G00.23"):
        ctp = CODES.ctp(f"{block['001']}/{block['002']}")
        if ctp.montant:
            total -= cents(block["005"])
            continue
        rate = (
            mobility
            if ctp.commune
            else ctp.taux_ppm(figures.rate) + int(block.get("003", "0.00").replace(".", "")) * 100
        )
        total += apply(rate, cents(block["004"]))
    lines = sum(
        ligne.montant_salarie + ligne.montant_employeur
        for lu in mois.bulletins
        for ligne in lu.bulletin.lignes
        if (row := CODES.contribution(NORME, population_of(lu), ligne.code, effectif_50=_large(mois))) is not None
        and row.organisme == "urssaf"
        and row.ligne.confiance != "N"
    )

    assert cents(bordereau["005"]) == euro(total)
    margin = 100 * len(mois.named("S21.G00.23")) + len(mois.bulletins) * 10
    assert abs(lines - total) <= margin


def test_l_impot_declare_est_celui_des_bulletins(mois: Mois) -> None:
    assert sum(cents(block["009"]) for block in mois.named("S21.G00.50")) == sum(
        lu.bulletin.pas for lu in mois.bulletins
    )
    assert sum(cents(block["002"]) for block in mois.named("S21.G00.50")) == sum(
        lu.bulletin.net_imposable for lu in mois.bulletins
    )


def test_le_montant_net_social_et_le_brut_sont_ceux_des_bulletins(mois: Mois) -> None:
    net_social = sum(cents(block["004"]) for block in mois.named("S21.G00.58") if block["003"] == "03")
    bruts = {block["010"]: block["013"] for block in mois.named("S21.G00.51") if block["011"] == "001"}

    assert net_social == sum(lu.bulletin.montant_net_social for lu in mois.bulletins)
    assert bruts == {lu.contrat.numero: _euros(lu.bulletin.brut) for lu in mois.bulletins}


def test_les_heures_exonerees_sont_declarees(mois: Mois) -> None:
    declared = sum(cents(block["004"]) for block in mois.named("S21.G00.58") if block["003"] == "01")

    assert declared == sum(lu.bulletin.colonnes.get("heures_exonerees", 0) for lu in mois.bulletins)


def test_les_primes_isolees_sont_celles_des_bulletins(mois: Mois) -> None:
    for code, kind in (("ifse", "050"), ("cia", "051"), ("sft", "049"), ("indemnite_residence", "048")):
        declared = sum(cents(block["002"]) for block in mois.named("S21.G00.52") if block["001"] == kind)
        reductions = {"ifse": "_primes", "indemnite_residence": "_indemnite_residence"}.get(code)
        lines = sum(
            ligne.montant_salarie
            for lu in mois.bulletins
            for ligne in lu.bulletin.lignes
            if ligne.code == code
            or (reductions and ligne.code.startswith(("retenue_", "carence_")) and ligne.code.endswith(reductions))
        )
        assert declared == lines, code


def test_aucune_contribution_n_est_tue(mois: Mois) -> None:
    """Chaque ligne est déclarée, ou dite hors DSN, ou marquée non trouvée et annoncée au gestionnaire."""
    for lu in mois.bulletins:
        for ligne in lu.bulletin.lignes:
            if not _is_contribution(ligne):
                continue
            row = CODES.contribution(NORME, population_of(lu), ligne.code, effectif_50=_large(mois))
            assert row is not None, (ligne.code, population_of(lu))
            told = row.base is not None or row.porte or row.hors_dsn or row.ligne.confiance == "N"
            assert told, ligne.code
            if row.ligne.confiance == "N":
                remarks = str(mois.lieu.declarer(minutes=500).anomalies)
                assert row.ligne.libelle in remarks


def _is_contribution(ligne: object) -> bool:
    assert not isinstance(ligne, LigneBulletin)
    section = getattr(ligne, "section", "")
    return section not in ("brut", "net") and getattr(ligne, "code", "") != "pas"


def _euros(value: int) -> str:
    return f"{'-' if value < 0 else ''}{abs(value) // 100}.{abs(value) % 100:02d}"
