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

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from transform.adjoint.scope import reads_of_own_writes
from transform.analysis.access import Access, Footprints
from transform.ir.build import TEMPORARY, Builder, Fresh, element, scalar, zero
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Accumulate,
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
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
from transform.ir.walk import defines, loaded, map_blocks, substitute, walk, written
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


def transposed(launch: Launch, views: list[Symbol], rows: bool, fresh: Fresh) -> tuple[Stmt, ...]:
    """Gathers for ``views``, with what is left of the kernel or before it. ``rows``: as loops over rows,
    which treat their edges apart; else each target finds out whether it lies at an edge."""
    rest = _without(launch, views)
    match rest:
        case (Launch() as along,) if len(views) == 1 and _joins(launch, views[0], along):
            return _gather(launch, views[0], along, rows, fresh)
    gathers = (s for view in views for s in _gather(launch, view, None, rows, fresh))
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


def _gather(launch: Launch, view: Symbol, rest: Launch | None, rows: bool, fresh: Fresh) -> tuple[Stmt, ...]:
    """The bounds of the targets, and a launch over them. In the core every increment has its iteration; at
    the edges around it some have none. ``rest`` runs along."""
    b = Builder(fresh)
    b.loc = launch.loc
    gather = _Gather(launch, view, rest, b)
    offsets = gather.offsets
    with b.block() as head:
        axes = [_axis(r, [o[k] for o in offsets], b) for k, r in enumerate(launch.ranges)]
        blocks = _blocks(axes[0].whole, b) if rows and len(axes) == 1 and axes[0].edges else None
    indices = [fresh.like(r.index) for r in launch.ranges]
    ranges = tuple(Range(i, *axis.whole) for i, axis in zip(indices, axes, strict=True))
    with b.block() as body:
        if not any(axis.edges for axis in axes):
            gather.target(indices, False)
        elif not rows:
            inside = _within([(i, axis.core) for i, axis in zip(indices, axes, strict=True) if axis.edges], b)
            with b.block() as core:
                gather.target(indices, False)
            with b.block() as edge:
                gather.target(indices, True)
            b.add_stmt(If(inside, Block(tuple(core)), Block(tuple(edge)), (), launch.loc))
        elif blocks is not None:
            block = fresh.like(indices[0], "block")
            ranges = (Range(block, zero(scalar(block)), blocks),)
            _row(gather, (), _block(block, axes[0], b), b)
        else:
            ranges = ranges[:1]
            _rows(gather, indices[:1], axes, b)
    whole = Launch(
        f"{launch.label}, gathered",
        launch.space,
        ranges,
        simplify(Block(tuple(body)), fresh),
        () if rest is None else rest.reductions,
        loc=launch.loc,
    )
    results = [name for r in whole.reductions for name in r.results]
    return (*head, *remove_dead(Block((whole,)), results).stmts)


def _rows(gather: _Gather, outer: list[Symbol], axes: list[_Axis], b: Builder) -> None:
    """Loops over the ranges that ``outer`` does not fix, of which the last is a row."""
    here = len(outer)
    axis = axes[here]
    if here + 1 < len(axes):
        index = b.fresh.like(gather.launch.ranges[here].index)
        with b.block() as body:
            _rows(gather, [*outer, index], axes, b)
        b.add_stmt(For(index, *axis.whole, 1, False, (), Block(tuple(body)), gather.launch.loc))
        return
    known = [(i, a.core) for i, a in zip(outer, axes, strict=False) if a.edges]
    if known:  # a row at the edge has no core
        inside = b.named("inside", _within(known, b))
        begin, end = (
            b.named(name, b.select(inside, x, axis.whole[1]))
            for name, x in zip(("begin", "end"), axis.core, strict=True)
        )
        axis = replace(axis, core=(begin, end))
    _row(gather, tuple(outer), axis, b)


def _row(gather: _Gather, outer: tuple[Symbol, ...], axis: _Axis, b: Builder) -> None:
    """A loop over the core of a row, and one over what lies before and after it."""
    fresh, loc = b.fresh, gather.launch.loc
    (begin, end), (first, last) = axis.core, axis.whole
    index = fresh.like(gather.launch.ranges[-1].index)
    with b.block() as core:
        gather.target([*outer, index], False)
    b.add_stmt(For(index, begin, end, 1, False, (), Block(tuple(core)), loc))
    length = b.named("length", b.sub(end, begin))
    edge = fresh.like(index, "edge")
    with b.block() as edges:
        after = b.compare("ge", edge, begin)
        index = fresh.like(index)
        b.add_stmt(Let(index, Apply("select", (after, b.add(edge, length), edge)), loc))
        gather.target([*outer, index], True)
    b.add_stmt(For(edge, first, b.sub(last, length), 1, False, (), Block(tuple(edges)), loc))


