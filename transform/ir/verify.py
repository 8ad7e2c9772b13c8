"""Checks that a Program is well formed; run after every stage that makes or changes one."""

from __future__ import annotations

from typing import assert_never

from transform.ir.nodes import (
    Accumulate,
    Allocate,
    Apply,
    Atom,
    Block,
    Color,
    Combine,
    Combiner,
    Const,
    Declare,
    DeepCopy,
    Extent,
    For,
    How,
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
    Touch,
)
from transform.ir.text import stmt_text
from transform.ir.types import BOOL, LONG, UNSIGNED, Accumulator, Array, Scalar, Type, View
from transform.ir.walk import assumed_atoms, binds, defines, uses

_ARITHMETIC = frozenset({"add", "sub", "mul", "div"})
_COMPARISON = frozenset({"lt", "le", "gt", "ge", "eq", "ne"})
_BITS = frozenset({"bitand", "bitor", "bitxor", "shl", "shr", "mod"})

_HOST_ONLY = (
    Launch,
    Allocate,
    DeepCopy,
    PrefixSum,
    Output,
    Return,
    Save,
    Restore,
    Replicate,
    Combine,
    Color,
    Invert,
)


class InvalidIR(AssertionError):
    """The IR breaks one of its own rules: a bug of the pass that made it, never the user's error."""


def verify(program: Program) -> None:
    """Check scoping, single definition, ranks and types. Raises ``InvalidIR`` with the statement printed."""
    checker = _Checker(program.returns)
    scope: set[Symbol] = set()
    for param in program.params:
        if not isinstance(param.symbol.type, Scalar | View):
            raise InvalidIR(f"parameter {param.symbol.name} is neither a scalar nor a View")
        checker.define(param.symbol, scope)
    checker.block(program.body, scope, host=True, top=True)
    last = program.body.stmts[-1] if program.body.stmts else None
    if (program.returns is not None) != isinstance(last, Return):
        raise InvalidIR(f"{program.name}: Return must be the last statement exactly if a value is returned")


