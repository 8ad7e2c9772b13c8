"""Statements: sequences with early exits, branches, counted loops."""

from __future__ import annotations

from transform.frontend import fence, kokkos
from transform.frontend.arith import convert
from transform.frontend.assertions import is_assertion
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    arguments,
    binary_kind,
    children,
    expressions,
    qualified,
    source_text,
)
from transform.frontend.cpptypes import is_view
from transform.frontend.host_loop import loop_of_elements
from transform.frontend.identity import resolved, swap
from transform.frontend.inline import returned
from transform.frontend.lower_assign import assignment, atomic_update, compound, is_step, step
from transform.frontend.lower_call import call
from transform.frontend.lower_copy import deep_copy
from transform.frontend.lower_declare import declaration
from transform.frontend.lower_expr import expression
from transform.frontend.lower_launch import launch
from transform.frontend.lower_loop import loop
from transform.frontend.lower_scan import scan
from transform.frontend.lower_team import single
from transform.frontend.lower_view import RESIZES, assign_view, resize
from transform.frontend.scope import Scope
from transform.ir.nodes import Const
from transform.ir.types import BOOL

_K = CursorKind
_EXITS = (_K.RETURN_STMT, _K.CONTINUE_STMT)


def body(scope: Scope, statements: list[Cursor]) -> None:
    """Lower a statement list.

    An early ``return`` (or, in a loop body, ``continue``) becomes structured control flow: what follows a
    branch that exits moves into the other branch.
    """
    for position, statement in enumerate(statements):
        rest = statements[position + 1 :]
        if resolved(scope, [statement, *rest], lambda these: body(scope, these)):
            return
        if loop_of_elements(scope, statement):
            continue
        statement = _without_attribute(statement)
        if statement.kind in _EXITS:
            _exit(scope, statement)
            return  # what follows is never executed
        if _exits_somewhere(statement, scope.loop_depth > 0):
            if statement.kind == _K.COMPOUND_STMT:
                body(scope, [*children(statement), *rest])
                return
            if statement.kind == _K.IF_STMT:
                _if(scope, statement, rest)
                return
        _statement(scope, statement)


def _statement(scope: Scope, cursor: Cursor) -> None:
    kind = cursor.kind
    if kind == _K.COMPOUND_STMT:
        body(scope, children(cursor))
    elif kind == _K.DECL_STMT:
        declaration(scope, cursor)
    elif kind == _K.IF_STMT:
        _if(scope, cursor, [])
    elif kind == _K.FOR_STMT:
        loop(scope, cursor)
    elif kind != _K.NULL_STMT:
        _expression_statement(scope, cursor)


def _expression_statement(scope: Scope, cursor: Cursor) -> None:
    kind = cursor.kind
    if kind in (_K.UNEXPOSED_EXPR, _K.PAREN_EXPR) and len(inner := expressions(cursor)) == 1:
        _expression_statement(scope, inner[0])
    elif kind == _K.BINARY_OPERATOR and binary_kind(cursor) is Binary.ASSIGN:
        assignment(scope, cursor)
    elif kind == _K.COMPOUND_ASSIGNMENT_OPERATOR:
        compound(scope, cursor)
    elif is_step(cursor):
        step(scope, cursor)
    elif kind == _K.CALL_EXPR:
        _call(scope, cursor)
    elif is_assertion(cursor):
        pass
    elif kind in (_K.BINARY_OPERATOR, _K.CONDITIONAL_OPERATOR):
        expression(scope, cursor)
    elif kind == _K.CSTYLE_CAST_EXPR and cursor.type.spelling == "void" and _is_name(cursor):
        pass  # (void)x;
    else:
        scope.refuse(cursor, *fence.construct(cursor))


def _is_name(cast: Cursor) -> bool:
    inner = expressions(cast)
    return len(inner) == 1 and inner[0].kind == _K.DECL_REF_EXPR


