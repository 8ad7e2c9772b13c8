"""The state of one lowering: findings, the statements built so far, and what each variable stands for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from transform.analysis.teams import Share
from transform.diagnostics import Diagnostic
from transform.frontend.clang import Cursor, location
from transform.frontend.cpptypes import scalar
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
    Stmt,
    Symbol,
)
from transform.ir.types import BOOL, DOUBLE, Scalar
from transform.ir.walk import defines, walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transform.frontend.instances import Instances


# ---- places: what an lvalue denotes ----


@dataclass(frozen=True, slots=True)
class Variable:
    """A scalar variable, by the key of its declaration."""

    key: int


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a View or local array."""

    memory: Symbol
    index: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """The accumulator of a parallel_reduce body."""

    accumulator: Symbol


Place = Variable | Element | Sum


@dataclass(frozen=True, slots=True)
class Axis:
    """One index of the View behind a mapping: ``first + sum(step * index[position])``, where no ``first``
    is 0 and no ``step`` is 1."""

    first: Atom | None
    terms: tuple[tuple[int, Atom | None], ...]


@dataclass(frozen=True, slots=True)
class Mapping:
    """How a View shows a part of another one: one axis per dimension of that View, own extents."""

    axes: tuple[Axis, ...]
    extents: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """A View or a whole local array; with ``mapping``, a part of a View."""

    symbol: Symbol
    mapping: Mapping | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A whole local array (``index`` is empty), or the subarray that some indices leave."""

    memory: Symbol
    index: tuple[Atom, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """An object of class type, or an array of such (one local array per scalar member: each member is then
    a ``Part``). ``type`` is the canonical spelling of the class; members of bases come first."""

    type: str
    members: tuple[Slot, ...]

    def member(self, declaration: int) -> Lvalue | None:
        """The member with this key of its declaration."""
        return next((m.place for m in self.members if m.key == declaration), None)


@dataclass(frozen=True, slots=True)
class Opaque:
    """A member whose type the front end does not know: refused where it is used, not where it is declared."""

    type: str


@dataclass(frozen=True, slots=True)
class Slot:
    key: int  # of the member's declaration
    name: str
    place: Lvalue


Lvalue = Place | Part | Memory | Group | Opaque
"""What an lvalue of any type denotes; ``Memory`` is a View. A ``Variable`` in a ``Group`` stands for its
key's binding, whatever that is: the member may be a View, a reference or a pointer."""


# ---- bindings: what a declared name stands for ----


@dataclass(frozen=True, slots=True)
class Value:
    """A scalar variable. ``atom`` is its current value, ``None`` where it may be uninitialised;
    ``fixed`` is why it must not be assigned, or empty; ``sum``: the partial sum of a nested reduction, which
    is only added to."""

    name: str
    type: Scalar
    atom: Atom | None
    fixed: str = ""
    sum: bool = False


@dataclass(frozen=True, slots=True)
class NoView:
    """A View variable that stands for no View here; ``why`` says the reason."""

    why: str


@dataclass(frozen=True, slots=True)
class Choice:
    """A View variable that stands for one of two Views."""

    cond: Atom
    then: Handle
    orelse: Handle


# Not a string alias: ``isinstance`` takes it.
Handle = Memory | NoView | Choice


@dataclass(frozen=True, slots=True)
class ViewName:
    """A reference to a View variable."""

    key: int


@dataclass(frozen=True, slots=True)
class Alias:
    """A reference, or with ``pointer`` a pointer, to a scalar."""

    place: Place
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class TeamShape:
    """The team of a TeamPolicy: its number of threads (``None``: Kokkos chooses it), and whether a thread
    may have more than one vector lane."""

    size: Atom | None
    lanes: bool


@dataclass(frozen=True, slots=True)
class Object:
    """A variable of class type, a ``std::array`` that is a part of something, a reference to one of these,
    or with ``pointer`` a pointer."""

    place: Group | Part
    pointer: bool = False


@dataclass(frozen=True, slots=True)
class Unset:
    """What names nothing yet: a View, reference or pointer member before its initialiser, the result of a
    function that returns a reference before its return statement."""


@dataclass(frozen=True, slots=True)
class Reducer:
    """A Kokkos reducer, by the name of its class, and what it reduces to."""

    kind: str
    target: Place | Group


@dataclass(frozen=True, slots=True)
class Policy:
    """An execution policy: bounds as written (of any integer type) and the execution space."""

    space: str
    bounds: tuple[tuple[Atom, Atom], ...]
    team: TeamShape | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """The team handle of a kernel over a TeamPolicy. ``thread`` and ``threads`` stand for ``team_rank()`` and
    ``team_size()``: no value of the lowered kernel may depend on ``thread``."""

    league_rank: Atom
    league_size: Atom
    thread: Symbol
    threads: Atom


