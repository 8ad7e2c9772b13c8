"""Access footprints: index expressions as affine forms over the parallel indices.

Two accesses of one View by different iterations are *disjoint* where their index expressions cannot be equal.
What proves it: a dimension in which both are the same affine function of one parallel index (equal values
mean equal indices; offsets that are no multiple of the coefficient never meet), or an index tuple that the
primal writes in every iteration. The latter uses that the primal is race-free, so the tuple differs between
iterations (Hückelheim & Hascoët, *Source-to-source automatic differentiation of OpenMP parallel loops*,
TOMS 2022, and FormAD, SC 2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from transform.analysis.affine import Affine, Term, combine, positions
from transform.analysis.decode import Bounds, determined, same_block, separate, varies
from transform.ir.nodes import (
    Accumulate,
    Apply,
    Atom,
    Block,
    Const,
    Extent,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Location,
    Range,
    Store,
    Symbol,
)
from transform.ir.types import Scalar, View
from transform.ir.walk import binds, blocks, defines, walk, written

_NARROW = ("short", "unsigned short", "char", "signed char", "unsigned char", "bool")

Tuple = tuple[Affine, ...]
Kind = Literal["load", "store", "increment", "atomic"]


@dataclass(frozen=True)
class Access:
    view: Symbol
    index: Tuple
    kind: Kind
    always: bool  # executed by every iteration
    constant: bool  # a store of a constant: several iterations may do it without anybody noticing
    loc: Location | None
    pins: frozenset[Affine] = frozenset()  # inside "if (i == n - 1)": what is 0 wherever it is executed
    facts: tuple[Affine, ...] = ()  # inside "if (i < n)": what is not negative wherever it is executed
    atoms: tuple[Atom, ...] = ()  # the index as the statement has it


def _affines(parts: Iterable[object]) -> list[Affine]:
    return [part for part in parts if isinstance(part, Affine)]


def _keeps_integers(source: Atom, target: Symbol) -> bool:
    """Whether a cast maps different integers to different integers. Indices are taken to fit into ``int``;
    narrower types wrap, and truncation of floating-point numbers makes different ones equal."""
    narrow = isinstance(target.type, Scalar) and target.type.name in _NARROW
    return isinstance(source.type, Scalar) and source.type.is_integer and not narrow


_NOTHING = Block(())
_OPPOSITE = {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}
_CASES = 16  # of one access


def is_integer(atom: Atom) -> bool:
    return isinstance(atom.type, Scalar) and atom.type.is_integer


def _integral(let: Let) -> bool:
    """Whether a host scalar is a sum of other integers, so that two of them may be compared."""
    whole = isinstance(let.target.type, Scalar) and let.target.type.is_integer
    return whole and isinstance(let.op, Apply) and let.op.fn in ("add", "sub", "neg", "copy", "cast")


def _around(launch: Launch, block: Block) -> list[For]:
    """The loops of the host that contain ``launch``."""
    for s in block.stmts:
        if s is launch:
            return []
        if isinstance(s, For | If) and any(x is launch for b in blocks(s) for x in walk(b)):
            inner = [f for b in blocks(s) for f in _around(launch, b)]
            return [s, *inner] if isinstance(s, For) else inner
    return []


def _choices(body: Block) -> Iterator[tuple[Symbol, tuple[Atom, ...]]]:
    """Values that are one or the other: condition, value if it holds, value if not."""
    for s in walk(body):
        match s:
            case Let(target=target, op=Apply(fn="select", args=args)):
                yield target, args
            case If(cond=cond, merges=merges):
                yield from ((m.result, (cond, m.then, m.orelse)) for m in merges)
            case _:
                pass


class Footprints:
    """Affine forms of the atoms of one launch. ``around``: statements of the host that define integers;
    ``also``: loop indices that count as parallel ones, by position."""

    def __init__(
        self, launch: Launch, around: Block = _NOTHING, also: Mapping[Symbol, int] = MappingProxyType({})
    ) -> None:
        self._lets = {s.target: s.op for s in walk(around) if isinstance(s, Let) and _integral(s)}
        self._lets |= {s.target: s.op for s in walk(launch.body) if isinstance(s, Let)}
        self._local = {
            name for s in walk(launch.body) if not isinstance(s, Let) for name in (*defines(s), *binds(s))
        }
        self._written = written(launch.body)
        self._known: dict[Symbol, Affine] = {}
        self._loops = {s.index: s for s in walk(launch.body) if isinstance(s, For)}
        self._choices = dict(_choices(launch.body))
        self._picked: Mapping[Symbol, Atom] = {}
        self._pins: frozenset[Affine] = frozenset()
        self._facts: tuple[Affine, ...] = ()
        # An index with one value only is a constant: it tells no two iterations apart.
        self._index: dict[Symbol, int] = {}
        self._once = {r.index: self.affine(r.lo) for r in launch.ranges if self._single(r)}
        self._known |= self._once
        self._index |= {r.index: k for k, r in enumerate(launch.ranges) if r.index not in self._once}
        self.parallel = tuple(self._index.values())  # which indices tell iterations apart
        self.rank = len(self._index)
        self._index |= also
        self.accesses = tuple(self._collect(launch.body, True))
        ranges = [(r.index, r.lo, r.hi) for r in launch.ranges]
        ranges += [(s.index, s.lo, s.hi) for s in walk(launch.body) if isinstance(s, For)]
        ranges += [(s.index, s.lo, s.hi) for s in _around(launch, around)]
        self.bounds: Bounds = dict(filter(None, (self._bounds(*r) for r in ranges)))

    def _single(self, r: Range) -> bool:
        return combine(self.affine(r.hi), self.affine(r.lo), -1) == Affine((), 1)

    def affine(self, atom: Atom) -> Affine:
        if isinstance(atom, Const):
            whole = isinstance(atom.value, int) and not isinstance(atom.value, bool)
            return Affine((), int(atom.value)) if whole else Affine(((("const", atom.value), 1),), 0)
        if atom not in self._known:
            self._known[atom] = self._affine(atom)
        return self._known[atom]

    def _affine(self, s: Symbol) -> Affine:
        if s in self._picked:
            return self.affine(self._picked[s])
        if s in self._index:
            return Affine(((("index", self._index[s]), 1),), 0)
        op = self._lets.get(s)
        match op:
            case None:
                loop = self._loops.get(s)
                segment = self._segment(loop) if loop is not None else None
                itself = Affine(((segment or ("local" if s in self._local else "free", s), 1),), 0)
                if loop is None or segment is not None or self._width(loop) is None:
                    return itself
                return combine(self.affine(loop.lo), itself, 1)  # the term counts from the block's start
            case Apply(fn="add" | "sub" as fn, args=(a, b)):
                return combine(self.affine(a), self.affine(b), 1 if fn == "add" else -1)
            case Apply(fn="neg", args=(a,)):
                return combine(Affine((), 0), self.affine(a), -1)
            case Apply(fn="mul", args=(a, b)):
                x, y = self.affine(a), self.affine(b)
                if not x.terms:
                    x, y = y, x
                if not y.terms:
                    return combine(Affine((), 0), x, y.constant)
                if varies(y) and not varies(x):
                    x, y = y, x
                return Affine(((("op", "mul", x, y), 1),), 0)
            case Apply(fn="copy", args=(a,)):
                return self.affine(a)
            case Apply(fn="cast", args=(a,)) if _keeps_integers(a, s):
                return self.affine(a)
            case Apply(fn=fn, args=args):
                return Affine(((("op", fn, *(self.affine(a) for a in args)), 1),), 0)
            case Load(memory=m, index=index):
                # A load of memory that the kernel itself fills is not a function of its index alone.
                stable = isinstance(m.type, View) and m not in self._written
                kind = "load" if stable else "local"
                return Affine((((kind, m, *(self.affine(i) for i in index)), 1),), 0)
            case Extent(view=view, dim=dim):
                return Affine(((("extent", view, dim), 1),), 0)

    def _bounds(self, index: Symbol, lo: Atom, hi: Atom) -> tuple[Term, tuple[Affine, Affine]] | None:
        loop = self._loops.get(index)
        width = self._width(loop) if loop is not None else None
        if width is not None:
            return ("local", index), (Affine((), 0), width)
        x, first, last = self.affine(index), self.affine(lo), self.affine(hi)
        if len(x.terms) != 1 or varies(first) or varies(last):
            return None
        return x.terms[0][0], (first, last)

    def _width(self, loop: For) -> Affine | None:
        """The most iterations of a loop over a block, ``b * size <= index < min(b * size + size, n)``
        with a parallel index ``b``."""
        lo = self.affine(loop.lo)
        if not lo.parallel or lo.local or lo.indirect:
            return None
        widths = (combine(self.affine(hi), lo, -1) for hi in self._at_most(loop.hi))
        return next((w for w in widths if not varies(w)), None)

    def _at_most(self, atom: Atom) -> tuple[Atom, ...]:
        """What ``atom`` is not greater than: itself, or the operands that it is the lesser of."""
        match self._choices.get(atom) if isinstance(atom, Symbol) else None:
            case (Symbol() as cond, yes, no):
                test = self._lets.get(cond)
                if isinstance(test, Apply) and test.fn in ("lt", "le", "gt", "ge"):
                    lesser = (yes, no) if test.fn in ("lt", "le") else (no, yes)
                    if [self.affine(a) for a in test.args] == [self.affine(a) for a in lesser]:
                        return yes, no
            case _:
                pass
        return (atom,)

    def _segment(self, loop: For) -> Term | None:
        """Bounds of a compressed row, ``row(i)`` and ``row(i + 1)``: rows of different ``i`` are apart."""
        if not isinstance(loop.lo, Symbol) or not isinstance(loop.hi, Symbol):
            return None
        lo, hi = self.affine(loop.lo), self.affine(loop.hi)
        match lo.terms, hi.terms, lo.constant, hi.constant:
            case ((("load", Symbol() as m, *first), 1),), ((("load", n, *last), 1),), 0, 0 if m == n:
                steps = [combine(b, a, -1) for a, b in zip(_affines(first), _affines(last), strict=True)]
                if [step for step in steps if step != Affine((), 0)] == [Affine((), 1)]:
                    return ("load", "segment", m, *first)
            case _:
                pass
        return None

    def _collect(self, block: Block, always: bool) -> Iterable[Access]:
        for s in block.stmts:
            match s:
                case Let(op=Load(memory=m, index=i)) if isinstance(m.type, View):
                    yield replace(self._access(m, i, "load", s.loc), always=always)
                case Store(memory=m, index=i, value=v) if isinstance(m.type, View):
                    constant = isinstance(v, Const)
                    yield replace(self._access(m, i, "store", s.loc), always=always, constant=constant)
                case Increment(memory=m, index=i, how=how) if isinstance(m.type, View):
                    kind: Kind = "atomic" if how is How.ATOMIC else "increment"
                    yield replace(self._access(m, i, kind, s.loc), always=always)
                case Accumulate(memory=m, index=i):
                    yield replace(self._access(m, i, "increment", s.loc), always=always)
                case For(body=body):
                    yield from self._collect(body, False)
                case If(cond=cond, then=then, orelse=orelse):
                    pins, facts = self._pins, self._facts
                    self._pins = pins | self._pinned(cond)
                    self._facts = (*facts, *self._implied(cond, True))
                    yield from self._collect(then, False)
                    self._pins = pins
                    self._facts = (*facts, *self._implied(cond, False))
                    yield from self._collect(orelse, False)
                    self._facts = facts
                case _:
                    pass

    def _access(self, view: Symbol, index: tuple[Atom, ...], kind: Kind, loc: Location | None) -> Access:
        return Access(view, self._tuple(index), kind, False, False, loc, self._pins, self._facts, index)

    def _implied(self, cond: Atom, holds: bool) -> Iterator[Affine]:
        """What is not negative where a condition on integers holds, or where it does not."""
        match self._lets.get(cond) if isinstance(cond, Symbol) else None:
            case Apply(fn="and" | "or" as fn, args=(a, b)) if (fn == "and") == holds:
                yield from self._implied(a, holds)
                yield from self._implied(b, holds)
            case Apply(fn="not", args=(a,)):
                yield from self._implied(a, not holds)
            case Apply(fn=fn, args=(a, b)) if is_integer(a) and self._exact(a) and self._exact(b):
                difference = combine(self.affine(a), self.affine(b), -1)
                match fn if holds else _OPPOSITE.get(fn):
                    case "ge" | "gt" as fn:
                        yield combine(difference, Affine((), int(fn == "gt")), -1)
                    case "le" | "lt" as fn:
                        yield combine(Affine((), -int(fn == "lt")), difference, -1)
                    case "eq":
                        yield difference
                        yield combine(Affine((), 0), difference, -1)

    def _exact(self, atom: Atom) -> bool:
        """Whether an integer is what its affine form says: arithmetic of unsigned types may wrap."""
        op = self._lets.get(atom) if isinstance(atom, Symbol) else None
        if not isinstance(op, Apply):
            return True
        assert isinstance(atom.type, Scalar)
        return "unsigned" not in atom.type.name and all(map(self._exact, op.args))

    def cases(self, access: Access) -> tuple[Access, ...]:
        """``access`` with each of the values that a merged or selected index may have, and with what holds
        where it has it; the index as it is where these are too many."""
        found: list[Access] = []
        todo: list[dict[Symbol, Atom]] = [{}]
        while todo:
            picked = todo.pop()
            choice = self._open_choice(access.atoms, picked)
            if choice is not None:
                _, yes, no = self._choices[choice]
                todo += ({**picked, choice: no}, {**picked, choice: yes})
            else:
                found.append(self._picking(access, picked))
            if len(found) + len(todo) > _CASES:
                return (access,)
        return tuple(found)

    def _open_choice(self, atoms: Iterable[Atom], picked: Mapping[Symbol, Atom]) -> Symbol | None:
        """A choice on which ``atoms`` depend and that is not made yet."""
        todo, seen = list(atoms), set[Atom]()
        while todo:
            atom = todo.pop()
            if not isinstance(atom, Symbol) or atom in seen:
                continue
            seen.add(atom)
            if atom in picked:
                todo.append(picked[atom])
            elif atom in self._choices:
                return atom
            elif isinstance(op := self._lets.get(atom), Apply):
                todo += op.args
        return None

    def _picking(self, access: Access, picked: Mapping[Symbol, Atom]) -> Access:
        known, self._known, self._picked = self._known, dict(self._once), picked
        facts = list(access.facts)
        for choice, side in picked.items():
            cond, yes, no = self._choices[choice]
            if yes != no:
                facts += self._implied(cond, side == yes)
        new = replace(access, index=self._tuple(access.atoms), facts=tuple(facts))
        self._known, self._picked = known, {}
        return new

    def _pinned(self, cond: Atom) -> frozenset[Affine]:
        """Differences that are 0 where a condition holds: one parallel index minus what is the same for all
        iterations."""
        match self._lets.get(cond) if isinstance(cond, Symbol) else None:
            case Apply(fn="and", args=(a, b)):
                return self._pinned(a) | self._pinned(b)
            case Apply(fn="eq", args=(a, b)):
                x = combine(self.affine(a), self.affine(b), -1)
                indices = [t for t, _ in x.terms if positions(t)]
                if len(indices) == 1 and indices[0][0] == "index" and not (x.local or x.indirect):
                    return frozenset({x})
        return frozenset()

    def _tuple(self, index: tuple[Atom, ...]) -> Tuple:
        return tuple(self.affine(i) for i in index)


def apart(a: Access, b: Access, rank: int, injective: Iterable[Tuple], bounds: Bounds) -> bool:
    """Whether two accesses of different iterations never meet; see ``disjoint``."""
    pinned = (Affine(tuple((t, c) for t, c in x.terms if positions(t)), 0) for x in a.pins & b.pins)
    return disjoint(a.index, b.index, rank, injective, bounds, frozenset(pinned))


def disjoint(
    a: Tuple,
    b: Tuple,
    rank: int,
    injective: Iterable[Tuple],
    bounds: Bounds = MappingProxyType({}),
    pins: frozenset[Affine] = frozenset(),
) -> bool:
    """Whether two different iterations can never meet at ``a`` and ``b``.

    ``rank`` is the number of parallel indices, ``injective`` index tuples known to differ between iterations,
    ``bounds`` what is known of the values of indices, ``pins`` what has one value wherever either access is
    executed.
    """
    if any(separate(x, y, bounds) for x, y in zip(a, b, strict=True)):
        return True
    same: set[int] = set()
    for x, y in zip(a, b, strict=True):
        if x.local or y.local or x.indirect or y.indirect:
            continue
        if x.terms != y.terms:
            continue
        parallel = [(t, c) for t, c in x.terms if positions(t)]
        if not parallel and x.constant != y.constant:
            return True  # two different elements, the same for all iterations
        if len(parallel) != 1 or parallel[0][0][0] != "index":
            continue
        (_, k), coefficient = parallel[0]
        difference = x.constant - y.constant
        if difference == 0:
            assert isinstance(k, int)
            same.add(k)
        elif difference % coefficient:
            return True
    equal = [x if x == y else same_block(x, y, bounds) for x, y in zip(a, b, strict=True)]
    for x in determined((*filter(None, equal), *pins), bounds):
        match x.terms:
            case ((("index", int() as k), 1),):
                same.add(k)
            case _:
                pass
    if len(same) == rank:
        return True
    common = {x for x, y in zip(a, b, strict=True) if x == y and not x.local}
    return any(all(x in common for x in known) for known in injective)


def written_tuples(footprints: Footprints) -> tuple[Tuple, ...]:
    """Index tuples of plain writes that every iteration executes: injective if the primal is race-free.

    Stores of constants prove nothing: marking the same element twice is a race that programs live with.
    """
    return tuple(
        a.index
        for a in footprints.accesses
        if a.kind in ("store", "increment")
        and a.always
        and not a.constant
        and not any(x.local for x in a.index)
    )
