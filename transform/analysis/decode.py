"""What an index expression determines: ``8 * i + k`` with ``0 <= k < 8`` determines ``i`` and ``k``.

Two iterations that meet at an element have equal index expressions, so they agree in everything that those
determine: the digits of a mixed-radix number, what has the same quotient and remainder, multiples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from transform.analysis.affine import Affine, Term, combine, mentions

Bounds = Mapping[Term, tuple[Affine, Affine]]
"""Term -> its least value and one more than its greatest, both the same in all iterations."""

ZERO = Affine((), 0)


def determined(components: Iterable[Affine], bounds: Bounds) -> frozenset[Affine]:
    """The values that are equal wherever all ``components`` are; what never varies is left out of them."""
    known: set[Affine] = set()
    todo = list(components)
    while todo:
        x = _varying(todo.pop())
        if x in known or not x.terms:
            continue
        known.add(x)
        todo += _digits(x, bounds)
        todo += _divided(known)
    return frozenset(known)


def _varying(x: Affine) -> Affine:
    return Affine(tuple((t, c) for t, c in x.terms if varies(Affine(((t, 1),), 0))), 0)


def _digits(x: Affine, bounds: Bounds) -> list[Affine]:
    """The leading part and the rest of a number whose rest is smaller than the radix."""
    if len(x.terms) == 1:
        ((term, coefficient),) = x.terms
        if coefficient == 1 and term[:2] == ("op", "mul") and _not_zero(term[3], bounds):
            assert isinstance(term[2], Affine)
            return [term[2]]
        return [Affine(((term, 1),), 0)] if coefficient != 1 else []
    block = same_block(x, x, bounds)
    if block is not None:
        radix = max(abs(c) for _, c in x.terms)
        return [block, Affine(tuple((t, c) for t, c in x.terms if c % radix), 0)]
    for symbolic in dict.fromkeys(t[3] for t, _ in x.terms if t[:2] == ("op", "mul")):
        assert isinstance(symbolic, Affine)
        factors = [(t[2], c) for t, c in x.terms if t[:2] == ("op", "mul") and t[3] == symbolic]
        low = Affine(tuple((t, c) for t, c in x.terms if t[:2] != ("op", "mul") or t[3] != symbolic), 0)
        if len(low.terms) == 1 and _below(low, symbolic, bounds):
            high_part = ZERO
            for factor, c in factors:
                assert isinstance(factor, Affine)
                high_part = combine(high_part, factor, c)
            return [high_part, low]
    return []


def same_block(x: Affine, y: Affine, bounds: Bounds) -> Affine | None:
    """What is equal wherever ``x`` and ``y`` are: both are the same multiple of a constant radix plus rests
    that differ by less than it. ``None`` if that is not known."""
    radix = max((abs(c) for _, c in x.terms), default=0)
    high, rest = _split(x, radix)
    high_y, rest_y = _split(y, radix)
    if radix < 2 or not high or high != high_y:
        return None
    low, low_y = _interval(rest, bounds), _interval(rest_y, bounds)
    if low is None or low_y is None or max(low[1], low_y[1]) - min(low[0], low_y[0]) >= radix:
        return None
    return Affine(tuple((t, c // radix) for t, c in high), 0)


def _split(x: Affine, radix: int) -> tuple[tuple[tuple[Term, int], ...], Affine]:
    high = tuple((t, c) for t, c in x.terms if radix and c % radix == 0)
    return high, Affine(tuple(term for term in x.terms if term not in high), x.constant)


def _interval(x: Affine, bounds: Bounds) -> tuple[int, int] | None:
    """Least and greatest value, where both are constants."""
    least = greatest = x.constant
    for term, c in x.terms:
        if term not in bounds:
            return None
        lo, hi = bounds[term]
        if lo.terms or hi.terms:
            return None
        ends = (c * lo.constant, c * max(hi.constant - 1, lo.constant))
        least, greatest = least + min(ends), greatest + max(ends)
    return least, greatest


def _below(x: Affine, radix: Affine, bounds: Bounds) -> bool:
    """Whether the single term ``x`` takes fewer than ``radix`` consecutive values or just as many."""
    ((term, c),) = x.terms
    if c != 1 or term not in bounds:
        return False
    lo, hi = bounds[term]
    spare = combine(radix, combine(hi, lo, -1), -1)
    return not spare.terms and spare.constant >= 0


def separate(x: Affine, y: Affine, bounds: Bounds) -> bool:
    """Whether ``x`` and ``y`` never have a common value, in whatever iterations."""
    (low_x, high_x), (low_y, high_y) = _extremes(x, bounds), _extremes(y, bounds)
    return _less(high_x, low_y) or _less(high_y, low_x)


def _less(x: Affine | None, y: Affine | None) -> bool:
    if x is None or y is None:
        return False
    difference = combine(y, x, -1)
    return not difference.terms and difference.constant > 0


def _extremes(x: Affine, bounds: Bounds) -> tuple[Affine | None, Affine | None]:
    """The least and the greatest value as functions of what never varies; ``None`` where not known."""
    low: Affine | None = Affine((), x.constant)
    high = low
    for term, c in x.terms:
        first, last = _range_of(term, bounds)
        if c < 0:
            first, last = last, first
        low = None if low is None or first is None else combine(low, first, c)
        high = None if high is None or last is None else combine(high, last, c)
    return low, high


def _range_of(term: Term, bounds: Bounds) -> tuple[Affine | None, Affine | None]:
    if term in bounds:
        lo, hi = bounds[term]
        return lo, combine(hi, Affine((), 1), -1)
    itself = Affine(((term, 1),), 0)
    if not varies(itself):
        return itself, itself
    if term[:2] in (("op", "mod"), ("op", "div")):  # a symbolic divisor is an extent: not negative
        _, fn, dividend, divisor = term
        assert isinstance(dividend, Affine) and isinstance(divisor, Affine)
        low, _ = _extremes(dividend, bounds)
        positive = bool(divisor.terms) or divisor.constant > 0
        if positive and not varies(divisor) and low is not None and not low.terms and low.constant >= 0:
            return ZERO, combine(divisor, Affine((), 1), -1) if fn == "mod" else None
    return None, None


def _not_zero(x: object, bounds: Bounds) -> bool:
    """Whether an iteration proves it: ``0 <= k < x``, ``k`` an index of the region or of a loop around it."""
    outer = (ends for term, ends in bounds.items() if term[0] != "local")
    return any(lo.constant >= 0 and not lo.terms and hi == x for lo, hi in outer)


def _divided(known: set[Affine]) -> list[Affine]:
    """Dividends whose quotient and remainder are known, and quotients of quotients."""
    ops = {t for x in known if len(x.terms) == 1 for t, c in x.terms if c == 1 and t[0] == "op"}
    found: list[Affine] = []
    for t in ops:
        if t[1] != "div":
            continue
        _, _, dividend, divisor = t
        if ("op", "mod", dividend, divisor) in ops:
            assert isinstance(dividend, Affine)
            found.append(dividend)
        if isinstance(divisor, Affine) and len(divisor.terms) == 1:
            ((factor, c),) = divisor.terms
            if c == 1 and divisor.constant == 0 and factor[:2] == ("op", "mul"):
                _, _, a, b = factor
                for first, second in ((a, b), (b, a)):
                    inner = Affine(((("op", "div", dividend, first), 1),), 0)
                    found.append(Affine(((("op", "div", inner, second), 1),), 0))
    return [x for x in found if _varying(x) not in known]


def varies(x: Affine) -> bool:
    """Whether ``x`` may differ between or within iterations."""
    return any(mentions(t, "index") or mentions(t, "local") for t, _ in x.terms)
