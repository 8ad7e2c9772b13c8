"""The final report of a search: a table of variants, what was refused and why, what failed and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TextIO

from rich import box
from rich.console import Console
from rich.measure import Measurement as Measure
from rich.table import Table

from autotune.duels import Finals
from autotune.legal import describe, plan_key
from autotune.outcome import Measurement, to_json
from autotune.progress import duration, reason, size, summary
from autotune.select import Entry, Rules, Selection, ranked, ratio
from autotune.statistics import remarks
from search_spaces.model import Refusal

_WIDE = 200  # columns when stdout is a file: nothing is cut there


def print_table(
    entries: Sequence[Entry],
    selection: Selection | None,
    rules: Rules,
    refusals: Sequence[Refusal],
    stream: TextIO,
    finals: Finals | None = None,
) -> None:
    """The variants, fastest first, then the refused values and the failed variants with their reasons.

    Finalists come first, with the times of the finals.
    """
    console = wide_console(stream)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("variant", overflow="fold", min_width=24)
    for title in ("gradient", "x primal (95 % CI)", "memory", "error"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("deterministic")
    table.add_column("verdict", min_width=16)
    good = _in_order(entries, rules, selection)
    rest = [e for e in entries if isinstance(e.outcome, Measurement) and e not in good]
    failed = [e for e in entries if not isinstance(e.outcome, Measurement)]
    for entry in (*good, *rest):
        table.add_row(*_row(entry, selection, rules, finals))
    for entry in failed:
        table.add_row(describe(entry.plan), "-", "-", "-", "-", "-", summary(entry.outcome))
    show(console, table, ("error", "memory", "deterministic"))
    _print_reasons(console, "refused for this kernel:", (_refused(r) for r in refusals))
    shaky = ((e, remarks(e.outcome.gradient)) for e in good if isinstance(e.outcome, Measurement))
    _print_reasons(
        console, "suspicious samples:", (f"{describe(e.plan)}: {'; '.join(why)}" for e, why in shaky if why)
    )
    lost = finals.failures if finals is not None and finals.failures else {}
    _print_reasons(
        console,
        "failed in the finals:",
        (f"{describe(e.plan)}: {reason(lost[key])}" for e in good if (key := plan_key(e.plan)) in lost),
    )
    _print_reasons(
        console, "failed:", (f"{describe(e.plan)}: {summary(e.outcome)}: {reason(e.outcome)}" for e in failed)
    )


def wide_console(stream: TextIO) -> Console:
    """For results: the terminal's width, or wide enough that nothing is cut in a file."""
    return Console(file=stream, width=None if stream.isatty() else _WIDE, highlight=False)


def show(console: Console, table: Table, spare: Sequence[str]) -> None:
    """Print ``table``. Where the terminal is too narrow, columns are left out in the order of ``spare``.

    What is left is never squeezed: the terminal wraps lines that are longer still.
    """
    for column in table.columns:
        if column.no_wrap:  # rich would cut it down to its longest word
            column.min_width = max(len(str(cell)) for cell in (column.header, *column.cells))
    left_out = []
    for title in spare:
        if _least_width(console, table) <= console.width:
            break
        table.columns = [c for c in table.columns if c.header != title]
        left_out.append(title)
    width = max(console.width, _least_width(console, table))
    Console(file=console.file, width=width, highlight=False).print(table)
    if left_out:
        console.print(f"(no room for: {', '.join(left_out)}; --json has them)")


def _least_width(console: Console, table: Table) -> int:
    return Measure.get(console, console.options.update(width=1000), table).minimum


def _in_order(entries: Sequence[Entry], rules: Rules, selection: Selection | None) -> list[Entry]:
    """What may win: the winner and what is tied with it, then by the time that the search measured."""
    best = [] if selection is None else list(selection.ties)
    return [*best, *(e for e in ranked(entries, rules) if e not in best)]


def _row(entry: Entry, selection: Selection | None, rules: Rules, finals: Finals | None) -> tuple[str, ...]:
    m = entry.outcome
    assert isinstance(m, Measurement)
    primal, gradient = m.primal, m.gradient
    if finals is not None and finals.runs_of(entry.plan):
        primal, gradient, _ = finals.times(entry.plan)
    quotient = ratio(gradient, primal)
    return (
        describe(entry.plan),
        duration(gradient.median),
        f"{quotient.median:.2f} [{quotient.low:.2f}, {quotient.high:.2f}]",
        size(m.memory),
        f"{max(m.accuracy.inner_product, m.accuracy.agreement):.1e}",
        "yes" if entry.deterministic else "no",
        _verdict(entry, selection, rules),
    )


def _verdict(entry: Entry, selection: Selection | None, rules: Rules) -> str:
    assert isinstance(entry.outcome, Measurement)
    rejected = rules.rejection(entry.outcome)
    if rejected is not None:
        return f"rejected: {rejected}"
    if selection is not None and entry.plan == selection.winner.plan:
        return "winner"
    if selection is not None and any(entry.plan == t.plan for t in selection.ties):
        return "ties with the fastest"
    return "verified"


def _refused(refusal: Refusal) -> str:
    return f"{refusal.parameter}={refusal.value}: {refusal.reason}"


def _print_reasons(console: Console, title: str, lines: Iterator[str]) -> None:
    listed = list(lines)
    if listed:
        console.print(title)
        for line in listed:
            console.print(f"  {line}", markup=False)


def entries_json(entries: Sequence[Entry], selection: Selection | None, rules: Rules) -> list[dict[str, Any]]:
    """The table as data: one object for each tried variant."""
    rows = []
    for entry in entries:
        measured = isinstance(entry.outcome, Measurement)
        rows.append(
            {
                "knobs": dict(entry.plan),
                "deterministic": entry.deterministic,
                "verdict": _verdict(entry, selection, rules) if measured else summary(entry.outcome),
                "outcome": to_json(entry.outcome),
            }
        )
    return rows
