"""``return``, ``break`` and ``continue``: flags that say what is left, and which statements surely jump."""

from __future__ import annotations

from transform.frontend.clang import Cursor, CursorKind, children, source_text
from transform.frontend.scope import Jump, Left, Scope
from transform.ir.nodes import Const
from transform.ir.types import BOOL

_K = CursorKind
JUMPS = (_K.RETURN_STMT, _K.CONTINUE_STMT, _K.BREAK_STMT)


def leave(scope: Scope, cursor: Cursor) -> None:
    """Set the flags of all that a jump statement leaves."""
    targets = _targets(scope, cursor)
    for position, jump in enumerate(targets):
        scope.set_flag(jump.left, Const(True, BOOL))
        goes_on = position == 0 and cursor.kind == _K.CONTINUE_STMT
        if not goes_on:
            scope.set_flag(jump.stop, Const(True, BOOL))


def _targets(scope: Scope, cursor: Cursor) -> tuple[Jump, ...]:
    """What is left, the outermost first."""
    if cursor.kind == _K.RETURN_STMT:
        return scope.jumps
    kinds = (Left.LOOP,) if cursor.kind == _K.CONTINUE_STMT else (Left.LOOP, Left.SWITCH)
    position = max((i for i, jump in enumerate(scope.jumps) if jump.kind in kinds), default=0)
    return scope.jumps[position:]


def without_attribute(cursor: Cursor) -> Cursor:
    """The statement behind ``[[likely]]`` or ``#pragma unroll``."""
    while cursor.kind == _K.UNEXPOSED_STMT and len(inner := children(cursor)) == 1:
        cursor = inner[0]
    return cursor


def always_jumps(cursor: Cursor) -> bool:
    """Whether nothing that follows ``cursor`` is executed."""
    cursor = without_attribute(cursor)
    if cursor.kind in JUMPS:
        return True
    if cursor.kind == _K.COMPOUND_STMT:
        return any(always_jumps(c) for c in cursor.get_children())
    if cursor.kind == _K.IF_STMT:
        _, then, orelse = if_parts(cursor)
        return orelse is not None and always_jumps(then) and always_jumps(orelse)
    return False


def may_jump(cursor: Cursor) -> bool:
    """Whether a jump out of ``cursor`` may be inside it: that of an inner loop counts too, a lambda's not."""
    if cursor.kind in JUMPS:
        return True
    if cursor.kind == _K.LAMBDA_EXPR or cursor.kind.is_expression():
        return False
    return any(may_jump(c) for c in cursor.get_children())


def if_parts(cursor: Cursor) -> tuple[list[Cursor], Cursor, Cursor | None]:
    """Initialisation with condition, then and else of an if statement."""
    parts = children(cursor)
    size = 1
    while parts[size - 1].kind in (_K.DECL_STMT, _K.VAR_DECL):
        size += 1  # the condition follows what is declared
    if size == 1 and len(parts) > 2 and _has_init(cursor, parts):
        size = 2
    return parts[:size], parts[size], parts[size + 1] if len(parts) > size + 1 else None


def _has_init(cursor: Cursor, parts: list[Cursor]) -> bool:
    """Tell ``if (init; cond) then`` from ``if (cond) then else``: both show three parts."""
    if len(parts) == 4:
        return True
    if not parts[1].kind.is_expression():
        return False
    depth = 0
    for character in source_text(cursor):
        depth += (character == "(") - (character == ")")
        if character == ";" and depth == 1:
            return True
        if character == ")" and depth == 0:
            return False
    return False
