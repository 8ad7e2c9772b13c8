"""Strategies and spaces over all test kernels: legality, determinism of text, and what is refused."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from search_spaces.model import architectures
from tests.cases import Case, cases
from tests.gradient_support import Oracle, primal, spread
from tests.interpreter import Machine
from transform import pipeline
from transform.adjoint.gradient import Adjoint
from transform.analysis.races import Verdict
from transform.diagnostics import Refused, UsageError
from transform.ir.build import Fresh
from transform.ir.nodes import Accumulate, Block, Launch, Save, Stmt
from transform.ir.walk import walk
from transform.strategies import stencil
from transform.strategies.accumulate import STRATEGIES
from transform.strategies.base import open_views
from transform.strategies.intermediates import advised

HOST = architectures()["host"]


@cache
def adjoint(case: Case) -> Adjoint:
    return pipeline.differentiate(primal(case.path, case.function), case.wrt, case.of)


def verdicts(function: str) -> dict[str, Verdict]:
    case = next(c for c in cases() if c.function == function)
    return {v.view.name: v for _, v in adjoint(case).verdicts}


@pytest.mark.parametrize("case", cases(), ids=lambda c: c.name)
def test_text_is_deterministic_and_closed(case: Case) -> None:
    space = pipeline.search_space(adjoint(case), HOST)
    names = [p.name for p in space.parameters]
    assert len(set(names)) == len(names)
    anew = pipeline.differentiate(primal(case.path, case.function), case.wrt, case.of)
    for plan in spread(list(space.plans()), 4):
        closed = pipeline.close(adjoint(case), plan)
        assert not any(isinstance(s, Accumulate) for s in walk(closed.body))
        once = pipeline.realise(adjoint(case), plan)
        assert pipeline.realise(anew, plan).text == once.text


@pytest.mark.parametrize("name", STRATEGIES)
def test_why_not_agrees_with_apply_and_the_space(name: str) -> None:
    """What ``why_not`` allows closes the view's increments; what it forbids is not in the space."""
    allowed = forbidden = 0
    for case in cases():
        gradient = adjoint(case).gradients["split"]
        space = pipeline.search_space(adjoint(case), HOST)
        for launch in (s for s in walk(gradient.body) if isinstance(s, Launch)):
            for view in open_views(launch):
                knob = f"accumulate.{view.name.removesuffix('_b')}"
                values = next(p.values for p in space.parameters if p.name == knob)
                reason = STRATEGIES[name]().why_not(launch, view)
                if reason is not None:
                    forbidden += 1
                    assert name not in values
                    assert any(r.parameter == knob and r.value == name for r in space.refusals)
                    continue
                allowed += 1
                done = STRATEGIES[name]().apply(launch, [view], Fresh(100_000))
                assert view not in [v for s in done if isinstance(s, Launch) for v in open_views(s)]
                left = [s for s in walk(Block(done)) if isinstance(s, Accumulate) and s.memory == view]
                assert not left
    assert allowed
    assert (forbidden == 0) == (name == "atomic")


def test_private_copies_are_refused_where_sums_are_read() -> None:
    case = next(c for c in cases() if c.function == "own_element_twice")
    space = pipeline.search_space(adjoint(case), HOST)
    reason = next(r.reason for r in space.refusals if r.value == "privatization")
    assert "reads sums" in reason


@pytest.mark.parametrize(
    ("function", "view"),
    [
        ("in_place", "u_b"), ("even_odd", "u_b"), ("in_place_permutation", "y_b"), ("reversed", "x_b"),
        ("transposed", "x_b"), ("scatter_permutation", "x_b"), ("prefix_sum", "x_b"),
        ("static_extents", "y_b"),
    ],
)  # fmt: skip
def test_exclusive_or_not(function: str, view: str) -> None:
    """``reversed`` reads x(i) and x(n - 1 - i), ``transposed`` x(i, 0) and ``scatter_permutation`` x(i)."""
    assert verdicts(function)[view].exclusive == (
        function not in ("reversed", "transposed", "scatter_permutation")
    )


@pytest.mark.parametrize("function", ["narrowed_plain", "rounded", "divided", "offsets", "gather"])
def test_shared_elements_are_seen(function: str) -> None:
    assert not verdicts(function)["x_b"].exclusive


