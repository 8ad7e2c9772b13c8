"""Views as the front end sees them: a View of the IR, or a mapping of indices into one (``subview``)."""

from __future__ import annotations

from transform.frontend import fence
from transform.frontend.arith import apply, convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    key,
    qualified,
    strip,
)
from transform.frontend.cpptypes import class_name, is_view, scalar
from transform.frontend.scope import Axis, Broken, Mapping, Memory, Scope
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const, Extent, Symbol
from transform.ir.types import LONG, SIZE, View

_K = CursorKind
_ALL = ("Kokkos::ALL_t", "Kokkos::Impl::ALL_t")
_PAIRS = ("std::pair", "Kokkos::pair")
_CASTS = (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR, _K.CSTYLE_CAST_EXPR)
_MAKE_PAIR = ("std::make_pair", "Kokkos::make_pair")


# ---- which View ----


def view_source(cursor: Cursor) -> Cursor:
    """The View expression behind copies and conversions to other View types."""
    while True:
        cursor = strip(cursor)
        if cursor.kind in (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR):
            cursor = expressions(cursor)[-1]
            continue
        if cursor.kind != _K.CALL_EXPR or cursor.referenced is None:
            return cursor
        given = [a for a in arguments(cursor) if is_written(a)]
        if cursor.referenced.kind != _K.CONSTRUCTOR or len(given) != 1 or not is_view(given[0].type):
            return cursor
        cursor = given[0]


def view_of(scope: Scope, cursor: Cursor) -> Memory | None:
    """The View that an expression denotes; ``None`` after a finding."""
    source = view_source(cursor)
    callee = source.referenced if source.kind == _K.CALL_EXPR else None
    if callee is not None and qualified(callee) == "Kokkos::subview":
        return _subview(scope, source)
    if callee is not None and callee.kind == _K.FUNCTION_DECL:
        scope.refuse(source, *fence.function(callee))
        return None
    return named_memory(scope, source)


def named_memory(scope: Scope, cursor: Cursor) -> Memory | None:
    """The View or whole array of a name; ``None`` after a finding."""
    if cursor.kind == _K.DECL_REF_EXPR:
        match scope.env.get(key(cursor.referenced)):
            case Memory() as binding:
                return binding
            case Broken():
                return None
            case _:
                what = "View" if is_view(cursor.type) else "array"
                message = f"'{cursor.spelling}' is not a {what} known here"
                hint = f"pass the {what} as a parameter or declare it in the function"
                scope.refuse(cursor, message, hint)
                return None
    if is_view(cursor.type):
        hint = "give the View a name first (Kokkos::View<...> v = ...;) or use the one it is made from"
        scope.refuse(cursor, "a View that is the result of an expression is not supported", hint)
    else:
        scope.refuse(cursor, *fence.construct(cursor))
    return None


# ---- shape and elements ----


def rank(view: Memory) -> int:
    if view.mapping is not None:
        return len(view.mapping.extents)
    assert isinstance(view.symbol.type, View)
    return view.symbol.type.rank


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
        term = index[position] if step is None else _arithmetic(scope, "mul", index[position], step, cursor)
        total = term if total is None else _arithmetic(scope, "add", total, term, cursor)
    return Const(0, SIZE) if total is None else total


def _arithmetic(scope: Scope, fn: str, a: Atom, b: Atom, cursor: Cursor) -> Atom:
    """``a fn b`` of indices; mixed types are computed in ``long``, which holds every index."""
    if atom_type(a) != atom_type(b):
        a, b = (convert(scope, x, LONG, "", cursor) for x in (a, b))
    return apply(scope, fn, (a, b), "", cursor)


# ---- subview ----


def _subview(scope: Scope, cursor: Cursor) -> Memory | None:
    """``Kokkos::subview(view, ALL | index | pair, ...)``."""
    given = [a for a in arguments(cursor) if is_written(a)]
    base = view_of(scope, given[0])
    if base is None:
        return None
    if len(given) - 1 != rank(base):
        message = f"a subview of a View of rank {rank(base)} has {len(given) - 1} argument(s)"
        scope.refuse(cursor, message, "give ALL, a pair or an index for each dimension")
        return None
    own: list[Axis] = []
    extents: list[Atom] = []
    for dim, argument in enumerate(given[1:]):
        argument = strip(argument)
        if class_name(argument.type) in _ALL:
            own.append(Axis(None, ((len(extents), None),)))
            extents.append(extent(scope, base, dim, cursor))
        elif scalar(argument.type) is not None:
            own.append(Axis(scope.expression(scope, argument, "", False), ()))
        elif class_name(argument.type) in _PAIRS:
            bounds = _bounds(scope, argument)
            if bounds is None:
                return None
            lo, hi = (convert(scope, b, SIZE, "", argument) for b in bounds)
            zero = isinstance(bounds[0], Const) and bounds[0].value == 0
            own.append(Axis(None if zero else bounds[0], ((len(extents), None),)))
            extents.append(apply(scope, "sub", (hi, lo), "", argument))
        else:
            scope.refuse(
                argument, "this argument of subview is not supported", "give ALL, a pair or an index"
            )
            return None
    axes = tuple(own) if base.mapping is None else _composed(scope, base.mapping, own, cursor)
    return Memory(base.symbol, Mapping(axes, tuple(extents)))


def _composed(scope: Scope, outer: Mapping, own: list[Axis], cursor: Cursor) -> tuple[Axis, ...]:
    """A part of a part: each axis of ``outer`` with its indices replaced by what ``own`` makes of them."""
    axes: list[Axis] = []
    for axis in outer.axes:
        first, terms = axis.first, list[tuple[int, Atom | None]]()
        for position, step in axis.terms:
            inner = own[position]
            assert all(s is None for _, s in inner.terms)
            terms += [(p, step) for p, _ in inner.terms]
            if inner.first is not None:
                shift = inner.first if step is None else _arithmetic(scope, "mul", inner.first, step, cursor)
                first = shift if first is None else _arithmetic(scope, "add", first, shift, cursor)
        axes.append(Axis(first, tuple(terms)))
    return tuple(axes)


def _bounds(scope: Scope, cursor: Cursor) -> tuple[Atom, Atom] | None:
    """The two ends of ``std::make_pair(a, b)``, ``Kokkos::pair<int, int>(a, b)`` and the like."""
    types = [cursor.type.get_canonical().get_template_argument_type(k) for k in (0, 1)]
    source = cursor
    while True:
        source = strip(source)
        if source.kind in _CASTS:
            source = expressions(source)[-1]
            continue
        given = [a for a in arguments(source) if is_written(a)] if source.kind == _K.CALL_EXPR else []
        if source.kind == _K.INIT_LIST_EXPR:
            given = expressions(source)
        if len(given) == 1 and class_name(given[0].type) in _PAIRS:  # a copy or a conversion
            source = given[0]
            continue
        break
    callee = source.referenced if source.kind == _K.CALL_EXPR else None
    constructed = callee is not None and (callee.kind == _K.CONSTRUCTOR or qualified(callee) in _MAKE_PAIR)
    if len(given) == 2 and (constructed or source.kind == _K.INIT_LIST_EXPR):
        values: list[Atom] = []
        for argument, type_ in zip(given, types, strict=True):
            element = scalar(type_)
            if element is None or not element.is_integer:
                break
            values.append(convert(scope, scope.expression(scope, argument, "", False), element, "", argument))
        if len(values) == 2:
            return values[0], values[1]
    hint = "write std::make_pair(begin, end) in the call of subview"
    scope.refuse(cursor, "the bounds of this subview cannot be read", hint)
    return None
