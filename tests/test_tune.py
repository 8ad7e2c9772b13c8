"""The loop on recorded outcomes: budgets, broken references, groups that do not compile, interrupts."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from autotune.evaluate import Binary, Inputs, Job, Limits, Task
from autotune.interrupt import Interrupts, interrupts
from autotune.legal import plan_key
from autotune.outcome import Comparison, CompileFailed, Crashed, Lost, Measurement, Outcome
from autotune.progress import PlainProgress
from autotune.replay import Replay, load_recording, save_recording
from autotune.select import Rules
from autotune.study import Search, open_search
from autotune.tune import Budget, Result, grouped, run_search
from autotune.workers import Executor
from tests.search_support import SPACE, measured, problem, recorded, seconds

OUTCOMES = recorded()
DEFAULT = plan_key(SPACE.default)


def searching(path: Path, resume: bool = False, sampler: str = "tpe", rules: Rules | None = None) -> Search:
    return open_search(
        problem(rules=rules).legal,
        label="f.host",
        identity="i",
        storage=path / "f.journal",
        sampler=sampler,
        seed=0,
        resume=resume,
        first=(SPACE.default,),
    )


def go(
    path: Path,
    executor: Executor,
    trials: int = 64,
    *,
    resume: bool = False,
    rules: Rules | None = None,
    sampler: str = "tpe",
    budget: float | None = None,
    about: Mapping[str, object] | None = None,
) -> Result:
    search = searching(path, resume, sampler, rules)
    search.keep("about", about)
    try:
        with interrupts() as stop:
            return run_search(
                problem(rules=rules),
                search,
                executor,
                Budget(trials, budget),
                PlainProgress(sys.stderr),
                stop,
            )
    finally:
        search.close()


def winner(result: Result) -> str:
    assert result.selection is not None
    return plan_key(result.selection.winner.plan)


def test_exhaustive_search_finds_the_best(tmp_path: Path) -> None:
    result = go(tmp_path, Replay(OUTCOMES), trials=1000, sampler="exhaustive")
    best = min((p for p in SPACE.plans() if isinstance(OUTCOMES[plan_key(p)], Measurement)), key=seconds)
    assert winner(result) == plan_key(best)
    assert [plan_key(e.plan) for e in result.entries] == list(OUTCOMES)
    assert all(e.outcome == OUTCOMES[plan_key(e.plan)] for e in result.entries)


def test_budget_of_trials(tmp_path: Path) -> None:
    result = go(tmp_path, Replay(OUTCOMES), trials=11)
    assert len(result.entries) == 11


def test_budget_of_time_keeps_what_was_measured(tmp_path: Path) -> None:
    result = go(tmp_path, Slow(OUTCOMES, 0.05), budget=1.0)
    assert 1 <= len(result.entries) < 40  # 40 would take 2 seconds; how many fit is the machine's affair
    more = go(tmp_path, Replay(OUTCOMES), resume=True, trials=20)
    assert [e.plan for e in more.entries[: len(result.entries)]] == [e.plan for e in result.entries]


def test_same_seed_same_trials_whatever_the_order_of_builds(tmp_path: Path) -> None:
    class Backwards(Replay):
        def build(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Binary | CompileFailed]]:
            return super().build(tasks[::-1])

    class Wide(Replay):
        parallel = 7

    one = go(tmp_path / "1", Replay(OUTCOMES), trials=30)
    for name, other in (("2", Backwards(OUTCOMES)), ("3", Wide(OUTCOMES))):
        assert [e.plan for e in go(tmp_path / name, other, trials=30).entries] == [
            e.plan for e in one.entries
        ]


def test_what_cannot_be_timed_within_the_budget_is_not_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, built = [0.0], list[int]()

    class Slow(Replay):
        def build(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Binary | CompileFailed]]:
            built.append(sum(len(t.jobs) for t in tasks))
            return super().build(tasks)

        def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
            clock[0] += 1
            return super().evaluate(binary, key, inputs, limits)

    monkeypatch.setattr("autotune.tune.time", SimpleNamespace(monotonic=lambda: clock[0]))
    executor = Slow(OUTCOMES)
    result = go(tmp_path, executor, sampler="random", budget=34.5)
    assert built[0] == 32  # a fixed number while nothing is known of the pace
    # 31 of 32 were timed, 15 after they were built alone: another 3.5 seconds are worth four
    assert built[1:3] == [15, 4] and len(result.entries) == 36


def test_units_hold_sixteen_variants_and_all_processors_compile() -> None:
    jobs = [Job(key, {}, "") for i in range(32) for key in (f"v{i}", f"v{i}@tile=8x8")]
    assert [len(g) for g in grouped(jobs, 2)] == [32, 32]  # of two jobs each
    assert [len(g) for g in grouped(jobs, 1)] == [32, 32]
    assert len(grouped(jobs, 64)) == 32
    for group in grouped(jobs, 5):
        assert all(f"{job.variant}@tile=8x8" in [j.key for j in group] for job in group)
    assert grouped([], 2) == []


def test_one_bad_variant_does_not_sink_its_group(tmp_path: Path) -> None:
    result = go(tmp_path, Replay(OUTCOMES), trials=1000)
    for entry in result.entries:
        assert entry.outcome == OUTCOMES[plan_key(entry.plan)]
    assert any(isinstance(e.outcome, CompileFailed) for e in result.entries)


@pytest.mark.parametrize("failure", [CompileFailed("error"), Crashed("SIGSEGV", "")])
def test_search_goes_on_when_the_default_fails(tmp_path: Path, failure: Outcome) -> None:
    result = go(tmp_path, Replay({**OUTCOMES, DEFAULT: failure}), trials=40)
    assert result.entries[0].outcome == failure
    assert result.selection is not None
    assert plan_key(result.reference) != DEFAULT
    assert sum(isinstance(e.outcome, Measurement) for e in result.entries) > 20


def test_no_winner_when_nothing_passes(tmp_path: Path) -> None:
    result = go(tmp_path, Replay(dict.fromkeys(OUTCOMES, Crashed("SIGSEGV", ""))), trials=20)
    assert result.selection is None and len(result.entries) == 20


def test_the_default_wins_unless_beaten_beyond_the_noise(tmp_path: Path) -> None:
    same: dict[str, Outcome] = dict.fromkeys(OUTCOMES, measured(SPACE.default))
    result = go(tmp_path, Replay(same), trials=16)
    assert winner(result) == DEFAULT
    assert result.selection is not None and len(result.selection.ties) >= 4


def test_memory_and_determinism_rules_reject(tmp_path: Path) -> None:
    plans = {plan_key(p): p for p in SPACE.plans()}
    outcomes: dict[str, Outcome] = {
        key: measured(p, memory=10_000 if p["accumulate.x"] == "coloring" else 10) for key, p in plans.items()
    }
    result = go(tmp_path, Replay(outcomes), rules=Rules(max_memory=1000), trials=1000)
    assert result.selection is not None
    assert result.selection.winner.plan["accumulate.x"] == "privatization"
    outcomes = {key: measured(p, reproducible=p["unroll"] == 1) for key, p in plans.items()}
    result = go(tmp_path / "2", Replay(outcomes), rules=Rules(deterministic=True), trials=1000)
    assert result.selection is not None and result.selection.winner.plan["unroll"] == 1


def test_finalist_that_fails_the_second_time_does_not_win(tmp_path: Path) -> None:
    class Flaky(Replay):
        def compare(
            self, binary: Binary, keys: Sequence[str], inputs: Inputs, limits: Limits, seed: int
        ) -> Comparison | Lost:
            broken = any(plan_key(self._plans[key]) == fastest for key in keys)
            return Crashed("SIGSEGV", "") if broken else super().compare(binary, keys, inputs, limits, seed)

    fastest = min(
        (k for k, o in OUTCOMES.items() if isinstance(o, Measurement)),
        key=lambda k: OUTCOMES[k].gradient.median,  # type: ignore[union-attr]
    )
    result = go(tmp_path, Flaky(OUTCOMES), trials=1000)
    assert winner(result) not in (fastest, DEFAULT)
    assert result.finals is not None and result.finals.failures == {fastest: Crashed("SIGSEGV", "")}


class Slow(Replay):
    """Takes its time, so that there is a middle to be killed in."""

    def __init__(self, outcomes: dict[str, Outcome], seconds: float) -> None:
        super().__init__(outcomes)
        self._seconds = seconds

    def evaluate(self, binary: Binary, key: str, inputs: Inputs, limits: Limits) -> Outcome:
        time.sleep(self._seconds)
        return super().evaluate(binary, key, inputs, limits)


def test_interrupt_waits_while_writing() -> None:
    with interrupts() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)  # here a result would be written: nothing is raised
        with pytest.raises(KeyboardInterrupt), stop.waiting():
            raise AssertionError("not reached")


def test_second_interrupt_strikes_at_once() -> None:
    stop = Interrupts()
    stop.handle(signal.SIGINT, None)
    with pytest.raises(KeyboardInterrupt):
        stop.handle(signal.SIGINT, None)


def test_recordings_round_trip(tmp_path: Path) -> None:
    save_recording(tmp_path / "r.json", OUTCOMES)
    assert load_recording(tmp_path / "r.json") == OUTCOMES
