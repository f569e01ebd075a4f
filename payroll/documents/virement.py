"""Le fichier de virement des traitements (SEPA pain.001.001.03), et le mot qui dit ce qu'il ne paie pas.

Un virement par agent dont le net est positif, motif de paiement SALA. Les références viennent de la paie, jamais de
l'horloge : la même paie redonne le même fichier, et la même référence empêche une banque de la payer deux fois.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import sepaxml  # type: ignore[import-untyped]  # sepaxml ne livre pas ses types
from defusedxml.ElementTree import fromstring
from stdnum import iban as iban_rule

from payroll.anomalies import Anomalie, Gravite
from payroll.money import format_amount
from payroll.periods import Month

if TYPE_CHECKING:
    from xmlschema import XMLSchema

SCHEMA = "pain.001.001.03"
_ESPACE = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"
_NS = {"p": _ESPACE}
_HORS_JEU = re.compile(r"[^A-Za-z0-9/?:().,'+ -]+")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
_LIGATURES = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l",
                            "Ł": "L", "đ": "d", "Đ": "D", "’": "'"})  # fmt: skip
_NOM_MAX, _REFERENCE_MAX = 70, 35


@dataclass(frozen=True, slots=True)
class NetAgent:
    """Ce qu'un bulletin doit à un agent, en centimes, et où le verser."""

    matricule: str
    titulaire: str
    iban: str
    bic: str
    net: int


@dataclass(frozen=True, slots=True)
class VirementFacts:
    """Une paie à virer ; ``etabli_le`` est l'heure du calcul, que le fichier porte comme date de création."""

    nom: str
    siret: str
    iban: str
    bic: str
    mois: Month
    revision: int
    etabli_le: datetime
    date_paiement: date
    nets: tuple[NetAgent, ...]


@dataclass(frozen=True, slots=True)
class Virements:
    """Le fichier (``None`` s'il n'y a rien à virer, ou pas de compte à débiter) et ce qu'il ne paie pas."""

    fichier: bytes | None
    payes: tuple[NetAgent, ...]
    anomalies: tuple[Anomalie, ...]

    @property
    def total(self) -> int:
        """La somme virée, en centimes."""
        return sum(net.net for net in self.payes)


def prepare(facts: VirementFacts) -> Virements:
    """Un virement par agent (ses contrats additionnés) ; qui ne peut être payé est une anomalie, jamais une panne."""
    anomalies: list[Anomalie] = []
    debit = iban_rule.compact(facts.iban)
    if not iban_rule.is_valid(debit):
        anomalies.append(
            Anomalie(
                code="virement-compte-a-debiter",
                message="le compte à débiter manque ou n'est pas un IBAN juste : aucun fichier de virement n'est fait",
                remede="Complétez l'IBAN de l'adhérent, puis restituez de nouveau.",
            )
        )
    payes: list[NetAgent] = []
    for net in _by_agent(facts.nets):
        refus = _refusal(net)
        if refus is not None:
            anomalies.append(refus)
        else:
            payes.append(net)
    if not payes or not iban_rule.is_valid(debit):
        return Virements(None, (), tuple(anomalies))
    return Virements(_write(facts, payes), tuple(payes), tuple(anomalies))


def letter(facts: VirementFacts, virements: Virements) -> bytes:
    """Le mot joint : ce que le fichier vire, ce qu'il ne vire pas et pourquoi ; par matricule, sans nom ni compte."""
    total = sum(net.net for net in facts.nets)
    lines = [
        f"Virements des traitements – {facts.mois.libelle}",
        f"{facts.nom} – SIRET {facts.siret} – révision {facts.revision}",
        "",
        f"Date d'exécution demandée : {facts.date_paiement:%d/%m/%Y}",
        f"Virements dans le fichier : {len(virements.payes)}",
        f"Montant viré              : {format_amount(virements.total)} €",
        f"Net à payer des bulletins : {format_amount(total)} €",
        f"Écart, expliqué ci-après  : {format_amount(total - virements.total)} €",
        "",
    ]
    if virements.fichier is not None:
        lines += [
            f"Format SEPA {SCHEMA}, motif SALA, référence {_reference(facts)}.",
            "Demandez à votre comptable public s'il accepte ce format avant le premier envoi.",
            "",
        ]
    if virements.anomalies:
        lines += ["À régler hors de ce fichier :", *(f"- {anomalie}" for anomalie in virements.anomalies)]
    else:
        lines.append("Tous les nets à payer sont dans le fichier.")
    return "\r\n".join([*lines, ""]).encode("utf-8-sig")


@cache
def schema() -> XMLSchema:
    """Le schéma ISO 20022 du fichier, lu une fois (un quart de seconde)."""
    from xmlschema import XMLSchema  # ici : la commande qui ne vire rien n'a pas à attendre son chargement

    return XMLSchema(str(Path(sepaxml.__file__).parent / "schemas" / f"{SCHEMA}.xsd"))


