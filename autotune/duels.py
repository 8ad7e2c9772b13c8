"""The finals: the best few timed head to head in fresh processes, and what may be claimed from that.

What is the same in one process (addresses, pages, the placement of threads) can make equal code differ by
per cents. So the process is the unit here: each gives one ratio of medians for a variant and the reference,
and a claim rests on how these ratios agree. The test is the signed-rank test, exact for variants of equal
speed (see ``statistics.signed_rank_interval``). At most two looks are taken at the data and every candidate
is tested, so the allowed rate of false claims is divided by both numbers (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from autotune.legal import plan_key
from autotune.outcome import Comparison, Conditions, Failure, Timing, from_json, to_json
from autotune.statistics import CONFIDENCE, signed_rank_interval, timing
from search_spaces.model import Plan

FALSE_CLAIMS = 0.005  # how often, at most, a tuning run may call a variant faster that is not
LOOKS = 2  # after ``processes`` and after twice as many
# Smaller gains are not claimed: moving code in memory alone gains or loses as much (Mytkowicz, Diwan,
# Hauswirth and Sweeney, Producing wrong data without doing anything obviously wrong, 2009).
RELEVANT = 0.01
HOPELESS = 0.03  # slower than the best by more, each time: not measured further


@dataclass(frozen=True)
class Run:
    """One process: samples in seconds, the gradients' by ``plan_key``."""

    process: int
    primal: tuple[float, ...]
    gradients: Mapping[str, tuple[float, ...]]
    conditions: tuple[Conditions, Conditions] | None = None

    def of(self, plan: Plan) -> float:
        """The median time of a variant in this process."""
        return median(self.gradients[plan_key(plan)])


@dataclass(frozen=True)
class Finals:
    """Everything measured in the finals. ``plans``: the candidates, not the ``reference``.

    ``failures``: candidates that failed now, though they passed before. ``processes``: at the first look.
    """

    reference: Plan
    plans: tuple[Plan, ...]
    processes: int
    runs: tuple[Run, ...] = ()
    failures: Mapping[str, Failure] | None = None

    def runs_of(self, plan: Plan) -> list[Run]:
        return [r for r in self.runs if plan_key(plan) in r.gradients]

    def gains(self, plan: Plan, over: Plan | None = None) -> list[float]:
        """For each process the logarithm of how much faster ``plan`` was than ``over`` (the reference).

        Where the two did not share a process, each is taken relative to the reference of its own.
        """
        mine = {r.process: math.log(r.of(self.reference) / r.of(plan)) for r in self.runs_of(plan)}
        if over is None or plan_key(over) == plan_key(self.reference):
            return list(mine.values())
        theirs = {r.process: math.log(r.of(self.reference) / r.of(over)) for r in self.runs_of(over)}
        return [mine[p] - theirs[p] for p in mine.keys() & theirs.keys()]

    def times(self, plan: Plan) -> tuple[Timing, Timing, Timing]:
        """Primal, gradient and reference: one median for each process."""
        runs = self.runs_of(plan)
        return (
            timing([median(r.primal) for r in runs]),
            timing([r.of(plan) for r in runs]),
            timing([r.of(self.reference) for r in runs]),
        )

    def to_json(self) -> dict[str, Any]:
        failures = {key: to_json(f) for key, f in (self.failures or {}).items()}
        return {**asdict(self), "failures": failures}


def finals_from_json(data: Mapping[str, Any]) -> Finals:
    """The inverse of ``Finals.to_json``. Raises ``ValueError`` for something else."""
    try:
        runs = tuple(
            Run(
                r["process"],
                tuple(r["primal"]),
                {key: tuple(samples) for key, samples in r["gradients"].items()},
                None if r["conditions"] is None else tuple(Conditions(**c) for c in r["conditions"]),  # type: ignore[arg-type]
            )
            for r in data["runs"]
        )
        failures = {key: from_json(f) for key, f in data["failures"].items()}
        return Finals(
            dict(data["reference"]),
            tuple(dict(p) for p in data["plans"]),
            int(data["processes"]),
            runs,
            failures,  # type: ignore[arg-type]
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"malformed finals: {problem!r}") from problem


def run_of(process: int, keys: Mapping[str, Plan], found: Comparison) -> Run:
    """A comparison by plans instead of by the variants' keys."""
    gradients = {plan_key(keys[key]): samples for key, samples in found.gradients.items()}
    return Run(process, found.primal, gradients, found.conditions)


@dataclass(frozen=True)
class Duel:
    """One candidate against the reference. ``speedup``: reference over candidate, with 95 % interval.

    ``certain``: the speed-up that it exceeds but for the allowed rate of false claims; 0 if none is certain.
    """

    plan: Plan
    processes: int
    speedup: Timing
    certain: float

    @property
    def bounded(self) -> bool:
        """Whether there were enough processes for an interval."""
        return math.isfinite(self.speedup.high)

    @property
    def claimed(self) -> bool:
        """Whether the candidate may be called faster than the reference."""
        return self.certain > 1.0 + RELEVANT


def duels(finals: Finals) -> tuple[Duel, ...]:
    """Each candidate that did not fail against the reference, fastest first."""
    alpha = FALSE_CLAIMS / LOOKS / max(1, len(finals.plans))
    found = []
    for plan in finals.plans:
        gains = finals.gains(plan)
        if not gains or plan_key(plan) in (finals.failures or {}):
            continue
        estimate, low, high = (math.exp(g) for g in signed_rank_interval(gains, (1 - CONFIDENCE) / 2))
        certain = math.exp(signed_rank_interval(gains, alpha)[1])
        found.append(Duel(plan, len(gains), Timing((), estimate, low, high), certain))
    return tuple(sorted(found, key=lambda d: -d.speedup.median))


def decided(finals: Finals) -> bool:
    """Whether more processes would be in vain: something is faster for sure, or nothing can be by much."""
    found = [d for d in duels(finals) if d.processes >= finals.processes]
    return any(d.claimed for d in found) or all(d.speedup.high <= 1.0 + RELEVANT for d in found)


def indistinguishable(finals: Finals, plan: Plan, fastest: Plan) -> bool:
    """Whether ``plan`` is not shown to be slower than ``fastest`` by more than what is relevant.

    One that was dropped early (it has fewer runs) was.
    """
    if _processes(finals, plan) < _processes(finals, fastest):
        return False
    losses = [-g for g in finals.gains(plan, over=fastest)]
    return signed_rank_interval(losses, (1 - CONFIDENCE) / 2)[1] <= math.log(1.0 + RELEVANT)


def hopeless(finals: Finals, plans: Sequence[Plan]) -> list[Plan]:
    """Those of ``plans`` that need no more runs: each time slower than the best so far, by ``HOPELESS``."""
    measured = [p for p in plans if finals.runs_of(p)]
    if not measured:
        return []
    best = max((*measured, finals.reference), key=lambda p: median(finals.gains(p)))
    limit = -math.log(1.0 + HOPELESS)
    losers = []
    for plan in measured:
        gains = finals.gains(plan, over=best)
        if plan is not best and max(gains) < 0 and median(gains) < limit:
            losers.append(plan)
    return losers


def _processes(finals: Finals, plan: Plan) -> int:
    return len({r.process for r in finals.runs_of(plan)})
