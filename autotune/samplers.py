"""Our own samplers: given what was told so far, the legal plan to try next. No Optuna in here.

A sampler keeps nothing between calls that it could not compute again: what it proposes depends on the plans
and values told, on the plans that are pending and on the seed alone. So a resumed search goes on as the
uninterrupted one would have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc, rankdata
from threadpoolctl import ThreadpoolController

from autotune.legal import LegalPlans
from autotune.surrogate import (
    FIT_ROWS,
    Codes,
    Floats,
    Scales,
    Surrogate,
    condition,
    embedding,
    expected_improvement,
    fit_scales,
)
from search_spaces.model import Plan, Value

Chosen = dict[str, Value]
Values = tuple[float, ...]  # one per objective, each to be small

_LEAST = 4  # a model of fewer passed variants is worth less than a random trial
_START = 10  # so many trials before they are learnt from; a twentieth of a small space, where that is less
_SINGLE = 20  # so many trials at most that change one answer each: in most spaces every answer is compared
_REMEMBER = 400  # outcomes that the process is conditioned on: its cost grows with their cube
_REFIT = 1.25  # length scales are chosen anew when there is a quarter more to learn from
_CENTRES = 5  # local search steps away from the best of so many that still has untried neighbours
_POOL = 3000  # candidates at once in a large space
_PARENTS = 10  # genetic: the best so many may be parents


@dataclass(frozen=True)
class Told:
    """A finished trial. ``values`` is ``None`` for a failure or a rejection."""

    plan: Plan
    values: Values | None


@dataclass(frozen=True)
class Past:
    """All that a sampler may know. ``tried``: keys of every plan told, pending or waiting.

    ``told`` is in the order of proposal; ``seed`` is the search's own.
    """

    told: tuple[Told, ...]
    pending: tuple[Plan, ...]
    tried: frozenset[str]
    seed: int

    @property
    def turn(self) -> int:
        """How many plans were proposed before."""
        return len(self.tried)

    @cached_property
    def random(self) -> np.random.Generator:
        """This proposal's own stream."""
        return np.random.default_rng(np.random.SeedSequence([self.seed, self.turn]))


_Answer = tuple[int, int]  # the index of a parameter and of one of its values
Sampler = Callable[[LegalPlans, Past], "Chosen | None"]


def exhaustive(legal: LegalPlans, past: Past) -> Chosen | None:
    """The space in its own order."""
    return legal.in_order(past.tried)


def random(legal: LegalPlans, past: Past) -> Chosen | None:
    """Uniformly at random."""
    return legal.draw(past.random, past.tried)


def quasi_random(legal: LegalPlans, past: Past) -> Chosen | None:
    """The legal plan nearest to the next point of a scrambled Sobol' sequence over the parameters."""
    parameters = legal.space.parameters
    if not parameters:
        return legal.draw(past.random, past.tried)
    sequence = qmc.Sobol(len(parameters), rng=np.random.default_rng(past.seed))
    if past.turn:  # scipy cannot go forward by nothing
        sequence.fast_forward(past.turn)
    point = sequence.random(1)[0]
    wish = {
        p.name: p.values[min(int(u * len(p.values)), len(p.values) - 1)]
        for p, u in zip(parameters, point, strict=True)
    }
    return legal.nearest(wish, past.random, past.tried)


def genetic(legal: LegalPlans, past: Past) -> Chosen | None:
    """A child of two of the best plans: uniform crossover, then each answer changes with probability 1/n.

    Source: the steady-state genetic algorithm (Whitley, The GENITOR Algorithm, 1989), with parents by
    tournaments of two.
    """
    ranked = _ranked(past)
    if len(ranked) < _START:
        return legal.draw(past.random, past.tried)
    parents = [ranked[min(past.random.integers(min(len(ranked), _PARENTS), size=2))] for _ in range(2)]
    wish: Chosen = {}
    for p in legal.space.parameters:
        inherited = [plan[p.name] for plan in parents if p.name in plan]
        if past.random.random() * len(legal.space.parameters) < 1 or not inherited:
            wish[p.name] = p.values[int(past.random.integers(len(p.values)))]
        else:
            wish[p.name] = inherited[int(past.random.integers(len(inherited)))]
    return legal.nearest(wish, past.random, past.tried)


