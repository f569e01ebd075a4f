"""Le contrôleur des murs : ce qu'un module importe, lit et calcule, jugé par lecture du code, sans l'exécuter.

Chaque fonction rend la liste des manquements (« fichier:ligne : constat »), vide si tout va bien.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("payroll", "dsn", "sftp_drop", "flows", "desk")

# Qui n'a le droit d'importer quoi. Le début d'un nom de module vaut pour tout ce qu'il contient.
FORBIDDEN_IMPORTS: dict[str, tuple[str, ...]] = {
    "payroll": ("prefect", "paramiko", "sftp_drop", "flows", "desk"),
    "dsn": ("prefect", "paramiko", "payroll", "sftp_drop", "flows", "desk"),
    "sftp_drop": ("prefect", "payroll", "dsn", "flows", "desk"),
    "flows": ("payroll.engine", "payroll.legislation", "payroll.catalogue", "desk"),
    # Dans payroll, seuls les gestes du mois connaissent à la fois le registre, le calcul, les documents et la DSN.
    "payroll/engine": ("payroll.store", "payroll.month", "payroll.intake", "payroll.documents", "dsn", "sqlmodel"),
    "payroll/legislation": ("payroll.engine", "payroll.store", "payroll.month", "dsn"),
    "payroll/documents": ("payroll.store", "payroll.month", "dsn"),
    "payroll/intake": ("payroll.store", "payroll.month", "payroll.engine", "dsn"),
}

# Une salle interdite montre parfois une vitrine : des formes de données, sans calcul.
ADMITTED_IMPORTS: dict[str, tuple[str, ...]] = {
    "payroll/intake": ("payroll.engine.situation",),
    "payroll/documents": ("payroll.engine.bulletin", "payroll.engine.situation"),
}

# Alembic lit ses scripts par leur chemin, jamais par import : ce ne sont pas des paquets.
NOT_PACKAGES = ("payroll/store/migrations",)

# L'horloge n'est lue qu'ici : un seul endroit, que les portes (commande, bureau, flots) passent en argument.
CLOCK_ALLOWED = frozenset({"payroll/settings.py"})
_CLOCKS = frozenset({"now", "today", "utcnow"})
_CLOCK_OWNERS = frozenset({"datetime", "date", "dt"})

# L'argent ne passe par aucun nombre approché.
EXACT = ("payroll/engine", "payroll/money.py", "payroll/legislation", "payroll/catalogue", "payroll/month")

MAX_LINES = 450
# Fichier plus long : la raison. Une entrée devenue inutile est un manquement.
LONG_FILES: dict[str, str] = {
    "payroll/store/migrations/versions/0001_schema_initial.py": "le schéma initial, écrit d'un bloc par Alembic",
}


def sources(*folders: str, root: Path = ROOT) -> Iterator[Path]:
    """Les modules Python de ces dossiers (ou fichiers), dans l'ordre."""
    for folder in folders:
        place = root / folder
        yield from sorted(place.rglob("*.py")) if place.is_dir() else ([place] if place.exists() else [])


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _where(path: Path, node: ast.AST, root: Path) -> str:
    return f"{path.relative_to(root).as_posix()}:{getattr(node, 'lineno', 1)}"


def imported(path: Path, root: Path = ROOT) -> Iterator[tuple[ast.AST, str]]:
    """Chaque module importé, y compris dans une fonction, sous ``TYPE_CHECKING`` ou par ``importlib``."""
    package = path.relative_to(root).with_suffix("").parts
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            # Un import relatif remonte d'autant de dossiers qu'il a de points.
            prefix = package[: len(package) - node.level] if node.level else ()
            base = ".".join((*prefix, *((node.module,) if node.module else ())))
            yield node, base
            for alias in node.names:
                yield node, f"{base}.{alias.name}"
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in {"import_module", "__import__"} and isinstance(node.args[0].value, str):
                yield node, node.args[0].value


