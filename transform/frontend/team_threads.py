"""Code that asks which thread of the team it is: work shared out by hand, and what the first thread does."""

from __future__ import annotations

from dataclasses import replace

from transform.analysis.teams import Share
from transform.frontend.arith import convert
from transform.frontend.bodies import Body
from transform.frontend.carried import modified
from transform.frontend.clang import (
    Binary,
    Cursor,
    CursorKind,
    binary_kind,
    children,
    expressions,
    initializer,
    key,
    strip,
)
from transform.frontend.cpptypes import scalar
from transform.frontend.jumps import may_jump
from transform.frontend.lower_team import INDEX_FIXED, leave, shared, shared_range
from transform.frontend.scope import Binding, Scope, TeamState, Value
from transform.ir.liveness import remove_dead
from transform.ir.nodes import Apply, Atom, Block, Const, Launch, Let, Op, Range, Symbol
from transform.ir.types import INT
from transform.ir.walk import uses, walk

_K = CursorKind


def thread_loop(scope: Scope, cursor: Cursor) -> bool:
    """Lower ``for (int j = team.team_rank(); j < n; j += team.team_size())``, a range that the team shares;
    False for any other loop."""
    state = scope.team
    parts = children(cursor)
    if state is None or state.around or len(parts) != 4 or parts[0].kind != _K.DECL_STMT:
        return False
    declared = children(parts[0])
    init = initializer(declared[0]) if len(declared) == 1 and declared[0].kind == _K.VAR_DECL else None
    index_type = scalar(declared[0].type) if init is not None else None
    condition, step, body = strip(parts[1]), strip(parts[2]), parts[3]
    if init is None or index_type is None or not index_type.is_integer:
        return False
    if not (_compares(condition, declared[0]) and _adds(step, declared[0])):
        return False
    findings, built = list(scope.findings), len(scope.stmts)
    start = scope.expression(scope, init, "", False)
    lo = _from_thread(scope, start, state)
    stride = scope.expression(scope, expressions(step)[1], "", False)
    if lo is None or _root(scope, stride) != _root(scope, state.threads):
        scope.findings = findings
        del scope.stmts[built:]
        return False
    hi = scope.expression(scope, expressions(condition)[1], "", False)
    lo, hi = (convert(scope, a, index_type, "", cursor) for a in (lo, hi))
    index = scope.fresh.symbol(str(declared[0].spelling), index_type)
    inside: dict[int, Binding] = {key(declared[0]): Value(index.name, index_type, index, INDEX_FIXED)}
    changed = modified([body])
    sums = {k: b for k, b in scope.env.items() if k in changed and isinstance(b, Value) and _may_sum(b)}
    own: dict[int, Binding] = {k: replace(b, sum=True) for k, b in sums.items()}
    called = Body(cursor, [], [body], {})
    totals = shared(scope, cursor, shared_range(index, lo, hi, cursor), called, Share.THREAD, own, inside)
    for (k, before), total in zip(sums.items(), totals, strict=True):
        scope.env[k] = replace(before, atom=total, sum=before.sum or total != before.atom)
    return True


def _compares(cursor: Cursor, declared: Cursor) -> bool:
    return bool(
        cursor.kind == _K.BINARY_OPERATOR
        and binary_kind(cursor) is Binary.LT
        and _names(expressions(cursor)[0], declared)
    )


def _adds(cursor: Cursor, declared: Cursor) -> bool:
    return bool(
        cursor.kind == _K.COMPOUND_ASSIGNMENT_OPERATOR
        and binary_kind(cursor) is Binary.ADD_ASSIGN
        and _names(expressions(cursor)[0], declared)
    )


def _names(cursor: Cursor, declared: Cursor) -> bool:
    source = strip(cursor)
    return bool(source.kind == _K.DECL_REF_EXPR and key(source.referenced) == key(declared))


def _may_sum(binding: Value) -> bool:
    """Whether a scalar can hold the partial sums of threads: it starts with 0, or holds such sums already."""
    if binding.fixed:
        return False
    return binding.sum or (isinstance(binding.atom, Const) and binding.atom.value == 0)


def _op(scope: Scope, atom: Atom) -> Op | None:
    """The operation that defines a value in the kernel's present block."""
    return next((s.op for s in reversed(scope.stmts) if isinstance(s, Let) and s.target == atom), None)


def _root(scope: Scope, atom: Atom) -> Atom | int:
    """``atom`` without casts; the value of a constant."""
    while isinstance(atom, Symbol):
        match _op(scope, atom):
            case Apply(fn="cast" | "copy", args=(inner,)):
                atom = inner
            case _:
                return atom
    return int(atom.value)


def _from_thread(scope: Scope, atom: Atom, state: TeamState) -> Atom | None:
    """``lo`` of ``lo + team_rank()``."""
    root = _root(scope, atom)
    if root == state.thread:
        return Const(0, INT)
    match _op(scope, root) if isinstance(root, Symbol) else None:
        case Apply(fn="add", args=(a, b)):
            for rank, lo in ((a, b), (b, a)):
                if _root(scope, rank) == state.thread:
                    return lo
        case _:
            pass
    return None


def first_thread(scope: Scope, cursor: Cursor, cond: Atom, then: Cursor, orelse: Cursor | None) -> bool:
    """Lower ``if (team.team_rank() == 0) then`` as what one thread does; False for any other branch."""
    state = scope.team
    if state is None or state.around or orelse is not None or may_jump(then):
        return False
    if not _is_first(scope, cond, state):
        return False
    once = shared_range(scope.fresh.symbol("once", INT), Const(0, INT), Const(1, INT), cursor)
    shared(scope, cursor, once, Body(cursor, [], [then], {}), Share.THREAD, {}, {})
    return True


def _is_first(scope: Scope, cond: Atom, state: TeamState) -> bool:
    match _op(scope, cond):
        case Apply(fn="eq", args=(a, b)):
            return {_root(scope, a), _root(scope, b)} == {state.thread, 0}
        case Apply(fn="not", args=(a,)):
            match _op(scope, a):
                case Apply(fn="ne", args=(x, y)):
                    return {_root(scope, x), _root(scope, y)} == {state.thread, 0}
                case _:
                    return False
        case _:
            return False


def team_launch(scope: Scope, launch: Launch) -> Launch:
    """The launch of a kernel of teams: over its league, or over league and threads if these only compute
    their own indices."""
    state = scope.team
    assert state is not None
    together = state.shares or state.barriers or state.scratch or state.thread_scratch or state.lanes
    used = any(state.thread in uses(s) for s in walk(remove_dead(Block((launch,)))))
    if not used or together or state.threads in scope.unknowns:
        return leave(scope, launch)
    scope.team = None
    del scope.unknowns[state.thread]
    return replace(launch, ranges=(*launch.ranges, Range(state.thread, Const(0, INT), state.threads)))
