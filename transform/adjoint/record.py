"""Record what an iteration reads where a replay of the iteration cannot find it any more.

An iteration that changes memory in place (``b(s, i) -= l * b(s, j)`` in a loop) leaves other values than it
read. The primal kernel then stores each such value into a View, its record, at a place that the iteration
and the counters of the loops around the read determine; the adjoint takes it from there.

IR before -> after: ``Launch { .. v = Load b(s, j) .. }`` ->
``Allocate b_read(iterations, reads); Launch { .. v = Load b(s, j); Store b_read(s, counter) v .. }``.

The counters need room: a loop whose bounds depend on the iteration runs at most as often as a launch before
the kernel finds, which computes nothing but these bounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from transform.adjoint.lengths import lengths, trips
from transform.diagnostics import Diagnostic
from transform.ir.build import Builder, Fresh, is_const
from transform.ir.induction import bounded
from transform.ir.nodes import (
    UNBOUNDED,
    Allocate,
    Atom,
    Block,
    Const,
    For,
    Launch,
    Let,
    Load,
    Program,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import LONG, Scalar, View
from transform.ir.walk import blocks, map_blocks, walk

Records = Mapping[Symbol, tuple[Symbol, tuple[Atom, ...]]]
"""By the value that was read: its record and its place there, as atoms of the kernel."""


class Unrecorded(Exception):
    """The reverse sweep needs ``values`` that a replay does not find, each with what to say if they cannot be
    recorded."""

    def __init__(self, values: dict[Symbol, Diagnostic]) -> None:
        super().__init__()
        self.values = values


def record(program: Program, values: set[Symbol], last_id: int) -> tuple[Program, Records]:
    """``program`` with a record of each of ``values``, results of loads in kernels, as far as it can be
    given one."""
    taken = {p.symbol.name for p in program.params}
    taken |= {s.target.name for s in walk(program.body) if isinstance(s, Allocate)}
    recorder = _Recorder(values, taken, Fresh(last_id))
    return replace(program, body=recorder.host(program.body)), recorder.records


class _Recorder:
    def __init__(self, values: set[Symbol], taken: set[str], fresh: Fresh) -> None:
        self.values = values
        self.taken = taken  # names of Views, which tell them apart
        self.b = Builder(fresh)
        self.records: dict[Symbol, tuple[Symbol, tuple[Atom, ...]]] = {}
        self.counts: dict[Symbol, list[Atom]] = {}  # by record: how often each loop around the read runs

    def host(self, block: Block) -> Block:
        out: list[Stmt] = []
        for s in block.stmts:
            if not isinstance(s, Launch):
                out.append(map_blocks(s, self.host))
                continue
            s = replace(s, body=self._bounded(s.body))
            reads = [(let, loops) for let, loops in _loads(s.body, ()) if let.target in self.values]
            self.b.loc = s.loc
            with self.b.block() as before:
                around = [loop for _, loops in reads for loop in loops]
                room = lengths(self.b, s, around, lambda known: known, ())
                reads = [(let, loops) for let, loops in reads if all(x.index in room for x in loops)]
                places = {let.target: self._allocate(s, let, loops, room) for let, loops in reads}
            out += before if reads else ()
            out.append(replace(s, body=self._body(s, s.body, (), places)) if reads else s)
        return Block(tuple(out))

    def _bounded(self, block: Block) -> Block:
        """IR before -> after: loops that end by an exit only have a bound where they read ``values``."""
        out: list[Stmt] = []
        for s in block.stmts:
            s = map_blocks(s, self._bounded)
            read = isinstance(s, For) and any(let.target in self.values for let, _ in _loads(s.body, ()))
            if isinstance(s, For) and read and is_const(s.hi, UNBOUNDED):
                out += bounded(s, self.b.fresh)
            else:
                out.append(s)
        return Block(tuple(out))

    # ---- records ----

    def _allocate(self, launch: Launch, let: Let, loops: tuple[For, ...], room: dict[Symbol, Atom]) -> Symbol:
        assert isinstance(let.op, Load) and isinstance(let.target.type, Scalar)
        type_ = let.target.type
        length: Atom = Const(1, LONG)
        for loop in loops:
            length = self.b.mul(length, room[loop.index])
        rank = len(launch.ranges) + 1
        where = "" if launch.space == "Kokkos::DefaultExecutionSpace" else f", {launch.space}"
        view = View(type_, (None,) * rank, False, f"Kokkos::View<{type_.name}{'*' * rank}{where}>")
        name, n = f"{let.op.memory.name}_read", 1
        while name in self.taken:
            n += 1
            name = f"{let.op.memory.name}_read{n}"
        self.taken.add(name)
        target = self.b.fresh.symbol(name, view)
        extents = tuple(trips(self.b, r.lo, r.hi, 1) for r in launch.ranges)
        self.b.add_stmt(Allocate(target, (*extents, length), launch.loc, zeroed=False))
        self.counts[target] = [room[loop.index] for loop in loops]
        return target

    def _body(
        self, launch: Launch, block: Block, loops: tuple[For, ...], places: dict[Symbol, Symbol]
    ) -> Block:
        with self.b.block() as out:
            for s in block.stmts:
                if isinstance(s, Let) and s.target in places:
                    self.b.loc = s.loc
                    view = places[s.target]
                    number = (self._offset(r.index, r.lo, 1) for r in launch.ranges)
                    where = (*number, self._place(loops, view))
                    self.records[s.target] = (view, where)
                    self.b.add_stmt(s)
                    self.b.add_stmt(Store(view, where, s.target, s.loc))
                    continue
                inner = (*loops, s) if isinstance(s, For) else loops
                rewrite = partial(self._body, launch, loops=inner, places=places)
                self.b.add_stmt(map_blocks(s, rewrite))
        return Block(tuple(out))

    def _place(self, loops: tuple[For, ...], view: Symbol) -> Atom:
        place: Atom = Const(0, LONG)
        for loop, count in zip(loops, self.counts[view], strict=True):
            counter = self._offset(loop.index, loop.lo, loop.step)
            place = self.b.add(self.b.mul(place, count), counter)
        return place

    def _offset(self, index: Symbol, lo: Atom, step: int) -> Atom:
        """The number of an iteration."""
        offset = self.b.cast(self.b.sub(index, lo), LONG)
        return self.b.div(offset, Const(step, LONG))


def _loads(block: Block, loops: tuple[For, ...]) -> Iterator[tuple[Let, tuple[For, ...]]]:
    """The loads of a kernel with the loops around each."""
    for s in block.stmts:
        if isinstance(s, Let) and isinstance(s.op, Load):
            yield s, loops
        for inner in blocks(s):
            yield from _loads(inner, (*loops, s) if isinstance(s, For) else loops)
