"""Build IR: fresh symbols, and arithmetic that simplifies as it goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from transform.ir.nodes import Apply, Atom, Block, Const, Let, Location, Op, Stmt, Symbol
from transform.ir.types import BOOL, Array, Scalar, Type, View

TEMPORARY = "%"
"""The name of values that the user did not name; nobody can have given it."""


def spelled(name: str) -> str:
    """``name``, or what is derived from the name of a nameless value, as C++ can spell it."""
    return name if name == TEMPORARY else name.replace(TEMPORARY, "value")


class Fresh:
    """Hands out symbols with ids that no other symbol has."""

    def __init__(self, first: int) -> None:
        self._next = first

    def symbol(self, name: str, type_: Type) -> Symbol:
        self._next += 1
        return Symbol(spelled(name), self._next, type_)

    def like(self, symbol: Symbol, name: str | None = None) -> Symbol:
        return self.symbol(name or symbol.name, symbol.type)


def scalar(atom: Atom) -> Scalar:
    """The scalar type of an atom."""
    assert isinstance(atom.type, Scalar), atom
    return atom.type


def element(memory: Symbol) -> Scalar:
    """The element type of a View or local array."""
    assert isinstance(memory.type, Array | View), memory
    return memory.type.element


def view(memory: Symbol) -> View:
    """The type of a View."""
    assert isinstance(memory.type, View), memory
    return memory.type


def is_float(atom: Atom) -> bool:
    """Whether an atom is a floating-point number."""
    return isinstance(atom.type, Scalar) and atom.type.is_float


def is_const(atom: Atom, value: float) -> bool:
    return isinstance(atom, Const) and not isinstance(atom.value, bool) and atom.value == value


class Builder:
    """Appends statements to the current block.

    Arithmetic folds the identities that hold for every finite value (``x * 1``, ``x + 0``, ``-(-x)``); a
    product with the constant 0 is folded too, which is what an adjoint needs: a zero partial contributes
    nothing even where the other factor overflows.
    """

    def __init__(self, fresh: Fresh) -> None:
        self.fresh = fresh
        self.stmts: list[Stmt] = []
        self.loc: Location | None = None
        self.sizes: dict[Symbol, tuple[Atom, ...]] = {}  # of local arrays that are sized at run time
        self._negated: dict[Symbol, Atom] = {}

    def add_stmt(self, stmt: Stmt) -> None:
        self.stmts.append(stmt)

    @contextmanager
    def block(self) -> Iterator[list[Stmt]]:
        """Collect what is built inside into a separate list."""
        outer, self.stmts = self.stmts, []
        try:
            yield self.stmts
        finally:
            self.stmts = outer

    def let(self, op: Op, type_: Type, name: str = TEMPORARY) -> Symbol:
        target = self.fresh.symbol(name, type_)
        self.stmts.append(Let(target, op, self.loc))
        return target

    def apply(self, fn: str, *args: Atom) -> Symbol:
        return self.let(Apply(fn, args), scalar(args[0]))

    def const(self, value: float, like: Atom) -> Const:
        type_ = scalar(like)
        return Const(float(value) if type_.is_float else int(value), type_)

    def add(self, a: Atom, b: Atom) -> Atom:
        if is_const(a, 0):
            return b
        if is_const(b, 0):
            return a
        if isinstance(b, Symbol) and b in self._negated:
            return self.apply("sub", a, self._negated[b])
        if isinstance(a, Const) and isinstance(b, Const):
            return self.const(a.value + b.value, a)
        if isinstance(b, Const) and b.value < 0:
            return self.apply("sub", a, self.const(-b.value, b))
        return self.apply("add", a, b)

    def sub(self, a: Atom, b: Atom) -> Atom:
        if is_const(b, 0):
            return a
        if is_const(a, 0):
            return self.neg(b)
        if isinstance(b, Symbol) and b in self._negated:
            return self.add(a, self._negated[b])
        if isinstance(a, Const) and isinstance(b, Const):
            return self.const(a.value - b.value, a)
        return self.apply("sub", a, b)

    def neg(self, a: Atom) -> Atom:
        if isinstance(a, Const):
            return self.const(-a.value, a)
        if a in self._negated:
            return self._negated[a]
        result = self.apply("neg", a)
        self._negated[result] = a
        return result

    def mul(self, a: Atom, b: Atom) -> Atom:
        if is_const(a, 0) or is_const(b, 0):
            return self.const(0, a)
        if is_const(a, 1):
            return b
        if is_const(b, 1):
            return a
        if is_const(a, -1):
            return self.neg(b)
        if is_const(b, -1):
            return self.neg(a)
        if isinstance(a, Const) and isinstance(b, Const):
            return self.const(a.value * b.value, a)
        for x, y in ((a, b), (b, a)):
            if isinstance(x, Symbol) and x in self._negated and scalar(x).is_float:
                return self.neg(self.mul(self._negated[x], y))
        return self.apply("mul", a, b)

    def div(self, a: Atom, b: Atom) -> Atom:
        if is_const(a, 0):
            return a
        if is_const(b, 1):
            return a
        return self.apply("div", a, b)

    def call(self, fn: str, *args: Atom) -> Atom:
        return self.apply(fn, *args)

    def compare(self, fn: str, a: Atom, b: Atom) -> Atom:
        return self.let(Apply(fn, (a, b)), BOOL)

    def select(self, cond: Atom, a: Atom, b: Atom) -> Atom:
        if a == b:
            return a
        return self.let(Apply("select", (cond, a, b)), scalar(a))

    def cast(self, a: Atom, to: Scalar) -> Atom:
        if scalar(a) == to:
            return a
        if isinstance(a, Const):
            return Const(float(a.value) if to.is_float else int(a.value), to)
        return self.let(Apply("cast", (a,)), to)

    def named(self, name: str, a: Atom) -> Atom:
        """Give the value a name that the reader of the emitted code sees."""
        if isinstance(a, Const) or a.name != TEMPORARY:
            return a
        return self.let(Apply("copy", (a,)), a.type, name)


def zero(type_: Scalar) -> Const:
    if type_ == BOOL:
        return Const(False, type_)
    return Const(0.0 if type_.is_float else 0, type_)


def block(stmts: list[Stmt]) -> Block:
    return Block(tuple(stmts))
