"""Gather for affine stencils: the loop transposed over the targets.

IR before -> after::

    for i: ...; accumulate y_b[i + c1] += v1(i); accumulate y_b[i + c2] += v2(i)
    for t: sum = 0; if t - c1 in range: sum += v1(t - c1); if t - c2 in range: sum += v2(t - c2)
           y_b[t] += sum
    for i: ...   (without these increments)

Every element is written by one iteration, without atomics, copies or colors, at the price of computing the
values once per target (Hückelheim et al., *Automatic differentiation for adjoint stencil loops*, ICPP 2019).
What is left of the kernel runs in the same sweep, the iteration with the target of its own number; where it
changes what the gather reads (adjoints that it resets), it runs afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    Combiner,
    Const,
    How,
    If,
    Increment,
    Launch,
    Let,
    Merge,
    Range,
    Reduction,
    Return,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import BOOL, Array
from transform.ir.walk import loaded, map_blocks, substitute, walk, written
from transform.strategies.base import reads


def why_not(launch: Launch, view: Symbol) -> str | None:
    """The reason why the loop cannot be transposed for ``view``: dimension ``d`` of the View must be indexed
    by one parallel index plus a constant."""
    sites = _sites(launch, view)
    if any(s is None for s in sites):
        return "an increment is inside a loop or branch of the kernel"
    accesses = _increments(launch, view)
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
    """Gathers for ``views``, with what is left of the kernel or before it."""
    rest = _without(launch, views)
    match rest:
        case (Launch() as along,) if len(views) == 1 and _joins(launch, views[0], along):
            return _gather(launch, views[0], along, fresh)
    gathers = (s for view in views for s in _gather(launch, view, None, fresh))
    return (*gathers, *rest)


def _joins(launch: Launch, view: Symbol, rest: Launch) -> bool:
    """Whether the rest of the kernel can run in the sweep over the targets.

    Each of its iterations must be a target, and it must not change what the gather reads."""
    sums = all(r.combiner is Combiner.SUM and r.location is None for r in rest.reductions)
    if not sums or any(isinstance(s, Accumulate) for s in walk(rest.body)):
        return False
    offsets = [o for a in _increments(launch, view) if (o := _offsets(a, len(launch.ranges))) is not None]
    for o in zip(*offsets, strict=True):
        if not min(o) <= 0 <= max(o):
            return False
    slices = (_slice(launch, site.value) for site in _sites(launch, view) if site is not None)
    read = {m for block in slices for m in loaded(block)}
    return not (read | {view}) & written(rest.body)


def _increments(launch: Launch, view: Symbol) -> list[Access]:
    return [a for a in Footprints(launch).accesses if a.view == view and a.kind == "increment"]


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


def _gather(launch: Launch, view: Symbol, rest: Launch | None, fresh: Fresh) -> tuple[Stmt, ...]:
    """The bounds of the targets, and launches over them: the core, where every increment has its iteration,
    and the slabs around it, where some have none. ``rest`` runs along with them."""
    sites = [s for s in _sites(launch, view) if s is not None]
    accesses = _increments(launch, view)
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
    parts: list[list[Symbol]] = []  # of each reduction of the rest, by launch
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
            sums = _along(launch, rest, guarded, targets, b) if rest is not None else ()
        parts.append([r.result for r in sums])
        block = simplify(Block(tuple(body)), fresh)
        label = f"{launch.label}, gathered{' at the boundary' if guarded else ''}"
        region = Launch(label, launch.space, targets, block, sums, loc=launch.loc)
        launches += remove_dead(Block((region,)), parts[-1]).stmts
    with b.block() as tail:
        reductions = () if rest is None else rest.reductions
        for r, values in zip(reductions, zip(*parts, strict=True), strict=True):
            first, *others = values
            all_: Atom = first
            for value in others:
                all_ = b.add(all_, value)
            b.add_stmt(Let(r.result, Apply("copy", (all_,)), launch.loc))
    return (*head, *launches, *tail)


def _along(
    launch: Launch, rest: Launch, guarded: bool, targets: tuple[Range, ...], b: Builder
) -> tuple[Reduction, ...]:
    """The iteration of ``rest`` that has the target's number; if ``guarded``, only where there is one.

    Returns what it sums up."""
    sums = tuple(
        Reduction(b.fresh.like(r.accumulator), b.fresh.like(r.result, f"{r.result.name}_part"))
        for r in rest.reductions
    )
    names: dict[Symbol, Atom] = {
        r.accumulator: s.accumulator for r, s in zip(rest.reductions, sums, strict=True)
    }
    names |= {r.index: t.index for r, t in zip(launch.ranges, targets, strict=True)}
    copy, _ = renamed(rest.body, b.fresh)
    body = substitute(copy, names)
    if not guarded:
        for s in body.stmts:
            b.add_stmt(s)
        return sums
    b.add_stmt(If(_inside(launch, [t.index for t in targets], b), body, Block(()), (), launch.loc))
    return sums


def _inside(launch: Launch, at: Sequence[Atom], b: Builder) -> Atom:
    """Whether there is an iteration with these indices."""
    tests = [
        test
        for i, r in zip(at, launch.ranges, strict=True)
        for test in (b.compare("ge", i, r.lo), b.compare("lt", i, r.hi))
    ]
    result = tests[0]
    for test in tests[1:]:
        result = b.let(Apply("and", (result, test)), BOOL)
    return result


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
    for k, r in enumerate(launch.ranges):
        shift, here = offset[k], targets[k].index
        i = b.sub(here, b.const(shift, here)) if shift > 0 else b.add(here, b.const(-shift, here))
        source[r.index] = i
    inside = _inside(launch, list(source.values()), b) if guarded else None
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
