"""Reverse one kernel body: replay an iteration forward, then run it backwards.

The values of an iteration are recomputed from the memory that it read: every scope (the body, each loop
iteration, each branch) is replayed once before it is reversed, so that its scalars are plain SSA values.
Redundant replays vanish with dead code. (The scheme of Schenck, Rønning, Henriksen & Oancea, *AD for an
Array Language with Nested Parallelism*, SC 2022, section 4, here over mutable memory.)

Adjoint updates of Views are left open as ``Accumulate``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from transform.adjoint.lengths import Host, lengths
from transform.adjoint.record import Records
from transform.adjoint.replay import Replay
from transform.adjoint.scope import (
    defined,
    free,
    loop_free,
    reads_of_own_writes,
    trip_count,
)
from transform.adjoint.states import declare_array
from transform.adjoint.sweep import Adjoints, zero
from transform.analysis.activity import Activity
from transform.ir.build import Builder, block, element, is_const, scalar
from transform.ir.nodes import (
    Accumulate,
    Apply,
    Atom,
    Block,
    Carried,
    Const,
    Declare,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Merge,
    Range,
    Reduction,
    Store,
    Symbol,
)
from transform.ir.types import LONG, Accumulator, Array, Scalar, View
from transform.ir.walk import walk, written


@dataclass(frozen=True)
class ReversedKernel:
    """``launch`` runs the adjoint; ``scalars`` maps each captured active scalar to the host symbol that holds
    its contribution afterwards; ``origin`` maps replayed symbols to the primal symbols they copy; ``missing``
    are values that ``UNRECORDED`` stands for."""

    launch: Launch
    scalars: dict[Symbol, Symbol]
    origin: dict[Symbol, Symbol]
    missing: list[Symbol]


class KernelSweep(Replay):
    def __init__(
        self,
        builder: Builder,
        active: Activity,
        adjoint_of: Callable[[Symbol], Symbol | None],
        bars: dict[Symbol, Atom],
        effects: bool,
        records: Records,
        host: Host,
        changed: Collection[Symbol] | None,
    ) -> None:
        super().__init__(builder, active, records)
        self.host, self.changed = host, changed  # as in ``lengths``, where the adjoint is launched
        self.adjoint_of = adjoint_of  # View -> its adjoint View, None if it has none
        self.bars = bars  # accumulator -> adjoint of the reduction's result
        self.effects = effects  # keep the primal's writes: primal and adjoint in one sweep
        self.arrays: dict[Symbol, Symbol] = {}  # local array -> its adjoint array

    def run(self, launch: Launch, label: str) -> ReversedKernel:
        self.own_reads = reads_of_own_writes(launch)
        self.depth = len(launch.ranges)
        long = [x for x in walk(launch.body) if isinstance(x, For) and _hands_on(x)]
        self.lengths = lengths(self.b, launch, long, self.host, self.changed)
        ranges = tuple(Range(self.fresh(r.index), r.lo, r.hi) for r in launch.ranges)
        kept = launch.reductions if self.effects else ()
        with self.b.block() as stmts:
            self.forward(launch.body, set(), self.effects)
            adj = self.adjoints()
            self.reverse(launch.body, adj)
            captured = [s for s in free(launch.body) if s in adj.values]
            scalars: dict[Symbol, Symbol] = {}
            reductions = list(kept)
            for s in captured:
                bar = adj.get(s)
                if is_const(bar, 0):
                    continue
                accumulator = self.b.fresh.symbol(f"{s.name}_b_sum", Accumulator(scalar(s)))
                result = self.b.fresh.symbol(f"{s.name}_b_part", s.type)
                self.b.add_stmt(Increment(accumulator, (), bar, How.REDUCE))
                reductions.append(Reduction(accumulator, result))
                scalars[s] = result
        sums = tuple(reductions)
        reversed_ = Launch(
            label, launch.space, ranges, block(stmts), sums, loc=launch.loc, given=launch.given
        )
        return ReversedKernel(reversed_, scalars, self.origin, self.missing)

    # ---- reverse ----

    def reverse(self, body: Block, adj: Adjoints) -> None:
        self.meet(body)
        for s in body.stmts:
            if isinstance(s, Declare) and s.target in self.active:
                self.arrays[s.target] = self.b.fresh.symbol(f"{s.target.name}_b", s.target.type)
                declare_array(self.b, self.arrays[s.target], True, s.loc, s.target)
        for s in reversed(body.stmts):
            self.b.loc = s.loc
            match s:
                case Let(op=Apply() as op):
                    self.reverse_apply(s, op, adj)
                case Let(target=target, op=Load(memory=m, index=index)):
                    self._reverse_load(target, m, index, adj)
                case Let():
                    pass
                case Store(memory=m, index=index, value=v):
                    bar = self._adjoint_memory(m)
                    if bar is not None:
                        where = tuple(self.value(i) for i in index)
                        adj.add(v, self.b.let(Load(bar, where), element(bar)))
                        self.b.add_stmt(Store(bar, where, Const(0.0, element(bar)), s.loc))
                case Increment(memory=m, index=index, value=v):
                    self._reverse_increment(m, index, v, adj)
                case For():
                    self._reverse_for(s, adj)
                case If():
                    self._reverse_if(s, adj)
                case _:
                    pass
        self.b.loc = None

    def _adjoint_memory(self, m: Symbol) -> Symbol | None:
        return self.arrays.get(m) if isinstance(m.type, Array) else self.adjoint_of(m)

    def _reverse_load(self, target: Symbol, m: Symbol, index: tuple[Atom, ...], adj: Adjoints) -> None:
        value = adj.take(target)
        bar = self._adjoint_memory(m)
        if value is None or bar is None:
            return
        where = tuple(self.value(i) for i in index)
        if isinstance(m.type, Array):
            self.b.add_stmt(Increment(bar, where, value, How.PLAIN, self.b.loc))
        else:
            self.b.add_stmt(Accumulate(bar, where, value, self.b.loc))

    def _reverse_increment(self, m: Symbol, index: tuple[Atom, ...], v: Atom, adj: Adjoints) -> None:
        if isinstance(m.type, Accumulator):
            if m in self.bars:
                adj.add(v, self.bars[m])
            return
        bar = self._adjoint_memory(m)
        if bar is not None and isinstance(v, Symbol) and v in self.active:
            where = tuple(self.value(i) for i in index)
            adj.add(v, self.b.let(Load(bar, where), element(bar)))

    def _touches_adjoints(self, body: Block) -> bool:
        """Whether reversing ``body`` can have an effect on memory adjoints."""
        outside = free(body)
        return any(
            isinstance(s.type, View | Array | Accumulator)
            and (self._adjoint_memory(s) is not None or s in self.bars)
            for s in outside
        )

    def _reverse_for(self, loop: For, adj: Adjoints) -> None:
        outer = [s for s in loop_free(loop) if s in self.active and isinstance(s.type, Scalar)]
        carried = [c for c in loop.carried if c.inner in self.active]
        bars = {c.inner: adj.take(c.result) for c in carried}
        if not self._touches_adjoints(loop.body) and all(b is None for b in bars.values()):
            return
        fresh = self.b.fresh
        begun = len(self.begun)
        states = self.states(loop)
        inner_bar = {c.inner: fresh.symbol(f"{c.inner.name}_b", c.inner.type) for c in carried}
        outer_bar = {s: fresh.symbol(f"{s.name}_b", s.type) for s in outer}
        lo: Atom
        if states is None:
            index, lo, hi = self.fresh(loop.index), self.value(loop.lo), self.last_reached(loop)
        else:
            index, lo, hi = states.counter, Const(0, LONG), states.steps
        owned: set[Symbol] = set()
        with self.b.block() as body:
            if states is None:
                self.recall_carried(loop, lo, hi)
            else:
                top = self.restart(loop, states)
                owned.update(states.arrays)
            self.forward(loop.body, owned, False)
            inside = self.adjoints()
            inside.values.update(outer_bar)
            for c in carried:
                inside.add(c.next, inner_bar[c.inner])
            self.reverse(loop.body, inside)
            carried_next = [inside.get(c.inner) for c in carried]
            outer_next = [inside.get(s) for s in outer]
        accumulators = [
            Carried(inner_bar[c.inner], bars[c.inner] or zero(c.inner), n, fresh.like(inner_bar[c.inner]))
            for c, n in zip(carried, carried_next, strict=True)
        ]
        sums = {
            s: Carried(outer_bar[s], adj.get(s), n, fresh.like(outer_bar[s]))
            for s, n in zip(outer, outer_next, strict=True)
            if n != outer_bar[s]
        }
        if states is not None:
            accumulators.append(Carried(states.top, Const(0, LONG), top, fresh.like(states.top)))
        self.b.add_stmt(
            replace(
                loop,
                index=index,
                lo=lo,
                hi=hi,
                step=loop.step if states is None else 1,
                descending=states is not None or not loop.descending,
                carried=(*accumulators, *sums.values()),
                body=block(body),
                exit=None,
            )
        )
        while len(self.begun) > begun:
            array, before = self.begun.pop()
            if before is not None:
                self.map[array] = before
        for s, total in sums.items():
            adj.values[s] = total.result
        for c, k in zip(carried, accumulators, strict=False):
            adj.add(c.init, k.result)

    def _reverse_if(self, branch: If, adj: Adjoints) -> None:
        bars = [adj.take(m.result) for m in branch.merges]
        touches = self._touches_adjoints(branch.then) or self._touches_adjoints(branch.orelse)
        if not touches and all(b is None for b in bars):
            return
        cond = self.value(branch.cond)
        sides: list[tuple[Block, dict[Symbol, Atom]]] = []
        for body, pick in ((branch.then, "then"), (branch.orelse, "orelse")):
            inside_names = defined(body)
            with self.b.block() as stmts:
                self.forward(body, set(), False)
                inside = self.adjoints()
                for m, bar in zip(branch.merges, bars, strict=True):
                    inside.add(getattr(m, pick), bar)
                self.reverse(body, inside)
            sides.append((block(stmts), {s: v for s, v in inside.values.items() if s not in inside_names}))
        (then, then_adj), (orelse, else_adj) = sides
        merges: list[Merge] = []
        joined: dict[Symbol, Atom] = {}
        for s in dict.fromkeys((*then_adj, *else_adj)):
            t, e = then_adj.get(s, zero(s)), else_adj.get(s, zero(s))
            if is_const(t, 0) and is_const(e, 0):
                continue
            merges.append(Merge(self.b.fresh.symbol(f"{s.name}_b", s.type), t, e))
            joined[s] = merges[-1].result
        self.b.add_stmt(If(cond, then, orelse, tuple(merges), branch.loc))
        for s, bar in joined.items():
            adj.add(s, bar)


def _hands_on(loop: For) -> bool:
    """Whether iterations of a loop may need states that are not recorded as constants say."""
    arrays = any(isinstance(m.type, Array) for m in written(loop.body))
    return arrays or (bool(loop.carried) and trip_count(loop) is None)
