"""Run a harness binary: limits, threads, and the one line of JSON that it answers with."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from autotune.harness import SENTINEL
from autotune.machine import cache_bytes
from autotune.outcome import Crashed, Lost, OutOfMemory, TimedOut
from autotune.run import run_isolated


@dataclass(frozen=True)
class Limits:
    """What one run may take, and how long it samples.

    ``timeout`` in seconds of wall time for verification and again for timing; ``memory`` in bytes.
    Sampling of a variant ends after ``budget`` seconds, at least ``least`` samples of each quantity (three if
    they take four times the budget), at most ``most``; earlier, once its time relative to the reference's is
    known within the fraction ``precision``, or certainly beyond ``bound``, that of the best so far (0: none).
    ``cold``: caches are emptied before each call. ``processes``: how many times the finalists are compared,
    each time in a fresh process; as many again where that does not decide.
    """

    timeout: float = 120.0
    memory: int | None = None
    budget: float = 1.5
    least: int = 7
    most: int = 200
    precision: float = 0.005
    bound: float = 0.0
    cold: bool = False
    processes: int = 12

    def schedule(self) -> tuple[str, ...]:
        """The settings as the harness takes them."""
        sweep = {"sweep": cache_bytes() * 4} if self.cold else {}
        names = ("budget", "least", "most", "precision", "bound")
        return tuple(f"{k}={v}" for k, v in ({n: getattr(self, n) for n in names} | sweep).items())


def ask(command: tuple[str, ...], words: tuple[str, ...], limits: Limits) -> dict[str, Any] | Lost:
    """Run the program isolated and return its answer. No answer at exit status 0 counts as a crash."""
    finished = run_isolated(
        [*command, *words], timeout=limits.timeout, memory_limit=limits.memory, env=threading()
    )
    if isinstance(finished, Crashed | TimedOut | OutOfMemory):
        return finished
    for line in reversed(finished.stdout.splitlines()):
        if line.startswith(SENTINEL):
            answer: dict[str, Any] = json.loads(line.removeprefix(SENTINEL))
            return answer
    return Crashed("exit 0", "the program ended without an answer; " + finished.stderr_tail[-2000:])


def threading() -> dict[str, str]:
    """OpenMP settings for a program that has the machine to itself; what the user set is left alone.

    Threads are bound, one for each processor, only if all processors are ours: bound threads that share
    one with somebody else's would wait for each other.
    """
    if any(
        name in os.environ for name in ("OMP_NUM_THREADS", "OMP_PROC_BIND", "OMP_PLACES", "GOMP_CPU_AFFINITY")
    ):
        return {}
    ours = len(os.sched_getaffinity(0))
    settings = {"OMP_NUM_THREADS": str(ours), "OMP_PROC_BIND": "false"}
    if ours == os.cpu_count() and os.getloadavg()[0] < 2 * ours:
        settings |= {"OMP_PROC_BIND": "spread", "OMP_PLACES": "threads"}
    return settings
