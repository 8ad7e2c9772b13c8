"""Elements of Views on the host: each access is a launch of one iteration where the View lives.

A value read comes out as a sum of one term. ``host_loop.py`` makes one launch of a whole loop.
"""

from __future__ import annotations

from transform.frontend.clang import Cursor, location
from transform.frontend.scope import Element, Scope, zero
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Const,
    How,
    Increment,
    Launch,
    Let,
    Load,
    Range,
    Reduction,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import BOOL, INT, Accumulator, Scalar, View


def host_load(scope: Scope, element: Element, name: str, cursor: Cursor) -> Atom:
    """The value of an element, as a scalar of the host."""
    type_ = _view(element).element
    with scope.collect() as stmts:
        value = scope.let(Load(element.memory, element.index), type_, name, cursor)
    results = Results(scope, cursor)
    result = results.add(value, name or f"{element.memory.name}_value")
    once(scope, [*stmts, *results.body], _view(element).execution_space, results.reductions, cursor)
    scope.stmts += results.after
    return result


def host_store(scope: Scope, element: Element, value: Atom, cursor: Cursor) -> None:
    stmt = Store(element.memory, element.index, value, location(cursor))
    once(scope, [stmt], _view(element).execution_space, [], cursor)


def host_increment(scope: Scope, element: Element, value: Atom, how: How, cursor: Cursor) -> None:
    stmt = Increment(element.memory, element.index, value, how, location(cursor))
    once(scope, [stmt], _view(element).execution_space, [], cursor)


def once(scope: Scope, stmts: list[Stmt], space: str, reductions: list[Reduction], cursor: Cursor) -> Launch:
    """Append a launch of one iteration."""
    index = scope.fresh.symbol("once", INT)
    whole = (Range(index, Const(0, INT), Const(1, INT)),)
    launch = Launch("", space, whole, Block(tuple(stmts)), tuple(reductions), loc=location(cursor))
    scope.stmts.append(launch)
    return launch


class Results:
    """Scalars that leave a launch of one iteration, as sums of one term each.

    ``body``: what the launch must end with; ``after``: what must follow it."""

    def __init__(self, scope: Scope, cursor: Cursor) -> None:
        self.scope = scope
        self.cursor = cursor
        self.reductions: list[Reduction] = []
        self.body: list[Stmt] = []
        self.after: list[Stmt] = []

    def add(self, value: Atom, name: str) -> Symbol:
        """The symbol of the host that holds ``value`` after the launch."""
        type_ = value.type
        assert isinstance(type_, Scalar)
        fresh, loc = self.scope.fresh, location(self.cursor)
        summed = INT if type_ == BOOL else type_  # there are no sums of bool
        if type_ == BOOL:
            number = fresh.symbol(name, summed)
            self.body.append(Let(number, Apply("cast", (value,)), loc))
            value = number
        accumulator = fresh.symbol(f"{name}_out", Accumulator(summed))
        result = fresh.symbol(name, summed)
        self.reductions.append(Reduction(accumulator, result))
        self.body.append(Increment(accumulator, (), value, How.REDUCE, loc))
        if type_ != BOOL:
            return result
        truth = fresh.symbol(name, BOOL)
        self.after.append(Let(truth, Apply("ne", (result, zero(summed))), loc))
        return truth


def _view(element: Element) -> View:
    assert isinstance(element.memory.type, View)
    return element.memory.type
