"""Des lignes de bulletin aux bases (78), cotisations individuelles (81) et CTP (23), par les seules données de codes.

Aucun code n'est écrit ici : ``dsn/codes/contributions.yaml`` dit quelle contribution va où, pour quelle population.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from dsn.anomalies import Anomaly
from dsn.codes import Codes, Contribution, Part
from dsn.codes.rows import RESTE, apply, percent_ppm
from dsn.facts import Base, Composant, CotisationIndividuelle

PLAFOND_APPLIQUE = "07"
Periode = tuple[date, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class LignePaie:
    """Une contribution du bulletin : assiette et parts en centimes, taux en millionièmes.

    Une part est positive quand elle est due, négative pour une réduction.
    """

    contribution: str
    """Le code de la ligne de bulletin : ``maladie``, ``cnracl``, ``cnracl_nbi``…"""
    assiette: int
    salarie: int = 0
    employeur: int = 0
    taux_salarie_ppm: int | None = None
    taux_employeur_ppm: int | None = None
    insee: str = ""
    """Commune du versement mobilité."""
    periode: Periode | None = None
    """Le mois du droit d'un rappel, du premier au dernier jour ; ``None`` : la période du bulletin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LigneCtp:
    """Ce qu'un agent apporte à un CTP : une assiette, ou un montant si le CTP en porte un."""

    code: str
    """``100/920``."""
    ctp: str
    qualifiant: str
    assiette: int | None = None
    montant: int | None = None
    taux_at_ppm: int | None = None
    insee: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assemblage:
    """Les bases et CTP d'un bulletin, et ce qui n'a pas pu être déclaré."""

    bases: tuple[Base, ...]
    ctp: tuple[LigneCtp, ...]
    anomalies: tuple[Anomaly, ...]


@dataclass(slots=True)
class _Cotisation:
    """Une cotisation 81 en cours de somme : les (assiette, taux) propres, et ceux dont l'assiette est déjà comptée."""

    organisme: str
    montant: int = 0
    own: list[tuple[int, int | None]] = field(default_factory=list)
    shared: list[tuple[int, int | None]] = field(default_factory=list)

    def assiette(self) -> int:
        """La somme des assiettes propres ; à défaut, l'assiette commune."""
        return sum(base for base, _ in self.own) if self.own else max((base for base, _ in self.shared), default=0)

    def taux_ppm(self) -> int | None:
        """Le taux de l'ensemble ; ``None`` s'il n'est pas connu ou diffère d'une assiette à l'autre."""
        if not self.own:
            return _total(rate for _, rate in self.shared)
        added = {_total([rate, *(other for shared, other in self.shared if shared == base)]) for base, rate in self.own}
        return added.pop() if len(added) == 1 else None


@dataclass(slots=True)
class _Base:
    montant: int = 0
    carried: bool = False
    cotisations: dict[tuple[str, str], _Cotisation] = field(default_factory=dict)


def assemble(
    codes: Codes,
    norme: str,
    population: str,
    lignes: Iterable[LignePaie],
    debut: date,
    fin: date,
    organismes: Mapping[str, str],
    *,
    effectif_50: bool = False,
    bases_connues: Mapping[str, int] | None = None,
    plafond_applique: int | None = None,
    numero_contrat: str = "",
) -> Assemblage:
    """Les bases et CTP d'un bulletin.

    Un rappel garde sa période dans les bases des caisses qui le rattachent au mois du droit (donnée ``rappel``) ; il
    s'ajoute à la période du bulletin dans les autres. ``organismes`` : ``urssaf`` et ``ircantec`` → SIRET.
    ``bases_connues`` : montant d'une base (02, 03…) que le bulletin connaît sans cotisation. ``plafond_applique`` :
    plafond du mois, porté sous la base 02.
    """
    work = _Work(codes, norme, population, organismes, effectif_50)
    all_lines = list(lignes)
    rate_at = next((line.taux_employeur_ppm for line in all_lines if line.contribution == "accident_travail"), None)
    for line in all_lines:
        work.add(line, rate_at)
    current = (debut, fin)
    found = {(code, periode or current): base for (code, periode), base in work.bases.items()}
    for code in codes.bases_minimales(norme, population):
        found.setdefault((code, current), _Base())
    for code, amount in (bases_connues or {}).items():
        base = found.setdefault((code, current), _Base())
        if not base.carried:
            base.montant, base.carried = amount, True
    bases = tuple(
        _finished(code, found[code, periode], periode, numero_contrat, plafond_applique if periode == current else None)
        for code, periode in sorted(found)
    )
    return Assemblage(bases=bases, ctp=tuple(work.ctp), anomalies=tuple(dict.fromkeys(work.anomalies)))


