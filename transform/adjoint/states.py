"""Loops of a kernel whose iterations change what they read: where each started, from checkpoints.

The state of a loop is what an iteration hands to the next: carried scalars, and elements of local arrays
that the loop writes. To reverse iteration ``k``, the loop runs again from the last checkpoint before it, and
leaves more checkpoints on the way, in a few slots of local arrays. The slots are spaced so that hardly any
iteration runs more than three or four times (binomial checkpointing; Griewank & Walther, *Algorithm 799:
revolve*, TOMS 2000).

Where the host knows how many iterations there are at most, recording every state is the other answer: on a
tape, as long as the loop, that each iteration of the kernel has for itself. Both are there behind an open
question (``recorded``), which a plan answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from transform.ir.build import TEMPORARY, Builder, block, element, scalar, zero
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Carried,
    Const,
    Declare,
    For,
    If,
    Let,
    Load,
    Location,
    Merge,
    Op,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.types import BOOL, INT, LONG, SIZE, Array, Scalar
from transform.ir.walk import map_blocks, walk

SLOTS = 24
"""Checkpoints kept at a time: enough for 20,000 iterations to run at most four times."""


def declare_array(b: Builder, array: Symbol, zeroed: bool, loc: Location | None, like: Symbol) -> None:
    """Declare a local array with the extents of ``like``, perhaps behind others of its own."""
    extents = b.sizes.get(like, ())
    if extents:
        assert isinstance(array.type, Array)
        own = array.type.extents[: len(array.type.extents) - len(extents)]
        extents = (*(Const(n, SIZE) for n in own), *extents)
        b.sizes[array] = extents
    b.add_stmt(Declare(array, zeroed, loc, extents))


def copy_array(
    b: Builder, target: Symbol, to: tuple[Atom, ...], source: Symbol, at: tuple[Atom, ...]
) -> None:
    """Copy the subarray ``source[at]`` to ``target[to]``."""
    extents = array_sizes(b, source)[len(at) :]
    indices = tuple(b.fresh.symbol("d", n.type) for n in extents)
    with b.block() as inner:
        value = b.let(Load(source, (*at, *indices)), element(source))
        b.add_stmt(Store(target, (*to, *indices), value, b.loc))
    stmts = inner
    for index, extent in zip(reversed(indices), reversed(extents), strict=True):
        loop = For(index, Const(0, scalar(extent)), extent, 1, False, (), block(stmts), b.loc)
        stmts = [loop]
    for s in stmts:
        b.add_stmt(s)


@dataclass(frozen=True)
class Slots:
    """The checkpoints of one loop: iteration numbers, and one array per carried scalar and local array."""

    at: Symbol
    scalars: tuple[Symbol, ...]
    arrays: tuple[Symbol, ...]

    @staticmethod
    def declared(
        b: Builder, carried: tuple[Symbol, ...], arrays: tuple[Symbol, ...], loc: Location | None
    ) -> Slots:
        def slot(name: str, type_: Scalar, like: Symbol | None = None) -> Symbol:
            extents = like.type.extents if like is not None and isinstance(like.type, Array) else ()
            symbol = b.fresh.symbol(f"{name}_at", Array(type_, (SLOTS, *extents)))
            declare_array(b, symbol, False, loc, like or symbol)
            return symbol

        return Slots(
            slot("begin", LONG),
            tuple(slot(c.name, scalar(c)) for c in carried),
            tuple(slot(a.name, element(a), a) for a in arrays),
        )

    def keep(self, b: Builder, top: Atom, number: Atom, scalars: list[Atom], arrays: list[Symbol]) -> None:
        """Fill slot ``top`` with the state at the start of iteration ``number``."""
        b.add_stmt(Store(self.at, (top,), number, b.loc))
        for slot, value in zip(self.scalars, scalars, strict=True):
            b.add_stmt(Store(slot, (top,), value, b.loc))
        for slot, array in zip(self.arrays, arrays, strict=True):
            copy_array(b, slot, (top,), array, ())


@dataclass(frozen=True)
class Recording:
    """The states of all iterations of one loop, by number: one array per carried scalar and local array."""

    question: str
    scalars: tuple[Symbol, ...]
    arrays: tuple[Symbol, ...]

    @staticmethod
    def declared(
        b: Builder,
        question: str,
        length: Atom,
        carried: tuple[Symbol, ...],
        arrays: tuple[Symbol, ...],
        loc: Location | None,
    ) -> Recording:
        def tape(name: str, type_: Scalar, sizes: tuple[Atom, ...] = ()) -> Symbol:
            extents = (length, *sizes)
            symbol = b.fresh.symbol(f"{name}_tape", Array(type_, (0,) * len(extents)))
            b.sizes[symbol] = extents
            b.add_stmt(Declare(symbol, False, loc, extents))
            return symbol

        return Recording(
            question,
            tuple(tape(c.name, scalar(c)) for c in carried),
            tuple(tape(a.name, element(a), array_sizes(b, a)) for a in arrays),
        )

    def keep(self, b: Builder, number: Atom, scalars: list[Atom], arrays: list[Symbol]) -> None:
        """If states are recorded, record the one at the start of iteration ``number``."""
        with b.block() as stored:
            for tape, value in zip(self.scalars, scalars, strict=True):
                b.add_stmt(Store(tape, (number,), value, b.loc))
            for tape, array in zip(self.arrays, arrays, strict=True):
                copy_array(b, tape, (number,), array, ())
        b.add_stmt(If(recorded(b, self.question), block(stored), block([]), (), b.loc))

    def find(
        self, b: Builder, number: Atom, arrays: list[Symbol], otherwise: Callable[[], list[Atom]]
    ) -> list[Atom]:
        """The carried scalars at the start of iteration ``number``, and 0; ``arrays`` hold theirs afterwards.
        What ``otherwise`` finds, and does, if states are not recorded."""
        with b.block() as then:
            found: list[Atom] = [b.let(Load(tape, (number,)), element(tape)) for tape in self.scalars]
            for tape, array in zip(self.arrays, arrays, strict=True):
                copy_array(b, array, (), tape, (number,))
        with b.block() as orelse:
            others = otherwise()
        found.append(zero(scalar(others[-1])))
        merges = tuple(
            Merge(b.fresh.symbol(TEMPORARY, x.type), x, y) for x, y in zip(found, others, strict=True)
        )
        b.add_stmt(If(recorded(b, self.question), block(then), block(orelse), merges, b.loc))
        return [m.result for m in merges]


def array_sizes(b: Builder, array: Symbol) -> tuple[Atom, ...]:
    """The extents of a local array."""
    assert isinstance(array.type, Array)
    return b.sizes.get(array) or tuple(Const(n, INT) for n in array.type.extents)


_RECORDED = "recorded:"


def recorded(b: Builder, question: str) -> Atom:
    """Whether the plan has the states of a loop recorded: open until ``answered``."""
    return b.let(Apply(_RECORDED + question, ()), BOOL)


def questions(body: Block) -> tuple[str, ...]:
    """The loops of kernels whose states may be recorded, in order of their adjoints."""
    found = (s.op.fn for s in walk(body) if isinstance(s, Let) and isinstance(s.op, Apply))
    return tuple(dict.fromkeys(fn.removeprefix(_RECORDED) for fn in found if fn.startswith(_RECORDED)))


def answered(body: Block, question: str, answer: bool) -> Block:
    """``body`` with the question answered; what the other answer needs is left to clean-up."""

    def close(s: Stmt) -> Stmt:
        match s:
            case Let(op=Apply(fn=fn)) if fn == _RECORDED + question:
                return replace(s, op=Apply("copy", (Const(answer, BOOL),)))
            case _:
                return map_blocks(s, lambda b: answered(b, question, answer))

    return Block(tuple(close(s) for s in body.stmts))


@dataclass(frozen=True)
class Again:
    """What runs the loop again: ``forward(index)`` replays an iteration and gives the next carried values."""

    inners: list[Symbol]
    forward: Callable[[Atom], list[Atom]]


def advance(
    b: Builder, slots: Slots, top: Symbol, wanted: Symbol, again: Again, arrays: list[Symbol]
) -> tuple[list[Symbol], Atom]:
    """Recompute the state at the start of iteration ``wanted`` from slot ``top``.

    ``arrays`` hold it afterwards; returned are the carried scalars and the slot that is on top for the
    iteration before."""
    one = Const(1, LONG)
    at = b.let(Load(slots.at, (top,)), LONG)
    inits = [b.let(Load(slot, (top,)), element(slot)) for slot in slots.scalars]
    for slot, array in zip(slots.arrays, arrays, strict=True):
        copy_array(b, array, (), slot, (top,))
    number = b.fresh.symbol("again", LONG)
    level, mark = b.fresh.symbol("slot", LONG), b.fresh.symbol("mark", LONG)
    with b.block() as body:
        due = b.compare("eq", number, mark)
        with b.block() as then:
            higher = b.add(level, one)
            slots.keep(b, higher, number, list(again.inners), arrays)
            next_mark = b.add(number, _stride(b, b.sub(wanted, number), higher))
        level_now, mark_now = b.fresh.like(level), b.fresh.like(mark)
        merges = (Merge(level_now, higher, level), Merge(mark_now, next_mark, mark))
        b.add_stmt(If(due, block(then), block([]), merges, b.loc))
        nexts = again.forward(number)
    first_mark = b.add(at, _stride(b, b.sub(wanted, at), top))
    results = [b.fresh.like(s) for s in again.inners]
    level_end, mark_end = b.fresh.like(level), b.fresh.like(mark)
    carried = (
        Carried(level, top, level_now, level_end),
        Carried(mark, first_mark, mark_now, mark_end),
        *(Carried(i, x, n, r) for i, x, n, r in zip(again.inners, inits, nexts, results, strict=True)),
    )
    b.add_stmt(For(number, at, wanted, 1, False, carried, block(body), b.loc))
    used_up = b.compare("eq", at, wanted)
    return results, b.select(used_up, b.sub(top, one), level_end)


def _stride(b: Builder, distance: Atom, top: Atom) -> Atom:
    """How far from slot ``top`` the next checkpoint belongs, ``distance`` before the iteration wanted."""
    free = b.sub(Const(SLOTS - 1, LONG), top)
    return b.let(Apply("stride", (b.add(distance, Const(1, LONG)), free)), LONG)


def number_of_steps(b: Builder, loop: For, lo: Atom, hi: Atom, trips: Atom | None) -> Atom:
    """How many iterations ``loop`` has, or has begun if it may be left early."""
    if trips is not None:
        return b.cast(trips, LONG)
    span = b.cast(b.sub(hi, lo), LONG)
    steps = b.div(b.add(span, b.const(loop.step - 1, span)), b.const(loop.step, span))
    return b.select(b.compare("lt", lo, hi), steps, b.const(0, steps))


def position(b: Builder, loop: For, lo: Atom, index: Atom) -> Atom:
    """A number from 0 for the iteration with this index, whichever way the loop runs."""
    span = b.sub(index, lo)
    return b.cast(b.div(span, b.const(loop.step, span)), LONG)


def index_at(b: Builder, loop: For, lo: Atom, steps: Atom, number: Atom) -> Atom:
    """The loop's index in its iteration ``number``."""
    if loop.descending:
        number = b.sub(b.sub(steps, Const(1, LONG)), number)
    counter = b.cast(number, scalar(loop.index))
    return b.add(lo, b.mul(counter, b.const(loop.step, counter)))


