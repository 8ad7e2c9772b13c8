"""Which few elements of a View all iterations of a kernel update, where that is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

from transform.ir.build import Builder, scalar
from transform.ir.nodes import Accumulate, Atom, Block, Const, For, Launch, Symbol
from transform.ir.types import LONG, View
from transform.ir.walk import walk


@dataclass(frozen=True)
class Region:
    """A box of elements: the first in each dimension, and how many. Some of it may lie outside of the View:
    what the kernel touches is inside."""

    first: tuple[int, ...]
    extents: tuple[int, ...]

    @property
    def size(self) -> int:
        return prod(self.extents)

    def position(self, index: tuple[Atom, ...], b: Builder) -> Atom:
        """The number of an element in row-major order, as a ``long``."""
        place: Atom = Const(0, LONG)
        for i, first, extent in zip(index, self.first, self.extents, strict=True):
            offset = b.sub(b.cast(i, LONG), Const(first, LONG))
            place = b.add(b.mul(place, Const(extent, LONG)), offset)
        return place

    def element(self, position: Symbol, b: Builder) -> tuple[Atom, ...]:
        """The index of the element with a number."""
        index: list[Atom] = []
        after = self.size
        for first, extent in zip(self.first, self.extents, strict=True):
            before, after = after, after // extent
            digit: Atom = position if before == self.size else b.apply("mod", position, Const(before, LONG))
            digit = digit if after == 1 else b.apply("div", digit, Const(after, LONG))
            index.append(Const(first, LONG) if extent == 1 else b.add(digit, Const(first, LONG)))
        return tuple(index)


def region(launch: Launch, view: Symbol, most: int) -> Region | None:
    """The elements of ``view`` that open increments of ``launch`` update, if these are no more than ``most``
    and known: constant places, those that a loop of constant bounds runs over, all of a fixed shape."""
    assert isinstance(view.type, View)
    loops = {s.index: s for s in walk(launch.body) if isinstance(s, For)}
    first: list[int] = []
    extents: list[int] = []
    places = list(_indices(launch.body, view))
    for fixed, *values in zip(view.type.static_extents, *places, strict=True):
        spans = [_span(v, loops) for v in values]
        known = [s for s in spans if s is not None]
        if len(known) == len(spans):
            first.append(min(lo for lo, _ in known))
            extents.append(max(hi for _, hi in known) - first[-1])
        elif fixed is not None:
            first.append(0)
            extents.append(fixed)
        else:
            return None
    found = Region(tuple(first), tuple(extents))
    return found if 0 < found.size <= most else None


def _indices(block: Block, view: Symbol) -> Iterator[tuple[Atom, ...]]:
    return (s.index for s in walk(block) if isinstance(s, Accumulate) and s.memory == view)


def _span(atom: Atom, loops: dict[Symbol, For]) -> tuple[int, int] | None:
    """The values of ``atom``: at least the first and less than the second."""
    if isinstance(atom, Const):
        return int(atom.value), int(atom.value) + 1
    loop = loops.get(atom)
    if loop is None or not isinstance(loop.lo, Const) or not isinstance(loop.hi, Const):
        return None
    assert scalar(loop.index).is_integer
    return int(loop.lo.value), int(loop.hi.value)
