"""La matière des mesures : les situations et les bulletins des adhérents fictifs, pour novembre 2026."""

from __future__ import annotations

import atexit
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from itertools import cycle, islice
from pathlib import Path

from payroll.engine.situation import Employeur, Situation
from payroll.month.adherents import import_adherent
from payroll.month.calculer import compute_month
from payroll.month.commun import Acte, find_adherent, require_paie
from payroll.month.dossier import payslip_facts
from payroll.month.lire import read_bulletins
from payroll.month.ouvrir import open_month
from payroll.month.situations import gather
from payroll.month.valider import approve
from payroll.periods import Month
from payroll.settings import Reglages
from payroll.store.registre import Registre
from payroll.store.tables import Adherent

MOIS = Month(2026, 11)
ACTE = Acte("mesure", datetime(2026, 11, 20, tzinfo=UTC))
_EXAMPLES = Path(__file__).resolve().parents[1] / "examples" / "adherents"


@dataclass(frozen=True, slots=True)
class Lot:
    """Des agents de toutes les populations couvertes, chacun avec son employeur."""

    employeurs: list[Employeur]
    situations: list[Situation]

    def of(self, count: int) -> Lot:
        """Le même mélange, à ce nombre d'agents, chacun avec son matricule."""
        pairs = islice(cycle(zip(self.employeurs, self.situations, strict=True)), count)
        rows = [
            (employeur, replace(situation, matricule=f"M{i:07d}")) for i, (employeur, situation) in enumerate(pairs)
        ]
        return Lot([employeur for employeur, _ in rows], [situation for _, situation in rows])


class Installation:
    """Un registre jetable où les adhérents fictifs sont inscrits et leur mois calculé."""

    def __init__(self, folder: Path) -> None:
        self.registre = Registre(f"sqlite:///{folder / 'paie.db'}", folder / "pieces")
        self.registre.upgrade()
        self.codes = []
        for path in sorted(_EXAMPLES.glob("*.yaml")):
            adherent = import_adherent(self.registre, path, ACTE)
            if not isinstance(adherent, Adherent):
                raise RuntimeError(f"exemple fautif : {path.name}")
            open_month(self.registre, adherent.code, MOIS, ACTE)
            compute_month(self.registre, adherent.code, MOIS, ACTE, sans_fichier=True)
            approve(self.registre, adherent.code, MOIS, ACTE)
            self.codes.append(adherent.code)
        self.declarant = Reglages().declarant(MOIS)

    def lot(self) -> Lot:
        """Les situations du mois, toutes collectivités mêlées."""
        employeurs, situations = [], []
        with self.registre.transaction() as session:
            for code in self.codes:
                gathered = gather(session, find_adherent(session, code), MOIS)
                if isinstance(gathered, list):
                    raise RuntimeError(str(gathered[0]))
                for contrat in gathered.contrats:
                    employeurs.append(gathered.employeur)
                    situations.append(contrat.situation)
        return Lot(employeurs, situations)

    def payslips(self) -> list[object]:
        """De quoi imprimer chaque bulletin."""
        with self.registre.transaction() as session:
            return [
                payslip_facts(adherent, MOIS, lu, date(2026, 11, 27))
                for code in self.codes
                for adherent in [find_adherent(session, code)]
                for lu in read_bulletins(session, require_paie(session, adherent, MOIS))
            ]


@cache
def installation() -> Installation:
    """L'installation jetable, une par processus ; son dossier s'efface à la fin."""
    folder = tempfile.TemporaryDirectory(prefix="paie-mesure-")
    place = Installation(Path(folder.name))
    # Fermer le registre d'abord : SQLite tient encore son fichier.
    atexit.register(folder.cleanup)
    atexit.register(place.registre.close)
    return place
