"""Reprendre : d'une ou plusieurs mensuelles passées, la description d'un adhérent, avec ses blancs à remplir."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from sqlmodel import select

from dsn.norm import NormError, load
from payroll.anomalies import Anomalie, Gravite
from payroll.month.adherents import import_adherent
from payroll.month.commun import Acte, GesteRefuse, record
from payroll.month.reprise import codes
from payroll.month.reprise.agents import people
from payroll.month.reprise.contrat_lu import CONTRAT
from payroll.month.reprise.employeur import employer
from payroll.month.reprise.feuille import ARemplir, blanks, merge, plain, render
from payroll.month.reprise.lecture import Dossier, read_files
from payroll.periods import Month
from payroll.store.registre import Registre
from payroll.store.tables import Adherent
from payroll.wording import plural

_CODE = "repris-{siret}"
_RECALCULES = frozenset(
    f"S21.G00.{bloc}" for bloc in ("06", "11", "20", "22", "23", "50", "51", "53", "55", "58", "71", "78", "79", "81")
)
"""Les blocs que chaque paie refait d'elle-même : n'y rien lire ne perd rien."""
_ENTETES = ("S20.", "S90.")


@dataclass(frozen=True, slots=True)
class Reprise:
    """Un adhérent repris : sa feuille YAML, ce qui y manque, ce que la DSN portait et dont on ne se sert pas."""

    code: str
    siret: str
    premier_mois: Month
    """Le premier mois à payer ici : les cumuls s'arrêtent à sa veille."""
    agents: int
    feuille: str
    a_remplir: tuple[ARemplir, ...]
    description: Mapping[str, Any]
    """La description nue, telle que « paie inscrire » la lit."""
    mis_de_cote: tuple[tuple[str, str, int], ...]
    """(rubrique, libellé, nombre de valeurs) lus et conformes, sans emploi ici."""
    ecarts: tuple[tuple[str, str, str, int], ...]
    """(rubrique, valeur lue, valeur que nous écririons, nombre de contrats)."""

    @property
    def essentiels(self) -> tuple[ARemplir, ...]:
        """Les blancs sans lesquels la paie serait fausse ou impossible."""
        return tuple(item for item in self.a_remplir if item.blanc.essentiel)


def take_over(
    paths: Iterable[Path], *, premier_mois: Month | None = None, complement: Path | None = None, code: str = ""
) -> tuple[list[Reprise], list[Anomalie]]:
    """Une reprise par établissement (SIRET) et les constats de lecture ; les mêmes fichiers donnent la même feuille.

    ``complement`` : un YAML de ce qu'une personne a rempli, au format de la description, qui l'emporte sur la DSN ;
    ``code`` : le code de l'adhérent, s'il n'y en a qu'un. Lève :class:`GesteRefuse` si le complément ne se lit pas.
    """
    hand = _complement(complement)
    lecture = read_files(paths)
    if code and len(lecture.dossiers) > 1:
        raise GesteRefuse(
            "Ces fichiers portent plusieurs établissements : ne donnez pas de code, ou reprenez-les un à un."
        )
    found = list(lecture.anomalies)
    reprises = []
    for dossier in lecture.dossiers:
        first = premier_mois or dossier.dernier.mois.next
        tree = employer(dossier, code or _CODE.format(siret=dossier.siret))
        tree = merge({**tree, "agents": people(dossier, first)}, hand)
        reprises.append(_finished(dossier, first, tree))
        if first <= dossier.dernier.mois:
            found.append(
                Anomalie(
                    "mois-deja-declare",
                    f"la paie reprendrait en {first.libelle}, que la DSN donnée déclare déjà.",
                    "C'est voulu pour vérifier la reprise ; sinon, reprenez au mois suivant.",
                    gravite=Gravite.AVERTISSEMENT,
                    fichier=dossier.siret,
                )
            )
    return reprises, found


def keep_sheet(reprise: Reprise, folder: Path, *, overwrite: bool = False) -> Path:
    """Écrit la feuille dans un dossier ; lève :class:`GesteRefuse` si une autre version y est déjà.

    Le fichier n'est lisible que de son propriétaire : il porte des NIR et des adresses.
    """
    path = folder / f"{reprise.code}.yaml"
    content = reprise.feuille.encode("utf-8")
    if path.exists() and path.read_bytes() != content and not overwrite:
        raise GesteRefuse(
            f"« {path.name} » existe déjà et diffère : quelqu'un l'a peut-être complété. Inscrivez-le par « paie "
            "inscrire », reportez-y vos valeurs par --complement, ou donnez --ecraser."
        )
    folder.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partiel")
    temporary.touch(mode=0o600)
    temporary.write_bytes(content)
    temporary.replace(path)
    return path


