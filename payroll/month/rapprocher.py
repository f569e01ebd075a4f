"""Rapprocher la DSN de ses bulletins : chaque somme, du bulletin au paiement, et d'où vient chaque écart.

Quatre égalités doivent tenir : cotisations individuelles = lignes des bulletins, bordereau = cotisations, paiements =
bordereau, impôt des versements = impôt des bulletins. Un écart est un arrondi (assiettes et paiements à l'euro) ou une
somme que l'on a dit ne pas savoir porter ; tout autre est une faute.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dsn import codes as dsn_codes
from dsn.anomalies import Anomaly
from dsn.codes import Contribution
from dsn.message import Block, Message
from payroll.engine.bulletin import Ligne, Section
from payroll.money import format_amount
from payroll.month.declaration import population_of
from payroll.month.lire import BulletinLu

_PAS_EN_COTISATION = frozenset({Section.BRUT, Section.NET})
_ARRONDI_PAR_ASSIETTE = 75
"""Centimes : ce qu'une assiette arrondie à l'euro change, à 150 % de taux au plus."""
_DEMI_EURO = 50
_CONTROLES = ("Contrôle", "Gravité", "Rubrique", "Ligne du message", "Ce qui est signalé")
_TITRES = (
    "Ce que l'on rapproche",
    "Bulletins",
    "DSN, par agent",
    "DSN, bordereau ou paiement",
    "Écart",
    "D'où il vient",
)


@dataclass(frozen=True, slots=True)
class Rapprochement:
    """Une égalité. Montants en centimes ; ``None`` : la colonne ne la concerne pas."""

    objet: str
    bulletins: int
    individuel: int | None
    paye: int | None
    origine: str = ""
    """D'où vient l'écart ; vide s'il n'y en a pas."""
    juste: bool = True

    @property
    def ecart(self) -> int:
        """Ce que la dernière colonne connue dit de plus que les bulletins."""
        last = self.paye if self.paye is not None else self.individuel
        return 0 if last is None else last - self.bulletins


def reconcile(
    bulletins: Sequence[BulletinLu], message: Message, norme: str, *, effectif_50: bool
) -> list[Rapprochement]:
    """Toutes les égalités d'une déclaration, dans l'ordre où on les lit."""
    lus = _Lus(bulletins, norme, effectif_50)
    dits = _Dits(message)
    return [
        *_revenus(lus, dits),
        *_cotisations(lus, dits),
        _urssaf(lus, dits),
        _ircantec(lus, dits),
        _impot(lus, dits),
        *_complementaires(lus, dits),
        *_hors_dsn(lus),
    ]


def unsettled(rows: Iterable[Rapprochement]) -> list[Rapprochement]:
    """Les égalités qui ne tiennent pas."""
    return [row for row in rows if not row.juste]


def to_csv(rows: Iterable[Rapprochement]) -> bytes:
    """Le tableau en CSV lisible par un tableur français."""
    lines = []
    for row in rows:
        amounts = (row.bulletins, row.individuel, row.paye, row.ecart)
        shown = ["" if amount is None else format_amount(amount) for amount in amounts]
        lines.append([row.objet, *shown, row.origine if row.juste else f"À EXPLIQUER. {row.origine}".strip()])
    return _csv(_TITRES, lines)


def controls_csv(anomalies: Sequence[Anomaly]) -> bytes:
    """Ce que les contrôles de la norme disent du message, comme le tableau ; une ligne dit s'il n'y a rien."""
    lines = [[item.code, item.gravite, item.rubrique, str(item.line or ""), item.message] for item in anomalies]
    return _csv(_CONTROLES, lines or [["", "", "", "", "Aucun contrôle n'a rien signalé."]])


def _csv(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Point-virgule, virgule décimale, UTF-8 avec marque : ce qu'un tableur français ouvre sans question."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=";", lineterminator="\r\n")
    writer.writerow(titles)
    writer.writerows(rows)
    return stream.getvalue().encode("utf-8-sig")


class _Lus:
    """Ce que disent les bulletins."""

    def __init__(self, bulletins: Sequence[BulletinLu], norme: str, effectif_50: bool) -> None:
        self.bulletins, self.norme, self.effectif_50 = bulletins, norme, effectif_50
        self.codes = dsn_codes.load()
        self.lignes: list[tuple[Contribution | None, Ligne]] = [
            (self.codes.contribution(norme, population_of(lu), ligne.code, effectif_50=effectif_50), ligne)
            for lu in bulletins
            for ligne in lu.bulletin.lignes
            if ligne.section not in _PAS_EN_COTISATION and ligne.code != "pas"
        ]

    def total(self, name: str) -> int:
        return sum(int(getattr(lu.bulletin, name)) for lu in self.bulletins)

    def cotisations(self) -> dict[frozenset[str], int]:
        """Codes 81 liés → somme des lignes : deux contributions qui partagent un code n'en font qu'une."""
        groups: list[tuple[set[str], int]] = []
        for row, ligne in self.lignes:
            codes = self._declared(row) if row is not None and row.base else set()
            if not codes or row is None:
                continue
            amount = ligne.montant_salarie + ligne.montant_employeur
            amount = abs(amount) if row.valeur_absolue else amount
            linked = [group for group in groups if group[0] & codes]
            groups = [group for group in groups if group not in linked]
            groups.append((codes.union(*(group[0] for group in linked)), amount + sum(group[1] for group in linked)))
        return {frozenset(codes): amount for codes, amount in groups}

    def _declared(self, row: Contribution) -> set[str]:
        """Les codes 81 d'une contribution, et ceux de la part que la déclaration en détache (NBI)."""
        detached = next(
            (
                item
                for item in (
                    self.codes.contribution(self.norme, name, f"{row.contribution}_nbi")
                    for name in row.ligne.populations
                )
                if item is not None
            ),
            None,
        )
        parts = (*row.cotisations, *(detached.cotisations if detached else ()))
        return {part.valeur for part in parts}


