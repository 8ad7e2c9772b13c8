"""Host loops: keep only checkpoints of the state and run the steps between them again.

IR before -> after::

    for t: Save(V); step            for t: if t % k == 0: Save(state); step
    for t reversed:                 for segments reversed:
      V' = Restore; adjoint           state' = Restore
                                      for t in segment: Save(V); step on state'
                                      for t in segment reversed: V' = Restore; adjoint

With ``k = ceil(sqrt(n))`` the memory falls from n copies to about ``2 sqrt(n)`` for one more forward sweep
(two-level checkpointing; Griewank & Walther, *Evaluating Derivatives*, 2nd ed., section 12.3).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from transform.ir.build import Builder, Fresh, is_const, scalar
from transform.ir.nodes import (
    Allocate,
    Apply,
    Atom,
    Block,
    Carried,
    DeepCopy,
    For,
    If,
    Let,
    Load,
    Restore,
    Save,
    Stmt,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.types import View
from transform.ir.walk import map_blocks, substitute, walk, written


@dataclass(frozen=True)
class TapedLoop:
    """A top-level host loop that saves Views; ``name`` is the first of them. ``why_not``: why its steps
    cannot be run again, or empty."""

    name: str
    line: int
    forward: int
    reverse: int
    why_not: str


def loops(body: Block) -> list[TapedLoop]:
    found = []
    for i, s in enumerate(body.stmts):
        if not isinstance(s, For):
            continue
        saves = [x for x in walk(s.body) if isinstance(x, Save)]
        views = [x for x in saves if isinstance(x.source, Symbol) and isinstance(x.source.type, View)]
        if not views:
            continue
        tapes = {x.tape for x in saves}
        readers = (j for j, r in enumerate(body.stmts) if isinstance(r, For) and tapes & _restored(r))
        back = next(readers, None)
        if back is None:
            continue
        line = s.loc.line if s.loc is not None else 0
        why_not = _lost(body, i, s)
        if s.descending:
            why_not = "its steps run from the last to the first"
        elif s.exit is not None:
            why_not = "how many steps it has is not known before it runs"
        found.append(TapedLoop(views[0].tape, line, i, back, why_not))
    return found


def _lost(body: Block, position: int, loop: For) -> str:
    """Why the steps of ``loop`` would not find the same inputs after the forward sweep."""
    changed = written(Block(body.stmts[position + 1 :])) - written(loop.body)
    for s in walk(loop.body):
        match s:
            case Let(op=Load(memory=view)) | DeepCopy(source=Symbol() as view):
                pass
            case _:
                continue
        if view in changed:
            return f"its steps read '{view.name}', which is overwritten after the loop"
    return ""


def _restored(loop: For) -> set[str]:
    return {s.tape for s in walk(loop.body) if isinstance(s, Restore)}


def recompute(body: Block, *, name: str, fresh: Fresh, every: int | None = None) -> Block:
    """Checkpoint the loop called ``name`` every so many steps (``None``: the root of their number)."""
    loop = next((x for x in loops(body) if x.name == name), None)
    if loop is None:  # another answer made its copies unnecessary
        return body
    forward, reverse = body.stmts[loop.forward], body.stmts[loop.reverse]
    assert isinstance(forward, For)
    assert isinstance(reverse, For)
    b = Builder(fresh)
    state = state_of(forward)
    with b.block() as head:
        steps = steps_of(forward, b)
        spacing: Atom = b.const(every or 1, steps)
        if every is None:
            spacing = b.let(Apply("spacing", (steps,)), forward.index.type, "spacing")
    checkpoints = {s: f"{s.name}_checkpoint{'' if k == 0 else k + 1}" for k, s in enumerate(state)}
    first = _with_checkpoints(forward, spacing, checkpoints, b)
    back = _segments(forward, reverse, steps, spacing, checkpoints, b)
    stmts: list[Stmt] = []
    for i, s in enumerate(body.stmts):
        stmts += [*head, first] if i == loop.forward else back if i == loop.reverse else [s]
    return Block(tuple(stmts))


def steps_of(loop: For, b: Builder) -> Atom:
    """How many steps an ascending loop has."""
    span = b.add(length_of(loop, b), b.const(loop.step - 1, loop.index))
    return b.div(span, b.const(loop.step, loop.index))


def length_of(loop: For, b: Builder) -> Atom:
    """``hi - lo``, or 0 where an unsigned difference would wrap."""
    length = b.sub(loop.hi, loop.lo)
    if is_const(loop.lo, 0) or not scalar(loop.index).name.startswith("unsigned"):
        return length
    return b.select(b.compare("lt", loop.lo, loop.hi), length, b.const(0, length))


def state_of(loop: For) -> list[Symbol]:
    """What one step hands to the next: Views that it writes and carried scalars."""
    local = {s.target for s in walk(loop.body) if isinstance(s, Allocate)}
    views = sorted(
        (v for v in written(loop.body) if isinstance(v.type, View) and v not in local), key=lambda v: v.id
    )
    return [*views, *(c.inner for c in loop.carried)]


def without_saves(block: Block) -> Block:
    kept = (map_blocks(s, without_saves) for s in block.stmts if not isinstance(s, Save))
    return Block(tuple(kept))


def _with_checkpoints(loop: For, spacing: Atom, checkpoints: dict[Symbol, str], b: Builder) -> For:
    with b.block() as body:
        offset = b.sub(loop.index, loop.lo)
        step = b.div(offset, b.const(loop.step, offset))
        zero = b.const(0, loop.index)
        due = b.compare("eq", b.apply("mod", step, spacing), zero)
        saves = Block(tuple(Save(tape, source, loop.loc) for source, tape in checkpoints.items()))
        b.add_stmt(If(due, saves, Block(()), (), loop.loc))
    return replace(loop, body=Block((*body, *without_saves(loop.body).stmts)))


def _segments(
    forward: For, reverse: For, steps: Atom, spacing: Atom, checkpoints: dict[Symbol, str], b: Builder
) -> list[Stmt]:
    fresh = b.fresh
    one, zero = b.const(1, steps), b.const(0, steps)
    with b.block() as out:
        count = b.div(b.sub(b.add(steps, spacing), one), spacing)
        segment = fresh.symbol("segment", forward.index.type)
        outer = {c.inner: fresh.like(c.inner) for c in reverse.carried}
        results = {c.inner: fresh.like(c.result) for c in reverse.carried}
        with b.block() as body:
            working: dict[Symbol, Symbol] = {}
            for source, tape in checkpoints.items():
                type_ = source.type.writable if isinstance(source.type, View) else source.type
                working[source] = fresh.symbol(f"{source.name}_again", type_)
                b.add_stmt(Restore(working[source], tape, forward.loc))
            length = b.mul(spacing, b.const(forward.step, spacing))
            lo = b.add(forward.lo, b.mul(segment, length))
            end = b.add(lo, length)
            hi = b.select(b.compare("lt", end, forward.hi), end, forward.hi)
            b.add_stmt(again(forward, lo, hi, working, fresh))
            inner = tuple(Carried(c.inner, outer[c.inner], c.next, results[c.inner]) for c in reverse.carried)
            b.add_stmt(replace(reverse, lo=lo, hi=hi, carried=inner))
        carried = tuple(Carried(outer[c.inner], c.init, results[c.inner], c.result) for c in reverse.carried)
        b.add_stmt(For(segment, zero, count, 1, True, carried, Block(tuple(body)), reverse.loc))
    return list(out)


def again(loop: For, lo: Atom, hi: Atom, working: dict[Symbol, Symbol], fresh: Fresh) -> Stmt:
    """The steps [lo, hi) with their saves, on working copies of the state."""
    views = {s: w for s, w in working.items() if isinstance(s.type, View)}
    copy, _ = renamed(Block((loop,)), fresh)
    again = copy.stmts[0]
    assert isinstance(again, For)
    inits = [working[c.inner] for c in loop.carried]
    again = replace(
        again,
        lo=lo,
        hi=hi,
        carried=tuple(replace(c, init=init) for c, init in zip(again.carried, inits, strict=True)),
    )
    return substitute(Block((again,)), dict(views)).stmts[0]
