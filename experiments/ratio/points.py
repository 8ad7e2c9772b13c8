"""What was measured by size and number of threads, as tables and plots."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from experiments.ratio.plot import loglog


@dataclass(frozen=True)
class Ratio:
    """A variant: ``seconds`` of its gradient, their ``ratio`` to the primal's, with its 95 % interval."""

    seconds: float
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Point:
    """A case with some size and some threads.

    ``primal``: seconds; ``bound``: least traffic of the gradient over that of the primal; ``bytes``: the
    gradient's. ``measured``: by variant, timed interleaved with the primal."""

    case: str
    entries: int
    threads: int
    primal: float
    bound: float
    bytes: int
    measured: Mapping[str, Ratio]

    @staticmethod
    def read(entry: Mapping[str, Any]) -> Point:
        measured = {label: Ratio(**values) for label, values in entry["measured"].items()}
        return Point(**{**entry, "measured": measured})

    @property
    def at(self) -> tuple[str, int, int]:
        return self.case, self.entries, self.threads

    @property
    def ranked(self) -> list[str]:
        """Variants, the fastest first."""
        return sorted(self.measured, key=lambda label: self.measured[label].seconds)

    def within(self, factor: float) -> list[str]:
        """The variants that take at most so many times as long as the fastest, which comes first."""
        most = factor * self.measured[self.ranked[0]].seconds
        return [label for label in self.ranked if self.measured[label].seconds <= most]

    @property
    def best(self) -> Ratio:
        return self.measured[self.ranked[0]]


def _name(entries: int) -> str:
    return f"{entries:.0e}".replace("e+0", "e").replace("e+", "e")


def summary(points: Sequence[Point]) -> str:
    """The best ratio of each case at each size with all threads, with geometric means."""
    most = max(p.threads for p in points)
    points = [p for p in points if p.threads == most]
    sizes = sorted({p.entries for p in points})
    lines = [
        f"Gradient / primal of the fastest variant, {most} threads:\n",
        f"| case | {' | '.join(map(_name, sizes))} | least traffic, largest size |",
        f"|---|{'---|' * (len(sizes) + 1)}",
    ]
    ratios: dict[int, list[float]] = {n: [] for n in sizes}
    for name in dict.fromkeys(p.case for p in points):
        mine = {p.entries: p for p in points if p.case == name}
        for n, p in mine.items():
            ratios[n].append(p.best.ratio)
        cells = [f"{mine[n].best.ratio:.2f}" if n in mine else "" for n in sizes]
        lines.append(f"| {name} | {' | '.join(cells)} | {mine[max(mine)].bound:.2f} |")
    means = [math.exp(sum(map(math.log, r)) / len(r)) for r in ratios.values()]
    return "\n".join([*lines, f"| **geometric mean** | {' | '.join(f'{m:.2f}' for m in means)} | |"]) + "\n"


def winners(points: Sequence[Point]) -> str:
    """Who wins where and by how much, and how far from the winner each way to combine increments ever is."""
    sizes = sorted({p.entries for p in points})
    lines = [
        "Which variant wins, and how many times as long the best one of another kind takes:\n",
        f"| case | threads | {' | '.join(map(_name, sizes))} |",
        f"|---|---|{'---|' * len(sizes)}",
    ]
    found = {p.at: p for p in points}
    for case, threads in dict.fromkeys((p.case, p.threads) for p in sorted(points, key=lambda p: p.threads)):
        cells = [_winner(found[at]) if (at := (case, n, threads)) in found else "" for n in sizes]
        lines.append(f"| {case} | {threads} | {' | '.join(cells)} |")
    open_ = [p for p in points if len({_kind(label) for label in p.measured}) > 1]
    wins = Counter(_kind(p.ranked[0]) for p in open_)
    lines += [
        "",
        "| way | wins | of | nearest to the winner else | mean time over the winner's |",
        "|---|---|---|---|---|",
    ]
    for kind in sorted({_kind(label) for p in open_ for label in p.measured}):
        over = [o for p in open_ if (o := _over(p, kind)) is not None]
        lost = [o for o in over if o > 1.0]
        nearest = f"{min(lost):.2f}" if lost else ""
        mean = math.exp(sum(map(math.log, over)) / len(over))
        lines.append(f"| {kind} | {wins[kind]} | {len(over)} | {nearest} | {mean:.2f} |")
    return "\n".join(lines) + "\n"


def _kind(label: str) -> str:
    return label.partition(",")[0]


def _over(p: Point, kind: str) -> float | None:
    """The best time of a kind over the winner's; None where none was timed."""
    times = [r.seconds for label, r in p.measured.items() if _kind(label) == kind]
    return min(times) / p.best.seconds if times else None


def _winner(p: Point) -> str:
    first = p.ranked[0]
    others = [label for label in p.ranked if _kind(label) != _kind(first)]
    if not others:
        return first
    return f"{first} ({p.measured[others[0]].seconds / p.best.seconds:.2f} {_kind(others[0])})"


def details(points: Sequence[Point], bandwidth: float) -> list[str]:
    """A table for each case, with all threads."""
    most = max(p.threads for p in points)
    texts = []
    for name in dict.fromkeys(p.case for p in points):
        lines = [
            f"### {name}\n",
            f"![time over size](plots/{name}.svg)\n",
            "| entries | primal, ms | best variant | gradient, ms | gradient / primal | least traffic | "
            "share of bandwidth |",
            "|---|---|---|---|---|---|---|",
        ]
        for p in points:
            if p.case == name and p.threads == most:
                r = p.best
                lines.append(
                    f"| {_name(p.entries)} | {1e3 * p.primal:.3g} | {p.ranked[0]} | {1e3 * r.seconds:.3g} "
                    f"| {r.ratio:.2f} [{r.low:.2f}, {r.high:.2f}] | {p.bound:.2f} "
                    f"| {p.bytes / r.seconds / bandwidth:.0%} |"
                )
        texts.append("\n".join(lines) + "\n")
    return texts


def plot(points: Sequence[Point]) -> str:
    """Time over size of one case with all threads, a curve for each variant."""
    most = max(p.threads for p in points)
    points = sorted((p for p in points if p.threads == most), key=lambda p: p.entries)
    curves = {"primal": [(float(p.entries), 1e3 * p.primal) for p in points]}
    for label in dict.fromkeys(label for p in points for label in p.measured):
        curves[label] = [
            (float(p.entries), 1e3 * p.measured[label].seconds) for p in points if label in p.measured
        ]
    title = f"{points[0].case}: time of the gradient by variant, {most} threads"
    return loglog(title, "entries of all Views", "milliseconds", curves)
