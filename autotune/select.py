"""Which variant wins, and which ones the measurements cannot tell from it.

Trials are timed in different processes at different times, so the search compares them by the ratio of
their gradient to the reference variant that was timed interleaved with it. The winner is chosen by the
finals, whose data are new: the best of many noisy trials is partly the luckiest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autotune.duels import Duel, Finals, duels, indistinguishable
from autotune.legal import difference, plan_key
from autotune.outcome import Measurement, Outcome, Timing
from autotune.statistics import ratio_interval
from search_spaces.model import Plan

OBJECTIVES = ("time", "memory")


@dataclass(frozen=True)
class Rules:
    """What a variant must satisfy beyond being right. ``max_memory`` in bytes.

    ``objectives``: what the search minimises, of ``OBJECTIVES``; the winner is always the fastest.
    """

    deterministic: bool = False
    max_memory: int | None = None
    objectives: tuple[str, ...] = ("time",)

    def rejection(self, measured: Measurement) -> str | None:
        """Why a verified variant may not win, or ``None``."""
        if self.max_memory is not None and measured.memory > self.max_memory:
            return f"needs {measured.memory} bytes, more than --max-memory {self.max_memory}"
        if self.deterministic and not measured.reproducible:
            return "repeated runs differed (--deterministic)"
        return None


@dataclass(frozen=True)
class Entry:
    """One tried variant. ``deterministic``: its strategy is reproducible by construction."""

    plan: Plan
    outcome: Outcome
    deterministic: bool


@dataclass(frozen=True)
class Selection:
    """``ties`` holds the winner and all that the measurements cannot tell from the fastest.

    ``duels``: how the finalists did against the reference; empty where no finals were held.
    """

    winner: Entry
    ties: tuple[Entry, ...]
    duels: tuple[Duel, ...] = ()

    @property
    def duel(self) -> Duel | None:
        """The winner's own; ``None`` if it is the reference or there were no finals."""
        return next((d for d in self.duels if d.plan == self.winner.plan), None)


def ratio(numerator: Timing, denominator: Timing) -> Timing:
    """The quotient of two times with its 95 % confidence interval (no samples of its own)."""
    median, low, high = ratio_interval(numerator, denominator)
    return Timing((), median, low, high)


def objective(outcome: Outcome, rules: Rules) -> float | None:
    """By what variants are compared: gradient time over reference time; ``None`` for what may not win."""
    if not isinstance(outcome, Measurement) or rules.rejection(outcome) is not None:
        return None
    value = outcome.gradient.median / outcome.reference.median
    return value if math.isfinite(value) else None


def objectives(outcome: Outcome, rules: Rules) -> tuple[float, ...] | None:
    """What the search is told, in the order of ``rules.objectives``; ``None`` for what may not win."""
    time = objective(outcome, rules)
    if time is None or not isinstance(outcome, Measurement):
        return None
    return tuple({"time": time, "memory": float(outcome.memory)}[name] for name in rules.objectives)


def front(entries: Sequence[Entry], rules: Rules) -> tuple[Entry, ...]:
    """The verified variants that may win and that none beats in time and memory at once, fastest first."""
    best: list[Entry] = []
    for entry in ranked(entries, rules):
        if not best or _memory(entry) < _memory(best[-1]):
            best.append(entry)
    return tuple(best)


def noise(entries: Sequence[Entry], rules: Rules) -> float | None:
    """Half the relative width of the 95 % interval of the fastest variant's time; ``None`` without one."""
    fastest = next(iter(ranked(entries, rules)), None)
    if fastest is None:
        return None
    time = interval(fastest)
    return (time.high - time.low) / 2 / time.median


def ranked(entries: Sequence[Entry], rules: Rules) -> list[Entry]:
    """The entries that may win, fastest first."""
    scored = [(objective(e.outcome, rules), i, e) for i, e in enumerate(entries)]
    return [
        e for value, _, e in sorted(((v, i, e) for v, i, e in scored if v is not None), key=lambda s: s[:2])
    ]


def select(
    entries: Sequence[Entry], rules: Rules, default: Plan, finals: Finals | None = None
) -> Selection | None:
    """The winner and its ties; ``None`` if nothing may win.

    With ``finals`` another variant than the reference wins only if it may be called faster
    (``Duel.claimed``). Tied with the fastest is what is not shown to be slower than it; of those that may
    win and are tied, the simplest wins: the default plan, else the one that differs least from it, else the
    one that holds least memory. Without finals (a search that was interrupted, or only one variant) all
    that overlap the fastest one's interval are tied, and the default among them wins.
    """
    failed = (finals and finals.failures) or {}  # who fails in the finals does not win
    candidates = [e for e in ranked(entries, rules) if plan_key(e.plan) not in failed]
    if not candidates:
        return None
    if finals is None or not finals.runs:
        bound = interval(candidates[0]).high
        ties = [e for e in candidates if interval(e).low <= bound]
        return _chosen(ties, ties, default, ())
    held = duels(finals)
    known = {plan_key(e.plan): e for e in candidates}
    ordered = [known[plan_key(d.plan)] for d in held if plan_key(d.plan) in known]
    winners = [known[plan_key(d.plan)] for d in held if d.claimed and plan_key(d.plan) in known]
    reference = known.get(plan_key(finals.reference))
    if not winners:  # nothing is faster than the reference; should that be ruled out, the fastest of the rest
        winners = ordered if reference is None else [reference]
    if not winners:
        return None
    fastest = winners[0]
    rest = ordered if reference is None else [reference, *ordered]
    ties = [e for e in rest if e is fastest or indistinguishable(finals, e.plan, fastest.plan)]
    return _chosen([e for e in winners if e in ties], ties, default, held)


def _chosen(
    winners: Sequence[Entry], ties: Sequence[Entry], default: Plan, held: tuple[Duel, ...]
) -> Selection:
    winner = min(winners, key=lambda e: (difference(e.plan, default), _memory(e)))
    return Selection(winner, (winner, *(e for e in ties if e is not winner)), held)


def interval(entry: Entry) -> Timing:
    """A measured entry's time relative to the reference's, with its 95 % interval."""
    assert isinstance(entry.outcome, Measurement)
    return ratio(entry.outcome.gradient, entry.outcome.reference)


def _memory(entry: Entry) -> int:
    return entry.outcome.memory if isinstance(entry.outcome, Measurement) else 0