class Gaussian:
    """A Gaussian process with expected improvement, alternating with local search.

    Where values are in an expert's order, the first trials change one answer of the best plan at a time: the
    time is much like a sum over kernels, so what won alone is likely to win together, and a process of so few
    outcomes would be guessing. Elsewhere they are random.

    Every second proposal is the plan of greatest expected improvement; the others are the neighbour, one
    answer away, of the best plan so far whose predicted time is least. The process learns the logarithm of
    the time, with what is slower than the median compressed: how bad the bad ones are does not matter. A
    failure counts as the slowest time seen. Pending plans are believed to take what is predicted for them
    (Ginsbourger, Le Riche and Carraro's kriging believer). Several objectives are weighted anew at random
    for each proposal (Knowles, ParEGO, 2006).
    """

    def __init__(self) -> None:
        self._scales: dict[tuple[int, int], Scales] = {}  # a memory of what could be computed again
        # More threads are no gain for matrices of a few hundred rows, and on a busy machine a loss of a
        # hundredfold; they would also disturb what is being timed.
        self._libraries = ThreadpoolController()

    def __call__(self, legal: LegalPlans, past: Past) -> Chosen | None:
        with self._libraries.limit(limits=1):
            return self._propose(legal, past)

    def _propose(self, legal: LegalPlans, past: Past) -> Chosen | None:
        ranked = _ranked(past)
        if legal.ordered and past.turn < _SINGLE and (step := _step(legal, past, ranked)):
            return step
        start = _START if legal.size is None else max(_LEAST, min(_START, legal.size // 20))
        if len(ranked) < _LEAST or past.turn < start:
            return legal.draw(past.random, past.tried)
        process, best = self._process(legal, past)
        if past.turn % 2:
            for centre in ranked[:_CENTRES]:
                plans, codes = legal.neighbours(centre, past.tried)
                if plans:
                    return dict(plans[int(process.mean(self._points(legal, codes)).argmin())])
        plans, codes = legal.candidates(past.random, past.tried, ranked[:3], _POOL)
        if not plans:
            return None
        mean, deviation = process.predict(self._points(legal, codes))
        improvement = expected_improvement(mean, deviation, best)
        certain = improvement.max() < 1e-9  # nothing to gain: what is fast at least confirms it
        return dict(plans[int(mean.argmin() if certain else improvement.argmax())])

    def improvement(self, legal: LegalPlans, past: Past) -> float | None:
        """The greatest expected improvement that is left, as a fraction of the best time; one objective.

        ``None`` when too little was told to say. Raises ``ValueError`` for several objectives.
        """
        ranked = _ranked(past)
        if any(t.values is not None and len(t.values) > 1 for t in past.told):
            raise ValueError("several objectives have no one improvement")
        if len(ranked) < _LEAST:
            return None
        plans, codes = legal.candidates(past.random, past.tried, ranked[:3], _POOL)
        if not plans:
            return 0.0
        with self._libraries.limit(limits=1):
            process, best = self._process(legal, past)
            mean, deviation = process.predict(self._points(legal, codes))
        return float(expected_improvement(mean, deviation, best).max()) * _target(past).scale

    def _points(self, legal: LegalPlans, codes: np.ndarray[tuple[int, int], np.dtype[np.int32]]) -> Floats:
        return embedding(legal.space.parameters).points(codes)

    def _process(self, legal: LegalPlans, past: Past) -> tuple[Surrogate, float]:
        """The process given everything told and believed about the pending, and the best value told."""
        columns = embedding(legal.space.parameters).column_of
        target = _target(past)
        points = self._points(legal, legal.encode([t.plan for t in past.told]))
        kept = _worth_remembering(target.values)
        scales = self._scales_for(points, columns, past)
        points, values = points[kept], target.values[kept]
        process = condition(points, columns, values, scales)
        if past.pending:
            waiting = self._points(legal, legal.encode(past.pending))
            believed = np.append(values, process.mean(waiting))
            process = condition(np.vstack([points, waiting]), columns, believed, scales)
        return process, float(target.values.min())

    def _scales_for(
        self, points: Floats, columns: np.ndarray[tuple[int], np.dtype[np.int64]], past: Past
    ) -> Scales:
        """Chosen from the first so many outcomes, a number that grows by a quarter at a time."""
        count = _LEAST
        while (more := int(np.ceil(count * _REFIT))) <= len(past.told):
            count = more
        while sum(t.values is not None for t in past.told[:count]) < _LEAST:
            count += 1
        several = any(t.values is not None and len(t.values) > 1 for t in past.told)
        key = (count, past.turn if several else 0)  # the weights of several objectives change every turn
        if key not in self._scales:
            first = Past(past.told[:count], (), past.tried, past.seed)
            rows = np.unique(np.linspace(0, count - 1, min(count, FIT_ROWS)).astype(int))
            self._scales[key] = fit_scales(points[rows], columns, _target(first).values[rows])
        return self._scales[key]


def _step(legal: LegalPlans, past: Past, ranked: Sequence[Plan]) -> Chosen | None:
    """The best plan with one answer changed: to one that won before, else to the expert's next choice.

    Two plans that differ in one answer compare it; what has lost a comparison, or awaits one, is not asked
    again. ``None`` when nothing is left.
    """
    best = ranked[0] if ranked else legal.space.default
    plans, codes = legal.neighbours(best, past.tried)
    centre = legal.encode([best])[0]
    changed = _differ(codes, centre).argmax(axis=1)
    won, lost = _compared(legal, past, bool(ranked))
    answers = [(int(j), int(row[j])) for j, row in zip(changed, codes, strict=True)]
    left = [i for i, answer in enumerate(answers) if answer not in lost]
    # every parameter's second value before any third one
    order = sorted(left, key=lambda i: (answers[i] not in won, answers[i][1], answers[i][0]))
    return dict(plans[order[0]]) if order else None


def _compared(legal: LegalPlans, past: Past, passed: bool) -> tuple[set[_Answer], set[_Answer]]:
    """Answers, as parameter and value, that won a comparison, and those that lost one or await it."""
    known = legal.encode([*(t.plan for t in past.told), *past.pending])
    scores = np.full(len(known), np.nan)  # of what is pending
    scores[: len(past.told)] = np.nan_to_num(_scalars(past), nan=np.inf) if passed else np.inf
    won: set[_Answer] = set()
    lost: set[_Answer] = set()
    for i, one in enumerate(known):
        differ = _differ(known[:i], one)
        for other in np.flatnonzero(differ.sum(axis=1) == 1):
            j = int(differ[other].argmax())
            mine, its = (j, int(one[j])), (j, int(known[other][j]))
            (won if scores[i] < scores[other] else lost).add(mine)
            (won if scores[other] < scores[i] else lost).add(its)
    return won, lost


def _differ(codes: Codes, row: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Answers that both give, and differently."""
    different: NDArray[np.bool_] = (codes != row) & (codes >= 0) & (row >= 0)
    return different


@dataclass(frozen=True)
class _Target:
    """What the process learns, mean 0 and variance 1. ``scale``: one unit of it, in logarithms."""

    values: Floats
    scale: float


def _target(past: Past) -> _Target:
    logs = _scalars(past)
    passed = ~np.isnan(logs)
    middle, lowest = float(np.median(logs[passed])), float(logs[passed].min())
    reach = max(middle - lowest, 1e-3)
    slow = passed & (logs > middle)
    logs[slow] = middle + reach * np.log1p((logs[slow] - middle) / reach)
    logs[~passed] = logs[passed].max()
    scale = max(float(logs.std()), 1e-9)
    return _Target((logs - logs.mean()) / scale, scale)


def _scalars(past: Past) -> Floats:
    """One number per told trial, the less the better: the logarithm of the only objective, or a weighting.

    Several objectives: the augmented Chebyshev norm of their ranks scaled to [0, 1], with random weights.
    Failures are NaN.
    """
    width = max(len(t.values) for t in past.told if t.values is not None)
    rows = np.array([t.values if t.values is not None else (np.nan,) * width for t in past.told])
    if width == 1:
        logs: Floats = np.log(np.maximum(rows[:, 0], 1e-300))
        return logs
    passed = ~np.isnan(rows[:, 0])
    ranks = np.full(rows.shape, np.nan)
    ranks[passed] = (rankdata(rows[passed], axis=0) - 1) / max(int(passed.sum()) - 1, 1)
    stream = np.random.default_rng(np.random.SeedSequence([past.seed, past.turn, 1]))
    weighted = ranks * stream.dirichlet(np.ones(width))
    scalars: Floats = weighted.max(axis=1) + 0.05 * weighted.sum(axis=1)
    return scalars


def _ranked(past: Past) -> list[Plan]:
    """The plans that passed, best first; of equals the one told first."""
    if all(t.values is None for t in past.told):
        return []
    scores = _scalars(past)
    return [past.told[int(i)].plan for i in np.argsort(scores, kind="stable") if not np.isnan(scores[i])]


def _worth_remembering(values: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Rows of the best and of the latest outcomes; all of them while there are few."""
    if len(values) <= _REMEMBER:
        return np.arange(len(values))
    best = np.argsort(values, kind="stable")[: _REMEMBER // 2]
    return np.union1d(best, np.arange(len(values) - _REMEMBER // 2, len(values)))


def own_samplers() -> Mapping[str, Sampler]:
    """By name; each call makes fresh ones, for one search."""
    return {
        "gp": Gaussian(),
        "random": random,
        "qmc": quasi_random,
        "genetic": genetic,
        "exhaustive": exhaustive,
    }
