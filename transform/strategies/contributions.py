"""Contributions that iterations store, to be added up by target afterwards.

IR before -> after::

    for i: ...; accumulate v_b[idx(i, k)] += a(i, k)
    for i: ...; contributions[slot(i, k)] = a(i, k)
    for t: sum = 0; for e in starts(t) .. starts(t + 1): sum += contributions[entries(e)]
           v_b[t] += sum

``Invert`` makes ``starts`` and ``entries`` from the target of every slot. Every element is written by one
iteration and its contributions are added in the order of the primal's iterations: the result is bitwise the
same for any number of threads.

Increments of one element are combined first. Views that an iteration updates at the same leading indices
share the slots: a slot is then a record of several values, ``width`` of them. ``aligned`` records have gaps,
so that none lies in two cache lines: a target picks its records from anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from transform.ir.build import Builder, Fresh, element
from transform.ir.build import view as view_type
from transform.ir.liveness import remove_dead
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Atom,
    Block,
    Carried,
    Const,
    Declare,
    DeepCopy,
    Extent,
    For,
    How,
    If,
    Increment,
    Invert,
    Launch,
    Let,
    Load,
    PrefixSum,
    Range,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.numbering import Numbering, numbering
from transform.ir.rename import renamed
from transform.ir.simplify import simplify
from transform.ir.types import DEFAULT_SPACE, LONG, SIZE, UNSIGNED, Array, Scalar, View
from transform.ir.walk import binds, defines, loaded, map_blocks, uses, walk, without_effects, written

NOWHERE = 2**32 - 1
"""The key of a slot that no iteration fills."""

Index = tuple[Atom, ...]


@dataclass(frozen=True)
class Group:
    """Views whose contributions share slots, and the slots of an iteration.

    ``depth`` leading indices make a target; ``components``: which value of a record goes where at a target.
    ``sites``: the leading indices of each slot, for increments that every iteration makes; None where an
    iteration makes them in loops (``counted``) or branches, with a slot for each increment.
    """

    depth: int
    components: tuple[tuple[Symbol, Index], ...]
    sites: tuple[Index, ...] | None
    counted: bool
    slots: int

    @property
    def views(self) -> list[Symbol]:
        return list(dict.fromkeys(view for view, _ in self.components))

    @property
    def width(self) -> int:
        return len(self.components)

    def stride(self, aligned: bool) -> int:
        """Values from one record to the next. ``aligned``: a power of two, up to a cache line of doubles."""
        return 1 << (self.width - 1).bit_length() if aligned and self.width <= 8 else self.width


def groups(body: Block, views: Sequence[Symbol]) -> list[Group]:
    """How the open increments of ``views`` in a kernel's body are laid out."""
    found: list[Group] = []
    for view in views:
        rank = view_type(view).rank
        every = [s for s in walk(body) if isinstance(s, Accumulate) and s.memory == view]
        top = [s for s in body.stmts if isinstance(s, Accumulate) and s.memory == view]
        if len(top) < len(every):
            inside = {id(x) for s in walk(body) if isinstance(s, For) for x in walk(s.body)}
            counted = any(id(s) in inside for s in every)
            found.append(Group(rank, ((view, ()),), None, counted, len(every)))
            continue
        depth = max(
            (d + 1 for s in top for d, i in enumerate(s.index) if isinstance(i, Symbol)), default=rank
        )
        sites = tuple(dict.fromkeys(s.index[:depth] for s in top))
        trailing = sorted(
            {s.index[depth:] for s in top}, key=lambda i: [int(x.value) for x in i if isinstance(x, Const)]
        )
        parts = tuple((view, index) for index in trailing)
        for k, other in enumerate(found):
            same = other.depth == depth == 1 and other.sites is not None and set(other.sites) == set(sites)
            if same and element(other.components[0][0]) == element(view):
                found[k] = replace(other, components=(*other.components, *parts))
                break
        else:
            found.append(Group(depth, parts, sites, False, len(sites)))
    return found


def stored(
    launch: Launch, views: Sequence[Symbol], fresh: Fresh, *, cached: bool, aligned: bool = False
) -> tuple[Stmt, ...]:
    """``launch`` with contributions of ``views`` stored, and launches that add them up. ``cached``: where
    they belong is found once and again when index arrays change, else by ``launch`` itself every time."""
    b = Builder(fresh)
    b.loc = launch.loc
    tails: list[Stmt] = []
    with b.block() as head:
        numbers = numbering(launch.ranges, b)
        iterations = _iterations(launch, numbers, b)
        for group in groups(launch.body, views):
            layout = _Layout(group, aligned, launch, numbers, iterations, fresh, b)
            launch, tail = layout.close(launch, cached)
            tails += tail
    return (*head, launch, *tails)


