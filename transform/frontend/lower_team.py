"""Hierarchical parallelism: the kernel of a TeamPolicy as a flat launch over its league.

What every thread of a team executes stands once. A range that the team shares becomes a ``For`` with
``parallel`` set, a reduction over it carries its partial result, ``single`` becomes such a loop of one
iteration, a barrier a marker. ``analysis.teams`` checks what this order must not hide (threads that race, or
that all do what may be done once only) and ``settle`` removes what only that check needs.
"""

from __future__ import annotations

from dataclasses import replace

from transform.analysis.teams import Share, settle, team_findings
from transform.frontend import fence, kokkos
from transform.frontend.arith import convert
from transform.frontend.bodies import Body, body
from transform.frontend.clang import (
    Cursor,
    CursorKind,
    arguments,
    is_written,
    key,
    location,
    qualified,
    strip,
)
from transform.frontend.cpptypes import class_name, is_mutable_reference, scalar
from transform.frontend.lower_loop import close_loop, open_scalars
from transform.frontend.places import place
from transform.frontend.read_write import place_type, write
from transform.frontend.reducers import Result, check_joins, identity, open_results
from transform.frontend.scope import (
    Alias,
    Binding,
    Env,
    Member,
    Policy,
    Scope,
    TeamShape,
    TeamState,
    Value,
    Variable,
    zero,
)
from transform.frontend.scratch import hoist_sizes, sink
from transform.frontend.team_handle import barrier, member
from transform.ir.nodes import (
    Atom,
    Block,
    Combiner,
    Const,
    Declare,
    For,
    Increment,
    Launch,
    Range,
    Store,
    Symbol,
)
from transform.ir.types import BOOL, INT, Array
from transform.ir.walk import walk

_K = CursorKind
_RANGES = {
    "Kokkos::TeamThreadRange": Share.THREAD,
    "Kokkos::ThreadVectorRange": Share.LANE,
    "Kokkos::TeamVectorRange": Share.BOTH,
}
_THREAD = (
    "a value depends on which thread of the team computes it",
    "share the work with TeamThreadRange, or do it in Kokkos::single(Kokkos::PerTeam(team), ...)",
)
_THREADS = (
    "a value depends on the team size, which Kokkos chooses",
    "give the TeamPolicy a team size instead of AUTO",
)
_SINGLES = {"Kokkos::PerTeam": Share.BOTH, "Kokkos::PerThread": Share.LANE}
_AUTO = ("Kokkos::AUTO_t", "Kokkos::Impl::AUTO_t")
_OWN_COPY = "declare it inside the range, or reduce into it with parallel_reduce"
INDEX_FIXED = "copy it into a variable of the range"


# ---- the policy ----


def team_policy(scope: Scope, cursor: Cursor, space: str, given: list[Cursor]) -> Policy | None:
    """``TeamPolicy(league, team size or AUTO, vector length)``; ``None`` after a finding."""
    if given and class_name(given[0].type) in kokkos.SPACES:
        given = given[1:]
    if not 2 <= len(given) <= 3 or scalar(given[0].type) is None:
        hint = "give the league size, the team size or AUTO, and perhaps a vector length"
        scope.refuse(cursor, "this form of TeamPolicy is not supported", hint)
        return None
    league = scope.expression(scope, given[0], "", False)
    size = _size(scope, given[1])
    lanes = _size(scope, given[2]) if len(given) == 3 else Const(1, INT)
    one = isinstance(lanes, Const) and lanes.value == 1
    return Policy(space, ((Const(0, INT), league),), TeamShape(size, not one))


def _size(scope: Scope, cursor: Cursor) -> Atom | None:
    """A number of threads or lanes; ``None`` if Kokkos chooses it."""
    if class_name(cursor.type) in _AUTO:
        return None
    return scope.expression(scope, cursor, "", False)


# ---- the kernel ----


