"""The team handle of a kernel: its member functions."""

from __future__ import annotations

from transform.analysis.teams import BARRIER
from transform.frontend.clang import Cursor, CursorKind, key, location, qualified, strip
from transform.frontend.cpptypes import scalar
from transform.frontend.scope import Member, Scope
from transform.ir.nodes import Apply, Atom, Let
from transform.ir.types import BOOL

_K = CursorKind


def barrier(scope: Scope, cursor: Cursor) -> None:
    """All threads of the team meet."""
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
        case "team_barrier":
            message = "a barrier that not every thread of the team reaches"
            scope.refuse(cursor, message, "call team_barrier outside of nested ranges and single")
        case _:
            hint = "supported are league_rank, league_size, team_rank, team_size, team_barrier, team_scratch"
            scope.refuse(cursor, f"the team function {cursor.spelling} is not supported", hint)
    return None


LAUNCH_NUMBERS = ("shmem_size", "team_size_max", "team_size_recommended", "vector_length_max")


def launch_number(scope: Scope, cursor: Cursor, callee: Cursor) -> Atom | None:
    """A number that configures launches and depends on Kokkos' implementation; ``None``: another call."""
    type_ = scalar(cursor.type)
    if qualified(callee.semantic_parent).split("::")[0] != "Kokkos" or type_ is None:
        return None
    name = str(callee.spelling)
    message = f"a result depends on {name}, which differs between versions and backends of Kokkos"
    return scope.unknown(name, type_, message, "use it to configure launches only")
