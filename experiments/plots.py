"""Plots that experiments keep beside their tables; they need ``pip install kad-tune[experiments]``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path


def bars(path: Path, unit: str, values: Mapping[str, float], goals: Mapping[str, float]) -> None:
    """One horizontal bar per name on a logarithmic scale, with a mark at its goal if it has one."""
    from matplotlib import pyplot, ticker  # not needed for the tables

    figure, axes = pyplot.subplots(figsize=(9, 0.6 + 0.45 * len(values)))
    names = list(values)[::-1]
    drawn = axes.barh(names, [values[n] for n in names], height=0.6)
    axes.bar_label(drawn, fmt="%.4g", padding=3)
    for at, name in enumerate(names):
        if name in goals:
            axes.vlines(goals[name], at - 0.4, at + 0.4, colors="black")
            axes.annotate("goal", (goals[name], at + 0.42), fontsize=7, ha="center")
    axes.set(xscale="log", xlabel=unit)
    axes.xaxis.set_minor_formatter(ticker.NullFormatter())
    axes.margins(x=0.15)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def curves(
    path: Path, xlabel: str, ylabel: str, x: Sequence[float], rows: Mapping[str, Sequence[float]]
) -> None:
    """One line per name."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    for name, y in rows.items():
        axes.plot(x, y, marker="o", label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
