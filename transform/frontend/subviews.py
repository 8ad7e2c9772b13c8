"""``Kokkos::subview``: a mapping of indices into the View that it is a part of."""

from __future__ import annotations

from transform.frontend.arith import apply, convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    qualified,
    strip,
)
from transform.frontend.cpptypes import class_name, scalar
from transform.frontend.scope import Axis, Group, Mapping, Memory, Scope, Value, Variable
from transform.frontend.shape import arithmetic, extent, rank
from transform.ir.nodes import Atom, Const
from transform.ir.types import SIZE

_K = CursorKind
_ALL = ("Kokkos::ALL_t", "Kokkos::Impl::ALL_t")
_PAIRS = ("std::pair", "Kokkos::pair")
_CASTS = (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR, _K.CSTYLE_CAST_EXPR)
_MAKE_PAIR = ("std::make_pair", "Kokkos::make_pair")


def subview(scope: Scope, base: Memory, given: list[Cursor], cursor: Cursor) -> Memory | None:
    """``Kokkos::subview(base, given...)``, each of them ALL, a pair or an index."""
    if len(given) != rank(base):
        message = f"a subview of a View of rank {rank(base)} has {len(given)} argument(s)"
        scope.refuse(cursor, message, "give ALL, a pair or an index for each dimension")
        return None
    own: list[Axis] = []
    extents: list[Atom] = []
    for dim, argument in enumerate(given):
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
                shift = inner.first if step is None else arithmetic(scope, "mul", inner.first, step, cursor)
                first = shift if first is None else arithmetic(scope, "add", first, shift, cursor)
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
    return _members(scope, cursor)


def _members(scope: Scope, cursor: Cursor) -> tuple[Atom, Atom] | None:
    """The two members of a pair that has a name."""
    found = scope.object(scope, cursor, "", False)
    if not isinstance(found, Group) or len(found.members) != 2:
        return None
    values = []
    for member in found.members:
        binding = scope.env.get(member.place.key) if isinstance(member.place, Variable) else None
        if not isinstance(binding, Value) or binding.atom is None:
            hint = "write std::make_pair(begin, end) in the call of subview"
            scope.refuse(cursor, "the bounds of this subview cannot be read", hint)
            return None
        values.append(binding.atom)
    return values[0], values[1]
