"""Increments combined by a team of threads first: one atomic per element and team."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.ir.build import Fresh
from transform.ir.nodes import How, Launch, Stmt, Symbol, Teamed
from transform.ir.types import View
from transform.strategies.base import Strategy, close, reads
from transform.strategies.few import region

MOST = 1024
"""Elements of a copy: scratch memory is shared by the teams that a device's core runs at once."""


@dataclass(frozen=True)
class Hierarchical(Strategy):
    """The flat range runs as teams. Each team has a copy of the array in its scratch memory, to which its
    threads add atomically (a team of one thread: plainly), and adds the copy to the array atomically in the
    end. What is too large for scratch memory at run time is updated without a copy."""

    name: str = "hierarchical"
    deterministic: bool = False

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        if region(launch, view, MOST) is None:
            return f"its elements are not known to be {MOST} at most: no team's scratch memory holds a copy"
        if len(launch.ranges) > 1:
            return "teams run over one range, the kernel over several"
        return "the kernel reads these adjoints too" if reads(launch, view) else None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        copies: list[tuple[Symbol, Symbol]] = []
        for view in views:
            assert isinstance(view.type, View)
            copy = fresh.symbol(f"{view.name}_team", replace(view.type, objects=""))
            copies.append((copy, view))
            launch = close(launch, view, copy, (), How.ATOMIC)
        return (replace(launch, schedule=Teamed(tuple(copies))),)
