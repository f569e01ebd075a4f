"""Des colonnes aux bulletins : les lignes imprimées de chaque agent et leurs totaux."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import overload

import numpy as np

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
class Colonnes:
    """Une ligne possible du bulletin, pour tout le lot ; une colonne absente : rien à imprimer à cette place."""

    rubrique: Rubrique
    libelle: str
    base: Column | None
    nombre: Column | None
    taux_salarie: Column | None
    salarie: Column
    taux_employeur: Column | None
    employeur: Column | None

    @property
    def printed(self) -> Column:
        """Les agents qu'elle concerne : une ligne sans montant ne s'imprime pas."""
        return np.flatnonzero(self.salarie if self.employeur is None else (self.salarie != 0) | (self.employeur != 0))

    @property
    def empty(self) -> bool:
        """Vrai si elle ne s'imprime pour personne : moins cher à voir que la liste de ceux qu'elle concerne."""
        return not (self.salarie.any() or (self.employeur is not None and self.employeur.any()))

    def of(self, rangs: Column) -> Iterator[Ligne]:
        """Les lignes de ces agents, dans cet ordre."""
        rubrique = self.rubrique
        rows = zip(
            *(_read(column, rangs) for column in (self.base, self.nombre, self.taux_salarie)),
            self.salarie[rangs].tolist(),
            _read(self.taux_employeur, rangs),
            repeat(0) if self.employeur is None else self.employeur[rangs].tolist(),
            strict=False,
        )
        for base, nombre, taux_salarie, salarie, taux_employeur, employeur in rows:
            yield Ligne(
                rubrique.code,
                self.libelle,
                rubrique.section,
                rubrique.ordre,
                base or None,
                nombre or None,
                taux_salarie or None,
                salarie,
                taux_employeur or None,
                employeur,
            )


def _read(column: Column | None, rangs: Column) -> Iterable[int | None]:
    return repeat(None) if column is None else column[rangs].tolist()


class ColumnsOf(Mapping[str, int]):
    """Les colonnes du lot vues pour un seul agent, sans les recopier."""

    def __init__(self, values: Mapping[str, Column], rang: int, joints: Collection[str] = ()) -> None:
        """``joints`` : les colonnes qui n'existent que pour qui en a ; nulles, elles ne sont pas les siennes."""
        self._values, self._rang, self._joints = values, rang, joints

    def __getitem__(self, name: str) -> int:
        return int(self._values[name][self._rang])

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._values if name not in self._joints or self[name])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<{len(self)} colonnes>"


