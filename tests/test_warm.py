"""Plans tried first, the rule that stops a search, several objectives."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from autotune.interrupt import interrupts
from autotune.legal import LegalPlans, difference, plan_key
from autotune.options import SAMPLERS
from autotune.outcome import Measurement
from autotune.progress import PlainProgress
from autotune.replay import Replay
from autotune.select import Entry, Rules, front, noise, objectives
from autotune.study import open_search
from autotune.tune import Budget, Result, run_search
from autotune.tuned import config_path, write_atomically
from autotune.warm import MOST, first_plans, tuned_plans
from search_spaces.model import Parameter, Plan, SearchSpace
from tests.search_support import SPACE, measured, problem, recorded, seconds, timing
from transform.diagnostics import UsageError

LEGAL = LegalPlans(SPACE)


def test_default_then_earlier_then_expert() -> None:
    earlier = [p for p in SPACE.plans() if p["unroll"] == 2][:2]
    first = first_plans(LEGAL, earlier, 64)
    assert first[:3] == (SPACE.default, *earlier)
    rest = [(p["accumulate.x"], p["accumulate.y"]) for p in first[3:]]
    assert rest == [("coloring", "coloring"), ("privatization", "atomic")]
    assert all(p in LEGAL for p in first) and len({plan_key(p) for p in first}) == len(first)


def test_a_few_trials_are_not_all_spent_on_the_past() -> None:
    plans = list(SPACE.plans())
    assert first_plans(LEGAL, plans, 8)[:5] == tuple(plans[:5])
    assert plans[5] not in first_plans(LEGAL, plans, 8)
    assert first_plans(LEGAL, plans[::-1], 1000)[1 : 1 + MOST] == tuple(plans[: -1 - MOST : -1])


def test_an_illegal_plan_is_replaced_by_the_nearest() -> None:
    foreign: Plan = {**SPACE.default, "unroll": 16, "tile": "8x8"}
    _, near, *_ = first_plans(LEGAL, [foreign, foreign], 64)
    assert near in LEGAL and difference(near, SPACE.default) <= 1


def test_limited_memory_tries_each_way_to_place_checkpoints() -> None:
    answers = ("store", "recompute", "binomial:16", "binomial:4")
    space = replace(SPACE, parameters=(*SPACE.parameters, Parameter("intermediates.u", answers)))
    first = first_plans(LegalPlans(space), (), 8)
    assert tuple(p["intermediates.u"] for p in first[:4]) == answers


def entry(
    arch: str, workload: str, unroll: int, date: str, wrt: tuple[str, ...] = ("x",)
) -> dict[str, object]:
    interval = {"median": 1.0, "low": 1.0, "high": 1.0}
    knobs = [{**SPACE.default, "unroll": u} for u in (unroll, 1, 2, 4)]
    return {
        "arch": arch,
        "workload": workload,
        "wrt": list(wrt),
        "of": [],
        "knobs": knobs[0],
        "evidence": "measured",
        "primal": interval,
        "gradient": interval,
        "ratio": interval,
        "baseline": {"knobs": knobs[1], "gradient": interval, "speedup": interval},
        "error": {"inner_product": 0, "finite_differences": 0, "agreement": 0},
        "memory": 0,
        "deterministic": True,
        "reproducible": True,
        "ties": knobs,
        "search": {"trials": 1, "verified": 1, "space": 1, "sampler": "gp", "seed": 0},
        "provenance": {
            **dict.fromkeys(("kernel", "kernel_fingerprint", "code_fingerprint", "compiler"), "x"),
            **dict.fromkeys(("compiler_version", "std", "kokkos_version", "device", "driver"), "x"),
            "flags": [],
            "kokkos_backends": [],
            "host": {},
            "date": date,
            "tool_version": "0",
        },
    }


def write(path: Path, *entries: dict[str, object]) -> Path:
    write_atomically(path, json.dumps({"schema_version": 1, "function": "f", "entries": entries}))
    return path


def test_winners_of_tuned_configs_own_architecture_first(tmp_path: Path) -> None:
    here = config_path(tmp_path, "f")
    write(
        here,
        entry("h100", "big", 4, "2026-03-01T00:00:00+00:00"),
        entry("host", "old", 1, "2026-01-01T00:00:00+00:00"),
        entry("host", "new", 2, "2026-02-01T00:00:00+00:00"),
        entry("host", "other", 4, "2026-04-01T00:00:00+00:00", wrt=("y",)),
    )
    plans = tuned_plans(tmp_path, "f", (), ("x",), (), "host")
    assert [p["unroll"] for p in plans] == [2, 1, 4, 1, 2, 4, 4, 1, 2]  # a winner, then two of its ties
    more = write(tmp_path / "far.json", entry("a100", "w", 4, "2026-05-01T00:00:00+00:00"))
    assert len(tuned_plans(tmp_path, "f", (more,), ("x",), (), "host")) == 12
    assert tuned_plans(tmp_path / "empty", "f", (), ("x",), (), "host") == []


def test_a_named_config_must_exist(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        tuned_plans(tmp_path, "f", (tmp_path / "gone.json",), ("x",), (), "host")


# ---- when to stop ----

GRID = SearchSpace(
    (
        Parameter("kind", ("a", "b", "c")),
        Parameter("x", tuple(2**i for i in range(8))),
        Parameter("y", tuple(2**i for i in range(8))),
    )
)


def on_grid(spread: float) -> Replay:
    outcomes = {}
    for plan in GRID.plans():
        x, y = int(plan["x"]).bit_length() - 1, int(plan["y"]).bit_length() - 1
        kind = {"a": 3.0, "b": 1.0, "c": 2.0}[str(plan["kind"])]
        time = kind * (1 + 0.1 * (x - 5) ** 2 + 0.2 * (y - 2) ** 2)
        outcomes[plan_key(plan)] = replace(
            measured(SPACE.default), gradient=timing(time, spread), reference=timing(1.0, 0.0)
        )
    return Replay(outcomes)


def searched(tmp_path: Path, spread: float, keep_going: bool) -> Result:
    task = problem(GRID)
    search = open_search(
        task.legal,
        label="f",
        identity="i",
        storage=None,
        sampler="gp",
        seed=0,
        resume=False,
        first=(GRID.default,),
    )
    with interrupts() as stop:
        return run_search(
            task, search, on_grid(spread), Budget(120, None, keep_going), PlainProgress(sys.stderr), stop
        )


def test_a_search_stops_when_nothing_measurable_is_left_to_gain(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    coarse, fine = searched(tmp_path, 0.2, False), searched(tmp_path, 0.001, False)
    assert len(coarse.entries) <= len(fine.entries) < 120
    assert "no improvement beyond the noise is expected" in capsys.readouterr().err
    times = [e.outcome.gradient.median for e in fine.entries if isinstance(e.outcome, Measurement)]
    assert min(times) == pytest.approx(1.0, rel=0.01)
    assert len(searched(tmp_path, 0.2, True).entries) == 120


def test_noise_is_that_of_the_fastest() -> None:
    entries = [
        Entry({"v": "slow"}, replace(measured(SPACE.default), gradient=timing(9.0, 0.5)), True),
        Entry({"v": "fast"}, replace(measured(SPACE.default), gradient=timing(1.0, 0.01)), True),
    ]
    found = noise(entries, Rules())
    assert found is not None and 0 < found < 0.02
    assert noise([], Rules()) is None


# ---- time and memory ----


def test_the_front_holds_what_nothing_beats() -> None:
    def made(name: str, time: float, memory: int) -> Entry:
        outcome = replace(measured(SPACE.default, memory=memory), gradient=timing(time))
        return Entry({"v": name}, outcome, True)

    entries = [made("a", 3, 10), made("b", 1, 50), made("c", 2, 50), made("d", 2, 20), made("e", 4, 10)]
    assert [e.plan["v"] for e in front(entries, Rules())] == ["b", "d", "a"]
    assert [e.plan["v"] for e in front(entries, Rules(max_memory=20))] == ["d", "a"]


def test_objectives_are_told_in_their_order() -> None:
    outcome = measured(SPACE.default, memory=7)
    ratio = outcome.gradient.median / outcome.reference.median
    assert objectives(outcome, Rules()) == (ratio,)
    assert objectives(outcome, Rules(objectives=("memory", "time"))) == (7.0, ratio)
    assert objectives(outcome, Rules(max_memory=1)) is None


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_searches_for_two_objectives(sampler: str) -> None:
    outcomes = recorded()
    search = open_search(
        LEGAL,
        label="f",
        identity="i",
        storage=None,
        sampler=sampler,
        seed=0,
        resume=False,
        objectives=2,
    )
    keys = []
    for _ in range(5):
        for trial in search.ask(6):
            outcome = outcomes[plan_key(trial.plan)]
            values = (seconds(trial.plan), 0.0) if isinstance(outcome, Measurement) else None
            search.tell(trial, outcome, values)
            keys.append(plan_key(trial.plan))
    assert len(keys) == len(set(keys)) == 30
