"""Finals on simulated and scripted times: what may be claimed, what is tied, who is dropped or fails."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from autotune.duels import Finals, Run, decided, duels, finals_from_json
from autotune.evaluate import Job
from autotune.finals import hold_finals
from autotune.legal import plan_key
from autotune.outcome import Comparison, Crashed, Failure
from experiments.noise.models import MODELS
from experiments.noise.simulate import equal, one_winner, rate

PROCESSES = 12
JOBS = [Job(f"v{i}", {"v": i}, "") for i in range(4)]


@pytest.mark.parametrize("name", MODELS)
def test_equal_variants_are_hardly_ever_told_apart(name: str) -> None:
    """The goal is 1 in 100; at that rate more than 3 in 80 happen once in 100 times."""
    _, false, _ = rate(MODELS[name], equal(), 80, seed=1)
    assert false <= 3


def test_small_gain_is_found_on_a_quiet_machine() -> None:
    right, wrong, processes = rate(MODELS["quiet"], one_winner(0.03), 60, seed=2)
    assert right >= 57 and wrong == 0
    assert processes < 1.5 * PROCESSES


class Script:
    """Times that are exact, but for one variant that may fail."""

    def __init__(self, speeds: Sequence[float], noise: float = 0.0, fails: str = "") -> None:
        self.speeds, self.noise, self.fails = speeds, noise, fails
        self.random = np.random.default_rng(0)
        self.groups: list[list[str]] = []

    def __call__(self, jobs: Sequence[Job], seed: int) -> Comparison | Failure:
        keys = [j.key for j in jobs]
        self.groups.append(sorted(keys))
        if self.fails in keys:
            return Crashed("SIGSEGV", "")
        times = {
            key: tuple(self.random.lognormal(0.0, self.noise, 5) / self.speeds[int(key[1:])]) for key in keys
        }
        return Comparison((0.1,) * 5, times)


def hold(script: Script, together: bool = True) -> Finals:
    return hold_finals(JOBS[0], JOBS[1:], script, PROCESSES, lambda text: None, together)


def claims(finals: Finals) -> list[object]:
    return [d.plan["v"] for d in duels(finals) if d.claimed]


@pytest.mark.parametrize("together", [True, False])
def test_claims_need_a_relevant_gain(together: bool) -> None:
    finals = hold(Script([1.0, 1.005, 1.02, 1.0], noise=0.002), together)
    assert claims(finals) == [2]
    assert {r.process for r in finals.runs} == set(range(PROCESSES))  # one look was enough


def test_slow_candidates_are_dropped_and_the_rest_goes_on() -> None:
    script = Script([1.0, 1.1, 0.8, 1.0], noise=0.002)
    finals = hold(script)
    assert script.groups[0] == ["v0", "v1", "v2", "v3"] and script.groups[-1] == ["v0", "v1"]
    assert claims(finals) == [1]
    assert len(finals.runs_of({"v": 2})) == PROCESSES // 2


def test_finals_end_when_all_are_slower() -> None:
    finals = hold(Script([1.0, 0.9, 0.8, 0.7], noise=0.002))
    assert len(finals.runs) == PROCESSES // 2 and not claims(finals)


def test_noise_is_answered_with_more_processes() -> None:
    finals = hold(Script([1.0, 1.02, 1.0, 1.0], noise=0.05))
    assert len(finals.runs) == 2 * PROCESSES


@pytest.mark.parametrize("together", [True, False])
def test_the_one_that_fails_is_found_and_left_out(together: bool) -> None:
    finals = hold(Script([1.0, 1.1, 1.1, 1.1], noise=0.002, fails="v2"), together)
    assert finals.failures == {plan_key({"v": 2}): Crashed("SIGSEGV", "")}
    assert claims(finals) and 2 not in claims(finals)


def test_two_lucky_values_are_no_claim() -> None:
    """A variant that is 3 % faster or slower as a coin falls: that fools a t-test over few processes."""
    runs = [
        Run(p, (1.0,), {plan_key({"v": 0}): (1.0,), plan_key({"v": 1}): (1 / 1.03 if p < 9 else 1.03,)})
        for p in range(12)
    ]
    finals = Finals({"v": 0}, ({"v": 1},), 12, tuple(runs))
    assert not claims(finals) and not decided(finals)


def test_few_processes_claim_nothing() -> None:
    finals = hold_finals(JOBS[0], JOBS[1:2], Script([1.0, 2.0]), 3, lambda text: None)
    assert not claims(finals)


def test_finals_round_trip() -> None:
    finals = hold(Script([1.0, 1.1, 1.1, 1.1], noise=0.002, fails="v2"))
    assert finals_from_json(finals.to_json()) == finals
    with pytest.raises(ValueError, match="malformed"):
        finals_from_json({"reference": {}})
