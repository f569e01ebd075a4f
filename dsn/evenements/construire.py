"""Du message mensuel au signalement : la personne et le contrat tels qu'ils ont été déclarés, et l'événement.

Chaque rubrique gardée est de celles que la norme admet dans cette nature ; le reste de la mensuelle n'y va pas.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from dsn import amounts, codes, writer
from dsn.message import Block, Field, Message
from dsn.norm import Norm

ARRET, REPRISE, FIN = "04", "05", "07"
NORMAL, REMPLACE = "01", "03"
_ENVOI, _DECLARATION, _CONTACT = "S10.G00.00", "S20.G00.05", "S20.G00.07"
_INDIVIDU, _CONTRAT, _VERSEMENT = "S21.G00.30", "S21.G00.40", "S21.G00.50"
_ARRET, _FIN, _PREAVIS = "S21.G00.60", "S21.G00.62", "S21.G00.63"
_FRACTION = "11"
_MOIS_PRINCIPAL = "01"
"""S21.G00.50.020 : éléments du mois de la fin."""
_ADMIS = frozenset("OCF")
_PROPRES = {ARRET: frozenset({_ARRET}), REPRISE: frozenset({_ARRET}), FIN: frozenset({_FIN, _PREAVIS})}
"""Les blocs que l'événement écrit lui-même : ceux de la mensuelle n'y sont pas repris."""
_NUMERO = {"S21.G00.51": "010", "S21.G00.52": "006", "S21.G00.54": "005", "S21.G00.78": "006", "S21.G00.86": "005"}
"""Bloc → le suffixe où il dit son contrat."""


class EvenementImpossible(ValueError):  # noqa: N818  (mot du métier : un refus motivé)
    """Le signalement ne peut pas se construire ; le message dit ce qui manque."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArretSignale:
    """S21.G00.60 d'un signalement d'arrêt."""

    motif: str
    dernier_jour_travaille: date
    fin_previsionnelle: date
    subrogation: bool = False
    debut_subrogation: date | None = None
    fin_subrogation: date | None = None
    iban: str = ""
    bic: str = ""
    accident: date | None = None
    """Date de l'accident ou de la première constatation : exigée pour un motif 04, 05 ou 06, interdite sinon."""

    def fields(self) -> Iterator[tuple[str, str]]:
        yield "001", self.motif
        yield "002", amounts.jour(self.dernier_jour_travaille)
        yield "003", amounts.jour(self.fin_previsionnelle)
        yield "004", "01" if self.subrogation else "02"
        if self.subrogation:
            yield "005", _day(self.debut_subrogation)
            yield "006", _day(self.fin_subrogation)
            yield "007", self.iban
            yield "008", self.bic
        if self.accident:
            yield "012", amounts.jour(self.accident)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReprisePrecoce:
    """S21.G00.60 d'un signalement de reprise : l'arrêt signalé, et le jour du retour."""

    motif: str
    dernier_jour_travaille: date
    fin_previsionnelle: date
    reprise: date
    accident: date | None = None

    def fields(self) -> Iterator[tuple[str, str]]:
        yield "001", self.motif
        yield "002", amounts.jour(self.dernier_jour_travaille)
        yield "003", amounts.jour(self.fin_previsionnelle)
        yield "010", amounts.jour(self.reprise)
        yield "011", _code("motif_reprise")
        if self.accident:
            yield "012", amounts.jour(self.accident)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinSignalee:
    """S21.G00.62 et 63 d'une fin de contrat unique."""

    fin: date
    motif: str
    dernier_jour_paye: date
    notification: date | None = None
    signature: date | None = None
    engagement: date | None = None
    preavis: str = ""
    """S21.G00.63.001 ; vide : déduit du motif, ou refusé."""
    debut_preavis: date | None = None
    fin_preavis: date | None = None

    def fields(self) -> Iterator[tuple[str, str]]:
        yield "001", amounts.jour(self.fin)
        yield "002", self.motif
        for suffix, day in (("003", self.notification), ("004", self.signature), ("005", self.engagement)):
            if day:
                yield suffix, amounts.jour(day)
        yield "006", amounts.jour(self.dernier_jour_paye)
        yield "008", _code("transaction")
        yield "020", amounts.jour(self.fin.replace(day=1))

    def notice(self) -> Iterator[tuple[str, str]]:
        """Le préavis, S21.G00.63."""
        yield "001", self.preavis or _code("sans_preavis")
        for suffix, day in (("002", self.debut_preavis), ("003", self.fin_preavis)):
            if day:
                yield suffix, amounts.jour(day)

    def missing(self) -> list[str]:
        """Ce que ce motif exige et que l'on ne sait pas, en français ; vide si rien ne manque."""
        asked = (
            ("motifs_a_notification", self.notification, "la date de notification de la rupture"),
            ("motifs_a_signature", self.signature, "la date de signature de la convention"),
            ("motifs_a_engagement", self.engagement, "la date d'engagement de la procédure"),
        )
        found = [label for name, day, label in asked if day is None and self.motif in _code(name).split()]
        if not self.preavis and self.motif not in _code("motifs_sans_preavis").split():
            found.append("la réalisation du préavis (S21.G00.63.001)")
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Signalement:
    """Un événement à signaler, et de qui."""

    nir: str
    """Treize ou quinze caractères : c'est lui qui retrouve la personne dans la mensuelle."""
    contrat: str
    fait: ArretSignale | ReprisePrecoce | FinSignalee
    numero_ordre: int
    constitution: date
    remplace: str = ""
    """L'identifiant du signalement remplacé (S20.G00.05.006) ; vide : premier envoi."""

    @property
    def nature(self) -> str:
        return {ArretSignale: ARRET, ReprisePrecoce: REPRISE, FinSignalee: FIN}[type(self.fait)]


