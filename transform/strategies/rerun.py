"""Views overwritten by a later kernel: compute them again instead of keeping a copy.

IR before -> after: ``Save(V)`` disappears; ``V' = Restore`` becomes a new View that the statements which
filled ``V`` fill again. That needs everything they start from to be still there, or to be computed again too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from transform.ir.build import Builder, Fresh
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Block,
    DeepCopy,
    Extent,
    How,
    If,
    Increment,
    Launch,
    PrefixSum,
    Restore,
    Save,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.rename import renamed
from transform.ir.types import SIZE, Array, View
from transform.ir.walk import loaded, map_blocks, substitute, written


@dataclass(frozen=True)
class SavedView:
    """A View saved outside host loops. ``why_not``: why it cannot be computed again, or empty."""

    name: str
    save: int
    slice: tuple[int, ...]  # positions of the statements that compute it, in order
    views: frozenset[Symbol]  # what they have to fill: the View itself and what it comes from
    why_not: str


def saved(body: Block) -> list[SavedView]:
    found = []
    for i, s in enumerate(body.stmts):
        if isinstance(s, Save) and isinstance(s.source, Symbol) and isinstance(s.source.type, View):
            positions, views, why_not = _slice(body, i, s.source)
            found.append(SavedView(s.tape, i, positions, views, why_not))
    return found


def _slice(body: Block, save: int, view: Symbol) -> tuple[tuple[int, ...], frozenset[Symbol], str]:
    needed = {view}
    views = {view}
    positions: list[int] = []
    everything = written(body)
    for i in reversed(range(save)):
        s = body.stmts[i]
        if not needed & written(Block((s,))):
            continue
        if not isinstance(s, Launch | DeepCopy | Allocate | PrefixSum):
            line = f" at line {s.loc.line}" if s.loc is not None else ""
            return (), frozenset(), f"it is computed by a host loop or branch{line}"
        positions.append(i)
        match s:
            case Allocate(target=t):
                needed.discard(t)
            case DeepCopy(target=t, source=source):
                needed.discard(t)
                if isinstance(source, Symbol) and source in everything:
                    needed.add(source)
            case Launch(body=inner):
                needed |= {v for v in loaded(inner) if v in everything}
        views |= needed
    if needed:
        names = ", ".join(sorted(f"'{v.name}'" for v in needed))
        return (), frozenset(), f"it starts from {names}, which the function overwrites"
    return tuple(reversed(positions)), frozenset(views), ""


def recompute(body: Block, *, name: str, fresh: Fresh) -> Block:
    """Compute the View saved as ``name`` again where the reverse sweep needs it."""
    choice = next((s for s in saved(body) if s.name == name), None)
    if choice is None:  # stored values of its readers made the copy unnecessary
        return body
    save = body.stmts[choice.save]
    assert isinstance(save, Save)
    wanted = save.source
    assert isinstance(wanted, Symbol)
    slice_ = Block(tuple(body.stmts[i] for i in choice.slice))

    def rewrite(block: Block) -> Block:
        out: list[Stmt] = []
        for s in block.stmts:
            if s is save:
                continue
            if isinstance(s, Restore) and s.tape == name:
                again, copies = _again(slice_, choice.views, fresh)
                out += again
                replaced[s.target] = copies[wanted]
            else:
                out.append(map_blocks(s, rewrite) if isinstance(s, If) else s)
        return Block(tuple(out))

    replaced: dict[Symbol, Symbol] = {}
    result = rewrite(body)
    return substitute(result, dict(replaced))


def _again(
    slice_: Block, views: frozenset[Symbol], fresh: Fresh
) -> tuple[list[Stmt], Mapping[Symbol, Symbol]]:
    """The statements of ``slice_`` on copies of ``views``, which nothing else sees."""
    allocated = {s.target for s in slice_.stmts if isinstance(s, Allocate)}
    b = Builder(fresh)
    copies: dict[Symbol, Symbol] = {}
    with b.block() as head:
        for view in sorted(views - allocated, key=lambda v: v.id):  # a deep_copy fills it whole
            assert isinstance(view.type, View)
            extents = tuple(b.let(Extent(view, d), SIZE) for d in range(view.type.rank))
            copies[view] = fresh.symbol(f"{view.name}_again", view.type.writable)
            b.add_stmt(Allocate(copies[view], extents, zeroed=False))
    kept = Block(tuple(_only_views(s, views) for s in slice_.stmts))
    again, renames = renamed(kept, fresh)
    copies |= {v: renames[v] for v in allocated}
    return [*head, *substitute(again, dict(copies)).stmts], copies


def _only_views(s: Stmt, views: frozenset[Symbol]) -> Stmt:
    """Drop what a kernel does besides filling ``views``: its sums are known already."""

    def strip(block: Block) -> Block:
        kept: list[Stmt] = []
        for x in block.stmts:
            match x:
                case Increment(how=How.REDUCE):
                    continue
                case Store(memory=m) | Increment(memory=m) | Accumulate(memory=m):
                    if m in views or isinstance(m.type, Array):
                        kept.append(x)
                case _:
                    kept.append(map_blocks(x, strip))
        return Block(tuple(kept))

    return replace(s, body=strip(s.body), reductions=()) if isinstance(s, Launch) else s
