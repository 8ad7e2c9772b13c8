"""What was measured, kept raw: enough to decide again without measuring again.

Beside the config, ``OUT/.kad/<function>.<arch>.<workload>.raw.json`` holds one search: every trial's outcome
with all its samples, the finals process by process, the machine's state before and after each, and what was
asked for. A study (journal or database) holds the same while it runs and after.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from autotune.duels import Finals, finals_from_json
from autotune.legal import plan_key
from autotune.outcome import Measurement, from_json, to_json
from autotune.select import Entry, Rules, Selection, select
from autotune.study import read_study
from autotune.tuned import config_path, read_config, state_dir, write_atomically
from search_spaces.model import Plan
from transform.diagnostics import UsageError

_FORMAT = "kad-tune raw measurements, version 1"


@dataclass(frozen=True)
class About:
    """What was searched, and where. ``environment``: facts about machine, toolchain and settings."""

    function: str
    arch: str
    workload: str
    default: Plan
    rules: Rules
    environment: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return json.loads(json.dumps(asdict(self)))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Record:
    """One search. ``source``: where it was read."""

    about: About
    entries: tuple[Entry, ...]
    finals: Finals | None
    source: str = ""

    def decide(self) -> Selection | None:
        """The winner by the rules of this version, from the raw data."""
        return select(self.entries, self.about.rules, self.about.default, self.finals)


def raw_path(out: Path, function: str, arch: str, workload: str) -> Path:
    """Where the raw data of a config's entry is."""
    return state_dir(out) / f"{function}.{arch}.{workload}.raw.json"


def write_record(out: Path, record: Record) -> Path:
    """Keep ``record``; an earlier one of the same function, architecture and workload is replaced."""
    about = record.about
    path = raw_path(out, about.function, about.arch, about.workload)
    data = {
        "format": _FORMAT,
        "about": about.to_json(),
        "trials": [
            {"plan": dict(e.plan), "deterministic": e.deterministic, "outcome": to_json(e.outcome)}
            for e in record.entries
        ],
        "finals": None if record.finals is None else record.finals.to_json(),
    }
    write_atomically(path, json.dumps(data) + "\n")
    return path


def read_record(path: Path) -> Record:
    """The inverse of ``write_record``. Raises ``UsageError`` for a file that is none."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError) as problem:
        raise UsageError(f"cannot read the raw measurements {path}: {problem}") from problem
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise UsageError(f"{path} holds no raw measurements of this version of kad-tune")
    try:
        entries = tuple(
            Entry(dict(t["plan"]), from_json(t["outcome"]), bool(t["deterministic"])) for t in data["trials"]
        )
        finals = None if data["finals"] is None else finals_from_json(data["finals"])
        return Record(about_from_json(data["about"]), entries, finals, str(path))
    except (KeyError, TypeError, ValueError) as problem:
        raise UsageError(f"{path} is damaged: {problem!r}") from problem


def about_from_json(data: Mapping[str, Any]) -> About:
    """The inverse of ``About.to_json``. Raises ``KeyError`` or ``TypeError``."""
    rules: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in data["rules"].items()}
    return About(**{**data, "rules": Rules(**rules)})


def records_of_config(path: Path) -> tuple[list[Record], list[str]]:
    """The raw data of each of a config's entries that has some; and what is to be said about the others.

    Raises ``UsageError`` for a broken config.
    """
    config = read_config(path)
    if config is None:
        raise UsageError(f"no such file: {path}")
    name = path.name.removesuffix(".kad.json")
    if config_path(path.parent, name) != path:
        raise UsageError(f"{path}: a tuned config is called NAME.kad.json")
    records, notes = [], []
    for entry in config["entries"]:
        raw = raw_path(path.parent, name, entry["arch"], entry["workload"])
        what = f"{entry['arch']}, workload {entry['workload']}"
        if not raw.exists():
            notes.append(f"{what}: the raw measurements are not there ({raw})")
            continue
        record = read_record(raw)
        records.append(record)
        again = record.decide()
        if again is None or plan_key(again.winner.plan) != plan_key(entry["knobs"]):
            notes.append(
                f"{what}: the config's winner is not what these measurements say; it was written by "
                f"version {entry['provenance']['tool_version']} on {entry['provenance']['date']}"
            )
    return records, notes


def stored_search(storage: Path | str) -> Record:
    """The latest search in a journal or database, which may still be running. Raises ``UsageError``."""
    name, facts, finished = read_study(storage)
    if "about" not in facts:
        raise UsageError(f"the search {name} in {storage} was made by another version of kad-tune")
    entries = tuple(
        Entry(f.plan, f.outcome, isinstance(f.outcome, Measurement) and f.outcome.reproducible)
        for f in finished
    )
    finals = finals_from_json(facts["finals"]) if facts.get("finals") else None
    return Record(about_from_json(facts["about"]), entries, finals, f"{storage}: {name}")