class _Dits:
    """Ce que dit le message."""

    def __init__(self, message: Message) -> None:
        self.blocs: dict[str, list[Block]] = {}
        for block in message.walk():
            self.blocs.setdefault(block.id[-2:] if block.id.startswith("S21.G00.") else block.id, []).append(block)

    def somme(self, bloc: str, suffixe: str, **where: str | frozenset[str]) -> int:
        """La somme d'une rubrique, en centimes, sur les blocs qui portent ces valeurs (``r001="03"``)."""
        return sum(
            _cents(block.get(suffixe))
            for block in self.blocs.get(bloc, [])
            if all(_matches(block.get(name[1:]), wanted) for name, wanted in where.items())
        )


def _matches(value: str | None, wanted: str | frozenset[str]) -> bool:
    return value in wanted if isinstance(wanted, frozenset) else value == wanted


def _cents(text: str | None) -> int:
    return int((text or "0.00").replace(".", ""))


def _equal(objet: str, bulletins: int, individuel: int) -> Rapprochement:
    return Rapprochement(objet, bulletins, individuel, None, juste=bulletins == individuel)


def _revenus(lus: _Lus, dits: _Dits) -> list[Rapprochement]:
    return [
        _equal("Rémunération brute", lus.total("brut"), dits.somme("51", "013", r011="001")),
        _equal("Montant net social", lus.total("montant_net_social"), dits.somme("58", "004", r003="03")),
    ]


def _cotisations(lus: _Lus, dits: _Dits) -> list[Rapprochement]:
    def name(group: frozenset[str]) -> str:
        first = next(row for row, _ in lus.lignes if row and group & {part.valeur for part in row.cotisations})
        return f"{first.ligne.libelle.partition(' (')[0]} ({', '.join(sorted(group))})"

    return [
        _equal(name(group), amount, dits.somme("81", "004", r001=group))
        for group, amount in sorted(lus.cotisations().items(), key=lambda item: min(item[0]))
    ]