class _Work:
    """Les sommes en cours pour un bulletin."""

    def __init__(
        self, codes: Codes, norme: str, population: str, organismes: Mapping[str, str], effectif_50: bool
    ) -> None:
        self.codes, self.norme, self.population = codes, norme, population
        self.organismes, self.effectif_50 = organismes, effectif_50
        self.bases: dict[tuple[str, Periode | None], _Base] = {}
        self.ctp: list[LigneCtp] = []
        self.anomalies: list[Anomaly] = []

    def add(self, line: LignePaie, rate_at: int | None) -> None:
        """Range une contribution."""
        if not (line.assiette or line.salarie or line.employeur):
            return
        row = self.codes.contribution(self.norme, self.population, line.contribution, effectif_50=self.effectif_50)
        if row is None:
            text = f"Aucun code DSN pour « {line.contribution} » ({self.population}) : complétez contributions.yaml."
            self.anomalies.append(Anomaly(0, "", "COD-02", True, text))
            return
        if row.ligne.confiance == "N":
            text = f"« {row.ligne.libelle} » n'est pas déclarée : {row.ligne.note}"
            self.anomalies.append(Anomaly(0, "S21.G00.23.001", "COD-01", False, text))
        self._cotisations(row, line)
        for code in row.porte:
            self._ctp(code, row, line, rate_at)

    def _cotisations(self, row: Contribution, line: LignePaie) -> None:
        if row.base is None:
            return
        base = self.bases.setdefault((row.base, line.periode if row.rappel_origine else None), _Base())
        if row.porte_base:
            base.montant += line.assiette
            base.carried = True
        for part, amount, rate in _shares(row, line):
            key = (part.valeur, line.insee if part.commune else "")
            item = base.cotisations.setdefault(key, _Cotisation(self._organisme(row)))
            item.montant += abs(amount) if row.valeur_absolue else amount
            where = item.shared if row.assiette_commune else item.own
            where.append((line.assiette, None if row.sans_taux else rate))

    def _organisme(self, row: Contribution) -> str:
        if row.organisme is None:
            return ""
        siret = self.organismes.get(row.organisme, "")
        if not siret:
            text = (
                f"L'identifiant de l'organisme « {row.organisme} » manque : {row.ligne.libelle} est déclarée sans lui."
            )
            self.anomalies.append(Anomaly(0, "S21.G00.81.002", "COD-03", False, text))
        return siret

    def _ctp(self, code: str, row: Contribution, line: LignePaie, rate_at: int | None) -> None:
        ctp = self.codes.ctp(code)
        if ctp.ligne.valeur is None or ctp.qualifiant is None:
            if row.ligne.confiance != "N":
                text = f"« {ctp.ligne.libelle} » n'est pas portée au bordereau : {ctp.ligne.note}"
                self.anomalies.append(Anomaly(0, "S21.G00.23.001", "COD-01", False, text))
            return
        amount = line.salarie + line.employeur
        self.ctp.append(
            LigneCtp(
                code=code,
                ctp=ctp.ligne.valeur,
                qualifiant=ctp.qualifiant,
                assiette=None if ctp.montant else line.assiette,
                montant=(abs(amount) if row.valeur_absolue else amount) if ctp.montant else None,
                taux_at_ppm=rate_at if ctp.taux_at else None,
                insee=line.insee if ctp.commune else "",
            )
        )


def _total(rates: Iterable[int | None]) -> int | None:
    """La somme, ou ``None`` si un taux manque."""
    known = list(rates)
    return None if any(rate is None for rate in known) else sum(rate or 0 for rate in known)


def _shares(row: Contribution, line: LignePaie) -> list[tuple[Part, int, int | None]]:
    """Pour chaque cotisation 81 : son montant et son taux, ``reste`` recevant ce que les autres laissent."""
    amounts = {"salarie": line.salarie, "employeur": line.employeur, "total": line.salarie + line.employeur}
    rates = {
        "salarie": line.taux_salarie_ppm,
        "employeur": line.taux_employeur_ppm,
        "total": _sum(line.taux_salarie_ppm, line.taux_employeur_ppm),
    }
    fixed = {part: percent_ppm(part.taux) for part in row.cotisations if part.taux != RESTE}
    result: list[tuple[Part, int, int | None]] = []
    for part in row.cotisations:
        if part in fixed:
            result.append((part, apply(fixed[part], line.assiette), fixed[part]))
            continue
        others = [rate for other, rate in fixed.items() if other.part == part.part]
        amount = amounts[part.part] - sum(apply(rate, line.assiette) for rate in others)
        whole = rates[part.part]
        result.append((part, amount, None if whole is None else whole - sum(others)))
    return result


def _sum(first: int | None, second: int | None) -> int | None:
    return None if first is None and second is None else (first or 0) + (second or 0)


def _finished(code: str, base: _Base, periode: Periode, numero_contrat: str, plafond_applique: int | None) -> Base:
    cotisations = tuple(
        CotisationIndividuelle(
            code=cotisation,
            organisme=item.organisme,
            assiette=item.assiette(),
            montant=item.montant,
            insee=insee,
            taux_ppm=item.taux_ppm(),
        )
        for (cotisation, insee), item in base.cotisations.items()
    )
    largest = max((item.assiette or 0 for item in cotisations), default=0)
    composants = (
        (Composant(type=PLAFOND_APPLIQUE, montant=plafond_applique),)
        if code == "02" and plafond_applique is not None
        else ()
    )
    return Base(
        code=code,
        debut=periode[0],
        fin=periode[1],
        montant=base.montant if base.carried else largest,
        numero_contrat=numero_contrat,
        composants=composants,
        cotisations=cotisations,
    )
