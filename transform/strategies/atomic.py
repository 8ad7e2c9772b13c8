"""Hardware atomics."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.build import Fresh
from transform.ir.nodes import (
    How,
    Launch,
    Stmt,
    Symbol,
)
from transform.strategies.base import Strategy, close


@dataclass(frozen=True)
class Atomic(Strategy):
    """Hardware atomics: no memory, no set-up, contention where targets repeat; not reproducible."""

    name: str = "atomic"
    deterministic: bool = False

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        return None

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        for view in views:
            launch = close(launch, view, view, (), How.ATOMIC)
        return (launch,)
