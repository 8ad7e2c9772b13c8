"""Races: refuse those of the primal, prove or fail to prove the absence of those of the adjoint."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from transform.analysis.access import Access, Footprints, Tuple, apart, written_tuples
from transform.analysis.assume import Prover
from transform.analysis.checked import Clash, Settled, assumptions, clauses, proved, settled
from transform.analysis.decode import Bounds
from transform.diagnostics import Diagnostic
from transform.ir.build import Fresh
from transform.ir.nodes import Accumulate, Block, How, Increment, Launch, Program, Stmt, Symbol
from transform.ir.walk import map_blocks, walk


@dataclass(frozen=True)
class Verdict:
    """Whether increments into ``view`` by one adjoint kernel never race, and why (not)."""

    view: Symbol
    exclusive: bool
    reason: str


def without_races(program: Program, last_id: int) -> tuple[Program, list[Diagnostic]]:
    """IR before -> after: every launch states what keeps its iterations apart where that is not certain
    (``given``). And writes of parallel regions that meet another iteration's access, or may for all we know.

    The part of a target that goes through an index array, ``perm(i)`` of ``v(perm(i), k)``, is trusted to be
    unique per iteration; the same View must then not be accessed through any other index.
    """
    findings: list[Diagnostic] = []
    fresh = Fresh(last_id)
    names = {p.symbol: p.member or p.symbol.name for p in program.params}

    def rewrite(block: Block) -> Block:
        stmts: list[Stmt] = []
        for s in block.stmts:
            if isinstance(s, Launch):
                found = _settled(s, program.body)
                findings.extend(_first_of_each(found.open))
                lets, given = assumptions(found.needed, names, fresh)
                stmts += [*lets, replace(s, given=given)]
            else:
                stmts.append(map_blocks(s, rewrite))
        return Block(tuple(stmts))

    return replace(program, body=rewrite(program.body)), findings


def _settled(launch: Launch, around: Block) -> Settled:
    footprints = Footprints(launch, around)
    clashes = list(_clashes(footprints.accesses, footprints.rank, footprints.bounds))
    return settled(clashes, Prover(footprints, around)) if clashes else Settled({}, ())


def collisions(accesses: Collection[Access], rank: int, bounds: Bounds) -> Iterator[Diagnostic]:
    """One finding for each write that another iteration's access may meet; ``rank``: number of indices,
    ``bounds``: what is known of their values."""
    return _first_of_each(_clashes(accesses, rank, bounds))


def _first_of_each(clashes: Iterable[Clash]) -> Iterator[Diagnostic]:
    """One finding for each write."""
    seen: set[int] = set()
    for write, other in clashes:
        if id(write) not in seen:
            yield _race(write, other)
        seen.add(id(write))


def _clashes(accesses: Collection[Access], rank: int, bounds: Bounds) -> Iterator[Clash]:
    trusts: dict[Symbol, list[Tuple]] = {}
    for access in accesses:
        if access.kind in ("store", "increment") and (unique := _unique_by_trust(access, rank)):
            trusts.setdefault(access.view, []).append(unique)
    for write in accesses:
        if write.kind == "load":
            continue
        trusted = [] if write.kind == "atomic" else trusts.get(write.view, [])
        for other in accesses:
            if other.view != write.view or (write.kind == "atomic" and other.kind == "atomic"):
                continue
            if write.kind == "atomic" and other.kind != "atomic" and other.kind != "load":
                continue  # reported from the plain write's side
            if not apart(write, other, rank, trusted, bounds):
                yield write, other


def _unique_by_trust(write: Access, rank: int) -> Tuple | None:
    """The part of a written index that goes through index arrays and tells all iterations apart."""
    if any(x.local and x.indirect for x in write.index):
        return None
    key = tuple(x for x in write.index if x.parallel and not x.local)
    covered = frozenset[int]().union(*(x.parallel for x in key)) if key else frozenset()
    return key if len(covered) == rank and any(x.indirect for x in key) else None


def _race(write: Access, other: Access) -> Diagnostic:
    name = write.view.name
    if write is other:
        message = f"iterations of this parallel region may write the same element of '{name}'"
    elif other.kind == "load":
        message = f"one iteration writes an element of '{name}' that another may read"
    else:
        message = f"two iterations may write the same element of '{name}'"
    if other.loc is not None and other is not write:
        message += f" (the other access is at line {other.loc.line})"
    hint = "read from one View and write to another"
    if other.kind != "load":
        hint = (
            "index it with the parallel indices so that each iteration has its own element, reduce into it "
            "with parallel_reduce, or use Kokkos::atomic_add"
        )
    return Diagnostic(message, write.loc, hint)


def injective_tuples(primal: Launch) -> tuple[Tuple, ...]:
    """What the primal kernel's race-free writes prove about its index expressions."""
    return written_tuples(Footprints(primal))


