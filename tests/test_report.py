"""Raw measurements: kept, read back, decided again; the report that shows them."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich import box
from rich.console import Console
from rich.table import Table

from autotune.cli import main
from autotune.legal import plan_key
from autotune.outcome import Conditions, Crashed, Measurement
from autotune.record import About, Record, raw_path, read_record, stored_search, write_record
from autotune.replay import Replay
from autotune.report import Report, page, report, verdict
from autotune.report_svg import Strip, strips, ticks
from autotune.select import Entry, Rules
from autotune.table import show
from autotune.tuned import write_entry
from tests.search_support import SPACE, recorded
from tests.test_tune import go, winner
from tests.test_tuned import ENTRY
from transform.diagnostics import UsageError

MOMENT = Conditions(time=1.7e9, load=0.5, megahertz=3000.0, waited=10.0, stolen=0.0)
ABOUT = About(
    "f", "host", "medium", SPACE.default, Rules(max_memory=10**6), {"cpu": "a <fast> one", "threads": 2}
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    result = go(tmp_path_factory.mktemp("search"), Replay(recorded()), trials=1000)
    later = replace(MOMENT, time=MOMENT.time + 2, waited=10.5)
    entries = tuple(
        replace(e, outcome=replace(e.outcome, conditions=(MOMENT, later)))
        if isinstance(e.outcome, Measurement)
        else e
        for e in result.entries
    )
    return Record(ABOUT, entries, result.finals)


def test_raw_measurements_round_trip_and_decide_the_same(record: Record, tmp_path: Path) -> None:
    path = write_record(tmp_path, record)
    assert path == raw_path(tmp_path, "f", "host", "medium")
    again = read_record(path)
    assert replace(again, source="") == record
    assert again.decide() == record.decide()


def test_decision_follows_the_raw_data(record: Record) -> None:
    """Without the winner's runs in the finals another one wins; under tighter rules too."""
    first = record.decide()
    assert first is not None and record.finals is not None
    gone = {**(record.finals.failures or {}), plan_key(first.winner.plan): Crashed("SIGSEGV", "")}
    second = replace(record, finals=replace(record.finals, failures=gone)).decide()
    assert second is not None and second.winner.plan != first.winner.plan
    assert replace(record, about=replace(ABOUT, rules=Rules(max_memory=1))).decide() is None


def test_study_is_reported_like_the_files(record: Record, tmp_path: Path) -> None:
    result = go(tmp_path, Replay(recorded()), trials=1000, about=ABOUT.to_json())
    found = stored_search(tmp_path / "f.journal")
    assert found.about == ABOUT
    assert [e.outcome for e in found.entries] == [e.outcome for e in result.entries]
    decided = found.decide()
    assert decided is not None and plan_key(decided.winner.plan) == winner(result)
    assert report(str(tmp_path / "f.journal")).records == (found,)


class _Balanced(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("svg", "table", "h2", "h3", "html", "style"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("svg", "table", "h2", "h3", "html", "style"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_shows_winner_failures_and_machine(record: Record) -> None:
    html = page(Report("f.kad.json", (record,), ("a <note>",)))
    parser = _Balanced()
    parser.feed(html)
    assert not parser.open
    for expected in (
        "a <note>",
        "a <fast> one",
        "Winner:",
        "SIGSEGV",
        "processes",
        "share of a timing",
        "Finals",
    ):
        assert expected in parser.text, expected
    assert "http" not in html and "<script" not in html
    assert html.count("<svg") == 3
    assert html.count("<circle") > 100


def test_report_of_a_config(record: Record, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    best = record.decide()
    assert best is not None
    entry = replace(ENTRY, arch="host", workload="medium", knobs=best.winner.plan)
    write_entry(tmp_path, "f", "f", entry)
    write_entry(tmp_path, "f", "f", replace(entry, workload="other"))
    write_record(tmp_path, record)
    assert main(["report", str(tmp_path / "f.kad.json"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["searches"][0]["winner"] == best.winner.plan
    assert len(shown["notes"]) == 1 and "other" in shown["notes"][0]
    assert "<svg" in (tmp_path / "f.report.html").read_text()
    write_entry(tmp_path, "f", "f", replace(entry, knobs=SPACE.default))
    assert main(["report", str(tmp_path / "f.kad.json")]) == 0
    assert "the config's winner is not what these measurements say" in capsys.readouterr().out


def test_provisional_without_finals(record: Record) -> None:
    early = replace(record, finals=None)
    assert "provisional" in verdict(early, early.decide())
    none = replace(record, entries=(Entry(SPACE.default, Crashed("SIGSEGV", ""), True),), finals=None)
    assert verdict(none, none.decide()).startswith("no variant")


@pytest.mark.parametrize("text", ["", "[]", '{"format": "kad-tune raw measurements, version 1"}'])
def test_damaged_raw_measurements_are_a_usage_error(text: str, tmp_path: Path) -> None:
    path = tmp_path / "f.raw.json"
    path.write_text(text)
    with pytest.raises(UsageError):
        report(str(path))
    with pytest.raises(UsageError, match="no such file"):
        report(str(tmp_path / "f.txt"))
    (tmp_path / "f.txt").touch()
    with pytest.raises(UsageError, match="is no tuned config"):
        report(str(tmp_path / "f.txt"))


def test_axes_have_round_ticks() -> None:
    assert ticks(0.8, 60.0) == [1.0, 2.0, 5.0, 10.0, 20.0, 50.0]
    assert ticks(0.99, 1.05) == pytest.approx([0.99, 1.0, 1.01, 1.02, 1.03, 1.04, 1.05])
    assert strips([], "s") == ""
    assert strips([Strip("one", (2.0,), None)], "s").count("<circle") == 1


@pytest.mark.parametrize("width", [40, 200])
def test_a_narrow_terminal_loses_neither_names_nor_verdicts(width: int) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("variant", overflow="fold", min_width=24)
    table.add_column("x primal (95 % CI)", justify="right", no_wrap=True)
    table.add_column("error", no_wrap=True)
    table.add_column("verdict", min_width=16)
    table.add_row("accumulate=atomic sweep=split", "3.93 [3.82, 3.99]", "2.0e-14", "does not compile")
    stream = io.StringIO()
    show(Console(file=stream, width=width), table, ("error",))
    shown = stream.getvalue()
    assert all(text in shown for text in ("accumulate=atomic", "3.93 [3.82, 3.99]", "does not compile"))
    assert ("no room for: error" in shown) == (width < 100)
