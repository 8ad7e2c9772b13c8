"""What workers run: build a translation unit of variants; verify and time one of them.

Functions of picklable arguments. Whatever a variant does ends as an ``Outcome``. Where the toolchain has
shared objects, a task becomes one, loaded by a program that is built once; that program is kept running
between calls and gives each a process of its own (``server``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from autotune.cache import compile_cached
from autotune.compiler import Product, has_objects, identity
from autotune.harness import INCLUDE_DIR, Job, Task, object_source, program_source, source
from autotune.inputs import Inputs
from autotune.machine import conditions
from autotune.measure import Limits, ask, threading
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
from autotune.run import Finished, run_isolated
from autotune.server import Server, session
from autotune.statistics import timing
from autotune.store import cache_dir, locked, locked_at_once
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
    """A built task; ``keys`` are the variants inside, ``reference`` the default one.

    ``loaded``: the shared object that holds the variants; None: they are in the program ``path`` itself.
    """

    path: Path
    keys: tuple[str, ...]
    reference: str
    loaded: Path | None = None

    @property
    def command(self) -> tuple[str, ...]:
        """What runs it in a fresh process, less the request's words."""
        return (str(self.path),) if self.loaded is None else (str(self.path), "load", str(self.loaded))


def build(task: Task, timeout: float = COMPILE_TIMEOUT) -> Binary | CompileFailed:
    """Compile a task, or find it in the cache. ``timeout`` in seconds. Raises ``CacheError``."""
    keys = tuple(dict.fromkeys((task.reference.key, *(j.key for j in task.jobs))))
    tools = identity(task.toolchain)
    separate = has_objects(task.toolchain) and tools not in _without_objects
    if separate and (built := _build_object(task, keys, timeout)) is not None:
        return built
    program = _compile(task, source(task), Product.PROGRAM, timeout)
    if isinstance(program, CompileFailed):
        return program
    if separate:
        _without_objects.add(tools)
    return Binary(program, keys, task.reference.key)


_without_objects: set[str] = set()  # toolchains of which this process knows that theirs do not work


def _build_object(task: Task, keys: tuple[str, ...], timeout: float) -> Binary | CompileFailed | None:
    """None if the task is to be built as one program, which will also tell what is wrong with it."""
    text = program_source(task)
    lock = cache_dir() / "build" / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.lock"
    program = None
    with locked_at_once(
        lock
    ) as ours:  # several builders need this program: the others begin with their objects
        if ours:
            program = _compile(task, text, Product.HOST, timeout)
    variants = object_source(task)
    loaded = None if variants is None else _compile(task, variants, Product.OBJECT, timeout)
    if isinstance(loaded, CompileFailed):
        return loaded
    if program is None:
        with locked(lock):
            program = _compile(task, text, Product.HOST, timeout)
    if isinstance(program, CompileFailed):
        return None
    binary = Binary(program, keys, task.reference.key, loaded)
    loads = run_isolated([*binary.command, "loads"], timeout=timeout)
    return binary if isinstance(loads, Finished) else None


def _compile(task: Task, text: str, product: Product, timeout: float) -> Path | CompileFailed:
    return compile_cached(
        task.toolchain,
        text,
        include_dirs=(*task.include_dirs, INCLUDE_DIR),
        name=f"{task.signature.name}_harness",
        timeout=timeout,
        product=product,
    )


def evaluate(binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
    """Verify, then time. Call it with the machine otherwise idle. Raises ``UsageError``, ``CacheError``."""
    with session(binary.path, binary.loaded, limits.memory, threading()) as server:
        verdict = _verdict(server, key, inputs, limits)
        if not isinstance(verdict, Verdict):
            return verdict
        if verdict.reason:
            server.end(limits.timeout)
            return WrongGradient(verdict.accuracy, verdict.reason)
        full, _ = inputs.directories()
        before = conditions()
        found = server.ask(("time", key, str(full), *limits.schedule()), limits.timeout)
        after = conditions()
        if not isinstance(found, dict):
            return found
        if (lost := server.end(limits.timeout)) is not None:
            return lost
    return Measurement(
        primal=timing(found["primal"]),
        gradient=timing(found["gradient"]),
        reference=timing(found["reference"]),
        accuracy=verdict.accuracy,
        memory=int(found["memory"]),
        reproducible=verdict.reproducible,
        stopped=found["stopped"],
        conditions=(before, after),
    )


def compare(
    binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
) -> Comparison | Lost:
    """Time several verified variants interleaved, in a process of their own; the first is the reference.

    ``seed`` of the order in which they take turns. Processes are many, so each is short. Call it with the
    machine otherwise idle.
    """
    full, _ = inputs.directories()
    limits = replace(
        limits,
        timeout=limits.timeout * len(keys),
        budget=limits.budget / 3,
        least=min(limits.least, 5),
        precision=0.0,
        bound=0.0,
    )
    before = conditions()
    words = ("compare", ",".join(keys), str(full), *limits.schedule(), f"seed={seed}")
    found = ask(binary.command, words, limits)
    if not isinstance(found, dict):
        return found
    times = {key: tuple(found[f"time {key}"]) for key in keys}
    return Comparison(tuple(found["primal"]), times, (before, conditions()))


def verify_only(binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Accuracy | Failure:
    """Verify without timing; other programs may run beside it. Raises ``UsageError``, ``CacheError``."""
    with session(binary.path, binary.loaded, limits.memory, threading()) as server:
        verdict = _verdict(server, key, inputs, limits)
        if not isinstance(verdict, Verdict):
            return verdict
        if (lost := server.end(limits.timeout)) is not None:
            return lost
    return WrongGradient(verdict.accuracy, verdict.reason) if verdict.reason else verdict.accuracy


def gradient(binary: Binary, key: str, directory: Path, out: Path, limits: Limits) -> float | Lost:
    """Run a variant once on the data in ``directory`` (see ``Inputs.directories``) and return f's value.

    Writes ``out/<parameter>_b.raw``, the adjoint on return, and ``out/<parameter>_seed.raw``, the adjoint on
    entry (random for dependents, else zero): doubles in C order.
    """
    found = ask(binary.command, ("gradient", key, str(directory), str(out)), limits)
    return float(found["value"]) if isinstance(found, dict) else found


def _verdict(server: Server, key: str, inputs: Inputs, limits: Limits) -> Verdict | Lost:
    full, small = inputs.directories()
    found = server.ask(("verify", key, str(full), str(small)), limits.timeout)
    return judge(found, inputs.signature) if isinstance(found, dict) else found
