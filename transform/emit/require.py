"""What a launch takes for granted, as C++ that checks it (``runtime/require.hpp``)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from transform.emit.expressions import UNARY
from transform.ir.nodes import Assumption, Atom, Comparison

Printer = Callable[[Atom, int], str]


def holds(given: Assumption, expr: Printer) -> str:
    """The condition; ``expr`` prints an atom that binds at least as tightly as it is told."""
    return " || ".join(_comparison(c, expr) for c in given.either)


def _comparison(c: Comparison, expr: Printer) -> str:
    """What is added on the left, what is subtracted on the right."""
    sides = []
    for sign in (1, -1):
        products = []
        for k, atoms in c.terms:
            if k * sign > 0:
                number = [str(abs(k))] if abs(k) != 1 or not atoms else []
                first, *others = [*number, *(expr(a, UNARY) for a in atoms)]
                products.append(" * ".join([f"kad::Whole({first})", *others]))
        sides.append(" + ".join(products) or "kad::Whole(0)")
    return f"{sides[0]} {'!=' if c.nonzero else '>='} {sides[1]}"


def message(given: Assumption) -> str:
    """What is wrong where the condition does not hold."""
    at = "" if given.loc is None else f"{Path(given.loc.file).name}:{given.loc.line}: "
    return f"{at}the iterations meet at an element of '{given.view}' unless {given.text}"


def quoted(text: str) -> str:
    """A string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
