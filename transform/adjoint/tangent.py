"""Tangent (forward) mode: the derivative runs beside the primal, statement by statement.

IR before -> after: every statement on active data is followed by the one that propagates its tangent.
Griewank & Walther, *Evaluating Derivatives*, 2nd ed., section 3.1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.adjoint.attach import detach
from transform.adjoint.rules import RULES, product
from transform.analysis.activity import Activity, is_floating
from transform.ir.build import Builder, Fresh, element, scalar
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Allocate,
    Apply,
    Atom,
    Block,
    Carried,
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
    Output,
    PrefixSum,
    Program,
    Reduction,
    Return,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.simplify import simplify
from transform.ir.types import SIZE, View


@dataclass(frozen=True)
class Tangent:
    """``body`` computes the primal and its tangent; ``tangents`` maps parameters to their ``_d``;
    ``result`` is the tangent of the return value."""

    body: Block
    tangents: dict[Symbol, Symbol]
    result: Atom | None


def tangent(program: Program, active: Activity, with_tangent: frozenset[Symbol], first_id: int) -> Tangent:
    """Differentiate ``program`` in forward mode; ``with_tangent``: parameters that have a ``_d``."""
    return _Tangent(program, active, with_tangent, Fresh(first_id)).run()


class _Tangent:
    def __init__(
        self, program: Program, active: Activity, with_tangent: frozenset[Symbol], fresh: Fresh
    ) -> None:
        self.program = program
        self.active = active
        self.with_tangent = with_tangent
        self.fresh = fresh
        self.b = Builder(fresh)
        self.dots: dict[Symbol, Atom] = {}
        self.memory: dict[Symbol, Symbol] = {}
        self.result: Atom | None = None
        self.parameters: dict[Symbol, Symbol] = {}

    def run(self) -> Tangent:
        parameters = self.parameters
        with self.b.block() as stmts:
            for p in self.program.params:
                s = p.symbol
                if s in self.with_tangent:
                    type_ = s.type.writable if isinstance(s.type, View) else s.type
                    parameters[s] = self.fresh.symbol(f"{s.name}_d", type_)
                    if isinstance(s.type, View):
                        self.memory[s] = parameters[s]
                    else:
                        self.dots[s] = parameters[s]
                elif isinstance(s.type, View) and s in self.active:
                    extents = tuple(self.b.let(Extent(s, d), SIZE) for d in range(s.type.rank))
                    self._allocate(s, extents)
            self.block(self.program.body)
        body = remove_dead(simplify(detach(Block(tuple(stmts))), self.fresh))
        # simplify may have renamed the result: it is what the marker Return names
        last = body.stmts[-1] if body.stmts else None
        result: Atom | None = None
        if self.result is not None and isinstance(last, Return):
            result = last.value
            body = Block(body.stmts[:-1])
        return Tangent(body, parameters, result)

    def _allocate(self, view: Symbol, extents: tuple[Atom, ...]) -> None:
        assert isinstance(view.type, View)
        self.memory[view] = self.fresh.symbol(f"{view.name}_d", view.type.writable)
        self.b.add_stmt(Allocate(self.memory[view], extents))

    def dot(self, a: Atom) -> Atom:
        if isinstance(a, Symbol) and a in self.dots:
            return self.dots[a]
        return Const(0.0, scalar(a))

    def block(self, block: Block) -> None:
        for s in block.stmts:
            self.b.loc = s.loc
            self.stmt(s)

    def stmt(self, s: Stmt) -> None:
        match s:
            case Let():
                self.b.add_stmt(s)
                self._let(s)
            case Declare(target=t):
                self.b.add_stmt(s)
                if t in self.active:
                    self.memory[t] = self.fresh.symbol(f"{t.name}_d", t.type)
                    self.b.add_stmt(replace(s, target=self.memory[t]))
            case Store(memory=m, index=index, value=v):
                if m in self.memory:
                    self.b.add_stmt(Store(self.memory[m], index, self.dot(v), s.loc))
                self.b.add_stmt(s)
            case Increment(memory=m, value=v):
                if m in self.memory and isinstance(v, Symbol) and v in self.dots:
                    self.b.add_stmt(replace(s, memory=self.memory[m], value=self.dots[v]))
                self.b.add_stmt(s)
            case For():
                self._for(s)
            case If():
                self._if(s)
            case Launch():
                self._launch(s)
            case Allocate(target=t, extents=extents):
                self.b.add_stmt(s)
                if t in self.active:
                    self._allocate(t, extents)
            case DeepCopy(target=t, source=source):
                self.b.add_stmt(s)
                if t in self.memory:
                    if isinstance(source, Symbol) and isinstance(source.type, View):
                        zero = Const(0.0, element(t))
                        self.b.add_stmt(DeepCopy(self.memory[t], self.memory.get(source, zero), s.loc))
                    else:
                        self.b.add_stmt(DeepCopy(self.memory[t], self.dot(source), s.loc))
            case PrefixSum(view=view, start=start, total=total):
                self.b.add_stmt(s)
                if view in self.memory:
                    total_d = None if total is None else self.fresh.symbol(f"{total.name}_d", total.type)
                    self.b.add_stmt(PrefixSum(self.memory[view], self.dot(start), total_d, s.backward, s.loc))
                    if total is not None and total_d is not None:
                        self.dots[total] = total_d
            case Output(param=param, value=v):
                self.b.add_stmt(s)
                if param in self.parameters:
                    self.b.add_stmt(Output(self.parameters[param], self.dot(v), s.loc))
            case Return(value=v):
                if is_floating(v.type):
                    self.result = self.dot(v)
                    self.b.add_stmt(s)
                    self.b.add_stmt(Return(self.result))
                else:
                    self.b.add_stmt(s)
            case _:
                raise AssertionError(f"not a primal statement: {s}")

    def _let(self, s: Let) -> None:
        t = s.target
        if t not in self.active:
            return
        match s.op:
            case Load(memory=m, index=index):
                if m in self.memory:
                    self.dots[t] = self.b.let(Load(self.memory[m], index), t.type)
            case Apply(fn="cast", args=(a,)):
                if is_floating(a.type):
                    self.dots[t] = self.b.cast(self.dot(a), scalar(t))
            case Apply(fn=fn, args=args) if fn in RULES:
                total: Atom = Const(0.0, scalar(t))
                for i, a in enumerate(args):
                    if isinstance(a, Symbol) and a in self.dots:
                        part = product(fn, i, self.b, args, t, self.dots[a])
                        if part is not None:
                            total = self.b.add(total, part)
                self.dots[t] = total
            case _:
                pass

    def _for(self, s: For) -> None:
        carried = [c for c in s.carried if c.inner in self.active]
        inner = {c.inner: self.fresh.symbol(f"{c.inner.name}_d", c.inner.type) for c in carried}
        inits = [self.dot(c.init) for c in carried]
        with self.b.block() as body:
            self.dots.update(inner)
            self.block(s.body)
            nexts = [self.dot(c.next) for c in carried]
        added = []
        for c, init, next_ in zip(carried, inits, nexts, strict=True):
            result = self.fresh.symbol(f"{c.result.name}_d", c.result.type)
            self.dots[c.result] = result
            added.append(Carried(inner[c.inner], init, next_, result))
        self.b.add_stmt(replace(s, carried=(*s.carried, *added), body=Block(tuple(body))))

    def _if(self, s: If) -> None:
        with self.b.block() as then:
            self.block(s.then)
        with self.b.block() as orelse:
            self.block(s.orelse)
        added = []
        for m in s.merges:
            if m.result in self.active:
                result = self.fresh.symbol(f"{m.result.name}_d", m.result.type)
                added.append(Merge(result, self.dot(m.then), self.dot(m.orelse)))
                self.dots[m.result] = result
        self.b.add_stmt(
            replace(s, then=Block(tuple(then)), orelse=Block(tuple(orelse)), merges=(*s.merges, *added))
        )

    def _launch(self, s: Launch) -> None:
        added = []
        for r in s.reductions:
            if r.accumulator in self.active:
                accumulator = self.fresh.symbol(f"{r.accumulator.name}_d", r.accumulator.type)
                result = self.fresh.symbol(f"{r.result.name}_d", r.result.type)
                self.memory[r.accumulator] = accumulator
                self.dots[r.result] = result
                added.append(Reduction(accumulator, result))
        with self.b.block() as body:
            self.block(s.body)
        self.b.add_stmt(replace(s, body=Block(tuple(body)), reductions=(*s.reductions, *added)))
