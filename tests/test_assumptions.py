"""Conditions that are checked before a launch: whenever they hold, no two iterations meet."""

from __future__ import annotations

import random
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autotune.cli import main
from search_spaces.model import architectures
from tests.cases import KERNELS
from tests.compiled_support import compiled
from tests.gradient_support import primal
from tests.interpreter import Machine, Violated
from transform import pipeline
from transform.analysis.checked import assumed
from transform.analysis.races import without_races
from transform.emit.cpp import runtime
from transform.ir.build import Builder, Fresh, block
from transform.ir.nodes import (
    Atom,
    Const,
    For,
    If,
    Launch,
    Load,
    Merge,
    Param,
    Program,
    Range,
    Store,
    Symbol,
)
from transform.ir.types import DOUBLE, INT, View
from transform.ir.walk import last_id, walk

HOST = tuple(Symbol(name, k, INT) for k, name in enumerate(("n", "m", "a", "b", "d"), start=1))
N, M, A, B, D = HOST


class Kernels:
    """Random kernels that write and read one View at indices like those of grids, halos and flat arrays."""

    def __init__(self, chooser: random.Random) -> None:
        self.r = chooser
        self.fresh = Fresh(100)
        self.b = Builder(self.fresh)
        self.rank = chooser.choice((1, 1, 2))
        spelling = f"Kokkos::View<double {'*' * self.rank}>"
        self.u = Symbol("u", 99, View(DOUBLE, (None,) * self.rank, False, spelling))

    def program(self) -> Program:
        indices = [self.fresh.symbol(name, INT) for name in "ij"[: self.r.choice((1, 2))]]
        with self.b.block() as host:
            sizes: list[Atom] = [self.b.mul(N, self.pick((D, M, N))) if len(indices) == 1 else N, M]
            with self.b.block() as body:
                self.body(list(indices))
            ranges = tuple(Range(i, Const(0, INT), n) for i, n in zip(indices, sizes, strict=False))
            self.b.add_stmt(Launch("", "Kokkos::DefaultExecutionSpace", ranges, block(body), ()))
        params = tuple(Param(s, "") for s in (*HOST, self.u))
        return Program("f", "f", params, None, block(host), (), "f.cpp")

    def body(self, varying: list[Atom]) -> None:
        if self.r.random() < 0.6:
            whole, by = varying[0], self.pick((D, M, Const(3, INT)))
            varying = [self.b.div(whole, by), self.b.apply("mod", whole, by), *varying[1:]]
        if self.r.random() < 0.3:
            loop = self.fresh.symbol("l", INT)
            with self.b.block() as inner:
                self.guarded([*varying, loop])
            self.b.add_stmt(For(loop, Const(0, INT), self.pick((A, D)), 1, False, (), block(inner)))
        else:
            self.guarded(varying)

    def guarded(self, varying: list[Atom]) -> None:
        if self.r.random() < 0.5:
            self.accesses(varying)
            return
        cond = self.comparison(varying)
        if self.r.random() < 0.5:
            cond = self.b.apply(self.pick(("and", "and", "or")), cond, self.comparison(varying))
        with self.b.block() as then:
            self.accesses(varying)
        sides = (block(then), block([]))
        self.b.add_stmt(If(cond, *(sides if self.r.random() < 0.8 else sides[::-1]), ()))

    def comparison(self, varying: list[Atom]) -> Symbol:
        fn = self.pick(("lt", "le", "gt", "ge", "lt", "ge", "eq"))
        found = self.b.compare(fn, self.pick(varying), self.pick((A, B, D, Const(0, INT), self.sum([A, B]))))
        assert isinstance(found, Symbol)
        return found

    def accesses(self, varying: list[Atom]) -> None:
        """Two indices that differ in a few places."""
        write = [self.form(varying) for _ in range(self.rank)]
        read = [self.b.add(x, self.shift()) if self.r.random() < 0.6 else x for x in write]
        if self.r.random() < 0.3:
            k = self.r.randrange(self.rank)
            read[k] = self.choice(read[k], self.form(varying))
        value = self.b.let(Load(self.u, tuple(read)), DOUBLE)
        self.b.add_stmt(Store(self.u, tuple(write), value))

    def choice(self, x: Atom, y: Atom) -> Atom:
        cond = self.comparison([A, B])
        if self.r.random() < 0.5:
            return self.b.select(cond, x, y)
        result = self.fresh.symbol("c", INT)
        self.b.add_stmt(If(cond, block([]), block([]), (Merge(result, x, y),)))
        return result

    def form(self, varying: list[Atom]) -> Atom:
        chosen = [t for t in varying if self.r.random() < 0.85]
        terms = [self.b.mul(t, self.factor()) if self.r.random() < 0.6 else t for t in chosen]
        return self.sum([*terms, *([self.shift()] if self.r.random() < 0.3 else [])])

    def factor(self) -> Atom:
        return self.pick((A, B, D, M, Const(2, INT), Const(-1, INT), self.sum([A, D]), self.b.mul(A, D)))

    def shift(self) -> Atom:
        return self.pick((A, B, D, Const(1, INT), self.b.neg(B), self.b.mul(A, D), self.sum([A, B])))

    def sum(self, terms: Sequence[Atom]) -> Atom:
        total: Atom = Const(0, INT)
        for t in terms:
            total = self.b.add(total, t)
        return total

    def pick(self, many: Sequence[Any]) -> Any:
        return self.r.choice(list(many))


class Endless(Machine):
    """Views have every element, wherever it is."""

    def element(self, memory: Symbol, index: tuple[Atom, ...]) -> tuple[Any, tuple[int, ...]]:
        return self.values[memory], tuple(int(self.atom(i)) for i in index)


