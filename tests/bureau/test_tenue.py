"""Six cents adhérents, douze mille agents : une page fait le même nombre de requêtes quelle que soit la taille."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, insert, select
from starlette.testclient import TestClient

from payroll.store.registre import Registre
from payroll.store.tables import (
    Adherent,
    Agent,
    BulletinPaie,
    Contrat,
    DocumentRetour,
    Evenement,
    FichierRecu,
    Paie,
    ParametreEmployeur,
    SituationContrat,
)
from tests.bureau.conftest import INSTANT, MOIS, Installation, reglages_de
from tests.bureau.lire import texte

ADHERENTS, AGENTS = 600, 12_000
PREMIER = 100
"""Les clés ajoutées commencent ici : celles de l'installation d'essai sont en deçà."""
GROS = "charge-0000"
"""Un adhérent de la charge : vingt agents, deux mois payés."""
BORNE = 40
"""Requêtes d'une page au plus, session comprise."""

PAGES = (
    "/",
    "/?texte=agent00042",
    "/?tri=ecart&sens=decroissant&page=3",
    "/?etat=calculee&anomalies=oui",
    f"/adherents/{GROS}",
    f"/adherents/{GROS}?agent=agent&tous=oui&page=2",
    f"/adherents/{GROS}/agents/C000-00",
    f"/adherents/{GROS}/dsn",
    "/journal",
    "/journal?geste=ouvrir&page=5",
    "/droit",
    "/droit/doutes",
    "/simulation",
    "/reprise",
)


def _bulk(registre: Registre, table: Any, rows: list[dict[str, Any]]) -> None:
    with registre.transaction() as session:
        session.connection().execute(insert(table), rows)


def _bulletin(rank: int, mois: int, adherents: int = ADHERENTS) -> dict[str, Any]:
    brut = 200_000 + rank % 500 + mois
    return {
        "paie_id": PREMIER + 2 * (rank % adherents) + mois,
        "contrat_id": PREMIER + rank,
        "matricule": f"C{rank % adherents:03d}-{rank // adherents:02d}",
        "brut": brut,
        "net_a_payer": brut * 3 // 4,
        "cout_employeur": brut * 3 // 2,
        **dict.fromkeys(
            ("cotisations_salarie", "cotisations_employeur", "net_avant_impot", "net_imposable"),
            1,
        ),
        **dict.fromkeys(("montant_net_social", "pas_base", "pas_taux_ppm", "pas"), 1),
        "pas_bareme": False,
        "cumuls": {},
        "colonnes": {},
        "entrees": {},
        "avertissements": [],
    }


def charge(registre: Registre, adherents: int = ADHERENTS, agents: int = AGENTS) -> None:
    """Inscrit d'un bloc des adhérents, leurs agents et deux mois de paie."""
    codes = [f"charge-{rank:04d}" for rank in range(adherents)]
    _bulk(
        registre,
        Adherent,
        [
            {
                "id": PREMIER + rank,
                "code": code,
                "nom": f"Commune d'essai {rank:04d}",
                "nature": "commune",
                "siret": f"9{rank:013d}",
                "ape": "8411Z",
                "adresse": "1 place de l'Essai",
                "code_postal": "40990",
                "ville": f"Ville {rank:04d}",
                "code_insee": "40999",
                "population": 500,
                "zone_residence": 3,
                "iban": "",
            }
            for rank, code in enumerate(codes)
        ],
    )
    ids = range(PREMIER, PREMIER + adherents)
    _bulk(
        registre,
        ParametreEmployeur,
        [{"adherent_id": one, "du": date(2020, 1, 1), "effectif": 20, "taux_at_ppm": 16_200} for one in ids],
    )
    people = range(agents)
    _bulk(
        registre,
        Agent,
        [
            {
                "id": PREMIER + rank,
                "adherent_id": PREMIER + rank % adherents,
                "matricule": f"C{rank % adherents:03d}-{rank // adherents:02d}",
                "civilite": "M",
                "nom": f"AGENT{rank:05d}",
                "prenom": "Essai",
                "nir": "185044099900142",
                "date_naissance": date(1985, 4, 2),
                "lieu_naissance": "Dragueville",
                "departement_naissance": "40",
                "adresse": "1 rue",
                "code_postal": "40990",
                "ville": "Ville",
                "iban": "",
            }
            for rank in people
        ],
    )
    _bulk(
        registre,
        Contrat,
        [
            {
                "id": PREMIER + rank,
                "adherent_id": PREMIER + rank % adherents,
                "agent_id": PREMIER + rank,
                "numero": f"K{rank}",
                "statut": "titulaire",
                "emploi": "Adjoint technique",
                "pcs_ese": "525d",
                "date_debut": date(2020, 1, 1),
            }
            for rank in people
        ],
    )
    _bulk(
        registre,
        SituationContrat,
        [{"contrat_id": PREMIER + rank, "du": date(2020, 1, 1), "regime_retraite": "cnracl"} for rank in people],
    )
    months = ((0, MOIS.previous, "close"), (1, MOIS, "calculee"))
    _bulk(
        registre,
        Paie,
        [
            {
                "id": PREMIER + 2 * rank + place,
                "adherent_id": PREMIER + rank,
                "mois": str(mois),
                "etat": etat,
                "ouverte_le": INSTANT,
                "hash_contenu": "x",
                "anomalies": [],
            }
            for rank in range(adherents)
            for place, mois, etat in months
        ],
    )
    _bulk(registre, BulletinPaie, [_bulletin(rank, mois, adherents) for rank in people for mois in (0, 1)])
    _bulk(
        registre,
        FichierRecu,
        [
            {
                "adherent_id": one,
                "nom": "f.xlsx",
                "sha256": f"{one:064d}",
                "taille": 9,
                "recu_le": INSTANT,
                "mois": str(MOIS),
                "etat": "accepte",
                "anomalies": [],
            }
            for one in ids
        ],
    )
    _bulk(
        registre,
        DocumentRetour,
        [
            {"adherent_id": one, "mois": str(MOIS), "chemin": f"d{rank}", "sha256": "0", "produit_le": INSTANT}
            for one in ids
            for rank in range(5)
        ],
    )
    _bulk(
        registre,
        Evenement,
        [
            {"le": INSTANT, "par": "essai", "geste": "ouvrir", "adherent_code": code, "mois": str(MOIS), "detail": {}}
            for code in codes
            for _ in range(5)
        ],
    )


