"""The plots of a report: inline SVG, no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH, ROW, LEFT, RIGHT = 900, 22, 330, 130


@dataclass(frozen=True)
class Strip:
    """One row of a dot plot: points, an interval around a middle, and text on either side."""

    label: str
    points: tuple[float, ...]
    interval: tuple[float, float, float] | None  # middle, low, high
    note: str = ""
    strong: bool = False


def strips(rows: Sequence[Strip], unit: str, line: float | None = None) -> str:
    """Rows of points over one logarithmic axis; ``line`` is a value to compare with."""
    values = [v for r in rows for v in (*r.points, *(r.interval or ())) if v > 0 and math.isfinite(v)]
    if not values:
        return ""
    values += [line] if line is not None else []
    low, high = math.log(min(values)), math.log(max(values))
    margin = max(0.04 * (high - low), 0.002)
    low, high = low - margin, high + margin

    def x(value: float) -> float:
        clipped = min(max(math.log(value) if value > 0 else low, low), high)
        return LEFT + (clipped - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    height = ROW * len(rows) + 34
    parts = [f"<svg viewBox='0 0 {WIDTH} {height}' width='{WIDTH}' role='img'>"]
    for tick in ticks(math.exp(low), math.exp(high)):
        parts.append(f"<line class='grid' x1='{x(tick):.1f}' x2='{x(tick):.1f}' y1='0' y2='{height - 26}'/>")
        parts.append(
            f"<text class='tick' x='{x(tick):.1f}' y='{height - 12}' text-anchor='middle'>{tick:.6g}</text>"
        )
    if line is not None:
        parts.append(f"<line class='bound' x1='{x(line):.1f}' x2='{x(line):.1f}' y1='0' y2='{height - 26}'/>")
    for number, row in enumerate(rows):
        y = ROW * number + ROW / 2 + 2
        style = " class='strong'" if row.strong else ""
        parts.append(
            f"<text{style} x='{LEFT - 10}' y='{y + 4:.1f}' text-anchor='end'>{_cut(row.label)}</text>"
        )
        parts += [f"<circle cx='{x(p):.1f}' cy='{y:.1f}' r='2.4'/>" for p in row.points]
        if row.interval is not None:
            middle, start, end = row.interval
            parts.append(
                f"<line class='ci' x1='{x(start):.1f}' x2='{x(end):.1f}' y1='{y:.1f}' y2='{y:.1f}'/>"
            )
            parts.append(
                f"<rect class='mid' x='{x(middle) - 1.5:.1f}' y='{y - 6:.1f}' width='3' height='12'/>"
            )
        parts.append(f"<text x='{WIDTH - RIGHT + 10}' y='{y + 4:.1f}'>{escape(row.note)}</text>")
    parts.append(
        f"<text class='tick' x='{WIDTH - RIGHT}' y='{height - 1}' text-anchor='end'>{escape(unit)}</text>"
        "</svg>"
    )
    return "".join(parts)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers between ``low`` and ``high``: powers of ten times 1, 2, 5, or equal steps if close."""
    if high / low > 4:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        return [v for p in powers for v in (10.0**p, 2 * 10.0**p, 5 * 10.0**p) if low <= v <= high]
    step = 10.0 ** math.floor(math.log10((high - low) / 3))
    step = next(step * m for m in (1, 2, 5, 10) if (high - low) / (step * m) <= 8)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _cut(label: str) -> str:
    return escape(label if len(label) <= 52 else label[:51] + "…")
