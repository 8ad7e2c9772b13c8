"""Contributions sorted by their targets on every call."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.build import Fresh
from transform.ir.nodes import Launch, Stmt, Symbol
from transform.strategies.base import Strategy
from transform.strategies.contributions import groups, stored
from transform.strategies.gather import Gather, why_not_found, why_not_summed


@dataclass(frozen=True)
class Sorted(Strategy):
    """Iterations store contributions and their targets, which are sorted; then each target adds up its own.

    Where targets depend on index arrays only, ``gather`` sorts once instead of on every call.
    """

    name: str = "sorted"
    deterministic: bool = True

    def why_not(self, launch: Launch, view: Symbol) -> str | None:
        if Gather().why_not(launch, view) is None:
            return "gather does the same without sorting on every call"
        reason = why_not_summed(launch, view)
        if reason is None and any(g.counted for g in groups(launch.body, [view])):
            reason = why_not_found(launch, view)  # how many there are must be known before
        return reason

    def apply(self, launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
        return stored(launch, views, fresh, cached=False)
