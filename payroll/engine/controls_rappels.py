"""Les refus d'un rappel : un mois qui ne peut se rappeler, un trop-perçu ou un droit prescrit."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from payroll.anomalies import Anomalie
from payroll.engine.inputs import LIBELLES, population
from payroll.engine.situation import Rappel, Situation, Statut
from payroll.legislation import Figures
from payroll.money import format_amount
from payroll.periods import Month


def check_recalls(mois: Month, situation: Situation) -> Iterator[Anomalie]:
    """Les défauts des rappels d'un bulletin, avant tout calcul."""
    rappels = situation.rappels
    codes = [rappel.mois for rappel in rappels]
    for origine in sorted({code for code in codes if codes.count(code) > 1}):
        yield _refus(
            situation,
            "rappel-en-double",
            f"deux rappels portent sur {origine.libelle} : la différence serait payée deux fois",
            "Gardez un rappel par mois du droit, avec les dernières conditions connues.",
        )
    for rappel in rappels:
        if rappel.mois >= mois:
            yield _refus(
                situation,
                "rappel-d-un-mois-non-paye",
                f"le mois du droit ({rappel.mois.libelle}) n'est pas antérieur au mois payé",
                "Un changement du mois présent se dit dans la situation de l'agent, avec sa date.",
            )
        if not 1 <= rappel.rang <= rappel.sur:
            yield _refus(
                situation,
                "rappel-echeance-impossible",
                f"l'échéance {rappel.rang} sur {rappel.sur} n'existe pas",
                "Corrigez l'étalement du rappel.",
            )
        if situation.statut is Statut.APPRENTI:
            yield _refus(
                situation,
                "rappel-non-couvert",
                "le rappel d'un apprenti n'est pas calculé : son exonération dépend du salaire de chaque mois",
                "Établissez ce rappel hors de l'outil.",
            )
        avant, apres = population(rappel.situation), population(situation)
        if avant != apres:
            yield _refus(
                situation,
                "rappel-autre-population",
                f"l'agent était {LIBELLES.get(avant, avant)} en {rappel.mois.libelle} et il est "
                f"{LIBELLES.get(apres, apres)} : les cotisations du rappel ne se calculent pas sur ce bulletin",
                "Payez ce rappel au titre de l'ancien contrat, hors de l'outil.",
            )


def check_amounts(
    mois: Month, rappel: Rappel, differences: Mapping[str, int], connues: Collection[str], versement: Figures
) -> Iterator[Anomalie]:
    """Les défauts de la différence trouvée ; ``versement`` : les chiffres du mois payé, qui portent les délais."""
    for code in sorted(set(rappel.paye or {}) - set(connues)):
        yield Anomalie(
            "rubrique-inconnue",
            "une rubrique payée ce mois-là n'existe plus : la différence ne peut se calculer",
            "Donnez à son montant le code d'aujourd'hui.",
            rubrique=code,
        )
    somme = sum(differences.values())
    ecart = (mois.year - rappel.mois.year) * 12 + mois.month - rappel.mois.month
    # La première retenue interrompt la prescription : les échéances suivantes ne la rencontrent plus.
    if somme < 0 and rappel.rang == 1 and ecart > versement.integer("trop_percu.prescription"):
        yield Anomalie(
            "trop-percu-prescrit",
            f"ce trop-perçu de {format_amount(-somme)} € ne peut plus être repris : deux années ont passé depuis le "
            "premier jour du mois qui suit son versement",
            "Retirez ce mois du rappel ; si une demande a été notifiée à temps, traitez la reprise hors de l'outil.",
            texte=versement.value("trop_percu.prescription").texte,
        )
    if somme > 0 and mois.year - rappel.mois.year > versement.integer("rappel.prescription"):
        yield Anomalie(
            "rappel-prescrit",
            "ce droit est prescrit : plus de quatre années civiles ont passé depuis celle où il est né",
            "Retirez ce mois, ou faites relever la prescription par l'assemblée et payez hors de l'outil.",
            texte=versement.value("rappel.prescription").texte,
        )


def _refus(situation: Situation, code: str, message: str, remede: str) -> Anomalie:
    return Anomalie(code, message, remede, matricule=situation.matricule)