def build_event(mensuelle: Message, event: Signalement) -> Message:
    """Le message d'un signalement, à contrôler par ``dsn.check_file``.

    Lève :class:`EvenementImpossible` si la mensuelle ne porte ni la personne ni le contrat, ou s'il manque une donnée.
    """
    norm = mensuelle.norm()
    if norm is None or mensuelle.envoi is None:
        raise EvenementImpossible("la mensuelle de référence n'a pas de norme connue")
    if isinstance(event.fait, FinSignalee) and event.fait.missing():
        raise EvenementImpossible(f"il manque {' ; '.join(event.fait.missing())}")
    for declaration in mensuelle.declarations:
        if any(_is_wanted(person, event) for person in declaration.find(_INDIVIDU)):
            break
    else:
        raise EvenementImpossible(
            "aucune mensuelle ne porte encore cette personne et ce contrat : le signalement ne pourrait pas être "
            "exploité (CT §2.5.1)"
        )
    body = _pruned(declaration, norm, event)
    if body is None:
        raise EvenementImpossible("la mensuelle de référence est incomplète")
    if event.nature != FIN and not any(child.id == _CONTACT for child in body.children):
        raise EvenementImpossible("il manque le contact de l'adhérent (nom, téléphone, courriel), exigé au signalement")
    _head(body, event)
    contract = body.find(_CONTRAT)[0]
    if isinstance(event.fait, FinSignalee):
        contract.children.append(_block(_FIN, event.fait.fields()))
        contract.children.append(_block(_PREAVIS, event.fait.notice()))
        for payment in body.find(_VERSEMENT):
            payment.fields.append(Field(f"{_VERSEMENT}.020", _MOIS_PRINCIPAL))
    else:
        contract.children.append(_block(_ARRET, event.fait.fields()))
    message = Message(_envoi(mensuelle.envoi), [body])
    writer.arrange(message)
    return message


def _envoi(source: Block) -> Block:
    """L'en-tête de la mensuelle, envoi « normal » : un signalement n'est jamais sans individu."""
    with_people = f"{_ENVOI}.008"
    fields = [Field(item.rubrique, "01" if item.rubrique == with_people else item.value) for item in source.fields]
    return Block(source.id, fields, [_envoi(child) for child in source.children])


def _is_wanted(person: Block, event: Signalement) -> bool:
    return person.get("001") == event.nir[:13] and any(
        child.id == _CONTRAT and child.get("009") == event.contrat for child in person.children
    )


def _pruned(block: Block, norm: Norm, event: Signalement) -> Block | None:
    """Une copie du bloc réduite à ce que la nature admet et à ce contrat ; ``None`` s'il n'y a pas sa place."""
    if block.id == _INDIVIDU and not _is_wanted(block, event):
        return None
    if block.id == _CONTRAT and block.get("009") != event.contrat:
        return None
    if block.id in _PROPRES[event.nature]:
        return None
    owner = block.get(_NUMERO[block.id]) if block.id in _NUMERO else None
    if owner and owner != event.contrat:
        return None
    fields = [
        Field(item.rubrique, item.value)
        for item in block.fields
        if item.rubrique in norm.rubriques and norm.rubriques[item.rubrique].usage(event.nature) in _ADMIS
    ]
    if not fields:
        return None
    children = [child for item in block.children if (child := _pruned(item, norm, event)) is not None]
    return Block(block.id, fields, children)


def _head(declaration: Block, event: Signalement) -> None:
    """L'en-tête du signalement : nature, type, ordre, date ; le reste vient de la mensuelle."""
    values = {
        "001": event.nature,
        "002": REMPLACE if event.remplace else NORMAL,
        "003": _FRACTION,
        "004": str(event.numero_ordre),
        "007": amounts.jour(event.constitution),
    }
    if event.remplace:
        values["006"] = event.remplace
    kept = [item for item in declaration.fields if item.rubrique[-3:] not in values]
    declaration.fields[:] = [*(Field(f"{_DECLARATION}.{suffix}", value) for suffix, value in values.items()), *kept]


def _block(name: str, fields: Iterator[tuple[str, str]]) -> Block:
    return Block(name, [Field(f"{name}.{suffix}", value) for suffix, value in fields if value])


def _day(value: date | None) -> str:
    return amounts.jour(value) if value else ""


def _code(name: str) -> str:
    """La valeur d'une ligne de ``evenements.yaml``."""
    return next(row.valeur or "" for row in codes.load().lignes if row.table == "evenements" and row.code == name)
