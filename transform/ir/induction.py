"""Induction variables: counters that a loop carries become functions of its index.

``int k = a; while (...) { ++k; ... }`` has ``k`` equal to ``a`` plus the iteration's number. Without this, a
reverse sweep would have to find the counter again by counting. A loop that such a counter ends has a bound.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from transform.ir.build import Builder, Fresh, is_const, scalar
from transform.ir.nodes import Apply, Atom, Block, Carried, Const, For, If, Let, Merge, Op, Stmt, Symbol
from transform.ir.types import LONG
from transform.ir.walk import binds, defines, map_blocks, walk


def closed_counters(block: Block, fresh: Fresh) -> Block:
    """IR before -> after: integers to which every iteration of an ascending unit-step loop adds the same
    amount are computed from the loop's index."""
    out: list[Stmt] = []
    for s in block.stmts:
        s = map_blocks(s, lambda b: closed_counters(b, fresh))
        if isinstance(s, For) and s.step == 1 and not s.descending:
            out += _closed(s, fresh)
        else:
            out.append(s)
    return Block(tuple(out))


def _closed(loop: For, fresh: Fresh) -> list[Stmt]:
    inside = {loop.index, *(n for s in walk(loop.body) for n in (*defines(s), *binds(s)))}
    inside |= {c.inner for c in loop.carried}
    amounts = {c.inner: amount for c in loop.carried if (amount := _amount(c, loop.body, inside)) is not None}
    if not amounts:
        return [loop]
    counters = [c for c in loop.carried if c.inner in amounts]
    head, tail = Builder(fresh), Builder(fresh)
    head.loc = tail.loc = loop.loc
    for c in counters:
        _define(head, c.inner, c.init, _done(head, loop), amounts[c.inner])
        _define(tail, c.result, c.init, _total(tail, loop), amounts[c.inner])
    body = Block((*head.stmts, *loop.body.stmts))
    kept = tuple(c for c in loop.carried if c.inner not in amounts)
    closed = For(loop.index, loop.lo, loop.hi, 1, False, kept, body, loop.loc, loop.exit, loop.parallel)
    return [closed, *tail.stmts]


def _amount(carried: Carried, body: Block, inside: set[Symbol]) -> Atom | None:
    """What every iteration adds to a carried integer, if it is the same for all."""
    if not scalar(carried.inner).is_integer:
        return None
    for s in body.stmts:
        match s:
            case Let(target=target, op=Apply(fn="add", args=(a, b))) if target == carried.next:
                other = b if a == carried.inner else a if b == carried.inner else None
                return other if other is not None and other not in inside else None
            case _:
                pass
    return None


def _done(b: Builder, loop: For) -> Atom:
    """The number of iterations before the present one."""
    return loop.index if is_const(loop.lo, 0) else b.sub(loop.index, loop.lo)


def _total(b: Builder, loop: For) -> Atom:
    if loop.exit is not None:
        return loop.exit.trips
    zero = b.const(0, loop.hi)
    return b.select(b.compare("lt", loop.lo, loop.hi), b.sub(loop.hi, loop.lo), zero)


def _define(b: Builder, target: Symbol, first: Atom, times: Atom, amount: Atom) -> None:
    type_ = scalar(target)
    steps: Atom = b.cast(times, type_)
    if not is_const(amount, 1):
        steps = b.mul(steps, amount)
    b.add_stmt(Let(target, Apply("add", (first, steps)), b.loc))


def bounded(loop: For, fresh: Fresh) -> list[Stmt]:
    """IR before -> after: a loop without bound that goes on only while a counter is below a number that was
    known before it has this bound as well; any other loop stays as it is."""
    known = _Conditions(loop)
    for less, more, strict in known.hold(loop.exit.until, False) if loop.exit is not None else ():
        x, y = known.linear(less), known.linear(more)
        if x is None or y is None:
            continue
        speed = x.speed - y.speed
        if speed <= 0:
            continue
        b = Builder(fresh)
        b.loc = loop.loc
        room: Atom = Const(y.constant - x.constant + (not strict) + speed - 1, LONG)
        for atoms, away in ((y, 1), (x, -1)):
            for atom, sign in atoms.atoms:
                part = b.cast(atom, LONG)
                room = b.add(room, part) if sign * away > 0 else b.sub(room, part)
        times = b.div(room, Const(speed, LONG))
        some = b.compare("lt", Const(0, LONG), room)
        most = b.add(b.select(some, times, Const(0, LONG)), Const(1, LONG))
        return [*b.stmts, replace(loop, hi=most)]
    return [loop]