def _inside(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def forbidden_imports(room: str, forbidden: tuple[str, ...], root: Path = ROOT) -> list[str]:
    """Les imports que cette salle n'a pas le droit de faire."""
    admitted = ADMITTED_IMPORTS.get(room, ())
    found = {
        f"{_where(path, node, root)} : importe {name}, interdit dans {room}/"
        for path in sources(room, root=root)
        for node, name in imported(path, root)
        if _inside(name, forbidden) and not _inside(name, admitted)
    }
    return sorted(found)


def clock_reads(*folders: str, root: Path = ROOT) -> list[str]:
    """Les lectures de l'horloge (``datetime.now``, ``date.today``, ``time.time``…) hors des endroits admis."""
    found = []
    for path in sources(*folders, root=root):
        if path.relative_to(root).as_posix() in CLOCK_ALLOWED:
            continue
        for node in ast.walk(_tree(path)):
            if not isinstance(node, ast.Attribute):
                continue
            owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
            read = (node.attr in _CLOCKS and owner in _CLOCK_OWNERS) or (node.attr == "time" and owner == "time")
            if read:
                found.append(
                    f"{_where(path, node, root)} : lit l'horloge ({owner}.{node.attr}) ; passez l'instant en argument"
                )
    return found


def approximate_numbers(*folders: str, root: Path = ROOT) -> list[str]:
    """Les nombres à virgule flottante : un littéral, ``float(…)``, ``round(…)``, une division ``/`` hors fractions."""
    found = []
    for path in sources(*folders, root=root):
        for node in ast.walk(_tree(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(f"{_where(path, node, root)} : nombre approché {node.value!r} ; écrivez des entiers")
            elif isinstance(node, ast.Name) and node.id == "float" and isinstance(node.ctx, ast.Load):
                found.append(f"{_where(path, node, root)} : float ; l'argent est en centimes entiers")
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "round":
                found.append(
                    f"{_where(path, node, root)} : round() ; la règle d'arrondi est payroll.money.round_half_up"
                )
            elif isinstance(node, ast.Attribute) and node.attr in {"float64", "float32", "float_", "true_divide"}:
                found.append(f"{_where(path, node, root)} : {node.attr} ; les colonnes sont en int64")
    return found


def silent_packages(*folders: str, root: Path = ROOT) -> list[str]:
    """Les paquets dont le ``__init__`` manque, ou ne dit pas en une phrase au moins ce qui vit là."""
    found = []
    for folder in sorted({path.parent for path in sources(*folders, root=root)}):
        place = folder.relative_to(root).as_posix()
        if any(place == apart or place.startswith(f"{apart}/") for apart in NOT_PACKAGES):
            continue
        init = folder / "__init__.py"
        if not init.exists():
            found.append(f"{place}/ : il n'y a pas de __init__.py")
            continue
        text = (ast.get_docstring(_tree(init)) or "").strip()
        if len(text.split()) < 5 or "." not in text:
            found.append(f"{place}/__init__.py : la docstring ne dit pas en une phrase ce qui vit ici")
    return found


def code_lines(path: Path) -> int:
    """Le nombre de lignes qui portent du code : ni vides, ni de commentaire, ni de docstring."""
    source = path.read_text(encoding="utf-8")
    docstrings: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docstrings.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    ignored = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in ignored:
            lines.update(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def long_files(*folders: str, root: Path = ROOT, reasons: dict[str, str] | None = None) -> list[str]:
    """Les fichiers trop longs sans raison écrite, et les raisons qui ne servent plus."""
    reasons = LONG_FILES if reasons is None else reasons
    sizes = {path.relative_to(root).as_posix(): code_lines(path) for path in sources(*folders, root=root)}
    found = [
        f"{name} : {size} lignes de code (au plus {MAX_LINES}) ; coupez-le, ou écrivez la raison"
        for name, size in sizes.items()
        if size > MAX_LINES and not reasons.get(name)
    ]
    found += [
        f"{name} : n'est plus trop long ; retirez-le de la liste" for name in reasons if sizes.get(name, 0) <= MAX_LINES
    ]
    return found
