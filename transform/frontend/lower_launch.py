"""Kokkos::parallel_for and parallel_reduce, their policies and lambdas."""

from __future__ import annotations

from dataclasses import dataclass

from transform.frontend import fence, kokkos, lower_team
from transform.frontend.arith import convert
from transform.frontend.bodies import Body, body
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    key,
    location,
    strip,
)
from transform.frontend.cpptypes import class_name, is_mutable_reference, scalar
from transform.frontend.objects import remaining
from transform.frontend.places import indexed, lvalue, member_base
from transform.frontend.read_write import read
from transform.frontend.reducers import Result, close_results, deliver, open_results
from transform.frontend.scope import Broken, Element, Env, Part, Policy, Scope, Value
from transform.frontend.team_threads import team_launch
from transform.ir.build import scalar as atom_scalar
from transform.ir.nodes import Atom, Block, Const, Launch, Range
from transform.ir.types import INT

_K = CursorKind


# ---- policies ----


def policy(scope: Scope, cursor: Cursor) -> Policy | None:
    """A RangePolicy, MDRangePolicy or iteration count; ``None`` after a finding."""
    source = strip(cursor)
    while source.kind in (_K.CXX_FUNCTIONAL_CAST_EXPR, _K.CXX_STATIC_CAST_EXPR) and not scalar(source.type):
        source = strip(expressions(source)[-1])
    if source.spelling in kokkos.POLICY_SETTERS and (base := member_base(source)) is not None:
        return policy(scope, base)
    if scalar(source.type) is not None:
        count = _bound(scope, source)
        return Policy(kokkos.DEFAULT_SPACE, ((Const(0, INT), count),))
    if source.kind == _K.DECL_REF_EXPR:
        known = scope.env.get(key(source.referenced))
        if isinstance(known, Policy):
            return known
        if not isinstance(known, Broken):
            scope.refuse(source, *fence.policy(source))
        return None
    if not kokkos.is_policy(source.type) or source.kind not in (_K.CALL_EXPR, _K.INIT_LIST_EXPR):
        scope.refuse(cursor, *fence.policy(source))
        return None
    given = [strip(a) for a in _policy_arguments(source) if is_written(a)]
    given = [a for a in given if class_name(a.type) not in (*kokkos.SPACES, "Kokkos::ChunkSize")]
    if len(given) == 1 and kokkos.is_policy(given[0].type):  # a copy
        return policy(scope, given[0])
    space, unknown = kokkos.policy_space(source.type)
    if unknown is not None:
        hint = "supported are an execution space, IndexType, Schedule, LaunchBounds and Rank"
        scope.refuse(cursor, f"the policy argument {unknown} is not supported", hint)
        return None
    if class_name(source.type) == "Kokkos::TeamPolicy":
        return lower_team.team_policy(scope, cursor, space, given)
    if class_name(source.type) == "Kokkos::RangePolicy":
        bounds = _range_bounds(scope, cursor, given)
    else:
        bounds = _md_bounds(scope, cursor, given)
    return None if bounds is None else Policy(space, bounds)


def _policy_arguments(source: Cursor) -> list[Cursor]:
    return arguments(source) if source.kind == _K.CALL_EXPR else expressions(source)


def _range_bounds(scope: Scope, cursor: Cursor, given: list[Cursor]) -> tuple[tuple[Atom, Atom], ...] | None:
    if len(given) != 2 or any(scalar(g.type) is None for g in given):
        hint = "give the bounds only: RangePolicy<...>(begin, end)"
        scope.refuse(cursor, "this form of RangePolicy is not supported", hint)
        return None
    return ((_bound(scope, given[0]), _bound(scope, given[1])),)


def _md_bounds(scope: Scope, cursor: Cursor, given: list[Cursor]) -> tuple[tuple[Atom, Atom], ...] | None:
    # a third list is the tile: a hint, not semantics
    lists = [_corner(scope, g) for g in given[:2]] if len(given) in (2, 3) else []
    if not lists or lists[0] is None or lists[1] is None:
        hint = "give the bounds in braces: MDRangePolicy<Rank<2>>({0, 0}, {n, m})"
        scope.refuse(cursor, "this form of MDRangePolicy is not supported", hint)
        return None
    lower, upper = lists[0], lists[1]
    if len(lower) != len(upper):
        scope.refuse(cursor, "lower and upper bounds differ in number", "give one pair per dimension")
        return None
    return tuple(zip(lower, upper, strict=True))


def _corner(scope: Scope, cursor: Cursor) -> list[Atom] | None:
    """The bounds that a braced list or a local array holds."""
    items = _braced(cursor)
    if items is not None:
        return [_bound(scope, item) for item in items]
    while cursor.kind == _K.CALL_EXPR and len(expressions(cursor)) == 1:  # copies
        cursor = strip(expressions(cursor)[0])
    array = lvalue(scope, cursor) if cursor.kind == _K.DECL_REF_EXPR else None
    if not isinstance(array, Part) or len(remaining(array)) != 1:
        return None
    found: list[Atom] = []
    for k in range(remaining(array)[0]):
        element = indexed(scope, array, Const(k, INT), cursor)
        if not isinstance(element, Element):
            return None
        found.append(read(scope, element, "", cursor))
    return found


def _braced(cursor: Cursor) -> list[Cursor] | None:
    """The elements of a braced list, also where it initialises a Kokkos::Array."""
    cursor = strip(cursor)
    while cursor.kind in (_K.CALL_EXPR, _K.CXX_FUNCTIONAL_CAST_EXPR, _K.INIT_LIST_EXPR):
        inner = expressions(cursor)
        if cursor.kind == _K.INIT_LIST_EXPR and not (
            len(inner) == 1 and strip(inner[0]).kind == _K.INIT_LIST_EXPR
        ):
            return inner
        if len(inner) != 1:
            return None
        cursor = strip(inner[0])
    return None


