"""Ctrl-C without losing anything: an interrupt strikes at once while waiting, and waits while writing."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_HEARD = b"\nkad-tune: interrupted; ending what runs (once more: without delay)\n"


class Interrupts:
    """Turns SIGINT and SIGTERM into ``KeyboardInterrupt`` at safe places only. See ``interrupts``."""

    def __init__(self) -> None:
        self._requested = False
        self._waiting = False

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """In here nothing is half done: an interrupt, also an earlier one, raises ``KeyboardInterrupt``."""
        self._waiting = True
        try:
            if self._requested:
                raise KeyboardInterrupt
            yield
        finally:
            self._waiting = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        again = self._requested
        self._requested = True
        if not again:  # not by `print`: the handler may have struck in the middle of one
            with contextlib.suppress(OSError):
                os.write(2, _HEARD)
        if self._waiting or again:
            raise KeyboardInterrupt


@contextmanager
def interrupts() -> Iterator[Interrupts]:
    """Install the handlers for the time of the block (on the main thread; elsewhere none can be)."""
    handler = Interrupts()
    if threading.current_thread() is not threading.main_thread():
        yield handler
        return
    before = {number: signal.signal(number, handler.handle) for number in _SIGNALS}
    try:
        yield handler
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
