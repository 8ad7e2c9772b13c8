"""Integer polynomials over the terms of affine forms: ``lines * (x - depth) + index`` multiplied out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

from transform.analysis.affine import Affine, Term
from transform.ir.nodes import Symbol

Monomial = tuple[Term, ...]
"""A product of terms, in the order of ``key``; () is 1."""

_MOST = 64  # monomials: beyond it nobody reads a condition


class TooLarge(Exception):
    """A polynomial of more than ``_MOST`` monomials."""


@lru_cache(maxsize=4096)
def key(part: object) -> str:
    """An order of terms that is the same in every run."""
    match part:
        case Symbol(name=name, id=number):
            return f"{name}.{number}"
        case Affine(terms=terms, constant=constant):
            return "+".join([*(f"{c}{key(t)}" for t, c in terms), str(constant)])
        case tuple():
            return f"({','.join(key(x) for x in part)})"
        case _:
            return str(part)


def _order(monomial: Monomial) -> tuple[int, str]:
    return -len(monomial), key(monomial)


@dataclass(frozen=True)
class Poly:
    """``sum(coefficient * product of terms)``, monomials of the highest degree first."""

    terms: tuple[tuple[Monomial, int], ...]

    @property
    def constant(self) -> int | None:
        """The value of a polynomial that has no terms but a number."""
        if not self.terms:
            return 0
        return self.terms[0][1] if not self.terms[0][0] else None

    @property
    def factors(self) -> set[Term]:
        return {t for monomial, _ in self.terms for t in monomial}

    def __add__(self, other: Poly) -> Poly:
        return _poly((*self.terms, *other.terms))

    def __sub__(self, other: Poly) -> Poly:
        return self + other * number(-1)

    def __mul__(self, other: Poly) -> Poly:
        return _poly((tuple(sorted((*m, *n), key=key)), c * d) for m, c in self.terms for n, d in other.terms)


def _poly(terms: Iterable[tuple[Monomial, int]]) -> Poly:
    sums: dict[Monomial, int] = {}
    for monomial, c in terms:
        sums[monomial] = sums.get(monomial, 0) + c
    kept = sorted(((m, c) for m, c in sums.items() if c), key=lambda x: _order(x[0]))
    if len(kept) > _MOST:
        raise TooLarge
    return Poly(tuple(kept))


def number(value: int) -> Poly:
    return _poly([((), value)])


def term(t: Term) -> Poly:
    return Poly((((t,), 1),))


def expanded(x: Affine, known: Mapping[Term, Poly]) -> Poly:
    """``x`` with products multiplied out and the terms in ``known`` replaced. Raises ``TooLarge``."""
    total = number(x.constant)
    for t, c in x.terms:
        match t:
            case ("op", "mul", Affine() as a, Affine() as b):
                value = expanded(a, known) * expanded(b, known)
            case _:
                value = known.get(t) or term(t)
        total += value * number(c)
    return total


def replaced(x: Poly, known: Mapping[Term, Poly]) -> Poly:
    """``x`` with the terms in ``known`` replaced."""
    if not x.factors & known.keys():
        return x
    total = number(0)
    for monomial, c in x.terms:
        value = number(c)
        for t in monomial:
            value *= known[t] if t in known else term(t)
        total += value
    return total


def primitive(x: Poly) -> tuple[Poly, int]:
    """``x`` without the common factor of the coefficients of its terms, rounded down, and that factor."""
    common = gcd(*(c for m, c in x.terms if m))
    if common < 2:
        return x, 1
    return _poly((m, c // common) for m, c in x.terms), common


def quotient(x: Poly, divisor: Poly) -> Poly | None:
    """The polynomial that times ``divisor`` is ``x``; ``None`` if there is none."""
    if not divisor.terms:
        return None
    variables = sorted(x.factors | divisor.factors, key=key)

    def weight(part: tuple[Monomial, int]) -> tuple[int, ...]:
        powers = Counter(part[0])
        return len(part[0]), *(powers[v] for v in variables)

    lead, c = max(divisor.terms, key=weight)
    result = number(0)
    for _ in range(_MOST):
        if not x.terms:
            return result
        monomial, d = max(x.terms, key=weight)
        left = Counter(monomial)
        left.subtract(lead)
        if d % c or min(left.values(), default=0) < 0:
            return None
        part = Poly(((tuple(sorted(left.elements(), key=key)), d // c),))
        result, x = result + part, x - part * divisor
    return None


def leads_negative(x: Poly) -> bool:
    return bool(x.terms) and x.terms[0][1] < 0
