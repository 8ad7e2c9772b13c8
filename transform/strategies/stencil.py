"""Gather for affine stencils: the loop transposed over the targets.

IR before -> after::

    for i: ...; accumulate y_b[i + c1] += v1(i); accumulate y_b[i + c2] += v2(i)
    for t: sum = 0; if t - c1 in range: sum += v1(t - c1); if t - c2 in range: sum += v2(t - c2)
           y_b[t] += sum
    for i: ...   (without these increments)

Every element is written by one iteration, without atomics, copies or colors, at the price of computing the
values once per target (Hückelheim et al., *Automatic differentiation for adjoint stencil loops*, ICPP 2019).
The gather runs first: it reads adjoints that the rest of the kernel may reset.
"""

from __future__ import annotations

from dataclasses import replace

from transform.adjoint.scope import reads_of_own_writes
from transform.analysis.access import Access, Footprints
from transform.ir.build import TEMPORARY, Builder, Fresh, element, scalar
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Accumulate,
    Apply,
    Atom,
    Block,
    Const,
    How,
    If,
    Increment,
    Launch,
    Merge,
    Range,
    Return,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import BOOL, Array
from transform.ir.walk import map_blocks, substitute, walk
from transform.strategies.base import reads


def why_not(launch: Launch, view: Symbol) -> str | None:
    """The reason why the loop cannot be transposed for ``view``: dimension ``d`` of the View must be indexed
    by one parallel index plus a constant."""
    sites = _sites(launch, view)
    if any(s is None for s in sites):
        return "an increment is inside a loop or branch of the kernel"
    accesses = [a for a in Footprints(launch).accesses if a.view == view and a.kind == "increment"]
    if not accesses or any(_offsets(a, len(launch.ranges)) is None for a in accesses):
        return "its index is not one parallel index plus a constant in every dimension"
    if len({_dimensions(a) for a in accesses}) > 1:
        return "the parallel indices stand in different dimensions"
    if reads(launch, view):
        return "the kernel reads these adjoints too"
    own = reads_of_own_writes(launch)
    for site in sites:
        if site is not None and any(id(s) in own for s in walk(_slice(launch, site.value))):
            return "the increments depend on what the same iteration has written"
    return None