def inspector(launch: Launch, views: Sequence[Symbol], fresh: Fresh) -> Block:
    """What an iteration computes to know the targets of its contributions to ``views``, which it marks by
    plain stores."""
    marks = {v: fresh.symbol(f"{v.name}_key", replace(view_type(v), element=UNSIGNED)) for v in views}

    def rewrite(s: Stmt) -> Stmt:
        if isinstance(s, Accumulate) and s.memory in marks:
            return Store(marks[s.memory], s.index, Const(0, UNSIGNED), s.loc)
        return map_blocks(s, lambda b: Block(tuple(rewrite(x) for x in b.stmts)))

    body = Block(tuple(rewrite(s) for s in launch.body.stmts))
    return remove_dead(without_effects(body, set(marks.values())))


def _list_of(type_: Scalar, space: str) -> View:
    where = "" if space == DEFAULT_SPACE else f", {space}"
    return View(type_, (None,), False, f"Kokkos::View<{type_.name}*{where}>")


def _extent(view: Symbol, dim: int, b: Builder) -> Atom:
    fixed = view_type(view).static_extents[dim]
    return b.cast(b.let(Extent(view, dim), SIZE), LONG) if fixed is None else Const(fixed, LONG)


def _iterations(launch: Launch, numbers: Numbering, b: Builder) -> Atom:
    """How many iterations are numbered."""
    lo, _, inner = numbers.steps[0]
    length = b.sub(b.cast(launch.ranges[0].hi, LONG), lo)
    length = b.select(b.compare("gt", length, Const(0, LONG)), length, Const(0, LONG))
    return b.mul(length, inner)


