"""What index expressions determine, against all values of small ranges."""

from __future__ import annotations

import itertools
import random
from collections.abc import Mapping

import pytest

from transform.analysis.affine import Affine, Term, combine
from transform.analysis.decode import determined, same_block, separate

ROW: Term = ("index", 0)
J: Term = ("index", 1)
K: Term = ("local", "k")
N: Term = ("free", "n")
M: Term = ("free", "m")


def of(*terms: Term, constant: int = 0, scale: int = 1) -> Affine:
    return Affine(tuple(sorted(((t, scale) for t in terms), key=repr)), constant)


def whole(value: int) -> Affine:
    return Affine((), value)


def times(x: Affine, n: Affine) -> Affine:
    return of(("op", "mul", x, n))


BOUNDS = {ROW: (whole(0), of(N)), J: (whole(1), of(M)), K: (whole(0), whole(3))}


def value(x: Affine, at: Mapping[Term, int]) -> int:
    return x.constant + sum(c * _term(t, at) for t, c in x.terms)


def _term(t: Term, at: Mapping[Term, int]) -> int:
    if t[0] != "op":
        return at[t]
    _, fn, a, b = t
    assert isinstance(a, Affine) and isinstance(b, Affine)
    first, second = value(a, at), value(b, at)
    if fn == "mul":
        return first * second
    quotient = abs(first) // abs(second) * (1 if first * second >= 0 else -1)
    return quotient if fn == "div" else first - quotient * second


def points(n: int, m: int) -> list[dict[Term, int]]:
    ranges = itertools.product(range(n), range(1, m), range(3))
    return [{ROW: i, J: j, K: k, N: n, M: m} for i, j, k in ranges]


def check(components: list[Affine]) -> None:
    found = determined(components, BOUNDS)
    for n, m in ((1, 2), (3, 4), (4, 2), (5, 5)):
        for a, b in itertools.product(points(n, m), repeat=2):
            if all(value(x, a) == value(x, b) for x in components):
                for x in found:
                    assert value(x, a) == value(x, b), (components, x, a, b)


def test_rows_of_a_flat_grid() -> None:
    assert of(ROW) in determined([combine(times(of(ROW), of(M)), of(J), 1)], BOUNDS)
    assert of(J) in determined([combine(times(of(ROW), of(M)), of(J), 1)], BOUNDS)


def test_rows_shorter_than_what_is_added() -> None:
    assert of(ROW) not in determined([combine(times(of(J), of(M)), of(ROW), 1)], BOUNDS)


def test_blocks_of_a_constant_size() -> None:
    x = combine(of(ROW, scale=3), of(K), 1)
    assert {of(ROW), of(K)} <= determined([x], BOUNDS)
    assert of(ROW) not in determined([combine(of(ROW, scale=2), of(K), 1)], BOUNDS)
    assert same_block(x, of(ROW, scale=3, constant=1), BOUNDS) == of(ROW)
    assert same_block(x, of(ROW, scale=3, constant=3), BOUNDS) is None


def test_quotient_and_remainder() -> None:
    q, r = of(("op", "div", of(ROW), of(M))), of(("op", "mod", of(ROW), of(M)))
    assert of(ROW) in determined([q, r], BOUNDS)
    assert of(ROW) not in determined([q], BOUNDS)
    both = of(("op", "mul", of(M), of(N)))
    three = [of(("op", "div", of(ROW), both)), of(("op", "mod", q, of(N))), r]
    assert of(ROW) in determined(three, BOUNDS)


def test_ranges_apart() -> None:
    column = of(("op", "mod", of(ROW), of(M)))
    halo = combine(of(M, constant=-1), column, -1)
    assert separate(halo, combine(column, of(M), 1), BOUNDS)
    assert not separate(halo, column, BOUNDS)
    assert separate(of(K, scale=-1, constant=1), of(K, constant=2), BOUNDS)
    assert not separate(of(K, scale=-1, constant=2), of(K, constant=2), BOUNDS)


@pytest.mark.parametrize("seed", range(40))
def test_nothing_more_than_is_true(seed: int) -> None:
    chooser = random.Random(seed)

    def some(depth: int) -> Affine:
        x = Affine((), chooser.randint(-1, 1))
        for _ in range(chooser.randint(1, 3)):
            t: Term = chooser.choice([ROW, J, K])
            if depth and chooser.random() < 0.5:
                fn = chooser.choice(["mul", "div", "mod"])
                t = ("op", fn, some(depth - 1), chooser.choice([of(N), of(M), whole(2), whole(3)]))
            x = combine(x, Affine(((t, 1),), 0), chooser.choice([1, 1, 2, 3, -2]))
        return x

    for _ in range(6):
        check([some(1) for _ in range(chooser.randint(1, 2))])
        x, y = some(1), some(1)
        if separate(x, y, BOUNDS):
            for n, m in ((1, 2), (3, 4), (4, 2)):
                first, second = ({value(z, at) for at in points(n, m)} for z in (x, y))
                assert not first & second, (x, y)
