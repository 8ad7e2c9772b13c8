"""Noise as seen by one process that times several variants in turn: factors on their true times."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

Factors = npt.NDArray[np.float64]
# (random numbers, which variants, samples of each) -> one row for each variant
Noise = Callable[[np.random.Generator, Sequence[int], int], Factors]


def _quiet(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
    """A machine of one's own: 1 % from call to call, 0.3 % from process to process."""
    each = random.lognormal(0.0, 0.003, (len(variants), 1))
    return each * random.lognormal(0.0, 0.01, (len(variants), samples))


def _outliers(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
    """3 % from call to call, 1 % from process to process; every tenth call is interrupted, some for long."""
    each = random.lognormal(0.0, 0.01, (len(variants), 1))
    calls = random.lognormal(0.0, 0.03, (len(variants), samples))
    interrupted = random.random(calls.shape) < 0.1
    return each * calls * (1.0 + interrupted * 0.2 * random.pareto(1.5, calls.shape))


def _two_speeds(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
    """In each process each variant is lucky with its addresses or 4 % slower, as a coin falls."""
    each = 1.0 + 0.04 * random.integers(0, 2, (len(variants), 1))
    return each * random.lognormal(0.0, 0.005, (len(variants), samples))


def _two_modes(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
    """Any call takes 10 % longer, as a coin falls: two clocks, or two places for a thread."""
    calls = random.lognormal(0.0, 0.01, (len(variants), samples))
    return np.asarray(calls * (1.0 + 0.1 * random.integers(0, 2, calls.shape)))


def _drift(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
    """It slows down and recovers: by 2 % from round to round, by 10 % between processes."""
    walk = np.exp(np.cumsum(random.normal(0.0, 0.02, samples)) + random.normal(0.0, 0.1))
    each = random.lognormal(0.0, 0.005, (len(variants), 1))
    return np.asarray(each * walk * random.lognormal(0.0, 0.01, (len(variants), samples)))


def _shared_machine(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
    """Somebody computes too: bursts of 1.3 to 2 times that last for some calls, 2 % between processes."""
    busy = np.empty((len(variants), samples))
    state = random.random() < 0.5
    for call in range(samples):  # interleaved: neighbours in time share a burst
        for row in range(len(variants)):
            state = state if random.random() < 0.8 else not state
            busy[row, call] = random.uniform(1.3, 2.0) if state else 1.0
    each = random.lognormal(0.0, 0.02, (len(variants), 1))
    return np.asarray(each * busy * random.lognormal(0.0, 0.02, busy.shape))


MODELS: dict[str, Noise] = {
    "quiet": _quiet,
    "outliers": _outliers,
    "two speeds of a process": _two_speeds,
    "two modes of a call": _two_modes,
    "drift": _drift,
    "shared machine": _shared_machine,
}


def recorded(path: Path, scale: float = 1.0) -> Noise:
    """Noise of a real machine, from ``record``; deviations from the median taken ``scale`` times.

    A simulated process is one of the recorded ones. A variant keeps its column, so that what one copy of the
    code has over another (its place in memory) is part of the noise.
    """
    data = json.loads(path.read_text())
    processes = [np.array(p) for p in data["processes"]]
    typical = float(np.median([np.median(p) for p in processes]))

    def noise(random: np.random.Generator, variants: Sequence[int], samples: int) -> Factors:
        process = processes[int(random.integers(len(processes)))]
        # consecutive calls, so that what lasts stays together
        first = int(random.integers(process.shape[1]))
        calls = [(first + i) % process.shape[1] for i in range(samples)]
        rows = process[[v % len(process) for v in variants]][:, calls]
        return np.asarray(np.exp(scale * np.log(rows / typical)))

    return noise
