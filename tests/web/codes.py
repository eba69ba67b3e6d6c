"""Finds every error code that the packages can raise, by reading their source."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("competitions", "devices", "lab_controller", "web")
ERROR_BASES = {"LabError", "CompetitionError", "DeviceError"}
# Calls that tell a fault without raising it, and at which argument they take the code.
TELLERS = {"_raise": 1, "report": 2, "_report": 1, "alert": 1, "ReportFault": 0, "RowError": 2}
DRIVER_TELLERS = {"Refused": 0, "Reopen": 0}


def iter_sources() -> Iterator[tuple[Path, ast.Module]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def error_classes(sources: list[tuple[Path, ast.Module]]) -> set[str]:
    """Names of all classes below ERROR_BASES, however deep."""
    parents = {
        node.name: {base.id for base in node.bases if isinstance(base, ast.Name)}
        for _, tree in sources
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = set(ERROR_BASES)
    while grown := {name for name, bases in parents.items() if bases & found} - found:
        found |= grown
    return found


def raised_codes() -> dict[str, str]:
    """Each code that is written in a call of an error class or a teller, and a file where it is."""
    sources = list(iter_sources())
    place = dict.fromkeys(error_classes(sources), 0) | TELLERS
    codes: dict[str, str] = {}
    for path, tree in sources:
        tellers = place | DRIVER_TELLERS if path.is_relative_to(ROOT / "devices") else place
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and len(node.args) > tellers.get(called(node), 99):
                for code in constants(node.args[tellers[called(node)]]):
                    codes.setdefault(code, str(path.relative_to(ROOT)))
    return codes


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def constants(node: ast.expr) -> Iterator[str]:
    """The strings that an expression may be: itself, or a branch of a condition."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from constants(node.body)
        yield from constants(node.orelse)
    elif isinstance(node, ast.BoolOp):
        for value in node.values:
            yield from constants(value)
