"""The machine's state around a timing, and what is read from it."""

from __future__ import annotations

import ctypes
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from autotune import machine
from autotune.machine import cache_bytes, conditions, contention
from autotune.outcome import Conditions

MOMENT = Conditions(time=100.0, load=0.5, megahertz=3000.0, waited=10.0, stolen=0.0)


def test_conditions_move_with_time() -> None:
    one, two = conditions(), conditions()
    assert one.time <= two.time and one.waited <= two.waited and one.stolen <= two.stolen
    assert one.load >= 0.0
    assert cache_bytes() >= 64 << 20


def test_contention_is_the_share_of_waiting() -> None:
    calm = (MOMENT, replace(MOMENT, time=102.0, waited=10.02))
    busy = (MOMENT, replace(MOMENT, time=102.0, waited=11.0))
    assert contention([calm]) == pytest.approx(0.01)
    assert contention([calm, busy, busy, None]) == pytest.approx(0.5)
    assert contention([None]) == 0.0


class _Nvml:
    """Device 1 runs at 1980 MHz."""

    def nvmlDeviceGetHandleByIndex_v2(self, number: int, handle: Any) -> int:
        handle._obj.value = number
        return 0 if number == 1 else 2

    def nvmlDeviceGetClockInfo(self, handle: ctypes.c_void_p, kind: int, clock: Any) -> int:
        assert handle.value == 1 and kind == 1
        clock._obj.value = 1980
        return 0


@pytest.mark.parametrize(("visible", "expected"), [("1,0", 1980.0), ("0", 0.0)])
def test_clock_of_the_visible_gpu(monkeypatch: pytest.MonkeyPatch, visible: str, expected: float) -> None:
    monkeypatch.setattr(machine, "_nvml", _Nvml)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert conditions().gpu_megahertz == expected


def test_clock_of_an_amd_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_nvml", lambda: None)
    monkeypatch.setattr(Path, "glob", lambda self, pattern: iter([Path("/card0/pp_dpm_sclk")]))
    monkeypatch.setattr(machine, "_read", lambda path: "0: 500Mhz\n1: 1700Mhz *\n" if "sclk" in path else "")
    assert conditions().gpu_megahertz == 1700.0


def test_gpus_are_those_that_the_driver_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "nvidia-smi"
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    for script, names in (
        ("echo 'NVIDIA H100, 550.54'; echo 'NVIDIA H100, 550.54'", ["NVIDIA H100"] * 2),
        ("echo failed; exit 9", []),  # installed without a driver
        ("echo No devices were found", []),
    ):
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)
        found = [gpu for gpu in machine._gpus.__wrapped__() if "NVIDIA" in gpu.name]
        assert [gpu.name for gpu in found] == names and all(gpu.driver == "550.54" for gpu in found)
