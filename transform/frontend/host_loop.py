"""Host loops over elements of Views: each becomes one launch of one iteration.

It is then differentiated as loops in kernels are, instead of as one launch for each access.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from transform.adjoint.scope import reads_of_own_writes
from transform.frontend import kokkos
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    binary_kind,
    children,
    expressions,
    in_system_header,
    key,
    namespace,
    qualified,
    strip,
    walk,
)
from transform.frontend.cpptypes import is_view, scalar
from transform.frontend.host_access import Results, once
from transform.frontend.places import is_view_access
from transform.frontend.scope import Memory, Scope, Value
from transform.ir.nodes import Block, Increment, Let, Load, Store
from transform.ir.types import Array, View
from transform.ir.walk import defines
from transform.ir.walk import walk as walk_ir

_K = CursorKind
_JUMPS = (_K.RETURN_STMT, _K.BREAK_STMT, _K.CONTINUE_STMT, _K.GOTO_STMT, _K.CXX_TRY_STMT)
_LOOPS = (_K.FOR_STMT, _K.WHILE_STMT, _K.DO_STMT, _K.CXX_FOR_RANGE_STMT)
_HOST = "Kokkos::DefaultHostExecutionSpace"


def loop_of_elements(scope: Scope, loop: Cursor) -> bool:
    """Lower a loop of the host that only computes with scalars and elements of Views as one launch.

    False, and nothing is lowered, for any other statement, and for a loop that reads what an earlier
    iteration of it wrote: as launches of their own, its iterations have versions of the View to go back to.
    """
    if scope.in_kernel or loop.kind not in _LOOPS or not _touches(loop) or not _movable(scope, loop):
        return False
    before = dict(scope.env)
    outer = scope.prologue, scope.constants
    scope.prologue, scope.constants, scope.in_kernel = [], {}, True
    with scope.collect() as stmts, scope.function():
        scope.body(scope, [loop])
    body = Block((*scope.prologue, *stmts))
    scope.prologue, scope.constants = outer
    scope.in_kernel = False
    inside = {n for s in walk_ir(body) for n in defines(s)}
    results = Results(scope, loop)
    for name, binding in list(scope.env.items()):
        if isinstance(binding, Value) and binding.atom in inside:
            assert binding.atom is not None
            scope.env[name] = replace(binding, atom=results.add(binding.atom, binding.name))
    launch = once(scope, [*body.stmts, *results.body], _space(body), results.reductions, loop)
    if reads_of_own_writes(launch):
        scope.stmts.pop()
        scope.env = before
        return False
    scope.stmts += results.after
    return True


def _space(body: Block) -> str:
    """Where the Views live, or the host if they differ."""
    views = {s.memory for s in walk_ir(body) if isinstance(s, Store | Increment)}
    views |= {s.op.memory for s in walk_ir(body) if isinstance(s, Let) and isinstance(s.op, Load)}
    spaces = {v.type.execution_space for v in views if isinstance(v.type, View)}
    return spaces.pop() if len(spaces) == 1 else _HOST


# ---- what may move ----


def _touches(cursor: Cursor) -> bool:
    """Whether an element of a View is accessed."""
    return any(c.kind == _K.CALL_EXPR and is_view_access(c) for c in _deep(cursor))


def _movable(scope: Scope, cursor: Cursor) -> bool:
    return not _jumps_out(cursor, False) and all(_pure(scope, c) for c in _deep(cursor))


def _deep(cursor: Cursor, seen: tuple[int, ...] = ()) -> Iterator[Cursor]:
    """Everything below ``cursor``, bodies of the user's functions that it calls included."""
    for c in walk(cursor):
        yield c
        callee = c.referenced if c.kind == _K.CALL_EXPR else None
        if callee is None or callee.kind != _K.FUNCTION_DECL or key(callee) in seen:
            continue
        definition = callee.get_definition()
        if definition is not None and not in_system_header(definition):
            for part in children(definition):
                if part.kind == _K.COMPOUND_STMT:
                    yield from _deep(part, (*seen, key(callee)))


def _pure(scope: Scope, cursor: Cursor) -> bool:
    """Whether a node means the same inside a launch of one iteration."""
    if cursor.kind == _K.LAMBDA_EXPR:
        return False
    if cursor.kind == _K.VAR_DECL:
        type_ = cursor.type
        return scalar(type_) is not None or type_.get_canonical().get_array_element_type().spelling != ""
    if cursor.kind in (_K.BINARY_OPERATOR, _K.COMPOUND_ASSIGNMENT_OPERATOR):
        assigns = cursor.kind == _K.COMPOUND_ASSIGNMENT_OPERATOR or binary_kind(cursor) is Binary.ASSIGN
        return not (assigns and _is_host_array(scope, expressions(cursor)[0]))
    callee = cursor.referenced if cursor.kind == _K.CALL_EXPR else None
    if callee is None or is_view_access(cursor):
        return True
    if callee.kind == _K.CONSTRUCTOR:
        return scalar(cursor.type) is not None or is_view(cursor.type)
    if callee.kind == _K.FUNCTION_DECL and namespace(callee).split("::")[0] == "Kokkos":
        return kokkos.math_function(callee) is not None or qualified(callee) in kokkos.ATOMIC_UPDATES
    return scalar(cursor.type) is not None or callee.kind == _K.FUNCTION_DECL


def _is_host_array(scope: Scope, target: Cursor) -> bool:
    """Whether an element of a local array of the host is assigned: a launch has only a copy of it."""
    target = strip(target)
    while target.kind == _K.ARRAY_SUBSCRIPT_EXPR:
        target = strip(expressions(target)[0])
    known = scope.env.get(key(target.referenced)) if target.kind == _K.DECL_REF_EXPR else None
    return isinstance(known, Memory) and isinstance(known.symbol.type, Array)


def _jumps_out(cursor: Cursor, in_loop: bool) -> bool:
    """Whether a return, or a break or continue of a loop around it, is inside ``cursor``."""
    if cursor.kind in _JUMPS:
        return not (in_loop and cursor.kind in (_K.BREAK_STMT, _K.CONTINUE_STMT))
    in_loop = in_loop or cursor.kind in _LOOPS
    return any(_jumps_out(c, in_loop) for c in cursor.get_children())
