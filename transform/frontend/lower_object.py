"""Expressions of class type and calls that return references -> the objects and elements that they denote."""

from __future__ import annotations

from transform.frontend import fence
from transform.frontend.arith import convert
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    strip,
)
from transform.frontend.classes import ARRAY_CLASSES, shape
from transform.frontend.construct import construct, is_new
from transform.frontend.cpptypes import class_name, is_reference
from transform.frontend.inline import METHODS, inlined_place
from transform.frontend.objects import copy, duplicate, reference_to, referred
from transform.frontend.places import indexed, is_view_access, lvalue, member_base
from transform.frontend.references import forwarded, is_inlinable
from transform.frontend.scope import Lvalue, Scope, Unset
from transform.ir.build import scalar as atom_type
from transform.ir.nodes import Atom, Const
from transform.ir.types import BOOL, INT

_K = CursorKind
_CASTS = (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR, _K.CSTYLE_CAST_EXPR)
_LVALUES = (_K.DECL_REF_EXPR, _K.MEMBER_REF_EXPR, _K.ARRAY_SUBSCRIPT_EXPR, _K.UNARY_OPERATOR)


def object_expression(scope: Scope, cursor: Cursor, name: str, top: bool) -> Lvalue | None:
    """What an expression denotes: an object (a new one where the expression makes one) or an element;
    ``None`` after a finding."""
    cursor = strip(cursor)
    if cursor.kind in _CASTS and is_reference(cursor.type):
        return lvalue(scope, expressions(cursor)[-1])
    if cursor.kind == _K.CONDITIONAL_OPERATOR and not any(is_new(s) for s in expressions(cursor)[1:]):
        return _chosen(scope, cursor)
    if cursor.kind in (_K.INIT_LIST_EXPR, _K.CONDITIONAL_OPERATOR, *_CASTS):
        return construct(scope, cursor, name)
    if cursor.kind in _LVALUES:
        return lvalue(scope, cursor)
    if cursor.kind != _K.CALL_EXPR:
        scope.refuse(cursor, *fence.construct(cursor))
        return None
    if is_view_access(cursor):
        return lvalue(scope, cursor)
    callee = cursor.referenced
    if callee is None:
        scope.refuse(cursor, "this call is not supported", "call a function by its name")
        return None
    given = [a for a in arguments(cursor) if is_written(a)]
    if callee.kind == _K.CONSTRUCTOR:
        return construct(scope, cursor, name)
    if (source := forwarded(cursor)) is not None:
        return lvalue(scope, source)
    if callee.kind == _K.CXX_METHOD and class_name(callee.semantic_parent.type) in ARRAY_CLASSES:
        return _array_method(scope, cursor, str(callee.spelling), given)
    if callee.spelling == "operator=" and callee.is_default_method():
        return _assign(scope, given)
    if callee.kind in (*METHODS, _K.FUNCTION_DECL) and is_inlinable(callee):
        return inlined_place(scope, cursor, callee, name, top)
    scope.refuse(cursor, *fence.function(callee))
    return None


def _chosen(scope: Scope, cursor: Cursor) -> Lvalue | None:
    """``c ? a : b`` as an lvalue."""
    condition, *sides = expressions(cursor)
    cond = convert(scope, scope.expression(scope, condition, "", False), BOOL, "", condition)
    if isinstance(cond, Const):
        return lvalue(scope, sides[0 if cond.value else 1])
    key = scope.key()
    scope.env[key] = Unset()

    def side(cursor: Cursor) -> None:
        scope.env[key] = reference_to(lvalue(scope, cursor))

    then = scope.branch(lambda: side(sides[0]))
    orelse = scope.branch(lambda: side(sides[1]))
    scope.join(cond, then, orelse, cursor)
    return referred(scope.env.pop(key))


def swap_values(scope: Scope, cursor: Cursor) -> None:
    """``std::swap(a, b)`` of scalars, arrays or objects."""
    a, b = (lvalue(scope, side) for side in arguments(cursor))
    if a is None or b is None:
        return
    old = duplicate(scope, a, cursor)
    copy(scope, a, b, cursor)
    copy(scope, b, old, cursor)


def _assign(scope: Scope, given: list[Cursor]) -> Lvalue | None:
    """``a = b`` member by member. The right side is evaluated first, as C++ says."""
    source = scope.object(scope, given[1], "", True)
    target = lvalue(scope, given[0])
    if source is None or target is None:
        return None
    copy(scope, target, source, given[0])
    return target


def _array_method(scope: Scope, cursor: Cursor, method: str, given: list[Cursor]) -> Lvalue | None:
    """A member function of ``std::array`` or ``Kokkos::Array`` that gives an element, or the whole."""
    base = member_base(cursor)
    if base is None and given:
        base, given = given[0], given[1:]
    if base is None:
        scope.refuse(cursor, *fence.construct(cursor))
        return None
    if method == "operator=":
        return _assign(scope, [base, *given])
    whole = lvalue(scope, base)
    if whole is None:
        return None
    index: Atom
    if method in ("operator[]", "at") and len(given) == 1:
        index = scope.expression(scope, given[0], "", False)
        if not atom_type(index).is_integer:
            scope.refuse(given[0], "an index must be an integer", "convert it explicitly")
            return None
    elif method in ("front", "back"):
        extent = getattr(shape(base.type), "extent", 1)
        index = Const(0 if method == "front" else extent - 1, INT)
    elif method == "data":
        return whole
    else:
        scope.refuse(cursor, f"the member function array::{method} is not supported", "use a[i]")
        return None
    return indexed(scope, whole, index, cursor)
