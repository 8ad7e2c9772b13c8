"""Parameters of Kokkos' classes around Views, DualView and OffsetView: they stand for their Views.

Flags and offsets stay the caller's: a function that changes or reads them is refused.
"""

from __future__ import annotations

from dataclasses import replace

from transform.frontend import places
from transform.frontend.clang import Cursor, CursorKind, key, walk
from transform.frontend.cpptypes import class_name, plain_spelling
from transform.frontend.cpptypes import view as view_type
from transform.frontend.dual_view import DUAL, dual_views, is_dual
from transform.frontend.scope import Group, Memory, Object, Scope, Slot, Variable
from transform.ir.nodes import Param
from transform.ir.objects import Formal
from transform.ir.types import View

_OFFSET = "Kokkos::Experimental::OffsetView"
_K = CursorKind


def view_class(
    scope: Scope, function: Cursor, cursor: Cursor, name: str, position: int
) -> tuple[Object, Formal, list[Param]] | None:
    """The binding of a parameter of such a class, the parameter, and the Views in it; ``None``: it is of
    another class."""
    spelling = plain_spelling(cursor.type)
    views: dict[str, tuple[int, View]] = {}
    if is_dual(cursor.type):
        views = {str(f.spelling): (key(f), type_) for f, type_ in (dual_views(cursor.type) or {}).items()}
        maker = f"{spelling}()"
        kind = DUAL
    elif class_name(cursor.type) == _OFFSET and (found := _offset_view(function, cursor)) is not None:
        views = {"view()": (0, found)}
        maker = f"{spelling}(@view()|{_nothing(found)}@, {{{', '.join('0' * found.rank)}}})"
        kind = _OFFSET
    if not views:
        return None
    slots, params = [], []
    for member, (declared, type_) in views.items():
        symbol = scope.fresh.symbol(f"{name}_{member.removesuffix('()')}", type_)
        params.append(Param(symbol, type_.spelling, f"{name}.{member}"))
        variable = Variable(scope.key())
        scope.env[variable.key] = Memory(symbol)
        slots.append(Slot(declared, member, variable))
    return Object(Group(kind, tuple(slots))), Formal(name, spelling, position, maker=maker), params


def offset_view(scope: Scope, base: Cursor | None) -> Memory | None:
    """What ``base.view()`` is, if ``base`` is an OffsetView of the caller's."""
    if base is None or class_name(base.type) != _OFFSET:
        return None
    found = places.lvalue(scope, base)
    place = found.members[0].place if isinstance(found, Group) and found.type == _OFFSET else None
    known = scope.env.get(place.key) if isinstance(place, Variable) else None
    return known if isinstance(known, Memory) else None


def _offset_view(function: Cursor, parameter: Cursor) -> View | None:
    """The type of the View in an OffsetView: libclang tells it only where the function asks for the View.

    It is spelled as the class's own: its layout and spaces are those of the Kokkos that compiles the header.
    """
    for call in walk(function):
        if call.kind == _K.CALL_EXPR and call.spelling == "view":
            base = places.member_base(call)
            if base is not None and base.kind == _K.DECL_REF_EXPR and base.referenced == parameter:
                found = view_type(call.type)
                own = f"decltype(std::declval<{plain_spelling(parameter.type)}>().view())"
                return None if found is None else replace(found, spelling=own)
    return None


def _nothing(type_: View) -> str:
    dynamic = sum(extent is None for extent in type_.static_extents)
    return f'{type_.spelling}("unused"{", 0" * dynamic})'
