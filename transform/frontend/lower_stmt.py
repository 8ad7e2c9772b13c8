"""Statements: sequences with jumps, branches, loops."""

from __future__ import annotations

from transform.frontend import fence, kokkos
from transform.frontend.arith import convert
from transform.frontend.assertions import is_assertion
from transform.frontend.atomic_views import is_atomic_element, update_atomically
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    arguments,
    binary_kind,
    children,
    expressions,
    qualified,
    strip,
)
from transform.frontend.cpptypes import is_view
from transform.frontend.effects import sequenced
from transform.frontend.host_loop import loop_of_elements
from transform.frontend.identity import resolved, swap
from transform.frontend.inline import returned
from transform.frontend.jumps import JUMPS, always_jumps, if_parts, leave, may_jump, without_attribute
from transform.frontend.lower_assign import assignment, atomic_update, compound, is_step, step
from transform.frontend.lower_call import call
from transform.frontend.lower_copy import deep_copy
from transform.frontend.lower_declare import declaration, declare
from transform.frontend.lower_expr import expression
from transform.frontend.lower_launch import launch
from transform.frontend.lower_loop import do_loop, for_loop, while_loop
from transform.frontend.lower_object import swap_values
from transform.frontend.lower_range import range_for
from transform.frontend.lower_scan import scan
from transform.frontend.lower_switch import switch
from transform.frontend.lower_team import single
from transform.frontend.lower_view import RESIZES, assign_view, resize
from transform.frontend.printing import only_prints
from transform.frontend.scatter import contribute, scatter_method, scatter_update
from transform.frontend.scope import Scope, Value
from transform.frontend.team_threads import first_thread, thread_loop
from transform.ir.nodes import Atom, Block, Const
from transform.ir.types import BOOL

_K = CursorKind
_TRUE, _FALSE = Const(True, BOOL), Const(False, BOOL)


def body(scope: Scope, statements: list[Cursor]) -> None:
    """Lower a statement list.

    What follows a branch that always jumps moves into the other branch. What follows a statement that may
    have jumped is guarded by the flag that says so.
    """
    for position, statement in enumerate(statements):
        rest = statements[position + 1 :]
        if resolved(scope, [statement, *rest], lambda these: body(scope, these)):
            return
        if loop_of_elements(scope, statement):
            continue
        statement = without_attribute(statement)
        if statement.kind in JUMPS:
            _jump(scope, statement)
            return  # what follows is never executed
        if rest and statement.kind == _K.COMPOUND_STMT and may_jump(statement):
            body(scope, [*children(statement), *rest])
            return
        if rest and statement.kind == _K.IF_STMT and _moves_rest(statement):
            _if(scope, statement, rest)
            return
        _statement(scope, statement)
        left = scope.left()
        if left != _FALSE:
            if left != _TRUE and rest:
                _guarded(scope, left, rest)
            return


def _moves_rest(cursor: Cursor) -> bool:
    _, then, orelse = if_parts(cursor)
    return always_jumps(then) or (orelse is not None and always_jumps(orelse))


def _guarded(scope: Scope, left: Atom, rest: list[Cursor]) -> None:
    """``if (!left) rest``."""
    skipped = dict(scope.env)
    flag = scope.jumps[-1].left
    skipped[flag] = Value("left", BOOL, _TRUE)
    scope.join(left, (Block(()), skipped), scope.branch(lambda: body(scope, rest)), rest[0])


def _statement(scope: Scope, cursor: Cursor) -> None:
    kind = cursor.kind
    if kind == _K.COMPOUND_STMT:
        body(scope, children(cursor))
    elif kind == _K.DECL_STMT:
        declaration(scope, cursor)
    elif kind == _K.IF_STMT:
        _if(scope, cursor, [])
    elif kind == _K.FOR_STMT:
        if not thread_loop(scope, cursor):
            for_loop(scope, cursor)
    elif kind == _K.WHILE_STMT:
        while_loop(scope, cursor)
    elif kind == _K.DO_STMT:
        do_loop(scope, cursor)
    elif kind == _K.CXX_FOR_RANGE_STMT:
        range_for(scope, cursor)
    elif kind == _K.SWITCH_STMT:
        switch(scope, cursor)
    elif kind == _K.VAR_DECL:  # in a condition
        declare(scope, cursor)
    elif kind != _K.NULL_STMT:
        with sequenced(scope, cursor):
            _expression_statement(scope, cursor)


def _expression_statement(scope: Scope, cursor: Cursor) -> None:
    kind = cursor.kind
    if kind in (_K.UNEXPOSED_EXPR, _K.PAREN_EXPR) and len(inner := expressions(cursor)) == 1:
        _expression_statement(scope, inner[0])
    elif kind == _K.BINARY_OPERATOR and binary_kind(cursor) is Binary.COMMA:
        for operand in expressions(cursor):
            with sequenced(scope, operand):
                _expression_statement(scope, operand)
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
    return len(inner) == 1 and strip(inner[0]).kind in (_K.DECL_REF_EXPR, _K.MEMBER_REF_EXPR)


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
    elif callee is not None and is_atomic_element(callee):
        update_atomically(scope, cursor)
    elif name == "Kokkos::Experimental::contribute":
        contribute(scope, cursor)
    elif callee is not None and callee.semantic_parent.spelling == "ScatterValue":
        scatter_update(scope, cursor)
    elif callee is not None and callee.semantic_parent.spelling == "ScatterView":
        scatter_method(scope, cursor)
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
    elif name in kokkos.SWAPS:
        swap_values(scope, cursor)
    elif only_prints(cursor):
        scope.note(cursor, "f_grad leaves this output out")
    else:
        call(scope, cursor, "", True)


# ---- jumps ----


def _jump(scope: Scope, cursor: Cursor) -> None:
    if cursor.kind == _K.RETURN_STMT and (value := expressions(cursor)):
        returned(scope, cursor, value[0])
    leave(scope, cursor)


# ---- branches ----


def _if(scope: Scope, cursor: Cursor, rest: list[Cursor]) -> None:
    """An if statement; ``rest`` follows it: at least one branch always jumps, and it moves into the other."""
    (*init, condition), then, orelse = if_parts(cursor)
    for statement in init:
        _statement(scope, statement)
    cond = convert(scope, expression(scope, condition, "", True), BOOL, "", condition)
    yes, no = [then], [orelse] if orelse is not None else []
    if rest and always_jumps(then):
        no = [*no, *rest]
    elif rest:
        yes = [*yes, *rest]
    if not rest and first_thread(scope, cursor, cond, then, orelse):
        return
    if isinstance(cond, Const):
        body(scope, yes if cond.value else no)
        return
    then_branch = scope.branch(lambda: body(scope, yes))
    orelse_branch = scope.branch(lambda: body(scope, no))
    scope.join(cond, then_branch, orelse_branch, cursor)