def transposed(launch: Launch, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
    """Gathers for ``views``, then what is left of the kernel."""
    gathers = (s for view in views for s in _gather(launch, view, fresh))
    return (*gathers, *_without(launch, views))


def _sites(launch: Launch, view: Symbol) -> list[Accumulate | None]:
    """The increments of ``view``; None for one that is not at the top level of the body."""
    top = [s for s in launch.body.stmts if isinstance(s, Accumulate) and s.memory == view]
    everywhere = [s for s in walk(launch.body) if isinstance(s, Accumulate) and s.memory == view]
    return [*top, *([None] if len(everywhere) > len(top) else [])]


def _offsets(access: Access, rank: int) -> tuple[int, ...] | None:
    """By parallel index, the constant added to it; None where the index has another form."""
    offsets: dict[int, int] = {}
    for x in access.index:
        if len(x.terms) != 1:
            return None
        (term, coefficient) = x.terms[0]
        if term[0] != "index" or coefficient != 1 or not isinstance(term[1], int) or term[1] in offsets:
            return None
        offsets[term[1]] = x.constant
    return tuple(offsets[k] for k in range(rank)) if len(offsets) == rank else None


def _dimensions(access: Access) -> tuple[object, ...]:
    """Which parallel index stands in each dimension."""
    return tuple(x.terms[0][0][1] for x in access.index)


def _pure(block: Block) -> Block:
    """Without effects on Views and sums."""

    def keeps(s: Stmt) -> bool:
        match s:
            case Store(memory=m) | Increment(memory=m) | Accumulate(memory=m):
                return isinstance(m.type, Array)
            case _:
                return True

    return Block(tuple(map_blocks(s, _pure) for s in block.stmts if keeps(s)))


def _slice(launch: Launch, value: Atom) -> Block:
    """What the body does to compute ``value``; a trailing Return names it."""
    return remove_dead(Block((*_pure(launch.body).stmts, Return(value))))


def _gather(launch: Launch, view: Symbol, fresh: Fresh) -> tuple[Stmt, ...]:
    """The bounds of the targets, and launches over them: the core, where every increment has its iteration,
    and the slabs around it, where some have none."""
    sites = [s for s in _sites(launch, view) if s is not None]
    accesses = [a for a in Footprints(launch).accesses if a.view == view and a.kind == "increment"]
    offsets = [o for a in accesses if (o := _offsets(a, len(launch.ranges))) is not None]
    where = _dimensions(accesses[0])
    b = Builder(fresh)
    b.loc = launch.loc
    with b.block() as head:
        thirds = [_thirds(r, [o[k] for o in offsets], b) for k, r in enumerate(launch.ranges)]
    regions = [([core for _, core, _, _ in thirds], False)]
    for k, (low, _, high, _) in enumerate(thirds):
        for slab in (low, high):
            if slab is not None:
                inner = [core for _, core, _, _ in thirds[:k]]
                regions.append(([*inner, slab, *(whole for *_, whole in thirds[k + 1 :])], True))
    launches: list[Stmt] = []
    for bounds, guarded in regions:
        targets = tuple(
            Range(fresh.like(r.index), lo, hi) for r, (lo, hi) in zip(launch.ranges, bounds, strict=True)
        )
        with b.block() as body:
            total: Atom = Const(0.0, element(view))
            for site, offset in zip(sites, offsets, strict=True):
                total = b.add(total, _contribution(launch, site, offset, guarded, targets, b))
            at = tuple(targets[int(str(k))].index for k in where)
            b.add_stmt(Increment(view, at, total, How.PLAIN, launch.loc))
        block = remove_dead(simplify(Block(tuple(body)), fresh))
        label = f"{launch.label}, gathered{' at the boundary' if guarded else ''}"
        launches.append(Launch(label, launch.space, targets, block, (), loc=launch.loc))
    return (*head, *launches)


Bounds = tuple[Atom, Atom]


def _thirds(r: Range, offsets: list[int], b: Builder) -> tuple[Bounds | None, Bounds, Bounds | None, Bounds]:
    """Everything that ``index + offset`` reaches, in three parts: low slab, core, high slab; and the whole.
    All are empty where the range is."""
    least, most = min(offsets), max(offsets)
    first = b.add(r.lo, b.const(least, r.lo))
    wraps = scalar(r.index).name.startswith("unsigned")
    if least == most and (least >= 0 or not wraps):
        whole = (first, b.add(r.hi, b.const(most, r.hi)))
        return None, whole, None, whole
    runs = b.compare("lt", r.lo, r.hi)
    last = b.select(runs, b.add(r.hi, b.const(most, r.hi)), first)
    if least == most:
        return None, (first, last), None, (first, last)
    begin = b.select(runs, b.add(r.lo, b.const(most, r.lo)), first)
    end = b.add(r.hi, b.const(least, r.hi))
    more = b.compare("gt", end, begin)
    if wraps:  # an unsigned end of an empty range may lie below the least offset
        more = b.let(Apply("and", (runs, more)), BOOL)
    end = b.select(more, end, begin)
    return (first, begin), (begin, end), (end, last), (first, last)


def _contribution(
    launch: Launch,
    site: Accumulate,
    offset: tuple[int, ...],
    guarded: bool,
    targets: tuple[Range, ...],
    b: Builder,
) -> Atom:
    """What the iteration that reaches the target through ``site`` adds to it; if ``guarded``, 0 where none
    does."""
    source: dict[Symbol, Atom] = {}
    inside: Atom | None = None
    for k, r in enumerate(launch.ranges):
        shift, here = offset[k], targets[k].index
        i = b.sub(here, b.const(shift, here)) if shift > 0 else b.add(here, b.const(-shift, here))
        source[r.index] = i
        if guarded:
            for test in (b.compare("ge", i, r.lo), b.compare("lt", i, r.hi)):
                inside = test if inside is None else b.let(Apply("and", (inside, test)), BOOL)
    copy, _ = renamed(_slice(launch, site.value), b.fresh)
    *stmts, last = substitute(copy, source).stmts
    assert isinstance(last, Return)
    if inside is None:
        for s in stmts:
            b.add_stmt(s)
        return last.value
    result = (
        b.fresh.like(site.value)
        if isinstance(site.value, Symbol)
        else b.fresh.symbol(TEMPORARY, site.value.type)
    )
    nothing = Const(0.0, scalar(last.value))
    b.add_stmt(If(inside, Block(tuple(stmts)), Block(()), (Merge(result, last.value, nothing),), site.loc))
    return result


def _without(launch: Launch, views: list[Symbol]) -> tuple[Stmt, ...]:
    """What is left of the kernel; nothing if the increments were all it did."""

    def strip(block: Block) -> Block:
        kept = (s for s in block.stmts if not (isinstance(s, Accumulate) and s.memory in views))
        return Block(tuple(map_blocks(s, strip) for s in kept))

    read = [name for r in launch.reductions for name in r.results]
    return remove_dead(Block((replace(launch, body=strip(launch.body)),)), read).stmts
