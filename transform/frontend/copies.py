"""``Kokkos::deep_copy`` between Views, parts of Views and scalars."""

from __future__ import annotations

from dataclasses import replace

from transform.frontend.arith import convert
from transform.frontend.clang import Cursor, location
from transform.frontend.scope import Memory, Scope
from transform.frontend.shape import element_index, extent, rank
from transform.ir.nodes import (
    Allocate,
    Atom,
    Block,
    Const,
    DeepCopy,
    Launch,
    Load,
    Range,
    Store,
    Symbol,
)
from transform.ir.types import INT, SIZE, View


def copy(scope: Scope, target: Memory, source: Memory | Atom, cursor: Cursor) -> None:
    """``target = source``, element by element where one of them is a part of a View."""
    whole = target.mapping is None and not (isinstance(source, Memory) and source.mapping is not None)
    if isinstance(source, Memory) and rank(source) != rank(target):
        scope.refuse(cursor, "deep_copy between Views of different ranks", "copy Views of the same shape")
    elif whole:
        value = source.symbol if isinstance(source, Memory) else source
        scope.stmts.append(DeepCopy(target.symbol, value, location(cursor)))
    elif isinstance(source, Memory) and _needs_detour(target, source):
        between = _temporary(scope, source, cursor)
        _elementwise(scope, between, source, cursor)
        if target.mapping is None:
            scope.stmts.append(DeepCopy(target.symbol, between.symbol, location(cursor)))
            return
        landed = _temporary(scope, target, cursor)
        scope.stmts.append(DeepCopy(landed.symbol, between.symbol, location(cursor)))
        _elementwise(scope, target, landed, cursor)
    else:
        _elementwise(scope, target, source, cursor)


def _needs_detour(target: Memory, source: Memory) -> bool:
    """Whether no single kernel may copy: the parts may overlap, or lie in different memories."""
    return target.symbol == source.symbol or _view(target).execution_space != _view(source).execution_space


def _view(memory: Memory) -> View:
    assert isinstance(memory.symbol.type, View)
    return memory.symbol.type


def _temporary(scope: Scope, like: Memory, cursor: Cursor) -> Memory:
    """A View of the shape of ``like`` in its memory."""
    behind = _view(like)
    data = behind.element.name + "*" * rank(like)
    spelling = f"Kokkos::View<{data}, Kokkos::LayoutRight, {behind.spelling}::device_type>"
    type_ = replace(behind, static_extents=(None,) * rank(like), read_only=False, spelling=spelling)
    symbol = scope.fresh.symbol(f"{like.symbol.name}_part", type_)
    extents = tuple(extent(scope, like, d, cursor) for d in range(rank(like)))
    scope.stmts.append(Allocate(symbol, extents, location(cursor)))
    return Memory(symbol)


def _elementwise(scope: Scope, target: Memory, source: Memory | Atom, cursor: Cursor) -> None:
    """A launch that copies every element."""
    ranges = tuple(
        Range(scope.fresh.symbol("ijklmnop"[d], SIZE), Const(0, SIZE), extent(scope, target, d, cursor))
        for d in range(rank(target))
    ) or (Range(scope.fresh.symbol("i", INT), Const(0, INT), Const(1, INT)),)
    index: tuple[Atom, ...] = tuple(r.index for r in ranges[: rank(target)])
    with scope.collect() as stmts:
        value = element(scope, source, index, cursor) if isinstance(source, Memory) else source
        value = convert(scope, value, _view(target).element, "", cursor)
        at = element_index(scope, target, index, cursor)
        scope.stmts.append(Store(target.symbol, at, value, location(cursor)))
    space = _view(target).execution_space
    scope.stmts.append(Launch("deep_copy", space, ranges, Block(tuple(stmts)), (), loc=location(cursor)))


def element(scope: Scope, view: Memory, index: tuple[Atom, ...], cursor: Cursor) -> Symbol:
    """Load ``view(index...)``."""
    at = element_index(scope, view, index, cursor)
    return scope.let(Load(view.symbol, at), _view(view).element, "", cursor)
