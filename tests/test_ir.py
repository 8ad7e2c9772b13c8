"""Traversal, canonical text and the verifier on hand-made IR."""

from __future__ import annotations

import pytest

from transform.ir.nodes import (
    Allocate,
    Apply,
    Block,
    Carried,
    Const,
    Declare,
    DeepCopy,
    Extent,
    For,
    How,
    If,
    Increment,
    Launch,
    Let,
    Load,
    Location,
    Merge,
    Param,
    Program,
    Range,
    Reduction,
    Return,
    Stmt,
    Store,
    Symbol,
)
from transform.ir.text import block_text, fingerprint, program_text, stmt_text
from transform.ir.types import BOOL, DOUBLE, INT, SIZE, Accumulator, Array, View
from transform.ir.verify import InvalidIR, verify
from transform.ir.walk import binds, defines, substitute, uses, walk, written

VECTOR = View(DOUBLE, (None,), False, "Kokkos::View<double*>")
X = Symbol("x", 1, VECTOR)
N = Symbol("n", 2, INT)
A = Symbol("a", 3, DOUBLE)
I = Symbol("i", 4, INT)  # noqa: E741
S = Symbol("sum", 5, Accumulator(DOUBLE))
T = Symbol("t", 6, DOUBLE)
R = Symbol("r", 7, DOUBLE)
LOCAL = Symbol("J", 8, Array(DOUBLE, (2,)))
C = Symbol("c", 9, BOOL)
INNER, NEXT, AFTER = (Symbol("t", number, DOUBLE) for number in (10, 11, 12))
K = Symbol("k", 13, INT)
ZERO, ONE, TWO = Const(0, INT), Const(1, INT), Const(2.0, DOUBLE)


def program(*stmts: Stmt, value: bool = True) -> Program:
    params = (Param(X, VECTOR.spelling), Param(N, "int"), Param(A, "double"))
    return Program("f", "ns::f", params, DOUBLE if value else None, Block(stmts), ("<a.hpp>",), "f.cpp")


LOAD = Let(T, Load(X, (I,)))
LOOP = For(
    K, ZERO, N, 1, False, (Carried(INNER, T, NEXT, AFTER),),
    Block((Let(NEXT, Apply("mul", (INNER, A))),)),
)  # fmt: skip
ADD = Increment(S, (), AFTER, How.REDUCE)
SUM = Launch("k", "Kokkos::Serial", (Range(I, ZERO, N),), Block((LOAD, LOOP, ADD)), (Reduction(S, R),))
GOOD = program(SUM, Return(R))


def test_text() -> None:
    assert program_text(GOOD) == (
        "include <a.hpp>\n"
        "function ns::f(x: Kokkos::View<double*>, n: int, a: double) -> double\n"
        '  parallel_reduce "k" on Kokkos::Serial over i: int in 0 .. n\n'
        "    sum sum: double&\n"
        "    t: double = load x[i]\n"
        "    for k: int in 0 .. n\n"
        "      carry t.1: double = t\n"
        "      t.2: double = mul(t.1, a)\n"
        "      next t.1 = t.2\n"
        "    after t.3 = t.1\n"
        "    increment sum[] += t.3 (reduce)\n"
        "  after r = sum\n"
        "  return r\n"
    )


def test_text_ignores_ids_and_locations() -> None:
    def renumber(symbol: Symbol) -> Symbol:
        return Symbol(symbol.name, symbol.id + 100, symbol.type)

    located = Let(renumber(T), Load(X, (I,)), Location("f.cpp", 1, 2))
    assert block_text(Block((located,))) == block_text(Block((LOAD,)))
    assert fingerprint(GOOD) == fingerprint(program(SUM, Return(R)))
    assert fingerprint(GOOD) != fingerprint(program(SUM, Return(A)))


def test_text_of_the_other_statements() -> None:
    branch = If(C, Block((Store(LOCAL, (ZERO,), TWO),)), Block(()), (Merge(T, TWO, A),))
    wide = Const(3, SIZE)
    stmts = (Declare(LOCAL, True), branch, Allocate(X, (wide,)), DeepCopy(X, A), Return(T))
    assert "".join(stmt_text(s) for s in stmts) == (
        "declare J: double[2] = {}\n"
        "if c\n  store J[0] = 2.0\nmerge t: double = 2.0 | a\n"
        "allocate x: Kokkos::View<double*> (3:unsigned long)\n"
        "deep_copy x = a\n"
        "return t\n"
    )


