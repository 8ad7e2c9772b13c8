"""Which View an expression denotes."""

from __future__ import annotations

from typing import assert_never

from transform.frontend import fence
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
from transform.frontend.cpptypes import is_view
from transform.frontend.mirrors import MIRRORS, mirror
from transform.frontend.scope import Broken, Choice, Handle, Memory, NoView, Scope, Variable, ViewName
from transform.frontend.shape import rank
from transform.frontend.subviews import subview
from transform.ir.types import Array

_K = CursorKind
VIEW_FUNCTIONS = ("Kokkos::subview", *MIRRORS)


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
    if callee is None or callee.kind not in (_K.FUNCTION_DECL, _K.CXX_METHOD):
        return named_memory(scope, source)
    name = qualified(callee)
    given = [a for a in arguments(source) if is_written(a)]
    if name == "Kokkos::subview":
        base = view_of(scope, given[0])
        return None if base is None else subview(scope, base, given[1:], source)
    if name in MIRRORS:
        base = next((view_of(scope, a) for a in given if is_view(a.type)), None)
        return None if base is None else mirror(scope, base, given, source)
    return only(scope, scope.view(scope, source, ""), source)


def only(scope: Scope, found: Handle | None, cursor: Cursor) -> Memory | None:
    """The one View that a variable or a call stands for; ``None`` after a finding."""
    match found:
        case Memory() | None:
            return found
        case NoView(why=why):
            message = f"which View '{cursor.spelling}' is cannot be told: {why}"
            scope.refuse(cursor, message, "declare the View where it is allocated")
        case Choice():
            hint = "use one name for each View"
            scope.refuse(cursor, f"which View '{cursor.spelling}' is depends on a branch", hint)
        case _:
            assert_never(found)
    return None


def named_memory(scope: Scope, cursor: Cursor) -> Memory | None:
    """The View or whole array of a name; ``None`` after a finding."""
    if cursor.kind == _K.DECL_REF_EXPR:
        known = scope.env.get(key(cursor.referenced))
        match scope.env.get(known.key) if isinstance(known, ViewName) else known:
            case Memory() as binding:
                return binding
            case Broken():
                return None
            case (NoView() | Choice()) as handle:
                return only(scope, handle, cursor)
            case _:
                what = "View" if is_view(cursor.type) else "array"
                message = f"'{cursor.spelling}' is not a {what} known here"
                hint = f"pass the {what} as a parameter or declare it in the function"
                scope.refuse(cursor, message, hint)
                return None
    if cursor.kind in (_K.MEMBER_REF_EXPR, _K.UNARY_OPERATOR):
        match scope.object(scope, cursor, "", False):
            case Memory() as binding:
                return binding
            case Variable(key=variable) if isinstance(behind := scope.env[variable], Memory):
                return behind
            case None:
                return None
            case _:
                scope.refuse(cursor, *fence.construct(cursor))
                return None
    if is_view(cursor.type):
        hint = "give the View a name first (Kokkos::View<...> v = ...;) or use the one it is made from"
        scope.refuse(cursor, "a View that is the result of an expression is not supported", hint)
    else:
        scope.refuse(cursor, *fence.construct(cursor))
    return None


def base_data(scope: Scope, cursor: Cursor) -> Memory | None:
    """The View of rank 1 or local array whose elements a pointer walks over: ``v.data()``, ``a``; ``None``
    (and no finding) for any other expression."""
    source = strip(cursor)
    if source.kind == _K.CALL_EXPR and source.spelling == "data":
        members = [c for c in expressions(source) if c.kind == _K.MEMBER_REF_EXPR]
        base = expressions(members[0]) if members else []
        if base and is_view(base[0].type):
            found = view_of(scope, base[0])
            return found if found is not None and rank(found) == 1 else None
    if source.kind == _K.DECL_REF_EXPR:
        known = scope.env.get(key(source.referenced))
        if isinstance(known, Memory) and isinstance(known.symbol.type, Array):
            return known if len(known.symbol.type.extents) == 1 else None
    return None
