"""Value numbering, copy propagation and constant folding over structured SSA.

IR before -> after: equal pure operations in the same or an enclosing scope become one; loads are shared
while nothing may have written the memory in between, and a load of what was just stored is the stored
value; ``copy`` of a constant or a named value disappears; loop-carried scalars that never change become
their initial value; arithmetic with 0 and 1 folds, and so do branches on known conditions. Floating-point
results stay bitwise the same for finite values (see ``Builder``).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import replace

from transform.ir.build import TEMPORARY, Builder, Fresh, element, zero
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Atom,
    Block,
    Carried,
    Color,
    Const,
    Declare,
    DeepCopy,
    Extent,
    For,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Merge,
    Op,
    Output,
    PrefixSum,
    Range,
    Reduction,
    Replicate,
    Return,
    Save,
    Stmt,
    Store,
    Symbol,
    Touch,
)
from transform.ir.types import BOOL, INT, Array, Scalar
from transform.ir.walk import map_assumption, written

_SMALL = 64
"""Elements of a local array that is followed element by element."""

_FOLDING: dict[str, Callable[..., Atom]] = {
    "add": Builder.add,
    "sub": Builder.sub,
    "mul": Builder.mul,
    "div": Builder.div,
    "neg": Builder.neg,
}


def simplify(block: Block, fresh: Fresh) -> Block:
    """Simplify a host or kernel block. ``fresh`` must not clash with symbols of the block."""
    return _Simplifier(fresh).block(block, {}, {})


class _Simplifier:
    def __init__(self, fresh: Fresh) -> None:
        self.b = Builder(fresh)
        self.map: dict[Symbol, Atom] = {}
        self.shifted: dict[Symbol, tuple[Atom, int]] = {}  # integers that are another one plus a constant

    def atom(self, a: Atom) -> Atom:
        return self.map.get(a, a) if isinstance(a, Symbol) else a

    def atoms(self, many: tuple[Atom, ...]) -> tuple[Atom, ...]:
        return tuple(self.atom(a) for a in many)

    def symbol(self, s: Symbol) -> Symbol:
        a = self.atom(s)
        assert isinstance(a, Symbol)
        return a

    def block(self, block: Block, known: dict[Op, Atom], loads: dict[Load, Atom]) -> Block:
        """``known``: values of pure ops in scope; ``loads``: values of memory elements, valid right now."""
        with self.b.block() as stmts:
            for s in block.stmts:
                self.stmt(s, known, loads)
        return Block(tuple(stmts))

    def stmt(self, s: Stmt, known: dict[Op, Atom], loads: dict[Load, Atom]) -> None:
        match s:
            case Let():
                self.let(s, known, loads)
            case Store(memory=m, index=index, value=v):
                where, value = self.atoms(index), self.atom(v)
                self.forget(m, loads, where)
                loads[Load(m, where)] = value
                self.b.add_stmt(replace(s, index=where, value=value))
            case Increment() | Accumulate():
                if isinstance(s.value, Const) and s.value.value == 0:
                    return
                value = self.atom(s.value)
                if isinstance(value, Const) and value.value == 0:
                    return
                where = self.atoms(s.index)
                before = loads.get(Load(s.memory, where))
                self.forget(s.memory, loads, where)
                if before is None or not isinstance(s.memory.type, Array):
                    self.b.add_stmt(replace(s, index=where, value=value))
                    return
                total = self.b.add(before, value)
                loads[Load(s.memory, where)] = total
                self.b.add_stmt(Store(s.memory, where, total, s.loc))
            case For():
                self.loop(s, known, loads)
            case If():
                self.branch(s, known, loads)
            case Launch():
                ranges = tuple(Range(r.index, self.atom(r.lo), self.atom(r.hi)) for r in s.ranges)
                body = self.block(s.body, dict(known), {})
                for m in written(body):
                    self.forget(m, loads)
                kept: tuple[Reduction, ...] = s.reductions
                given = tuple(map_assumption(g, self.atom) for g in s.given)
                self.b.add_stmt(replace(s, ranges=ranges, body=body, reductions=kept, given=given))
            case Color():
                unit = Range(s.unit.index, self.atom(s.unit.lo), self.atom(s.unit.hi))
                self.b.add_stmt(replace(s, unit=unit, body=self.block(s.body, dict(known), {})))
            case Declare(target=target, zeroed=True, extents=()):
                for element_ in _elements(target):
                    loads[element_] = zero(element(target))
                self.b.add_stmt(s)
            case Allocate(extents=extents) | Declare(extents=extents):
                self.b.add_stmt(replace(s, extents=self.atoms(extents)))
            case DeepCopy(target=t, source=source):
                self.forget(t, loads)
                self.b.add_stmt(replace(s, source=self.atom(source)))
            case PrefixSum(view=view, start=start):
                self.forget(view, loads)
                self.b.add_stmt(replace(s, start=self.atom(start)))
            case Return(value=v) | Output(value=v):
                self.b.add_stmt(replace(s, value=self.atom(v)))
            case Save(source=source):
                self.b.add_stmt(replace(s, source=self.atom(source)))
            case Touch(index=index):
                self.b.add_stmt(replace(s, index=self.atoms(index)))
            case Replicate():
                self.b.add_stmt(s)
            case _:
                self.b.add_stmt(s)

    @staticmethod
    def forget(memory: Symbol, loads: dict[Load, Atom], where: tuple[Atom, ...] = ()) -> None:
        """``memory`` changes, at ``where`` only if that is given."""
        for load in [k for k in loads if k.memory == memory]:
            if not where or not _apart(load.index, where):
                del loads[load]

    def let(self, s: Let, known: dict[Op, Atom], loads: dict[Load, Atom]) -> None:
        op: Op
        match s.op:
            case Apply(fn=fn, args=args):
                op = self.shift(s.target, Apply(fn, self.atoms(args)))
            case Load(memory=m, index=index):
                op = Load(self.symbol(m), self.atoms(index))
            case Extent():
                op = s.op
        if isinstance(op, Load):
            if op in loads:
                self.map[s.target] = loads[op]
                return
            self.b.add_stmt(Let(s.target, op, s.loc))
            loads[op] = s.target
            return
        folded = self.fold(s, op)
        if folded is not None:
            self.map[s.target] = folded
            return
        key = _typed(op, s.target)
        if key in known:
            self.map[s.target] = known[key]
            return
        self.b.add_stmt(Let(s.target, op, s.loc))
        known[key] = s.target

    def shift(self, target: Symbol, op: Apply) -> Apply:
        """``(x + 1) + 1`` of integers as ``x + 2``."""
        match op:
            case Apply(fn="add" | "sub" as fn, args=(Symbol() as x, Const(value=int(c)) as const)):
                if not isinstance(x.type, Scalar) or not x.type.is_integer:
                    return op
                base, before = self.shifted.get(x, (x, 0))
                total = before + (c if fn == "add" else -c)
                self.shifted[target] = (base, total)
                sign = "add" if total >= 0 else "sub"
                return Apply(sign, (base, replace(const, value=abs(total))))
            case _:
                return op

    def fold(self, s: Let, op: Op) -> Atom | None:
        """The value of ``op`` if it needs no statement of its own."""
        if not isinstance(op, Apply):
            return None
        if op.fn == "copy":
            (a,) = op.args
            plain = isinstance(a, Const) or a.name != TEMPORARY or s.target.name == TEMPORARY
            return a if plain else None
        if op.fn == "cast" and op.args[0].type == s.target.type:
            return op.args[0]
        if op.fn == "select" and op.args[1] == op.args[2]:
            return op.args[1]
        if op.fn == "select" and isinstance(op.args[0], Const):
            return op.args[1] if op.args[0].value else op.args[2]
        if op.fn == "not" and isinstance(op.args[0], Const):
            return Const(not op.args[0].value, BOOL)
        if op.fn in ("and", "or"):
            for a, b in (op.args, op.args[::-1]):
                if isinstance(a, Const):
                    return a if bool(a.value) == (op.fn == "or") else b
        rule = _FOLDING.get(op.fn)
        if rule is None or (op.fn != "neg" and not any(isinstance(a, Const) for a in op.args)):
            return None
        if op.fn == "div" and not self._float(op):
            return None
        before = len(self.b.stmts)
        result = rule(self.b, *op.args)
        trivial = len(self.b.stmts) == before
        del self.b.stmts[before:]
        return result if trivial else None

    @staticmethod
    def _float(op: Apply) -> bool:
        return isinstance(op.args[0].type, Scalar) and op.args[0].type.is_float

    def loop(self, s: For, known: dict[Op, Atom], loads: dict[Load, Atom]) -> None:
        kept: list[Carried] = []
        for c in s.carried:
            if c.next == c.inner:
                self.map[c.inner] = self.map[c.result] = self.atom(c.init)
            else:
                kept.append(c)
        inits = [self.atom(c.init) for c in kept]
        lo, hi = self.atom(s.lo), self.atom(s.hi)
        for m in written(s.body):
            self.forget(m, loads)
        body = self.block(s.body, dict(known), dict(loads))
        carried = tuple(
            Carried(c.inner, init, self.atom(c.next), c.result) for c, init in zip(kept, inits, strict=True)
        )
        leave = None if s.exit is None else replace(s.exit, until=self.atom(s.exit.until))
        again = replace(s, lo=lo, hi=hi, carried=carried, body=body, exit=leave)
        if any(c.next == c.inner for c in carried):
            self.loop(again, known, loads)  # folding made a carried scalar invariant
            return
        self.b.add_stmt(again)

    def branch(self, s: If, known: dict[Op, Atom], loads: dict[Load, Atom]) -> None:
        cond = self.atom(s.cond)
        if isinstance(cond, Const):
            for inner in (s.then if cond.value else s.orelse).stmts:
                self.stmt(inner, known, loads)
            self.map |= {m.result: self.atom(m.then if cond.value else m.orelse) for m in s.merges}
            return
        then = self.block(s.then, dict(known), dict(loads))
        then_values = [self.atom(m.then) for m in s.merges]
        orelse = self.block(s.orelse, dict(known), dict(loads))
        merges: list[Merge] = []
        for m, t in zip(s.merges, then_values, strict=True):
            e = self.atom(m.orelse)
            if t == e:
                self.map[m.result] = t
            else:
                merges.append(Merge(m.result, t, e))
        for memory in written(then) | written(orelse):
            self.forget(memory, loads)
        self.b.add_stmt(If(cond, then, orelse, tuple(merges), s.loc))


def _elements(array: Symbol) -> list[Load]:
    """The elements of a small local array."""
    assert isinstance(array.type, Array)
    if math.prod(array.type.extents) > _SMALL:
        return []
    ranges = (range(n) for n in array.type.extents)
    return [Load(array, tuple(Const(k, INT) for k in index)) for index in itertools.product(*ranges)]


def _apart(a: tuple[Atom, ...], b: tuple[Atom, ...]) -> bool:
    """Whether two indices differ for certain, by a constant."""
    return any(
        isinstance(x, Const) and isinstance(y, Const) and x.value != y.value
        for x, y in zip(a, b, strict=True)
    )


def _typed(op: Op, target: Symbol) -> Op:
    """A key for value numbering: casts to different types are different operations."""
    if isinstance(op, Apply) and op.fn == "cast":
        return Apply(f"cast {target.type}", op.args)
    return op
