"""The team handle of a kernel: its member functions."""

from __future__ import annotations

from dataclasses import replace

from transform.analysis.teams import BARRIER
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    expressions,
    is_written,
    key,
    location,
    qualified,
    strip,
)
from transform.frontend.cpptypes import scalar
from transform.frontend.places import place
from transform.frontend.scope import Member, Scope, Value, Variable
from transform.ir.nodes import Apply, Atom, Let
from transform.ir.types import BOOL

_K = CursorKind


def barrier(scope: Scope, cursor: Cursor) -> None:
    """All threads of the team meet."""
    assert scope.team is not None
    scope.team.barriers += 1
    scope.stmts.append(Let(scope.fresh.symbol("barrier", BOOL), Apply(BARRIER, ()), location(cursor)))


def member(scope: Scope, cursor: Cursor | None) -> Member | None:
    """The team handle that an expression names."""
    if cursor is None:
        return None
    source = strip(cursor)
    binding = scope.env.get(key(source.referenced)) if source.kind == _K.DECL_REF_EXPR else None
    return binding if isinstance(binding, Member) else None


def member_call(scope: Scope, cursor: Cursor, team: Member) -> Atom | None:
    """A call of a member function of the team handle; ``None`` without a value, or after a finding."""
    match cursor.spelling:
        case "league_rank":
            return team.league_rank
        case "league_size":
            return team.league_size
        case "team_rank":
            return team.thread
        case "team_size":
            return team.threads
        case "team_barrier" if scope.team is not None and not scope.team.around:
            barrier(scope, cursor)
        case "team_reduce" if scope.team is not None and not scope.team.around:
            _team_reduce(scope, cursor)
        case "team_broadcast" if scope.team is not None and not scope.team.around:
            _team_broadcast(scope, cursor)
        case "team_barrier":
            message = "a barrier that not every thread of the team reaches"
            scope.refuse(cursor, message, "call team_barrier outside of nested ranges and single")
        case "team_scan":
            hint = "scan over what the team shares: parallel_scan(TeamThreadRange(team, n), lambda)"
            message = "team_scan adds one value of each thread, so its results depend on the team size"
            scope.refuse(cursor, message, hint)
        case _:
            hint = "reduce, scan and broadcast with the nested parallel constructs and single"
            scope.refuse(cursor, f"the team function {cursor.spelling} is not supported", hint)
    return None


def _team_reduce(scope: Scope, cursor: Cursor) -> None:
    """``team.team_reduce(Kokkos::Sum<double>(s))`` of the partial sums that threads have in ``s``."""
    source = strip(arguments(cursor)[0])
    while source.kind == _K.CXX_FUNCTIONAL_CAST_EXPR:
        source = strip(expressions(source)[-1])
    owner = source.referenced.semantic_parent if source.kind == _K.CALL_EXPR else None
    target = None
    if owner is not None and qualified(owner) == "Kokkos::Sum":
        target = place(scope, strip(arguments(source)[0]))
    binding = scope.env[target.key] if isinstance(target, Variable) else None
    if not isinstance(target, Variable) or not isinstance(binding, Value) or not binding.sum:
        hint = "reduce with parallel_reduce over a TeamThreadRange"
        scope.refuse(cursor, "this is no sum of what each thread has summed in a loop of its own", hint)
        return
    scope.env[target.key] = replace(binding, sum=False)
    barrier(scope, cursor)


def _team_broadcast(scope: Scope, cursor: Cursor) -> None:
    """``team.team_broadcast(value, rank)``: all threads have the same value already."""
    given = [a for a in arguments(cursor) if is_written(a)]
    if scalar(given[0].type) is None:
        hint = "broadcast with Kokkos::single(Kokkos::PerTeam(team), lambda, value)"
        scope.refuse(cursor, "team_broadcast with a function is not supported", hint)
        return
    scope.expression(scope, given[0], "", False)  # for the findings in it
    barrier(scope, cursor)


LAUNCH_NUMBERS = (
    "shmem_size",
    "team_size_max",
    "team_size_recommended",
    "vector_length_max",
    "concurrency",
    "seconds",
)


def launch_number(scope: Scope, cursor: Cursor, callee: Cursor) -> Atom | None:
    """A number that configures launches and depends on Kokkos' implementation; ``None``: another call."""
    type_ = scalar(cursor.type)
    if qualified(callee.semantic_parent).split("::")[0] != "Kokkos" or type_ is None:
        return None
    name = str(callee.spelling)
    message = f"a result depends on {name}, which differs between versions and backends of Kokkos"
    if name == "seconds":
        message = "a result depends on a measured time"
        time = scope.unknown(name, type_, message, "measure around the call of the function")
        scope.times.add(time)
        return time
    return scope.unknown(name, type_, message, "use it to configure launches only")