@pytest.fixture(scope="module")
def grand(
    modele: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Installation, TestClient]]:
    """L'installation d'essai et toute la charge, une fois pour le fichier ; un responsable connecté."""
    dossier, secrets = modele
    copie = Path(shutil.copytree(dossier, tmp_path_factory.mktemp("grand") / "var"))
    found = Installation(reglages_de(copie), secrets)
    charge(found.registre)
    yield found, found.connecte("responsable")
    found.registre.close()


@contextmanager
def compte(registre: Registre) -> Iterator[list[str]]:
    """Les requêtes faites pendant le bloc."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(registre.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(registre.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("adresse", PAGES)
def test_une_page_tient_en_peu_de_requetes(grand: tuple[Installation, TestClient], adresse: str) -> None:
    installation, client = grand
    client.get("/?mois=2026-11")
    with compte(installation.registre) as seen:
        answer = client.get(adresse)

    assert answer.status_code == 200, texte(answer.text)[:2000]
    assert 0 < len(seen) <= BORNE, f"{len(seen)} requêtes :\n" + "\n".join(seen)
    assert len(answer.content) < 1_000_000, "une page se lit, elle ne se déverse pas"


@pytest.mark.parametrize("adresse", ["/", f"/adherents/{GROS}", f"/adherents/{GROS}/dsn", "/journal"])
def test_le_nombre_de_requetes_ne_suit_pas_la_taille(
    grand: tuple[Installation, TestClient], installation: Installation, adresse: str
) -> None:
    """La même page, sur deux adhérents et quatre agents, fait exactement autant de requêtes."""
    charge(installation.registre, 2, 4)
    counts = []
    for site, client in (grand, (installation, installation.connecte("responsable"))):
        client.get("/?mois=2026-11")
        with compte(site.registre) as seen:
            assert client.get(adresse).status_code == 200
        counts.append(len(seen))

    assert counts[0] == counts[1]


def test_le_tableau_compte_tout_et_n_en_montre_qu_une_page(grand: tuple[Installation, TestClient]) -> None:
    installation, client = grand
    page = texte(client.get("/?texte=charge-").text)
    with installation.registre.transaction() as session:
        table = BulletinPaie.__table__  # type: ignore[attr-defined]
        nets = session.connection().execute(select(table.c.net_a_payer).where(table.c.paie_id >= PREMIER)).scalars()
        total = sum(nets)
    mois_d_avant = sum(_bulletin(rank, 0)["net_a_payer"] for rank in range(AGENTS))
    net = f"{(total - mois_d_avant) // 100:,}".replace(",", " ")

    assert f"{ADHERENTS} adhérents" in page
    assert "Page 1 sur 12" in page
    assert net in page, "le total est celui de toutes les pages"
