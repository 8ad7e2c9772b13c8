"""What the user sees while a search runs: on a terminal, and in a file."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from autotune.outcome import Accuracy, CompileFailed, Crashed, Outcome, OutOfMemory, TimedOut, WrongGradient
from autotune.progress import LiveProgress, PlainProgress, duration, open_progress, reason, size, summary
from tests.search_support import SPACE, measured, timing

MEASURED = replace(measured(SPACE.default), primal=timing(2e-3), gradient=timing(4e-3))
ACCURACY = Accuracy(1e-3, 1e-3, 1e-3, True)
FAILURES: list[tuple[Outcome, str, str]] = [
    (CompileFailed("In file\nx.cpp:1: error: no"), "does not compile", "x.cpp:1: error: no"),
    (CompileFailed(""), "does not compile", "no compiler output"),
    (WrongGradient(ACCURACY, "differs"), "wrong gradient", "differs"),
    (Crashed("SIGSEGV", "first\nlast words\n"), "crashed (SIGSEGV)", "last words"),
    (TimedOut(30.0, ""), "no end after 30 s", "no end after 30 s"),
    (OutOfMemory(1 << 30, "bad_alloc"), "out of memory", "bad_alloc"),
]


@pytest.mark.parametrize(("outcome", "shown", "why"), FAILURES)
def test_failures_in_words(outcome: Outcome, shown: str, why: str) -> None:
    assert (summary(outcome), reason(outcome)) == (shown, why)


def test_a_measurement_in_words() -> None:
    assert (summary(MEASURED), reason(MEASURED)) == ("4 ms, 2.00 x primal", "")


def test_units() -> None:
    assert [duration(s) for s in (2.0, 0.25, 3e-5, 4e-8)] == ["2 s", "250 ms", "30 us", "40 ns"]
    assert [size(n) for n in (100, 2048, 3 << 20, 5 << 40)] == ["100 B", "2 KiB", "3 MiB", "5 TiB"]


def test_a_terminal_gets_a_bar_and_lines_that_stay() -> None:
    stream = io.StringIO()
    with LiveProgress(Console(file=stream, force_terminal=True, width=100)) as progress:
        progress.stage("building [8] variants")  # brackets are no markup
        progress.running("accumulate=atomic")
        progress.note("a note [with brackets]")
        progress.trial(3, 10, "accumulate=gather", Crashed("SIGSEGV", ""), None)
        progress.trial(4, 10, "accumulate=coloring", MEASURED, 1.5)
    text = stream.getvalue()
    for shown in (
        "a note [with brackets]",
        "accumulate=coloring",
        "crashed (SIGSEGV)",
        "best: 1.50 x primal",
    ):
        assert shown in text


def test_a_file_gets_lines() -> None:
    stream = io.StringIO()
    with open_progress(stream) as progress:
        assert isinstance(progress, PlainProgress)
        progress.stage("building 8 variants")
        progress.running("not shown")
        progress.note("a note")
        progress.trial(3, 10, "accumulate=coloring", MEASURED, None)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 3 and lines[0].endswith("s] building 8 variants") and lines[1] == "a note"
    assert "3/10 accumulate=coloring: 4 ms" in lines[2]
