"""Canonical text of the IR: what golden tests compare and fingerprints hash.

Symbols print as the user's name; the second and later symbols of one name get ``.1``, ``.2`` ... in order of
appearance, so that the text does not depend on ids.
"""

from __future__ import annotations

import hashlib
from typing import assert_never

from transform.ir.build import TEMPORARY
from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Assumption,
    Atom,
    Block,
    Chunked,
    Color,
    Colored,
    Combine,
    Const,
    Dealt,
    Declare,
    DeepCopy,
    Extent,
    For,
    If,
    Increment,
    Invert,
    Launch,
    Let,
    Load,
    Op,
    Output,
    PrefixSum,
    Program,
    Replicate,
    Restore,
    Return,
    Save,
    Stmt,
    Store,
    Symbol,
    Teamed,
    Touch,
)
from transform.ir.types import BOOL, DOUBLE, INT, Accumulator, Array, Coloring, Scalar, Type, View


def program_text(program: Program) -> str:
    """``program`` as readable text; equal text means an equal program up to ids and locations."""
    printer = _Printer()
    params = ", ".join(f"{printer.define(p.symbol)}: {p.spelling}" for p in program.params)
    returns = program.returns.name if program.returns else "void"
    head = [f"include {line}" for line in program.includes]
    head.append(f"function {program.qualified}({params}) -> {returns}")
    return "\n".join(head + printer.block(program.body, 1)) + "\n"


def block_text(block: Block) -> str:
    """``block`` alone; free symbols are named where they first appear."""
    return "\n".join(_Printer().block(block, 0)) + "\n"


def stmt_text(stmt: Stmt) -> str:
    """One statement with its blocks."""
    return block_text(Block((stmt,)))


def fingerprint(program: Program) -> str:
    """SHA-256 (hex) of the canonical text."""
    return hashlib.sha256(program_text(program).encode()).hexdigest()


def type_text(type_: Type) -> str:
    """A type as the text writes it."""
    match type_:
        case Scalar(name=name):
            return name
        case Array(element=element, extents=extents):
            return element.name + "".join(f"[{n or ''}]" for n in extents)
        case View(spelling=spelling):
            return spelling
        case Accumulator(element=element, size=size):
            return f"{element.name}{f'[{size}]' if size else ''}&"
        case Coloring():
            return "coloring"
        case _:
            assert_never(type_)


