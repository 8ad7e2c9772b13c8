"""Predictions for devices that are not there: what the model makes of traffic, and what is written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autotune import predict as prediction
from autotune.options import Request, SearchOptions
from autotune.problem import derive_or_install
from autotune.progress import open_progress
from autotune.traffic import Work, seconds, work_of
from autotune.tuned import config_path
from search_spaces.model import Plan, architectures
from tests.corpus_support import CORPUS
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.diagnostics import UsageError
from transform.frontend.clang import ParseOptions
from transform.ir.types import View

H100 = architectures()["h100"]


def test_time_of_a_stream_and_of_collisions() -> None:
    device = H100.device
    assert device is not None
    stream = Work(threads=1e8, moved=3.35e9, colliding=0, launches=1, times=1)
    assert seconds(device, [stream], 1.0, 0) == pytest.approx(1e-3 + 5e-6)  # at full bandwidth
    assert seconds(device, [stream], 0.02, 0) > 2e-3  # too few threads to hide latency
    assert seconds(device, [stream], 1.0, 100) > 3e-3  # spills are traffic
    collisions = Work(threads=1e6, moved=0, colliding=1e6, launches=1, times=10)
    assert seconds(device, [collisions], 1.0, 0) == pytest.approx(10 * (1e-3 + 5e-6))


@pytest.mark.kokkos
def test_traffic_of_a_stencil() -> None:
    """Five reads of u are one stream; u and f are read, u_b is read and written five times by atomics."""
    include = toolchain().kokkos.include
    adjoint = pipeline.differentiate(
        pipeline.parse(CORPUS / "stencil.cpp", ParseOptions(kokkos_include=include))
    )
    shapes = {p.symbol: (102, 52) for p in adjoint.program.params if isinstance(p.symbol.type, View)}
    (primal,) = work_of(adjoint.program.body, shapes, {})
    assert primal.threads == 100 * 50
    assert primal.moved == 2 * 8 * 5000
    plan = {"sweep": "fused", "accumulate.u": "atomic"}
    closed = pipeline.close(adjoint, plan)
    bars = {bar: (102, 52) for p, bar in closed.adjoints.items() if p in shapes}
    (fused,) = work_of(closed.body, shapes | bars, {})
    assert fused.moved == (2 + 2 + 2) * 8 * 5000  # u, f; f_b; u_b
    assert fused.colliding == 0


@pytest.mark.kokkos
def test_adds_to_a_few_elements_meet_less_in_copies() -> None:
    """Sixteen adjoints that all iterations increment: in themselves, in eight copies, in a copy per team."""
    include = toolchain().kokkos.include
    program = pipeline.parse(CORPUS / "theta.cpp", ParseOptions(kokkos_include=include))
    adjoint = pipeline.differentiate(program, ("theta",))
    shapes = {p.symbol: (12800, 8) for p in program.params if isinstance(p.symbol.type, View)}
    meeting = {}
    for plan in pipeline.search_space(adjoint, H100).plans():
        if plan["sweep"] == "fused":
            work = work_of(pipeline.close(adjoint, plan).body, shapes, {})
            meeting[plan["accumulate.theta"]] = max(w.colliding for w in work)
    assert meeting["atomic"] == 16 * 12800  # the loop over the parameters is written out
    assert meeting["privatization"] == meeting["atomic"] / 8
    assert meeting["hierarchical"] == meeting["atomic"] / 128
    assert meeting["reduction"] == 0


def _report(plans: int, registers: list[int]) -> str:
    return "".join(
        f"ptxas info : Compiling entry function '_Z6kad_v{k}1f' for 'sm_90'\n"
        f"ptxas info : Function properties for _Z6kad_v{k}1f\n"
        "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
        f"ptxas info : Used {registers[k % len(registers)]} registers, used 0 barriers\n"
        for k in range(plans)
    )


@pytest.mark.kokkos
def test_predicted_winner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiler's report is made up: the default needs far too many registers."""
    tools = toolchain()

    def on_host(request: Request, arch: object, note: object) -> object:
        host = architectures()["host"]
        return derive_or_install(request, host, lambda _: None)[0], tools

    monkeypatch.setattr(prediction, "derive_or_install", on_host)
    monkeypatch.setattr(prediction, "compile_object", lambda *_: (True, _report(8, [255, 40])))
    request = Request(
        CORPUS / "map.cpp",
        archs=("h100",),
        kokkos_root=tools.kokkos.root,
        workload=f"{CORPUS / 'map.toml'}:small",
        out=tmp_path,
    )
    with open_progress() as progress:
        (found,) = prediction.predict(request, SearchOptions(trials=8), progress)
    entry = json.loads(config_path(tmp_path, "map").read_text())["entries"][0]
    assert (entry["arch"], entry["evidence"]) == ("h100", "predicted")
    assert entry["knobs"] == dict(found.entry.knobs)
    assert entry["primal"]["low"] == entry["primal"]["high"] > 0
    assert entry["provenance"]["device"] == H100.title
    assert [v.time for v in found.variants] == sorted(v.time for v in found.variants)
    assert {v.registers for v in found.variants} == {255, 40}
    assert 0 < entry["error"]["finite_differences"] < 1e-5
    assert "KOKKOS_ARCH_HOPPER90" in found.header.read_text()
    assert "predicted" in "\n".join(found.lines())

    measured = config_path(tmp_path, "map").read_text().replace('"predicted"', '"measured"', 1)
    config_path(tmp_path, "map").write_text(measured)
    with open_progress() as progress, pytest.raises(UsageError, match="measured winner"):
        prediction.predict(request, SearchOptions(trials=8), progress)


def test_plans_differ_in_their_code() -> None:
    class Three:
        def __init__(self) -> None:
            self.space = self
            self.default: Plan = {"tile": "default", "unroll": 0}
            self.rest: list[Plan] = [{"tile": "8x8", "unroll": 0}, {"tile": "8x8", "unroll": 4}]

        def draw(self, random: object, tried: object) -> Plan | None:
            return self.rest.pop(0) if self.rest else None

    plans = prediction._plans(Three(), SearchOptions(trials=9))  # type: ignore[arg-type]
    assert plans == [{"tile": "default", "unroll": 0}, {"tile": "default", "unroll": 4}]