def enroll(registre: Registre, reprise: Reprise, sheet: Path, acte: Acte) -> bool:
    """Inscrit l'adhérent repris s'il n'y manque rien d'essentiel ; faux s'il l'était déjà, sans rien changer.

    Lève :class:`GesteRefuse` avec ses anomalies s'il reste des blancs essentiels ou si la description ne convient pas.
    """
    with registre.transaction() as session:
        known = session.exec(select(Adherent).where(Adherent.siret == reprise.siret)).one_or_none()
    if known is not None:
        if known.code != reprise.code:
            raise GesteRefuse(f"L'établissement {reprise.siret} est déjà inscrit sous le code « {known.code} ».")
        return False
    if reprise.essentiels:
        raise GesteRefuse(
            f"{reprise.code} : il reste {plural(len(reprise.essentiels), 'valeur')} à remplir, que la DSN ne dit pas.",
            tuple(
                Anomalie("reprise-a-remplir", item.blanc.consigne, fichier=sheet.name, cellule=item.chemin)
                for item in reprise.essentiels
            ),
        )
    result = import_adherent(registre, sheet, acte)
    if not isinstance(result, Adherent):
        raise GesteRefuse(f"{reprise.code} : la description reprise est à corriger.", tuple(result))
    with registre.transaction() as session:
        record(session, acte, "reprendre", reprise.code, reprise.premier_mois, agents=reprise.agents)
    return True


def _complement(path: Path | None) -> Mapping[str, Any]:
    if path is None:
        return {}
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise GesteRefuse(f"Le complément « {path.name} » ne se lit pas : un YAML en UTF-8 est attendu.") from None
    if not isinstance(data, dict):
        raise GesteRefuse(f"Le complément « {path.name} » est vide ou n'est pas un ensemble de clés.")
    return data


def _finished(dossier: Dossier, first: Month, tree: Mapping[str, Any]) -> Reprise:
    missing = tuple(blanks(tree))
    unused = {name: count for name, count in dossier.unused().items() if not _remade(name)}
    return Reprise(
        code=str(plain(tree["code"])),
        siret=dossier.siret,
        premier_mois=first,
        agents=len(tree["agents"]),
        feuille=render(tree, _header(dossier, first, missing)),
        a_remplir=missing,
        description=plain(tree),
        mis_de_cote=tuple((name, _label(dossier, name), count) for name, count in sorted(unused.items())),
        ecarts=_gaps(dossier),
    )


def _header(dossier: Dossier, first: Month, missing: tuple[ARemplir, ...]) -> list[str]:
    months = f"{dossier.mois[0].mois} à {dossier.dernier.mois}" if len(dossier.mois) > 1 else str(dossier.dernier.mois)
    essential = sum(item.blanc.essentiel for item in missing)
    return [
        f"Reprise de l'établissement {dossier.siret}, d'après sa DSN ({months}) ; premier mois payé ici : {first}.",
        f"À compléter : {essential} valeurs indispensables (« À REMPLIR ») ; les lignes en commentaire ont un défaut.",
        "Puis : paie inscrire sur ce fichier. docs/reprise.md et docs/adherents.md disent le sens de chaque clé.",
        "Ce fichier porte des données personnelles : gardez-le à l'abri, effacez-le une fois l'adhérent inscrit.",
        "",
    ]


def _remade(rubrique: str) -> bool:
    """Vrai si la paie ou nos codes récrivent cette rubrique sans qu'on l'ait relue."""
    return rubrique[:10] in _RECALCULES or rubrique.startswith(_ENTETES) or rubrique in codes.written()


def _label(dossier: Dossier, rubrique: str) -> str:
    try:
        known = load(dossier.dernier.norme).rubriques.get(rubrique)
    except NormError:
        known = None
    return known.libelle if known else "rubrique inconnue de la norme"


def _gaps(dossier: Dossier) -> tuple[tuple[str, str, str, int], ...]:
    """Ce que l'ancien logiciel codait autrement dans la dernière mensuelle : la première DSN d'ici le changera."""
    found: Counter[tuple[str, str, str]] = Counter()
    month = dossier.dernier
    for block in month.blocks(CONTRAT):
        declared = {item.rubrique[-3:]: item.value for item in block.fields}
        population = codes.population_of(month.norme, declared)
        if population is not None:
            found.update(codes.differences(month.norme, population, declared))
    return tuple((*row, count) for row, count in sorted(found.items()))
