"""``assert``: it states what holds in a correct program, so it has no part in a derivative."""

from __future__ import annotations

from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    Unary,
    binary_kind,
    expressions,
    strip,
    unary_kind,
    walk,
)

_K = CursorKind
_FAILURES = ("__assert_fail", "__assert", "__assert_rtn", "_assert", "_wassert", "__assertfail")
_STEPS = (Unary.POST_INC, Unary.POST_DEC, Unary.PRE_INC, Unary.PRE_DEC)


def is_assertion(cursor: Cursor) -> bool:
    """Whether an expression is an expanded ``assert`` whose condition changes nothing."""
    parts = expressions(cursor) if cursor.kind == _K.CONDITIONAL_OPERATOR else []
    if len(parts) != 3:
        return False
    failure = strip(parts[2])
    callee = failure.referenced if failure.kind == _K.CALL_EXPR else None
    if callee is None or callee.spelling not in _FAILURES:
        return False
    return not any(_changes(c) for c in walk(parts[0]))


def _changes(cursor: Cursor) -> bool:
    match cursor.kind:
        case _K.UNARY_OPERATOR:
            return unary_kind(cursor) in _STEPS
        case _K.BINARY_OPERATOR:
            return binary_kind(cursor) == Binary.ASSIGN
        case _K.COMPOUND_ASSIGNMENT_OPERATOR:
            return True
        case _:
            return False
