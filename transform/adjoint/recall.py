"""Primal values for the reverse sweep of host code: what is still there, computed again, or taped.

A ``Frame`` is one host block being reversed; the ``Recalls`` of a function hold the chain of them, from the
function's body to the block at hand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from transform.adjoint.scope import free
from transform.ir.build import TEMPORARY, Fresh
from transform.ir.nodes import (
    Allocate,
    Apply,
    Atom,
    Block,
    For,
    If,
    Launch,
    Let,
    Load,
    PrefixSum,
    Program,
    Restore,
    Save,
    Stmt,
    Symbol,
)
from transform.ir.types import Scalar, View
from transform.ir.walk import defines, loaded, substitute, walk, written


@dataclass
class Frame:
    """One host block being reversed."""

    block: Block
    stmts: list[Stmt]  # the reverse statements built so far
    prologue: list[Stmt]  # recalled scalars, ahead of them
    owner: For | If | None
    position: int = 0
    scalars: dict[Symbol, Atom] = field(default_factory=dict)  # recalled primal scalars
    views: dict[tuple[Symbol, int], Symbol] = field(default_factory=dict)  # recalled (View, version)
    scalar_saves: dict[Symbol, str] = field(default_factory=dict)  # symbol -> tape, after its definition
    view_saves: list[tuple[int, Symbol, str]] = field(default_factory=list)  # before statement i

    def defines(self) -> dict[Symbol, Stmt | None]:
        names: dict[Symbol, Stmt | None] = {}
        if isinstance(self.owner, For):
            names[self.owner.index] = None
            names.update({c.inner: None for c in self.owner.carried})
        for s in self.block.stmts:
            match s:
                case Let(target=t):
                    names[t] = s
                case For() | If() | Launch() | PrefixSum():
                    names.update(dict.fromkeys(defines(s), s))
                case _:
                    pass
        return names


class Recalls:
    """The frames of a function being reversed, and the tapes they share. ``records``: Views that a kernel
    fills for its own adjoint, which reads them as they were after it."""

    def __init__(self, program: Program, fresh: Fresh, records: Collection[Symbol] = ()) -> None:
        self.fresh = fresh
        self.records = records
        self.frames: list[Frame] = []
        self._tapes: set[str] = set()
        self._local_views = {s.target for s in walk(program.body) if isinstance(s, Allocate)}

    def value(self, atom: Atom) -> Atom:
        """What the reverse sweep calls the value of a primal ``atom``; arranges for it to be recalled."""
        if not isinstance(atom, Symbol):
            return atom
        for frame in reversed(self.frames[1:]):
            if atom in frame.scalars:
                return frame.scalars[atom]
            definitions = frame.defines()
            if atom in definitions:
                return self._recall_scalar(frame, atom, definitions[atom])
        return atom

    def _recall_scalar(self, frame: Frame, s: Symbol, definition: Stmt | None) -> Atom:
        copy = self.fresh.like(s)
        frame.scalars[s] = copy
        if isinstance(definition, Let) and not isinstance(definition.op, Load):
            op = definition.op
            if isinstance(op, Apply):
                op = Apply(op.fn, tuple(self.value(a) for a in op.args))
                frame.prologue.append(Let(copy, op, definition.loc))
                return copy
            if op.view not in self._local_views:
                frame.prologue.append(Let(copy, op, definition.loc))
                return copy
        tape = self._tape_name(s.name)
        frame.scalar_saves[s] = tape
        frame.prologue.append(Restore(copy, tape))
        return copy

    def _tape_name(self, name: str) -> str:
        base = name.replace(TEMPORARY, "value")
        tape, n = base, 1
        while tape in self._tapes:
            n += 1
            tape = f"{base}_{n}"
        self._tapes.add(tape)
        return tape

    def recall_views(self, launch: Launch, adjoints: Collection[Symbol]) -> Launch:
        """Let the adjoint read each overwritten View from its saved version."""
        mapping: dict[Symbol, Symbol] = {}
        primal_views = mentioned(launch) - set(adjoints)
        values = loaded(launch.body)
        for view in sorted(primal_views, key=lambda v: v.id):
            gone = self._out_of_scope(view)
            if gone or (view in values and self._overwritten_later(view)):
                mapping[view] = self._recall_view(view)
        return substituted(launch, mapping)

    def _overwritten_later(self, view: Symbol) -> bool:
        for frame in self.frames:
            stmts = frame.block.stmts
            begin = frame.position + (frame is not self.frames[-1] or view in self.records)
            later = stmts[begin:]
            if isinstance(frame.owner, For):
                later = stmts
            if view in written(Block(tuple(later))):
                return True
        return False

    def _out_of_scope(self, view: Symbol) -> bool:
        return any(
            isinstance(s, Allocate) and s.target == view
            for frame in self.frames[1:]
            for s in frame.block.stmts
        )

    def _recall_view(self, view: Symbol) -> Symbol:
        depth = len(self.frames) - 1
        while depth > 0:
            block_ = self.frames[depth].block
            allocated = any(isinstance(s, Allocate) and s.target == view for s in block_.stmts)
            if allocated or view in written(block_):
                break
            depth -= 1
        frame = self.frames[depth]
        writers = [
            i for i, s in enumerate(frame.block.stmts[: frame.position]) if view in written(Block((s,)))
        ]
        key = (view, writers[-1] if writers else -1)
        if key not in frame.views:
            tape = self._tape_name(view.name)
            frame.view_saves.append((frame.position + (view in self.records), view, tape))
            copy = self.fresh.symbol(f"{view.name}_was", writable(view))
            frame.views[key] = copy
            frame.stmts.append(Restore(copy, tape))
        return frame.views[key]

    def recall_scalars(self, launch: Launch) -> Launch:
        """Captured host scalars, as the reverse sweep can name them."""
        if len(self.frames) == 1:
            return launch
        scalars = [s for s in free(Block((launch,))) if isinstance(s.type, Scalar)]
        return substituted(launch, {s: self.value(s) for s in scalars})

    def replace_forward(self, new: Stmt) -> None:
        """Put ``new`` in the place of the statement at hand."""
        frame = self.frames[-1]
        stmts = list(frame.block.stmts)
        stmts[frame.position] = new
        frame.block = Block(tuple(stmts))

    @staticmethod
    def with_saves(frame: Frame) -> Block:
        """The frame's block with the saves that its recalls need."""
        out: list[Stmt] = []
        if isinstance(frame.owner, For):
            heads = [frame.owner.index, *(c.inner for c in frame.owner.carried)]
            out += [Save(frame.scalar_saves[h], h) for h in heads if h in frame.scalar_saves]
        for i, s in enumerate(frame.block.stmts):
            out += [Save(tape, view, s.loc) for at, view, tape in frame.view_saves if at == i]
            out.append(s)
            match s:
                case Let() | For() | If() | Launch() | PrefixSum():
                    results = defines(s)
                case _:
                    results = ()
            out += [Save(frame.scalar_saves[r], r) for r in results if r in frame.scalar_saves]
        end = len(frame.block.stmts)
        out += [Save(tape, view) for at, view, tape in frame.view_saves if at == end]
        return Block(tuple(out))


def mentioned(launch: Launch) -> set[Symbol]:
    return {a for a in free(Block((launch,))) if isinstance(a.type, View)}


def substituted(launch: Launch, mapping: Mapping[Symbol, Atom]) -> Launch:
    new = substitute(Block((launch,)), mapping).stmts[0]
    assert isinstance(new, Launch)
    return new


def writable(view: Symbol) -> View:
    assert isinstance(view.type, View)
    return view.type.writable
