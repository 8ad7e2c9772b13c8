"""A harness program that stays: it answers request after request, each session in a process of its own.

The protocol is in ``harness_server.hpp``. What dies with a session is the session; the server is kept for the
next one, and replaced when it had to be killed or is wanted with other settings.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autotune.harness import SENTINEL
from autotune.outcome import Crashed, Lost, TimedOut
from autotune.run import KEEP_STDERR, Capture, failed, kill_group, start_isolated

_ENDED = "@kad-ended@"
_LONGEST_LINE = 2**20  # bytes; what a variant prints without a line's end beyond that is not kept


class Server:
    """One program that serves. ``memory_limit`` in bytes for each session; ``env`` is added to ours."""

    def __init__(self, program: Path, memory_limit: int | None, env: Mapping[str, str]) -> None:
        self.settings = (program, memory_limit, dict(env))
        self._memory_limit = memory_limit
        command = [str(program), "serve"]
        self._process = start_isolated(command, memory_limit=memory_limit, env=env, stdin=subprocess.PIPE)
        self._end = weakref.finalize(self, _end, self._process)
        self._selector = selectors.DefaultSelector()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)
        self._out = bytearray()
        self._err = Capture(0, KEEP_STDERR)
        self.in_session = False

    @property
    def alive(self) -> bool:
        return self._end.alive and self._process.poll() is None

    def close(self) -> None:
        """Kill the server and all that it started; safe to repeat."""
        self.in_session = False
        self._selector.close()
        self._end()

    def begin(self, loaded: Path | None) -> None:
        """Start a session, with the variants of the shared object ``loaded``."""
        self._err = Capture(0, KEEP_STDERR)
        self.in_session = True
        self._send("begin" if loaded is None else f"begin\t{loaded}")

    def ask(self, words: tuple[str, ...], timeout: float) -> dict[str, Any] | Lost:
        """The answer to a request, or how the session was lost; ``timeout`` in seconds of wall time."""
        self._send("\t".join(words))
        found = self._answer(time.monotonic() + timeout, timeout)
        if found is None:
            return Crashed("exit 0", "the program ended without an answer; " + self._err.text()[-2000:])
        return found

    def end(self, timeout: float) -> Lost | None:
        """End the session; how it was lost, should it fail even now."""
        self._send("end")
        found = self._answer(time.monotonic() + timeout, timeout)
        return found if not isinstance(found, dict) else None

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # reading will tell how it died
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()

    def _answer(self, deadline: float, timeout: float) -> dict[str, Any] | Lost | None:
        """The next answer; None at the orderly end of the session."""
        while True:
            for line in self._lines():
                if line.startswith(SENTINEL):
                    answer: dict[str, Any] = json.loads(line.removeprefix(SENTINEL))
                    return answer
                if line.startswith(_ENDED):
                    how, number = line.removeprefix(_ENDED).split()
                    status = int(number) if how == "exit" else -int(number)
                    self.in_session = False
                    self._read(0.0)  # what it said last
                    return failed(status, self._err.text(), self._memory_limit) if status else None
            left = deadline - time.monotonic()
            if left <= 0:
                self.close()
                return TimedOut(timeout, self._err.text())
            if not self._read(min(left, 0.2)) and self._process.poll() is not None:
                self.close()
                return failed(
                    self._process.returncode or -signal.SIGKILL, self._err.text(), self._memory_limit
                )

    def _lines(self) -> Iterator[str]:
        while (stop := self._out.find(b"\n")) >= 0:
            line = self._out[:stop].decode(errors="replace")
            del self._out[: stop + 1]
            yield line
        if len(self._out) > _LONGEST_LINE:
            self._out.clear()

    def _read(self, seconds: float) -> bool:
        """Take what has been printed; whether there was anything."""
        ready = self._selector.select(seconds)
        for key, _ in ready:
            chunk = os.read(key.fd, 1 << 20)
            if not chunk:
                self._selector.unregister(key.fileobj)
            elif key.fileobj is self._process.stdout:
                self._out += chunk
            else:
                self._err.add(chunk)
        return bool(ready)


def _end(process: subprocess.Popen[bytes]) -> None:
    kill_group(process)
    process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


_kept = threading.local()  # a server dies with the thread that started it


def release() -> None:
    """End this thread's server."""
    server: Server | None = getattr(_kept, "server", None)
    if server is not None:
        server.close()
        _kept.server = None


@contextmanager
def session(
    program: Path, loaded: Path | None, memory_limit: int | None, env: Mapping[str, str]
) -> Iterator[Server]:
    """This thread's server for ``program``, kept or new, with a session begun.

    A server whose session has not been ended (``Server.end``) when the block is left is killed.
    """
    server: Server | None = getattr(_kept, "server", None)
    if server is None or not server.alive or server.settings != (program, memory_limit, dict(env)):
        release()
        server = _kept.server = Server(program, memory_limit, env)
    server.begin(loaded)
    try:
        yield server
    finally:
        if server.in_session:
            release()
