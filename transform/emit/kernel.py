"""Print kernel bodies: structured SSA back to C++ statements with mutable locals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from transform.emit import reductions
from transform.emit.expressions import (
    AND,
    ATOM,
    BINARY,
    BITS,
    EQUAL,
    PRODUCT,
    SHIFT,
    SUM,
    TERNARY,
    UNARY,
    cast,
    inlined,
    literal,
)
from transform.emit.names import Names
from transform.ir.build import is_const, scalar
from transform.ir.nodes import (
    UNBOUNDED,
    Accumulate,
    Apply,
    Atom,
    Block,
    Combiner,
    Const,
    Declare,
    Exit,
    Extent,
    For,
    How,
    If,
    Increment,
    Let,
    Load,
    Merge,
    Op,
    Reduction,
    Stmt,
    Store,
    Symbol,
    Touch,
)
from transform.ir.types import SIZE, Accumulator, Array, Scalar, View
from transform.ir.walk import uses, walk


class OpenQuestion(AssertionError):
    """The program still leaves open how increments combine: it cannot be printed."""


@dataclass
class Text:
    """Lines of C++ with indentation."""

    lines: list[str] = field(default_factory=list)
    depth: int = 0

    def add(self, line: str) -> None:
        self.lines.append("  " * self.depth + line if line else "")


class KernelPrinter:
    """Prints scalar statements; the host printer extends it with launches and workspace."""

    def __init__(self, text: Text, names: Names) -> None:
        self.text = text
        self.names = names
        self.inline: dict[Symbol, Let] = {}
        self.used: set[Symbol] = set()
        self.reductions: dict[Symbol, Reduction] = {}  # by accumulator
        self.views: dict[Symbol, str] = {}  # spelled differently than declared (host mirrors)
        self.team_copies: set[Symbol] = set()
        self.mine: dict[Symbol, str] = {}  # private copies -> the one of the task at hand
        self.unroll = 0  # how often innermost loops are unrolled; 0: as the compiler chooses
        self.slots: dict[Symbol, str] = {}  # local arrays sized at run time -> the iteration's own part

    # ---- expressions ----

    def expr(self, atom: Atom, strength: int = TERNARY) -> str:
        """``atom`` as C++ text that binds at least as tightly as ``strength``."""
        if isinstance(atom, Const):
            text = literal(atom)
            return f"({text})" if text.startswith("-") and strength < SUM else text
        let = self.inline.get(atom)
        if let is None:
            return self.names[atom]
        text, binds = self.op(let.op, scalar(let.target))
        return f"({text})" if binds > strength else text

    def op(self, op: Op, type_: Scalar) -> tuple[str, int]:
        match op:
            case Load(memory=memory, index=index):
                return self.element(memory, index), ATOM
            case Extent(view=view, dim=dim):
                return f"{self.names[view]}.extent({dim})", ATOM
            case Apply(fn="neg", args=(a,)):
                return f"-{self.expr(a, ATOM)}", UNARY
            case Apply(fn="not", args=(a,)):
                return f"!{self.expr(a, ATOM)}", UNARY
            case Apply(fn="copy", args=(a,)):
                return self.expr(a), ATOM if isinstance(a, Const) or a not in self.inline else TERNARY
            case Apply(fn="cast", args=(a,)):
                return cast(type_, self.expr(a)), ATOM
            case Apply(fn="select", args=(c, a, b)):
                cond, yes, no = (self.expr(x, TERNARY - 1) for x in (c, a, b))
                return f"{cond} ? {yes} : {no}", TERNARY
            case Apply(fn=fn, args=(a, b)) if fn in BINARY:
                sign, strength = BINARY[fn]
                # Only sums and products may go without parentheses inside themselves, on the left.
                left = strength if strength in (SUM, PRODUCT) else strength - 1
                right = strength - 1
                if fn == "and":
                    left, right = AND, EQUAL
                elif strength > SUM:  # mixed logic reads better with parentheses, and compilers ask for them
                    left = right = PRODUCT if strength in (SHIFT, BITS) else SUM
                return f"{self.expr(a, left)} {sign} {self.expr(b, right)}", strength
            case Apply(fn="stride", args=(a, b)):
                return cast(type_, f"kad::stride({self.expr(a)}, {self.expr(b)})"), ATOM
            case Apply(fn="spacing", args=(a,)):
                return cast(type_, f"kad::spacing({self.expr(a)})"), ATOM
            case Apply(fn="digamma", args=(a,)):
                return f"kad::digamma({self.expr(a)})", ATOM
            case Apply(fn=fn, args=args) if fn.startswith("call:"):
                given = ", ".join(self.expr(a) for a in args)
                return f"::{fn.removeprefix('call:')}({given})", ATOM
            case Apply(fn=fn, args=args):
                return f"kad::math::{fn}({', '.join(self.expr(a) for a in args)})", ATOM

    def element(self, memory: Symbol, index: tuple[Atom, ...]) -> str:
        if memory in self.mine:  # bound to the replica already
            return f"{self.mine[memory]}({', '.join(self.expr(i) for i in index[1:])})"
        name = self.views.get(memory, self.names[memory])
        if memory in self.slots:
            return f"{name}({', '.join((self.slots[memory], *(self.expr(i) for i in index)))})"
        if isinstance(memory.type, Array):
            return name + "".join(f"[{self.expr(i)}]" for i in index)
        if isinstance(memory.type, Accumulator):
            return f"{name}[{self.expr(index[0])}]" if memory.type.size else name
        return f"{name}({', '.join(self.expr(i) for i in index)})"

    # ---- statements ----

    def begin(self, block: Block) -> None:
        """Decide what is written in place, for ``block`` and everything inside."""
        chosen = inlined(block)
        self._find(block, chosen)

    def _find(self, block: Block, chosen: set[Symbol]) -> None:
        for s in walk(block):
            self.used.update(uses(s))
            if isinstance(s, Let) and s.target in chosen:
                self.inline[s.target] = s

    def block(self, block: Block) -> None:
        for s in block.stmts:
            self.stmt(s)

    def stmt(self, s: Stmt) -> None:
        match s:
            case Let(target=target, op=op):
                if target not in self.inline:
                    type_ = scalar(target)
                    text, _ = self.op(op, type_)
                    self.text.add(f"const {type_.name} {self.names.declare(target)} = {text};")
            case Declare(target=target, zeroed=zeroed, extents=sizes) if sizes:
                if zeroed:
                    self._zero(target, sizes)
            case Declare(target=target, zeroed=zeroed):
                assert isinstance(target.type, Array)
                extents = "".join(f"[{n}]" for n in target.type.extents)
                init = " = {}" if zeroed else ""
                name = self.names.declare(target)
                self.text.add(f"{target.type.element.name} {name}{extents}{init};")
            case Store(memory=memory, index=index, value=value):
                self.text.add(f"{self.element(memory, index)} = {self.expr(value)};")
            case Increment(memory=memory, index=index, value=value) if self._joins(memory):
                given = ", ".join(self.expr(a) for a in (value, *index))
                self.text.add(reductions.join(self.reductions[memory], self.names[memory], given))
            case Increment(memory=memory, index=index, value=value) if memory in self.team_copies:
                given = ", ".join(self.expr(a) for a in (value, *index))
                self.text.add(f"{self.names[memory]}.add({given});")
            case Increment(memory=memory, index=index, value=value, how=how):
                where = self.element(memory, index)
                if how is How.ATOMIC and not (isinstance(memory.type, View) and memory.type.atomic):
                    self.text.add(f"Kokkos::atomic_add(&{where}, {self.expr(value)});")
                else:
                    self.text.add(self._plus(where, value))
            case For():
                self.loop(s)
            case If():
                self.branch(s)
            case Touch(view=view, index=index):
                name = self.names[view]
                at = ", ".join(("0" if not index else self.expr(i)) for i in index) or "0"
                self.text.add(f"touch({name}_first + kad::offset({name}, {at}));")
            case Accumulate(memory=memory):
                raise OpenQuestion(f"how increments of {memory.name} combine is undecided")
            case _:
                raise AssertionError(f"not a kernel statement: {s}")

    def _joins(self, memory: Symbol) -> bool:
        """Whether increments of ``memory`` contribute to a reduction that is no sum."""
        return memory in self.reductions and self.reductions[memory].combiner is not Combiner.SUM

    def _zero(self, target: Symbol, extents: tuple[Atom, ...]) -> None:
        with self.names.scope():
            index = [self.names.fresh(f"k{d}") for d in range(len(extents))]
            for k, n in zip(index, extents, strict=True):
                size = cast(SIZE, self.expr(n))
                self.text.add(f"for (std::size_t {k} = 0; {k} < {size}; ++{k}) {{")
                self.text.depth += 1
            where = ", ".join((self.slots[target], *index))
            self.text.add(f"{self.names[target]}({where}) = 0;")
            for _ in index:
                self.text.depth -= 1
                self.text.add("}")

    def _plus(self, where: str, value: Atom) -> str:
        """``where += value``, or ``-=`` where the value is a negation."""
        let = self.inline.get(value) if isinstance(value, Symbol) else None
        if let is not None and isinstance(let.op, Apply) and let.op.fn == "neg":
            return f"{where} -= {self.expr(let.op.args[0], SUM - 1)};"
        return f"{where} += {self.expr(value)};"

    def assign(self, name: str, inner: Symbol, next_: Atom) -> str:
        """``name = next``, as a compound assignment where ``next`` adds to ``inner``."""
        let = self.inline.get(next_) if isinstance(next_, Symbol) else None
        if let is not None and isinstance(let.op, Apply) and let.op.args and let.op.args[0] == inner:
            if let.op.fn == "add":
                return self._plus(name, let.op.args[1])
            if let.op.fn in ("sub", "mul", "div"):
                sign = BINARY[let.op.fn][0]
                return f"{name} {sign}= {self.expr(let.op.args[1])};"
        return f"{name} = {self.expr(next_)};"

    def loop(self, s: For) -> None:
        for c in s.carried:
            name = self.names.declare(c.inner)
            self.names.alias(c.result, name)
            self.text.add(f"{scalar(c.inner).name} {name} = {self.expr(c.init)};")
        counts = s.exit is not None and s.exit.trips in self.used
        if s.exit is not None and counts:
            self.text.add(f"{scalar(s.index).name} {self.names.declare(s.exit.trips)} = 0;")
        with self.names.scope():
            if self.unroll and s.exit is None and not any(isinstance(x, For) for x in walk(s.body)):
                self.text.add(f"KAD_UNROLL({self.unroll})")
            self.text.add(self._head(s) + " {")
            self.text.depth += 1
            if s.exit is not None and counts:
                self.text.add(f"++{self.names[s.exit.trips]};")
            self.block(s.body)
            until = None if s.exit is None else self._until(s, s.exit)
            self._advance(s)
            if until is not None:
                self.text.add(f"if ({until}) break;")
            self.text.depth -= 1
            self.text.add("}")

    def _head(self, s: For) -> str:
        lo, hi = self.expr(s.lo, SUM), self.expr(s.hi, SUM)
        type_ = scalar(s.index).name
        index = self.names.declare(s.index)
        if s.descending:
            return self._descending(s, type_, index, lo, hi)
        step = f"++{index}" if s.step == 1 else f"{index} += {s.step}"
        if s.exit is not None and is_const(s.hi, UNBOUNDED):
            return f"for ({type_} {index} = {lo};; {step})" if s.index in self.used else "while (true)"
        return f"for ({type_} {index} = {lo}; {index} < {hi}; {step})"

    def _until(self, s: For, leave: Exit) -> str:
        """The condition to leave by, evaluated before the carried variables advance where it reads one."""
        text = self.expr(leave.until)
        if any(re.search(rf"\b{re.escape(self.names[c.inner])}\b", text) for c in s.carried):
            name = self.names.fresh("stop")
            self.text.add(f"const bool {name} = {text};")
            return name
        return text

    def _descending(self, s: For, type_: str, index: str, lo: str, hi: str) -> str:
        """The values of an ascending loop backwards. Unsigned indices must not run below zero, so the loop
        counts down before the body."""
        if s.step == 1:
            return f"for ({type_} {index} = {hi}; {index}-- > {lo};)"
        lo = self.expr(s.lo, SUM - 1)  # to be subtracted
        last = f"{lo} + (({hi} - {lo} + {s.step - 1}) / {s.step}) * {s.step}"
        empty = f"{hi} > {lo} ? {last} : {lo}"
        return (
            f"for ({type_} {index} = {empty}, {index}_end = {lo}; "
            f"{index} > {index}_end && ({index} -= {s.step}, true);)"
        )

    def _advance(self, s: For) -> None:
        names = [self.names[c.inner] for c in s.carried]
        texts = [self.expr(c.next) for c in s.carried]
        clash = any(
            re.search(rf"\b{re.escape(name)}\b", later)
            for k, name in enumerate(names)
            for later in texts[k + 1 :]
        )
        if clash:
            with self.names.scope():
                saved = []
                for c, text in zip(s.carried, texts, strict=True):
                    saved.append(self.names.fresh(f"{c.inner.name}_next"))
                    self.text.add(f"const {scalar(c.inner).name} {saved[-1]} = {text};")
                for name, value in zip(names, saved, strict=True):
                    self.text.add(f"{name} = {value};")
            return
        for c, name in zip(s.carried, names, strict=True):
            self.text.add(self.assign(name, c.inner, c.next))

    def branch(self, s: If) -> None:
        cond = self.expr(s.cond)
        for m in s.merges:
            name = self.names.declare(m.result)
            self.text.add(f"{scalar(m.result).name} {name};")
        then = bool(s.then.stmts or s.merges)
        self.text.add(f"if ({cond}) {{" if then else f"if (!{self.expr(s.cond, ATOM)}) {{")
        if then:
            self._side(s.then, s.merges, "then")
        if s.orelse.stmts or s.merges or not then:
            if then:
                self.text.add("} else {")
            self._side(s.orelse, s.merges, "orelse")
        self.text.add("}")

    def _side(self, body: Block, merges: tuple[Merge, ...], pick: str) -> None:
        self.text.depth += 1
        with self.names.scope():
            self.block(body)
            for m in merges:
                value = m.then if pick == "then" else m.orelse
                self.text.add(f"{self.names[m.result]} = {self.expr(value)};")
        self.text.depth -= 1
