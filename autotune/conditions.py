"""Values for which the conditions hold that a gradient checks before its launches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import prod

from autotune.intervals import Sizes
from autotune.origins import definitions
from transform.analysis.checked import assumed
from transform.analysis.races import without_races
from transform.ir.nodes import Assumption, Atom, Comparison, Const, Extent, Program, Symbol
from transform.ir.walk import last_id


class Conditions:
    """What the launches of a program take for granted, as far as it is about its parameters."""

    def __init__(self, program: Program) -> None:
        checked, _ = without_races(program, last_id(program))
        self._given = assumed(checked)
        self._defined = definitions(checked)
        self._params = {p.symbol for p in program.params}

    def broken(self, sizes: Sizes) -> Assumption | None:
        """A condition that certainly does not hold."""
        return next((a for a in self._given if not any(self._holds(c, sizes) for c in a.either)), None)

    def met(self, sizes: Sizes, kept: Collection[str]) -> Sizes:
        """``sizes`` with larger scalars, where that makes the conditions hold: those in ``kept`` only where
        no others do."""
        for _ in range(2 * len(self._given)):
            broken = self.broken(sizes)
            if broken is None:
                break
            steps = [s for c in broken.either for s in self._steps(c, sizes)]
            if not steps:
                break
            name, step = min(steps, key=lambda s: s[0] in kept)
            sizes = replace(sizes, scalars={**sizes.scalars, name: sizes.scalars[name] + step})
        return sizes

    def _value(self, atom: Atom, sizes: Sizes) -> int | None:
        if isinstance(atom, Const):
            return int(atom.value)
        if atom in self._params:
            return sizes.scalars.get(atom.name)
        match self._defined.get(atom):
            case Extent(view=view, dim=dim) if view in self._params:
                return sizes.extents[view.name][dim]
            case _:
                return None

    def _total(self, c: Comparison, sizes: Sizes) -> int | None:
        total = 0
        for k, atoms in c.terms:
            known = [v for a in atoms if (v := self._value(a, sizes)) is not None]
            if len(known) < len(atoms):
                return None
            total += k * prod(known)
        return total

    def _holds(self, c: Comparison, sizes: Sizes) -> bool:
        total = self._total(c, sizes)
        return total is None or (total != 0 if c.nonzero else total >= 0)

    def _steps(self, c: Comparison, sizes: Sizes) -> list[tuple[str, int]]:
        """Scalars and by how much more of one of them the comparison holds."""
        total = self._total(c, sizes)
        found: list[tuple[str, int]] = []
        for name in dict.fromkeys(
            a.name for _, atoms in c.terms for a in atoms if isinstance(a, Symbol) and a in self._params
        ):
            more = replace(sizes, scalars={**sizes.scalars, name: sizes.scalars[name] + 1})
            after = self._total(c, more)
            if total is None or after is None:
                continue
            if c.nonzero and after != 0:
                found.append((name, 1))
            elif after > total and not c.nonzero:
                found.append((name, -(total // (after - total))))
        return found