_OWN = "every iteration has its own elements"
_TRUSTED = "the primal writes through the same index in every iteration, so no two iterations share one"


_NO_STATEMENTS = Block(())
_CHECKED = "iterations are apart where what is checked before the launch holds"


def verdicts(
    launch: Launch, injective: tuple[Tuple, ...], around: Block = _NO_STATEMENTS
) -> dict[Symbol, Verdict]:
    """For each View that the adjoint kernel accumulates into: can the increments race? ``around``: statements
    of the host that define integers."""
    footprints = Footprints(launch)
    rank = footprints.rank
    checked = _by_checks(launch, around)
    open_views = dict.fromkeys(s.memory for s in walk(launch.body) if isinstance(s, Accumulate))
    found: dict[Symbol, Verdict] = {}
    for view in open_views:
        accesses = [a for a in footprints.accesses if a.view == view]
        clash = next(
            (
                (a, b)
                for k, a in enumerate(accesses)
                for b in accesses[k:]
                if not apart(a, b, rank, injective, footprints.bounds) and not checked(a, b)
            ),
            None,
        )
        if clash is None:
            pairs = [(a, b) for k, a in enumerate(accesses) for b in accesses[k:]]
            own = all(apart(a, b, rank, (), footprints.bounds) for a, b in pairs)
            trusted = all(apart(a, b, rank, injective, footprints.bounds) for a, b in pairs)
            found[view] = Verdict(view, True, _OWN if own else _TRUSTED if trusted else _CHECKED)
        else:
            found[view] = Verdict(view, False, _why(view, *clash, rank))
    return found


def _by_checks(launch: Launch, around: Block) -> Callable[[Access, Access], bool]:
    """Whether two accesses are apart where the launch's assumptions hold."""
    if not launch.given:
        return lambda a, b: False
    prover = Prover(Footprints(launch, around), around)
    given = clauses(launch.given, prover)
    return lambda a, b: proved((a, b), prover, given)


def _why(view: Symbol, a: Access, b: Access, rank: int) -> str:
    lines = sorted({x.loc.line for x in (a, b) if x.loc is not None})
    where = f" (line{'s' if len(lines) > 1 else ''} {', '.join(map(str, lines))})" if lines else ""
    covered = frozenset[int]().union(*(x.parallel for x in (*a.index, *b.index)))
    if any(x.indirect for x in (*a.index, *b.index)):
        return f"iterations may share elements through an index array{where}"
    if len(covered) < rank:
        return f"its index does not depend on every parallel index{where}"
    return f"neighbouring iterations share elements{where}"


def close_exclusive(launch: Launch, proved: Mapping[Symbol, Verdict]) -> Launch:
    """IR before -> after: ``Accumulate`` into proved Views becomes a plain ``Increment``."""

    def close(block: Block) -> Block:
        return Block(tuple(rewrite(s) for s in block.stmts))

    def rewrite(s: Stmt) -> Stmt:
        if isinstance(s, Accumulate) and s.memory in proved and proved[s.memory].exclusive:
            return Increment(s.memory, s.index, s.value, How.PLAIN, s.loc)
        return map_blocks(s, close)

    return replace(launch, body=close(launch.body))
