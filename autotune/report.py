"""``kad-tune report``: decide again from raw measurements, and show everything as one HTML page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from statistics import median
from typing import Any

from autotune.duels import FALSE_CLAIMS, RELEVANT, Finals
from autotune.legal import describe, plan_key
from autotune.outcome import Conditions, Measurement
from autotune.progress import duration, reason, size, summary
from autotune.record import Record, read_record, records_of_config, stored_search
from autotune.report_svg import Strip, strips
from autotune.select import Selection, interval, ranked, ratio
from autotune.statistics import remarks
from search_spaces.model import Plan
from transform.diagnostics import UsageError

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem;
       max-width: 62rem; color: #222 }
table { border-collapse: collapse } th { text-align: left }
th, td { padding: .2rem .7rem; border-bottom: 1px solid #ddd; vertical-align: top }
td.n { text-align: right } code { font: 13px/1.4 ui-monospace, monospace }
svg { display: block; max-width: 100%; height: auto; margin: .5rem 0 1.5rem }
svg text { font: 12px system-ui, sans-serif; fill: #222 }
svg text.tick { fill: #777; font-size: 11px } svg text.strong { font-weight: bold }
.grid { stroke: #eee } .bound { stroke: #c05020; stroke-dasharray: 4 3 }
.ci { stroke: #1a6b2f; stroke-width: 3; opacity: .5 }
.mid { fill: #1a6b2f } circle { fill: #33a; opacity: .45 } .note { background: #fdf3e2; padding: .4rem .8rem }
"""


@dataclass(frozen=True)
class Report:
    """``notes``: what could not be shown, or does not agree with the config."""

    title: str
    records: tuple[Record, ...]
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"notes": list(self.notes), "searches": [_decision(r) for r in self.records]}


def report(source: str) -> Report:
    """Of a config, a file of raw measurements, a search's journal or a storage URL. Raises ``UsageError``."""
    if "://" in source:
        return Report(source, (stored_search(source),), ())
    path = Path(source)
    if path.name.endswith(".kad.json"):
        records, notes = records_of_config(path)
        return Report(path.name, tuple(records), tuple(notes))
    if path.name.endswith(".raw.json"):
        return Report(path.name, (read_record(path),), ())
    if path.suffix == ".journal" and path.exists():
        return Report(path.name, (stored_search(path),), ())
    if not path.exists():
        raise UsageError(f"{source}: no such file")
    raise UsageError(f"{source} is no tuned config (NAME.kad.json), raw measurements, journal or storage URL")


def default_path(source: str) -> Path:
    """Where the report of ``source`` goes: beside it, or here for a URL."""
    if "://" in source:
        return Path("kad-tune.report.html")
    path = Path(source)
    for ending in (".kad.json", ".raw.json", ".journal"):
        if path.name.endswith(ending):
            return path.with_name(path.name.removesuffix(ending) + ".report.html")
    return path.with_name(path.name + ".report.html")


def _decision(record: Record) -> dict[str, Any]:
    selection = record.decide()
    about = record.about
    return {
        "function": about.function,
        "arch": about.arch,
        "workload": about.workload,
        "winner": None if selection is None else dict(selection.winner.plan),
        "claimed": bool(selection and selection.duel and selection.duel.claimed),
        "ties": [] if selection is None else [dict(e.plan) for e in selection.ties],
        "duels": [
            {
                "knobs": dict(d.plan),
                "processes": d.processes,
                "speedup": d.speedup.median,
                "interval": [d.speedup.low, d.speedup.high] if d.bounded else None,
                "certain": d.certain,
                "claimed": d.claimed,
            }
            for d in (selection.duels if selection else ())
        ],
        "trials": len(record.entries),
        "verified": sum(isinstance(e.outcome, Measurement) for e in record.entries),
    }


def verdict(record: Record, selection: Selection | None) -> str:
    """The decision in a sentence."""
    if selection is None:
        return "no variant passed verification and the limits"
    plan = describe(selection.winner.plan)
    duel = selection.duel
    ties = (
        f"; {len(selection.ties) - 1} more cannot be told from the fastest" if len(selection.ties) > 1 else ""
    )
    if record.finals is None or not record.finals.runs:
        return f"{plan} (provisional: no finals were held){ties}"
    if duel is not None and duel.claimed:
        s = duel.speedup
        return f"{plan}: {s.median:.3f} [{s.low:.3f}, {s.high:.3f}] x the default variant's speed{ties}"
    if duel is None:
        return f"{plan}, the default variant: nothing is faster beyond the noise{ties}"
    return f"{plan}: the default variant may not win{ties}"


def page(made: Report) -> str:
    """The report as HTML."""
    body = [f"<p class='note'>{escape(n)}</p>" for n in made.notes]
    for record in made.records:
        body += _section(record)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        f"<title>kad-tune report: {escape(made.title)}</title><style>{_STYLE}</style>"
        f"<h1>kad-tune report: {escape(made.title)}</h1>" + "\n".join(body) + "</html>\n"
    )


def _section(record: Record) -> Iterator[str]:
    about, selection = record.about, record.decide()
    yield f"<h2>{escape(about.function)} on {escape(about.arch)}, workload {escape(about.workload)}</h2>"
    yield f"<p><b>Winner:</b> {escape(verdict(record, selection))}</p>"
    if record.finals is not None and record.finals.runs:
        yield from _finals(record.finals, selection, about.default)
    yield from _trials(record, selection)
    yield from _suspicious(record)
    yield from _failed(record)
    yield from _machine(record)


