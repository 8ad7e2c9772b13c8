"""What compilers say about a device kernel: registers, spills, stack, shared memory; how many threads fit."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from autotune.compiler import COMPILE_ENVIRONMENT, Toolchain, compile_flags
from autotune.run import Finished, run_isolated
from search_spaces.model import Architecture, Device

REPORT = {
    "cuda": ("-Xptxas", "-v"),
    "hip": ("-Rpass-analysis=kernel-resource-usage",),
}
"""Flags that make a backend's compiler say it; backends that are missing here keep it to themselves."""


@dataclass(frozen=True)
class Resources:
    """One device kernel. ``registers`` per thread; ``spilled`` bytes per thread that ptxas stores and loads
    again, or registers that clang spills, 4 bytes each; ``stack`` bytes per thread (local memory, scratch);
    ``shared`` bytes per block; ``occupancy``: the part of the device's threads that registers leave room for.
    """

    name: str  # mangled
    registers: int
    spilled: int
    stack: int
    shared: int
    occupancy: float


def unit_of(kernel: Path, codes: Iterable[str]) -> str:
    """A translation unit with the user's file and the codes of variants. Without ``inline``, nothing of them
    is left out because nobody calls it."""
    outlined = (re.sub(r"^inline (?=.*_grad\()", "", code, flags=re.M) for code in codes)
    return "\n".join([f'#include "{kernel}"', *outlined])


def compile_object(
    toolchain: Toolchain, text: str, more_flags: tuple[str, ...], timeout: float
) -> tuple[bool, str]:
    """Whether ``text`` compiles to an object file, which is not kept, and all that the compiler says,
    ``REPORT`` included. ``timeout`` in seconds."""
    device = toolchain.kokkos.device or ""
    with tempfile.TemporaryDirectory(prefix="kad-object-") as folder:
        source, log = Path(folder, "variants.cpp"), Path(folder, "log")
        source.write_text(text)
        command = [toolchain.compiler, *compile_flags(toolchain), *more_flags, *REPORT.get(device, ())]
        command += ["-c", str(source), "-o", str(source.with_suffix(".o"))]
        # through a file: a report is longer than what run_isolated keeps of stderr
        redirected = ["/bin/sh", "-c", f'exec "$0" "$@" >"{log}" 2>&1', *command]
        done = run_isolated(redirected, timeout=timeout, env=COMPILE_ENVIRONMENT, cwd=Path(folder))
        said = log.read_text(errors="replace") if log.is_file() else ""
    return isinstance(done, Finished), said


def parse_report(arch: Architecture, log: str) -> tuple[Resources, ...]:
    """Every kernel that a compiler's output with ``REPORT``'s flags names, in its order."""
    match arch.backend:
        case "cuda":
            return tuple(_ptxas(log, arch.device))
        case "hip":
            return tuple(_amdgpu(log, arch.device))
        case _:
            return ()


def occupancy(device: Device, registers: int) -> float:
    """The part of a core's resident threads that fit with ``registers`` per thread."""
    unit = device.register_unit
    per_group = max(unit, -(-registers * device.group // unit) * unit)
    return min(device.groups, device.registers // per_group) / device.groups


_ENTRY = re.compile(
    r"Compiling entry function '(?P<name>[^']+)'.*?Function properties for (?P=name)\s+"
    r"(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, (?P<loads>\d+) bytes spill loads"
    r"\s*ptxas info\s*: Used (?P<registers>\d+) registers(?P<rest>[^\n]*)",
    re.DOTALL,
)


def _ptxas(log: str, device: Device | None) -> Iterable[Resources]:
    for m in _ENTRY.finditer(log):
        shared = re.search(r"(\d+)(?:\+\d+)? bytes smem", m["rest"])
        registers = int(m["registers"])
        yield Resources(
            m["name"],
            registers,
            int(m["stores"]) + int(m["loads"]),
            int(m["stack"]),
            int(shared[1]) if shared else 0,
            occupancy(device, registers) if device is not None else 0.0,
        )


_REMARK = re.compile(r"remark:\s*(?P<key>[A-Za-z][^:\[]*?)\s*(?:\[[^\]]*\])?:\s*(?P<value>\S+)")


def _amdgpu(log: str, device: Device | None) -> Iterable[Resources]:
    found: dict[str, str] = {}
    for line in log.splitlines():
        m = _REMARK.search(line)
        if m is None:
            continue
        if m["key"] == "Function Name":
            found = {}
        found[m["key"]] = m["value"]
        if m["key"] == "LDS Size":  # the last line about a kernel
            registers = int(found["VGPRs"]) + int(found.get("AGPRs", 0))
            waves = device.groups if device is not None else 8
            yield Resources(
                found["Function Name"],
                registers,
                4 * int(found.get("VGPRs Spill", 0)),
                int(found["ScratchSize"]),
                int(found["LDS Size"]),
                int(found["Occupancy"]) / waves,
            )


def namespace_of(mangled: str, prefix: str) -> str | None:
    """The name that begins with ``prefix`` in a mangled name: the namespace of the variant that a kernel is
    of, or ``None``."""
    m = re.search(rf"(\d+)(?={re.escape(prefix)})", mangled)
    return mangled[m.end() : m.end() + int(m[1])] if m is not None else None
