"""The experiment for accelerators, tried on the host: it measures, keeps results and goes on from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.workers import LocalExecutor
from experiments.gpu.__main__ import main
from tests.kokkos_support import toolchain


@pytest.mark.kokkos
def test_results_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, state = str(toolchain().kokkos.root), tmp_path / "state.jsonl"
    arguments = ["map", "--arch", "host", "--kokkos-root", root, "--workload", "small", "--state", str(state)]
    assert main(arguments) == 0
    report = capsys.readouterr().out
    assert "### map, small" in report
    assert "sweep=fused" in report and "intermediates.map=store" in report
    assert len(state.read_text().splitlines()) == 3

    def never(*_: object) -> None:
        raise AssertionError("measured again")

    monkeypatch.setattr(LocalExecutor, "evaluate", never)
    assert main(arguments) == 0
    assert "sweep=fused" in capsys.readouterr().out


def test_no_device_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.gpu.__main__.can_run", lambda arch: "no such device")
    assert main(["map", "--arch", "h100"]) == 6
    assert "no such device" in capsys.readouterr().err
