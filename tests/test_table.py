"""The final report of a search, as text and as data."""

from __future__ import annotations

import io

from rich.console import Console
from rich.table import Table

from autotune.legal import plan_key
from autotune.outcome import Measurement
from autotune.select import Entry, Rules, select
from autotune.table import entries_json, print_table, show
from tests.search_support import SPACE, measured, recorded

RULES = Rules(max_memory=5000)
BIG = list(SPACE.plans())[1]
ENTRIES = [
    Entry(plan, measured(plan, memory=9000) if plan == BIG else recorded()[plan_key(plan)], True)
    for plan in SPACE.plans()
]
SELECTION = select(ENTRIES, RULES, SPACE.default)


def test_every_variant_has_a_row_and_the_winner_is_first() -> None:
    assert SELECTION is not None
    stream = io.StringIO()
    print_table(ENTRIES, SELECTION, RULES, SPACE.refusals, stream)
    rows, _, reasons = stream.getvalue().partition("refused for this kernel:")
    failed = [e for e in ENTRIES if not isinstance(e.outcome, Measurement)]
    timed = [line for line in rows.splitlines() if " ms " in line]  # long plans take a second line
    assert len(timed) == len(ENTRIES) - len(failed)
    assert timed[0].rstrip().endswith("winner") and " 2.20 [2.20, 2.20]" in timed[0]
    assert rows.count("rejected: ") == 1 and rows.count("wrong gradient") == 1
    assert "accumulate.y=privatization: y is larger than the memory of this machine" in reasons
    assert "no matching function" in reasons.partition("failed:")[2]


def test_a_narrow_terminal_loses_columns_not_digits() -> None:
    table = Table()
    for title in ("variant", "time", "memory"):
        table.add_column(title, no_wrap=True)
    table.add_row("accumulate=coloring", "1.25 ms", "3 MiB")
    stream = io.StringIO()
    show(Console(file=stream, width=40), table, ("memory",))
    text = stream.getvalue()
    assert "accumulate=coloring" in text and "1.25 ms" in text and "3 MiB" not in text
    assert "(no room for: memory; --json has them)" in text


def test_the_same_as_data() -> None:
    rows = entries_json(ENTRIES, SELECTION, RULES)
    verdicts = [row["verdict"] for row in rows]
    assert [row["knobs"] for row in rows] == [dict(e.plan) for e in ENTRIES]
    assert verdicts.count("winner") == 1 and "does not compile" in verdicts and "verified" in verdicts
