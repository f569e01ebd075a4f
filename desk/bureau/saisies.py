"""Ce que partagent les pages où l'on saisit sur un agent : son choix, le geste ou son refus, la phrase qui suit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from starlette.responses import HTMLResponse, Response

from desk.bureau.demande import Demande, adresse_avec
from desk.bureau.listes import jour
from payroll.anomalies import Anomalie
from payroll.money import AmountError, parse_amount
from payroll.month.commun import Acte, GesteRefuse
from payroll.month.mouvements import Mouvement
from payroll.periods import Month

Fait = TypeVar("Fait")


@dataclass(frozen=True, slots=True)
class PageDeSaisie:
    """Une page d'un adhérent qui porte ses propres formulaires : elle se remontre, refus dits et saisie gardée."""

    nom: str
    """Le dernier mot de son adresse ; son gabarit est dans le dossier du même nom."""
    faits: Callable[[Demande, str], dict[str, Any]]
    """Ce que montre la page d'un adhérent."""

    @property
    def gabarit(self) -> str:
        return f"{self.nom}/{self.nom}.html"

    def voir(self, demande: Demande, code: str, agent: str) -> HTMLResponse:
        """La page, l'agent qu'on regardait déjà choisi."""
        return demande.page(self.gabarit, **self.faits(demande, code), saisie={"agent": agent})

    def faire(
        self, demande: Demande, code: str, geste: Callable[[Acte, str], Fait], dire: Callable[[Fait], str]
    ) -> Response:
        """Appelle le service avec l'acte et le motif saisi, puis dit ce qu'il a fait."""
        try:
            done = geste(demande.acte(), demande.champ("motif"))
        except GesteRefuse as refus:
            return self.refus(demande, code, refus)
        return self.retour(demande, code, dire(done))

    def refus(self, demande: Demande, code: str, why: GesteRefuse | Sequence[Anomalie | str]) -> HTMLResponse:
        """La même page, avec ce qui ne va pas."""
        return demande.erreur(self.gabarit, why, **self.faits(demande, code))

    def retour(self, demande: Demande, code: str, phrase: str, genre: str = "succes") -> Response:
        """Revient à la page, qui dit la phrase."""
        return demande.retour(adresse_avec(f"/adherents/{code}/{self.nom}", mois=demande.mois), phrase, genre)


def agent_choisi(demande: Demande) -> tuple[str, str]:
    """Matricule et contrat du choix « matricule|contrat »."""
    matricule, _, contrat = demande.champ("agent").partition("|")
    return matricule, contrat


def jour_saisi(demande: Demande, nom: str) -> date:
    """La date d'un champ ; lève :class:`GesteRefuse` si elle manque ou ne se lit pas."""
    day = jour(demande.champ(nom))
    if day is None:
        raise GesteRefuse("La date manque ou ne se lit pas : choisissez-la dans le calendrier, ou écrivez AAAA-MM-JJ.")
    return day


def montant_saisi(demande: Demande, nom: str) -> int:
    """La valeur d'un champ, en centimes ou en centièmes ; lève :class:`GesteRefuse` si elle ne se lit pas."""
    text = demande.champ(nom)
    try:
        return parse_amount(text)
    except AmountError:
        raise GesteRefuse(f"« {text} » n'est pas un montant : écrivez par exemple 12,50.") from None


def a_recalculer(fait: str, mois_payes: Sequence[Month]) -> str:
    """La phrase d'un geste qui change la paie, et ce qu'il faut faire ensuite."""
    told = f"{fait}. Recalculez la paie."
    if mois_payes:
        told += (
            f" Des mois déjà payés sont touchés depuis {mois_payes[0].libelle} : un rappel leur rendra ce qui est dû."
        )
    return told


def mouvement_dit(done: Mouvement) -> str:
    """Ce qu'un événement de contrat vient de changer, et ce qu'il faut faire ensuite."""
    numero = f", contrat {done.contrat}" if done.contrat else ""
    return a_recalculer(f"Agent {done.matricule}{numero} : {done.phrase}", done.mois_payes)
