"""Which variant wins, and which ones the measurements cannot tell from it.

Trials are timed in different processes at different times, so they are compared by the ratio of their
gradient to the reference variant that was timed interleaved with it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from autotune.legal import difference
from autotune.outcome import Measurement, Outcome, Timing
from autotune.statistics import ratio_interval
from search_spaces.model import Plan


@dataclass(frozen=True)
class Rules:
    """What a variant must satisfy beyond being right. ``max_memory`` in bytes."""

    deterministic: bool = False
    max_memory: int | None = None

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
    """``ties`` holds the winner and all whose time its noise cannot tell from the fastest's."""

    winner: Entry
    ties: tuple[Entry, ...]


def ratio(numerator: Timing, denominator: Timing) -> Timing:
    """The quotient of two times with its 95 % confidence interval (no samples of its own)."""
    median, low, high = ratio_interval(numerator, denominator)
    return Timing((), median, low, high)


def objective(outcome: Outcome, rules: Rules) -> float | None:
    """What the search minimises: gradient time over reference time; ``None`` for what may not win."""
    if not isinstance(outcome, Measurement) or rules.rejection(outcome) is not None:
        return None
    value = outcome.gradient.median / outcome.reference.median
    return value if math.isfinite(value) else None


def ranked(entries: Sequence[Entry], rules: Rules) -> list[Entry]:
    """The entries that may win, fastest first."""
    scored = [(objective(e.outcome, rules), i, e) for i, e in enumerate(entries)]
    return [
        e for value, _, e in sorted(((v, i, e) for v, i, e in scored if v is not None), key=lambda s: s[:2])
    ]


def select(entries: Sequence[Entry], rules: Rules, default: Plan) -> Selection | None:
    """The winner and its ties; ``None`` if nothing may win.

    Tied with the fastest is every variant whose interval overlaps the fastest one's. Of these the
    simplest wins: the default plan, else the one that differs least from it, else the one that holds
    least memory. So another plan than the default is chosen only where it is faster beyond the noise.
    """
    candidates = ranked(entries, rules)
    if not candidates:
        return None
    bound = _interval(candidates[0]).high
    ties = [e for e in candidates if _interval(e).low <= bound]
    winner = min(ties, key=lambda e: (difference(e.plan, default), _memory(e)))
    return Selection(winner, (winner, *(e for e in ties if e is not winner)))


def _interval(entry: Entry) -> Timing:
    assert isinstance(entry.outcome, Measurement)
    return ratio(entry.outcome.gradient, entry.outcome.reference)


def _memory(entry: Entry) -> int:
    return entry.outcome.memory if isinstance(entry.outcome, Measurement) else 0