def enter(scope: Scope, policy: Policy, cursor: Cursor) -> tuple[Range, Member]:
    """The only range of a kernel's launch, its league, and what its team handle stands for."""
    assert policy.team is not None
    lo, hi = policy.bounds[0]
    rank = scope.fresh.symbol("league_rank", INT)
    size = convert(scope, hi, INT, "", cursor)
    thread = scope.unknown("team_rank", INT, *_THREAD)
    given = policy.team.size
    threads: Atom = scope.unknown("team_size", INT, *_THREADS)
    if given is not None:
        threads = convert(scope, given, INT, "", cursor)
    scope.team = TeamState(policy.team.lanes, thread, threads)
    return Range(rank, lo, size), Member(rank, size, thread, threads)


def leave(scope: Scope, launch: Launch) -> Launch:
    """Check the kernel of a team and make it a flat one."""
    state = scope.team
    assert state is not None
    scope.team = None
    threads = {index for index, share in state.shares.items() if share is not Share.LANE}
    launch = replace(launch, body=sink(launch.body, state.thread_scratch, threads))
    scratch = state.scratch | state.thread_scratch
    for finding in team_findings(launch, state.shares, scratch, state.lanes):
        scope.refuse_at(finding.loc, finding.message, finding.hint)
    return hoist_sizes(scope, replace(launch, body=settle(launch.body)))


# ---- ranges of the team ----


def nested(scope: Scope, cursor: Cursor) -> None:
    """A parallel_for, parallel_reduce or parallel_scan inside the kernel of a TeamPolicy."""
    given = [a for a in arguments(cursor) if is_written(a)]
    found = _range(scope, cursor, given[0]) if given else None
    called = body(scope, given[1], strip(given[0]), 1, given[2:]) if len(given) > 1 else None
    if found is None or called is None:
        return
    share, lo, hi = found
    scan = cursor.spelling == "parallel_scan"
    first, *others = called.parameters or [called.cursor]
    expected = 2 if scan else len(given) - 2
    if first is called.cursor or len(others) != expected:
        hint = "take the index, then one reference per result"
        scope.refuse(
            called.cursor, f"{len(called.parameters)} parameters here, {1 + expected} expected", hint
        )
        return
    index_type = scalar(first.type)
    if index_type is None or not index_type.is_integer or is_mutable_reference(first.type):
        scope.refuse(first, "a kernel index must be an integer by value", "write const int j")
        return
    index = scope.fresh.symbol(str(first.spelling) or "j", index_type)
    bounds = [convert(scope, a, index_type, "", cursor) for a in (lo, hi)]
    outline = replace(shared_range(index, bounds[0], bounds[1], cursor), parallel=not scan)
    inside: dict[int, Binding] = {key(first): Value(index.name, index_type, index, INDEX_FIXED)}
    if scan:
        _scan(scope, cursor, outline, called, share, inside)
    else:
        _reduce(scope, cursor, outline, called, share, inside, list(zip(others, given[2:], strict=True)))
    if share is not Share.LANE and cursor.spelling != "parallel_for":
        barrier(scope, cursor)  # all threads wait for the result


def _reduce(
    scope: Scope,
    cursor: Cursor,
    outline: For,
    called: Body,
    share: Share,
    inside: dict[int, Binding],
    results: list[tuple[Cursor, Cursor]],
) -> None:
    """parallel_for or parallel_reduce: partial results are carried, and written when the range is done."""
    opened: list[Result] = []
    for parameter, argument in results:
        found = open_results(scope, parameter, argument, inside, wrapped=share is not Share.LANE)
        riding = next((r for r in found if r.rides is not None), None)
        if riding is not None:
            scope.refuse(argument, *fence.reducer(class_name(argument.type)))
        if not found or riding is not None:
            return
        opened += found
    own: dict[int, Binding] = {}
    for result in opened:
        start, summed = identity(result.combiner, result.type), result.combiner is Combiner.SUM
        own[result.key] = Value(result.name, result.type, start, sum=summed)
    totals = shared(scope, cursor, outline, called, share, own, inside)
    lowered = scope.stmts[-1]
    assert isinstance(lowered, For)
    carried = {c.result: c for c in lowered.carried}
    for total, result in zip(totals, opened, strict=True):
        if total in carried and result.combiner is not Combiner.SUM:
            step = carried[total]
            check_joins(scope, {step.inner: result}, lowered.body, {step.inner: step.next})
        type_ = place_type(scope, result.target)
        write(scope, result.target, convert(scope, total, type_, "", cursor), result.cursor)