def collisions(chooser: random.Random) -> tuple[int, int]:
    """How many conditions a random kernel needs, and in how many of some calls they held. Fails where
    iterations then meet."""
    program = Kernels(chooser).program()
    checked, findings = without_races(program, last_id(program))
    if findings:
        return 0, 0
    held = 0
    for _ in range(40):
        machine = Endless()
        machine.values = {s: chooser.randint(-2, 7) for s in HOST}
        machine.values |= {N: chooser.randint(0, 4), M: chooser.randint(0, 4)}
        machine.values[program.params[-1].symbol] = defaultdict(float)
        try:
            machine.block(checked.body)  # its race detector finds iterations that meet
        except (Violated, ZeroDivisionError):
            continue
        held += 1
    return sum(len(s.given) for s in walk(checked.body) if isinstance(s, Launch)), held


@settings(max_examples=200, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_iterations_meet_where_the_conditions_hold(chooser: random.Random) -> None:
    collisions(chooser)


def test_the_random_kernels_need_conditions_that_can_hold() -> None:
    outcomes = [collisions(random.Random(seed)) for seed in range(120)]
    assert sum(needed > 0 and held > 0 for needed, held in outcomes) > 20


FILE = KERNELS / "assumptions.cpp"


@pytest.mark.parametrize(
    ("function", "conditions"),
    [
        ("leap", ["now != old"]),
        ("leaps", ["now != old"]),
        ("padded", ["halo >= 0"]),
        ("strided", ["first + second > m * second", "second >= 0"]),
        ("mirrored_rows", ["depth >= 1", "x >= 2 * depth"]),
        ("mirrored_below", ["x >= 1"]),
        ("shifted", ["down >= n or right >= m"]),
        ("source", []),
    ],
)
def test_the_simplest_conditions_are_chosen(function: str, conditions: list[str]) -> None:
    adjoint = pipeline.differentiate(primal(FILE, function))
    assert [a.text for a in assumed(adjoint.program)] == conditions


def test_increments_are_closed_where_the_conditions_keep_them_apart() -> None:
    adjoint = pipeline.differentiate(primal(FILE, "mirrored_rows"))
    (verdict,) = {v for _, v in adjoint.verdicts}
    assert verdict.exclusive and "checked" in verdict.reason


def test_explain_shows_what_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(FILE), "--function", "leap"]) == 0
    assert "assumed, and checked at run time:\n  line 14: now != old" in capsys.readouterr().out


CALLS = """
#include <cstdio>
#include <cstdlib>
int main(int, char** arguments) {
  Kokkos::initialize();
  {
    const int now = std::atoi(arguments[1]), n = std::atoi(arguments[2]);
    Kokkos::View<double**> p("p", n, 2), p_b("p_b", n, 2);
    Kokkos::View<double*> c("c", n), c_b("c_b", n);
    Kokkos::deep_copy(p, 1.0);
    Kokkos::deep_copy(p_b, 1.0);
    CALL
    std::printf("computed");
  }
  Kokkos::finalize();
}
"""
GRADIENT = "kad::leap_grad(p, c, now, 0, p_b, c_b);"
MESSAGE = "the iterations meet at an element of 'p' unless now != old"
TANGENT = "kad::leap_tangent(p, c, now, 0, p_b, c_b);"


@pytest.mark.kokkos
@pytest.mark.parametrize("call", [GRADIENT, TANGENT])
def test_a_call_that_breaks_them_stops_with_a_message(call: str) -> None:
    adjoint = pipeline.differentiate(primal(FILE, "leap"))
    default = next(iter(pipeline.search_space(adjoint, architectures()["host"]).plans()))
    variant = pipeline.realise(adjoint, default)
    header = variant.code() if call is GRADIENT else pipeline.tangent_header(adjoint)
    binary = compiled("\n".join([f'#include "{FILE}"', header, CALLS.replace("CALL", call)]), "violated")
    for now, n, fine in (("1", "6", True), ("0", "6", False), ("0", "2", True)):
        ran = subprocess.run([str(binary), now, n], capture_output=True, text=True, check=False, timeout=120)
        assert (ran.returncode == 0, "computed" in ran.stdout) == (fine, fine), ran.stderr
        assert fine or f"assumptions.cpp:14: {MESSAGE}" in ran.stderr


WHOLE = """
#include <cstdio>
using kad::Whole;
int main() {
  const std::int64_t most = std::numeric_limits<std::int64_t>::max(), least = -most - 1;
  const bool right = Whole(3) * 4 + -2 >= Whole(10) && !(Whole(3) * 4 >= Whole(13)) && Whole(2) != Whole(3) &&
                     !(Whole(2) != Whole(2)) && Whole(-3) * 4 + 13 >= 1u && Whole(least) + most != Whole(0) &&
                     Whole(1 << 30) * (1 << 30) >= Whole(1) && Whole(most) >= Whole(most);
  const bool overflow = Whole(most) + 1 >= Whole(0) || Whole(most) * 2 != Whole(1) ||
                        Whole(least) + -1 != Whole(5) || Whole(least) * -1 >= Whole(0) ||
                        Whole(1LL << 40) * (1LL << 40) != Whole(7) ||
                        Whole(~std::uint64_t(0)) != Whole(0) || Whole(0) != Whole(most) * most;
  return right && !overflow ? 0 : 1;
}
"""


@pytest.mark.kokkos
def test_numbers_that_overflow_meet_no_condition() -> None:
    binary = compiled(f"#include <Kokkos_Core.hpp>\n{runtime('require')}{WHOLE}", "whole")
    assert subprocess.run([str(binary)], check=False, timeout=60).returncode == 0
