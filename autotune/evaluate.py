"""What workers run: build a translation unit of variants; verify and time one of them.

Pure functions of picklable arguments. Whatever a variant does ends as an ``Outcome``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from autotune.cache import compile_cached
from autotune.harness import INCLUDE_DIR, Job, Task, source
from autotune.inputs import Inputs
from autotune.machine import conditions
from autotune.measure import Limits, ask
from autotune.outcome import (
    Accuracy,
    Comparison,
    CompileFailed,
    Failure,
    Lost,
    Measurement,
    Outcome,
    WrongGradient,
)
from autotune.statistics import timing
from autotune.verify import Verdict, judge

__all__ = [
    "Binary",
    "Inputs",
    "Job",
    "Limits",
    "Task",
    "build",
    "compare",
    "evaluate",
    "gradient",
    "verify_only",
]

COMPILE_TIMEOUT = 600.0  # seconds for one translation unit


@dataclass(frozen=True)
class Binary:
    """A built task; ``keys`` are the variants inside, ``reference`` the default one."""

    path: Path
    keys: tuple[str, ...]
    reference: str


def build(task: Task, timeout: float = COMPILE_TIMEOUT) -> Binary | CompileFailed:
    """Compile a task, or find it in the cache. ``timeout`` in seconds. Raises ``CacheError``."""
    program = compile_cached(
        task.toolchain,
        source(task),
        include_dirs=(*task.include_dirs, INCLUDE_DIR),
        name=f"{task.signature.name}_harness",
        timeout=timeout,
    )
    if isinstance(program, CompileFailed):
        return program
    return Binary(
        program, tuple(dict.fromkeys((task.reference.key, *(j.key for j in task.jobs)))), task.reference.key
    )


def evaluate(binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
    """Verify, then time. Call it with the machine otherwise idle. Raises ``UsageError``, ``CacheError``."""
    verdict = _verdict(binary, key, inputs, limits)
    if not isinstance(verdict, Verdict):
        return verdict
    if verdict.reason:
        return WrongGradient(verdict.accuracy, verdict.reason)
    full, _ = inputs.directories()
    before = conditions()
    found = ask(binary.path, ("time", key, str(full), *limits.schedule()), limits)
    if not isinstance(found, dict):
        return found
    return Measurement(
        primal=timing(found["primal"]),
        gradient=timing(found["gradient"]),
        reference=timing(found["reference"]),
        accuracy=verdict.accuracy,
        memory=int(found["memory"]),
        reproducible=verdict.reproducible,
        stopped=found["stopped"],
        conditions=(before, conditions()),
    )


def compare(
    binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
) -> Comparison | Lost:
    """Time several verified variants interleaved, in a process of their own; the first is the reference.

    ``seed`` of the order in which they take turns. Call it with the machine otherwise idle.
    """
    full, _ = inputs.directories()
    before = conditions()
    words = ("compare", ",".join(keys), str(full), *limits.schedule(), f"seed={seed}")
    found = ask(binary.path, words, limits)
    if not isinstance(found, dict):
        return found
    times = {key: tuple(found[f"time {key}"]) for key in keys}
    return Comparison(tuple(found["primal"]), times, (before, conditions()))


def verify_only(binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Accuracy | Failure:
    """Verify without timing; other programs may run beside it. Raises ``UsageError``, ``CacheError``."""
    verdict = _verdict(binary, key, inputs, limits)
    if not isinstance(verdict, Verdict):
        return verdict
    return WrongGradient(verdict.accuracy, verdict.reason) if verdict.reason else verdict.accuracy


def gradient(binary: Binary, key: str, directory: Path, out: Path, limits: Limits) -> float | Lost:
    """Run a variant once on the data in ``directory`` (see ``Inputs.directories``) and return f's value.

    Writes ``out/<parameter>_b.raw``, the adjoint on return, and ``out/<parameter>_seed.raw``, the adjoint on
    entry (random for dependents, else zero): doubles in C order.
    """
    found = ask(binary.path, ("gradient", key, str(directory), str(out)), limits)
    return float(found["value"]) if isinstance(found, dict) else found


def _verdict(binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Verdict | Lost:
    full, small = inputs.directories()
    found = ask(binary.path, ("verify", key, str(full), str(small)), limits)
    return judge(found, inputs.signature) if isinstance(found, dict) else found
