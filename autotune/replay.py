"""An executor that answers with recorded outcomes, so that searches run without compiler or device."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from autotune.evaluate import Binary, Inputs, Limits, Task
from autotune.legal import plan_key
from autotune.outcome import (
    Accuracy,
    Comparison,
    CompileFailed,
    Crashed,
    Failure,
    Lost,
    Measurement,
    Outcome,
    OutOfMemory,
    TimedOut,
    from_json,
    to_json,
)
from search_spaces.model import Plan


class Replay:
    """Answers by plan, in no time. A plan that was not recorded raises ``KeyError``: a gap in the recording.

    ``built`` and ``evaluated`` list the keys of the plans asked for, in order.
    """

    parallel = 2

    def __init__(self, outcomes: Mapping[str, Outcome]) -> None:
        self._outcomes = dict(outcomes)
        self._plans: dict[str, Plan] = {}
        self.built: list[str] = []
        self.evaluated: list[str] = []

    def build(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Binary | CompileFailed]]:
        for task in tasks:
            jobs = (task.reference, *task.jobs)
            self._plans |= {job.key: job.plan for job in jobs}
            self.built += [plan_key(job.plan) for job in task.jobs]
            outcomes = [self._outcomes[plan_key(job.plan)] for job in jobs]
            failed = next((o for o in outcomes if isinstance(o, CompileFailed)), None)
            yield task, failed or Binary(Path("replay"), tuple(j.key for j in jobs), task.reference.key)

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        plan = plan_key(self._plans[key])
        self.evaluated.append(plan)
        return self._outcomes[plan]

    def compare(
        self, binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
    ) -> Comparison | Lost:
        """As if each variant had taken its recorded time, relative to the reference's, once more."""
        outcomes = {key: self._outcomes[plan_key(self._plans[key])] for key in keys}
        times: dict[str, tuple[float, ...]] = {}
        reference = primal = 0.0
        for key, outcome in outcomes.items():
            if isinstance(outcome, Crashed | TimedOut | OutOfMemory):
                return outcome
            assert isinstance(outcome, Measurement)
            reference, primal = reference or outcome.reference.median, primal or outcome.primal.median
            times[key] = (reference * outcome.gradient.median / outcome.reference.median,)
        return Comparison((primal,), times)

    def verify(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Accuracy | Failure:
        outcome = self.evaluate(binary, key, inputs, limits)
        return outcome.accuracy if isinstance(outcome, Measurement) else outcome

    def close(self) -> None:
        return None


def save_recording(path: Path, outcomes: Mapping[str, Outcome]) -> None:
    """Write outcomes by plan key (``legal.plan_key``) as JSON."""
    path.write_text(json.dumps({plan: to_json(outcome) for plan, outcome in outcomes.items()}, indent=1))


def load_recording(path: Path) -> dict[str, Outcome]:
    """The inverse of ``save_recording``. Raises ``ValueError`` for a file that is none."""
    data = json.loads(path.read_text())
    if not isinstance(data, dict):
        raise ValueError(f"{path} is no recording of outcomes")
    return {plan: from_json(outcome) for plan, outcome in data.items()}