def growth(loop: For, carried: Carried) -> int | None:
    """The constant that every iteration but one that leaves the loop adds to a carried integer."""
    if not scalar(carried.inner).is_integer:
        return None
    lets = {s.target: s.op for s in loop.body.stmts if isinstance(s, Let)}

    def added(atom: Atom) -> int | None:
        match lets.get(atom) if isinstance(atom, Symbol) else None:
            case Apply(fn="add" | "sub" as fn, args=(Symbol() as a, Const(value=value))) if (
                a == carried.inner
            ):
                return int(value) if fn == "add" else -int(value)
            case Apply(fn="add", args=(Const(value=value), Symbol() as a)) if a == carried.inner:
                return int(value)
            case _:
                return None

    direct = added(carried.next)
    if direct is not None or loop.exit is None:
        return direct
    for s in loop.body.stmts:
        for merge in s.merges if isinstance(s, If) else ():
            if merge.result != carried.next or not isinstance(s, If):
                continue
            for goes_on, side in ((merge.then, True), (merge.orelse, False)):
                lets.update(
                    {x.target: x.op for x in (s.then if side else s.orelse).stmts if isinstance(x, Let)}
                )
                if added(goes_on) is not None and _leaves(loop, s, not side, lets):
                    return added(goes_on)
    return None


def _leaves(loop: For, branch: If, side: bool, lets: dict[Symbol, Op]) -> bool:
    """Whether the loop is left after an iteration that takes this side of ``branch``."""
    assert loop.exit is not None
    until = loop.exit.until
    if until == branch.cond:
        return side
    if isinstance(branch.cond, Symbol) and lets.get(branch.cond) == Apply("not", (until,)):
        return not side
    return any(
        m.result == until and isinstance(at := m.then if side else m.orelse, Const) and at.value is True
        for m in branch.merges
    )
