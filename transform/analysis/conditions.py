"""Conditions on values of the host, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod
from zlib import crc32

from transform.analysis.affine import Term
from transform.analysis.forms import Poly, key

SUMMANDS = 3  # conditions that are added up to see what follows from them
_VALUES = (0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 17, 24, 40)  # of sizes and places in samples


@dataclass(frozen=True)
class Check:
    """``value`` is not negative; with ``nonzero``: it is not 0."""

    value: Poly
    nonzero: bool = False

    def implies(self, other: Check) -> bool:
        if self.nonzero or other.nonzero:
            return self == other
        more = (other.value - self.value).constant
        return more is not None and more >= 0

    def holds(self, sample: Sample) -> bool:
        value = sample.value(self.value)
        return value != 0 if self.nonzero else value >= 0


@dataclass(frozen=True)
class Sample:
    """Values for all terms, as sizes and places have them; the same in every run."""

    number: int

    def value(self, x: Poly) -> int:
        return sum(c * prod(self._term(t) for t in m) for m, c in x.terms)

    def _term(self, t: Term) -> int:
        return _VALUES[crc32(f"{key(t)} {self.number}".encode()) % len(_VALUES)]


Clause = frozenset[Check]
"""One of them holds."""

Proof = frozenset[Clause]
"""All of them hold."""

NOTHING: Proof = frozenset()


def follows(clause: Clause, given: Iterable[Clause]) -> bool:
    """Whether one of ``given`` implies ``clause``, or the sum of a few of them does."""
    known = list(given)
    if any(all(any(c.implies(d) for d in clause) for c in alternatives) for alternatives in known):
        return True
    certain = [c.value for k in known if len(k) == 1 for c in k if not c.nonzero]
    return any(not c.nonzero and sum_of(c.value, certain, SUMMANDS) for c in clause)


def sum_of(value: Poly, certain: list[Poly], most: int) -> bool:
    """Whether ``value`` is a number that is not negative plus at most ``most`` of ``certain``."""
    constant = value.constant
    if constant is not None:
        return constant >= 0
    return most > 0 and any(sum_of(value - c, certain, most - 1) for c in certain)


def cost(proof: Proof, given: Iterable[Clause]) -> int:
    """How much a proof asks for beyond ``given``: few and short conditions are better."""
    new = [clause for clause in proof if not follows(clause, given)]
    return sum(sum(1 + len(m) for m, _ in check.value.terms) for clause in new for check in clause)