def _by_agent(nets: Sequence[NetAgent]) -> list[NetAgent]:
    found: dict[str, NetAgent] = {}
    for net in nets:
        known = found.get(net.matricule)
        found[net.matricule] = net if known is None else replace(known, net=known.net + net.net)
    return [found[matricule] for matricule in sorted(found)]


def _refusal(net: NetAgent) -> Anomalie | None:
    """Pourquoi cet agent n'est pas dans le fichier ; ``None`` s'il y est."""
    montant = f"{format_amount(abs(net.net))} €"
    if net.net < 0:
        return Anomalie(
            code="virement-trop-percu",
            message=f"net négatif : trop-perçu de {montant}, rien à virer",
            remede="Régularisez-le avec l'agent, ou par un rappel le mois prochain.",
            gravite=Gravite.AVERTISSEMENT,
            matricule=net.matricule,
        )
    if net.net == 0:
        return Anomalie(
            code="virement-net-nul",
            message="net à payer nul, rien à virer",
            gravite=Gravite.AVERTISSEMENT,
            matricule=net.matricule,
        )
    if not iban_rule.is_valid(net.iban):
        defaut = "n'est pas juste" if net.iban.strip() else "manque"
        return Anomalie(
            code="virement-iban",
            message=f"l'IBAN de l'agent {defaut} : {montant} ne sont pas dans le fichier de virement",
            remede="Demandez un relevé d'identité bancaire, complétez le dossier, puis restituez de nouveau.",
            matricule=net.matricule,
        )
    return None


def _write(facts: VirementFacts, payes: Sequence[NetAgent]) -> bytes:
    config = {"name": _latin(facts.nom, facts.siret), "IBAN": iban_rule.compact(facts.iban), "batch": True}
    order = sepaxml.SepaTransfer({**config, "currency": "EUR", **_bic(facts.bic)}, schema=SCHEMA, clean=False)
    for net in payes:
        order.add_payment(
            {
                "name": _latin(net.titulaire, _latin(f"AGENT {net.matricule}", "AGENT")),
                "IBAN": iban_rule.compact(net.iban),
                "amount": net.net,
                "execution_date": facts.date_paiement,
                "description": f"TRAITEMENT {facts.mois.month:02d}/{facts.mois.year}",
                "endtoend_id": _latin(f"{facts.mois}-{net.matricule}", str(facts.mois))[:_REFERENCE_MAX],
                **_bic(net.bic),
            }
        )
    root = fromstring(order.export(validate=False))
    _settle(root, facts)
    ElementTree.indent(root)
    ElementTree.register_namespace("", _ESPACE)
    content: bytes = ElementTree.tostring(root, "utf-8", xml_declaration=True)
    schema().validate(content.decode())
    return content


def _settle(root: ElementTree.Element, facts: VirementFacts) -> None:
    """Met nos références à la place de celles que sepaxml tire au sort ou lit à l'horloge, et le motif SALA."""
    reference = _reference(facts)
    moment = facts.etabli_le if facts.etabli_le.tzinfo else facts.etabli_le.replace(tzinfo=UTC)
    for path, text in (
        (".//p:GrpHdr/p:MsgId", reference),
        (".//p:GrpHdr/p:CreDtTm", moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")),
        (".//p:PmtInf/p:PmtInfId", f"{reference}-1"),
    ):
        _required(root, path).text = text
    motif = ElementTree.SubElement(_required(root, ".//p:PmtTpInf"), f"{{{_ESPACE}}}CtgyPurp")
    ElementTree.SubElement(motif, f"{{{_ESPACE}}}Cd").text = "SALA"
    institution = _required(root, ".//p:PmtInf/p:DbtrAgt/p:FinInstnId")
    if len(institution) == 0:
        # Sans BIC, les règles SEPA veulent que la banque soit dite « non fournie ».
        other = ElementTree.SubElement(institution, f"{{{_ESPACE}}}Othr")
        ElementTree.SubElement(other, f"{{{_ESPACE}}}Id").text = "NOTPROVIDED"


def _required(root: ElementTree.Element, path: str) -> ElementTree.Element:
    found = root.find(path, _NS)
    if found is None:
        raise RuntimeError(f"sepaxml n'a pas écrit {path}")
    return found


def _reference(facts: VirementFacts) -> str:
    return f"{facts.siret}-{facts.mois}-R{facts.revision}"


def _bic(text: str) -> dict[str, str]:
    """Le BIC s'il en a la forme : l'IBAN suffit, un BIC faux ferait rejeter le virement."""
    compact = "".join(text.split()).upper()
    return {"BIC": compact} if _BIC.fullmatch(compact) else {}


def _latin(text: str, sinon: str) -> str:
    """Le texte dans le jeu de caractères des virements SEPA ; ``sinon`` s'il n'en reste rien.

    >>> _latin("Lœillet-Đurić & fils", "")
    'Loeillet-Duric fils'
    """
    plain = unicodedata.normalize("NFKD", text.translate(_LIGATURES)).encode("ascii", "ignore").decode("ascii")
    return " ".join(_HORS_JEU.sub(" ", plain).split())[:_NOM_MAX].strip() or sinon
