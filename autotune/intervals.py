"""Which elements a kernel accesses for given sizes: interval arithmetic over the primal IR.

Every integer gets the interval of its possible values: parallel and loop indices from their bounds, loads
from integer arrays from the values these hold, everything else by arithmetic. Conditions narrow the
intervals of what they compare inside their branches. The result is an enclosure: an index never leaves its
interval, but need not reach both ends unless it is marked ``exact``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from autotune.integers import UNKNOWN, Interval, apply, hull, meet, mirrored, shifted
from autotune.origins import definitions, loaded_from
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Atom,
    Block,
    Const,
    DeepCopy,
    Extent,
    For,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Location,
    PrefixSum,
    Program,
    Store,
    Symbol,
)
from transform.ir.types import Array, Scalar, View

_PASSES = 3  # over the program, until what local integer arrays hold is stable


@dataclass(frozen=True)
class Sizes:
    """Of the parameters, by name: extents of Views, values of integer scalars, least and largest value held
    by integer Views."""

    extents: Mapping[str, tuple[int, ...]]
    scalars: Mapping[str, int]
    values: Mapping[str, Interval]


@dataclass(frozen=True)
class Access:
    """An index of an access to a parameter View. ``source``: the integer View whose values, shifted by a
    constant, are this index. ``exact``: both ends of ``interval`` occur."""

    view: Symbol
    dim: int
    interval: Interval
    source: Symbol | None
    exact: bool
    loc: Location | None


@dataclass(frozen=True)
class Footprint:
    """All indices of accesses to parameters, and roughly how many statements run."""

    accesses: tuple[Access, ...]
    work: int


def footprint(program: Program, sizes: Sizes) -> Footprint:
    """What ``program`` accesses."""
    walker = _Walker(program, sizes)
    for _ in range(_PASSES):
        before = dict(walker.held)
        walker.restart()
        walker.block(program.body)
        if walker.held == before:
            break
    else:
        walker.held = dict.fromkeys(walker.held, UNKNOWN)
        walker.restart()
        walker.block(program.body)
    return Footprint(tuple(walker.accesses), walker.work)


@dataclass
class _Walker:
    program: Program
    sizes: Sizes
    held: dict[Symbol, Interval] = field(default_factory=dict)  # values in integer memory of this function
    accesses: list[Access] = field(default_factory=list)
    work: int = 0
    _known: dict[Symbol, Interval] = field(default_factory=dict)
    _narrowed: dict[Symbol, Interval] = field(default_factory=dict)
    _reached: set[Symbol] = field(default_factory=set)  # indices that reach both ends
    _allocated: dict[Symbol, tuple[Interval, ...]] = field(default_factory=dict)
    _trips: int = 1
    _conditional: int = 0
    _silent: int = 0

    def __post_init__(self) -> None:
        self._defined = definitions(self.program)
        self._params = {p.symbol for p in self.program.params}

    def restart(self) -> None:
        self.accesses.clear()
        self.work = 0
        self._known = {
            p.symbol: (v, v)
            for p in self.program.params
            if (v := self.sizes.scalars.get(p.symbol.name)) is not None
        }

    # ---- statements ----

    def block(self, block: Block) -> None:
        for stmt in block.stmts:
            self.work += self._trips
            match stmt:
                case Let(op=Load(memory=memory, index=index), loc=loc):
                    self._access(memory, index, loc)
                case Store(memory=memory, index=index, value=value, loc=loc):
                    self._access(memory, index, loc)
                    self._hold(memory, self.value(value))
                case Increment(memory=memory, index=index, loc=loc):
                    self._access(memory, index, loc)
                    self._hold(memory, UNKNOWN)
                case Accumulate(memory=memory, index=index, loc=loc):
                    self._access(memory, index, loc)
                case DeepCopy(target=target, source=source):
                    self._hold(target, self._content(source))
                case PrefixSum(view=view):
                    self._hold(view, UNKNOWN)
                case Allocate(target=target, extents=extents):
                    self._allocated[target] = tuple(self.value(e) for e in extents)
                    self._hold(target, (0, 0))
                case For():
                    self._for(stmt)
                case If():
                    self._if(stmt)
                case Launch(ranges=ranges, body=body):
                    with self._times([self._index(r.index, r.lo, r.hi) for r in ranges]) as runs:
                        if runs:
                            self.block(body)
                case _:
                    pass

    def _content(self, source: Atom) -> Interval:
        if isinstance(source, Symbol) and isinstance(source.type, View | Array):
            return self._held_by(source)
        return self.value(source)

    def _hold(self, memory: Symbol, value: Interval) -> None:
        element = memory.type.element if isinstance(memory.type, View | Array) else None
        if element is not None and element.is_integer:
            known = self.held.get(memory)
            self.held[memory] = value if known is None else hull(known, value)

    def _access(self, memory: Symbol, index: tuple[Atom, ...], loc: Location | None) -> None:
        if memory not in self._params or self._silent:
            return
        for dim, atom in enumerate(index):
            source = loaded_from(atom, self._defined)
            exact = self._conditional == 0 and self._exact(atom)
            self.accesses.append(Access(memory, dim, self.value(atom), source, exact, loc))

    def _index(self, index: Symbol, lo: Atom, hi: Atom) -> int:
        """Note the interval of an index; its number of values."""
        low, high = self.value(lo), self.value(hi)
        self._known[index] = (low[0], high[1] - 1)
        if self._fixed(lo) and self._fixed(hi):
            self._reached.add(index)
        first, last = self._known[index]
        if isinstance(pointers := loaded_from(hi, self._defined), Symbol) and pointers == loaded_from(
            lo, self._defined
        ):
            rows = self.sizes.extents.get(pointers.name, (1,))[0]
            return max(1, int(last - first + 1) // max(rows, 1))  # CSR: the rows share the range
        return int(max(0, last - first + 1)) if (first, last) != UNKNOWN else 1

    @contextmanager
    def _times(self, counts: list[int]) -> Iterator[bool]:
        before = self._trips
        for count in counts:
            self._trips *= count
        yield self._trips > 0
        self._trips = before

    def _for(self, stmt: For) -> None:
        with self._times([self._index(stmt.index, stmt.lo, stmt.hi)]) as runs:
            integers = [c for c in stmt.carried if _is_integer(c.inner)]
            for c in integers:
                self._known[c.inner] = self.value(c.init)
            if runs and integers:
                with self._silently():
                    self.block(stmt.body)
                for c in integers:
                    step = self._constant_step(c.inner, c.next)
                    self._known[c.inner] = self._counted(self.value(c.init), self.value(c.next), step, stmt)
            if runs:
                self.block(stmt.body)
            for c in integers:
                self._known[c.result] = hull(self.value(c.init), self.value(c.next))

    def _counted(self, init: Interval, after: Interval, step: int | None, stmt: For) -> Interval:
        first, last = self._known[stmt.index]
        if after == init:
            return init
        if step is None:
            return UNKNOWN
        total = step * (max(last - first, 0) // stmt.step)
        return hull(init, shifted(init, total))

    def _constant_step(self, inner: Symbol, after: Atom) -> int | None:
        op = self._defined.get(after) if isinstance(after, Symbol) else None
        if isinstance(op, Apply) and op.fn in ("add", "sub") and op.args[0] == inner:
            step = op.args[1]
            if isinstance(step, Const) and isinstance(step.value, int):
                return step.value if op.fn == "add" else -step.value
        return None

    def _if(self, stmt: If) -> None:
        sides: list[list[Interval]] = []
        self._conditional += 1
        for block, truth in ((stmt.then, True), (stmt.orelse, False)):
            with self._given(stmt.cond, truth) as possible:
                if possible:
                    self.block(block)
                    chosen = [m.then if truth else m.orelse for m in stmt.merges]
                    sides.append([self.value(a) for a in chosen])
        self._conditional -= 1
        for merge, *values in zip(stmt.merges, *sides, strict=True):
            if _is_integer(merge.result):
                self._known[merge.result] = hull(*values)

    @contextmanager
    def _silently(self) -> Iterator[None]:
        self._silent += 1
        work = self.work
        yield
        self.work = work
        self._silent -= 1

    # ---- conditions ----

    @contextmanager
    def _given(self, cond: Atom, truth: bool) -> Iterator[bool]:
        """Narrow intervals as far as ``cond`` being ``truth`` tells; False: it cannot be."""
        before = dict(self._narrowed)
        yield self._narrow(cond, truth)
        self._narrowed = before

    def _narrow(self, cond: Atom, truth: bool) -> bool:
        if isinstance(cond, Const):
            return bool(cond.value) == truth
        op = self._defined.get(cond)
        if not isinstance(op, Apply):
            return True
        if op.fn == "not":
            return self._narrow(op.args[0], not truth)
        if op.fn == ("and" if truth else "or"):
            return all([self._narrow(a, truth) for a in op.args])
        if op.fn in ("cast", "copy"):
            return self._narrow(op.args[0], truth)
        relation = (
            op.fn
            if truth
            else {"lt": "ge", "ge": "lt", "gt": "le", "le": "gt", "eq": "ne", "ne": "eq"}.get(op.fn)
        )
        if relation not in ("lt", "le", "gt", "ge", "eq"):
            return True
        left, right = op.args
        l_interval, r_interval = self.value(left), self.value(right)
        return self._restrict(left, relation, r_interval) and self._restrict(
            right, mirrored(relation), l_interval
        )

    def _restrict(self, atom: Atom, relation: str, other: Interval) -> bool:
        low, high = UNKNOWN
        if relation in ("lt", "le", "eq"):
            high = other[1] - (relation == "lt")
        if relation in ("gt", "ge", "eq"):
            low = other[0] + (relation == "gt")
        return self._bound(atom, (low, high))

    def _bound(self, atom: Atom, interval: Interval) -> bool:
        """``atom`` lies in ``interval``, and so does, shifted, what it was computed from."""
        now = meet(self.value(atom), interval)
        if now is None:
            return False
        if not isinstance(atom, Symbol) or not _is_integer(atom):
            return True
        self._narrowed[atom] = now
        op = self._defined.get(atom)
        if isinstance(op, Apply) and op.fn in ("cast", "copy"):
            return self._bound(op.args[0], now)
        if isinstance(op, Apply) and op.fn in ("add", "sub") and isinstance(op.args[1], Const):
            by = int(op.args[1].value)
            return self._bound(op.args[0], shifted(now, -by if op.fn == "add" else by))
        return True

    # ---- values ----

    def value(self, atom: Atom) -> Interval:
        """The interval of an integer atom; ``UNKNOWN`` for anything else."""
        if isinstance(atom, Const):
            return (int(atom.value), int(atom.value)) if not isinstance(atom.value, float) else UNKNOWN
        if not _is_integer(atom):
            return UNKNOWN
        own = self._known[atom] if atom in self._known else self._computed(atom)
        return meet(own, self._narrowed.get(atom, UNKNOWN)) or own

    def _computed(self, atom: Symbol) -> Interval:
        match self._defined.get(atom):
            case Apply(fn="select", args=(cond, then, orelse)):
                sides = []
                for side, truth in ((then, True), (orelse, False)):
                    with self._given(cond, truth) as possible:
                        if possible:
                            sides.append(self.value(side))
                return hull(*sides)
            case Apply(fn=fn, args=args):
                return apply(fn, [self.value(a) for a in args])
            case Load(memory=memory):
                return self._held_by(memory)
            case Extent(view=view, dim=dim):
                if view in self._params:
                    extent = self.sizes.extents[view.name][dim]
                    return (extent, extent)
                return self._allocated.get(view, (UNKNOWN,) * (dim + 1))[dim]
            case _:
                return UNKNOWN

    def _held_by(self, memory: Symbol) -> Interval:
        initial = self.sizes.values.get(memory.name) if memory in self._params else None
        stored = self.held.get(memory)
        if initial is None or stored is None:
            return initial or stored or UNKNOWN
        return hull(initial, stored)

    def _fixed(self, atom: Atom) -> bool:
        """A constant, a scalar parameter, an extent, or arithmetic of these: has one value."""
        if isinstance(atom, Const) or atom in self._params:
            return True
        match self._defined.get(atom):
            case Apply(args=args):
                return all(self._fixed(a) for a in args)
            case Extent(view=view):
                return view in self._params
            case _:
                return False

    def _exact(self, atom: Atom) -> bool:
        """An index of a loop that reaches its ends, or one shifted or scaled by what has one value."""
        if self._fixed(atom) or atom in self._reached:
            return True
        match self._defined.get(atom) if isinstance(atom, Symbol) else None:
            case Apply(fn="cast" | "copy", args=(only,)):
                return self._exact(only)
            case Apply(fn="add" | "sub" | "mul", args=(left, right)):
                return (self._fixed(left) and self._exact(right)) or (
                    self._exact(left) and self._fixed(right)
                )
            case _:
                return False


def _is_integer(symbol: Symbol) -> bool:
    return isinstance(symbol.type, Scalar) and not symbol.type.is_float
