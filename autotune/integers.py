"""Arithmetic on intervals of integers. An interval is closed; its ends may be infinite."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import product

Interval = tuple[float, float]  # ends are integers or infinite
UNKNOWN: Interval = (-math.inf, math.inf)


def hull(*intervals: Interval) -> Interval:
    """The smallest interval that contains all; ``UNKNOWN`` for none."""
    if not intervals:
        return UNKNOWN
    return (min(i[0] for i in intervals), max(i[1] for i in intervals))


def meet(a: Interval, b: Interval) -> Interval | None:
    """The intersection, or ``None`` if it is empty."""
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low <= high else None


def shifted(a: Interval, by: float) -> Interval:
    return (a[0] + by, a[1] + by)


def mirrored(relation: str) -> str:
    """``a relation b`` is ``b mirrored a``."""
    return {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq"}[relation]


def apply(fn: str, arguments: Sequence[Interval]) -> Interval:
    """The interval of a function of the IR; ``UNKNOWN`` where nothing is known about it."""
    rule = _RULES.get(fn)
    if rule is None or any(math.isnan(e) for a in arguments for e in a):
        return UNKNOWN
    low, high = rule(*arguments)
    return UNKNOWN if math.isnan(low) or math.isnan(high) else (low, high)


def _mul(a: Interval, b: Interval) -> Interval:
    # 0 * infinity is 0 here: the infinite end stands for large integers
    products = [0.0 if 0 in (x, y) else x * y for x, y in product(a, b)]
    return (min(products), max(products))


def _div(a: Interval, b: Interval) -> Interval:
    """C++'s integer division, which truncates."""
    if b[0] <= 0 <= b[1] or math.inf in (abs(b[0]), abs(b[1])):
        return UNKNOWN
    quotients = [x / y if math.isinf(x) else math.trunc(x / y) for x, y in product(a, b)]
    return (min(quotients), max(quotients))


def _mod(a: Interval, b: Interval) -> Interval:
    """C++'s remainder, which has the sign of the dividend."""
    largest = max(abs(b[0]), abs(b[1])) - 1
    if a[0] >= 0 and a[1] < min(abs(b[0]), abs(b[1])):
        return a
    return (0 if a[0] >= 0 else -largest, largest if a[1] > 0 else 0)


def _bitand(a: Interval, b: Interval) -> Interval:
    bounds = [i[1] for i in (a, b) if i[0] >= 0]
    return (0, min(bounds)) if bounds else UNKNOWN


_TRUTH: Interval = (0, 1)

_RULES: Mapping[str, Callable[..., Interval]] = {
    "copy": lambda a: a,
    "cast": lambda a: a,
    "neg": lambda a: (-a[1], -a[0]),
    "add": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "sub": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "mul": _mul,
    "div": _div,
    "mod": _mod,
    "min": lambda a, b: (min(a[0], b[0]), min(a[1], b[1])),
    "max": lambda a, b: (max(a[0], b[0]), max(a[1], b[1])),
    "abs": lambda a: (0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1])), max(abs(a[0]), abs(a[1]))),
    "bitand": _bitand,
    **dict.fromkeys(("lt", "le", "gt", "ge", "eq", "ne", "and", "or"), lambda a, b: _TRUTH),
    "not": lambda a: _TRUTH,
}
