"""The tuned config: schema, merging, atomic replacement."""

from __future__ import annotations

import json
import multiprocessing
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from autotune.tuned import (
    Provenance,
    SearchRecord,
    TunedEntry,
    config_path,
    read_config,
    schema,
    write_atomically,
    write_entry,
)
from tests.search_support import GOOD, SPACE, timing
from transform.diagnostics import UsageError

ENTRY = TunedEntry(
    arch="host",
    workload="inferred",
    elements=2000,
    wrt=("x", "y"),
    of=(),
    knobs=SPACE.default,
    primal=timing(1e-3),
    gradient=timing(2e-3),
    ratio=timing(2.0),
    baseline_knobs=SPACE.default,
    baseline=timing(4e-3),
    speedup=timing(2.0),
    accuracy=GOOD,
    memory=0,
    deterministic=False,
    reproducible=True,
    ties=(SPACE.default,),
    search=SearchRecord(trials=5, verified=4, space=None, sampler="tpe", seed=0),
    provenance=Provenance(
        kernel="f.cpp",
        kernel_fingerprint="a",
        code_fingerprint="b",
        compiler="g++",
        compiler_version="12.2.0",
        flags=("-O3",),
        std="c++17",
        kokkos_version="4.6.0",
        kokkos_backends=("openmp", "serial"),
        device="a CPU",
        driver="",
        host={"cores": 2, "gpus": ()},
        date="2026-01-01T00:00:00+00:00",
        tool_version="0.1.0",
    ),
)


def test_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_entries_of_other_architectures_and_workloads_survive(tmp_path: Path) -> None:
    write_entry(tmp_path, "f", "ns::f", ENTRY)
    write_entry(tmp_path, "f", "ns::f", replace(ENTRY, arch="h100"))
    write_entry(tmp_path, "f", "ns::f", replace(ENTRY, workload="small"))
    write_entry(tmp_path, "f", "ns::f", replace(ENTRY, memory=7))
    config = read_config(config_path(tmp_path, "f"))
    assert config is not None
    assert [(e["arch"], e["workload"], e["memory"]) for e in config["entries"]] == [
        ("host", "inferred", 7),
        ("h100", "inferred", 0),
        ("host", "small", 0),
    ]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema_version": 1, "function": "f"}', "\x00\xff"])
def test_a_broken_config_is_refused_and_kept(tmp_path: Path, text: str) -> None:
    path = config_path(tmp_path, "f")
    path.write_text(text)
    with pytest.raises(UsageError, match="is not a tuned config"):
        write_entry(tmp_path, "f", "f", ENTRY)
    assert path.read_text() == text


def test_a_newer_config_is_refused(tmp_path: Path) -> None:
    config_path(tmp_path, "f").write_text('{"schema_version": 2}')
    with pytest.raises(UsageError, match="newer kad-tune"):
        write_entry(tmp_path, "f", "f", ENTRY)


def test_another_functions_config_is_refused(tmp_path: Path) -> None:
    write_entry(tmp_path, "f", "a::f", ENTRY)
    with pytest.raises(UsageError, match="belongs to a::f"):
        write_entry(tmp_path, "f", "b::f", ENTRY)


def _write(out: str, arch: str) -> None:
    write_entry(Path(out), "f", "f", replace(ENTRY, arch=arch))


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write, args=(str(tmp_path), f"arch{i}")) for i in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    config = read_config(config_path(tmp_path, "f"))
    assert config is not None
    assert sorted(e["arch"] for e in config["entries"]) == [f"arch{i}" for i in range(4)]


def test_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_atomically(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(path, "\ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_unwritable_directory_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot write"):
        write_atomically(tmp_path / "file" / "x", "text")


def test_written_json_round_trips(tmp_path: Path) -> None:
    config = write_entry(tmp_path, "f", "f", ENTRY)
    assert json.loads(config_path(tmp_path, "f").read_text()) == config
