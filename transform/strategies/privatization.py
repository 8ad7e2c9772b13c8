"""Private copies, one per thread."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.ir.build import Fresh
from transform.ir.nodes import (
    Chunked,
    Combine,
    How,
    Launch,
    Let,
    Load,
    Replicate,
    Stmt,
    Symbol,
)
from transform.ir.types import Scalar, View
from transform.ir.walk import walk
from transform.strategies.base import Strategy, close


@dataclass(frozen=True)
class Privatization(Strategy):
    """A private copy per thread (the first thread's is the adjoint itself), zeroed before and added after.

    Each thread takes a contiguous part of the range, so the result is the same on every run with as many
    threads. ``shared``: few copies, where those of all threads would not fit; threads that share one add
    atomically."""

    shared: bool = False
    name: str = "privatization"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        for s in walk(launch.body):
            if isinstance(s, Let) and isinstance(s.op, Load) and s.op.memory == view:
                where = f" (line {s.loc.line})" if s.loc is not None else ""
                return f"the kernel also reads sums that would still be in private copies{where}"
        return None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        replica = fresh.symbol("replica", Scalar("int"))
        before: list[Stmt] = []
        after: list[Stmt] = []
        for view in views:
            assert isinstance(view.type, View)
            copies = fresh.symbol(
                f"{view.name}_copies",
                View(
                    view.type.element,
                    (None,) * (view.type.rank + 1),
                    False,
                    f"kad::Slabs<{view.type.spelling}>",
                ),
            )
            before.append(Replicate(copies, view, launch.space, self.shared, launch.loc))
            after.append(Combine(view, copies, launch.loc))
            launch = close(launch, view, copies, (replica,), How.ATOMIC if self.shared else How.PLAIN)
        return (*before, replace(launch, schedule=Chunked(replica, self.shared)), *after)
