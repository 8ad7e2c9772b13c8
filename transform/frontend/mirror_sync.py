"""Mirrors out of step: programs whose result depends on whether a mirror shares its View's memory.

Where the host can access a View, ``create_mirror_view`` returns that very View; elsewhere it is a copy. A
program that reads one of the two after the other was written, without a ``deep_copy`` in between, means
different things on different backends, and is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum

from transform.diagnostics import Diagnostic
from transform.ir.nodes import (
    Block,
    DeepCopy,
    For,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Location,
    Param,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.walk import walk


class _State(Enum):
    SAME = 0
    EMPTY = 1  # the mirror has no values yet
    MIRROR = 2  # the mirror is newer
    VIEW = 3  # the View is newer


_States = frozenset[_State]
_HINT = "call Kokkos::deep_copy between the View and its mirror first"


def mirror_findings(
    body: Block, params: tuple[Param, ...], mirrors: list[tuple[Symbol, Symbol]]
) -> Iterator[Diagnostic]:
    """``mirrors``: each mirror with the View that it belongs to."""
    for mirror, view in mirrors:
        check = _Check(mirror, view)
        end = check.block(body, frozenset({_State.EMPTY}))
        if _State.MIRROR in end and any(p.symbol == view for p in params):
            check.report(f"'{view.name}' is left without the values of its mirror", check.written)
        yield from check.findings


def dual_findings(
    body: Block, duals: list[tuple[Symbol, Symbol]], modified: set[Symbol]
) -> Iterator[Diagnostic]:
    """A View of a DualView that is written, but never said to be modified, while the other one is read."""
    stmts = list(walk(body))
    reads = {s.op.memory for s in stmts if isinstance(s, Let) and isinstance(s.op, Load)}
    reads |= {s.source for s in stmts if isinstance(s, DeepCopy) and isinstance(s.source, Symbol)}
    for pair in duals:
        for view, other in (pair, pair[::-1]):
            loc = next((s.loc for s in stmts if _writes(s, view)), None)
            if loc is not None and other in reads and view not in modified:
                message = f"'{view.name}' is written, but its DualView is never told so"
                yield Diagnostic(
                    message, loc, "call modify_device() or modify_host(), then sync the other View"
                )


def _writes(s: Stmt, view: Symbol) -> bool:
    if isinstance(s, DeepCopy):
        return s.target == view
    return isinstance(s, Store | Increment) and s.memory == view


class _Check:
    def __init__(self, mirror: Symbol, view: Symbol) -> None:
        self.mirror = mirror
        self.view = view
        self.findings: list[Diagnostic] = []
        self.written: Location | None = None  # where the mirror is written last

    def report(self, message: str, loc: Location | None) -> None:
        finding = Diagnostic(message, loc, _HINT)
        if finding not in self.findings:
            self.findings.append(finding)

    def block(self, block: Block, states: _States) -> _States:
        for s in block.stmts:
            match s:
                case For(body=body):
                    while True:
                        after = states | self.block(body, states)
                        if after == states:
                            break
                        states = after
                case If(then=then, orelse=orelse):
                    states = self.block(then, states) | self.block(orelse, states)
                case Launch(body=body):
                    states = self._launch(body, states)
                case DeepCopy(target=target, source=source, loc=loc):
                    if {target, source} == {self.mirror, self.view} and isinstance(source, Symbol):
                        self._read(source, states, loc)
                        states = frozenset({_State.SAME})
                        continue
                    if isinstance(source, Symbol):
                        self._read(source, states, loc)
                    states = self._write(target, states, loc, whole=True)
                case _:
                    pass
        return states

    def _launch(self, body: Block, states: _States) -> _States:
        for s in walk(body):
            if isinstance(s, Let) and isinstance(s.op, Load):
                self._read(s.op.memory, states, s.loc)
        for s in walk(body):
            if isinstance(s, Store | Increment):
                states = self._write(s.memory, states, s.loc, whole=False)
        return states

    def _read(self, memory: Symbol, states: _States, loc: Location | None) -> None:
        if memory == self.mirror and _State.EMPTY in states:
            self.report(f"the mirror of '{self.view.name}' is read before it is filled", loc)
        elif memory == self.mirror and _State.VIEW in states:
            self.report(f"the mirror of '{self.view.name}' is read after the View has changed", loc)
        elif memory == self.view and _State.MIRROR in states:
            self.report(f"'{self.view.name}' is read after its mirror has changed", loc)

    def _write(self, memory: Symbol, states: _States, loc: Location | None, whole: bool) -> _States:
        if memory == self.mirror:
            if _State.VIEW in states and not whole:
                self.report(f"the mirror of '{self.view.name}' is changed after the View has changed", loc)
            self.written = loc
            return frozenset({_State.MIRROR})
        if memory == self.view:
            if _State.MIRROR in states and not whole:
                self.report(f"'{self.view.name}' is changed after its mirror has changed", loc)
            return frozenset({s if s is _State.EMPTY else _State.VIEW for s in states})
        return states
