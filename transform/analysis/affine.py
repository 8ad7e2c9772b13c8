"""Affine forms: index expressions as sums of terms."""

from __future__ import annotations

from dataclasses import dataclass

Term = tuple[object, ...]


@dataclass(frozen=True)
class Affine:
    """``sum(coefficient * term) + constant``. Terms: ``("index", k)`` the k-th parallel index,
    ``("local", symbol)`` a value private to a part of the iteration (a loop index, a merged value),
    ``("free", symbol)`` a host value, ``("load", memory, index...)``, ``("op", fn, args...)``,
    ``("load", "segment", memory, index...)`` any of the indices in ``memory(index) .. memory(index + 1)``."""

    terms: tuple[tuple[Term, int], ...]
    constant: int

    @property
    def local(self) -> bool:
        return any(mentions(t, "local") for t, _ in self.terms)

    @property
    def indirect(self) -> bool:
        """Whether it depends on an index array."""
        return any(mentions(t, "load") for t, _ in self.terms)

    @property
    def parallel(self) -> frozenset[int]:
        """Which parallel indices it depends on, by position."""
        return frozenset(k for t, _ in self.terms for k in positions(t))


def mentions(term: object, kind: str) -> bool:
    if isinstance(term, Affine):
        return any(mentions(t, kind) for t, _ in term.terms)
    return isinstance(term, tuple) and (
        (bool(term) and term[0] == kind) or any(mentions(part, kind) for part in term[1:])
    )


def positions(term: object) -> set[int]:
    if isinstance(term, Affine):
        return {k for t, _ in term.terms for k in positions(t)}
    if isinstance(term, tuple) and term:
        if term[0] == "index":
            assert isinstance(term[1], int)
            return {term[1]}
        return {k for part in term[1:] for k in positions(part)}
    return set()


def combine(a: Affine, b: Affine, scale: int) -> Affine:
    terms = dict(a.terms)
    for t, c in b.terms:
        terms[t] = terms.get(t, 0) + scale * c
    kept = sorted(((t, c) for t, c in terms.items() if c != 0), key=repr)
    return Affine(tuple(kept), a.constant + scale * b.constant)
