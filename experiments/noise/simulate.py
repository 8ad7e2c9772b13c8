"""The tuner's decisions on simulated times: its own ranking, finals and selection, thousands of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from autotune.evaluate import Job
from autotune.finals import finalists, hold_finals
from autotune.measure import Limits
from autotune.outcome import Accuracy, Comparison, Failure, Measurement
from autotune.select import Entry, Rules, Selection, select
from autotune.statistics import timing
from experiments.noise.models import Noise

VARIANTS = 16  # in the space
SECONDS = 0.01  # true time of the default; nothing depends on it
SEARCH_SAMPLES, FINAL_SAMPLES = 20, 7
_RIGHT = Accuracy(1e-15, 1e-9, 1e-14, True)
_KNOB = "variant"


@dataclass(frozen=True)
class Run:
    """What one simulated tuning run came to. ``claimed``: what was called faster than the default."""

    claimed: int | None
    processes: int
    ties: int


def tune_once(noise: Noise, speedups: Sequence[float], random: np.random.Generator) -> Run:
    """Tune a space of variants that are so many times faster than the first, the default."""
    jobs = [Job(f"v{i}", {_KNOB: i}, "") for i in range(len(speedups))]

    def times(variants: Sequence[int], samples: int) -> list[tuple[float, ...]]:
        factors = noise(random, variants, samples)
        return [
            tuple(SECONDS / speedups[v] * f for f in row)
            for v, row in zip(variants, factors.tolist(), strict=True)
        ]

    entries = []
    for job in jobs:
        gradient, reference = times((int(job.plan[_KNOB]), 0), SEARCH_SAMPLES)
        measured = Measurement(
            timing(reference), timing(gradient), timing(reference), _RIGHT, memory=0, reproducible=True
        )
        entries.append(Entry(job.plan, measured, True))

    def compare(contestants: Sequence[Job], seed: int) -> Comparison | Failure:
        rows = times([int(j.plan[_KNOB]) for j in contestants], FINAL_SAMPLES)
        return Comparison((SECONDS,), {j.key: row for j, row in zip(contestants, rows, strict=True)})

    rules, default = Rules(), jobs[0].plan
    candidates = [jobs[int(e.plan[_KNOB])] for e in finalists(entries, rules, default)]
    finals = hold_finals(jobs[0], candidates, compare, Limits().processes, note=lambda text: None)
    selection = select(entries, rules, default, finals)
    assert isinstance(selection, Selection)
    winner = int(selection.winner.plan[_KNOB])
    return Run(winner or None, len({r.process for r in finals.runs}), len(selection.ties))


def equal(count: int = VARIANTS) -> list[float]:
    """A space in which all variants are the same."""
    return [1.0] * count


def one_winner(gain: float, count: int = VARIANTS) -> list[float]:
    """A space in which one variant is faster, by the fraction ``gain``."""
    return [1.0 + gain if i == count // 2 else 1.0 for i in range(count)]


def rate(noise: Noise, speedups: Sequence[float], runs: int, seed: int) -> tuple[int, int, float]:
    """Of ``runs``: how many claimed the fastest, how many another one; mean number of processes used."""
    random = np.random.default_rng(seed)
    best = max(range(len(speedups)), key=lambda v: speedups[v])
    found = [tune_once(noise, speedups, random) for _ in range(runs)]
    right = sum(r.claimed == best != 0 for r in found)
    wrong = sum(r.claimed is not None for r in found) - right
    return right, wrong, float(np.mean([r.processes for r in found]))