class _Layout:
    """Closes the increments of one group. ``b`` builds on the host, before the kernel."""

    def __init__(
        self,
        group: Group,
        aligned: bool,
        launch: Launch,
        numbers: Numbering,
        iterations: Atom,
        fresh: Fresh,
        b: Builder,
    ) -> None:
        self.group = group
        self.stride = group.stride(aligned)
        self.numbers = numbers
        self.iterations = iterations
        self.fresh = fresh
        self.b = b
        self.space = launch.space
        self.loc = launch.loc
        numbers_, places = (_list_of(type_, launch.space) for type_ in (UNSIGNED, LONG))
        self.keys = fresh.symbol("keys", numbers_)
        self.starts = fresh.symbol("starts", numbers_)
        self.entries = fresh.symbol("entries", numbers_)
        values = _list_of(element(group.views[0]), launch.space)
        self.contributions = fresh.symbol("contributions", values)
        self.first = fresh.symbol("first_slot", places)
        self.counter = fresh.symbol("slot", Array(LONG, (1,)))
        self.extents = {v: [_extent(v, d, b) for d in range(group.depth)] for v in group.views}

    def close(self, launch: Launch, cached: bool) -> tuple[Launch, list[Stmt]]:
        """``launch`` without open increments of the group, and what comes after it. What comes before it is
        built with ``b``."""
        b, group = self.b, self.group
        main = _tidy(replace(launch, body=self._body(launch.body, keys=not cached, values=True)))
        fill = self._alone(launch, self._body(launch.body, keys=True, values=False), self.keys, "targets")
        targets = self._targets()
        total = self.fresh.symbol("slots", LONG)
        slots = total if group.counted else b.mul(self.iterations, Const(group.slots, LONG))
        with b.block() as before:
            if group.counted:
                count = self._alone(launch, self._counting(launch.body), self.first, "contributions")
                b.add_stmt(DeepCopy(self.first, Const(0, LONG), self.loc))
                b.add_stmt(count)
                b.add_stmt(PrefixSum(self.first, Const(0, LONG), total, False, self.loc))
            b.add_stmt(Allocate(self.keys, (slots,), self.loc, zeroed=False))
            if not group.counted and (group.sites is None or len(launch.ranges) > 1):
                b.add_stmt(DeepCopy(self.keys, Const(NOWHERE, UNSIGNED), self.loc))
        if group.counted:
            b.add_stmt(Allocate(self.first, (self.iterations,), self.loc, zeroed=False))
        tail: list[Stmt] = []
        if cached:
            find = Block((*before, fill))
            watched = watch(find, b)
            b.add_stmt(
                Invert(self.starts, self.entries, self.keys, targets, watched, find, self.space, self.loc)
            )
            if group.counted:
                slots = b.cast(b.let(Extent(self.entries, 0), SIZE), LONG)
        else:
            for s in before:
                b.add_stmt(s)
            tail.append(
                Invert(self.starts, self.entries, self.keys, targets, None, Block(()), self.space, self.loc)
            )
        length = b.mul(slots, Const(self.stride, LONG))
        b.add_stmt(Allocate(self.contributions, (length,), self.loc, zeroed=False))
        return main, [*tail, *self._gather(launch.label, targets)]

    # ---- iterations ----

    def _body(self, body: Block, *, keys: bool, values: bool) -> Block:
        """The kernel's body with stores of keys, contributions or both instead of increments."""
        if self.group.sites is not None:
            return self._straight(body, self.group.sites, keys, values)
        b = Builder(self.fresh)
        with b.block() as head:
            if self.group.counted:
                b.add_stmt(Declare(self.counter, False, self.loc))
                mine = b.let(Load(self.first, (self.numbers.number(b),)), LONG)
                b.add_stmt(Store(self.counter, (Const(0, LONG),), mine, self.loc))
                base: Atom = Const(0, LONG)
            else:
                base = b.mul(self.numbers.number(b), Const(self.group.slots, LONG))
        position = 0

        def rewrite(block: Block) -> Block:
            nonlocal position
            with b.block() as out:
                for s in block.stmts:
                    if not isinstance(s, Accumulate) or s.memory not in self.group.views:
                        b.add_stmt(
                            _serial(map_blocks(s, rewrite)) if self.group.counted else map_blocks(s, rewrite)
                        )
                        continue
                    b.loc = s.loc
                    if self.group.counted:
                        at: Atom = b.let(Load(self.counter, (Const(0, LONG),)), LONG)
                        b.add_stmt(Store(self.counter, (Const(0, LONG),), b.add(at, Const(1, LONG)), s.loc))
                    else:
                        at = b.add(base, Const(position, LONG))
                        position += 1
                    if keys:
                        b.add_stmt(Store(self.keys, (at,), self._key(s.memory, s.index, b), s.loc))
                    if values:
                        b.add_stmt(Store(self.contributions, (at,), s.value, s.loc))
            return Block(tuple(out))

        return Block((*head, *rewrite(body).stmts))

    def _straight(self, body: Block, sites: tuple[Index, ...], keys: bool, values: bool) -> Block:
        """Increments of one element are added first; the records are stored last."""
        group, depth = self.group, self.group.depth
        b = Builder(self.fresh)
        sums: dict[tuple[Index, Symbol, Index], Atom] = {}
        with b.block() as out:
            for s in body.stmts:
                b.loc = s.loc
                if not isinstance(s, Accumulate) or s.memory not in group.views:
                    b.add_stmt(s)
                elif values:
                    place = (s.index[:depth], s.memory, s.index[depth:])
                    sums[place] = b.add(sums[place], s.value) if place in sums else s.value
            b.loc = self.loc
            record = b.mul(self.numbers.number(b), Const(group.slots * self.stride, LONG))
            if keys:
                slot = b.mul(self.numbers.number(b), Const(group.slots, LONG))
            for k, site in enumerate(sites):
                if keys:
                    key = self._key(group.views[0], site, b)
                    b.add_stmt(Store(self.keys, (b.add(slot, Const(k, LONG)),), key, self.loc))
                for c, (view, index) in enumerate(group.components):
                    if values:
                        value = sums.get((site, view, index), Const(0.0, element(view)))
                        at = b.add(record, Const(k * self.stride + c, LONG))
                        b.add_stmt(Store(self.contributions, (at,), value, self.loc))
        return Block(tuple(out))

    def _counting(self, body: Block) -> Block:
        """The kernel's body made to count its contributions."""
        b = Builder(self.fresh)
        zero = (Const(0, LONG),)

        def rewrite(s: Stmt) -> tuple[Stmt, ...]:
            if isinstance(s, Accumulate) and s.memory in self.group.views:
                return (Increment(self.counter, zero, Const(1, LONG), How.PLAIN, s.loc),)
            return (
                _serial(
                    map_blocks(s, lambda inner: Block(tuple(y for x in inner.stmts for y in rewrite(x))))
                ),
            )

        stmts = [x for s in body.stmts for x in rewrite(s)]
        with b.block() as tail:
            total = b.let(Load(self.counter, zero), LONG)
            b.add_stmt(Store(self.first, (self.numbers.number(b),), total, self.loc))
        return Block((Declare(self.counter, True, self.loc), *stmts, *tail))

    def _alone(self, launch: Launch, body: Block, kept: Symbol, what: str) -> Launch:
        """A kernel that only does what fills ``kept``."""
        label = f"{launch.label}, {what}" if launch.label else what
        body = remove_dead(without_effects(body, {kept}))
        bare = Launch(label, launch.space, launch.ranges, body, (), loc=self.loc)
        (copy,) = renamed(Block((bare,)), self.fresh)[0].stmts
        assert isinstance(copy, Launch)
        return replace(copy, body=remove_dead(simplify(copy.body, self.fresh)))

    # ---- targets ----

    def _targets(self) -> Atom:
        """How many targets there are; of several Views, in the longest one."""
        b = self.b
        most: Atom | None = None
        for view in self.group.views:
            number: Atom = Const(1, LONG)
            for extent in self.extents[view]:
                number = b.mul(number, extent)
            most = number if most is None else b.select(b.compare("gt", number, most), number, most)
        assert most is not None
        return most

    def _key(self, view: Symbol, index: Index, b: Builder) -> Atom:
        """The number of a target, row-major."""
        return b.cast(index[0] if len(index) == 1 else self._position(view, index, b), UNSIGNED)

    def _position(self, view: Symbol, index: Index, b: Builder) -> Atom:
        number: Atom = b.cast(index[0], LONG) if index else Const(0, LONG)
        for d, i in enumerate(index[1:], 1):
            number = b.add(b.mul(number, self.extents[view][d]), b.cast(i, LONG))
        return number

    def _gather(self, label: str, targets: Atom) -> list[Stmt]:
        """For each target the sum of its contributions."""
        group, b = self.group, self.b
        names = [
            self.fresh.symbol("target" if group.depth == 1 else f"target{d}", LONG)
            for d in range(group.depth)
        ]
        first = group.views[0]
        ends = [targets] if group.depth == 1 else self.extents[first]
        with b.block() as body:
            number = self._position(first, tuple(names), b)
            lo = b.let(Load(self.starts, (number,)), UNSIGNED)
            hi = b.let(Load(self.starts, (b.add(number, Const(1, LONG)),)), UNSIGNED)
            loop, sums = self._sum(lo, hi)
            b.add_stmt(loop)
            for view in group.views:
                with b.block() as adds:
                    for (owner, rest), total in zip(group.components, sums, strict=True):
                        if owner == view:
                            b.add_stmt(Increment(view, (*names, *rest), total, How.PLAIN, self.loc))
                if len(group.views) == 1:
                    for s in adds:
                        b.add_stmt(s)
                    continue
                inside = b.compare("lt", names[0], self.extents[view][0])
                b.add_stmt(If(inside, Block(tuple(adds)), Block(()), (), self.loc))
        ranges = tuple(Range(n, Const(0, LONG), end) for n, end in zip(names, ends, strict=True))
        label = f"{label}, gathered" if label else "gathered"
        return [Launch(label, self.space, ranges, Block(tuple(body)), (), loc=self.loc)]

    def _sum(self, lo: Atom, hi: Atom) -> tuple[For, list[Symbol]]:
        b = self.b
        type_ = element(self.contributions)
        entry = self.fresh.symbol("entry", UNSIGNED)
        carried: list[Carried] = []
        with b.block() as body:
            slot = b.cast(b.let(Load(self.entries, (entry,)), UNSIGNED), LONG)
            record = b.mul(slot, Const(self.stride, LONG))
            for c in range(self.group.width):
                inner, result = (self.fresh.symbol("sum", type_) for _ in range(2))
                part = b.let(Load(self.contributions, (b.add(record, Const(c, LONG)),)), type_)
                carried.append(Carried(inner, Const(0.0, type_), b.add(inner, part), result))
        loop = For(entry, lo, hi, 1, False, tuple(carried), Block(tuple(body)), self.loc)
        return loop, [c.result for c in carried]


