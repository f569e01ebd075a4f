"""Un contrat dans une mensuelle : son bloc et les versements qui le paient, lus sans rien en conclure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dsn import values
from dsn.message import Block
from payroll.month.reprise.lecture import MoisDeclare, Suivi

CONTRAT = "S21.G00.40"
ARRET, FIN, SUSPENSION = "S21.G00.60", "S21.G00.62", "S21.G00.65"
VERSEMENT, REMUNERATION, PRIME, ELEMENT = "S21.G00.50", "S21.G00.51", "S21.G00.52", "S21.G00.54"
BASE, COMPOSANT, COTISATION = "S21.G00.78", "S21.G00.79", "S21.G00.81"


@dataclass(frozen=True, slots=True)
class ContratLu:
    """Un contrat et le mois qui le déclare."""

    month: MoisDeclare
    block: Block
    paiements: tuple[Block, ...]
    """Les versements (50) dont une rémunération porte le numéro de ce contrat."""
    rang: int
    """Le rang de ce contrat parmi ceux que ses versements paient : un montant commun va au premier."""

    @property
    def numero(self) -> str:
        return self.block.get("009") or ""

    @property
    def debut(self) -> date | None:
        return values.jour(self.block.get("001"))

    def declared(self) -> dict[str, str]:
        """Suffixe → valeur de toutes les rubriques du contrat."""
        return {item.rubrique[-3:]: item.value for item in self.block.fields}

    def children(self, name: str) -> list[Block]:
        """Les blocs d'un nom sous le contrat."""
        return [child for child in self.block.children if child.id == name]

    def remuneration(self, suivi: Suivi, kind: str) -> int:
        """La somme des rémunérations (51) d'un type pour ce contrat, en centimes."""
        return sum(
            suivi.cents(block, "013")
            for block in self.paid(REMUNERATION)
            if suivi.text(block, "010") == self.numero and suivi.text(block, "011") == kind
        )

    def typed(self, suivi: Suivi, name: str, number: str) -> dict[str, int]:
        """Type → somme des montants (002) d'un bloc 52 ou 54 ; ``number`` : le suffixe de son numéro de contrat."""
        found: dict[str, int] = {}
        for block in self.paid(name):
            if suivi.text(block, number) == self.numero or (not block.get(number) and self.rang == 0):
                kind = suivi.text(block, "001")
                found[kind] = found.get(kind, 0) + suivi.cents(block, "002")
        return found

    def assiette(self, suivi: Suivi, cotisation: str, code: str = "") -> int:
        """La somme des assiettes (81.003) d'un code de cotisation, en centimes ; ``code`` : sous cette seule base."""
        return sum(
            suivi.cents(block, "003")
            for base in self.bases(suivi, code)
            for block in base.children
            if block.id == COTISATION and suivi.text(block, "001") == cotisation
        )

    def composant(self, suivi: Suivi, kind: str) -> int:
        """La somme des composants de base (79) d'un type, en centimes."""
        return sum(
            suivi.cents(block, "004")
            for base in self.bases(suivi)
            for block in base.children
            if block.id == COMPOSANT and suivi.text(block, "001") == kind
        )

    def bases(self, suivi: Suivi, code: str = "") -> list[Block]:
        """Les bases (78) de ce contrat ; sans numéro de contrat (78.006), celles du premier que le versement paie."""
        return [
            base
            for base in self.paid(BASE)
            if (suivi.text(base, "006") == self.numero or (not base.get("006") and self.rang == 0))
            and (not code or suivi.text(base, "001") == code)
        ]

    def complete(self) -> bool:
        """Vrai si le contrat couvre tout le mois sans arrêt ni suspension : ses montants sont ceux d'un mois entier."""
        first, last = self.month.mois.first_day, self.month.mois.last_day
        ends = [values.jour(block.get("001")) for block in self.children(FIN)]
        return (
            (self.debut is None or self.debut <= first)
            and not self.children(ARRET)
            and not self.children(SUSPENSION)
            and all(end is None or end >= last for end in ends)
        )

    def paid(self, name: str) -> list[Block]:
        """Les blocs d'un nom sous les versements de ce contrat."""
        return [block for payment in self.paiements for block in payment.find(name)]


def contracts_of(month: MoisDeclare, person: Block) -> list[ContratLu]:
    """Les contrats d'un individu dans un mois, avec les versements qui les paient."""
    blocks = [block for block in person.children if block.id == CONTRAT]
    payments = [block for block in person.children if block.id == VERSEMENT]
    numbers = {id(payment): _numbers(payment) for payment in payments}
    found = []
    for block in blocks:
        numero = block.get("009") or ""
        own = tuple(payment for payment in payments if numero in numbers[id(payment)])
        if not own and len(blocks) == 1:
            own = tuple(payments)
        ranks = [numbers[id(payment)].index(numero) for payment in own if numero in numbers[id(payment)]]
        found.append(ContratLu(month, block, own, min(ranks, default=0)))
    return found


def _numbers(payment: Block) -> list[str]:
    return list(dict.fromkeys(block.get("010") or "" for block in payment.find(REMUNERATION)))
