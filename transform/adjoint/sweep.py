"""What the reverse sweep does to one statement, whatever provides the primal values.

The adjoint of scalar ``s`` is an SSA value, kept in an ``Adjoints`` environment keyed by the primal symbol:
contributions add up in it, and the statement that defines ``s`` takes it out. The adjoint of a memory is a
memory. (Griewank & Walther, *Evaluating Derivatives*, 2nd ed., sections 3.3 and 6.2, over structured SSA.)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter

from transform.adjoint.rules import RULES, product
from transform.analysis.activity import Activity, is_floating
from transform.diagnostics import Diagnostic, Refused
from transform.ir.build import TEMPORARY, Builder, is_const, scalar
from transform.ir.nodes import Apply, Atom, Block, Const, For, Let, Symbol


class Adjoints:
    """Adjoint values of scalars, by primal symbol."""

    def __init__(self, builder: Builder, active: Activity) -> None:
        self._builder = builder
        self._active = active
        self.values: dict[Symbol, Atom] = {}

    def add(self, primal: Atom, contribution: Atom | None) -> None:
        if contribution is None or not isinstance(primal, Symbol) or primal not in self._active:
            return
        known = self.values.get(primal)
        self.values[primal] = contribution if known is None else self._builder.add(known, contribution)

    def take(self, primal: Symbol) -> Atom | None:
        value = self.values.pop(primal, None)
        return None if value is None or is_const(value, 0) else value

    def get(self, primal: Symbol) -> Atom:
        return self.values.get(primal, zero(primal))


def zero(like: Atom) -> Const:
    return Const(0.0, scalar(like))


class Sweep(ABC):
    """Reverses scalar statements; subclasses say where primal values come from."""

    def __init__(self, builder: Builder, active: Activity) -> None:
        self.b = builder
        self.active = active
        self.ops: dict[Symbol, Apply] = {}  # what defines the scalars met so far
        self.divisors: Counter[Atom] = Counter()

    @abstractmethod
    def value(self, atom: Atom) -> Atom:
        """The primal value of ``atom`` as the code being built can name it."""

    def last_reached(self, loop: For) -> Atom:
        """The ``hi`` of the iterations that ``loop`` has run: fewer than its own if it was left early."""
        if loop.exit is None:
            return self.value(loop.hi)
        trips = self.value(loop.exit.trips)
        return self.b.add(self.value(loop.lo), self.b.mul(trips, self.b.const(loop.step, trips)))

    def adjoints(self) -> Adjoints:
        return Adjoints(self.b, self.active)

    def meet(self, body: Block) -> None:
        """Learn what defines the scalars of ``body``, which is about to be reversed."""
        for s in body.stmts:
            if isinstance(s, Let) and isinstance(s.op, Apply):
                self.ops[s.target] = s.op
                if s.op.fn == "div" and isinstance(s.op.args[1], Symbol):
                    self.divisors[s.op.args[1]] += 1

    def _square(self, op: Apply) -> tuple[float, Symbol] | None:
        """A constant and a scalar if ``op`` is the constant times the square of the scalar."""
        if op.fn != "mul":
            return None
        for a, b in (op.args, op.args[::-1]):
            if a == b and isinstance(a, Symbol):
                return 1.0, a
            match self.ops.get(a) if isinstance(a, Symbol) else None:
                case Apply(fn="mul", args=(Const(value=c), x) | (x, Const(value=c))) if x == b:
                    return (float(c), x) if isinstance(x, Symbol) else None
        return None

    def reverse_apply(self, let: Let, op: Apply, adj: Adjoints) -> None:
        bar = adj.take(let.target)
        if bar is None:
            return
        if let.target.name != TEMPORARY:
            bar = self.b.named(f"{let.target.name}_b", bar)
        if op.fn == "cast":
            (a,) = op.args
            if is_floating(a.type):
                adj.add(a, self.b.cast(bar, scalar(a)))
            return
        if op.fn not in RULES:
            raise Refused(
                [
                    Diagnostic(
                        f"no derivative is known for '{op.fn}'",
                        let.loc,
                        "write it with functions of <cmath> that have one",
                    )
                ]
            )
        args = tuple(self.value(a) for a in op.args)
        if op.fn == "div" and self.divisors[op.args[1]] > 1:  # one division serves all of them
            bar = self.b.mul(bar, self.b.div(self.b.const(1, bar), args[1]))
            adj.add(op.args[0], bar)
            adj.add(op.args[1], self.b.neg(self.b.mul(bar, self.value(let.target))))
            return
        if (square := self._square(op)) is not None:
            factor, x = square
            adj.add(x, self.b.mul(self.b.mul(self.b.const(2 * factor, bar), bar), self.value(x)))
            return
        result = self.value(let.target)
        for i, a in enumerate(op.args):
            if isinstance(a, Symbol) and a in self.active:
                adj.add(a, product(op.fn, i, self.b, args, result, bar))
