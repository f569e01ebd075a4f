"""Des colonnes aux bulletins : les lignes imprimées de chaque agent et leurs totaux."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from payroll.anomalies import Anomalie, Gravite
from payroll.catalogue.rubrique import Catalogue, Rubrique
from payroll.engine.bulletin import Bulletin, Ligne
from payroll.engine.columns import Columns, Unit
from payroll.engine.inputs import Accepted
from payroll.engine.joined import RAPPELS, SEGMENTS
from payroll.engine.registry import INPUTS
from payroll.engine.situation import Cumuls
from payroll.money import Column, format_amount
from payroll.periods import Month


@dataclass(frozen=True, slots=True)
class _Line:
    """Une ligne possible du bulletin, en colonnes déjà converties : des listes se lisent plus vite agent par agent."""

    rubrique: Rubrique
    libelle: str
    base: list[int] | None
    nombre: list[int] | None
    taux_salarie: list[int] | None
    salarie: list[int]
    taux_employeur: list[int] | None
    employeur: list[int] | None


class ColumnsOf(Mapping[str, int]):
    """Les colonnes du lot vues pour un seul agent, sans les recopier."""

    def __init__(self, values: Mapping[str, Column], rang: int, cachees: frozenset[str] = frozenset()) -> None:
        self._values, self._rang, self._cachees = values, rang, cachees

    def __getitem__(self, name: str) -> int:
        return int(self._values[name][self._rang])

    def __iter__(self) -> Iterator[str]:
        return iter(name for name in self._values if name not in self._cachees)

    def __len__(self) -> int:
        return len(self._values) - len(self._cachees)

    def __repr__(self) -> str:
        return f"<{len(self)} colonnes>"


def build(
    mois: Month, c: Columns, agents: Sequence[Accepted], catalogue: Catalogue, warnings: Sequence[Sequence[Anomalie]]
) -> list[Bulletin]:
    """Un bulletin par agent du lot, dans l'ordre du lot."""
    # Une ligne nulle pour tout le lot ne s'imprime pour personne : l'écarter ici évite de la relire agent par agent.
    lines = [
        line
        for rubrique in catalogue.values()
        if not rubrique.pied
        for line in _lines(c, rubrique)
        if any(line.salarie) or any(line.employeur or ())
    ]
    totals = {name: c[name].tolist() for name in _TOTALS}
    cumuls = {name: c[source].tolist() for name, source in _CUMULS.items()}
    transmis = c["taux_pas_transmis"].tolist()
    # Figées ici : les colonnes que lirait ensuite une explication ne changent pas un bulletin déjà rendu.
    values = dict(c.values)
    # Les parties de mois, les rappels et les absences d'un voisin de lot ne regardent que lui.
    joints = {name: values[name] for name in values if name.startswith((SEGMENTS, RAPPELS, "taux_perdu_"))}
    bulletins = []
    for rang, agent in enumerate(agents):
        montants = {name: column[rang] for name, column in totals.items()}
        avertissements = (*warnings[rang], *_warn(agent, montants["net_a_payer"]))
        bulletins.append(
            Bulletin(
                matricule=agent.situation.matricule,
                mois=mois,
                lignes=_all_lines(c, lines, rang),
                pas_base=montants["pas_base"],
                pas_taux_ppm=montants["pas_taux"],
                pas_bareme=not transmis[rang],
                cumuls=_after(agent.situation.cumuls, {name: column[rang] for name, column in cumuls.items()}),
                colonnes=ColumnsOf(values, rang, frozenset(name for name in joints if joints[name][rang] == 0)),
                avertissements=avertissements,
                **{name: montants[name] for name in _FIELDS},
            )
        )
    return bulletins


def _all_lines(c: Columns, lines: Sequence[_Line], rang: int) -> tuple[Ligne, ...]:
    lignes = list(_printed(lines, rang))
    return c.complements[rang].merge(lignes) if rang in c.complements else tuple(lignes)


def gross_lines(c: Columns, rubriques: Sequence[Rubrique]) -> list[list[Ligne]]:
    """Les seules lignes de ces rubriques du brut, agent par agent : celles d'une partie du mois."""
    lines = [line for rubrique in rubriques for line in _lines(c, rubrique)]
    return [list(_printed(lines, rang)) for rang in range(c.size)]