BLOCK = 1024
"""Targets of a block where there is but one range: long runs for vectors, enough of them for all threads."""


def _blocks(whole: Bounds, b: Builder) -> Atom:
    """How many blocks there are."""
    first, last = whole
    one, size = b.const(1, first), b.const(BLOCK, first)
    count = b.add(b.apply("div", b.sub(b.sub(last, first), one), size), one)
    return b.select(b.compare("lt", first, last), count, b.const(0, first))


def _block(block: Symbol, axis: _Axis, b: Builder) -> _Axis:
    """The part of the axis in a block."""
    (begin, end), (first, last) = axis.core, axis.whole
    size = b.const(BLOCK, first)
    lo = b.named("first", b.add(first, b.mul(block, size)))
    hi = b.named("last", b.select(b.compare("gt", b.sub(last, lo), size), b.add(lo, size), last))
    begin, end = b.named("begin", _clamped(begin, lo, hi, b)), b.named("end", _clamped(end, lo, hi, b))
    return replace(axis, whole=(lo, hi), core=(begin, end))


def _clamped(x: Atom, lo: Atom, hi: Atom, b: Builder) -> Atom:
    x = b.select(b.compare("gt", x, lo), x, lo)
    return b.select(b.compare("lt", x, hi), x, hi)


class _Gather:
    """Builds what is added to a target."""

    def __init__(self, launch: Launch, view: Symbol, rest: Launch | None, b: Builder) -> None:
        accesses = _increments(launch, view)
        self.launch = launch
        self.view = view
        self.rest = rest
        self.b = b
        self.sites = [s for s in _sites(launch, view) if s is not None]
        self.offsets = [o for a in accesses if (o := _offsets(a, len(launch.ranges))) is not None]
        self.where = [int(str(k)) for k in _dimensions(accesses[0])]

    def target(self, at: Sequence[Symbol], guarded: bool) -> None:
        """The sum of the target at ``at``; if ``guarded``, of those contributions that there are."""
        b, launch = self.b, self.launch
        b.loc = launch.loc
        total: Atom = Const(0.0, element(self.view))
        if guarded:
            for site, offset in zip(self.sites, self.offsets, strict=True):
                total = b.add(total, _contribution(launch, site.value, offset, True, at, b))
        else:
            for (value, factors), offsets in self._shared().items():
                part: Atom = Const(0.0, element(self.view))
                for offset in offsets:
                    part = b.add(part, _contribution(launch, value, offset, False, at, b))
                total = b.add(total, _multiplied(part, factors, b))
        b.add_stmt(Increment(self.view, tuple(at[k] for k in self.where), total, How.PLAIN, launch.loc))
        if self.rest is not None:
            _along(launch, self.rest, guarded, at, b)

    def _shared(self) -> dict[tuple[Atom, tuple[Atom, ...]], list[tuple[int, ...]]]:
        """Offsets by what contributes there: a value, and factors that it has in common with the others, to
        be multiplied with their sum once."""
        found: dict[tuple[Atom, tuple[Atom, ...]], list[tuple[int, ...]]] = {}
        alone = Counter(site.value for site in self.sites)
        for site, offset in zip(self.sites, self.offsets, strict=True):
            parts = _peeled(self.launch, site.value) if alone[site.value] > 1 else (site.value, ())
            found.setdefault(parts, []).append(offset)
        return found


def _peeled(launch: Launch, value: Atom) -> tuple[Atom, tuple[Atom, ...]]:
    """``value`` as a product of a value of the iteration and factors from outside (-1 for a negation)."""
    ops = {s.target: s.op for s in launch.body.stmts if isinstance(s, Let)}
    own = {*(r.index for r in launch.ranges), *(name for s in walk(launch.body) for name in defines(s))}
    factors: list[Atom] = []
    while isinstance(value, Symbol):
        match ops.get(value):
            case Apply(fn="copy", args=(a,)):
                value = a
            case Apply(fn="neg", args=(a,)):
                factors.append(Const(-1.0, scalar(a)))
                value = a
            case Apply(fn="mul", args=args) if len(own.intersection(args)) == 1:
                value, factor = args if args[0] in own else args[::-1]
                factors.append(factor)
            case _:
                break
    return value, tuple(reversed(factors))


