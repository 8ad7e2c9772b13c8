"""Run a program in isolation: whatever it does ends as a value, and it leaves nothing behind."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from autotune.machine import memory_bytes
from autotune.outcome import Crashed, OutOfMemory, TimedOut

KEEP_STDERR = 64 * 1024  # bytes, the last ones: that is where a program says why it failed
KEEP_STDOUT = 16 * 2**20  # bytes, the first ones: results are printed long before a flood
_LAUNCHER = str(Path(__file__).with_name("launch.py"))
_DRAIN_SECONDS = 2.0  # for output in flight once everything is dead

# what allocation failures look like: the C++ library, Kokkos 3 and 4, CUDA, HIP
_NO_MEMORY = re.compile(
    r"std::bad_alloc|std::bad_array_new_length|failed to allocate|Cannot allocate memory|out of memory"
    r"|cudaErrorMemoryAllocation|hipErrorOutOfMemory|Insufficient memory",
    re.IGNORECASE,
)


class Abandoned(Exception):
    """Whoever wanted the program's result has gone."""


_heeded = threading.local()


def heed(stop: threading.Event) -> None:
    """Once ``stop`` is set, ``run_isolated`` on this thread kills its program and raises ``Abandoned``."""
    _heeded.stop = stop


def _abandoned() -> bool:
    stop: threading.Event | None = getattr(_heeded, "stop", None)
    return stop is not None and stop.is_set()


@dataclass(frozen=True, slots=True)
class Finished:
    """Exit status 0. ``seconds`` of wall time, start-up of about 30 ms included."""

    stdout: str
    stderr_tail: str
    seconds: float


@dataclass
class Capture:
    """The first or the last bytes of a stream."""

    keep_first: int
    keep_last: int
    data: bytearray = field(default_factory=bytearray)
    dropped: int = 0

    def add(self, chunk: bytes) -> None:
        if self.keep_first:
            room = self.keep_first - len(self.data)
            self.data += chunk[:room]
            self.dropped += max(0, len(chunk) - room)
        else:
            self.data += chunk
            excess = len(self.data) - self.keep_last
            if excess > 0:
                del self.data[:excess]
                self.dropped += excess

    def text(self) -> str:
        shown = self.data.decode(errors="replace")
        if self.dropped and self.keep_last:
            return f"[{self.dropped} bytes left out]\n{shown}"
        return shown


def run_isolated(
    argv: Sequence[str | os.PathLike[str]],
    *,
    timeout: float,
    memory_limit: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> Finished | Crashed | TimedOut | OutOfMemory:
    """Run ``argv`` in its own process group, with no input, and wait.

    ``timeout`` in seconds of wall time, then the whole group is killed. ``memory_limit`` in bytes of
    private writable memory. ``env`` is added to this process's environment. Whatever the program started
    is dead on return, and dies with this process if that is killed. Of the output the first 16 MiB of
    stdout and the last 64 KiB of stderr are kept. Raises ``FileNotFoundError`` for a missing program, and
    ``Abandoned`` (see ``heed``).
    """
    out, err = Capture(KEEP_STDOUT, 0), Capture(0, KEEP_STDERR)
    started = time.monotonic()
    process = start_isolated(argv, memory_limit=memory_limit, env=env, cwd=cwd)
    try:
        in_time = _follow(process, out, err, started + timeout)
    finally:  # also when interrupted
        kill_group(process)
        process.wait()
        seconds = time.monotonic() - started
        _drain(process, out, err)
    if not in_time:
        return TimedOut(timeout, err.text())
    if process.returncode == 0:
        return Finished(out.text(), err.text(), seconds)
    return failed(process.returncode, err.text() or out.text()[-4096:], memory_limit)


def start_isolated(
    argv: Sequence[str | os.PathLike[str]],
    *,
    memory_limit: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start ``argv`` as ``run_isolated`` does. End it with ``kill_group``; it dies with the calling thread.

    Raises ``FileNotFoundError`` for a missing program.
    """
    program = os.fspath(argv[0])
    limit = 0 if memory_limit is None else memory_limit
    if "/" in program and not Path(cwd or ".", program).exists():
        raise FileNotFoundError(f"no such program: {program}")
    launcher = [sys.executable, "-I", "-S", _LAUNCHER, str(os.getpid()), str(limit)]
    return subprocess.Popen(
        [*launcher, *(os.fspath(a) for a in argv)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **env} if env else None,
        cwd=cwd,
        start_new_session=True,
    )


def failed(status: int, log: str, memory_limit: int | None) -> Crashed | OutOfMemory:
    """What an exit status other than 0 (negative: a signal's number) and the output tell."""
    # the kernel's out-of-memory killer uses SIGKILL, and so does nobody else here
    if status == -signal.SIGKILL or _NO_MEMORY.search(log):
        return OutOfMemory(memory_bytes() if memory_limit is None else memory_limit, log)
    return Crashed(signal.Signals(-status).name if status < 0 else f"exit {status}", log)


def _follow(process: subprocess.Popen[bytes], out: Capture, err: Capture, deadline: float) -> bool:
    """Read both pipes until the program has ended (True) or the deadline has passed (False)."""
    with _selector(process, out, err) as selector:
        while selector.get_map():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            _read_some(selector, min(left, 0.2))
            if _abandoned():
                raise Abandoned
            if process.poll() is not None:  # a child it left behind may hold the pipes open
                return True
    try:
        process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    return True


def _drain(process: subprocess.Popen[bytes], out: Capture, err: Capture) -> None:
    """Read what is still in the pipes; a process that left the group cannot hold us for long."""
    until = time.monotonic() + _DRAIN_SECONDS
    with _selector(process, out, err) as selector:
        while selector.get_map() and time.monotonic() < until:
            _read_some(selector, 0.1)
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _selector(process: subprocess.Popen[bytes], out: Capture, err: Capture) -> selectors.BaseSelector:
    selector = selectors.DefaultSelector()
    for pipe, capture in ((process.stdout, out), (process.stderr, err)):
        if pipe is not None:
            selector.register(pipe, selectors.EVENT_READ, capture)
    return selector


def _read_some(selector: selectors.BaseSelector, seconds: float) -> None:
    for key, _ in selector.select(seconds):
        chunk = os.read(key.fd, 1 << 16)
        if chunk:
            key.data.add(chunk)
        else:
            selector.unregister(key.fileobj)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill whatever is left of the program's group, whose number is the launcher's process id."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # the usual case: nothing is left
