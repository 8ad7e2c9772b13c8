"""Facts about this machine: what can run here, and what a measurement's provenance records."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shutil
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median

from autotune.outcome import Conditions
from search_spaces.model import Architecture


@dataclass(frozen=True)
class Gpu:
    name: str
    driver: str


@dataclass(frozen=True)
class Machine:
    """``cores`` physical, ``threads`` those this process may use. ``governor`` and ``megahertz`` as of now.

    ``load``: the one-minute load average when asked: a busy machine explains wide intervals. ``memory`` in
    bytes. ``fingerprint`` tells unlike machines apart without naming one: equal hardware, equal fingerprint.
    """

    cpu: str
    cores: int
    threads: int
    governor: str
    megahertz: float
    load: float
    memory: int
    gpus: tuple[Gpu, ...]
    system: str
    fingerprint: str

    def to_json(self) -> Mapping[str, object]:
        return asdict(self)


def this_machine() -> Machine:
    """What is known now; unknown facts are "" or 0, never an error."""
    info = _read("/proc/cpuinfo")
    cpu = _first(r"^(?:model name|Model|cpu model)\s*:\s*(.+)$", info) or platform.machine()
    cores = len(set(re.findall(r"^physical id\s*: (\d+)\n(?:.+\n)*?core id\s*: (\d+)$", info, re.MULTILINE)))
    threads = len(os.sched_getaffinity(0))
    memory = memory_bytes()
    gpus = _gpus()
    release = _first(r'^PRETTY_NAME="?([^"\n]*)"?$', _read("/etc/os-release"))
    kind = (cpu, str(cores or threads), str(memory >> 30), platform.machine(), *(g.name for g in gpus))
    return Machine(
        cpu=cpu,
        cores=cores or threads,
        threads=threads,
        governor=_read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip(),
        megahertz=float(_first(r"^cpu MHz\s*:\s*([\d.]+)$", info) or 0),
        load=os.getloadavg()[0],
        memory=memory,
        gpus=gpus,
        system=f"{release or platform.system()}, Linux {platform.release()}",
        fingerprint=hashlib.sha256("\0".join(kind).encode()).hexdigest()[:16],
    )


def memory_bytes() -> int:
    """Physical memory, or the control group's limit where that is lower."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for name in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        text = _read(name).strip()
        if text.isdigit():
            total = min(total, int(text))
    return total


def conditions() -> Conditions:
    """The machine now. Costs less than a millisecond."""
    shown = re.findall(r"^cpu MHz\s*:\s*([\d.]+)$", _read("/proc/cpuinfo"), re.MULTILINE)
    times = _read("/proc/stat").split("\n", 1)[0].split()
    ticks = os.sysconf("SC_CLK_TCK")
    return Conditions(
        time=round(time.time(), 3),
        load=os.getloadavg()[0],
        megahertz=sum(map(float, shown)) / len(shown) if shown else 0.0,
        waited=int(_first(r"^some .*total=(\d+)", _read("/proc/pressure/cpu")) or 0) / 1e6,
        stolen=int(times[8]) / ticks if len(times) > 8 else 0.0,
        gpu_megahertz=_gpu_megahertz(),
    )


def _gpu_megahertz() -> float:
    """The clock of the first visible GPU, 0 without one."""
    library = _nvml()
    if library is None:
        active = r"^\d+: (\d+)Mhz \*"
        shown = (_read(str(f)) for f in sorted(Path("/sys/class/drm").glob("card*/device/pp_dpm_sclk")))
        return float(next((mhz for text in shown if (mhz := _first(active, text))), 0))
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
    handle, clock = ctypes.c_void_p(), ctypes.c_uint()
    number = int(visible) if visible.isdigit() else 0
    if library.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(handle)) != 0:
        return 0.0
    compute_units = 1  # NVML_CLOCK_SM
    status = library.nvmlDeviceGetClockInfo(handle, compute_units, ctypes.byref(clock))
    return float(clock.value) if status == 0 else 0.0


@lru_cache
def _nvml() -> ctypes.CDLL | None:
    """NVIDIA's management library, if a driver is there: a call takes microseconds, nvidia-smi a process."""
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    return library if library.nvmlInit_v2() == 0 else None


def contention(spans: Iterable[tuple[Conditions, Conditions] | None]) -> float:
    """Median share of the time between two moments in which some thread had to wait for a processor."""
    shares = [
        (after.waited - before.waited) / max(after.time - before.time, 1e-3)
        for before, after in (s for s in spans if s is not None)
    ]
    return min(1.0, median(shares)) if shares else 0.0


def cache_bytes() -> int:
    """Capacity of all data caches, an accelerator's included; a safe guess where nothing is known."""
    sizes: dict[str, int] = {}
    for index in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cache/index*"):
        size = _first(r"^(\d+)K", _read(str(index / "size")))
        if size and _read(str(index / "type")).strip() != "Instruction":
            shared = _read(str(index / "level")).strip() + ":" + _read(str(index / "shared_cpu_list")).strip()
            sizes[shared] = int(size) << 10
    return max(sum(sizes.values()), 256 << 20 if _gpus() else 64 << 20)


def can_run(arch: Architecture) -> str | None:
    """Why programs for ``arch`` cannot run on this machine, or None if they can."""
    if arch.backend == "host":
        return None
    if arch.backend == "cuda":
        return None if _cuda_devices() > 0 else "no NVIDIA device or driver here"
    if arch.backend == "hip":
        return None if os.access("/dev/kfd", os.R_OK | os.W_OK) else "no AMD GPU here (/dev/kfd)"
    return (
        None if any(Path("/dev/dri").glob("renderD*")) and loads("libze_loader.so.1") else "no Intel GPU here"
    )


def loads(library: str) -> bool:
    """Whether the dynamic loader finds ``library``."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


@lru_cache
def _cuda_devices() -> int:
    """How many devices the CUDA driver sees; asks it directly, nvidia-smi may be missing in a container."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    count = ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


@lru_cache
def _gpus() -> tuple[Gpu, ...]:
    lines: list[str] = []
    if shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        try:
            shown = subprocess.run(query, capture_output=True, text=True, check=True, timeout=20)
            lines = shown.stdout.splitlines()
        except (OSError, subprocess.SubprocessError):
            lines = []  # installed without a working driver
    found = [Gpu(*(part.strip() for part in line.split(",", 1))) for line in lines if "," in line]
    driver = _read("/sys/module/amdgpu/version").strip()
    for node in sorted(Path("/sys/class/kfd/kfd/topology/nodes").glob("*/properties")):
        target = int(_first(r"^gfx_target_version (\d+)$", _read(str(node))) or 0)
        if target:  # CPUs are nodes too, with target 0
            major, minor, step = target // 10000, target // 100 % 100, target % 100
            found.append(Gpu(f"AMD gfx{major}{minor:x}{step:x}", driver))
    return tuple(found)


def _read(path: str) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else ""