class _Checker:
    def __init__(self, returns: Scalar | None) -> None:
        self._returns = returns
        self._defined: set[Symbol] = set()
        self._located: set[Symbol] = set()  # accumulators whose contributions say where they come from
        self._stmt: Stmt | None = None

    def fail(self, why: str) -> InvalidIR:
        where = f"\nin\n{stmt_text(self._stmt)}" if self._stmt is not None else ""
        loc = self._stmt.loc if self._stmt is not None else None
        at = f" ({loc.file}:{loc.line}:{loc.column})" if loc else ""
        return InvalidIR(f"{why}{at}{where}")

    def define(self, symbol: Symbol, scope: set[Symbol]) -> None:
        if symbol in self._defined:
            raise self.fail(f"{symbol.name} (id {symbol.id}) is defined twice")
        self._defined.add(symbol)
        scope.add(symbol)

    def block(self, block: Block, scope: set[Symbol], *, host: bool, top: bool = False) -> None:
        """Check ``block``; ``scope`` is extended with what it defines."""
        for position, stmt in enumerate(block.stmts):
            self._stmt = stmt
            if isinstance(stmt, Return) and not (top and position == len(block.stmts) - 1):
                raise self.fail("Return is not the last statement of the function")
            if isinstance(stmt, Output) and not top:
                raise self.fail("Output is not at the end of the function")
            if not host and isinstance(stmt, _HOST_ONLY):
                raise self.fail(f"{type(stmt).__name__} inside a kernel")
            self._stmt_scopes(stmt, scope, host)
            self._stmt = stmt
            self._types(stmt)

    def _stmt_scopes(self, stmt: Stmt, scope: set[Symbol], host: bool) -> None:
        def used(atom: Atom, visible: set[Symbol]) -> None:
            if isinstance(atom, Symbol) and atom not in visible:
                raise self.fail(f"{atom.name} (id {atom.id}) is used where it is not defined")

        match stmt:
            case For(lo=lo, hi=hi, carried=carried, exit=leave):
                for atom in (lo, hi, *(c.init for c in carried)):
                    used(atom, scope)
                inner = set(scope)
                for symbol in binds(stmt):
                    self.define(symbol, inner)
                self.block(stmt.body, inner, host=host)
                self._stmt = stmt
                for c in carried:
                    used(c.next, inner)
                if leave is not None:
                    used(leave.until, inner)
            case If(cond=cond, merges=merges):
                used(cond, scope)
                then, orelse = set(scope), set(scope)
                self.block(stmt.then, then, host=host)
                self.block(stmt.orelse, orelse, host=host)
                self._stmt = stmt
                for m in merges:
                    used(m.then, then)
                    used(m.orelse, orelse)
            case Launch() | Color():
                for symbol in uses(stmt):
                    used(symbol, scope)
                if isinstance(stmt, Launch):
                    self._located |= {r.accumulator for r in stmt.reductions if r.location is not None}
                inner = set(scope)
                for symbol in binds(stmt):
                    self.define(symbol, inner)
                self.block(stmt.body, inner, host=False)
                self._stmt = stmt
            case Invert(keys=keys, targets=targets, watched=watched):
                for atom in (targets, *(watched or ())):
                    used(atom, scope)
                inner = set(scope)
                self.block(stmt.body, inner, host=True)
                self._stmt = stmt
                used(keys, inner)
            case _:
                for symbol in uses(stmt):
                    used(symbol, scope)
        for symbol in defines(stmt):
            self.define(symbol, scope)

    def _types(self, stmt: Stmt) -> None:
        match stmt:
            case Let(target=target, op=op):
                self._op(op, self._scalar(target))
            case Declare(target=target, extents=extents):
                self._require(isinstance(target.type, Array), "a declared symbol is an Array")
                assert isinstance(target.type, Array)
                sized = 0 in target.type.extents
                given = len(extents) == (len(target.type.extents) if sized else 0)
                self._require(given, "a declaration gives all extents that the type leaves open, or none")
                for extent in extents:
                    self._require(self._scalar(extent).is_integer, "extents are integers")
            case Store(memory=memory, index=index, value=value):
                self._element(memory, index, value)
            case Accumulate(memory=memory, index=index, value=value):
                self._element(memory, index, value)
            case Increment(memory=memory, index=index, value=value, how=how):
                if how is How.REDUCE:
                    type_ = memory.type
                    self._require(isinstance(type_, Accumulator), "REDUCE goes into an accumulator")
                    assert isinstance(type_, Accumulator)
                    indexed = memory in self._located or type_.size > 0
                    why = "an accumulator has an index exactly if it is located or an array"
                    self._require(len(index) == indexed, why)
                    for atom in index:
                        self._same(LONG, self._scalar(atom))
                    self._same(type_.element, self._scalar(value))
                else:
                    self._element(memory, index, value)
            case For(index=index_symbol, lo=lo, hi=hi, step=step, carried=carried, exit=leave):
                self._require(self._scalar(index_symbol).is_integer, "a loop index is an integer")
                self._same(self._scalar(index_symbol), self._scalar(lo), self._scalar(hi))
                self._require(step > 0, "step is positive")
                for c in carried:
                    self._same(*(self._scalar(a) for a in (c.inner, c.init, c.next, c.result)))
                if leave is not None:
                    self._require(not stmt.descending, "a loop with an exit ascends")
                    self._same(BOOL, self._scalar(leave.until))
                    self._same(self._scalar(index_symbol), self._scalar(leave.trips))
            case If(cond=cond, merges=merges):
                self._same(BOOL, self._scalar(cond))
                for m in merges:
                    self._same(*(self._scalar(a) for a in (m.result, m.then, m.orelse)))
            case Launch(ranges=ranges, reductions=reductions):
                self._require(len(ranges) > 0, "a launch has a range")
                for r in ranges:
                    self._require(self._scalar(r.index).is_integer, "a parallel index is an integer")
                    self._same(*(self._scalar(a) for a in (r.index, r.lo, r.hi)))
                for atom in (a for g in stmt.given for a in assumed_atoms(g)):
                    self._require(self._scalar(atom).is_integer, "an assumption compares integers")
                for reduction in reductions:
                    accumulator = reduction.accumulator.type
                    self._require(isinstance(accumulator, Accumulator), "a reduction has an Accumulator")
                    assert isinstance(accumulator, Accumulator)
                    if accumulator.size:
                        wanted = Array(accumulator.element, (accumulator.size,))
                        self._require(reduction.result.type == wanted, "an array of sums results in an array")
                        plain = reduction.combiner is Combiner.SUM and reduction.location is None
                        self._require(plain, "only sums come in arrays")
                        continue
                    self._same(accumulator.element, self._scalar(reduction.result))
                    if reduction.location is not None:
                        known = reduction.combiner in (Combiner.MIN, Combiner.MAX)
                        self._require(known, "only extrema have a location")
                        self._same(LONG, self._scalar(reduction.location))
            case Allocate(target=target, extents=extents):
                self._require(isinstance(target.type, View), "an allocated symbol is a View")
                assert isinstance(target.type, View)
                self._require(len(extents) == target.type.rank, "one extent per dimension")
                for extent in extents:
                    self._require(self._scalar(extent).is_integer, "extents are integers")
            case DeepCopy(target=target, source=source):
                self._deep_copy(target, source)
            case PrefixSum(view=view, start=start, total=total):
                type_ = view.type
                self._require(isinstance(type_, View) and type_.rank == 1, "a scan works on a View of rank 1")
                assert isinstance(type_, View)
                self._require(not type_.read_only, "the View is read-only")
                self._same(type_.element, self._scalar(start))
                if total is not None:
                    self._same(type_.element, self._scalar(total))
            case Output(param=param, value=value):
                self._same(self._scalar(param), self._scalar(value))
            case Return(value=value):
                self._require(self._returns is not None, "a void function returns nothing")
                assert self._returns is not None
                self._same(self._returns, self._scalar(value))
            case Touch(view=view, index=index):
                type_ = view.type
                self._require(isinstance(type_, View), "a touched symbol is a View")
                assert isinstance(type_, View)
                self._index(type_, index)
            case Invert(starts=starts, entries=entries, keys=keys, targets=targets):
                for view in (starts, entries, keys):
                    type_ = view.type
                    listed = isinstance(type_, View) and type_.rank == 1 and type_.element == UNSIGNED
                    self._require(
                        listed, "slots, their keys and what is where are numbers in Views of rank 1"
                    )
                self._require(self._scalar(targets).is_integer, "a number of targets is an integer")
                self._require(stmt.watched is not None or not stmt.body.stmts, "keys are filled somewhere")
            case Color(unit=unit):
                self._same(*(self._scalar(a) for a in (unit.index, unit.lo, unit.hi)))
            case Save() | Restore() | Replicate() | Combine():
                pass
            case _:
                assert_never(stmt)

    def _op(self, op: Op, result: Scalar) -> None:
        match op:
            case Load(memory=memory, index=index):
                type_ = memory.type
                self._require(isinstance(type_, View | Array), "only Views and arrays are loaded")
                assert isinstance(type_, View | Array)
                self._index(type_, index)
                self._same(type_.element, result)
            case Extent(view=view, dim=dim):
                type_ = view.type
                self._require(isinstance(type_, View), "only Views have extents")
                assert isinstance(type_, View)
                self._require(0 <= dim < max(type_.rank, 1), "the dimension exists")
                self._require(result.is_integer, "an extent is an integer")
            case Apply(fn=fn, args=args):
                self._apply(fn, tuple(self._scalar(a) for a in args), result)
            case _:
                assert_never(op)

    def _apply(self, fn: str, args: tuple[Scalar, ...], result: Scalar) -> None:
        arity = 1 if fn in {"neg", "not", "cast", "copy"} else 2
        if fn in _ARITHMETIC | _BITS:
            self._require(len(args) == arity and result != BOOL, f"{fn} has two operands, none of them bool")
            self._same(result, *args)
            self._require(fn not in _BITS or result.is_integer, f"{fn} works on integers")
        elif fn in _COMPARISON:
            self._require(len(args) == arity, f"{fn} has two operands")
            self._same(*args)
            self._same(BOOL, result)
        elif fn in {"and", "or", "not"}:
            self._require(len(args) == arity, f"{fn} has {arity} operand(s)")
            self._same(BOOL, result, *args)
        elif fn == "select":
            self._require(len(args) == 3 and args[0] == BOOL, "select has a bool and two values")
            self._same(result, *args[1:])
        elif fn == "cast":
            self._require(len(args) == arity, "cast has one operand")
        elif fn.startswith("call:"):
            pass  # a function of the user's, whatever it takes
        elif fn == "attach":
            self._require(len(args) == 2 and result.is_float, "attach has a value and a carrier")
            self._same(result, *args)
        elif fn == "stride":
            self._require(len(args) == 2 and result.is_integer, "stride has two integer operands")
            self._same(result, *args)
        elif fn == "spacing":
            self._require(len(args) == 1 and result.is_integer, "spacing has one integer operand")
            self._same(result, *args)
        elif fn in {"neg", "copy"}:
            self._require(len(args) == arity and (fn == "copy" or result != BOOL), f"{fn} has one operand")
            self._same(result, *args)
        else:
            self._require(fn.isidentifier() and 1 <= len(args) <= 3, f"{fn} is a math function")
            self._require(result.is_float, f"{fn} works on floating-point numbers")
            self._same(result, *args)

    def _element(self, memory: Symbol, index: tuple[Atom, ...], value: Atom) -> None:
        type_ = memory.type
        self._require(isinstance(type_, View | Array), "only Views and arrays have elements")
        assert isinstance(type_, View | Array)
        self._require(not (isinstance(type_, View) and type_.read_only), "the View is read-only")
        self._index(type_, index)
        self._same(type_.element, self._scalar(value))

    def _index(self, type_: View | Array, index: tuple[Atom, ...]) -> None:
        rank = type_.rank if isinstance(type_, View) else len(type_.extents)
        self._require(len(index) == rank, f"{rank} index(es) expected, {len(index)} found")
        for atom in index:
            self._require(self._scalar(atom).is_integer, "an index is an integer")

    def _deep_copy(self, target: Symbol, source: Atom) -> None:
        type_ = target.type
        self._require(isinstance(type_, View) and not type_.read_only, "deep_copy writes a non-const View")
        assert isinstance(type_, View)
        other: Type = source.type
        if isinstance(other, View):
            self._require(other.rank == type_.rank, "deep_copy needs equal ranks")
        else:
            self._same(type_.element, self._scalar(source))

    def _scalar(self, atom: Atom) -> Scalar:
        if isinstance(atom, Const):
            value, type_ = atom.value, atom.type
            expected = bool if type_ == BOOL else float if type_.is_float else int
            if type(value) is not expected:
                raise self.fail(f"constant {value!r} of type {type_.name}")
            return type_
        if not isinstance(atom.type, Scalar):
            raise self.fail(f"{atom.name} is not a scalar")
        return atom.type

    def _same(self, *types: Scalar) -> None:
        if len(set(types)) > 1:
            raise self.fail("types differ: " + ", ".join(t.name for t in types))

    def _require(self, condition: bool, rule: str) -> None:
        if not condition:
            raise self.fail(f"broken rule: {rule}")
