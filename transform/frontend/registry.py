"""Which functions of a translation unit have derivatives that the user gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from transform.frontend.clang import Cursor, CursorKind, evaluate, qualified
from transform.frontend.rules import Rule, Rules

_K = CursorKind
_FOREIGN = ("std", "Kokkos", "kad")


@dataclass
class Registry:
    """What a translation unit says about derivatives, found when the first call asks for it."""

    rules: Rules
    fixed: bool = False  # inside a derivative, of which no derivative is taken
    _found: dict[str, list[Cursor]] | None = field(default=None)

    def rule(self, callee: Cursor) -> Rule | None:
        """How calls of a function are differentiated, if the user says so."""
        name = qualified(callee)
        given = self.rules.get(name) or self.rules.get(str(callee.spelling))
        if given is not None:
            return given
        prefix = f"{name.removesuffix(str(callee.spelling))}kad_{callee.spelling}_"
        found = self._names(callee)
        adjoint, tangent, inactive = (f"{prefix}{kind}" for kind in ("adjoint", "tangent", "inactive"))
        if any(evaluate(c) for c in found.get(inactive, ())):
            return Rule(inactive=True)
        if adjoint in found or tangent in found:
            return Rule(adjoint if adjoint in found else "", tangent if tangent in found else "")
        return None

    def functions(self, name: str, callee: Cursor) -> list[Cursor]:
        """The functions with a body of this name, qualified or in the namespace of ``callee``."""
        found = self._names(callee)
        inner = f"{qualified(callee).removesuffix(str(callee.spelling))}{name}"
        return found.get(name) or found.get(inner) or []

    def _names(self, callee: Cursor) -> dict[str, list[Cursor]]:
        if self._found is None:
            self._found = {}
            named = {n.rpartition("::")[2] for r in self.rules.values() for n in (r.adjoint, r.tangent)}
            for cursor in _candidates(callee.translation_unit.cursor, named):
                self._found.setdefault(qualified(cursor), []).append(cursor)
        return self._found


def _candidates(parent: Cursor, named: set[str]) -> Iterator[Cursor]:
    for cursor in parent.get_children():
        if cursor.kind in (_K.NAMESPACE, _K.LINKAGE_SPEC):
            if cursor.spelling not in _FOREIGN and not str(cursor.spelling).startswith("__"):
                yield from _candidates(cursor, named)
        elif cursor.kind in (_K.FUNCTION_DECL, _K.VAR_DECL):
            name = str(cursor.spelling)
            if (name.startswith("kad_") or name in named) and cursor.is_definition():
                yield cursor
