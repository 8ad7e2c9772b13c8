"""Numbers for the iterations of a launch, row-major in its ranges, and the way back to the indices."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.build import Builder, scalar
from transform.ir.nodes import Atom, Const, Range, Symbol
from transform.ir.types import LONG

_ONE = Const(1, LONG)


@dataclass(frozen=True)
class Numbering:
    """``steps``: for each range its begin, its length (at least 1) and the iterations of the ranges inside
    it, all as ``long`` atoms of the host."""

    ranges: tuple[Range, ...]
    steps: tuple[tuple[Atom, Atom, Atom], ...]

    def number(self, b: Builder) -> Atom:
        """The number of the iteration at hand."""
        total: Atom = Const(0, LONG)
        for r, (lo, _, inner) in zip(self.ranges, self.steps, strict=True):
            offset = b.sub(b.cast(r.index, LONG), lo)
            total = b.add(total, b.mul(offset, inner))
        return total

    def indices(self, number: Atom, b: Builder) -> dict[Symbol, Atom]:
        """The indices of the iteration with a number."""
        found: dict[Symbol, Atom] = {}
        for position, (r, (lo, length, inner)) in enumerate(zip(self.ranges, self.steps, strict=True)):
            at = number if inner == _ONE else b.apply("div", number, inner)
            if position > 0:
                at = b.apply("mod", at, length)
            found[r.index] = b.named(r.index.name, b.cast(b.add(lo, at), scalar(r.index)))
        return found


def numbering(ranges: tuple[Range, ...], b: Builder) -> Numbering:
    """Number the iterations of a launch; what that needs is computed on the host, where ``b`` builds."""
    steps: list[tuple[Atom, Atom, Atom]] = []
    inner: Atom = _ONE
    for position, r in reversed(list(enumerate(ranges))):
        lo = b.cast(r.lo, LONG)
        length: Atom = _ONE
        if position > 0:
            length = b.sub(b.cast(r.hi, LONG), lo)
            length = b.select(b.compare("gt", length, _ONE), length, _ONE)
        steps.insert(0, (lo, length, inner))
        inner = b.mul(inner, length)
    return Numbering(ranges, tuple(steps))
