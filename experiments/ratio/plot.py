"""A logarithmic plot as a small SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 56, 200, 28, 40
COLORS = ("#000000", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")

Points = Sequence[tuple[float, float]]


def loglog(title: str, x_label: str, y_label: str, curves: Mapping[str, Points]) -> str:
    """One line per curve, both axes logarithmic. All values must be positive."""
    points = [p for curve in curves.values() for p in curve]
    (x0, x1), (y0, y1) = (_decades([p[k] for p in points]) for k in (0, 1))

    def place(p: tuple[float, float]) -> tuple[float, float]:
        x = LEFT + (math.log10(p[0]) - x0) / (x1 - x0) * (WIDTH - LEFT - RIGHT)
        return x, HEIGHT - BOTTOM - (math.log10(p[1]) - y0) / (y1 - y0) * (HEIGHT - TOP - BOTTOM)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" '
        'font-size="11">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="16" font-size="13">{escape(title)}</text>',
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">'
        f"{escape(x_label)}</text>",
        f'<text transform="translate(12 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>",
    ]
    for k in range(x0, x1 + 1):
        x, y = place((10.0**k, 10.0**y0))
        lines.append(f'<path d="M{x:.1f} {y:.1f}V{TOP}" stroke="#ddd"/>')
        lines.append(f'<text x="{x:.1f}" y="{y + 14:.1f}" text-anchor="middle">1e{k}</text>')
    for k in range(y0, y1 + 1):
        x, y = place((10.0**x0, 10.0**k))
        lines.append(f'<path d="M{x:.1f} {y:.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        lines.append(f'<text x="{x - 4:.1f}" y="{y + 4:.1f}" text-anchor="end">1e{k}</text>')
    for k, (name, curve) in enumerate(curves.items()):
        color = COLORS[k % len(COLORS)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in map(place, curve))
        lines.append(f'<path d="M{path}" fill="none" stroke="{color}" stroke-width="1.5"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="{color}"/>' for x, y in map(place, curve)]
        y = TOP + 8 + 16 * k
        lines.append(f'<rect x="{WIDTH - RIGHT + 10}" y="{y - 8}" width="10" height="10" fill="{color}"/>')
        lines.append(f'<text x="{WIDTH - RIGHT + 25}" y="{y + 1}">{escape(name)}</text>')
    return "\n".join([*lines, "</svg>", ""])


def _decades(values: Sequence[float]) -> tuple[int, int]:
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)
