"""The legal plans of a search space, and how a wish becomes one of them.

A sampler may wish for anything; only legal plans that were not tried before are ever proposed. Spaces of
up to ``ENUMERATED`` plans are enumerated; of a larger one plans are drawn and repaired at random.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from search_spaces.model import Parameter, Plan, SearchSpace, Value
from transform.strategies.intermediates import is_spacing

Codes = NDArray[np.int32]

ENUMERATED = 20_000
_ATTEMPTS = 2_000


def plan_key(plan: Plan) -> str:
    """The canonical text of a plan: equal plans, equal keys."""
    return json.dumps(dict(sorted(plan.items())), separators=(",", ":"))


def describe(plan: Plan, default: Plan | None = None) -> str:
    """A plan in one line, as ``--set`` would take it. With ``default``, only what differs from it.

    Several knobs of one family with one value are one: ``accumulate=atomic``.
    """
    shown = {k: v for k, v in plan.items() if default is None or default.get(k) != v}
    parts: dict[str, None] = {}
    for name, value in shown.items():
        family = name.split(".")[0]
        values = {v for k, v in plan.items() if k.startswith(family + ".")}
        members = [k for k in plan if k.startswith(family + ".")]
        whole = len(members) > 1 and len(values) == 1 and all(k in shown for k in members)
        parts[f"{family if whole else name}={value}"] = None
    return " ".join(parts) or ("(no choice)" if not plan else "(default)")


def difference(one: Plan, other: Plan) -> int:
    """How many parameters two plans answer differently (Hamming distance; inactive counts as a value)."""
    return sum(one.get(name) != other.get(name) for name in one.keys() | other.keys())


@dataclass(frozen=True)
class LegalPlans:
    """The legal plans of ``space``.

    ``ordered``: the values of each parameter stand in the order in which an expert would try them.
    """

    space: SearchSpace
    ordered: bool = True

    @cached_property
    def plans(self) -> tuple[dict[str, Value], ...] | None:
        """All of them, the default first; ``None`` if there are more than ``ENUMERATED``."""
        plans = tuple(islice(self.space.plans(), ENUMERATED + 1))
        return plans if len(plans) <= ENUMERATED else None

    @property
    def size(self) -> int | None:
        return None if self.plans is None else len(self.plans)

    @cached_property
    def _keys(self) -> tuple[str, ...]:
        return tuple(plan_key(p) for p in self.plans or ())

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._keys)

    @cached_property
    def _row(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self._keys)}

    @cached_property
    def _codes(self) -> Codes:
        return self.encode(self.plans or ())

    def encode(self, plans: Sequence[Plan]) -> Codes:
        """One row per plan, one column per parameter: the index of the value, -1 where inactive."""
        rows = [[_code(p, plan) for p in self.space.parameters] for plan in plans]
        return np.array(rows, dtype=np.int32).reshape(len(rows), len(self.space.parameters))

    def candidates(
        self, random: np.random.Generator, tried: Collection[str], near: Sequence[Plan], most: int
    ) -> tuple[list[dict[str, Value]], Codes]:
        """Untried plans with their codes: all, or ``most`` at random and the neighbours of those ``near``.

        Where the space is too large to be enumerated, each costs time and a quarter as many are drawn.
        """
        if self.plans is not None:
            free = self._free(tried)
            if len(free) > most:
                around = [np.flatnonzero(_apart(self._codes, row) <= 1) for row in self.encode(near)]
                drawn = random.choice(free, most, replace=False)
                free = np.union1d(drawn, np.intersect1d(free, np.concatenate([*around, drawn])))
            return [self.plans[i] for i in free], self._codes[free]
        found = {plan_key(p): p for p in (self._assign({}, random) for _ in range(most // 4)) if p in self}
        found |= {plan_key(p): p for centre in near for p in self.neighbours(centre, tried)[0]}
        plans = [p for key, p in found.items() if key not in tried]
        return plans, self.encode(plans)

    def neighbours(self, plan: Plan, tried: Collection[str]) -> tuple[list[dict[str, Value]], Codes]:
        """Untried plans that give one answer differently from ``plan``, and their codes.

        Answers that only one of the two plans has to give do not count.
        """
        if self.plans is not None:
            free = self._free(tried)
            near = free[_apart(self._codes[free], self.encode([plan])[0]) == 1]
            return [self.plans[i] for i in near], self._codes[near]
        found = []
        for p in self.space.parameters:
            for value in p.values if p.name in plan else ():
                other = self.complete({**plan, p.name: value})
                if value != plan[p.name] and other in self and plan_key(other) not in tried:
                    found.append(other)
        return found, self.encode(found)

    def _free(self, tried: Collection[str]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        free = np.ones(len(self._keys), dtype=bool)
        free[[self._row[key] for key in tried if key in self._row]] = False
        return np.flatnonzero(free)

    def complete(self, wish: Plan) -> dict[str, Value]:
        """``wish`` with the default where it says nothing, without what is not active in it."""
        plan: dict[str, Value] = {}
        for p in self.space.parameters:
            if p.active(plan):
                plan[p.name] = wish.get(p.name, p.values[0])
        return plan

    def __contains__(self, plan: Plan) -> bool:
        if self.plans is not None:
            return plan_key(plan) in self._known
        active = {p.name: p for p in self.space.parameters if p.active(plan)}
        return (
            active.keys() == plan.keys()
            and all(plan[name] in p.values for name, p in active.items())
            and all(c.allows(plan) for c in self.space.constraints)
        )

    def in_order(self, tried: Collection[str]) -> dict[str, Value] | None:
        """The first untried plan in the space's own order; ``None`` when all are tried."""
        plans: Iterator[dict[str, Value]] = iter(self.plans) if self.plans is not None else self.space.plans()
        return next((p for p in plans if plan_key(p) not in tried), None)

    def draw(self, random: np.random.Generator, tried: Collection[str]) -> dict[str, Value] | None:
        """An untried plan, uniformly at random; ``None`` when all are tried."""
        if self.plans is not None:
            free = self._free(tried)
            return dict(self.plans[int(free[int(random.integers(len(free)))])]) if len(free) else None
        for _ in range(_ATTEMPTS):
            plan = self._assign({}, random)
            if plan_key(plan) not in tried and plan in self:
                return plan
        return self.in_order(tried)

    def nearest(
        self, wish: Plan, random: np.random.Generator, tried: Collection[str]
    ) -> dict[str, Value] | None:
        """The untried plan with the fewest answers different from ``wish``, ties broken at random."""
        if self.plans is not None:
            wished = np.array([_code(p, wish) for p in self.space.parameters], dtype=np.int32)
            free = self._free(tried)
            if not len(free):
                return None
            away = (self._codes[free] != wished).sum(axis=1)
            best = free[away == away.min()]
            return dict(self.plans[int(best[int(random.integers(len(best)))])])
        names = [p.name for p in self.space.parameters]
        for attempt in range(_ATTEMPTS):
            radius = min(len(names), attempt, 1 + attempt * len(names) // _ATTEMPTS)
            dropped = set(random.choice(names, size=radius, replace=False))
            plan = self._assign({k: v for k, v in wish.items() if k not in dropped}, random)
            if plan_key(plan) not in tried and plan in self:
                return plan
        return self.draw(random, tried)

    def _assign(self, wish: Plan, random: np.random.Generator) -> dict[str, Value]:
        """A plan with what ``wish`` says where it says something, else a random value."""
        plan: dict[str, Value] = {}
        for p in self.space.parameters:
            if p.active(plan):
                wished = wish.get(p.name)
                drawn = p.values[int(random.integers(len(p.values)))]
                plan[p.name] = drawn if wished is None or wished not in p.values else wished
        return plan


def expert_plans(legal: LegalPlans) -> tuple[Plan, ...]:
    """What an expert tries first: the default, then each way to combine increments, the same everywhere."""
    default = legal.space.default
    ways = [p for p in legal.space.parameters if p.name.split(".")[0] == "accumulate"]
    plans = {plan_key(default): default}
    for value in dict.fromkeys(v for p in ways for v in p.values):
        wish = {**default, **{p.name: value for p in ways if value in p.values}}
        plan = legal.complete(wish)
        if plan in legal:
            plans[plan_key(plan)] = plan
    return tuple(plans.values())


def checkpoint_plans(legal: LegalPlans) -> tuple[Plan, ...]:
    """Where fewer checkpoints are offered than one per step or the root (memory is limited): the default
    with each way to place them, for it is not known which ways fit."""
    spaced = [p for p in legal.space.parameters if any(is_spacing(str(v)) for v in p.values)]
    wishes = (
        {**legal.space.default, **{p.name: value for p in spaced if value in p.values}}
        for value in dict.fromkeys(v for p in spaced for v in p.values)
    )
    return tuple(plan for wish in wishes if (plan := legal.complete(wish)) in legal)


def _apart(
    codes: Codes, row: np.ndarray[tuple[int], np.dtype[np.int32]]
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """How many answers that both give differ."""
    counts: np.ndarray[tuple[int], np.dtype[np.int64]] = ((codes != row) & (codes >= 0) & (row >= 0)).sum(
        axis=1
    )
    return counts


def _code(parameter: Parameter, plan: Plan) -> int:
    value = plan.get(parameter.name)
    return -1 if value is None or value not in parameter.values else parameter.values.index(value)