@dataclass(frozen=True, slots=True)
class Closure:
    """A lambda, or a function that a pointer points to. ``copied``: what the variables that it captures by
    copy stand for in its body; those that it captures by reference are the variables themselves."""

    cursor: Cursor
    copied: tuple[tuple[int, Binding], ...]


@dataclass(frozen=True, slots=True)
class Broken:
    """A declaration that was refused: its uses are not reported again."""


Binding = (
    Value
    | Memory
    | NoView
    | Choice
    | ViewName
    | Alias
    | Object
    | Unset
    | Reducer
    | Policy
    | Member
    | Closure
    | Broken
)

Env = dict[int, Binding]

THIS = 2
"""The key of ``*this``: declarations have their addresses as keys, 1 is no declaration."""
_SYNTHETIC = -(1 << 20)  # below the keys of results, which are minus the depth of inlining


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

    ``lanes``: a thread may have several. ``shares``: how parallel loops are shared out, by index; ``around``:
    the shares of the loops around the present statement. ``scratch``: local arrays that the team shares,
    ``thread_scratch``: that the lanes of a thread share."""

    lanes: bool
    shares: dict[Symbol, Share] = field(default_factory=dict)
    scratch: set[Symbol] = field(default_factory=set)
    thread_scratch: set[Symbol] = field(default_factory=set)
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
    fresh: Fresh = field(default_factory=lambda: Fresh(0))
    findings: list[Diagnostic] = field(default_factory=list)
    stmts: list[Stmt] = field(default_factory=list)
    env: Env = field(default_factory=dict)
    in_kernel: bool = False
    inlining: tuple[int, ...] = ()
    jumps: tuple[Jump, ...] = ()  # what jump statements can leave, the innermost last
    flags: set[int] = field(default_factory=set)  # the variables that say what is left
    team: TeamState | None = None
    unknowns: dict[Symbol, tuple[str, str]] = field(default_factory=dict)  # why no result may depend on them
    mirrors: list[tuple[Symbol, Symbol]] = field(default_factory=list)  # with the Views that they may share
    pinned: set[int] = field(default_factory=set)  # View variables of the caller
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

    def dummy(self, cursor: Cursor) -> Atom:
        """A value of the expression's type that stands in after a finding."""
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
        try:
            with self.leavable(Left.FUNCTION) as jump:
                yield jump
        finally:
            self.jumps = outer

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
        """A new scalar variable, uninitialised, that no declaration stands for: a member of an object."""
        variable = Variable(self.key())
        self.env[variable.key] = Value(name, type_, None)
        return variable

    def key(self) -> int:
        """A key that no declaration has."""
        return _SYNTHETIC - self.fresh.symbol("", BOOL).id

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
        for name, binding in list(self.env.items()):
            a, b = then[1][name], orelse[1][name]
            if isinstance(a, Handle) and isinstance(b, Handle):
                sides = _leaving(self, a, then[0], True, merges), _leaving(self, b, orelse[0], False, merges)
                self.env[name] = sides[0] if sides[0] == sides[1] else Choice(cond, *sides)
                continue
            if not (isinstance(binding, Value) and isinstance(a, Value) and isinstance(b, Value)):
                continue
            if a.atom == b.atom:
                self.env[name] = a
                continue
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


def _leaving(scope: Scope, handle: Handle, block: Block, taken: bool, merges: list[Merge]) -> Handle:
    """``handle`` as the code after a branch may name it: numbers that the branch defines become merges."""
    inside = {n for s in walk(block) for n in defines(s)}
    known: dict[Atom, Atom] = {}

    def out(atom: Atom) -> Atom:
        if atom not in inside:
            return atom
        if atom not in known:
            assert isinstance(atom, Symbol) and isinstance(atom.type, Scalar)
            other = zero(atom.type)
            result = scope.fresh.symbol(atom.name, atom.type)
            merges.append(Merge(result, atom, other) if taken else Merge(result, other, atom))
            known[atom] = result
        return known[atom]

    def moved(h: Handle) -> Handle:
        match h:
            case NoView():
                return h
            case Choice(cond=cond, then=then, orelse=orelse):
                return Choice(out(cond), moved(then), moved(orelse))
            case Memory(symbol=symbol) if symbol in inside:
                return NoView("it is made inside a branch")
            case Memory(mapping=None):
                return h
            case Memory(symbol=symbol, mapping=mapping):
                assert mapping is not None
                axes = tuple(
                    Axis(
                        None if a.first is None else out(a.first),
                        tuple((p, None if step is None else out(step)) for p, step in a.terms),
                    )
                    for a in mapping.axes
                )
                return Memory(symbol, Mapping(axes, tuple(out(e) for e in mapping.extents)))
            case _:
                assert_never(h)

    return moved(handle) if inside else handle


_TRUE, _FALSE = Const(True, BOOL), Const(False, BOOL)


def zero(type_: Scalar) -> Const:
    if type_ == BOOL:
        return Const(False, type_)
    return Const(0.0 if type_.is_float else 0, type_)
