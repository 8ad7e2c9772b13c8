"""Conditions on values of the host under which two accesses of different iterations never meet.

Both index tuples are polynomials, linear in what varies (parallel indices, loop indices, quotients and
remainders) with coefficients that do not. Where the two accesses meet, every dimension is an equation. An
equation without solution, or equations that leave only one iteration, prove that they do not meet, given

* ``u != v``, where a dimension is the same for all iterations,
* ``low - high > 0``, where the ranges of two sides do not overlap,
* ``radix > greatest - least`` of what is added to multiples of a radix: the equation is then two, one of the
  multiples and one of the rests, as digits of numbers are (``decode.py`` has the case of known numbers).

Such conditions are found by search; the simplest proof wins. To use what the primal's author took for granted
in proofs about the adjoint is the idea of FormAD (see ``access.py``); here it is checked at run time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice, product

from transform.analysis.access import Access, Footprints, is_integer
from transform.analysis.affine import Affine, Term
from transform.analysis.conditions import NOTHING, SUMMANDS, Check, Clause, Proof, Sample, sum_of
from transform.analysis.decode import varies
from transform.analysis.forms import (
    Poly,
    TooLarge,
    expanded,
    key,
    leads_negative,
    number,
    primitive,
    quotient,
    replaced,
    term,
)
from transform.ir.nodes import Apply, Block, Extent, Let, Symbol
from transform.ir.walk import walk

_DEPTH = 4  # equations that a proof takes apart one after the other
_STEPS = 48  # states of one search
_ITERATIONS = 3  # of each parallel range at least, where a condition is to be met
_SAMPLES, _TRIED = 64, 4000
_ENDS = 4  # bounds of one expression that are tried


def host_values(around: Block) -> dict[Term, Poly]:
    """Scalars of the host that are sums and products of others, and extents of Views."""
    known: dict[Term, Poly] = {}

    def value(atom: object) -> Poly:
        if isinstance(atom, Symbol):
            return known.get(("free", atom)) or term(("free", atom))
        return number(int(atom.value))  # type: ignore[attr-defined]

    for s in walk(around):
        if not isinstance(s, Let) or not is_integer(s.target):
            continue
        try:
            match s.op:
                case Apply(fn="copy" | "cast", args=(a,)) if is_integer(a):
                    found = value(a)
                case Apply(fn="add", args=(a, b)):
                    found = value(a) + value(b)
                case Apply(fn="sub", args=(a, b)):
                    found = value(a) - value(b)
                case Apply(fn="mul", args=(a, b)):
                    found = value(a) * value(b)
                case Apply(fn="neg", args=(a,)):
                    found = value(a) * number(-1)
                case Extent(view=view, dim=dim):
                    found = term(("extent", view, dim))
                case _:
                    continue
        except TooLarge:
            continue
        known["free", s.target] = found
    return known


@lru_cache(maxsize=4096)
def _varies(t: Term) -> bool:
    return varies(Affine(((t, 1),), 0))


@dataclass(frozen=True)
class _Linear:
    """``sum(coefficient * term) + rest``: the terms vary, coefficients and rest do not."""

    terms: Mapping[Term, Poly]
    rest: Poly

    def only(self, chosen: Iterable[Term], rest: Poly) -> _Linear:
        return _Linear({t: self.terms[t] for t in chosen}, rest)


def _linear(x: Poly) -> _Linear:
    terms: dict[Term, Poly] = {}
    rest = number(0)
    for monomial, c in x.terms:
        varying = tuple(t for t in monomial if _varies(t))
        fixed = number(c)
        for t in monomial:
            if not _varies(t):
                fixed *= term(t)
        if not varying:
            rest += fixed
        else:
            name: Term = varying[0] if len(varying) == 1 else ("product", *varying)
            terms[name] = terms.get(name, number(0)) + fixed
    return _Linear({t: c for t, c in terms.items() if c.terms}, rest)


def _one_value(part: object) -> bool:
    """Whether a term has one value in each iteration: elements that the kernel changes have several."""
    if isinstance(part, Affine):
        return all(_one_value(t) for t, _ in part.terms)
    if not isinstance(part, tuple):
        return True
    several = (part[:1] == ("local",) and len(part) > 2) or part[:2] == ("load", "segment")
    return not several and all(map(_one_value, part))


End = tuple[Poly, Proof]
"""A bound and what it takes for it to hold."""


@dataclass(frozen=True)
class _Side:
    """One access of a pair: what is not negative where it is executed."""

    facts: tuple[_Linear, ...]


@dataclass(frozen=True)
class _State:
    """Equations left, terms that are equal in both iterations, conditions so far."""

    equations: tuple[tuple[_Linear, _Linear], ...]
    equal: frozenset[Term]
    given: Proof


@dataclass
class Prover:
    """Proofs for the accesses of one launch. ``around``: statements of the host that define integers."""

    footprints: Footprints
    around: Block
    _host: dict[Term, Poly] = field(init=False)
    _extents: list[Poly] = field(init=False)  # of the parallel ranges
    _bounds: list[Poly] = field(init=False)  # what is not negative for the terms that have bounds
    _outer: _Side = field(init=False)  # that this is all that is known of what is divided
    _answers: dict[object, list[Proof]] = field(init=False, default_factory=dict)
    _division_ends: dict[tuple[Term, bool], list[End]] = field(init=False, default_factory=dict)
    _rules: dict[Term, Poly] = field(init=False, default_factory=dict)
    _steps: int = field(init=False, default=0)
    _sampled: list[Sample] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._host = host_values(self.around)
        bounds = self.footprints.bounds
        ends = [bounds[t] for k in self.footprints.parallel if (t := ("index", k)) in bounds]
        self._extents = [self._poly(hi) - self._poly(lo) for lo, hi in ends]
        known = {t: (self._poly(lo), self._poly(hi)) for t, (lo, hi) in bounds.items()}
        self._bounds = [f for t, (lo, hi) in known.items() for f in (term(t) - lo, hi - term(t) - number(1))]
        self._outer = _Side(tuple(map(_linear, self._bounds)))

    def proofs(self, a: Access, b: Access) -> list[Proof]:
        """Ways to show that ``a`` and ``b`` never meet in different iterations; none if there is no way."""
        asked = (a.index, a.facts, b.index, b.facts)
        if asked not in self._answers:
            self._answers[asked] = self._prove(a, b)
        return self._answers[asked]

    def _prove(self, a: Access, b: Access) -> list[Proof]:
        try:
            x, y = ([self._poly(i) for i in access.index] for access in (a, b))
            facts = [[*map(self._poly, access.facts), *self._bounds] for access in (a, b)]
            self._rules = self._quotients((*x, *y, *facts[0], *facts[1]))
            sides = tuple(_Side(tuple(self._settled(f) for f in known)) for known in facts)
            equations = tuple((self._settled(p), self._settled(q)) for p, q in zip(x, y, strict=True))
            usable = tuple(e for e in equations if all(_one_value(t) for s in e for t in s.terms))
            self._steps = _STEPS
            return list(dict.fromkeys(self._search(_State(usable, frozenset(), NOTHING), sides, _DEPTH)))
        except TooLarge:
            return []

    # ---- polynomials ----

    def host(self, symbol: Symbol) -> Poly:
        """The value of a scalar of the host."""
        return self._host.get(("free", symbol)) or term(("free", symbol))

    def _poly(self, x: Affine) -> Poly:
        return expanded(x, self._host)

    def _settled(self, x: Poly) -> _Linear:
        for _ in range(_DEPTH):
            x = replaced(x, self._rules)
        return _linear(x)

    def _quotients(self, polys: Iterable[Poly]) -> dict[Term, Poly]:
        """``x = d * (x / d) + x % d`` for what is divided: quotient and remainder instead of ``x``."""
        rules: dict[Term, Poly] = {}
        divisions = {t[2:] for p in polys for t in _inside(p.factors) if t[:2] in _DIVISIONS}
        for dividend, divisor in sorted(divisions, key=lambda x: (len(key(x)), key(x))):
            assert isinstance(dividend, Affine) and isinstance(divisor, Affine)
            if dividend.constant < 0 or any(c < 0 for _, c in dividend.terms) or varies(divisor):
                continue  # unsigned numbers may have wrapped
            whole = self._poly(dividend)
            varying = [t for t in whole.factors if _varies(t)]
            if len(varying) != 1 or varying[0] in rules or ((varying[0],), 1) not in whole.terms:
                continue
            if sum(varying[0] in m for m, _ in whole.terms) > 1:
                continue
            rest = whole - term(varying[0])
            q, r = (term(("op", fn, dividend, divisor)) for fn in ("div", "mod"))
            rules[varying[0]] = self._poly(divisor) * q + r - rest
        return rules

    # ---- bounds ----

    def _ends(self, x: _Linear, side: _Side, low: bool) -> list[End]:
        """Least values of ``x``, or greatest ones."""
        ends: list[End] = []
        if len(x.terms) > 1:
            ends += _by_fact(x, side, low)
        sums: list[End] = [(x.rest, NOTHING)]
        for t, c in x.terms.items():
            negative = leads_negative(c)
            sign = self._clause(Check(c * number(-1) if negative else c))
            if sign is None:
                return ends
            choices = self._term_ends(t, side, low is not negative)
            sums = [
                (total + c * end, have | need | sign) for (total, have), (end, need) in product(sums, choices)
            ][:_ENDS]
        return [*ends, *sums][:_ENDS]

    def _term_ends(self, t: Term, side: _Side, low: bool) -> list[End]:
        ends = _by_fact(_Linear({t: number(1)}, number(0)), side, low)
        if t[:2] in _DIVISIONS:
            if (t, low) not in self._division_ends:
                self._division_ends[t, low] = list(self._divided(t, low))
            ends += self._division_ends[t, low]
        return ends[:_ENDS]

    def _divided(self, t: Term, low: bool) -> Iterator[End]:
        """Bounds of a quotient or remainder from those of what is divided."""
        _, fn, dividend, divisor = t
        assert isinstance(dividend, Affine) and isinstance(divisor, Affine)
        if varies(divisor):
            return
        x, d = _linear(self._poly(dividend)), self._poly(divisor)
        for least, need in self._ends(x, self._outer, True)[:1]:
            above, positive = self._clause(Check(least)), self._clause(Check(d - number(1)))
            if above is None or positive is None:
                return
            needs = need | above | positive
            if low:
                yield number(0), needs
            elif fn == "mod":
                yield d - number(1), needs
            else:
                for most, more in self._ends(x, self._outer, False)[:1]:
                    parts = quotient(most + number(1), d)
                    if parts is not None:
                        yield parts - number(1), needs | more

    # ---- conditions ----

    def _clause(self, check: Check) -> Proof | None:
        """The condition that ``check`` holds: nothing where it always does, None where it never does or
        cannot be known before the launch."""
        value, constant = check.value, check.value.constant
        if constant is not None:
            return NOTHING if (constant != 0 if check.nonzero else constant >= 0) else None
        small, common = primitive(value)
        if check.nonzero:
            if common > 1 and small * number(common) != value:
                return NOTHING  # 2 x + 1
            small = small * number(-1) if leads_negative(small) else small
        elif all(c > 0 and all(t[0] == "extent" for t in m) for m, c in small.terms):
            return NOTHING
        elif sum_of(small, [extent - number(1) for extent in self._extents], SUMMANDS):
            return NOTHING  # an empty launch is checked for nothing
        if not all(_on_host(t) for t in small.factors):
            return None
        clause = frozenset({Check(small, check.nonzero)})
        return frozenset({clause}) if self.plausible([clause]) else None

    def plausible(self, needed: Iterable[Clause]) -> bool:
        """Whether some sizes with a few iterations in each range meet all conditions: ``1 >= n`` is none."""
        wanted = list(needed)
        return any(
            all(any(c.holds(sample) for c in clause) for clause in wanted) for sample in self._samples()
        )

    def _samples(self) -> list[Sample]:
        if self._sampled is None:
            every = (Sample(k) for k in range(_TRIED))
            proper = (s for s in every if all(s.value(e) >= _ITERATIONS for e in self._extents))
            self._sampled = list(islice(proper, _SAMPLES))
        return self._sampled

    # ---- the search ----

    def _search(self, state: _State, sides: tuple[_Side, ...], depth: int) -> Iterator[Proof]:
        self._steps -= 1
        if self._steps < 0:
            return
        state = self._simplified(state)
        if all(("index", k) in state.equal for k in self.footprints.parallel):
            yield state.given
            return
        unequal: list[Proof] = []
        apart: list[Proof] = []
        for x, y in state.equations:
            if not x.terms and not y.terms:
                found = self._clause(Check(x.rest - y.rest, nonzero=True))
                unequal += [found] if found is not None else []
            else:
                apart += self._separations(x, y, sides)
        for closing in (unequal, apart):
            yield from (state.given | proof for proof in _either(closing))
        if depth:
            for k, (x, y) in enumerate(state.equations):
                for parts, need in self._digits(x, y, sides):
                    rest = (*state.equations[:k], *parts, *state.equations[k + 1 :])
                    yield from self._search(_State(rest, state.equal, state.given | need), sides, depth - 1)

    def _simplified(self, state: _State) -> _State:
        """Without terms that are equal on both sides; equations of one term say that it is."""
        equations, equal = list(state.equations), set(state.equal)
        while True:
            before = len(equal)
            for k, (x, y) in enumerate(equations):
                gone = [
                    t for t in x.terms if t in y.terms and x.terms[t] == y.terms[t] and self._fixed(t, equal)
                ]
                if gone:
                    x = x.only((t for t in x.terms if t not in gone), x.rest)
                    y = y.only((t for t in y.terms if t not in gone), y.rest)
                    equations[k] = x, y
                if len(x.terms) == 1 and x == y and next(iter(x.terms.values())).constant:
                    equal |= x.terms.keys()
            for t, whole in self._rules.items():
                if all(self._fixed(f, equal) for f in whole.factors if _varies(f)):
                    equal.add(t)
            if len(equal) == before:
                return _State(tuple(equations), frozenset(equal), state.given)

    def _fixed(self, t: object, equal: set[Term]) -> bool:
        """Whether a term has the same value in both iterations."""
        if isinstance(t, Affine):
            return all(self._fixed(part, equal) for part, _ in t.terms)
        if not isinstance(t, tuple) or not t:
            return True
        if t in equal or not _varies(t):
            return True
        return t[0] in ("op", "load", "product") and all(self._fixed(part, equal) for part in t[1:])

    def _separations(self, x: _Linear, y: _Linear, sides: tuple[_Side, ...]) -> Iterator[Proof]:
        """What makes one side greater than the other."""
        for (p, a), (q, b) in (((x, sides[0]), (y, sides[1])), ((y, sides[1]), (x, sides[0]))):
            for (high, need), (low, more) in product(self._ends(p, a, False), self._ends(q, b, True)):
                clause = self._clause(Check(low - high - number(1)))
                if clause is not None:
                    yield need | more | clause

    def _digits(
        self, x: _Linear, y: _Linear, sides: tuple[_Side, ...]
    ) -> Iterator[tuple[tuple[tuple[_Linear, _Linear], ...], Proof]]:
        """The equation as one of multiples of a radix and one of rests that are less than it."""
        for radix in dict.fromkeys((*x.terms.values(), *y.terms.values())):
            if leads_negative(radix):
                radix = radix * number(-1)
            if radix == number(1):
                continue
            multiples = [{t: quotient(c, radix) for t, c in side.terms.items()} for side in (x, y)]
            tops = [_Linear({t: q for t, q in m.items() if q is not None}, number(0)) for m in multiples]
            lows = [
                side.only((t for t in side.terms if m[t] is None), side.rest)
                for side, m in zip((x, y), multiples, strict=True)
            ]
            if not lows[0].terms and not lows[1].terms and x.rest == y.rest:
                nonzero = self._clause(Check(radix, nonzero=True))
                if nonzero is not None:
                    yield ((tops[0], tops[1]),), nonzero
                continue
            for need in self._narrow(lows, radix, sides):
                yield ((tops[0], tops[1]), (lows[0], lows[1])), need

    def _narrow(self, rests: list[_Linear], radix: Poly, sides: tuple[_Side, ...]) -> Iterator[Proof]:
        """What makes two rests differ by less than ``radix``."""
        ends = [(self._ends(r, s, True), self._ends(r, s, False)) for r, s in zip(rests, sides, strict=True)]
        for low_x, high_x, low_y, high_y in product(*ends[0], *ends[1]):
            widths = (high_x[0] - low_y[0], high_y[0] - low_x[0])
            clauses = [self._clause(Check(radix - number(1) - w)) for w in widths]
            if clauses[0] is not None and clauses[1] is not None:
                yield low_x[1] | high_x[1] | low_y[1] | high_y[1] | clauses[0] | clauses[1]


_DIVISIONS = (("op", "div"), ("op", "mod"))


def _inside(terms: Iterable[object]) -> Iterator[Term]:
    """``terms`` and the terms inside them."""
    for t in terms:
        if isinstance(t, Affine):
            yield from _inside(x for x, _ in t.terms)
        elif isinstance(t, tuple):
            yield t
            yield from _inside(t[1:])


def _on_host(t: Term) -> bool:
    """Whether the value of a term is at hand before the launch."""
    match t:
        case ("free", Symbol() as s):
            return is_integer(s)
        case ("extent", *_):
            return True
        case _:
            return False


def _by_fact(x: _Linear, side: _Side, low: bool) -> list[End]:
    """Bounds of ``x`` from facts about the same sum of terms."""
    ends: list[End] = []
    wanted = dict(x.terms) if low else {t: c * number(-1) for t, c in x.terms.items()}
    for fact in side.facts:  # wanted + fact.rest >= 0
        if fact.terms == wanted:
            ends.append((x.rest - fact.rest if low else x.rest + fact.rest, NOTHING))
    return list(dict.fromkeys(ends))


def _either(proofs: list[Proof]) -> Iterator[Proof]:
    """``proofs``, and as one condition those that are enough alone."""
    alone = dict.fromkeys(check for p in proofs if len(p) == 1 for clause in p for check in clause)
    yield from (p for p in proofs if len(p) != 1)
    if 0 < len(alone) <= _ENDS:
        yield frozenset({frozenset(alone)})
    else:
        yield from (p for p in proofs if len(p) == 1)