class _Printer:
    def __init__(self) -> None:
        self._names: dict[Symbol, str] = {}
        self._count: dict[str, int] = {}

    def define(self, symbol: Symbol) -> str:
        return self.atom(symbol)

    def atom(self, atom: Atom) -> str:
        if isinstance(atom, Const):
            return _const(atom)
        if atom not in self._names:
            name = "t" if atom.name == TEMPORARY else atom.name
            seen = self._count.get(name, 0)
            self._count[name] = seen + 1
            self._names[atom] = f"{name}.{seen}" if seen else name
        return self._names[atom]

    def element(self, memory: Symbol, index: tuple[Atom, ...]) -> str:
        return f"{self.atom(memory)}[{', '.join(self.atom(i) for i in index)}]"

    def op(self, op: Op) -> str:
        match op:
            case Apply(fn=fn, args=args):
                return f"{fn}({', '.join(self.atom(a) for a in args)})"
            case Load(memory=memory, index=index):
                return f"load {self.element(memory, index)}"
            case Extent(view=view, dim=dim):
                return f"extent {self.atom(view)} {dim}"
            case _:
                assert_never(op)

    def block(self, block: Block, depth: int) -> list[str]:
        return [line for stmt in block.stmts for line in self.stmt(stmt, depth)]

    def stmt(self, stmt: Stmt, depth: int) -> list[str]:
        pad = "  " * depth
        match stmt:
            case Let(target=target, op=op):
                text = self.op(op)
                return [f"{pad}{self.define(target)}: {type_text(target.type)} = {text}"]
            case Declare(target=target, zeroed=zeroed, extents=extents):
                init = " = {}" if zeroed else ""
                sizes = f" ({', '.join(self.atom(e) for e in extents)})" if extents else ""
                return [f"{pad}declare {self.define(target)}: {type_text(target.type)}{sizes}{init}"]
            case Store(memory=memory, index=index, value=value):
                return [f"{pad}store {self.element(memory, index)} = {self.atom(value)}"]
            case Increment(memory=memory, index=index, value=value, how=how):
                return [f"{pad}increment {self.element(memory, index)} += {self.atom(value)} ({how.value})"]
            case Accumulate(memory=memory, index=index, value=value):
                return [f"{pad}accumulate {self.element(memory, index)} += {self.atom(value)}"]
            case For():
                return self._for(stmt, depth)
            case If():
                return self._if(stmt, depth)
            case Launch():
                return self._launch(stmt, depth)
            case Allocate(target=target, extents=extents):
                sizes = ", ".join(self.atom(e) for e in extents)
                return [f"{pad}allocate {self.define(target)}: {type_text(target.type)} ({sizes})"]
            case DeepCopy(target=target, source=source):
                return [f"{pad}deep_copy {self.atom(target)} = {self.atom(source)}"]
            case PrefixSum(view=view, start=start, total=total, backward=backward):
                kind = "suffix" if backward else "prefix"
                result = f"{self.define(total)}: {type_text(total.type)} = " if total is not None else ""
                return [f"{pad}{result}{kind}_sum {self.atom(view)} from {self.atom(start)}"]
            case Output(param=param, value=value):
                return [f"{pad}output {self.atom(param)} = {self.atom(value)}"]
            case Return(value=value):
                return [f"{pad}return {self.atom(value)}"]
            case Save(tape=tape, source=source):
                return [f"{pad}save {tape} <- {self.atom(source)}"]
            case Restore(target=target, tape=tape):
                return [f"{pad}{self.define(target)}: {type_text(target.type)} = restore {tape}"]
            case Replicate(target=target, source=source):
                of = self.atom(source)
                return [f"{pad}replicate {self.define(target)}: {type_text(target.type)} of {of}"]
            case Combine(target=target, replicas=replicas):
                return [f"{pad}combine {self.atom(target)} += {self.atom(replicas)}"]
            case Touch(view=view, index=index):
                return [f"{pad}touch {self.element(view, index)}"]
            case Color():
                return self._color(stmt, depth)
            case Invert():
                return self._invert(stmt, depth)
            case _:
                assert_never(stmt)

    def _for(self, stmt: For, depth: int) -> list[str]:
        pad = "  " * depth
        bounds = f"{self.atom(stmt.lo)} .. {self.atom(stmt.hi)}"
        step = f" step {stmt.step}" if stmt.step != 1 else ""
        order = " descending" if stmt.descending else ""
        inits = [self.atom(c.init) for c in stmt.carried]
        index = f"{self.define(stmt.index)}: {type_text(stmt.index.type)}"
        parallel = " parallel" if stmt.parallel else ""
        lines = [f"{pad}for {index} in {bounds}{step}{order}{parallel}"]
        for carried, init in zip(stmt.carried, inits, strict=True):
            inner = self.define(carried.inner)
            lines.append(f"{pad}  carry {inner}: {type_text(carried.inner.type)} = {init}")
        lines += self.block(stmt.body, depth + 1)
        for carried in stmt.carried:
            lines.append(f"{pad}  next {self.atom(carried.inner)} = {self.atom(carried.next)}")
        if stmt.exit is not None:
            until, trips = self.atom(stmt.exit.until), self.define(stmt.exit.trips)
            lines.append(f"{pad}  until {until} after {trips}: {type_text(stmt.exit.trips.type)}")
        for carried in stmt.carried:
            lines.append(f"{pad}after {self.define(carried.result)} = {self.atom(carried.inner)}")
        return lines

    def _if(self, stmt: If, depth: int) -> list[str]:
        pad = "  " * depth
        lines = [f"{pad}if {self.atom(stmt.cond)}", *self.block(stmt.then, depth + 1)]
        if stmt.orelse.stmts:
            lines += [f"{pad}else", *self.block(stmt.orelse, depth + 1)]
        for merge in stmt.merges:
            sides = f"{self.atom(merge.then)} | {self.atom(merge.orelse)}"
            lines.append(f"{pad}merge {self.define(merge.result)}: {type_text(merge.result.type)} = {sides}")
        return lines

    def _launch(self, stmt: Launch, depth: int) -> list[str]:
        pad = "  " * depth
        kind = "parallel_reduce" if stmt.reductions else "parallel_for"
        bounds = [f"{self.atom(r.lo)} .. {self.atom(r.hi)}" for r in stmt.ranges]
        indices = [f"{self.define(r.index)}: {type_text(r.index.type)}" for r in stmt.ranges]
        ranges = ", ".join(f"{i} in {b}" for i, b in zip(indices, bounds, strict=True))
        label = f' "{stmt.label}"' if stmt.label else ""
        lines = [f"{pad}{kind}{label} on {stmt.space} over {ranges}"]
        match stmt.schedule:
            case Dealt():
                lines.append(f"{pad}  dealt")
            case Chunked(replica=replica):
                shared = ", shared" if stmt.schedule.shared else ""
                lines.append(f"{pad}  chunked by {self.define(replica)}{shared}")
            case Teamed(copies=copies):
                pairs = ", ".join(f"{self.define(copy)} of {self.atom(view)}" for copy, view in copies)
                lines.append(f"{pad}  in teams with {pairs}")
            case Colored(coloring=coloring):
                lines.append(f"{pad}  colored by {self.atom(coloring)}")
            case _:
                pass
        lines += [f"{pad}  given {self._assumption(g)}" for g in stmt.given]
        for reduction in stmt.reductions:
            accumulator = reduction.accumulator
            kind = reduction.combiner.value
            lines.append(f"{pad}  {kind} {self.define(accumulator)}: {type_text(accumulator.type)}")
        lines += self.block(stmt.body, depth + 1)
        for reduction in stmt.reductions:
            lines.append(f"{pad}after {self.define(reduction.result)} = {self.atom(reduction.accumulator)}")
            if reduction.location is not None:
                place = f"where {self.atom(reduction.accumulator)}"
                lines.append(f"{pad}after {self.define(reduction.location)} = {place}")
        return lines

    def _assumption(self, given: Assumption) -> str:
        tests = []
        for c in given.either:
            terms = [" * ".join([str(k), *map(self.atom, atoms)]) for k, atoms in c.terms]
            tests.append(f"{' + '.join(terms)} {'!=' if c.nonzero else '>='} 0")
        return " or ".join(tests)

    def _color(self, stmt: Color, depth: int) -> list[str]:
        pad = "  " * depth
        unit = stmt.unit
        bounds = f"{self.atom(unit.lo)} .. {self.atom(unit.hi)}"
        views, keys = (", ".join(self.atom(s) for s in group) for group in (stmt.views, stmt.keys))
        head = f"{pad}color {self.define(stmt.target)} over {self.define(unit.index)} in {bounds}"
        return [f"{head} block {stmt.block} of {views} keys {keys}", *self.block(stmt.body, depth + 1)]

    def _invert(self, stmt: Invert, depth: int) -> list[str]:
        pad = "  " * depth
        defined = f"{self.define(stmt.starts)}, {self.define(stmt.entries)}"
        again = "always" if stmt.watched is None else f"watching {', '.join(map(self.atom, stmt.watched))}"
        lines = self.block(stmt.body, depth + 1)
        keys = f"keys {self.atom(stmt.keys)} below {self.atom(stmt.targets)}"
        return [f"{pad}{defined} = invert {keys} {again}", *lines]


def _const(const: Const) -> str:
    if const.type == BOOL:
        return "true" if const.value else "false"
    text = repr(const.value)
    return text if const.type in (INT, DOUBLE) else f"{text}:{const.type.name}"
