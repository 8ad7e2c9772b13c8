"""The state of one lowering: findings, the statements built so far, and what each variable stands for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

from transform.analysis.teams import Share
from transform.diagnostics import Diagnostic
from transform.frontend.bindings import (
    NOTHING as NOTHING,
)
from transform.frontend.bindings import SYNTHETIC
from transform.frontend.bindings import (
    THIS as THIS,
)
from transform.frontend.bindings import (
    Alias as Alias,
)
from transform.frontend.bindings import (
    Axis as Axis,
)
from transform.frontend.bindings import (
    Binding as Binding,
)
from transform.frontend.bindings import (
    Broken as Broken,
)
from transform.frontend.bindings import (
    Choice as Choice,
)
from transform.frontend.bindings import (
    Closure as Closure,
)
from transform.frontend.bindings import (
    Either as Either,
)
from transform.frontend.bindings import (
    Element as Element,
)
from transform.frontend.bindings import (
    Env as Env,
)
from transform.frontend.bindings import (
    Group as Group,
)
from transform.frontend.bindings import (
    Handle as Handle,
)
from transform.frontend.bindings import (
    Lvalue as Lvalue,
)
from transform.frontend.bindings import (
    Mapping as Mapping,
)
from transform.frontend.bindings import (
    Member as Member,
)
from transform.frontend.bindings import (
    Memory as Memory,
)
from transform.frontend.bindings import (
    NoView as NoView,
)
from transform.frontend.bindings import (
    Object as Object,
)
from transform.frontend.bindings import (
    Opaque as Opaque,
)
from transform.frontend.bindings import (
    Part as Part,
)
from transform.frontend.bindings import (
    Place as Place,
)
from transform.frontend.bindings import (
    Policy as Policy,
)
from transform.frontend.bindings import (
    Reducer as Reducer,
)
from transform.frontend.bindings import (
    Run as Run,
)
from transform.frontend.bindings import (
    Slot as Slot,
)
from transform.frontend.bindings import (
    Sum as Sum,
)
from transform.frontend.bindings import (
    TeamShape as TeamShape,
)
from transform.frontend.bindings import (
    Unset as Unset,
)
from transform.frontend.bindings import (
    Value as Value,
)
from transform.frontend.bindings import (
    Variable as Variable,
)
from transform.frontend.bindings import (
    ViewName as ViewName,
)
from transform.frontend.clang import Cursor, location
from transform.frontend.cpptypes import scalar
from transform.frontend.leaving import Leaving, either, leaving
from transform.frontend.registry import Registry
from transform.ir import build
from transform.ir.build import TEMPORARY, Fresh
from transform.ir.nodes import (
    Apply,
    Atom,
    Block,
    Const,
    If,
    Let,
    Location,
    Merge,
    Op,
    Remark,
    Stmt,
    Symbol,
)
from transform.ir.types import BOOL, DOUBLE, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transform.frontend.instances import Instances


class Left(Enum):
    """What a jump statement can leave."""

    FUNCTION = "function"  # return
    LOOP = "loop"  # break, continue
    SWITCH = "switch"  # break


@dataclass(frozen=True, slots=True)
class Jump:
    """A function, loop or switch that the present statement can leave: keys of the flags that say so.

    ``left``: the rest of the function, of the iteration or of the switch is skipped. ``stop``: it is not gone
    on with (for a loop: there is no further iteration)."""

    kind: Left
    left: int
    stop: int


@dataclass
class TeamState:
    """While the kernel of a TeamPolicy is lowered.

    ``lanes``: a thread may have several. ``thread``, ``threads``: rank in and size of the team. ``shares``:
    how parallel loops are shared out, by index; ``around``: the shares of the loops around the present
    statement. ``scratch``: local arrays that the team shares, ``thread_scratch``: that the lanes of a thread
    share. ``barriers``: how many there are."""

    lanes: bool
    thread: Symbol
    threads: Atom
    shares: dict[Symbol, Share] = field(default_factory=dict)
    scratch: set[Symbol] = field(default_factory=set)
    thread_scratch: set[Symbol] = field(default_factory=set)
    barriers: int = 0
    around: tuple[Share, ...] = ()


@dataclass
class Scope:
    """Mutable while one function is lowered.

    ``expression`` and ``body`` lower a scalar expression and a statement list; ``object`` gives what an
    expression of class type or a call that returns a reference denotes, ``construct`` a new object with the
    value of an expression. They are fields because calls, launches and expressions contain one another.
    """

    expression: Callable[[Scope, Cursor, str, bool], Atom]
    body: Callable[[Scope, list[Cursor]], None]
    object: Callable[[Scope, Cursor, str, bool], Lvalue | None]
    construct: Callable[[Scope, Cursor, str], Lvalue | None]
    view: Callable[[Scope, Cursor, str], Handle | None]
    instances: Instances
    custom: Registry = field(default_factory=lambda: Registry({}))
    fresh: Fresh = field(default_factory=lambda: Fresh(0))
    findings: list[Diagnostic] = field(default_factory=list)
    stmts: list[Stmt] = field(default_factory=list)
    env: Env = field(default_factory=dict)
    in_kernel: bool = False
    inlining: tuple[int, ...] = ()
    jumps: tuple[Jump, ...] = ()  # what jump statements can leave, the innermost last
    flags: set[int] = field(default_factory=set)  # the variables that say what is left
    region: Cursor | None = None  # the expression whose parts are evaluated in no fixed order
    team: TeamState | None = None
    unknowns: dict[Symbol, tuple[str, str]] = field(default_factory=dict)  # why no result may depend on them
    mirrors: list[tuple[Symbol, Symbol]] = field(default_factory=list)  # with the Views that they may share
    duals: list[tuple[Symbol, Symbol]] = field(default_factory=list)  # the two Views of each DualView
    modified: set[Symbol] = field(default_factory=set)  # Views of DualViews that are said to be modified
    pinned: dict[int, Symbol] = field(default_factory=dict)  # View variables of the caller
    moved: dict[int, Cursor] = field(default_factory=dict)  # where these first got other memory
    notes: list[Remark] = field(default_factory=list)  # on what the gradient does not do as the function does
    times: set[Symbol] = field(default_factory=set)  # numbers that a clock gave
    # Where the constant arrays of the surrounding function or kernel are declared, and their symbols.
    prologue: list[Stmt] = field(default_factory=list)
    constants: dict[int, Symbol] = field(default_factory=dict)

    # ---- findings ----

    def refuse(self, cursor: Cursor, message: str, hint: str) -> None:
        """Record a finding at ``cursor``; lowering goes on to collect the others."""
        self.refuse_at(location(cursor), message, hint)

    def refuse_at(self, loc: Location | None, message: str, hint: str) -> None:
        finding = Diagnostic(message, loc, hint)
        if finding not in self.findings:
            self.findings.append(finding)

    def note(self, cursor: Cursor, text: str) -> None:
        """Record, for the user, what the gradient does not do as the function does."""
        remark = Remark(text, location(cursor))
        if remark not in self.notes:
            self.notes.append(remark)

    def left_out(self, cursor: Cursor) -> None:
        """What could not be lowered has a finding; without one it gets one: nothing is dropped in silence."""
        if not self.findings:
            self.refuse(cursor, "this is not understood", "write it in simpler steps")

    def dummy(self, cursor: Cursor) -> Atom:
        """A value of the expression's type that stands in after a finding."""
        self.left_out(cursor)
        return zero(scalar(cursor.type) or DOUBLE)

    def unknown(self, name: str, type_: Scalar, message: str, hint: str) -> Symbol:
        """A number that only Kokkos knows: it is refused, with these words, where a result depends on it."""
        symbol = self.fresh.symbol(name, type_)
        self.unknowns[symbol] = message, hint
        return symbol

    # ---- what return, break and continue leave ----

    @contextmanager
    def function(self) -> Iterator[Jump]:
        """The body of a function, lambda or kernel is lowered inside: ``return`` leaves it."""
        outer, self.jumps = self.jumps, ()
        region, self.region = self.region, None
        try:
            with self.leavable(Left.FUNCTION) as jump:
                yield jump
        finally:
            self.jumps, self.region = outer, region

    @contextmanager
    def leavable(self, kind: Left) -> Iterator[Jump]:
        """A loop or switch is lowered inside."""
        outer = self.jumps
        left = self._flag("left")
        jump = Jump(kind, left, self._flag("stop") if kind is Left.LOOP else left)
        self.jumps = (*outer, jump)
        try:
            yield jump
        finally:
            self.jumps = outer
            for flag in {jump.left, jump.stop}:
                self.env.pop(flag, None)
                self.flags.discard(flag)

    def _flag(self, name: str) -> int:
        """A variable of the lowering, false at first."""
        variable = self.variable(name, BOOL)
        self.env[variable.key] = Value(name, BOOL, _FALSE)
        self.flags.add(variable.key)
        return variable.key

    def flag(self, name: int) -> Atom:
        """The present value of a flag; false where its function, loop or switch is unknown here."""
        binding = self.env.get(name)
        assert isinstance(binding, Value) and binding.atom is not None
        return binding.atom

    def set_flag(self, name: int, value: Atom) -> None:
        binding = self.env[name]
        assert isinstance(binding, Value)
        self.env[name] = replace(binding, atom=value)

    def left(self) -> Atom:
        """Whether a jump skips the next statement."""
        return self.flag(self.jumps[-1].left) if self.jumps else Const(False, BOOL)

    # ---- building ----

    def let(self, op: Op, type_: Scalar, name: str, cursor: Cursor) -> Symbol:
        """Define a scalar; without a name it is a neutral temporary."""
        target = self.fresh.symbol(name or TEMPORARY, type_)
        self.stmts.append(Let(target, op, location(cursor)))
        return target

    def variable(self, name: str, type_: Scalar) -> Variable:
        """A new scalar variable that no declaration stands for: a member of an object.

        It starts as zero. A correct program never reads an indeterminate member, but which are set may
        depend on numbers (``p[d] = ...`` with an ``operator[]`` that picks a member)."""
        variable = Variable(self.key())
        self.env[variable.key] = Value(name, type_, zero(type_))
        return variable

    def key(self) -> int:
        """A key that no declaration has."""
        return SYNTHETIC - self.fresh.symbol("", BOOL).id

    def apply(self, fn: str, args: tuple[Atom, ...], type_: Scalar, name: str, cursor: Cursor) -> Symbol:
        return self.let(Apply(fn, args), type_, name, cursor)

    @contextmanager
    def collect(self) -> Iterator[list[Stmt]]:
        """Statements built inside go to a list of their own."""
        outer, self.stmts = self.stmts, []
        try:
            yield self.stmts
        finally:
            self.stmts = outer

    def branch(self, lower: Callable[[], None]) -> tuple[Block, Env]:
        """What ``lower`` builds, and the variables after it; the present variables stay as they are."""
        before = self.env
        self.env = dict(before)
        try:
            with self.collect() as stmts:
                lower()
            return Block(tuple(stmts)), self.env
        finally:
            self.env = before

    def join(self, cond: Atom, then: tuple[Block, Env], orelse: tuple[Block, Env], cursor: Cursor) -> None:
        """Append the ``If`` of two branches; variables that differ after them are merged.

        A variable that only one branch gives a value has some value after the other one: a program that reads
        it then is not valid.
        """
        merges: list[Merge] = []
        negated: list[int] = []
        leave = (
            Leaving(self.fresh, then[0], True, merges),
            Leaving(self.fresh, orelse[0], False, merges),
        )
        for name, binding in list(self.env.items()):
            a, b = then[1][name], orelse[1][name]
            if isinstance(binding, Unset):
                chosen = either(cond, a, b, *leave)
                if chosen is None:
                    hint = "copy it into a variable of its own first"
                    self.refuse(cursor, "a reference to one of two arrays or Views is not supported", hint)
                self.env[name] = chosen or Broken()
                continue
            if isinstance(a, Handle) and isinstance(b, Handle):
                sides = leaving(a, leave[0]), leaving(b, leave[1])
                self.env[name] = sides[0] if sides[0] == sides[1] else Choice(cond, *sides)
                continue
            if not (isinstance(binding, Value) and isinstance(a, Value) and isinstance(b, Value)):
                continue
            if a.atom == b.atom:
                self.env[name] = a
                continue
            binding = replace(binding, sum=a.sum or b.sum)
            x, y = (zero(v.type) if v.atom is None else v.atom for v in (a, b))
            if x == y:
                self.env[name] = replace(binding, atom=x)
            elif binding.type == BOOL and (x, y) == (_TRUE, _FALSE):
                self.env[name] = replace(binding, atom=cond)
            elif binding.type == BOOL and (x, y) == (_FALSE, _TRUE):
                negated.append(name)
            else:
                result = self.fresh.symbol(binding.name, binding.type)
                merges.append(Merge(result, x, y))
                self.env[name] = replace(binding, atom=result)
        self._append_if(cond, then[0], orelse[0], tuple(merges), cursor)
        if negated:
            opposite = self.apply("not", (cond,), BOOL, "", cursor)
            for name in negated:
                binding = self.env[name]
                assert isinstance(binding, Value)
                self.env[name] = replace(binding, atom=opposite)

    def choose(
        self, cond: Atom, then: tuple[Block, Atom], orelse: tuple[Block, Atom], name: str, cursor: Cursor
    ) -> Atom:
        """The value of a conditional expression whose sides needed statements."""
        type_ = then[1].type
        assert isinstance(type_, Scalar)
        result = self.fresh.symbol(name or TEMPORARY, type_)
        merge = Merge(result, then[1], orelse[1])
        self._append_if(cond, then[0], orelse[0], (merge,), cursor)
        return result

    def _append_if(
        self, cond: Atom, then: Block, orelse: Block, merges: tuple[Merge, ...], cursor: Cursor
    ) -> None:
        """Append an ``If`` unless it is empty; one with statements in its else part only is turned round."""
        if orelse.stmts and not then.stmts:
            cond = self.apply("not", (cond,), BOOL, "", cursor)
            then, orelse = orelse, then
            merges = tuple(Merge(m.result, m.orelse, m.then) for m in merges)
        if then.stmts or merges:
            self.stmts.append(If(cond, then, orelse, merges, location(cursor)))


_TRUE, _FALSE = Const(True, BOOL), Const(False, BOOL)
zero = build.zero