def _finals(finals: Finals, selection: Selection | None, default: Plan) -> Iterator[str]:
    held = selection.duels if selection else ()
    processes = len({r.process for r in finals.runs})
    yield "<h3>Finals</h3>"
    if default:
        yield f"<p>Default: <code>{escape(describe(default))}</code>; others by what differs.</p>"
    yield (
        f"<p>Head to head in {processes} fresh processes. Each point is one process: the default variant's "
        "time over the candidate's, right is faster. The bar is the 95 % interval. A candidate is called "
        f"faster if its speed-up exceeds {1 + RELEVANT:g} (dashed) but for {100 * FALSE_CLAIMS:g} % of such "
        f"searches.</p>"
    )
    rows = []
    for duel in held:
        s = duel.speedup
        ratios = tuple(math.exp(g) for g in finals.gains(duel.plan))
        note = "faster" if duel.claimed else "not told apart" if s.high > 1 else "slower"
        strong = selection is not None and plan_key(selection.winner.plan) == plan_key(duel.plan)
        rows.append(Strip(describe(duel.plan, default), ratios, (s.median, s.low, s.high), note, strong))
    yield strips(rows, "speed relative to the default variant", 1 + RELEVANT)
    plans = [finals.reference, *(d.plan for d in held)]
    rows = []
    for plan in plans:
        samples = [s for r in finals.runs_of(plan) for s in r.gradients[plan_key(plan)]]
        typical = finals.times(plan)[1]
        spread = (1e3 * typical.median, 1e3 * typical.low, 1e3 * typical.high)
        rows.append(
            Strip(
                describe(plan, default),
                tuple(1e3 * s for s in samples[:400]),
                spread,
                duration(typical.median),
            )
        )
    yield "<p>All samples of the finals; the bar is the interval of the processes' medians.</p>"
    yield strips(rows, "milliseconds")


def _trials(record: Record, selection: Selection | None) -> Iterator[str]:
    good = ranked(record.entries, record.about.rules)
    yield f"<h3>Trials</h3><p>{len(record.entries)} tried, {len(good)} may win. "
    yield "Each point is a pair of interleaved calls: the variant's time over the default's.</p>"
    rows = []
    for entry in good[:60]:
        assert isinstance(entry.outcome, Measurement)
        m, t = entry.outcome, interval(entry)
        pairs = zip(m.gradient.samples, m.reference.samples, strict=False)
        points = tuple(a / b for a, b in pairs)[:100]
        strong = selection is not None and plan_key(selection.winner.plan) == plan_key(entry.plan)
        note = f"{duration(m.gradient.median)}, {ratio(m.gradient, m.primal).median:.2f} x primal"
        rows.append(
            Strip(describe(entry.plan, record.about.default), points, (t.median, t.low, t.high), note, strong)
        )
    yield strips(rows, "time relative to the default variant", 1.0)


def _suspicious(record: Record) -> Iterator[str]:
    found = [
        (describe(e.plan), what, "; ".join(remarks(t)))
        for e in record.entries
        if isinstance(e.outcome, Measurement)
        for what, t in (("gradient", e.outcome.gradient), ("primal", e.outcome.primal))
        if remarks(t)
    ]
    if found:
        yield "<h3>Suspicious samples</h3><table>"
        yield from (
            f"<tr><td><code>{escape(plan)}</code><td>{what}<td>{escape(why)}</tr>"
            for plan, what, why in found
        )
        yield "</table>"


def _failed(record: Record) -> Iterator[str]:
    failed = [e for e in record.entries if not isinstance(e.outcome, Measurement)]
    if failed:
        yield "<h3>Failed</h3><table>"
        for e in failed:
            yield (
                f"<tr><td><code>{escape(describe(e.plan))}</code><td>{escape(summary(e.outcome))}"
                f"<td>{escape(reason(e.outcome))}</tr>"
            )
        yield "</table>"


def _machine(record: Record) -> Iterator[str]:
    spans = [e.outcome.conditions for e in record.entries if isinstance(e.outcome, Measurement)]
    spans += [r.conditions for r in (record.finals.runs if record.finals else ())]
    known = [s for s in spans if s is not None]
    yield "<h3>Machine</h3><table>"
    yield from (
        f"<tr><td>{escape(name)}<td>{escape(_shown(name, value))}</tr>"
        for name, value in record.about.environment.items()
    )
    if known:
        yield from (f"<tr><td>{name}<td>{escape(text)}</tr>" for name, text in _conditions(known))
    yield "</table>"


def _conditions(spans: Sequence[tuple[Conditions, Conditions]]) -> Iterator[tuple[str, str]]:
    first, last = min(a.time for a, _ in spans), max(b.time for _, b in spans)
    yield (
        "measured",
        " to ".join(datetime.fromtimestamp(t, UTC).strftime("%F %T") for t in (first, last)) + " UTC",
    )

    def three(values: Sequence[float]) -> str:
        return f"least {min(values):.3g}, median {median(values):.3g}, most {max(values):.3g}"

    yield "load before a timing", three([a.load for a, _ in spans])
    clocks = [c.megahertz for s in spans for c in s if c.megahertz]
    if clocks:
        yield "processor clock, MHz", three(clocks)
    gpu = [after.gpu_megahertz for _, after in spans if after.gpu_megahertz]
    if gpu:
        yield "GPU clock after a timing, MHz", three(gpu)
    yield (
        "share of a timing in which a thread waited for a processor",
        three([(b.waited - a.waited) / max(b.time - a.time, 1e-3) for a, b in spans]),
    )
    yield "processor-seconds that a hypervisor took", f"{sum(b.stolen - a.stolen for a, b in spans):.3g}"


def _shown(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{k}={v}" for k, v in value.items()) or "none set"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return size(value) if name == "memory" and isinstance(value, int) else str(value)