class Bulletins(Sequence[Bulletin]):
    """Les bulletins d'un lot, en colonnes : lignes et totaux sont calculés, chaque bulletin se compose quand on le lit.

    Composer 12 000 bulletins d'objets Python prend 0,9 s, trois fois le calcul : qui ne veut que les colonnes, les
    totaux ou quelques agents n'a pas à les attendre.
    """

    def __init__(
        self,
        mois: Month,
        c: Columns,
        agents: Sequence[Accepted],
        catalogue: Catalogue,
        warnings: Sequence[Sequence[Anomalie]],
    ) -> None:
        self._mois, self._agents, self._warnings = mois, agents, warnings
        lines = [line for rubrique in catalogue.values() if not rubrique.pied for line in _lines(c, rubrique)]
        # Une ligne nulle pour tout le lot ne s'imprime pour personne.
        self.lines = [line for line in lines if not line.empty]
        """Les lignes du lot, dans l'ordre du bulletin."""
        self.totals = {name: c[name] for name in _TOTALS}
        """Les totaux du lot."""
        self._cumuls = {name: c[source] for name, source in _CUMULS.items()}
        self._transmis = c["taux_pas_transmis"]
        self._complements = c.complements
        # Figées ici : les colonnes que lirait ensuite une explication ne changent pas un bulletin déjà rendu.
        self.columns: Mapping[str, Column] = dict(c.values)
        """Toutes les colonnes du calcul."""
        # Les parties de mois, les rappels et les absences d'un voisin de lot ne regardent que lui.
        self._joints = frozenset(name for name in self.columns if name.startswith((SEGMENTS, RAPPELS, "taux_perdu_")))

    def __len__(self) -> int:
        return len(self._agents)

    @overload
    def __getitem__(self, rang: int) -> Bulletin: ...
    @overload
    def __getitem__(self, rang: slice) -> list[Bulletin]: ...
    def __getitem__(self, rang: int | slice) -> Bulletin | list[Bulletin]:
        """Un bulletin, ou plusieurs : composés ensemble, ils coûtent bien moins qu'un à un."""
        if isinstance(rang, slice):
            return list(self._compose(np.arange(len(self))[rang]))
        return next(self._compose(np.arange(len(self))[[rang]]))

    def __iter__(self) -> Iterator[Bulletin]:
        return self._compose(np.arange(len(self)))

    def born(self, rang: int) -> Iterator[Anomalie]:
        """Les avertissements que le calcul lui-même fait naître pour cet agent."""
        yield from _warn(self._agents[rang], int(self.totals["net_a_payer"][rang]))

    def _compose(self, rangs: Column) -> Iterator[Bulletin]:
        printed = self._lines_of(rangs)
        totals = {name: column[rangs].tolist() for name, column in self.totals.items()}
        cumuls = {name: column[rangs].tolist() for name, column in self._cumuls.items()}
        transmis = self._transmis[rangs].tolist()
        for place, rang in enumerate(rangs.tolist()):
            agent, lignes = self._agents[rang], printed[place]
            montants = {name: column[place] for name, column in totals.items()}
            yield Bulletin(
                matricule=agent.situation.matricule,
                mois=self._mois,
                lignes=self._complements[rang].merge(lignes) if rang in self._complements else tuple(lignes),
                pas_base=montants["pas_base"],
                pas_taux_ppm=montants["pas_taux"],
                pas_bareme=not transmis[place],
                cumuls=_after(agent.situation.cumuls, {name: column[place] for name, column in cumuls.items()}),
                colonnes=ColumnsOf(self.columns, rang, self._joints),
                avertissements=(*self._warnings[rang], *self.born(rang)),
                **{name: montants[name] for name in _FIELDS},
            )

    def _lines_of(self, rangs: Column) -> list[list[Ligne]]:
        return _printed(self.lines, rangs, len(self))


def gross_lines(c: Columns, rubriques: Sequence[Rubrique]) -> list[list[Ligne]]:
    """Les seules lignes de ces rubriques du brut, agent par agent : celles d'une partie du mois."""
    lines = [line for rubrique in rubriques for line in _lines(c, rubrique)]
    return _printed(lines, np.arange(c.size), c.size)


def _printed(lines: Sequence[Colonnes], rangs: Column, size: int) -> list[list[Ligne]]:
    """Les lignes de chacun de ces agents, rubrique après rubrique : on ne passe que par ceux qu'une ligne concerne."""
    found: list[list[Ligne]] = [[] for _ in range(len(rangs))]
    place = np.full(size, -1, dtype=np.int64)
    place[rangs] = np.arange(len(rangs))
    for line in lines:
        concernes = line.printed
        places = place[concernes]
        ici = concernes[places >= 0]
        for rang, ligne in zip(place[ici].tolist(), line.of(ici), strict=True):
            found[rang].append(ligne)
    return found


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


def _lines(c: Columns, rubrique: Rubrique) -> Iterator[Colonnes]:
    def read(name: str) -> Column | None:
        if not name:
            return None
        return c[name] * 100 if _unit(c, name) is Unit.JOURS else c[name]

    if rubrique.regles:
        nom = f"cotisation_{rubrique.code}"
        yield Colonnes(
            rubrique,
            rubrique.intitule,
            read(f"{nom}_base"),
            None,
            read(f"{nom}_taux_salarie"),
            c[f"{nom}_salarie"],
            read(f"{nom}_taux_employeur"),
            c[f"{nom}_employeur"],
        )
    elif rubrique.details:
        for detail in rubrique.details:
            montant = c[detail.montant]
            yield Colonnes(rubrique, detail.libelle, read(detail.base), read(detail.nombre), None, montant, None, None)
    else:
        yield Colonnes(
            rubrique,
            rubrique.intitule,
            read(rubrique.base),
            read(rubrique.nombre),
            read(rubrique.taux),
            c[rubrique.formule],
            None,
            None,
        )


def _unit(c: Columns, name: str) -> Unit:
    formula = c.formula_of(name)
    return formula.unit if formula else INPUTS[name].unit if name in INPUTS else Unit.EUROS
