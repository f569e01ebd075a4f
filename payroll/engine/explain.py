"""Expliquer un montant : la ligne, sa formule, ses chiffres et leur texte, d'où vient chaque colonne lue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from fractions import Fraction

from payroll.anomalies import blocking
from payroll.catalogue import Catalogue, Rubrique
from payroll.catalogue import load as load_catalogue
from payroll.engine.bulletin import Bulletin, Ligne, Section
from payroll.engine.calcul import columns_of
from payroll.engine.columns import POPULATIONS_CALCULEES, Columns, Unit
from payroll.engine.controls import check
from payroll.engine.inputs import LIBELLES
from payroll.engine.joined import RAPPELS, SEGMENTS
from payroll.engine.lignes import Bulletins
from payroll.engine.limits import Limits
from payroll.engine.rappels import recalls_of
from payroll.engine.rappels_recit import changed_inputs, origin_rate
from payroll.engine.registry import INPUTS
from payroll.engine.segments import split
from payroll.engine.situation import Cumuls, Employeur, Situation
from payroll.engine.tables import month_table
from payroll.legislation import FigureMissing, FigureValue, Legislation
from payroll.legislation import load as load_legislation
from payroll.money import PPM, format_amount, format_percent
from payroll.periods import Month

PROFONDEUR = 8
"""Niveaux de colonnes dépliés : assez pour aller d'une cotisation à l'indice et à la quotité."""
PROFONDEUR_D_UN_RAPPEL = 3
"""Un rappel de huit mois raconte huit fois le mois refait : du montant à ses chiffres, sans redescendre plus bas."""
_DITES_MEME_NULLES = frozenset({"taux_pas_transmis", "pas_taux"})
"""Un taux nul, ou qui n'a pas été transmis, explique seul un impôt à zéro : le récit le dit."""

TOTAUX: Mapping[str, str] = {
    "brut": "Total brut",
    "cotisations_salarie": "Total des cotisations de l'agent",
    "cotisations_employeur": "Total des charges de l'employeur",
    "net_avant_impot": "Net avant impôt",
    "net_imposable": "Net imposable",
    "montant_net_social": "Montant net social",
    "net_a_payer": "Net à payer",
    "cout_employeur": "Coût pour l'employeur",
}
"""Les totaux qui s'expliquent comme une ligne ; l'impôt (``pas``) est lui-même une rubrique."""


