"""Many searches of many spaces, kept on disk: what was run before is not run again."""

from __future__ import annotations

import json
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from experiments.regret.searches import Trace, methods
from experiments.regret.spaces import RecordedSpace

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Run:
    """One search. ``steps``: evaluation (from 1), seconds spent until then, time, at each improvement."""

    space: str
    method: str
    seed: int
    evaluations: int
    seconds: float
    steps: tuple[tuple[int, float, float], ...]

    def best_after(self, evaluations: Floats, worst: float) -> Floats:
        """The best time after so many evaluations; ``worst`` before anything passed."""
        return _step([s[0] for s in self.steps], [s[2] for s in self.steps], evaluations, worst)

    def best_within(self, seconds: Floats, worst: float) -> Floats:
        """The best time after so many seconds of building, verifying and timing."""
        return _step([s[1] for s in self.steps], [s[2] for s in self.steps], seconds, worst)


def _step(at: Sequence[float], values: Sequence[float], where: Floats, before: float) -> Floats:
    found: Floats = np.array([before, *values])[np.searchsorted(np.array(at), where, side="right")]
    return found


def run_all(
    spaces: Sequence[RecordedSpace],
    names: Sequence[str],
    seeds: int,
    evaluations: int,
    directory: Path,
    kernel_tuner: Path | None,
    jobs: int,
    seconds: float | None,
) -> Iterator[tuple[int, int, Run]]:
    """Run what is missing in ``directory``: seeds in the outer loop, so that any part is a fair sample.

    Yields how many are done, of how many, and the latest. No run begins after ``seconds``.
    """
    wanted = [
        (space, name, seed)
        for seed in range(seeds)
        for space in spaces
        for name in names
        if not _path(directory, space, name, seed, evaluations).exists()
    ]
    end = None if seconds is None else time.monotonic() + seconds
    # Forked, each worker has the spaces and what was computed about them already: unpickling one for every
    # search would cost as much as the search.
    _known.update((space.name, space) for space in spaces)
    for space in spaces:
        space.prepare()
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        futures = [
            pool.submit(_run, space.name, name, seed, evaluations, directory, kernel_tuner, end)
            for space, name, seed in wanted
        ]
        for done, future in enumerate(as_completed(futures), start=1):
            run = future.result()
            if run is not None:
                yield done, len(wanted), run


def kept(
    spaces: Sequence[RecordedSpace], names: Sequence[str], evaluations: int, directory: Path
) -> list[Run]:
    """What is in ``directory`` of these; only seeds for which every method was run on every space."""
    runs: list[Run] = []
    for seed in range(1000):
        paths = [_path(directory, space, name, seed, evaluations) for space in spaces for name in names]
        if not all(path.exists() for path in paths):
            break
        for path in paths:
            data = json.loads(path.read_text())
            runs.append(Run(**{**data, "steps": tuple(tuple(s) for s in data["steps"])}))
    return runs


_known: dict[str, RecordedSpace] = {}


def _run(
    known: str,
    name: str,
    seed: int,
    evaluations: int,
    directory: Path,
    kernel_tuner: Path | None,
    end: float | None,
) -> Run | None:
    if end is not None and time.monotonic() > end:
        return None
    space = _known[known]
    trace = methods(kernel_tuner)[name].run(space, seed, min(evaluations, len(space.records)))
    run = _shorten(space.name, name, seed, trace)
    path = _path(directory, space, name, seed, evaluations)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    temporary.write_text(json.dumps(run.__dict__))
    temporary.replace(path)
    return run


def _shorten(space: str, method: str, seed: int, trace: Trace) -> Run:
    steps: list[tuple[int, float, float]] = []
    spent = 0.0
    for number, (found, cost) in enumerate(zip(trace.times, trace.costs, strict=True), start=1):
        spent += cost
        if found is not None and (not steps or found < steps[-1][2]):
            steps.append((number, spent, found))
    return Run(space, method, seed, len(trace.times), spent, tuple(steps))


def _path(directory: Path, space: RecordedSpace, name: str, seed: int, evaluations: int) -> Path:
    """A recording made anew is another space."""
    folder = f"{space.name}-{space.mark}-{evaluations}".replace("/", "_").replace(":", "_")
    return directory / folder / f"{name.replace(' ', '_').replace(',', '')}-{seed}.json"
