"""Charge le catalogue et le refuse en bloc, en listant tous les défauts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from payroll.catalogue.rubrique import ASSIETTES, SAISIES_UNITES, AbsencePrime, Catalogue, Detail, Regle, Rubrique
from payroll.legislation import POPULATIONS, Probleme
from payroll.legislation import load as load_legislation
from payroll.legislation.reading import Fields, read_yaml

FOLDER = Path(__file__).parent

_CODE = re.compile(r"[a-z][a-z0-9_]*")
_ROW_FIELDS = ("code", "libelle", "section", "ordre", "populations", "source")
_ROW_OPTIONAL = (
    "intitule_bulletin", "compte", "compte_tiers", "formule", "assiettes", "saisie", "unite", "ponctuelle", "quotite",
    "trentiemes", "absence", "retenue", "base", "nombre", "taux", "details", "regles", "deductible",
    "montant_net_social", "reduction", "pied", "doute", "dsn",
)  # fmt: skip
_FLAGS = ("ponctuelle", "quotite", "trentiemes", "retenue", "deductible", "montant_net_social", "reduction", "pied")
_RULE_OPTIONAL = (
    "condition", "salarie", "salarie_colonne", "salarie_montant", "employeur", "employeur_donnee", "employeur_montant",
)  # fmt: skip
_SAISIES = ("permanents", "variables")


class CatalogueError(Exception):
    """Le catalogue est refusé ; le message liste tous les défauts, pas seulement le premier."""

    def __init__(self, problems: Iterable[Probleme]) -> None:
        self.problems = tuple(sorted(set(problems)))
        lignes = "\n".join(f"- {problem}" for problem in self.problems)
        super().__init__(f"Le catalogue est refusé ({len(self.problems)} défaut(s)) :\n{lignes}")


@cache
def load(folder: Path = FOLDER / "rubriques") -> Catalogue:
    """Le catalogue du dossier, lu une fois et contrôlé ; lève :class:`CatalogueError` en listant tous les défauts."""
    # Importé ici : le moteur lit le catalogue, et le catalogue vérifie que chaque colonne nommée existe.
    from payroll.engine.registry import known_columns

    problems: list[Probleme] = []
    figures = load_legislation().chiffres
    columns = known_columns()
    found: dict[str, Rubrique] = {}
    ordres: dict[int, str] = {}
    for path in sorted(folder.glob("*.yaml")):
        rows = read_yaml(path, problems)
        if not isinstance(rows, list):
            problems.append(Probleme(path.name, "", "une liste de rubriques est attendue"))
            continue
        for row in rows:
            rubrique = _Reader(row, path.name, problems, figures, columns).read()
            if rubrique is None:
                continue
            if rubrique.code in found:
                problems.append(Probleme(path.name, rubrique.code, "code déjà défini par une autre rubrique"))
            if rubrique.ordre in ordres:
                autre = ordres[rubrique.ordre]
                problems.append(Probleme(path.name, rubrique.code, f"ordre {rubrique.ordre} déjà pris par « {autre} »"))
            found[rubrique.code] = rubrique
            ordres[rubrique.ordre] = rubrique.code
    if problems:
        raise CatalogueError(problems)
    return Catalogue(found)


class _Reader:
    """Lit une ligne du catalogue ; chaque défaut rejoint la liste commune."""

    def __init__(
        self, row: object, fichier: str, problems: list[Probleme], figures: Collection[str], columns: Collection[str]
    ) -> None:
        self.code = str(row.get("code", "")) if isinstance(row, dict) else ""
        self.fichier, self.problems, self.figures, self.columns = fichier, problems, figures, columns
        self.fields = Fields(row, fichier, self.code, problems, required=_ROW_FIELDS, optional=_ROW_OPTIONAL)

    def read(self) -> Rubrique | None:
        """La rubrique, ou ``None`` si un défaut empêche de la construire."""
        from payroll.engine.bulletin import Section

        before = len(self.problems)
        fields = self.fields
        texts: dict[str, Any] = {name: fields.text(name, required=True) for name in ("code", "libelle", "source")}
        optional: dict[str, Any] = {name: fields.text(name) for name in ("intitule_bulletin", "compte_tiers", "doute")}
        if texts["code"] and not _CODE.fullmatch(texts["code"]):
            fields.refuse("code mal formé : lettres minuscules sans accent, chiffres et _")
        section = self._choice("section", list(Section), "section inconnue")
        ordre = fields.raw("ordre")
        if "ordre" in fields and (isinstance(ordre, bool) or not isinstance(ordre, int)):
            fields.refuse(f"« ordre » doit être un entier (lu : {ordre!r})")
        if "populations" in fields and fields.raw("populations") is None:
            fields.refuse("« populations » est vide : dites qui la rubrique concerne")
        regles = tuple(self._rules())
        saisie = self._names("saisie", _SAISIES, "lieu de saisie inconnu")
        absence = self._choice("absence", list(AbsencePrime), "sort en cas d'absence inconnu")
        unite = self._choice("unite", SAISIES_UNITES, "unité de saisie inconnue") or ""
        formule = self._formula(saisie, unite, bool(regles))
        rubrique_fields: dict[str, Any] = {
            "populations": fields.populations(),
            "compte": self._accounts(),
            "assiettes": frozenset(self._names("assiettes", ASSIETTES, "assiette inconnue")),
            "details": tuple(self._details()),
            "dsn": self._mapping("dsn"),
            **{name: self._column(name) for name in ("base", "nombre", "taux")},
            **{name: self._flag(name) for name in _FLAGS},
        }
        if len(self.problems) > before or section is None or not isinstance(ordre, int):
            return None
        return Rubrique(
            section=Section(section),
            ordre=ordre,
            formule=formule,
            saisie=saisie,
            unite=unite,
            regles=regles,
            absence=AbsencePrime(absence or AbsencePrime.MAINTENUE),
            **texts,
            **optional,
            **rubrique_fields,
        )

    def _choice(self, name: str, allowed: Collection[str], message: str) -> str | None:
        value = self.fields.raw(name)
        if value is None:
            return None
        if value not in list(allowed):
            self.fields.refuse(f"{message} « {value} » (admises : {', '.join(allowed)})")
            return None
        return str(value)

    def _names(self, name: str, allowed: Collection[str], message: str) -> tuple[str, ...]:
        value = self.fields.raw(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.fields.refuse(f"« {name} » doit être une liste")
            return ()
        for item in value:
            if item not in allowed:
                self.fields.refuse(f"{message} « {item} » (admises : {', '.join(allowed)})")
        return tuple(str(item) for item in value)

    def _flag(self, name: str) -> bool:
        value = self.fields.raw(name)
        if value is not None and not isinstance(value, bool):
            self.fields.refuse(f"« {name} » doit être true ou false (lu : {value!r})")
        return value is True

    def _mapping(self, name: str) -> dict[str, Any]:
        value = self.fields.raw(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.fields.refuse(f"« {name} » doit être une suite de clés")
            return {}
        return value

    def _accounts(self) -> dict[str, str]:
        value = self.fields.raw("compte")
        if value is None:
            return {}
        accounts = value if isinstance(value, dict) else {"*": value}
        for population, compte in accounts.items():
            if population != "*" and population not in POPULATIONS:
                self.fields.refuse(f"population inconnue « {population} » dans « compte »")
            if not isinstance(compte, str) or not compte.isdigit():
                self.fields.refuse(f"compte illisible « {compte} » : un numéro M57 entre guillemets est attendu")
        return {str(population): str(compte) for population, compte in accounts.items()}

    def _column(self, name: str, fields: Fields | None = None) -> str:
        value = (fields or self.fields).text(name)
        if value and value not in self.columns and not value.startswith(("montant_", "permanent_")):
            self.fields.refuse(f"colonne inconnue du moteur « {value} » dans « {name} »")
        return value

    def _formula(self, saisie: tuple[str, ...], unite: str, has_rules: bool) -> str:
        """La colonne du montant (``montant`` : celui qu'on saisit) ; vide pour une cotisation, faite par ses règles."""
        value = self.fields.text("formule")
        if has_rules:
            if value:
                self.fields.refuse("une rubrique a une « formule » ou des « regles », pas les deux")
            return ""
        if not value:
            self.fields.refuse("donnez une « formule » (colonne ou « montant ») ou des « regles »")
            return ""
        if value == "montant":
            if not saisie:
                self.fields.refuse("formule « montant » : dites où il se saisit (« saisie »)")
            return f"montant_{self.code}"
        if saisie and not unite:
            self.fields.refuse(
                "« saisie » ne va qu'avec la formule « montant », ou avec l'« unite » de ce qu'on saisit"
            )
        if value not in self.columns:
            self.fields.refuse(f"formule inconnue « {value} » : aucune colonne du moteur ne porte ce nom")
        return value

    def _details(self) -> Iterable[Detail]:
        for row in self._rows("details"):
            fields = Fields(
                row, self.fichier, self.code, self.problems, required=("libelle", "montant", "base", "nombre")
            )
            yield Detail(
                fields.text("libelle", required=True),
                *(self._column(name, fields) for name in ("montant", "base", "nombre")),
            )

    def _rules(self) -> Iterable[Regle]:
        for row in self._rows("regles"):
            fields = Fields(
                row, self.fichier, self.code, self.problems,
                required=("populations", "assiette"), optional=_RULE_OPTIONAL,
            )  # fmt: skip
            for name in ("salarie", "employeur"):
                cle = fields.text(name)
                if cle and cle not in self.figures:
                    self.fields.refuse(f"chiffre inconnu « {cle} » dans « {name} » : la législation n'a pas cette clé")
            if not any(fields.text(name) for name in _RULE_OPTIONAL[1:]):
                self.fields.refuse("une règle sans aucun taux ne produit rien")
            yield Regle(
                fields.populations(),
                self._column("assiette", fields),
                self._column("condition", fields),
                fields.text("salarie"),
                self._column("salarie_colonne", fields),
                self._column("salarie_montant", fields),
                self._column("employeur_montant", fields),
                fields.text("employeur"),
                self._column("employeur_donnee", fields),
            )

    def _rows(self, name: str) -> list[object]:
        value = self.fields.raw(name)
        if value is None:
            return []
        if not isinstance(value, list) or not value:
            self.fields.refuse(f"« {name} » doit être une liste non vide")
            return []
        return value
