"""How the user wants functions to be differentiated, as a file says it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transform.diagnostics import UsageError


@dataclass(frozen=True)
class Rule:
    """The names of functions that compute the adjoint or the tangent of a function; ``inactive``: its result
    counts as a constant."""

    adjoint: str = ""
    tangent: str = ""
    inactive: bool = False


Rules = Mapping[str, Rule]


def read_rules(path: Path) -> tuple[tuple[str, Rule], ...]:
    """The rules of a TOML file: one table per function with ``adjoint``, ``tangent`` or ``inactive = true``.

    Raises ``UsageError`` with the file and the key at fault.
    """
    try:
        tables = tomllib.loads(path.read_text())
    except OSError as problem:
        raise UsageError(f"{path}: {problem.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise UsageError(f"{path}: {problem}") from None
    return tuple((name, _rule(path, name, table)) for name, table in tables.items())


def _rule(path: Path, name: str, table: object) -> Rule:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: '{name}' is not a table: write [{name}] and what is known of the function")
    unknown = sorted(table.keys() - {"adjoint", "tangent", "inactive"})
    if unknown:
        raise UsageError(f"{path}: [{name}] has no key '{unknown[0]}' (known: adjoint, tangent, inactive)")
    adjoint, tangent = table.get("adjoint", ""), table.get("tangent", "")
    inactive = table.get("inactive", False)
    if not isinstance(adjoint, str) or not isinstance(tangent, str):
        raise UsageError(f"{path}: [{name}]: adjoint and tangent are names of functions")
    if not isinstance(inactive, bool):
        raise UsageError(f"{path}: [{name}]: inactive is true or false")
    if bool(adjoint or tangent) == inactive:
        raise UsageError(f"{path}: [{name}] needs an adjoint or a tangent, or inactive = true")
    return Rule(adjoint, tangent, inactive)
