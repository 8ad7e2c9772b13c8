"""Which conditions make all iterations of a launch independent, and how a launch states them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from transform.analysis.access import Access
from transform.analysis.affine import Term
from transform.analysis.assume import Prover
from transform.analysis.conditions import Check, Clause, Proof, cost, follows
from transform.analysis.forms import Monomial, Poly, number
from transform.ir.build import Fresh
from transform.ir.nodes import Assumption, Atom, Comparison, Const, Extent, Launch, Let, Program, Symbol
from transform.ir.types import SIZE
from transform.ir.walk import walk

Clash = tuple[Access, Access]
"""A write, and the access of another iteration that may meet it."""


@dataclass(frozen=True)
class Settled:
    """``needed``: the conditions, each with a clash that it rules out; ``open``: clashes without a proof."""

    needed: Mapping[Clause, Clash]
    open: Sequence[Clash]


def settled(clashes: Iterable[Clash], prover: Prover) -> Settled:
    """The simplest conditions that rule out all ``clashes``. What needs most is chosen first: the rest may
    follow from it."""
    open_: list[Clash] = []
    choices: list[tuple[Clash, list[Proof]]] = []
    for clash in clashes:
        ways = [(clash, proofs) for proofs in _ways(clash, prover)]
        if all(proofs for _, proofs in ways):
            choices += ways
        else:
            open_.append(clash)
    choices.sort(key=lambda choice: -min(cost(p, ()) for p in choice[1]))
    needed: dict[Clause, Clash] = {}
    for clash, proofs in choices:
        best = min(proofs, key=lambda p: cost(p, needed))
        needed.update((clause, clash) for clause in best if not follows(clause, needed))
    for clause in list(needed):
        if follows(clause, [other for other in needed if other != clause]):
            del needed[clause]
    if not prover.plausible(needed):
        return Settled({}, [*open_, *dict.fromkeys(needed.values())])
    return Settled(needed, open_)


def proved(clash: Clash, prover: Prover, given: Sequence[Clause]) -> bool:
    """Whether ``given`` is enough to rule out a clash."""
    return all(any(cost(p, given) == 0 for p in proofs) for proofs in _ways(clash, prover))


def _ways(clash: Clash, prover: Prover) -> list[list[Proof]]:
    """For each pair of values that merged indices of the two accesses may have: the proofs."""
    first, second = (prover.footprints.cases(access) for access in clash)
    return [prover.proofs(a, b) for a in first for b in second]


# ---- between clauses and the IR ----


def assumptions(
    needed: Mapping[Clause, Clash], names: Mapping[Symbol, str], fresh: Fresh
) -> tuple[list[Let], tuple[Assumption, ...]]:
    """What the host computes before the launch, and what it checks. ``names``: how the user writes them."""
    lets: dict[Term, Let] = {}

    def atom(t: Term) -> Atom:
        if t[0] == "free":
            assert isinstance(t[1], Symbol)
            return t[1]
        _, view, dim = t
        assert isinstance(view, Symbol) and isinstance(dim, int)
        if t not in lets:
            lets[t] = Let(fresh.symbol(f"{view.name}_extent_{dim}", SIZE), Extent(view, dim))
        return lets[t].target

    def comparison(check: Check) -> Comparison:
        terms = ((c, tuple(atom(t) for t in monomial)) for monomial, c in check.value.terms)
        return Comparison(tuple(terms), check.nonzero)

    stated = []
    for clause, (write, _) in needed.items():
        checks = sorted(clause, key=lambda check: _text(check, names))
        text = " or ".join(_text(check, names) for check in checks)
        either = tuple(comparison(check) for check in checks)
        stated.append(Assumption(either, text, names.get(write.view, write.view.name), write.loc))
    return list(lets.values()), tuple(sorted(stated, key=lambda a: a.text))


def assumed(program: Program) -> tuple[Assumption, ...]:
    """Everything that the launches of ``program`` take for granted and check."""
    found = (a for s in walk(program.body) if isinstance(s, Launch) for a in s.given)
    return tuple(dict.fromkeys(found))


def clauses(given: Iterable[Assumption], prover: Prover) -> list[Clause]:
    """What a launch states, in the prover's terms."""
    return [frozenset(Check(_value(c, prover), c.nonzero) for c in a.either) for a in given]


def _value(c: Comparison, prover: Prover) -> Poly:
    total = number(0)
    for k, atoms in c.terms:
        part = number(k)
        for a in atoms:
            part *= number(int(a.value)) if isinstance(a, Const) else prover.host(a)
        total += part
    return total


def _text(check: Check, names: Mapping[Symbol, str]) -> str:
    """``nx >= 2 * ghost``: what is added on the left, what is subtracted on the right."""
    left = [(m, c) for m, c in check.value.terms if c > 0]
    right = [(m, -c) for m, c in check.value.terms if c < 0]
    sign = "!=" if check.nonzero else ">="
    if right and right[-1] == ((), 1) and len(right) > 1 and not check.nonzero:
        sign, right = ">", right[:-1]
    return f"{_sum(left, names)} {sign} {_sum(right, names)}"


def _sum(terms: Sequence[tuple[Monomial, int]], names: Mapping[Symbol, str]) -> str:
    return " + ".join(_product(m, c, names) for m, c in terms) or "0"


def _product(monomial: Monomial, c: int, names: Mapping[Symbol, str]) -> str:
    factors = [_name(t, names) for t in monomial]
    return " * ".join([str(c), *factors] if c != 1 or not factors else factors)


def _name(t: Term, names: Mapping[Symbol, str]) -> str:
    assert isinstance(t[1], Symbol)
    name = names.get(t[1], t[1].name)
    return name if t[0] == "free" else f"{name}.extent({t[2]})"
