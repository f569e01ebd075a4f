"""Un adhérent des exemples dans un registre neuf, et la main qui agit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from dsn import facts
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte, current_paie, find_adherent
from payroll.month.declarant import Declarant
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent, DocumentRetour, Evenement, Paie

EXEMPLES = Path(__file__).parents[2] / "examples" / "adherents"
MOIS = Month(2026, 11)
PAIEMENT = date(2026, 11, 27)


def acte(minutes: int = 0, par: str = "gestionnaire") -> Acte:
    """Un acte, à l'heure de l'essai."""
    return Acte(par, datetime(2026, 11, 20, 9, tzinfo=UTC) + timedelta(minutes=minutes))


DECLARANT = Declarant(
    emetteur=facts.Emetteur(
        siren="999000102",
        nic="00015",
        raison_sociale="AGENCE",
        adresse=facts.Adresse(voie="1 PLACE", code_postal="40990", localite="DEMOVILLE"),
    ),
    contact=facts.ContactEmetteur(
        civilite="02", nom_prenom="SERVICE PAIE", mel="paie@demo.example", telephone="0500000000"
    ),
    essai=True,
    siret_ircantec="99900010200015",
    date_paiement=PAIEMENT,
    version="essai",
)


@dataclass(frozen=True)
class Lieu:
    """Un registre et un adhérent, avec de quoi les relire."""

    registre: Registre
    code: str

    def paie(self, mois: Month = MOIS) -> Paie:
        with self.registre.transaction() as session:
            paie = current_paie(session, find_adherent(session, self.code), mois)
        assert paie is not None
        return paie

    def documents(self) -> dict[str, str]:
        """Chemin → empreinte de tout ce qui est dû ou déposé."""
        with self.registre.transaction() as session:
            return {row.chemin: row.sha256 for row in session.exec(select(DocumentRetour))}

    def content(self, chemin: str) -> bytes:
        return self.registre.pieces.get(self.documents()[chemin])

    def gestes(self) -> list[str]:
        with self.registre.transaction() as session:
            return [row.geste for row in session.exec(select(Evenement).order_by(Evenement.id))]


@pytest.fixture
def ouvrir_lieu(tmp_path: Path) -> Iterator[Callable[[str], Lieu]]:
    registre = Registre(f"sqlite:///{tmp_path}/paie.db", tmp_path / "pieces")
    registre.upgrade()

    def ouvrir(code: str) -> Lieu:
        assert isinstance(import_adherent(registre, EXEMPLES / f"{code}.yaml", acte(-60)), Adherent)
        return Lieu(registre, code)

    yield ouvrir
    registre.close()


@pytest.fixture
def lieu(ouvrir_lieu: Callable[[str], Lieu]) -> Lieu:
    """La plus petite commune des exemples : deux titulaires, trois élus."""
    return ouvrir_lieu("lubescaux")