class Recit:
    """Un bulletin recalculé, prêt à raconter chacune de ses lignes et chacun de ses totaux."""

    def __init__(
        self,
        mois: Month,
        employeur: Employeur,
        situation: Situation,
        legislation: Legislation | None = None,
        catalogue: Catalogue | None = None,
        origines: Mapping[str, str] | None = None,
    ) -> None:
        """``origines`` dit d'où vient chaque colonne d'entrée (dossier, fichier…) : le moteur, lui, n'en sait rien."""
        self._mois = mois
        self._rubriques = catalogue or load_catalogue()
        self._origines = origines or {}
        self.bulletin: Bulletin | None = None
        """Le bulletin que ces entrées donnent ; ``None`` : refusé, et ``refus`` dit pourquoi."""
        self.refus = ""
        self._legislation = legislation or load_legislation()
        figures = self._legislation.at(mois)
        verdict = check(0, mois, employeur, situation, Limits(figures), self._rubriques)
        if verdict.accepted is None:
            self.refus = _refused(str(anomalie) for anomalie in blocking(verdict.anomalies))
            return
        self._agent = verdict.accepted
        self._columns = columns_of(mois, [verdict.accepted], figures, self._rubriques, self._legislation)
        (bulletin,) = Bulletins(mois, self._columns, [verdict.accepted], self._rubriques, [()])
        fautes = [anomalie for anomalies in self._columns.refus.values() for anomalie in blocking(anomalies)]
        if fautes:
            self.refus = _refused(str(anomalie) for anomalie in fautes)
            return
        if self._columns.missing:
            self.refus = _refused(message for message, _ in self._columns.missing.values())
            return
        self.bulletin = bulletin

    @property
    def chiffres(self) -> frozenset[str]:
        """Les clés de la législation que ce bulletin a lues ; aucune s'il est refusé."""
        if self.bulletin is None:
            return frozenset()
        return frozenset(cle for usage in self._columns.usages.values() for cle in usage.figures)

    def of(self, code: str, profondeur: int = PROFONDEUR) -> str:
        """Le récit d'une ligne ou d'un total, ou le refus ; vide si la rubrique n'est pas sur ce bulletin."""
        if self.bulletin is None:
            return self.refus
        story = _Story(self._columns, profondeur, self._origines)
        rubrique = self._rubriques.get(code)
        if rubrique is None:
            return "\n".join(story.tell_total(code, self.bulletin)) if code in TOTAUX else ""
        told = list(story.tell(rubrique, self.bulletin))
        if told:
            told += self._parts(rubrique, profondeur)
            told += self._recalls(rubrique, min(profondeur, PROFONDEUR_D_UN_RAPPEL))
        return "\n".join(told)

    def _parts(self, rubrique: Rubrique, profondeur: int) -> Iterator[str]:
        """Les premières parties d'un mois coupé : les mêmes formules, aux conditions d'alors."""
        if rubrique.section != Section.BRUT or not self._agent.situation.segments:
            return
        figures = self._columns.figures
        for piece in split(self._mois, [self._agent], self._rubriques, Limits(figures))[1]:
            table = month_table(self._mois, [piece.agent], figures, self._rubriques)
            if table[rubrique.formule][0]:
                yield f"  Partie du mois {piece.libelle} :"
                yield from _Story(table, profondeur, self._origines).tell_column(rubrique.formule, 2)

    def _recalls(self, rubrique: Rubrique, profondeur: int) -> Iterator[str]:
        """Les mois que ce bulletin rappelle : dû, payé, différence, et le mois refait aux chiffres de sa date."""
        found = recalls_of(self._mois, [self._agent], self._legislation, self._rubriques).get(0, [])
        for rappele in found:
            rappel = rappele.rappel
            lignes = [ligne for ligne in rappele.lignes if ligne.code == rubrique.code]
            if not lignes:
                continue
            yield f"  Rappel sur {rappel.mois.libelle}{f' ({rappel.motif})' if rappel.motif else ''} :"
            if rubrique.code in rappele.differences:
                du, paye = (montants.get(rubrique.code, 0) for montants in (rappele.du, rappele.paye))
                yield f"    dû {_euros(du)} − déjà payé {_euros(paye)} = {_euros(du - paye)}"
            else:
                yield from (f"    {line}" for line in origin_rate(rubrique, lignes, rappel))
            yield from (f"    {line}" for line in changed_inputs(rappel, self._rubriques))
            if rappel.sur > 1:
                yield f"    échéance {rappel.rang} sur {rappel.sur}"
            juste = replace(rappel.situation, cumuls=Cumuls(), rappels=())
            refait = Recit(rappel.mois, rappel.employeur, juste, self._legislation, self._rubriques)
            yield from (f"    {line}" for line in refait.of(rubrique.code, profondeur).splitlines())


def explain(
    mois: Month,
    employeur: Employeur,
    situation: Situation,
    code: str,
    legislation: Legislation | None = None,
    catalogue: Catalogue | None = None,
    profondeur: int = PROFONDEUR,
) -> str:
    """Le récit d'une ligne ou d'un total du bulletin, en français ; vide si la rubrique n'est pas sur ce bulletin.

    Une situation refusée donne ses motifs de refus.
    """
    return Recit(mois, employeur, situation, legislation, catalogue).of(code, profondeur)


def _refused(reasons: Iterable[str]) -> str:
    return "\n".join(["Ce bulletin est refusé :", *(f"- {reason}" for reason in reasons)])


