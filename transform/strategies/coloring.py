"""Conflict coloring of blocks of iterations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.adjoint.scope import reads_of_own_writes
from transform.analysis.access import Footprints
from transform.ir.build import Builder, Fresh
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Accumulate,
    Block,
    Color,
    Colored,
    For,
    How,
    Increment,
    Launch,
    Let,
    Range,
    Stmt,
    Store,
    Symbol,
    Touch,
)
from transform.ir.rename import renamed
from transform.ir.types import Array, Coloring
from transform.ir.walk import map_blocks, substitute, walk
from transform.strategies.base import Strategy, close, floating
from transform.strategies.contributions import watch


@dataclass(frozen=True)
class ConflictColoring(Strategy):
    """Color blocks of iterations so that no two of one color share a target; run color after color.

    ``block``: consecutive iterations that stay together, run in order by one thread; None: an eighth of a
    thread's share, so that a mesh numbered in order needs few colors and keeps its locality. Greedy first
    fit on the actual index arrays (Gebremedhin, Manne & Pothen, *What color is your Jacobian?*, SIAM
    Review 2005).
    """

    block: int | None = 1
    name: str = "coloring"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        footprints = Footprints(launch)
        for a in footprints.accesses:
            if a.view == view and a.kind == "increment" and not any(0 in x.parallel for x in a.index):
                return "every iteration updates the same elements: each would need a color of its own"
        inspector = self._inspector(launch, [view])
        own = reads_of_own_writes(launch)
        for s in walk(inspector):
            where = f" (line {s.loc.line})" if s.loc is not None else ""
            if id(s) in own:
                return f"which elements an iteration updates depends on what it has written{where}"
            if isinstance(s, Let) and floating(s):
                return f"which elements an iteration updates depends on floating-point data{where}"
        return None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        body, unit = _standalone(self._inspector(launch, views), launch, fresh)
        b = Builder(fresh)
        with b.block() as lengths:
            keys = watch(body, b, (unit.index,))
        target = fresh.symbol("coloring", Coloring())
        color = Color(target, unit, self.block, tuple(views), keys, body, launch.loc)
        for view in views:
            launch = close(launch, view, view, (), How.PLAIN)
        return (*lengths, color, replace(launch, schedule=Colored(target)))

    @staticmethod
    def _inspector(launch: Launch, views: list[Symbol]) -> Block:
        """The part of the body that computes which elements of ``views`` an iteration updates."""

        def rewrite(b: Block) -> Block:
            kept: list[Stmt] = []
            for s in b.stmts:
                match s:
                    case Accumulate(memory=m, index=index, loc=loc):
                        if m in views:
                            kept.append(Touch(m, index, loc))
                    case Store(memory=m) | Increment(memory=m) if not isinstance(m.type, Array):
                        pass
                    case _:
                        kept.append(map_blocks(s, rewrite))
            return Block(tuple(kept))

        return remove_dead(rewrite(launch.body))


def _standalone(inspector: Block, launch: Launch, fresh: Fresh) -> tuple[Block, Range]:
    """The inspector with symbols of its own, its inner parallel ranges made loops."""
    names = {r.index: fresh.like(r.index) for r in launch.ranges}
    body, _ = renamed(substitute(inspector, names), fresh)
    outer, *inner = launch.ranges
    for r in reversed(inner):
        body = Block((For(names[r.index], r.lo, r.hi, 1, False, (), body),))
    return body, Range(names[outer.index], outer.lo, outer.hi)
