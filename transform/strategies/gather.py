"""Gather: every adjoint element is written by one iteration, which adds up what belongs to it.

Two ways lead there. For an affine stencil the loop is transposed and the values are computed again for each
target (``stencil.py``). Otherwise the iterations store their contributions, and an inverse map of the index
arrays, kept in the workspace, says which of them belong to a target (``contributions.py``).
"""

from __future__ import annotations

from dataclasses import dataclass

from transform.adjoint.scope import reads_of_own_writes
from transform.analysis.access import Footprints
from transform.ir.build import Fresh
from transform.ir.nodes import Launch, Let, Stmt, Symbol
from transform.ir.walk import walk
from transform.strategies import stencil
from transform.strategies.base import Strategy, floating, reads
from transform.strategies.contributions import groups, inspector, stored


@dataclass(frozen=True)
class Gather(Strategy):
    """No atomics, no copies, no colors; memory for the contributions unless the loop can be transposed.

    ``rows``: a transposed loop runs over rows, else over single targets. ``aligned``: stored records do not
    cross cache lines."""

    rows: bool = False
    aligned: bool = False
    name: str = "gather"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        return None if stencil.why_not(launch, view) is None else why_not_stored(launch, view)

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        affine = [v for v in views if stencil.why_not(launch, v) is None]
        stmts: tuple[Stmt, ...] = (
            stencil.transposed(launch, affine, self.rows, fresh) if affine else (launch,)
        )
        by_map = [v for v in views if v not in affine]
        if not by_map:
            return stmts
        *before, last = stmts
        assert isinstance(last, Launch)
        return (*before, *stored(last, by_map, fresh, cached=True, aligned=self.aligned))


def stores(launch: Launch, view: Symbol) -> bool:
    """Whether a gather of ``view`` stores contributions."""
    return stencil.why_not(launch, view) is not None and why_not_stored(launch, view) is None


def records(launch: Launch, views: list[Symbol]) -> list[Symbol]:
    """Those of ``views`` whose stored contributions can be laid out in more than one way."""
    by_map = [v for v in views if stores(launch, v)]
    return [v for g in groups(launch.body, by_map) if g.stride(True) != g.stride(False) for v in g.views]


def why_not_stored(launch: Launch, view: Symbol) -> str | None:
    """The reason why contributions to ``view`` cannot be stored and added up by an inverse map."""
    return why_not_summed(launch, view) or why_not_found(launch, view)


def why_not_summed(launch: Launch, view: Symbol) -> str | None:
    """The reason why contributions to ``view`` cannot be added up by target after the kernel."""
    accesses = [a for a in Footprints(launch).accesses if a.view == view and a.kind == "increment"]
    if not any(x.parallel for a in accesses for x in a.index):
        return "every iteration updates the same elements: few threads would add up everything"
    return "the kernel reads these adjoints too" if reads(launch, view) else None


def why_not_found(launch: Launch, view: Symbol) -> str | None:
    """The reason why it cannot be known before the kernel runs which elements of ``view`` it updates."""
    own = reads_of_own_writes(launch)
    for s in walk(inspector(launch, [view], Fresh(0))):
        where = f" (line {s.loc.line})" if s.loc is not None else ""
        if id(s) in own:
            return f"which elements an iteration updates depends on what it has written{where}"
        if isinstance(s, Let) and floating(s):
            return f"which elements an iteration updates depends on floating-point data{where}"
    return None