_FIELDS = (
    "brut",
    "cotisations_salarie",
    "cotisations_employeur",
    "net_avant_impot",
    "net_imposable",
    "montant_net_social",
    "pas",
    "net_a_payer",
    "cout_employeur",
)
_TOTALS = (*_FIELDS, "pas_base", "pas_taux")
_CUMULS = {
    "brut": "brut",
    "net_imposable": "net_imposable",
    "pas": "pas",
    "net_a_payer": "net_a_payer",
    "cout_employeur": "cout_employeur",
    "rafp_elements": "elements_rafp_du_mois",
    "rafp_traitement": "traitement_rafp_du_mois",
    "rafp_assiette": "assiette_rafp",
    "heures_exonerees": "heures_exonerees_nettes",
    "heures_payees_centiemes": "heures_payees",
    "apprenti_exonere": "exoneration_fiscale_apprenti",
    "plafond": "plafond_du_mois",
    "regime_general": "assiette_regime_general",
    "vieillesse_plafonnee": "assiette_vieillesse_plafonnee",
    "ircantec": "assiette_ircantec",
    "ircantec_a": "assiette_ircantec_a",
    "ircantec_b": "assiette_ircantec_b",
    "chomage": "remuneration_chomage",
    "chomage_assiette": "assiette_assurance_chomage",
    "securite_sociale": "assiette_securite_sociale",
    "fnal_assiette": "assiette_fnal",
    "csg": "revenu_csg",
    "csg_abattue": "csg_abattue",
    "teletravail": "indemnite_teletravail",
    "mobilites_durables": "forfait_mobilites_durables",
}


def _after(before: Cumuls, month: Mapping[str, int]) -> Cumuls:
    return Cumuls(**{name: getattr(before, name) + montant for name, montant in month.items()})


def _warn(agent: Accepted, net: int) -> Iterator[Anomalie]:
    if net < 0:
        yield Anomalie(
            "net-negatif",
            "le net à payer est négatif",
            "Étalez les retenues ou régularisez : un bulletin négatif ne se verse pas.",
            gravite=Gravite.AVERTISSEMENT,
            matricule=agent.situation.matricule,
            recu=format_amount(net),
        )
    if net < 0 and agent.situation.variables.get("acompte", 0):
        yield Anomalie(
            "acompte-au-dela-du-service-fait",
            "l'acompte dépasse ce que le service fait du mois laisse à payer",
            "Réduisez l'acompte repris, ou reprenez le reste le mois prochain.",
            gravite=Gravite.AVERTISSEMENT,
            matricule=agent.situation.matricule,
            rubrique="acompte",
            recu=format_amount(agent.situation.variables["acompte"]),
            texte="CGFP L. 711-1",
        )


def _lines(c: Columns, rubrique: Rubrique) -> Iterator[_Line]:
    def read(name: str) -> list[int] | None:
        if not name:
            return None
        found: list[int] = (c[name] * (100 if _unit(c, name) is Unit.JOURS else 1)).tolist()
        return found

    if rubrique.regles:
        nom = f"cotisation_{rubrique.code}"
        yield _Line(
            rubrique,
            rubrique.intitule,
            read(f"{nom}_base"),
            None,
            read(f"{nom}_taux_salarie"),
            c[f"{nom}_salarie"].tolist(),
            read(f"{nom}_taux_employeur"),
            c[f"{nom}_employeur"].tolist(),
        )
    elif rubrique.details:
        for detail in rubrique.details:
            montant: list[int] = c[detail.montant].tolist()
            yield _Line(rubrique, detail.libelle, read(detail.base), read(detail.nombre), None, montant, None, None)
    else:
        yield _Line(
            rubrique,
            rubrique.intitule,
            read(rubrique.base),
            read(rubrique.nombre),
            read(rubrique.taux),
            c[rubrique.formule].tolist(),
            None,
            None,
        )


def _unit(c: Columns, name: str) -> Unit:
    formula = c.formula_of(name)
    return formula.unit if formula else INPUTS[name].unit if name in INPUTS else Unit.EUROS


def _printed(lines: Sequence[_Line], rang: int) -> Iterator[Ligne]:
    for line in lines:
        salarie = line.salarie[rang]
        employeur = line.employeur[rang] if line.employeur else 0
        # Une ligne sans montant ne s'imprime pas : elle ne concerne pas l'agent.
        if not salarie and not employeur:
            continue
        yield Ligne(
            line.rubrique.code,
            line.libelle,
            line.rubrique.section,
            line.rubrique.ordre,
            _or_none(line.base, rang),
            _or_none(line.nombre, rang),
            _or_none(line.taux_salarie, rang),
            salarie,
            _or_none(line.taux_employeur, rang),
            employeur,
        )


def _or_none(values: list[int] | None, rang: int) -> int | None:
    return (values[rang] or None) if values else None