def _bound(scope: Scope, cursor: Cursor) -> Atom:
    """A bound in its own type: the policy's index type depends on the Kokkos version."""
    return scope.expression(scope, strip(cursor), "", False)


# ---- launches ----


@dataclass(frozen=True)
class Call:
    """The arguments of a parallel construct."""

    label: str
    policy: Policy
    body: Body
    results: list[Cursor]


def launch(scope: Scope, cursor: Cursor) -> None:
    """A call of parallel_for or parallel_reduce."""
    if scope.team is not None:
        lower_team.nested(scope, cursor)
        return
    call = launch_arguments(scope, cursor)
    if call is not None:
        _lower_launch(scope, cursor, call.label, call.policy, call.body, call.results)


def launch_arguments(scope: Scope, cursor: Cursor) -> Call | None:
    """What a parallel construct is called with; ``None`` after a finding."""
    if scope.in_kernel:
        hint = "nested parallelism is not supported: write the inner loop as a for loop"
        scope.refuse(cursor, "a parallel construct inside a kernel is not supported", hint)
        return None
    label, policy_cursor, callee, results = "", None, None, []
    for argument in arguments(cursor):
        if not is_written(argument):
            continue
        if policy_cursor is None and _is_text(argument):
            label = _text(argument)
        elif policy_cursor is None:
            policy_cursor = strip(argument)
        elif callee is None:
            callee = argument
        else:
            results.append(argument)
    if policy_cursor is None or callee is None:
        scope.refuse(cursor, "this form of launch is not supported", "give a policy and a kernel")
        return None
    found = policy(scope, policy_cursor)
    rank = len(found.bounds) if found is not None else 1
    called = body(scope, callee, policy_cursor, rank, results, cursor.spelling == "parallel_scan")
    if called is None:
        return None
    if found is None:
        _find_more(scope, called)
        return None
    return Call(label, found, called, results)


def _is_text(cursor: Cursor) -> bool:
    return class_name(cursor.type) == "std::basic_string" or strip(cursor).kind == _K.STRING_LITERAL


def _text(cursor: Cursor) -> str:
    """The literal behind a label argument; a label computed at run time is dropped."""
    while True:
        cursor = strip(cursor)
        if cursor.kind == _K.STRING_LITERAL:
            return str(cursor.spelling).strip('"')
        inner = [c for c in expressions(cursor) if is_written(c)]
        if cursor.kind != _K.CALL_EXPR or len(inner) != 1:
            return ""
        cursor = inner[0]


def _find_more(scope: Scope, called: Body) -> None:
    """Lower the body of a launch whose policy was refused, for the findings in it only."""
    before, scope.env = scope.env, called.enter(scope.env)
    for parameter in called.parameters:
        type_ = scalar(parameter.type)
        value = Value("i", type_, Const(0, type_)) if type_ is not None and type_.is_integer else Broken()
        scope.env[key(parameter)] = value
    kernel_body(scope, called.statements)
    scope.env = before


def _lower_launch(
    scope: Scope, cursor: Cursor, label: str, found: Policy, called: Body, results: list[Cursor]
) -> None:
    parameters, rank = called.parameters, len(found.bounds)
    if len(parameters) != rank + len(results):
        message = f"the kernel has {len(parameters)} parameter(s), {rank + len(results)} expected"
        scope.refuse(called.cursor, message, "take one integer per dimension, then one reference per result")
        return
    ranges, inside = [], called.enter(scope.env)
    for parameter, bounds in zip(parameters, found.bounds, strict=False):
        if found.team is not None:
            range_, inside[key(parameter)] = lower_team.enter(scope, found, cursor)
            ranges.append(range_)
            continue
        ranges.append(parallel_range(scope, parameter, bounds, cursor))
        index = ranges[-1].index
        inside[key(parameter)] = Value(index.name, atom_scalar(index), index)
    opened: list[Result] = []
    for parameter, argument in zip(parameters[rank:], results, strict=True):
        opened += open_results(scope, parameter, argument, inside)
    before, scope.env = scope.env, inside
    kernel, after = kernel_body(scope, called.statements)
    scope.env = before
    lowered = Launch(label, found.space, tuple(ranges), kernel, (), loc=location(cursor))
    lowered, following, values = close_results(scope, opened, lowered, after)
    scope.stmts.append(lowered if found.team is None else team_launch(scope, lowered))
    scope.stmts += following
    deliver(scope, opened, values)


def parallel_range(scope: Scope, parameter: Cursor, bounds: tuple[Atom, Atom], cursor: Cursor) -> Range:
    """The range of a kernel's index."""
    type_ = scalar(parameter.type)
    if type_ is None or not type_.is_integer or is_mutable_reference(parameter.type):
        scope.refuse(parameter, "a kernel index must be an integer by value", "write const int i")
        type_ = INT
    index = scope.fresh.symbol(str(parameter.spelling) or "i", type_)
    lo, hi = (convert(scope, bound, type_, "", cursor) for bound in bounds)
    return Range(index, lo, hi)


def kernel_body(scope: Scope, statements: list[Cursor]) -> tuple[Block, Env]:
    """The lambda's body and the variables at its end; constant arrays that it uses are declared first."""
    outer = scope.prologue, scope.constants
    scope.prologue, scope.constants = [], {}
    scope.in_kernel = True
    with scope.function():
        block, after = scope.branch(lambda: scope.body(scope, statements))
    scope.in_kernel = False
    block = Block((*scope.prologue, *block.stmts))
    scope.prologue, scope.constants = outer
    return block, after
