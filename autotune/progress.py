"""What the user sees while the search runs, on stderr: a live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from autotune.outcome import (
    CompileFailed,
    Crashed,
    Measurement,
    Outcome,
    OutOfMemory,
    TimedOut,
    WrongGradient,
)


class Progress(Protocol):
    def note(self, text: str) -> None:
        """Something worth keeping on the screen."""

    def stage(self, text: str) -> None:
        """What is being done now."""

    def running(self, text: str) -> None:
        """A variant runs now; of interest only while it does."""

    def trial(self, done: int, total: int, variant: str, outcome: Outcome, best: float | None) -> None:
        """A trial ended. ``best``: the smallest gradient/primal ratio so far."""

    def close(self) -> None: ...


class PlainProgress:
    """One line for each event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def stage(self, text: str) -> None:
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", file=self._stream, flush=True)

    def running(self, text: str) -> None:
        return None

    def trial(self, done: int, total: int, variant: str, outcome: Outcome, best: float | None) -> None:
        self.stage(f"{done:3}/{total} {variant}: {summary(outcome)}")

    def close(self) -> None:
        self._stream.flush()


class LiveProgress:
    """A bar that moves at the bottom of the terminal; notes scroll above it."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}", table_column=None),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[best]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, best="")
        self._bar.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def note(self, text: str) -> None:
        self._bar.console.print(escape(text), highlight=False)

    def stage(self, text: str) -> None:
        self._bar.update(self._task, description=escape(text[:60]))

    def running(self, text: str) -> None:
        self.stage(text)

    def trial(self, done: int, total: int, variant: str, outcome: Outcome, best: float | None) -> None:
        colour = "green" if isinstance(outcome, Measurement) else "red"
        self._bar.console.print(
            f"[{colour}]{escape(summary(outcome)):>34}[/]  {escape(variant)}", highlight=False
        )
        shown = "" if best is None else f"best: {best:.2f} x primal"
        self._bar.update(self._task, completed=done, total=total, best=shown)

    def close(self) -> None:
        self._bar.stop()


def open_progress(stream: TextIO | None = None) -> PlainProgress | LiveProgress:
    """Live on a terminal, else plain; on stderr unless ``stream`` says otherwise."""
    console = Console(file=stream or sys.stderr, stderr=stream is None)
    return LiveProgress(console) if console.is_terminal else PlainProgress(stream or sys.stderr)


def summary(outcome: Outcome) -> str:
    """An outcome in a few words."""
    match outcome:
        case Measurement():
            quotient = outcome.gradient.median / outcome.primal.median
            return f"{duration(outcome.gradient.median)}, {quotient:.2f} x primal"
        case CompileFailed():
            return "does not compile"
        case WrongGradient():
            return "wrong gradient"
        case Crashed():
            return f"crashed ({outcome.signal})"
        case TimedOut():
            return f"no end after {outcome.limit:.0f} s"
        case OutOfMemory():
            return "out of memory"


def reason(outcome: Outcome) -> str:
    """Why a failed variant failed, in one line; empty for a measurement."""
    match outcome:
        case Measurement():
            return ""
        case CompileFailed(log=log):
            errors = [line for line in log.splitlines() if "error" in line]
            return (errors or log.splitlines() or ["no compiler output"])[0].strip()
        case WrongGradient(reason=why):
            return why
        case Crashed(log=log) | TimedOut(log=log) | OutOfMemory(log=log):
            return (log.strip().splitlines() or [summary(outcome)])[-1].strip()


def duration(seconds: float) -> str:
    """A time with a unit that keeps it readable."""
    for unit, scale in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def size(count: int) -> str:
    """Bytes with a binary unit."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.3g} {unit}" if unit != "B" else f"{count} B"
        value /= 1024
    return f"{value:.3g} TiB"
