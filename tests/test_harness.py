"""The harness and the evaluation of variants, on derivatives written by hand: right, wrong, misbehaving."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from autotune.evaluate import (
    Binary,
    Inputs,
    Job,
    Limits,
    Task,
    build,
    compare,
    evaluate,
    gradient,
    verify_only,
)
from autotune.harness import source
from autotune.outcome import (
    Accuracy,
    Comparison,
    CompileFailed,
    Crashed,
    Measurement,
    OutOfMemory,
    TimedOut,
    WrongGradient,
)
from autotune.workload import load_workload
from tests import toy_kernels as toys
from tests.kokkos_support import toolchain
from transform.signature import Signature

QUICK = Limits(timeout=60.0, budget=0.05, least=7, most=9)

BUGS = {
    "good": "",
    "twin": "",
    "wrong": "if (x_b.extent(0) > 3) { x_b(3) += 1e-4; }",
    "scaled": "a_b *= 1.0 + 1e-6;",
    "stale": "if (ws.calls > 1) { a_b += 1e-3 * square; }",
    "seedless": "if (seed != 1.0) { a_b -= (seed - 1.0) * square; }",
    "segfault": "{ volatile int* nowhere = nullptr; *nowhere = 1; }",
    "endless": "{ volatile bool forever = true; while (forever) {} }",
    "hungry": 'Kokkos::View<double*> tape("tape", std::size_t(1) << 36); tape(0) = a;',
    "leaves": "std::exit(0);",
    "throws": 'throw std::runtime_error("a problem");',
}


def make_task(tmp_path: Path, signature: Signature, code: str, tangent: str, jobs: tuple[Job, ...]) -> Task:
    kernel = tmp_path / f"{signature.name}.cpp"
    kernel.write_text(code)
    return Task(signature, kernel, tangent, jobs[0], jobs[1:], toolchain())


def make_inputs(directory: Path, signature: Signature, text: str) -> Inputs:
    file = directory / f"{signature.name}.toml"
    file.write_text(text)
    return Inputs(
        signature, load_workload(f"{file}:full", signature), load_workload(f"{file}:small", signature)
    )


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Binary, Inputs]:
    directory = tmp_path_factory.mktemp("toy")
    jobs = [Job(key, {}, toys.toy_variant(key, bug)) for key, bug in BUGS.items()]
    jobs.append(Job("elsewhere", {}, toys.toy_variant("elsewhere", result="2.0 * a * square")))
    jobs.append(Job("overwrites", {}, toys.toy_variant("overwrites", first="Kokkos::deep_copy(x_b, 0.0);")))
    task = make_task(directory, toys.TOY, toys.TOY_SOURCE, toys.TOY_TANGENT, tuple(jobs))
    binary = build(task)
    assert isinstance(binary, Binary), binary.log
    return binary, make_inputs(directory, toys.TOY, toys.TOY_WORKLOADS)


@pytest.mark.kokkos
def test_right_variant_is_measured(toy: tuple[Binary, Inputs]) -> None:
    outcome = evaluate(toy[0], "good", toy[1], QUICK)
    assert isinstance(outcome, Measurement)
    assert outcome.accuracy.inner_product < 1e-13
    assert outcome.accuracy.finite_differences < 1e-8
    assert outcome.accuracy.agreement < 1e-13
    assert outcome.accuracy.primal_unchanged
    assert outcome.memory == 1234
    assert outcome.gradient.low <= outcome.gradient.median <= outcome.gradient.high
    assert 3 <= len(outcome.primal.samples) <= 9


@pytest.mark.kokkos
def test_several_variants_are_timed_interleaved(toy: tuple[Binary, Inputs]) -> None:
    found = compare(toy[0], ("good", "stale", "scaled"), toy[1], replace(QUICK, cold=True), seed=3)
    assert isinstance(found, Comparison), found
    assert list(found.gradients) == ["good", "stale", "scaled"]
    assert {len(times) for times in found.gradients.values()} == {len(found.primal)}
    assert found.conditions is not None and found.conditions[0].time <= found.conditions[1].time


@pytest.mark.kokkos
def test_hopeless_variant_is_cut_early(toy: tuple[Binary, Inputs]) -> None:
    hopeless = replace(QUICK, bound=1e-6)
    outcome = evaluate(toy[0], "twin", toy[1], hopeless)
    assert isinstance(outcome, Measurement) and outcome.stopped == "cut"
    assert len(outcome.gradient.samples) == 3
    reference = evaluate(toy[0], "good", toy[1], hopeless)
    assert isinstance(reference, Measurement) and reference.stopped in ("most", "budget")


@pytest.mark.kokkos
@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("wrong", "tangent"),
        ("scaled", "tangent"),
        ("seedless", "tangent"),
        ("overwrites", "accumulate"),
        ("stale", "second call"),
        ("elsewhere", "primal outputs"),
    ],
)
def test_wrong_variant_is_found_out(toy: tuple[Binary, Inputs], key: str, reason: str) -> None:
    outcome = evaluate(toy[0], key, toy[1], QUICK)
    assert isinstance(outcome, WrongGradient), outcome
    assert reason in outcome.reason
    assert outcome.accuracy.primal_unchanged == (key != "elsewhere")


@pytest.mark.kokkos
def test_segfault_is_a_crash(toy: tuple[Binary, Inputs]) -> None:
    outcome = verify_only(toy[0], "segfault", toy[1], QUICK)
    assert isinstance(outcome, Crashed)
    assert outcome.signal == "SIGSEGV"


@pytest.mark.kokkos
def test_exception_is_a_crash_with_its_message(toy: tuple[Binary, Inputs]) -> None:
    outcome = evaluate(toy[0], "throws", toy[1], QUICK)
    assert isinstance(outcome, Crashed)
    assert "a problem" in outcome.log


@pytest.mark.kokkos
def test_silent_exit_is_a_crash(toy: tuple[Binary, Inputs]) -> None:
    assert isinstance(evaluate(toy[0], "leaves", toy[1], QUICK), Crashed)


@pytest.mark.kokkos
def test_endless_loop_times_out(toy: tuple[Binary, Inputs]) -> None:
    assert isinstance(evaluate(toy[0], "endless", toy[1], Limits(timeout=2.0)), TimedOut)


@pytest.mark.kokkos
def test_huge_allocation_is_out_of_memory(toy: tuple[Binary, Inputs]) -> None:
    outcome = evaluate(toy[0], "hungry", toy[1], Limits(timeout=60.0, memory=2**30))
    assert isinstance(outcome, OutOfMemory)
    assert outcome.limit == 2**30


@pytest.mark.kokkos
def test_gradient_is_written_to_files(toy: tuple[Binary, Inputs], tmp_path: Path) -> None:
    binary, inputs = toy
    _, small = inputs.directories()
    value = gradient(binary, "good", small, tmp_path, QUICK)
    x = np.fromfile(small / "x.raw")
    idx = np.fromfile(small / "idx.raw", np.int32)
    assert value == pytest.approx(3.0 * np.sum(x[idx] ** 2))
    np.testing.assert_allclose(
        np.fromfile(tmp_path / "x_b.raw"), 6.0 * x * np.bincount(idx, minlength=11), rtol=1e-13
    )
    np.testing.assert_allclose(np.fromfile(tmp_path / "a_b.raw"), [np.sum(x[idx] ** 2)], rtol=1e-13)
    assert not np.fromfile(tmp_path / "x_seed.raw").any()


@pytest.mark.kokkos
def test_in_place_void_kernel_in_single_precision(tmp_path: Path) -> None:
    """Column-major, static extents, an independent that is also a dependent, a main program in the file."""
    jobs = (Job("r0", {}, toys.mix_variant("r0")), Job("v1", {}, toys.mix_variant("v1")))
    binary = build(make_task(tmp_path, toys.MIX, toys.MIX_SOURCE, toys.MIX_TANGENT, jobs))
    assert isinstance(binary, Binary), binary.log
    inputs = make_inputs(tmp_path, toys.MIX, toys.MIX_WORKLOADS)
    assert isinstance(verify_only(binary, "v1", inputs, QUICK), Accuracy)
    outcome = evaluate(binary, "r0", inputs, QUICK)
    assert isinstance(outcome, Measurement), outcome
    assert outcome.reproducible
    assert outcome.reference == outcome.gradient
    _, small = inputs.directories()
    gradient(binary, "v1", small, tmp_path, QUICK)
    u, w = (np.fromfile(small / f"{name}.raw", np.float32).reshape(7, 3) for name in "uw")
    u_seed, y_seed = (np.fromfile(tmp_path / f"{name}_seed.raw") for name in "uy")
    out_b = u_seed.reshape(7, 3) + y_seed[:, None]
    np.testing.assert_allclose(
        np.fromfile(tmp_path / "u_b.raw").reshape(7, 3), 2 * out_b * u * w, rtol=1e-5, atol=1e-6
    )
    np.testing.assert_allclose(
        np.fromfile(tmp_path / "w_b.raw").reshape(7, 3), out_b * u * u, rtol=1e-5, atol=1e-6
    )


@pytest.mark.kokkos
def test_variant_that_does_not_compile(tmp_path: Path) -> None:
    jobs = (Job("r0", {}, toys.toy_variant("r0", "this is no C++;")),)
    outcome = build(make_task(tmp_path, toys.TOY, toys.TOY_SOURCE, toys.TOY_TANGENT, jobs))
    assert isinstance(outcome, CompileFailed)
    assert "error" in outcome.log


def test_source_is_deterministic_and_names_every_variant(tmp_path: Path) -> None:
    from autotune.installation import Kokkos
    from autotune.toolchain import Toolchain

    kokkos = Kokkos(tmp_path, tmp_path, "4.6", ("serial",), ())
    tools = Toolchain("host", "c++", "", (), kokkos, "c++17")
    jobs = tuple(Job(key, {}, toys.toy_variant(key)) for key in ("r0", "v1"))
    task = Task(toys.TOY, tmp_path / "toy.cpp", toys.TOY_TANGENT, jobs[0], jobs, tools)
    text = source(task)
    assert text == source(task)
    assert text.count("class Variant_r0 ") == text.count("class Variant_v1 ") == 1
