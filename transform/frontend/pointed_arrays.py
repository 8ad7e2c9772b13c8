"""How long the array behind a pointer parameter is, as far as the function reads and writes it."""

from __future__ import annotations

from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    Unary,
    binary_kind,
    children,
    evaluate,
    expressions,
    initializer,
    key,
    strip,
    unary_kind,
    walk,
)

_K = CursorKind
_STEPS = (Unary.PRE_INC, Unary.POST_INC)


def subscripts_end(function: Cursor, pointer: Cursor) -> int:
    """One more than the largest subscript of ``pointer`` in ``function``, where all are known; else 0.

    Known are constants, and the variable of a loop from a constant up to a constant.
    """
    every = list(walk(function))
    bounds = {k: end for c in every if c.kind == _K.FOR_STMT for k, end in _counted(c)}
    ends: list[int] = []
    for c in every:
        if c.kind != _K.ARRAY_SUBSCRIPT_EXPR:
            continue
        base, index = (strip(x) for x in expressions(c))
        if base.kind != _K.DECL_REF_EXPR or base.referenced != pointer:
            continue
        value = evaluate(index)
        if value is not None and value >= 0:
            ends.append(int(value) + 1)
        elif index.kind == _K.DECL_REF_EXPR and key(index.referenced) in bounds:
            ends.append(bounds[key(index.referenced)])
    mentions = sum(c.kind == _K.DECL_REF_EXPR and c.referenced == pointer for c in every)
    return max(ends) if ends and len(ends) == mentions else 0


def _counted(loop: Cursor) -> list[tuple[int, int]]:
    """The variable of ``for (int i = 0; i < 4; ++i)`` and where it ends, if nothing else changes it."""
    parts = children(loop)
    if len(parts) != 4 or parts[0].kind != _K.DECL_STMT or parts[1].kind != _K.BINARY_OPERATOR:
        return []
    declared, condition, step = children(parts[0]), parts[1], parts[2]
    if len(declared) != 1 or binary_kind(condition) not in (Binary.LT, Binary.LE):
        return []
    variable = declared[0]
    left, right = (strip(x) for x in expressions(condition))
    init = initializer(variable)
    first, last = evaluate(init) if init is not None else None, evaluate(right)
    if first is None or first < 0 or last is None or left.referenced != variable:
        return []
    if step.kind != _K.UNARY_OPERATOR or unary_kind(step) not in _STEPS:
        return []
    if any(_changes(c, variable) for c in walk(parts[3])):
        return []
    return [(key(variable), int(last) + (binary_kind(condition) is Binary.LE))]


def _changes(cursor: Cursor, variable: Cursor) -> bool:
    """Whether a part of a loop may change its variable."""
    if cursor.kind == _K.UNARY_OPERATOR:
        changed = unary_kind(cursor) in (*_STEPS, Unary.PRE_DEC, Unary.POST_DEC, Unary.ADDRESS)
    elif cursor.kind == _K.BINARY_OPERATOR:
        changed = binary_kind(cursor) is Binary.ASSIGN
    else:
        changed = cursor.kind in (_K.COMPOUND_ASSIGNMENT_OPERATOR, _K.CALL_EXPR)
    if not changed:
        return False
    targets = expressions(cursor) if cursor.kind == _K.CALL_EXPR else expressions(cursor)[:1]
    return any(strip(t).kind == _K.DECL_REF_EXPR and strip(t).referenced == variable for t in targets)