@pytest.mark.parametrize(("answer", "most"), [("binomial:3", 3), ("every:5", 4), ("recompute", 4)])
def test_checkpoints_are_few(answer: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """20 steps: at most so many states are kept at once, and the gradient is right."""
    depths: Counter[str] = Counter()
    stmt = Machine.stmt

    def watched(machine: Machine, s: Stmt) -> None:
        stmt(machine, s)
        if isinstance(s, Save):
            depths[s.tape] = max(depths[s.tape], len(machine.tapes[s.tape]))

    monkeypatch.setattr(Machine, "stmt", watched)
    case = next(c for c in cases() if c.function == "time_loop")
    oracle = Oracle(adjoint(case), {**case.values(), "steps": 20})
    knob = "intermediates.u"
    space = pipeline.search_space(oracle.adjoint, HOST, ("every:5", "binomial:3"))
    oracle.check(next(p for p in space.plans() if p[knob] == answer))
    assert {n for tape, n in depths.items() if tape.endswith("u_checkpoint")} == {most}


def test_advice_in_the_source() -> None:
    text = "// kad: checkpoint binomial 7\nfor (;;) {}\nwhile (x) {}  // kad: checkpoint every 3\n// kad: x"
    assert advised(text) == {2: "binomial:7", 3: "every:3"}


RACES = {
    "same element": "x(0) = x(0) + i;",
    "only one of two indices": "A(i, 0) = 1.0; A(0, 1) = 2.0 * i;",
    "neighbour read": "x(i) = y(i) + x(i + 1);",
    "divided": "x(i / 2) = y(i);",
    "modulo": "x(i % 4) = y(i);",
    "doubled and shifted": "x(2 * i) = y(i); x(i) = y(i);",
    "indirect and direct": "x(idx(i)) = y(i); x(i) = y(i);",
    "two index arrays": "x(idx(i)) = y(i); x(other(i)) = y(i);",
    "index array without the parallel index": "x(idx(0)) = y(i);",
    "rounded": "x(static_cast<int>(0.5 * i)) = y(i);",
    "narrow": "x(static_cast<unsigned char>(i)) = y(i);",
    "local loop index": "for (int k = 0; k < 3; ++k) x(k) = y(i);",
    "atomic and plain": "Kokkos::atomic_add(&x(idx(i)), y(i)); x(i) = 2 * x(i);",
    "atomic and read": "Kokkos::atomic_add(&x(idx(i)), y(i)); y(i) = x(i);",
}


VALUES = {
    "rounded": "s += static_cast<int>(x(i)) * x(i);",
    "rounded_scalar": "s += static_cast<int>(a) * x(i);",
    "nothing": "s += i;",
    "linear": "s += x(i);",
    "product": "s += x(i) * a;",
}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with all of ``RACES`` (race0, race1, ...) and ``VALUES``."""
    lines = [
        "#include <Kokkos_Core.hpp>",
        "using V = Kokkos::View<double*>; using I = Kokkos::View<const int*>;",
    ]
    for k, body in enumerate(RACES.values()):
        lines += [
            f"void race{k}(V x, V y, Kokkos::View<double**> A, I idx, I other, int n) {{",
            f"  Kokkos::parallel_for(n, KOKKOS_LAMBDA(int i) {{ {body} }}); }}",
        ]
    for name, body in VALUES.items():
        lines += [
            f"double {name}(V x, I k, double a, int n) {{ double r = 0; Kokkos::parallel_reduce(n,",
            f"  KOKKOS_LAMBDA(int i, double& s) {{ {body} }}, r); return r; }}",
        ]
    path = tmp_path_factory.mktemp("source") / "refused.cpp"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize("number", range(len(RACES)), ids=RACES.keys())
def test_racing_primal_is_refused(number: int, source: Path) -> None:
    with pytest.raises(Refused, match=r"same element|another may read"):
        pipeline.differentiate(primal(source, f"race{number}"))


def test_active_value_made_integer_is_refused(source: Path) -> None:
    with pytest.raises(Refused, match="turned into an integer"):
        pipeline.differentiate(primal(source, "rounded"))
    with pytest.raises(Refused, match="turned into an integer"):
        pipeline.differentiate(primal(source, "rounded_scalar"))
    pipeline.differentiate(primal(source, "rounded_scalar"), ("x",))


def test_nothing_active_is_refused(source: Path) -> None:
    with pytest.raises(Refused, match="no result of 'nothing' depends on an independent"):
        pipeline.differentiate(primal(source, "nothing"))
    with pytest.raises(Refused, match="no result of 'linear' depends on an independent"):
        pipeline.differentiate(primal(source, "linear"), ("a",))


@pytest.mark.parametrize(
    ("wrt", "of", "message"),
    [
        (("xx",), None, "did you mean 'x'"),
        (("n",), None, "not floating-point"),
        (None, ("x",), "does not write 'x'"),
        (None, ("a",), "does not write 'a'"),
        (None, ("nothing",), "no parameter 'nothing'"),
    ],
)
def test_unknown_names_are_usage_errors(
    wrt: tuple[str, ...] | None, of: tuple[str, ...] | None, message: str, source: Path
) -> None:
    with pytest.raises(UsageError, match=message):
        pipeline.differentiate(primal(source, "product"), wrt, of)


@pytest.mark.parametrize("function", ["stencil", "unsigned_stencil", "wide_stencil"])
def test_gathers_in_blocks(function: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A transposed loop over one range in blocks of three: some have edges at both ends, some none."""
    monkeypatch.setattr(stencil, "BLOCK", 3)
    for case in cases():
        if case.function == function:
            oracle = Oracle(adjoint(case), case.values())
            plans = [
                p for p in pipeline.search_space(oracle.adjoint, HOST).plans() if p.get("nest") == "rows"
            ]
            assert plans
            for plan in plans:
                oracle.check(plan)


@pytest.mark.parametrize("nest", ["rows", "tiles"])
def test_a_transposed_loop_is_one_launch(nest: str) -> None:
    case = next(c for c in cases() if c.function == "wide_stencil")
    space = pipeline.search_space(adjoint(case), HOST)
    views = [p.name for p in space.parameters if p.name.startswith("accumulate.")]
    plan = next(p for p in space.plans() if {p[v] for v in views} == {"gather"} and p["nest"] == nest)
    text = pipeline.realise(adjoint(case), plan).text
    assert views
    assert text.count('gathered", ') == len(views)
