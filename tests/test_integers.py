"""Arithmetic on intervals encloses what C++ computes."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import product

import pytest

from autotune.integers import UNKNOWN, Interval, apply, hull, meet, mirrored, shifted

EDGES = range(-4, 5)
INTERVALS = [(a, b) for a in EDGES for b in EDGES if a <= b]
COMPUTED: dict[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: math.trunc(a / b),
    "mod": lambda a, b: int(math.fmod(a, b)),
    "min": min,
    "max": max,
    "bitand": lambda a, b: a & b,
    "lt": lambda a, b: a < b,
    "neg": lambda a, b: -a,
    "abs": lambda a, b: abs(a),
    "copy": lambda a, b: a,
    "not": lambda a, b: not a,
}
UNARY = ("neg", "abs", "copy", "not")


@pytest.mark.parametrize("fn", COMPUTED)
def test_results_lie_in_the_interval(fn: str) -> None:
    for a, b in product(INTERVALS, [(1, 1)] if fn in UNARY else INTERVALS):
        if fn in ("div", "mod") and b[0] <= 0 <= b[1]:
            continue
        arguments: list[Interval] = [a] if fn in UNARY else [a, b]
        low, high = apply(fn, arguments)
        for x, y in product(range(a[0], a[1] + 1), range(b[0], b[1] + 1)):
            assert low <= COMPUTED[fn](x, y) <= high, (fn, a, b)


@pytest.mark.parametrize("fn", ["add", "sub", "mul", "min", "max", "neg", "abs"])
def test_intervals_are_no_wider_than_needed(fn: str) -> None:
    for a, b in product(INTERVALS[::3], [(1, 1)] if fn in UNARY else INTERVALS[::3]):
        results = [COMPUTED[fn](x, y) for x, y in product(range(a[0], a[1] + 1), range(b[0], b[1] + 1))]
        assert apply(fn, [a] if fn in UNARY else [a, b]) == (min(results), max(results))


def test_open_ends() -> None:
    positive: Interval = (1, math.inf)
    assert apply("add", [positive, (2, 2)]) == (3, math.inf)
    assert apply("mul", [(0, 0), UNKNOWN]) == (0, 0)
    assert apply("mod", [positive, (8, 8)]) == (0, 7)
    assert apply("div", [positive, (-1, 1)]) == UNKNOWN  # may divide by zero
    assert apply("div", [(4, 8), positive]) == UNKNOWN
    assert apply("div", [positive, (2, 2)]) == (0, math.inf)
    assert apply("bitand", [UNKNOWN, (0, 15)]) == (0, 15)
    assert apply("bitand", [UNKNOWN, UNKNOWN]) == UNKNOWN
    assert apply("sqrt", [positive]) == UNKNOWN
    assert apply("add", [(math.nan, 1), positive]) == UNKNOWN


def test_sets() -> None:
    assert hull((1, 2), (5, 6)) == (1, 6) and hull() == UNKNOWN
    assert meet((1, 5), (4, 9)) == (4, 5) and meet((1, 2), (3, 4)) is None
    assert shifted((1, 2), -3) == (-2, -1)
    assert all(mirrored(mirrored(r)) == r for r in ("lt", "le", "gt", "ge", "eq"))