class _Story:
    """Le récit d'une rubrique ; une colonne déjà racontée n'est que rappelée."""

    def __init__(self, columns: Columns, profondeur: int, origines: Mapping[str, str]) -> None:
        self.c, self.profondeur, self.origines = columns, profondeur, origines
        self.told: set[str] = set()

    def tell(self, rubrique: Rubrique, bulletin: Bulletin) -> Iterator[str]:
        lignes = [ligne for ligne in bulletin.lignes if ligne.code == rubrique.code]
        if not lignes and not rubrique.pied:
            return
        yield f"{rubrique.libelle} ({rubrique.code}), {bulletin.mois.libelle}"
        yield f"  Texte : {rubrique.source}"
        if rubrique.doute:
            yield f"  Point non tranché : {rubrique.doute}"
        for ligne in lignes:
            yield f"  Ligne : {_printed(ligne)}"
        for name in self._roots(rubrique):
            yield from self._column(name, 1)

    def tell_column(self, name: str, depth: int) -> Iterator[str]:
        yield from self._column(name, depth)

    def tell_total(self, name: str, bulletin: Bulletin) -> Iterator[str]:
        yield f"{TOTAUX[name]} ({name}), {bulletin.mois.libelle}"
        yield from self._column(name, 1)

    def _roots(self, rubrique: Rubrique) -> list[str]:
        if not rubrique.regles:
            return [rubrique.formule]
        parts = [f"cotisation_{rubrique.code}_{part}" for part in ("salarie", "employeur")]
        return [name for name in parts if self.c.values[name][0] != 0]

    def _column(self, name: str, depth: int) -> Iterator[str]:
        indent = "  " * depth
        formula = self.c.formula_of(name)
        yield f"{indent}{name} = {self._value(name)}"
        doc = formula.doc if formula else _input_doc(name)
        if name in self.told:
            yield f"{indent}  (déjà expliqué plus haut)"
            return
        self.told.add(name)
        for line in doc.splitlines():
            if line.strip():
                yield f"{indent}  {line.strip()}"
        if name.startswith((SEGMENTS, RAPPELS)):
            return
        if formula is None:
            origine = self.origines.get(name, "donnée de la situation ou de l'adhérent")
            yield f"{indent}  ({origine})"
            return
        usage = self.c.usages[name]
        for cle in usage.figures:
            yield f"{indent}  chiffre {self._figure(cle)}"
        if depth >= self.profondeur:
            return
        for child in usage.columns:
            if self._matters(child):
                yield from self._column(child, depth + 1)

    def _matters(self, name: str) -> bool:
        """Une colonne nulle n'apporte rien au montant : la taire garde le récit lisible."""
        return name in self.c.ratios or name in _DITES_MEME_NULLES or bool(self.c.values[name][0] != 0)

    def _value(self, name: str) -> str:
        if name in self.c.ratios:
            ratio = self.c.ratios[name]
            return str(Fraction(int(ratio.num[0]), int(ratio.den[0])))
        formula = self.c.formula_of(name)
        unit = formula.unit if formula else INPUTS[name].unit if name in INPUTS else Unit.EUROS
        return _written(int(self.c.values[name][0]), unit)

    def _figure(self, cle: str) -> str:
        if cle.startswith("pas.grille_par_defaut."):
            grille = self.c.figures.pas_scale(cle.rsplit(".", 1)[1])
            return f"{cle} : grille {_period(grille.du, grille.au)} ({grille.texte})"
        try:
            value = self.c.figures.value(cle)
        except FigureMissing as error:
            return error.message
        return f"{cle} = {_figure_value(value)}, {_period(value.du, value.au)} ({value.texte})"


def _printed(ligne: Ligne) -> str:
    parts = [ligne.libelle_imprime]
    if ligne.base is not None:
        parts.append(f"base {format_amount(ligne.base)}")
    if ligne.nombre_centiemes is not None:
        parts.append(f"nombre {format_amount(ligne.nombre_centiemes)}")
    if ligne.montant_salarie:
        taux = f" à {format_percent(ligne.taux_salarie_ppm)}" if ligne.taux_salarie_ppm else ""
        parts.append(f"agent {format_amount(ligne.montant_salarie)}{taux}")
    if ligne.montant_employeur:
        taux = f" à {format_percent(ligne.taux_employeur_ppm)}" if ligne.taux_employeur_ppm else ""
        parts.append(f"employeur {format_amount(ligne.montant_employeur)}{taux}")
    return " ; ".join(parts)


def _input_doc(name: str) -> str:
    if name.startswith(SEGMENTS):
        return "Premières parties du mois, aux conditions d'alors."
    if name.startswith(RAPPELS):
        return "Rappels de mois passés, payés ce mois-ci."
    return INPUTS[name].doc if name in INPUTS else "Montant saisi pour cet agent."


def _euros(cents: int) -> str:
    return f"{format_amount(cents)} €"


def _written(value: int, unit: Unit) -> str:
    match unit:
        case Unit.EUROS:
            return _euros(value)
        case Unit.TAUX:
            return format_percent(value)
        case Unit.QUANTITE:
            return format_amount(value)
        case Unit.HEURES:
            return f"{format_amount(value)} h"
        case Unit.JOURS:
            return f"{value}/30"
        case Unit.OUI_NON:
            return "oui" if value else "non"
        case Unit.POPULATION:
            return LIBELLES[POPULATIONS_CALCULEES[value]]
        case _:
            return str(value)


def _figure_value(value: FigureValue) -> str:
    ppm = value.exact * PPM
    if value.unite.code == "taux" and ppm.denominator == 1:
        return format_percent(ppm.numerator)
    return f"{value.valeur} {value.unite.code}".replace(".", ",")


def _period(du: date, au: date | None) -> str:
    debut = f"depuis le {du:%d/%m/%Y}"
    return f"{debut} jusqu'au {au:%d/%m/%Y}" if au else debut