def _scan(
    scope: Scope, cursor: Cursor, outline: For, called: Body, share: Share, inside: dict[int, Binding]
) -> None:
    """parallel_scan: in order, each iteration sees the sum so far; its final pass is all there is."""
    parameter, final = called.parameters[1:]
    type_ = scalar(parameter.type)
    if type_ is None or not is_mutable_reference(parameter.type):
        scope.refuse(parameter, "this scan argument is not supported", "write double& partial")
        return
    start = Value(str(parameter.spelling) or "partial", type_, identity(Combiner.SUM, type_))
    inside[key(final)] = Value("final", BOOL, Const(True, BOOL), INDEX_FIXED)
    totals = shared(scope, cursor, outline, called, share, {key(parameter): start}, inside)
    results = [a for a in arguments(cursor) if is_written(a)][2:]
    for result in results:
        target = place(scope, result)
        if target is not None:
            write(scope, target, convert(scope, totals[0], place_type(scope, target), "", cursor), result)


def _range(scope: Scope, cursor: Cursor, policy: Cursor) -> tuple[Share, Atom, Atom] | None:
    """How a nested range is shared out, and its bounds; ``None`` after a finding."""
    call = strip(policy)
    name = qualified(call.referenced) if call.kind == _K.CALL_EXPR and call.referenced is not None else ""
    share = _RANGES.get(name)
    given = [a for a in arguments(call) if is_written(a)] if share is not None else []
    if share is None or member(scope, given[0]) is None:
        hint = "nested ranges are TeamThreadRange, TeamVectorRange and ThreadVectorRange of the kernel's team"
        if "MDRange" in name or "MDRange" in str(policy.type.spelling):
            hint = "write a TeamThreadRange over the first index with loops over the others in it"
        scope.refuse(policy, "this range inside a kernel is not supported", hint)
        return None
    if not _may_nest(scope, cursor, share):
        return None
    bounds = [scope.expression(scope, a, "", False) for a in given[1:]]
    return (share, Const(0, INT), bounds[0]) if len(bounds) == 1 else (share, bounds[0], bounds[1])


def _may_nest(scope: Scope, cursor: Cursor, share: Share) -> bool:
    assert scope.team is not None
    inside = scope.team.around
    if not inside or (inside == (Share.THREAD,) and share is Share.LANE):
        return True
    message = "this construct needs threads or lanes of the team that do not come here"
    hint = "nest ThreadVectorRange in TeamThreadRange, and nothing in single or a vector range"
    scope.refuse(cursor, message, hint)
    return False


def shared_range(index: Symbol, lo: Atom, hi: Atom, cursor: Cursor) -> For:
    return For(index, lo, hi, 1, False, (), Block(()), location(cursor), parallel=True)


