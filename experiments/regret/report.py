"""Tables and plots of many searches."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.regret.runs import Floats, Run
from experiments.regret.spaces import RecordedSpace

FLOOR = 1e-3  # of a relative regret, in geometric means: a thousandth is no difference
CLOSE = 0.03  # the goal on our own spaces: so near the best
SHARE, TRIALS = 0.10, 50  # with this share of the space or so many trials, whichever is less


def regrets(spaces: Sequence[RecordedSpace], runs: Sequence[Run], method: str, at: Floats) -> Floats:
    """Mean relative regret of a method (time found over best time, less one): a row per space."""
    rows = []
    for space in spaces:
        worst = _worst(space)
        mine = [r for r in runs if r.method == method and r.space == space.name]
        rows.append(np.mean([r.best_after(at, worst) for r in mine], axis=0) / space.best - 1)
    return np.array(rows)


def hub_table(spaces: Sequence[RecordedSpace], runs: Sequence[Run], names: Sequence[str]) -> str:
    """Per method: geometric mean over the spaces of the mean relative regret; mean share of the optimum."""
    at = np.array([50.0, 100.0, 200.0])
    seeds = 1 + max(r.seed for r in runs)
    lines = [
        f"{len(spaces)} spaces, {seeds} seeds: {_listed(spaces)}.\n",
        "| search | regret at 50 | 100 | 200 | fraction of the optimum at 50 | 100 | 200 |",
        "|---|---|---|---|---|---|---|",
    ]
    rows = []
    for name in names:
        regret = regrets(spaces, runs, name, at)
        mean = np.exp(np.log(np.maximum(regret, FLOOR)).mean(axis=0))
        fraction = np.mean(
            [
                np.mean([s.best / r.best_after(at, _worst(s)) for r in runs if _is(r, s, name)], axis=0)
                for s in spaces
            ],
            axis=0,
        )
        cells = [*(f"{100 * m:.2f} %" for m in mean), *(f"{f:.3f}" for f in fraction)]
        rows.append((float(mean[1]), f"| {name} | {' | '.join(cells)} |"))
    return "\n".join([*lines, *(line for _, line in sorted(rows))]) + "\n"


def _listed(spaces: Sequence[RecordedSpace]) -> str:
    devices: dict[str, list[str]] = {}
    for space in spaces:
        kernel, _, device = space.name.partition("/")
        devices.setdefault(kernel, []).append(device)
    return "; ".join(f"{kernel} ({', '.join(names)})" for kernel, names in devices.items())


def own_table(spaces: Sequence[RecordedSpace], runs: Sequence[Run], names: Sequence[str]) -> str:
    """Per space: the share of runs that are close to the best within the goal's number of trials.

    In parentheses the number of trials after which 95 % of the runs are.
    """
    seeds = 1 + max(r.seed for r in runs)
    lines = [
        f"{seeds} seeds. Share of the runs within {CLOSE:.0%} of the best after the goal's number of trials; "
        "in parentheses the number of trials after which 95 % of the runs are.\n",
        f"| space | plans | close | trials | {' | '.join(names)} |",
        "|---|" * 1 + "---|" * (len(names) + 3),
    ]
    for space in spaces:
        allowed = trials_allowed(space)
        near = sum(r.time is not None and r.time <= (1 + CLOSE) * space.best for r in space.records)
        cells = []
        for name in names:
            mine = [r for r in runs if _is(r, space, name)]
            share = np.mean([_close(space, r, allowed) for r in mine])
            cells.append(f"{share:.0%} ({_needed(space, mine)})")
        lines.append(f"| {space.name} | {len(space.records)} | {near} | {allowed} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _needed(space: RecordedSpace, runs: Sequence[Run]) -> str:
    near = (1 + CLOSE) * space.best
    first = sorted(min((n for n, _, time in r.steps if time <= near), default=np.inf) for r in runs)
    needed = first[int(np.ceil(0.95 * len(first))) - 1]
    return "never" if needed == np.inf else f"{needed:.0f}"


def trials_allowed(space: RecordedSpace) -> int:
    return max(1, min(TRIALS, int(SHARE * len(space.records))))


def plot(
    spaces: Sequence[RecordedSpace], runs: Sequence[Run], names: Sequence[str], title: str, path: Path
) -> None:
    """Geometric mean of the regret over evaluations, and over time in units of a space's mean evaluation."""
    from matplotlib import pyplot  # not needed for the tables

    last = max(r.evaluations for r in runs)
    at = np.unique(np.geomspace(1, last, 60).round())
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for name in names:
        style = "--" if name.startswith(("Kernel Tuner", "Optuna")) else "-"
        left.plot(at, 100 * _mean(regrets(spaces, runs, name, at)), style, label=name)
        right.plot(at, 100 * _mean(_over_time(spaces, runs, name, at)), style)
    for axes, label in ((left, "evaluations"), (right, "time / mean time of an evaluation in the space")):
        axes.set(xscale="log", yscale="log", xlabel=label)
        axes.grid(alpha=0.3)
    left.set(ylabel="time above the optimum, %", title=title)
    left.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def _mean(regret: Floats) -> Floats:
    mean: Floats = np.exp(np.log(np.maximum(regret, FLOOR)).mean(axis=0))
    return mean


def _over_time(spaces: Sequence[RecordedSpace], runs: Sequence[Run], name: str, at: Floats) -> Floats:
    rows = []
    for space in spaces:
        unit = float(np.mean([r.cost for r in space.records]))
        if unit > 0:  # older files do not know it
            mine = [r.best_within(at * unit, _worst(space)) for r in runs if _is(r, space, name)]
            rows.append(np.mean(mine, axis=0) / space.best - 1)
    return np.array(rows)


def _worst(space: RecordedSpace) -> float:
    return max(r.time for r in space.records if r.time is not None)


def _close(space: RecordedSpace, run: Run, evaluations: int) -> bool:
    return bool(run.best_after(np.array([evaluations]), np.inf)[0] <= (1 + CLOSE) * space.best)


def _is(run: Run, space: RecordedSpace, method: str) -> bool:
    return run.space == space.name and run.method == method