@dataclass(frozen=True)
class _Linear:
    """``speed * iteration + constant + the atoms with their signs``, which were known before the loop."""

    speed: int = 0
    constant: int = 0
    atoms: tuple[tuple[Atom, int], ...] = ()

    def plus(self, other: _Linear, sign: int) -> _Linear:
        atoms = (*self.atoms, *((a, s * sign) for a, s in other.atoms))
        return _Linear(self.speed + sign * other.speed, self.constant + sign * other.constant, atoms)


@dataclass
class _Conditions:
    """What is known where a loop goes on after an iteration."""

    loop: For
    lets: dict[Symbol, Op] = field(default_factory=dict)
    merges: dict[Symbol, tuple[Atom, Merge]] = field(default_factory=dict)
    sides: dict[Atom, bool] = field(default_factory=dict)  # conditions that are known to hold, or not to

    def __post_init__(self) -> None:
        for s in walk(self.loop.body):
            match s:
                case Let(target=target, op=op):
                    self.lets[target] = op
                case If(cond=cond, merges=merges):
                    self.merges.update({m.result: (cond, m) for m in merges})
                case _:
                    pass
        inside = {n for s in walk(self.loop.body) for n in (*defines(s), *binds(s))}
        self.inside = inside | {self.loop.index} | {c.inner for c in self.loop.carried}
        if self.loop.exit is not None:
            list(self.hold(self.loop.exit.until, False))  # for the sides that it takes

    def hold(self, atom: Atom, value: bool) -> Iterator[tuple[Atom, Atom, bool]]:
        """The comparisons ``less < more`` (``<=`` if not strict) that follow from ``atom`` being so."""
        if atom in self.merges and isinstance(atom, Symbol):
            cond, m = self.merges[atom]
            for other, side, taken in ((m.orelse, m.then, True), (m.then, m.orelse, False)):
                if isinstance(other, Const) and bool(other.value) != value:
                    self.sides[cond] = taken
                    yield from self.hold(cond, taken)
                    yield from self.hold(side, value)
        match self.lets.get(atom) if isinstance(atom, Symbol) else None:
            case Apply(fn="not", args=(x,)):
                yield from self.hold(x, not value)
            case Apply(fn="copy", args=(x,)):
                yield from self.hold(x, value)
            case Apply(fn="and" | "or" as fn, args=(x, y)) if value == (fn == "and"):
                yield from self.hold(x, value)
                yield from self.hold(y, value)
            case Apply(fn="lt" | "ge" as fn, args=(x, y)):
                yield (x, y, True) if value == (fn == "lt") else (y, x, False)
            case Apply(fn="gt" | "le" as fn, args=(x, y)):
                yield (y, x, True) if value == (fn == "gt") else (x, y, False)
            case _:
                pass

    def linear(self, atom: Atom) -> _Linear | None:
        """``atom`` in terms of the number of the iteration; ``None`` where it is none, or might wrap."""
        if not scalar(atom).is_integer:
            return None
        if isinstance(atom, Const):
            return _Linear(constant=int(atom.value))
        if atom == self.loop.index:
            return _Linear(speed=1)
        if atom not in self.inside:
            return _Linear(atoms=((atom, 1),))
        for c in self.loop.carried:
            step = self._step(c) if c.inner == atom else None
            if step is not None:
                return _Linear(speed=step, atoms=((c.init, 1),))
        match self.lets.get(atom):
            case Apply(fn="copy" | "cast", args=(x,)):
                return self.linear(x)
            case Apply(fn="neg", args=(x,)) if not scalar(atom).name.startswith("unsigned"):
                found = self.linear(x)
                return None if found is None else _Linear().plus(found, -1)
            case Apply(fn="add" | "sub" as fn, args=(x, y)):
                if fn == "sub" and scalar(atom).name.startswith("unsigned"):
                    return None
                first, second = self.linear(x), self.linear(y)
                if first is None or second is None:
                    return None
                return first.plus(second, 1 if fn == "add" else -1)
            case Apply(fn="mul", args=(x, Const(value=times)) | (Const(value=times), x)):
                found = self.linear(x)
                if found is None or found.atoms:
                    return None
                return _Linear(found.speed * int(times), found.constant * int(times))
            case _:
                return None

    def _step(self, carried: Carried) -> int | None:
        """The constant that an iteration adds to a carried integer if the loop goes on."""
        end = carried.next
        if end in self.merges and isinstance(end, Symbol):
            cond, m = self.merges[end]
            if cond not in self.sides:
                return None
            end = m.then if self.sides[cond] else m.orelse
        match self.lets.get(end) if isinstance(end, Symbol) else None:
            case Apply(fn="add" | "sub" as fn, args=(a, Const(value=amount))) if a == carried.inner:
                return int(amount) if fn == "add" else -int(amount)
            case Apply(fn="add", args=(Const(value=amount), a)) if a == carried.inner:
                return int(amount)
            case _:
                return None