def test_walk_is_in_program_order() -> None:
    assert [type(s).__name__ for s in walk(GOOD.body)] == [
        "Launch", "Let", "For", "Let", "Increment", "Return",
    ]  # fmt: skip


def test_symbols_of_a_statement() -> None:
    assert uses(LOOP) == (N, T, NEXT)
    assert (defines(LOOP), binds(LOOP)) == ((AFTER,), (K, INNER))
    assert (defines(SUM), binds(SUM)) == ((R,), (I, S))
    assert written(GOOD.body) == {S}


def test_substitute() -> None:
    other = Symbol("y", 20, VECTOR)
    new = substitute(GOOD.body, {X: other, A: TWO, N: ONE})
    text = block_text(new)
    assert "load y[i]" in text
    assert "mul(t.1, 2.0)" in text
    assert "in 0 .. 1" in text
    assert substitute(GOOD.body, {other: X}) is GOOD.body
    with pytest.raises(TypeError, match="memory x"):
        substitute(GOOD.body, {X: TWO})


def test_verifier_accepts() -> None:
    verify(GOOD)
    verify(program(Let(T, Apply("sin", (A,))), Return(T)))
    verify(program(DeepCopy(X, A), value=False))


U = Symbol("u", 30, INT)
READ_ONLY = Symbol("z", 31, View(DOUBLE, (None,), True, "Kokkos::View<const double*>"))
LOCAL_2 = Let(T, Load(X, (ZERO, ZERO)))
BAD = {
    "used where it is not defined": program(Return(T)),
    "defined twice": program(Let(T, Apply("copy", (A,))), Let(T, Apply("copy", (A,))), Return(T)),
    "Return must be the last": program(Let(T, Apply("copy", (A,)))),
    "Return is not the last": program(Return(A), Return(A)),
    "types differ: double, double, int": program(Let(T, Apply("add", (A, N))), Return(T)),
    "works on integers": program(Let(T, Apply("mod", (A, A))), Return(T)),
    "1 index(es) expected, 2 found": program(LOCAL_2, Return(A)),
    "an index is an integer": program(Let(T, Load(X, (A,))), Return(A)),
    "works on floating-point": program(Let(U, Apply("sin", (N,))), Return(A)),
    "step is positive": program(For(K, ZERO, N, 0, False, (), Block(())), Return(A)),
    "constant 1 of type double": program(Store(X, (ZERO,), Const(1, DOUBLE)), Return(A)),
    "constant True of type int": program(Store(X, (Const(True, INT),), TWO), Return(A)),
    "the dimension exists": program(Let(U, Extent(X, 1)), Return(A)),
    "Launch inside a kernel": program(Launch("", "S", (Range(I, ZERO, N),), Block((SUM,)), ()), Return(A)),
    "REDUCE goes into": program(Increment(X, (), A, How.REDUCE), Return(A)),
    "only Views and arrays have elements": program(
        Launch("", "S", (Range(I, ZERO, N),), Block((Store(S, (), A),)), (Reduction(S, R),)), Return(A)
    ),
    "is not a scalar": program(Let(T, Apply("copy", (X,))), Return(A)),
    "one extent per dimension": program(Allocate(Symbol("w", 40, VECTOR), ()), Return(A)),
}


@pytest.mark.parametrize("why", BAD)
def test_verifier_refuses(why: str) -> None:
    with pytest.raises(InvalidIR) as invalid:
        verify(BAD[why])
    assert why in str(invalid.value)


def test_verifier_shows_the_statement() -> None:
    loc = Location("f.cpp", 3, 7)
    with pytest.raises(InvalidIR, match=r"f\.cpp:3:7\)\nin\nt: double = add\(a, n\)"):
        verify(program(Let(T, Apply("add", (A, N)), loc), Return(T)))


def test_verifier_scopes_end_with_their_block() -> None:
    inside = Let(T, Apply("copy", (A,)))
    loop = For(K, ZERO, N, 1, False, (), Block((inside,)))
    with pytest.raises(InvalidIR, match="not defined"):
        verify(program(loop, Return(T)))


def test_verifier_keeps_const_views() -> None:
    params = (Param(READ_ONLY, "Kokkos::View<const double*>"), Param(A, "double"))
    store = Store(READ_ONLY, (ZERO,), A)
    with pytest.raises(InvalidIR, match="read-only"):
        verify(Program("f", "f", params, None, Block((store,)), (), "f.cpp"))