def _urssaf(lus: _Lus, dits: _Dits) -> Rapprochement:
    """Le bordereau recalcule sur des assiettes à l'euro ; ce qu'il ne porte pas est une ligne de codes non trouvée."""
    due, missing = 0, dict[str, int]()
    for row, ligne in lus.lignes:
        if row is None or row.organisme != "urssaf":
            continue
        amount = ligne.montant_salarie + ligne.montant_employeur
        due += amount
        unknown = next((ctp for ctp in map(lus.codes.ctp, row.ctp) if ctp.ligne.valeur is None), None)
        if unknown is not None:
            name = f"{unknown.ligne.libelle}, non portée"
            missing[name] = missing.get(name, 0) - amount
    exemption = _undeducted(lus, dits)
    if exemption:
        missing["Exonération de contrat aidé non retranchée"] = exemption
    slip = dits.somme("22", "005")
    paid = _paid(dits, {block.get("001") for block in dits.blocs.get("22", [])})
    rounding = slip - due - sum(missing.values())
    margin = 100 + _ARRONDI_PAR_ASSIETTE * len(dits.blocs.get("23", [])) + len(lus.lignes)
    parts = [f"{name} : {format_amount(amount)}" for name, amount in missing.items()]
    if rounding:
        parts.append(f"arrondis à l'euro des assiettes et du bordereau : {format_amount(rounding)}")
    return Rapprochement(
        "Bordereau Urssaf et son paiement", due, slip, paid, " ; ".join(parts), abs(rounding) <= margin and slip == paid
    )


def _undeducted(lus: _Lus, dits: _Dits) -> int:
    """L'exonération déclarée par agent (81) dont le CTP manque : le bordereau ne la retranche pas."""
    found = [row for row in (lus.codes.exoneration(lus.norme, name) for name in dsn_codes.POPULATIONS) if row]
    return sum(
        dits.somme("81", "004", r001=frozenset(part.valeur for part in row.cotisations))
        for row in found
        if all(lus.codes.ctp(code).ligne.valeur is None for code in row.porte)
    )


def _paid(dits: _Dits, organismes: set[str | None]) -> int:
    return sum(_cents(block.get("005")) for block in dits.blocs.get("20", []) if block.get("001") in organismes)


def _rounded(objet: str, bulletins: int, individuel: int, paye: int) -> Rapprochement:
    origin = "" if paye == bulletins else "arrondi du paiement à l'euro"
    settled = bulletins == individuel and abs(paye - bulletins) <= _DEMI_EURO
    return Rapprochement(objet, bulletins, individuel, paye, origin, settled)


def _ircantec(lus: _Lus, dits: _Dits) -> Rapprochement:
    due = sum(
        ligne.montant_salarie + ligne.montant_employeur
        for row, ligne in lus.lignes
        if row is not None and row.organisme == "ircantec"
    )
    codes = frozenset(
        part.valeur
        for row, _ in lus.lignes
        if row is not None and row.organisme == "ircantec"
        for part in row.cotisations
    )
    sirets = {block.get("002") for block in dits.blocs.get("81", []) if block.get("001") in codes}
    said = dits.somme("81", "004", r001=codes)
    return _rounded("Ircantec et son paiement", due, said, _paid(dits, sirets - {None}))


def _impot(lus: _Lus, dits: _Dits) -> Rapprochement:
    paid = dits.somme("20", "005", r002=lus.codes.organisme("dgfip_pas").entite)
    return _rounded("Prélèvement à la source et son paiement", lus.total("pas"), dits.somme("50", "009"), paid)


def _complementaires(lus: _Lus, dits: _Dits) -> list[Rapprochement]:
    due = sum(
        ligne.montant_salarie + ligne.montant_employeur
        for _, ligne in lus.lignes
        if lus.codes.prevoyance(ligne.code) is not None
    )
    if not due:
        return []
    said = dits.somme("81", "004", r001="059")
    paid = _paid(dits, {block.get("002") for block in dits.blocs.get("15", [])})
    return [Rapprochement("Santé et prévoyance collectives", due, said, paid, juste=due == said == paid)]


def _hors_dsn(lus: _Lus) -> list[Rapprochement]:
    sums: dict[str, int] = {}
    for row, ligne in lus.lignes:
        if row is not None and row.hors_dsn:
            sums[row.ligne.libelle] = sums.get(row.ligne.libelle, 0) + ligne.montant_salarie + ligne.montant_employeur
    return [
        Rapprochement(name, amount, None, None, "hors DSN : à verser à l'organisme")
        for name, amount in sums.items()
        if amount
    ]