def _call(scope: Scope, cursor: Cursor) -> None:
    callee = cursor.referenced
    name = qualified(callee) if callee is not None else ""
    if name in kokkos.LAUNCHES or (scope.team is not None and name in kokkos.PARALLEL):
        launch(scope, cursor)
    elif name == "Kokkos::single":
        single(scope, cursor)
    elif name == "Kokkos::parallel_scan":
        scan(scope, cursor)
    elif name in kokkos.ATOMIC_UPDATES:
        atomic_update(scope, cursor)
    elif name == "Kokkos::deep_copy":
        deep_copy(scope, cursor)
    elif name in kokkos.WITHOUT_EFFECT or (name.startswith("Kokkos::") and name.endswith("::fence")):
        pass
    elif name.endswith("::operator=") and kokkos.is_view_assignment(cursor):
        to, source = arguments(cursor)
        assign_view(scope, to, source, cursor)
    elif name in RESIZES:
        resize(scope, cursor)
    elif name in kokkos.SWAPS and is_view(arguments(cursor)[0].type):
        a, b = arguments(cursor)
        swap(scope, a, b, cursor)
    else:
        call(scope, cursor, "", True)


# ---- early exits ----


def _exits_somewhere(cursor: Cursor, in_loop: bool) -> bool:
    """Whether a return, or a continue of the present loop, is inside ``cursor``."""
    if cursor.kind == _K.RETURN_STMT or (cursor.kind == _K.CONTINUE_STMT and in_loop):
        return True
    if cursor.kind == _K.LAMBDA_EXPR or cursor.kind.is_expression():
        return False
    in_loop = in_loop and cursor.kind != _K.FOR_STMT
    return any(_exits_somewhere(c, in_loop) for c in cursor.get_children())


def _without_attribute(cursor: Cursor) -> Cursor:
    """The statement behind ``[[likely]]`` or ``#pragma unroll``."""
    while cursor.kind == _K.UNEXPOSED_STMT and len(inner := children(cursor)) == 1:
        cursor = inner[0]
    return cursor


def _always_exits(cursor: Cursor) -> bool:
    cursor = _without_attribute(cursor)
    if cursor.kind in _EXITS:
        return True
    if cursor.kind == _K.COMPOUND_STMT:
        return any(_always_exits(c) for c in cursor.get_children())
    if cursor.kind == _K.IF_STMT:
        _, _, then, orelse = _parts(cursor)
        return orelse is not None and _always_exits(then) and _always_exits(orelse)
    return False


def _exit(scope: Scope, cursor: Cursor) -> None:
    if cursor.kind == _K.CONTINUE_STMT:
        return
    if scope.loop_depth > 0:
        hint = "loop over the full range and guard the body with if"
        scope.refuse(cursor, "return inside a loop is not supported", hint)
        return
    if value := expressions(cursor):
        returned(scope, cursor, value[0])


# ---- branches ----


def _parts(cursor: Cursor) -> tuple[Cursor | None, Cursor, Cursor, Cursor | None]:
    """Init statement, condition, then and else of an if statement."""
    parts = children(cursor)
    init = None
    if len(parts) > 2 and (parts[0].kind == _K.DECL_STMT or _has_init(cursor, parts)):
        init = parts.pop(0)
    return init, parts[0], parts[1], parts[2] if len(parts) > 2 else None


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


def _if(scope: Scope, cursor: Cursor, rest: list[Cursor]) -> None:
    """An if statement; ``rest`` follows it and is moved inside if a branch exits."""
    if any(part.kind == _K.VAR_DECL for part in children(cursor)):
        scope.refuse(
            cursor, "a declaration as condition is not supported", "declare the variable before the if"
        )
        return
    init, condition, then, orelse = _parts(cursor)
    if init is not None:
        _statement(scope, init)
    cond = convert(scope, expression(scope, condition), BOOL, "", condition)
    yes, no = [then], [orelse] if orelse is not None else []
    if rest:
        if _always_exits(then):
            no = [*no, *rest]
        elif orelse is not None and _always_exits(orelse):
            yes = [*yes, *rest]
        else:
            hint = "let the whole branch end in return, or move the rest of the code into an else"
            scope.refuse(cursor, "an exit from only a part of this branch is not supported", hint)
            no = [*no, *rest]  # to collect the findings there
    if isinstance(cond, Const):
        body(scope, yes if cond.value else no)
        return
    then_branch = scope.branch(lambda: body(scope, yes))
    orelse_branch = scope.branch(lambda: body(scope, no))
    scope.join(cond, then_branch, orelse_branch, cursor)
