"""Shape and elements of Views, also of those that show a part of another one."""

from __future__ import annotations

from transform.frontend.arith import apply, convert
from transform.frontend.clang import Cursor
from transform.frontend.scope import Axis, Memory, Scope
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const, Extent, Symbol
from transform.ir.types import LONG, SIZE, View


def rank(view: Memory) -> int:
    if view.mapping is not None:
        return len(view.mapping.extents)
    assert isinstance(view.symbol.type, View)
    return view.symbol.type.rank - (1 if view.symbol.type.objects else 0)


def extent(scope: Scope, view: Memory, dim: int, cursor: Cursor) -> Atom:
    """``view.extent(dim)`` as ``size_t``; a constant for a static dimension, 1 beyond the rank."""
    if dim >= rank(view):
        return Const(1, SIZE)
    if view.mapping is not None:
        return view.mapping.extents[dim]
    return whole_extent(scope, view.symbol, dim, cursor)


def whole_extent(scope: Scope, view: Symbol, dim: int, cursor: Cursor) -> Atom:
    assert isinstance(view.type, View)
    static = view.type.static_extents[dim]
    return Const(static, SIZE) if static is not None else scope.let(Extent(view, dim), SIZE, "", cursor)


def element_index(scope: Scope, view: Memory, index: tuple[Atom, ...], cursor: Cursor) -> tuple[Atom, ...]:
    """The index in the View behind ``view`` of the element ``view(index...)``."""
    if view.mapping is None:
        return index
    return tuple(_along(scope, axis, index, cursor) for axis in view.mapping.axes)


def _along(scope: Scope, axis: Axis, index: tuple[Atom, ...], cursor: Cursor) -> Atom:
    total: Atom | None = axis.first
    for position, step in axis.terms:
        term = index[position] if step is None else arithmetic(scope, "mul", index[position], step, cursor)
        total = term if total is None else arithmetic(scope, "add", total, term, cursor)
    return Const(0, SIZE) if total is None else total


def arithmetic(scope: Scope, fn: str, a: Atom, b: Atom, cursor: Cursor) -> Atom:
    """``a fn b`` of indices; mixed types are computed in ``long``, which holds every index."""
    if atom_type(a) != atom_type(b):
        a, b = (convert(scope, x, LONG, "", cursor) for x in (a, b))
    return apply(scope, fn, (a, b), "", cursor)