def shared(
    scope: Scope,
    cursor: Cursor,
    outline: For,
    called: Body,
    share: Share,
    own: Env,
    inside: Env,
) -> list[Atom]:
    """Lower a lambda as the body of ``outline``, whose iterations the team shares. It changes no scalar from
    outside but those in ``own``, whose values afterwards are returned; ``inside`` holds in it only."""
    state = scope.team
    assert state is not None
    outer = {k: b for k, b in scope.env.items() if k not in own}
    scope.env = {**outer, **own}
    before = dict(scope.env)
    scope.env = {**{k: _as_seen(b) for k, b in outer.items()}, **dict(called.env), **inside, **own}
    inner = open_scalars(scope)
    state.shares[outline.index], state.around = share, (*state.around, share)
    with scope.function():
        block, after = scope.branch(lambda: scope.body(scope, called.statements))
    state.around = state.around[:-1]
    scope.env = before
    changed = close_loop(scope, cursor, replace(outline, body=block), after, inner)
    for name in changed:
        known = outer.get(name)
        if isinstance(known, Value):  # it had no value before; now it has one in one thread's copy only
            scope.env[name] = known
    _refuse_own_arrays(scope, block)
    totals = [scope.env[k] for k in own]
    scope.env = {k: b for k, b in scope.env.items() if k in outer}
    return [t.atom for t in totals if isinstance(t, Value) and t.atom is not None]


def _as_seen(binding: Binding) -> Binding:
    """A binding as an iteration sees it: an initialised scalar from outside must not be assigned."""
    if isinstance(binding, Value) and not binding.fixed and binding.atom is not None:
        return replace(binding, fixed=_OWN_COPY)
    return binding


def _refuse_own_arrays(scope: Scope, block: Block) -> None:
    """Threads and lanes have their own copies of the arrays that are declared outside the range."""
    assert scope.team is not None
    inside = {s.target for s in walk(block) if isinstance(s, Declare)}
    for s in walk(block):
        if not isinstance(s, Store | Increment) or not isinstance(s.memory.type, Array):
            continue
        if s.memory not in inside | scope.team.scratch | scope.team.thread_scratch:
            message = f"'{s.memory.name}' is written in a parallel range: each thread has its own copy"
            scope.refuse_at(s.loc, message, _OWN_COPY)


# ---- single ----


def single(scope: Scope, cursor: Cursor) -> None:
    """``Kokkos::single(PerTeam(team) or PerThread(team), lambda, broadcast result)``."""
    given = [a for a in arguments(cursor) if is_written(a)]
    who = strip(given[0])
    share = _SINGLES.get(qualified(who.referenced)) if who.kind == _K.CALL_EXPR and who.referenced else None
    if scope.team is None or share is None:
        hint = "write Kokkos::single(Kokkos::PerTeam(team), [&]() { ... }) in the kernel of a TeamPolicy"
        scope.refuse(cursor, "this form of single is not supported", hint)
        return
    called = body(scope, given[1], who, 0, given[2:])
    if called is None:
        return
    if scope.team.around not in (((), (Share.THREAD,)) if share is Share.LANE else ((),)):
        message = "this construct needs threads or lanes of the team that do not come here"
        scope.refuse(cursor, message, "use single outside of the ranges it restricts")
        return
    own: dict[int, Binding] = {}
    if share is Share.LANE:  # the lanes' partial sums are one: Kokkos takes the first lane's
        own = {k: b for k, b in scope.env.items() if isinstance(b, Value) and b.sum}
    inside: dict[int, Binding] = {}
    for parameter, result in zip(called.parameters, given[2:], strict=False):
        target = place(scope, result)
        known = scope.env[target.key] if isinstance(target, Variable) else None
        if not isinstance(target, Variable) or not isinstance(known, Value):
            scope.refuse(result, "the result of single must be a scalar variable", "broadcast a local scalar")
            return
        inside[key(parameter)] = Alias(target)
        own[target.key] = known if known.atom is not None else replace(known, atom=zero(known.type))
    outline = shared_range(scope.fresh.symbol("once", INT), Const(0, INT), Const(1, INT), cursor)
    after = shared(scope, cursor, outline, called, share, own, inside)
    for name, atom in zip(own, after, strict=True):
        known = own[name]
        assert isinstance(known, Value)
        scope.env[name] = replace(known, atom=atom)
    if inside and share is Share.BOTH:
        barrier(scope, cursor)
