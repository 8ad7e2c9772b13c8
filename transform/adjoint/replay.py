"""Replay parts of a kernel body: a copy with fresh symbols, in which values are what they were.

What a later iteration of the same loop overwrites is recorded: in a small local array where the loop has few
iterations, otherwise the loop runs again from checkpoints of its state, or its states are recorded on a tape
that is sized at run time: an open question (``states.py``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from transform.adjoint.record import Records
from transform.adjoint.scope import (
    MOST_RECORDED,
    is_sum,
    overwritten_loads,
    trip_count,
)
from transform.adjoint.states import (
    Again,
    Recording,
    Slots,
    advance,
    array_sizes,
    copy_array,
    declare_array,
    growth,
    index_at,
    number_of_steps,
    position,
)
from transform.adjoint.sweep import Sweep
from transform.analysis.activity import Activity
from transform.ir.build import Builder, block, scalar
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Carried,
    Const,
    Declare,
    Exit,
    Extent,
    For,
    If,
    Increment,
    Let,
    Load,
    Merge,
    Op,
    Store,
    Symbol,
)
from transform.ir.types import INT, LONG, Array
from transform.ir.walk import walk, written

MOST_DIMENSIONS = 8
"""Of a Kokkos View."""

UNRECORDED = "unrecorded"
"""Stands for a value that the replay cannot provide, by its number in ``Replay.missing``: if it is still
needed after clean-up, the kernel must record it."""


@dataclass(frozen=True)
class States:
    """Checkpoints of a loop being reversed: of its carried scalars ``kept`` and of the arrays ``changed``;
    ``read`` are others that it finds as they were. ``steps``: how many iterations it has run; ``counter``:
    which one is reversed; ``top``: the slot in use. ``recording``: the other way to find them, if any."""

    slots: Slots
    recording: Recording | None
    kept: tuple[Carried, ...]
    changed: tuple[Symbol, ...]
    read: tuple[Symbol, ...]
    steps: Atom
    counter: Symbol
    top: Symbol

    @property
    def arrays(self) -> set[Symbol]:
        return {*self.changed, *self.read}


@dataclass(frozen=True)
class Tape:
    array: Symbol
    loops: tuple[For, ...]


class Replay(Sweep):
    """Copies scopes of one kernel, and knows where each primal value is."""

    def __init__(self, builder: Builder, active: Activity, records: Records) -> None:
        super().__init__(builder, active)
        self.records = records
        self.missing: list[Symbol] = []  # values of loads that can be neither repeated nor recalled
        self.map: dict[Symbol, Atom] = {}
        self.state_arrays: dict[int, tuple[Symbol, ...]] = {}  # loop -> arrays that it has to find again
        self.begins: dict[tuple[int, Symbol], Symbol] = {}  # what they hold where the loop begins
        self.begun: list[tuple[Symbol, Atom | None]] = []  # what arrays stand for outside a reversed loop
        self.carried_tapes: dict[Symbol, Tape] = {}
        self.load_tapes: dict[int, Tape] = {}
        self.lengths: dict[Symbol, Atom] = {}  # index of a loop -> most iterations, where the host knows
        self.depth = 1  # ranges of the kernel
        self.recordings: dict[int, Recording] = {}  # loop -> the tape of the last replay
        self.origin: dict[Symbol, Symbol] = {}
        self.unrecorded: set[int] = set()  # loads whose value can be neither repeated nor recorded
        self.own_reads: set[int] = set()  # loads from Views that may see what the same iteration wrote

    def value(self, atom: Atom) -> Atom:
        return self.map.get(atom, atom) if isinstance(atom, Symbol) else atom

    def fresh(self, symbol: Symbol) -> Symbol:
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
                    if s.extents:
                        self.b.sizes[a] = tuple(self.value(e) for e in s.extents)
                    self._open_array(body, a)
                    owned.add(a)
                    # Its state is copied where a loop begins, perhaps before it has one.
                    copied = any(a in arrays for arrays in self.state_arrays.values())
                    declare_array(self.b, self.fresh(a), s.zeroed or copied, s.loc, a)
                case Store(memory=m) | Increment(memory=m):
                    if m in owned or (effects and not isinstance(m.type, Array)):
                        self.b.add_stmt(
                            replace(
                                s,
                                memory=self.memory(m),
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
                        Merge(self.fresh(m.result), t, self.value(m.orelse))
                        for m, t in zip(s.merges, then_values, strict=True)
                    )
                    self.b.add_stmt(If(cond, block(then), block(orelse), merges, s.loc))
                case _:
                    raise AssertionError(f"not a kernel statement: {s}")

    def memory(self, m: Symbol) -> Symbol:
        copy = self.map.get(m, m)
        assert isinstance(copy, Symbol)
        return copy

    def op(self, op: Op) -> Op:
        match op:
            case Apply(fn="attach", args=(value, _)):  # the replay needs no derivative
                return Apply("copy", (self.value(value),))
            case Apply(fn=fn, args=args):
                return Apply(fn, tuple(self.value(a) for a in args))
            case Load(memory=m, index=index):
                return Load(self.memory(m), tuple(self.value(i) for i in index))
            case Extent(view=view, dim=dim):
                return Extent(self.memory(view), dim)

    def _forward_let(self, let: Let, owned: set[Symbol], effects: bool) -> None:
        op = self.op(let.op)
        lost = id(let) in self.unrecorded and isinstance(let.op, Load) and let.op.memory not in owned
        if lost or (id(let) in self.own_reads and not effects):
            op = self._recorded(let.target)
        tape = self.load_tapes.get(id(let))
        if isinstance(let.op, Load) and tape is not None and let.op.memory not in owned:
            op = Load(tape.array, self._counters(tape.loops))
        self.b.add_stmt(Let(self.fresh(let.target), op, let.loc))
        if isinstance(let.op, Load) and tape is not None and let.op.memory in owned:
            value = self.value(let.target)
            self.b.add_stmt(Store(tape.array, self._counters(tape.loops), value, let.loc))

    def _recorded(self, value: Symbol) -> Op:
        """What a load gave that cannot be repeated."""
        if value not in self.records:
            self.missing.append(value)
            return Apply(UNRECORDED, (Const(len(self.missing) - 1, INT),))
        view, index = self.records[value]
        return Load(view, tuple(self.value(i) for i in index))

    def _open_array(self, scope: Block, array: Symbol) -> None:
        """Arrange for the loads of ``array``, which ``scope`` owns, that its later writes make wrong: a tape
        where the loops around have few iterations, else the outermost loop finds the array again."""
        loops_of = overwritten_loads(scope, array)
        restarted: dict[int, For] = {}
        for s in walk(scope):
            if not (isinstance(s, Let) and isinstance(s.op, Load) and s.op.memory == array):
                continue
            self.load_tapes.pop(id(s), None)
            self.unrecorded.discard(id(s))
            loops = loops_of.get(id(s))
            if loops is None:
                continue
            trips = [trip_count(loop) for loop in loops]
            extents = tuple(t for t in trips if t is not None)
            if len(extents) < len(trips) or math.prod(extents) > MOST_RECORDED:
                self.unrecorded.add(id(s))
                restarted[id(loops[0])] = loops[0]
                continue
            tape = self.b.fresh.symbol(f"{array.name}_was", Array(scalar(s.target), extents or (1,)))
            self.load_tapes[id(s)] = Tape(tape, loops)
            self.b.add_stmt(Declare(tape, False, s.loc))
        for name, loop in restarted.items():
            known = self.state_arrays.get(name, ())
            self.state_arrays[name] = (*(a for a in known if a != array), array)
            begin = self.b.fresh.symbol(f"{array.name}_begin", array.type)
            self.begins[name, array] = begin
            declare_array(self.b, begin, False, loop.loc, array)

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
        kept: dict[Symbol, Symbol] = {}
        for a in self.state_arrays.get(id(loop), ()):
            begin = self.begins[id(loop), a]
            if a in owned:
                copy_array(self.b, begin, (), self.memory(a), ())
            else:  # it keeps its final state; the loop works on a copy
                kept[a] = self.memory(a)
                declare_array(self.b, self.fresh(a), False, loop.loc, a)
                copy_array(self.b, self.memory(a), (), begin, ())
        lo, hi = self.value(loop.lo), self.value(loop.hi)
        inits = [self.value(c.init) for c in loop.carried]
        trips = trip_count(loop)
        if trips is not None:
            for c in loop.carried:
                tape = self.b.fresh.symbol(f"{c.inner.name}_was", Array(scalar(c.inner), (max(trips, 1),)))
                self.carried_tapes[c.inner] = Tape(tape, (loop,))
                self.b.add_stmt(Declare(tape, False, loop.loc))
        recording = self._recording(loop)
        index = self.fresh(loop.index)
        inners = [self.fresh(c.inner) for c in loop.carried]
        with self.b.block() as body:
            if recording is not None:
                scalars = [self.value(c.inner) for c in _kept(loop)]
                arrays = [self.memory(a) for a in self._changed(loop)]
                recording.keep(self.b, position(self.b, loop, lo, index), scalars, arrays)
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
            self.forward(loop.body, {*owned, *kept}, effects)
            nexts = [self.value(c.next) for c in loop.carried]
            until = None if loop.exit is None else self.value(loop.exit.until)
        carried = tuple(
            Carried(inner, init, next_, self.fresh(c.result))
            for c, inner, init, next_ in zip(loop.carried, inners, inits, nexts, strict=True)
        )
        leave = None if loop.exit is None or until is None else Exit(until, self.fresh(loop.exit.trips))
        self.b.add_stmt(
            replace(loop, index=index, lo=lo, hi=hi, carried=carried, body=block(body), exit=leave)
        )
        self.map.update(kept)

    # ---- loops whose states are found again ----

    def _has_states(self, loop: For) -> bool:
        """Whether iterations need what others of the same loop overwrite, and not all of it is recorded."""
        arrays = self.state_arrays.get(id(loop), ())
        carried = any(not is_sum(loop, c) for c in loop.carried)
        return not loop.parallel and bool(arrays or (carried and trip_count(loop) is None))

    def _changed(self, loop: For) -> tuple[Symbol, ...]:
        """The arrays of a loop's state."""
        return tuple(a for a in self.state_arrays.get(id(loop), ()) if a in written(loop.body))

    def _recording(self, loop: For) -> Recording | None:
        """A tape for the states of a loop that is about to be replayed."""
        self.recordings.pop(id(loop), None)
        length = self.lengths.get(loop.index)
        if length is None or loop.loc is None or not self._has_states(loop):
            return None
        carried, changed = tuple(c.inner for c in _kept(loop)), self._changed(loop)
        deepest = max((len(array_sizes(self.b, a)) for a in changed), default=0)
        if self.depth + 1 + deepest > MOST_DIMENSIONS:
            return None
        made = Recording.declared(self.b, f"loop{loop.loc.line}", length, carried, changed, loop.loc)
        self.recordings[id(loop)] = made
        return made

    def states(self, loop: For) -> States | None:
        """Where the states of a loop are found whose iterations are run again; ``None`` where nothing that
        they need is overwritten, or all of it is recorded."""
        if not self._has_states(loop):
            return None
        arrays = self.state_arrays.get(id(loop), ())
        b = self.b
        for a in arrays:
            self.begun.append((a, self.map.get(a)))
            self.map[a] = self.begins[id(loop), a]
        changed = self._changed(loop)
        read = tuple(a for a in arrays if a not in changed)
        kept = _kept(loop)
        slots = Slots.declared(b, tuple(c.inner for c in kept), changed, loop.loc)
        zero_ = Const(0, LONG)
        inits = [self.value(c.init) for c in kept]
        slots.keep(b, zero_, zero_, inits, [self.memory(a) for a in changed])
        trips = None if loop.exit is None else self.value(loop.exit.trips)
        steps = number_of_steps(b, loop, self.value(loop.lo), self.value(loop.hi), trips)
        counter, top = b.fresh.symbol("step", LONG), b.fresh.symbol("top", LONG)
        return States(slots, self.recordings.get(id(loop)), kept, changed, read, steps, counter, top)

    def restart(self, loop: For, states: States) -> Atom:
        """Recompute the state at the start of the iteration at hand; the slot that is then on top."""
        b, lo = self.b, self.value(loop.lo)
        working: list[Symbol] = []
        for a in states.changed:
            working.append(self.fresh(a))
            declare_array(b, working[-1], False, loop.loc, a)

        def begin(number: Atom) -> None:
            self.map[loop.index] = index_at(b, loop, lo, states.steps, number)
            for c in loop.carried:
                step = growth(loop, c)
                if step is not None:
                    times = b.cast(number, scalar(c.inner))
                    grown = b.mul(times, b.const(step, times))
                    self.map[c.inner] = b.add(self.value(c.init), grown)

        def forward(number: Atom) -> list[Atom]:
            begin(number)
            self.forward(loop.body, states.arrays, False)
            return [self.value(c.next) for c in states.kept]

        def run_again() -> list[Atom]:
            again = Again([self.fresh(c.inner) for c in states.kept], forward)
            found, top = advance(b, states.slots, states.top, states.counter, again, working)
            return [*found, top]

        if states.recording is None:
            *found, top = run_again()
        else:
            number = position(b, loop, lo, index_at(b, loop, lo, states.steps, states.counter))
            *found, top = states.recording.find(b, number, working, run_again)
        for c, value in zip(states.kept, found, strict=True):
            self.map[c.inner] = value
            if isinstance(value, Symbol):
                self.origin[value] = c.inner
        begin(states.counter)
        for a in (*states.changed, *states.read):
            self._open_array(loop.body, a)
        return top

    def recall_carried(self, loop: For, lo: Atom, hi: Atom) -> None:
        """Define what each carried scalar was at the start of the iteration now being reversed."""
        if not loop.carried:
            return
        if trip_count(loop) is not None:
            for c in loop.carried:
                tape = self.carried_tapes[c.inner]
                self.b.add_stmt(Let(self.fresh(c.inner), Load(tape.array, self._counters((loop,))), loop.loc))
            return
        # No constant trip count: run the loop again up to here. Quadratic in the trip count, no memory.
        now = self.value(loop.index)
        start, end = (lo, now) if not loop.descending else (self.b.add(now, self.b.const(loop.step, now)), hi)
        inits = [self.value(c.init) for c in loop.carried]
        again = self.fresh(loop.index)
        inners = [self.fresh(c.inner) for c in loop.carried]
        with self.b.block() as body:
            self.forward(loop.body, set(), False)
            nexts = [self.value(c.next) for c in loop.carried]
        carried = tuple(
            Carried(inner, init, next_, self.fresh(c.inner))
            for c, inner, init, next_ in zip(loop.carried, inners, inits, nexts, strict=True)
        )
        self.b.add_stmt(For(again, start, end, loop.step, loop.descending, carried, block(body), loop.loc))
        self.map[loop.index] = now


def _kept(loop: For) -> tuple[Carried, ...]:
    """What is kept of a loop's carried scalars: others follow from the number of the iteration."""
    return tuple(c for c in loop.carried if growth(loop, c) is None)
