"""The experiment on recorded spaces: recordings, searches, tables. No compiler, no Kernel Tuner."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from autotune.legal import expert_plans, plan_key
from experiments.regret.report import hub_table, own_table, regrets
from experiments.regret.runs import kept, run_all
from experiments.regret.searches import _cache_file, methods
from experiments.regret.spaces import Record, RecordedSpace, hub, load, recordings, save
from tests.search_support import SPACE, seconds


def recorded(path: Path) -> RecordedSpace:
    records = tuple(
        Record(plan, None if i % 11 == 10 else seconds(plan), 0.5 + i) for i, plan in enumerate(SPACE.plans())
    )
    return RecordedSpace("f:small", path, SPACE.parameters, records, SPACE.default, "here")


def test_a_recording_is_read_as_it_was_written(tmp_path: Path) -> None:
    space = recorded(tmp_path / "f.json.gz")
    save(space, space.source)
    assert load(space.source) == space
    assert space.best == min(r.time for r in space.records if r.time is not None)
    assert space.legal.size == len(space.records)


def test_recordings_in_the_repository_are_whole() -> None:
    for space in recordings():
        assert len(space.by_plan) == len(space.records) > 1
        assert space.default is not None and expert_plans(space.legal)[0] == space.default
        assert all(r.cost > 0 and (r.time is None or r.time > 0) for r in space.records)


def test_cache_files_of_the_hub(tmp_path: Path) -> None:
    entries = {
        "16,1": {"x": 16, "f": 1, "time": 2.0, "compile_time": 500.0, "benchmark_time": 100.0},
        "32,1": {"x": 32, "f": 1, "time": "CompilationFailedConfig"},
    }
    data = {"tune_params": {"x": [16, 32], "f": [1]}, "cache": entries}
    (tmp_path / "gemm_milo").mkdir()
    for name in ("A100", "A100_T4"):
        (tmp_path / "gemm_milo" / f"{name}.json.gz").write_bytes(gzip.compress(json.dumps(data).encode()))
    (space,) = hub(tmp_path)
    assert space.name == "gemm/A100" and [p.name for p in space.parameters] == ["x"]
    assert space.records == (Record({"x": 16}, 2.0, 0.6), Record({"x": 32}, None, 0.0))
    assert hub(tmp_path, ["gemm/A4000"]) == []


def test_kernel_tuner_gets_the_same_space(tmp_path: Path) -> None:
    space = recorded(tmp_path)
    data = json.loads(json.dumps(_cache_file(space)))
    assert len(data["cache"]) == len(space.records)
    for key, entry in data["cache"].items():
        plan = {name: entry[name] for name in data["tune_params"] if entry[name] != "inactive"}
        assert key == ",".join(str(entry[name]) for name in data["tune_params"])
        record = space.by_plan[plan_key(plan)]
        assert entry["time"] == (record.time if record.time is not None else "RuntimeFailedConfig")


@pytest.mark.parametrize("name", sorted(methods(None)))
def test_searches_try_recorded_plans_once(name: str, tmp_path: Path) -> None:
    space = recorded(tmp_path)
    trace = methods(None)[name].run(space, 1, 20)
    assert len(trace.times) == len(trace.costs) == 20
    known = [(r.time, r.cost) for r in space.records]
    for found in zip(trace.times, trace.costs, strict=True):
        known.remove(found)  # each record once


def test_runs_are_kept_and_tables_made(tmp_path: Path) -> None:
    space, names = recorded(tmp_path), ["random", "gp"]
    first = list(run_all([space], names, 2, 30, tmp_path, None, 1, None))
    assert [done for done, total, _ in first] == [1, 2, 3, 4] and first[0][1] == 4
    assert list(run_all([space], names, 2, 30, tmp_path, None, 1, None)) == []
    assert list(run_all([space], names, 3, 30, tmp_path, None, 1, -1.0)) == []  # no time left
    runs = kept([space], names, 30, tmp_path)
    assert [(r.method, r.seed) for r in runs] == [(n, s) for s in (0, 1) for n in names]
    regret = regrets([space], runs, "gp", np.array([1.0, 30.0]))
    assert regret.shape == (1, 2) and 0 <= regret[0, 1] <= regret[0, 0]
    assert "| gp | " in hub_table([space], runs, names)
    allowed = len(space.records) // 10
    assert f"| f:small | {len(space.records)} | 1 | {allowed} |" in own_table([space], runs, names)
    (found,) = (
        run for *_, run in run_all([space], ["random"], 1, len(space.records), tmp_path, None, 1, None)
    )
    needed = next(n for n, _, time in found.steps if time <= 1.03 * space.best)
    assert f" ({needed}) |" in own_table([space], [found], ["random"])
