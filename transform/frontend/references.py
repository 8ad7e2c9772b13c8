"""Which expressions a reference may be bound to."""

from __future__ import annotations

from transform.frontend.clang import (
    Cursor,
    CursorKind,
    Unary,
    arguments,
    expressions,
    has_global_storage,
    in_system_header,
    namespace,
    qualified,
    strip,
    unary_kind,
)
from transform.frontend.classes import LIBRARY_CLASSES
from transform.frontend.cpptypes import class_name, is_reference, scalar
from transform.frontend.places import is_view_access
from transform.ir.types import Scalar

_K = CursorKind
_LVALUES = (_K.DECL_REF_EXPR, _K.ARRAY_SUBSCRIPT_EXPR)


def is_lvalue_of(cursor: Cursor, type_: Scalar) -> bool:
    """Whether an expression is an lvalue of this very type, so that a const reference to it is an alias."""
    while cursor.kind in (_K.PAREN_EXPR, _K.UNEXPOSED_EXPR):
        inner = expressions(cursor)
        if len(inner) != 1 or scalar(inner[0].type) != type_:
            return False
        cursor = inner[0]
    if scalar(cursor.type) != type_:
        return False
    if cursor.kind == _K.DECL_REF_EXPR:
        declaration = cursor.referenced
        if declaration is None or declaration.kind not in (_K.VAR_DECL, _K.PARM_DECL):
            return False
        return declaration.kind == _K.PARM_DECL or not has_global_storage(
            declaration
        )  # globals are constants
    if cursor.kind == _K.UNARY_OPERATOR:
        return unary_kind(cursor) is Unary.DEREF
    if cursor.kind == _K.MEMBER_REF_EXPR:
        return cursor.referenced is not None and cursor.referenced.kind == _K.FIELD_DECL
    if cursor.kind == _K.CALL_EXPR and (callee := cursor.referenced) is not None:
        if is_view_access(cursor) or not is_reference(callee.result_type):
            return is_view_access(cursor)
        # math functions such as std::max return references too, to one of their arguments
        return callee.kind == _K.CXX_METHOD or (callee.kind == _K.FUNCTION_DECL and is_inlinable(callee))
    return cursor.kind in _LVALUES


def forwarded(cursor: Cursor) -> Cursor | None:
    """What ``std::move`` or ``std::forward`` is applied to."""
    cursor = strip(cursor)
    callee = cursor.referenced if cursor.kind == _K.CALL_EXPR else None
    if callee is None or qualified(callee) not in ("std::move", "std::forward", "std::as_const"):
        return None
    given = arguments(cursor)
    return given[0] if len(given) == 1 else None


def is_inlinable(callee: Cursor) -> bool:
    """Whether a call is lowered by its body: the user's functions, and those of some library classes."""
    definition = callee.get_definition()
    if definition is None:
        return False
    if namespace(callee).split("::")[0] not in ("std", "Kokkos"):
        return not in_system_header(definition)
    types = [callee.semantic_parent.type, callee.result_type, *(a.type for a in arguments(callee))]
    return any(class_name(t) in LIBRARY_CLASSES for t in types)


def is_hidden_lvalue(cursor: Cursor, type_: Scalar) -> bool:
    """Whether a reference would be bound to a variable or element that is chosen at run time:
    ``c ? x(i) : x(j)``, ``std::max(a, b)``."""
    cursor = strip(cursor)
    if cursor.kind == _K.CONDITIONAL_OPERATOR:
        sides = expressions(cursor)[1:]
        return all(is_lvalue_of(side, type_) or is_hidden_lvalue(side, type_) for side in sides)
    callee = cursor.referenced if cursor.kind == _K.CALL_EXPR else None
    return callee is not None and callee.kind == _K.FUNCTION_DECL and is_reference(callee.result_type)