def _tidy(launch: Launch) -> Launch:
    """``launch`` without what only the targets needed."""
    results = [name for r in launch.reductions for name in r.results]
    (tidied,) = remove_dead(Block((launch,)), results).stmts
    assert isinstance(tidied, Launch)
    return tidied


def _serial(s: Stmt) -> Stmt:
    """Slots are counted one after the other."""
    return replace(s, parallel=False) if isinstance(s, For) else s


def watch(body: Block, b: Builder, own: Iterable[Symbol] = ()) -> tuple[Symbol, ...]:
    """What the statements of ``body`` depend on, besides ``own``: Views that they load from and scalars.
    Extents of Views are scalars that ``b`` defines before."""
    own = {*own, *(name for s in walk(body) for name in (*defines(s), *binds(s)))}
    given = loaded(body) - written(body) - own
    views = [v for v in dict.fromkeys(u for s in walk(body) for u in uses(s)) if v in given]
    extents = dict.fromkeys(
        s.op for s in walk(body) if isinstance(s, Let) and isinstance(s.op, Extent) and s.op.view not in own
    )
    lengths = [b.let(op, SIZE, f"{op.view.name}_extent") for op in extents]
    scalars = dict.fromkeys(
        u for s in walk(body) for u in uses(s) if u not in own and isinstance(u.type, Scalar)
    )
    return (*views, *lengths, *scalars)
