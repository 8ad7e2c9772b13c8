"""Reverse one kernel body: replay an iteration forward, then run it backwards.

The values of an iteration are recomputed from the memory that it read: every scope (the body, each loop
iteration, each branch) is replayed once before it is reversed, so that its scalars are plain SSA values.
Only what a later iteration of the same loop overwrites is recorded: in a small local array where the trip
count is a constant, otherwise it is recomputed from the start of the loop. Redundant replays vanish with
dead code. (The scheme of Schenck, Rønning, Henriksen & Oancea, *AD for an Array Language with Nested
Parallelism*, SC 2022, section 4, here over mutable memory.)

Adjoint updates of Views are left open as ``Accumulate``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from transform.adjoint.scope import (
    defined,
    free,
    loop_free,
    overwritten_loads,
    reads_of_own_writes,
    trip_count,
)
from transform.adjoint.sweep import Adjoints, Sweep, zero
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
    Exit,
    Extent,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Merge,
    Op,
    Range,
    Reduction,
    Store,
    Symbol,
)
from transform.ir.types import INT, Accumulator, Array, Scalar, View
from transform.ir.walk import walk

UNRECORDED = "unrecorded"
"""Stands for a value that the replay cannot provide; refused if it is still needed after clean-up."""


@dataclass(frozen=True)
class ReversedKernel:
    """``launch`` runs the adjoint; ``scalars`` maps each captured active scalar to the host symbol that holds
    its contribution afterwards; ``origin`` maps replayed symbols to the primal symbols they copy."""

    launch: Launch
    scalars: dict[Symbol, Symbol]
    origin: dict[Symbol, Symbol]


@dataclass(frozen=True)
class _Tape:
    array: Symbol
    loops: tuple[For, ...]


class KernelSweep(Sweep):
    def __init__(
        self,
        builder: Builder,
        active: Activity,
        adjoint_of: Callable[[Symbol], Symbol | None],
        bars: dict[Symbol, Atom],
        effects: bool,
    ) -> None:
        super().__init__(builder, active)
        self.adjoint_of = adjoint_of  # View -> its adjoint View, None if it has none
        self.bars = bars  # accumulator -> adjoint of the reduction's result
        self.effects = effects  # keep the primal's writes: primal and adjoint in one sweep
        self.map: dict[Symbol, Atom] = {}
        self.arrays: dict[Symbol, Symbol] = {}  # local array -> its adjoint array
        self.carried_tapes: dict[Symbol, _Tape] = {}
        self.load_tapes: dict[int, _Tape] = {}
        self.origin: dict[Symbol, Symbol] = {}
        self.overwritten: dict[int, tuple[For, ...]] = {}
        self.unrecorded: set[int] = set()  # loads whose value can be neither repeated nor recorded

    def value(self, atom: Atom) -> Atom:
        return self.map.get(atom, atom) if isinstance(atom, Symbol) else atom

    def run(self, launch: Launch, label: str) -> ReversedKernel:
        self.overwritten = overwritten_loads(launch.body)
        self.own_reads = reads_of_own_writes(launch)
        ranges = tuple(Range(self._fresh(r.index), r.lo, r.hi) for r in launch.ranges)
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
        reversed_ = Launch(label, launch.space, ranges, block(stmts), tuple(reductions), loc=launch.loc)
        return ReversedKernel(reversed_, scalars, self.origin)

    def _fresh(self, symbol: Symbol) -> Symbol:
        copy = self.b.fresh.like(symbol)
        self.map[symbol] = copy
        self.origin[copy] = symbol
        return copy

    # ---- forward: a copy of a scope with fresh symbols ----

    def forward(self, body: Block, owned: set[Symbol], effects: bool) -> None:
        """Replay ``body``. Arrays declared outside (not ``owned``) keep their final state: their writes are
        not repeated, and loads that would see a later value come from a tape."""
        for s in body.stmts:
            match s:
                case Let():
                    self._forward_let(s, owned, effects)
                case Declare(target=a):
                    self._declare_load_tapes(body, a)
                    owned.add(a)
                    extents = tuple(self.value(e) for e in s.extents)
                    self.b.add_stmt(replace(s, target=self._fresh(a), extents=extents))
                case Store(memory=m) | Increment(memory=m):
                    if m in owned or (effects and not isinstance(m.type, Array)):
                        self.b.add_stmt(
                            replace(
                                s,
                                memory=self._memory(m),
                                index=tuple(self.value(i) for i in s.index),
                                value=self.value(s.value),
                            )
                        )
                case For():
                    self._forward_for(s, owned, effects)
                case If():
                    cond = self.value(s.cond)
                    with self.b.block() as then:
                        self.forward(s.then, owned, effects)
                    then_values = [self.value(m.then) for m in s.merges]
                    with self.b.block() as orelse:
                        self.forward(s.orelse, owned, effects)
                    merges = tuple(
                        Merge(self._fresh(m.result), t, self.value(m.orelse))
                        for m, t in zip(s.merges, then_values, strict=True)
                    )
                    self.b.add_stmt(If(cond, block(then), block(orelse), merges, s.loc))
                case _:
                    raise AssertionError(f"not a kernel statement: {s}")

    def _memory(self, m: Symbol) -> Symbol:
        copy = self.map.get(m, m)
        assert isinstance(copy, Symbol)
        return copy

    def _op(self, op: Op) -> Op:
        match op:
            case Apply(fn="attach", args=(value, _)):  # the replay needs no derivative
                return Apply("copy", (self.value(value),))
            case Apply(fn=fn, args=args):
                return Apply(fn, tuple(self.value(a) for a in args))
            case Load(memory=m, index=index):
                return Load(self._memory(m), tuple(self.value(i) for i in index))
            case Extent(view=view, dim=dim):
                return Extent(self._memory(view), dim)

    def _forward_let(self, let: Let, owned: set[Symbol], effects: bool) -> None:
        op = self._op(let.op)
        lost = id(let) in self.unrecorded and isinstance(let.op, Load) and let.op.memory not in owned
        if lost or (id(let) in self.own_reads and not effects):
            op = Apply(UNRECORDED, ())
        tape = self.load_tapes.get(id(let))
        if isinstance(let.op, Load) and tape is not None and let.op.memory not in owned:
            op = Load(tape.array, self._counters(tape.loops))
        self.b.add_stmt(Let(self._fresh(let.target), op, let.loc))
        if isinstance(let.op, Load) and tape is not None and let.op.memory in owned:
            value = self.value(let.target)
            self.b.add_stmt(Store(tape.array, self._counters(tape.loops), value, let.loc))

    def _declare_load_tapes(self, scope: Block, array: Symbol) -> None:
        for s in walk(scope):
            if not (isinstance(s, Let) and isinstance(s.op, Load) and s.op.memory == array):
                continue
            loops = self.overwritten.get(id(s))
            if loops is None:
                continue
            trips = [trip_count(loop) for loop in loops]
            extents = tuple(t for t in trips if t is not None)
            if len(extents) < len(trips):
                self.unrecorded.add(id(s))
                continue
            tape = self.b.fresh.symbol(f"{array.name}_was", Array(scalar(s.target), extents or (1,)))
            self.load_tapes[id(s)] = _Tape(tape, loops)
            self.b.add_stmt(Declare(tape, False, s.loc))

    def _counters(self, loops: tuple[For, ...]) -> tuple[Atom, ...]:
        """Zero-based iteration numbers of constant-bound loops, from their current index symbols."""
        if not loops:
            return (Const(0, INT),)
        counters: list[Atom] = []
        for loop in loops:
            index = self.value(loop.index)
            offset = self.b.sub(index, loop.lo)
            counters.append(self.b.div(offset, self.b.const(loop.step, offset)))
        return tuple(counters)

    def _forward_for(self, loop: For, owned: set[Symbol], effects: bool) -> None:
        lo, hi = self.value(loop.lo), self.value(loop.hi)
        inits = [self.value(c.init) for c in loop.carried]
        trips = trip_count(loop)
        if trips is not None:
            for c in loop.carried:
                tape = self.b.fresh.symbol(f"{c.inner.name}_was", Array(scalar(c.inner), (max(trips, 1),)))
                self.carried_tapes[c.inner] = _Tape(tape, (loop,))
                self.b.add_stmt(Declare(tape, False, loop.loc))
        index = self._fresh(loop.index)
        inners = [self._fresh(c.inner) for c in loop.carried]
        with self.b.block() as body:
            if trips is not None:
                for c in loop.carried:
                    self.b.add_stmt(
                        Store(
                            self.carried_tapes[c.inner].array,
                            self._counters((loop,)),
                            self.value(c.inner),
                            loop.loc,
                        )
                    )
            self.forward(loop.body, owned, effects)
            nexts = [self.value(c.next) for c in loop.carried]
            until = None if loop.exit is None else self.value(loop.exit.until)
        carried = tuple(
            Carried(inner, init, next_, self._fresh(c.result))
            for c, inner, init, next_ in zip(loop.carried, inners, inits, nexts, strict=True)
        )
        leave = None if loop.exit is None or until is None else Exit(until, self._fresh(loop.exit.trips))
        self.b.add_stmt(
            replace(loop, index=index, lo=lo, hi=hi, carried=carried, body=block(body), exit=leave)
        )

    # ---- reverse ----

    def reverse(self, body: Block, adj: Adjoints) -> None:
        for s in body.stmts:
            if isinstance(s, Declare) and s.target in self.active:
                self.arrays[s.target] = self.b.fresh.symbol(f"{s.target.name}_b", s.target.type)
                extents = tuple(self.value(e) for e in s.extents)
                self.b.add_stmt(Declare(self.arrays[s.target], True, s.loc, extents))
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
        lo, hi = self.value(loop.lo), self.last_reached(loop)
        inner_bar = {c.inner: fresh.symbol(f"{c.inner.name}_b", c.inner.type) for c in carried}
        outer_bar = {s: fresh.symbol(f"{s.name}_b", s.type) for s in outer}
        index = self._fresh(loop.index)
        with self.b.block() as body:
            self._recall_carried(loop, lo, hi)
            self.forward(loop.body, set(), False)
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
        self.b.add_stmt(
            replace(
                loop,
                index=index,
                lo=lo,
                hi=hi,
                descending=not loop.descending,
                carried=(*accumulators, *sums.values()),
                body=block(body),
                exit=None,
            )
        )
        for s, total in sums.items():
            adj.values[s] = total.result
        for c, k in zip(carried, accumulators, strict=True):
            adj.add(c.init, k.result)

    def _recall_carried(self, loop: For, lo: Atom, hi: Atom) -> None:
        """Define what each carried scalar was at the start of the iteration now being reversed."""
        if not loop.carried:
            return
        if trip_count(loop) is not None:
            for c in loop.carried:
                tape = self.carried_tapes[c.inner]
                self.b.add_stmt(
                    Let(self._fresh(c.inner), Load(tape.array, self._counters((loop,))), loop.loc)
                )
            return
        # No constant trip count: run the loop again up to here. Quadratic in the trip count, no memory.
        now = self.value(loop.index)
        start, end = (lo, now) if not loop.descending else (self.b.add(now, self.b.const(loop.step, now)), hi)
        inits = [self.value(c.init) for c in loop.carried]
        again = self._fresh(loop.index)
        inners = [self._fresh(c.inner) for c in loop.carried]
        with self.b.block() as body:
            self.forward(loop.body, set(), False)
            nexts = [self.value(c.next) for c in loop.carried]
        carried = tuple(
            Carried(inner, init, next_, self._fresh(c.inner))
            for c, inner, init, next_ in zip(loop.carried, inners, inits, nexts, strict=True)
        )
        self.b.add_stmt(For(again, start, end, loop.step, loop.descending, carried, block(body), loop.loc))
        self.map[loop.index] = now

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