def _multiplied(value: Atom, factors: Sequence[Atom], b: Builder) -> Atom:
    """The factors are multiplied with each other first: compilers do that outside of loops."""
    product: Atom = Const(1.0, scalar(value))
    for x in factors:
        product = b.mul(product, x)
    return b.mul(product, value)


def _along(launch: Launch, rest: Launch, guarded: bool, at: Sequence[Symbol], b: Builder) -> None:
    """The iteration of ``rest`` that has the target's number; if ``guarded``, only where there is one."""
    copy, _ = renamed(rest.body, b.fresh)
    names: dict[Symbol, Atom] = {r.index: i for r, i in zip(launch.ranges, at, strict=True)}
    body = substitute(copy, names)
    if not guarded:
        for s in body.stmts:
            b.add_stmt(s)
        return
    b.add_stmt(If(_inside(launch, at, b), body, Block(()), (), launch.loc))


def _inside(launch: Launch, at: Sequence[Atom], b: Builder) -> Atom:
    """Whether there is an iteration with these indices."""
    return _within([(i, (r.lo, r.hi)) for i, r in zip(at, launch.ranges, strict=True)], b)


Bounds = tuple[Atom, Atom]


def _within(parts: Sequence[tuple[Atom, Bounds]], b: Builder) -> Atom:
    """Whether each index is within its bounds."""
    tests = [test for i, (lo, hi) in parts for test in (b.compare("ge", i, lo), b.compare("lt", i, hi))]
    result = tests[0]
    for test in tests[1:]:
        result = b.let(Apply("and", (result, test)), BOOL)
    return result


@dataclass(frozen=True)
class _Axis:
    """What ``index + offset`` reaches in one dimension, and the part of it in which every offset has an
    index. ``edges``: whether something may lie outside of that part. Both are empty where the range is."""

    whole: Bounds
    core: Bounds
    edges: bool


def _axis(r: Range, offsets: list[int], b: Builder) -> _Axis:
    least, most = min(offsets), max(offsets)
    first = b.add(r.lo, b.const(least, r.lo))
    wraps = scalar(r.index).name.startswith("unsigned")
    if least == most and (least >= 0 or not wraps):
        whole = (first, b.add(r.hi, b.const(most, r.hi)))
        return _Axis(whole, whole, False)
    runs = b.compare("lt", r.lo, r.hi)
    last = b.select(runs, b.add(r.hi, b.const(most, r.hi)), first)
    if least == most:
        return _Axis((first, last), (first, last), False)
    begin = b.select(runs, b.add(r.lo, b.const(most, r.lo)), first)
    end = b.add(r.hi, b.const(least, r.hi))
    more = b.compare("gt", end, begin)
    if wraps:  # an unsigned end of an empty range may lie below the least offset
        more = b.let(Apply("and", (runs, more)), BOOL)
    return _Axis((first, last), (begin, b.select(more, end, begin)), True)


def _contribution(
    launch: Launch, value: Atom, offset: tuple[int, ...], guarded: bool, at: Sequence[Symbol], b: Builder
) -> Atom:
    """``value`` in the iteration that reaches the target by ``offset``; if ``guarded``, 0 where none does."""
    source: dict[Symbol, Atom] = {}
    for k, r in enumerate(launch.ranges):
        shift, here = offset[k], at[k]
        i = b.sub(here, b.const(shift, here)) if shift > 0 else b.add(here, b.const(-shift, here))
        source[r.index] = i
    inside = _inside(launch, list(source.values()), b) if guarded else None
    copy, _ = renamed(_slice(launch, value), b.fresh)
    *stmts, last = substitute(copy, source).stmts
    assert isinstance(last, Return)
    if inside is None:
        for s in stmts:
            b.add_stmt(s)
        return last.value
    result = b.fresh.like(value) if isinstance(value, Symbol) else b.fresh.symbol(TEMPORARY, value.type)
    nothing = Const(0.0, scalar(last.value))
    b.add_stmt(If(inside, Block(tuple(stmts)), Block(()), (Merge(result, last.value, nothing),), launch.loc))
    return result


def _without(launch: Launch, views: list[Symbol]) -> tuple[Stmt, ...]:
    """What is left of the kernel; nothing if the increments were all it did."""

    def strip(block: Block) -> Block:
        kept = (s for s in block.stmts if not (isinstance(s, Accumulate) and s.memory in views))
        return Block(tuple(map_blocks(s, strip) for s in kept))

    read = [name for r in launch.reductions for name in r.results]
    return remove_dead(Block((replace(launch, body=strip(launch.body)),)), read).stmts
