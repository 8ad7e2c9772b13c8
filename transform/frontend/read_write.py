"""Reading and writing what an lvalue denotes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from transform.frontend.arith import apply
from transform.frontend.clang import (
    Cursor,
    location,
)
from transform.frontend.host_access import host_increment, host_load, host_store
from transform.frontend.scope import (
    Either,
    Element,
    Place,
    Scope,
    Sum,
    Value,
    Variable,
)
from transform.ir.nodes import Atom, Block, How, Increment, Load, Store, Symbol
from transform.ir.types import Array, Scalar, View

_SUM_READ = (
    "the accumulator of a parallel_reduce is read",
    "only add to it (sum += ...): its value inside the kernel depends on the schedule",
)
_SUM_WRITTEN = ("the accumulator of a parallel_reduce is overwritten", "only add to it (sum += ...)")


def read(scope: Scope, source: Place, name: str, cursor: Cursor) -> Atom:
    """The value at a place."""
    match source:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value)
            if binding.sum:
                scope.refuse(cursor, *_SUM_READ)
                return scope.dummy(cursor)
            if binding.atom is None:
                scope.refuse(
                    cursor,
                    f"'{binding.name}' may be used uninitialised",
                    "initialise it where it is declared",
                )
                return scope.dummy(cursor)
            return binding.atom
        case Element(memory=symbol, index=index):
            if _on_host(scope, symbol):
                return host_load(scope, Element(symbol, index), name, cursor)
            return scope.let(Load(symbol, index), _element(symbol), name, cursor)
        case Sum():
            scope.refuse(cursor, *_SUM_READ)
            return scope.dummy(cursor)
        case Either(cond=cond, then=then, orelse=orelse):
            with scope.collect() as yes:
                a = read(scope, then, "", cursor)
            with scope.collect() as no:
                b = read(scope, orelse, "", cursor)
            if not yes and not no:
                return apply(scope, "select", (cond, a, b), name, cursor)
            return scope.choose(cond, (Block(tuple(yes)), a), (Block(tuple(no)), b), name, cursor)
        case _:
            assert_never(source)


def write(scope: Scope, target: Place, value: Atom, cursor: Cursor) -> None:
    """Assign ``value``, which already has the place's type."""
    match target:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value)
            if binding.fixed:
                scope.refuse(cursor, f"'{binding.name}' is modified here", binding.fixed)
                return
            if binding.sum:
                scope.refuse(cursor, *_SUM_WRITTEN)
                return
            scope.env[variable] = replace(binding, atom=value)
        case Element(memory=symbol, index=index):
            if _on_host(scope, symbol):
                host_store(scope, target, value, cursor)
            else:
                scope.stmts.append(Store(symbol, index, value, location(cursor)))
        case Sum():
            scope.refuse(cursor, *_SUM_WRITTEN)
        case Either():
            _on_chosen(scope, target, lambda side: write(scope, side, value, cursor), cursor)
        case _:
            assert_never(target)


def _on_chosen(scope: Scope, target: Either, change: Callable[[Place], None], cursor: Cursor) -> None:
    """Change the one of two places that is chosen."""
    then = scope.branch(lambda: change(target.then))
    orelse = scope.branch(lambda: change(target.orelse))
    scope.join(target.cond, then, orelse, cursor)


def is_sum(scope: Scope, target: Place) -> bool:
    """Whether a place is the accumulator of a reduction, which is only added to."""
    if isinstance(target, Either):
        return is_sum(scope, target.then) or is_sum(scope, target.orelse)
    binding = scope.env[target.key] if isinstance(target, Variable) else None
    return isinstance(target, Sum) or (isinstance(binding, Value) and binding.sum)


def increment(scope: Scope, target: Place, value: Atom, how: How, cursor: Cursor) -> None:
    """``target += value``; ``value`` already has the place's type."""
    match target:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value) and binding.atom is not None
            total = apply(scope, "add", (binding.atom, value), binding.name, cursor)
            scope.env[variable] = replace(binding, atom=total)
        case Sum(accumulator=accumulator):
            scope.stmts.append(Increment(accumulator, (), value, How.REDUCE, location(cursor)))
        case Element(memory=symbol, index=index):
            if _on_host(scope, symbol):
                host_increment(scope, target, value, how, cursor)
            else:
                scope.stmts.append(Increment(symbol, index, value, how, location(cursor)))
        case Either():
            _on_chosen(scope, target, lambda side: increment(scope, side, value, how, cursor), cursor)
        case _:
            assert_never(target)


def place_type(scope: Scope, target: Place) -> Scalar:
    match target:
        case Variable(key=variable):
            binding = scope.env[variable]
            assert isinstance(binding, Value)
            return binding.type
        case Element(memory=symbol):
            return _element(symbol)
        case Sum(accumulator=accumulator):
            type_ = accumulator.type
            assert not isinstance(type_, Scalar) and hasattr(type_, "element")
            element = type_.element
            assert isinstance(element, Scalar)
            return element
        case Either(then=then):
            return place_type(scope, then)
        case _:
            assert_never(target)


def _element(symbol: Symbol) -> Scalar:
    assert isinstance(symbol.type, View | Array)
    return symbol.type.element


def _on_host(scope: Scope, symbol: Symbol) -> bool:
    return isinstance(symbol.type, View) and not scope.in_kernel
