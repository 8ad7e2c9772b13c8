"""How kernels are launched: what may be chosen; every choice compiles, runs and gives the same gradient."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autotune.evaluate import Binary, Job, Limits, Task, build, verify_only
from autotune.outcome import Accuracy, Crashed
from search_spaces.model import Architecture, Plan, SearchSpace, architectures
from tests.corpus_support import CORPUS, kernel
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.adjoint.gradient import Adjoint
from transform.frontend.clang import ParseOptions
from transform.strategies.launch import build_plan, run_time

KNOBS = {
    "accumulate": ("atomic",),
    "launch_bounds": ("default", "64", "128x2"),
    "schedule": ("static", "dynamic"),
    "chunk": (0, 16),
    "occupancy": (100, 50),
    "tile": ("default", "4x16", "8x8"),
    "unroll": (0, 4),
    "reads": ("plain", "read-only"),
}
EVERYTHING: Architecture = replace(architectures()["host"], knobs=KNOBS)


def _adjoint(name: str) -> Adjoint:
    include = toolchain().kokkos.include
    return pipeline.differentiate(
        pipeline.parse(CORPUS / f"{name}.cpp", ParseOptions(kokkos_include=include))
    )


def _space(name: str) -> SearchSpace:
    return pipeline.search_space(_adjoint(name), EVERYTHING)


def test_only_what_a_kernel_has_is_asked() -> None:
    names = {p.name for p in _space("stencil").parameters}
    assert {"launch_bounds", "occupancy", "tile", "reads"} <= names
    assert "unroll" not in names  # no loop in the kernel
    names = {p.name for p in _space("spmv").parameters}
    assert {"launch_bounds", "unroll", "reads"} <= names
    assert "tile" not in names
    host = {p.name for p in pipeline.search_space(_adjoint("stencil"), architectures()["host"]).parameters}
    assert not host & set(KNOBS) - {"accumulate"}


def test_chunks_belong_to_dynamic_schedules() -> None:
    for plan in _space("heat").plans():
        assert ("chunk" in plan) == (plan["schedule"] == "dynamic")


def test_a_tile_fits_into_the_bounds() -> None:
    plans = list(_space("stencil").plans())
    assert not any(p["launch_bounds"] == "64" and p["tile"] == "16x16" for p in plans)
    assert any(p["launch_bounds"] == "64" and p["tile"] == "8x8" for p in plans)
    small = replace(EVERYTHING, knobs={**KNOBS, "launch_bounds": ("64",), "tile": ("16x16", "8x8")})
    tiles = {p["tile"] for p in pipeline.search_space(_adjoint("stencil"), small).plans()}
    assert tiles == {"8x8"}


def test_run_time_choices_share_their_code() -> None:
    space = _space("stencil")
    plan: Plan = {**space.default, "tile": "8x8", "occupancy": 50, "launch_bounds": "64"}
    assert run_time(plan) == {"tile": "8x8", "occupancy": 50}
    assert build_plan(plan) == {**space.default, "launch_bounds": "64"}
    adjoint = _adjoint("stencil")
    shipped, built = (pipeline.realise(adjoint, p).text for p in (plan, build_plan(plan)))
    assert [line for line in shipped.splitlines() if line not in built.splitlines()] == [
        "  kad::Knobs knobs{0, 50, {8, 8}, 8, 256};  // how kernels are launched"
    ]


def test_every_architecture_with_hip_bounds_its_launches() -> None:
    for arch in architectures().values():
        if arch.backend == "hip":
            assert arch.knobs["launch_bounds"] and "default" not in arch.knobs["launch_bounds"]
    text = pipeline.realise(_adjoint("map"), {"sweep": "fused"}).code()
    assert "kad::Range<Kokkos::DefaultExecutionSpace, int>" in text
    assert "block_threads = 256" in text


@pytest.mark.kokkos
@pytest.mark.parametrize("name", ["stencil", "fe_energy"])
def test_every_choice_gives_the_same_gradient(name: str) -> None:
    tools, adjoint = toolchain(), _adjoint(name)
    space = _space(name)
    plans: list[Plan] = [space.default]
    plans += [
        {**space.default, p.name: v}
        for p in space.parameters
        if p.name in KNOBS and p.name in space.default
        for v in p.values[1:]
    ]
    plans += [{**space.default, "schedule": "dynamic", "chunk": c} for c in (0, 16)]
    built: dict[str, str] = {}
    jobs = []
    for plan in plans:
        text = pipeline.realise(adjoint, build_plan(plan)).code("kad_@")
        variant = built.setdefault(text, f"v{len(built)}")
        settings = ";".join(f"{k}={v}" for k, v in run_time(plan).items())
        key = f"{variant}@{settings}" if settings else variant
        jobs.append(Job(key, plan, text.replace("kad_@", f"kad_{variant}")))
    assert len(built) < len(jobs)
    task = Task(
        adjoint.signature,
        CORPUS / f"{name}.cpp",
        pipeline.tangent_header(adjoint),
        jobs[0],
        tuple(jobs),
        tools,
    )
    binary = build(task)
    assert isinstance(binary, Binary), binary.log
    inputs, limits = kernel(name).inputs, Limits(timeout=60.0)
    for job in jobs:
        outcome = verify_only(binary, job.key, inputs, limits)
        assert isinstance(outcome, Accuracy), (job.plan, outcome)
        assert outcome.agreement < 1e-10
    assert isinstance(verify_only(binary, f"{jobs[0].key}@colour=3", inputs, limits), Crashed)
