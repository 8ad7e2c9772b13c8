"""The search: legality, no repetition, seeds, and survival of a killed driver."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import optuna
import pytest

from autotune.legal import LegalPlans, difference, plan_key
from autotune.narrow import fix
from autotune.options import SAMPLERS, sampler_name
from autotune.outcome import Measurement
from autotune.study import Search, open_search
from search_spaces.model import Parameter, SearchSpace
from tests.search_support import SPACE, recorded, seconds
from transform.diagnostics import UsageError

OUTCOMES = recorded()
LEGAL = LegalPlans(SPACE)
_OPENED: list[Search] = []


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    while _OPENED:
        _OPENED.pop().close()


def open_at(
    path: Path, sampler: str = "tpe", seed: int = 0, resume: bool = False, identity: str = "i"
) -> Search:
    search = open_search(
        LEGAL,
        label="f.host",
        identity=identity,
        storage=path / "f.journal",
        sampler=sampler,
        seed=seed,
        resume=resume,
        first=(SPACE.default,),
    )
    _OPENED.append(search)
    return search


def run(search: Search, batches: int = 100, size: int = 8) -> list[str]:
    keys = []
    for _ in range(batches):
        trials = search.ask(size)
        if not trials:
            break
        for trial in trials:
            outcome = OUTCOMES[plan_key(trial.plan)]
            value = (outcome.gradient.median,) if isinstance(outcome, Measurement) else None
            search.tell(trial, outcome, value)
            keys.append(plan_key(trial.plan))
    return keys


class SamplerConformance:
    """What holds for every sampler."""

    sampler: str

    def test_covers_the_space_once_default_first(self, tmp_path: Path) -> None:
        search = open_at(tmp_path, self.sampler)
        keys = run(search)
        assert keys[0] == plan_key(SPACE.default)
        assert sorted(keys) == sorted(OUTCOMES)
        assert [plan_key(f.plan) for f in search.finished()] == keys
        assert all(f.outcome == OUTCOMES[plan_key(f.plan)] for f in search.finished())

    def test_same_seed_same_proposals(self, tmp_path: Path) -> None:
        one = run(open_at(tmp_path / "1", self.sampler, seed=3), batches=4)
        two = run(open_at(tmp_path / "2", self.sampler, seed=3), batches=4)
        assert one == two

    def test_resumed_search_goes_on_as_the_uninterrupted_one(self, tmp_path: Path) -> None:
        whole = run(open_at(tmp_path / "whole", self.sampler), batches=4)
        search = open_at(tmp_path / "cut", self.sampler)
        done = run(search, batches=2)
        trials = search.ask(8)
        for trial in trials[:3]:
            search.tell(trial, OUTCOMES[plan_key(trial.plan)], (seconds(trial.plan),))
            done.append(plan_key(trial.plan))
        search.close()  # five trials are left running, as after kill -9
        search = open_at(tmp_path / "cut", self.sampler, resume=True)
        assert [plan_key(f.plan) for f in search.finished()] == done
        again = search.ask(8)
        assert len(again) == 5
        done += [plan_key(t.plan) for t in again]
        assert done == whole[: len(done)]


class TestRandom(SamplerConformance):
    sampler = "random"


class TestExhaustive(SamplerConformance):
    sampler = "exhaustive"


class TestQmc(SamplerConformance):
    sampler = "qmc"


class TestGenetic(SamplerConformance):
    sampler = "genetic"


class TestGp(SamplerConformance):
    sampler = "gp"


class TestTpe(SamplerConformance):
    sampler = "tpe"

    def test_finds_the_best_sooner_than_it_must(self, tmp_path: Path) -> None:
        ranks = []
        for seed in range(4):
            keys = run(open_at(tmp_path / str(seed), seed=seed), batches=4)
            ranks.append(min(seconds(p) for p in SPACE.plans() if plan_key(p) in keys))
        best = min(seconds(p) for p in SPACE.plans())
        assert np.mean(ranks) <= 1.15 * best


def test_seeds_differ(tmp_path: Path) -> None:
    assert run(open_at(tmp_path / "1", seed=1), 2) != run(open_at(tmp_path / "2", seed=2), 2)


def test_without_resume_a_new_study_begins_and_the_old_one_stays(tmp_path: Path) -> None:
    first = open_at(tmp_path)
    run(first, batches=1)
    first.close()
    second = open_at(tmp_path)
    assert second.finished() == () and second.name != first.name
    second.close()
    assert open_at(tmp_path, resume=True).name == second.name


def test_resume_of_another_kernel_starts_anew(tmp_path: Path) -> None:
    first = open_at(tmp_path)
    run(first, batches=1)
    first.close()
    other = open_at(tmp_path, resume=True, identity="j")
    assert not other.resumed and other.finished() == ()


def test_outcome_written_but_not_told_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    search = open_at(tmp_path)
    (trial,) = search.ask(1)
    monkeypatch.setattr(search, "_finish", lambda *_: None)  # died between the two writes
    search.tell(trial, OUTCOMES[plan_key(trial.plan)], (1.0,))
    search.close()
    again = open_at(tmp_path, resume=True)
    assert [f.plan for f in again.finished()] == [trial.plan]


def test_torn_journal_line_is_dropped(tmp_path: Path) -> None:
    search = open_at(tmp_path)
    keys = run(search, batches=1)
    search.close()
    with (tmp_path / "f.journal").open("ab") as journal:
        journal.write(b'{"op_code": 5, "trial')
    again = open_at(tmp_path, resume=True)
    assert [plan_key(f.plan) for f in again.finished()] == keys
    assert again.ask(2)


def test_damaged_journal_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f.journal").write_text("hello\n")
    with pytest.raises(UsageError, match="damaged journal"):
        open_at(tmp_path)


def test_second_driver_is_refused(tmp_path: Path) -> None:
    first = open_at(tmp_path)
    with pytest.raises(UsageError, match=f"process {os.getpid()}"):
        open_at(tmp_path)
    first.close()
    open_at(tmp_path).close()


def test_optunas_own_tools_read_the_journal(tmp_path: Path) -> None:
    """As `optuna-dashboard f.journal` opens it, beside the driver."""
    search = open_at(tmp_path)
    keys = run(search, batches=1)
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(tmp_path / "f.journal"))
    )
    (summary,) = optuna.get_all_study_summaries(storage)
    study = optuna.load_study(study_name=summary.study_name, storage=storage)
    told = [t for t in study.trials if t.state.is_finished()]
    assert [plan_key(t.params) for t in told] == keys == [plan_key(t.user_attrs["plan"]) for t in told]
    assert study.best_trial.value == min(t.value for t in told if t.value is not None)
    search.close()


def test_sqlite_storage(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    search = open_search(
        LEGAL, label="f", identity="i", storage=url, sampler="tpe", seed=0, resume=False, first=()
    )
    keys = run(search, batches=2)
    again = open_search(
        LEGAL, label="f", identity="i", storage=url, sampler="tpe", seed=0, resume=True, first=()
    )
    assert [plan_key(f.plan) for f in again.finished()] == keys


def test_bad_storage_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="cannot open the storage"):
        open_search(
            LEGAL, label="f", identity="i", storage="nonsense", sampler="tpe", seed=0, resume=False, first=()
        )


@pytest.mark.parametrize("delay", [0.05, 0.4, 0.9])
def test_kill_9_and_resume_on_the_bare_study(tmp_path: Path, delay: float) -> None:
    """A driver is killed at some moment of asking and telling; nothing told is lost."""
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parents[1])!r})
from tests.test_study import open_at, OUTCOMES, plan_key
search = open_at(Path({str(tmp_path)!r}))
print("started", flush=True)
while trials := search.ask(4):
    for t in trials:
        search.tell(t, OUTCOMES[plan_key(t.plan)], (1.0,))
        print(plan_key(t.plan), flush=True)
"""
    driver = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    assert driver.stdout.readline() == "started\n"
    time.sleep(delay)
    driver.send_signal(signal.SIGKILL)
    told = driver.stdout.read().splitlines()
    driver.wait()
    driver.stdout.close()
    search = open_at(tmp_path, resume=True)
    kept = [plan_key(f.plan) for f in search.finished()]
    assert kept[: len(told)] == told
    rest = run(search)
    assert sorted(kept + rest) == sorted(OUTCOMES)


def test_auto_sampler() -> None:
    assert sampler_name("auto", 10, 64) == "exhaustive"
    assert sampler_name("auto", 100, 64) == "gp"
    assert sampler_name("auto", None, 64) == "gp"
    assert {sampler_name(n, 1, 1) for n in SAMPLERS} == set(SAMPLERS)
    with pytest.raises(UsageError, match="unknown sampler 'annealing'"):
        sampler_name("annealing", 1, 1)


# ---- legal plans ----

LARGE = SearchSpace(tuple(Parameter(f"intermediates.v{i}", ("store", "recompute")) for i in range(18)))


def test_large_spaces_are_not_enumerated() -> None:
    legal = LegalPlans(LARGE)
    assert legal.size is None
    random = np.random.default_rng(0)
    tried: set[str] = set()
    for _ in range(30):
        drawn = legal.draw(random, tried)
        assert drawn is not None and drawn in legal and plan_key(drawn) not in tried
        tried.add(plan_key(drawn))
        near = legal.nearest(drawn, random, tried)
        assert near is not None and 1 <= difference(near, drawn) <= 3


def test_nearest_repairs_with_the_fewest_changes() -> None:
    wish = {**SPACE.default, "intermediates.t": "recompute", "unroll": 4}  # illegal together
    near = LEGAL.nearest(wish, np.random.default_rng(0), set())
    assert near is not None and near in LEGAL and difference(near, wish) == 1
    assert wish not in LEGAL


def test_fix_restricts_the_space() -> None:
    fixed = fix(SPACE, (("accumulate", "coloring"), ("unroll", "2")))
    plans = list(fixed.plans())
    assert plans and all(p["accumulate.x"] == p["accumulate.y"] == "coloring" for p in plans)
    assert all(p["unroll"] == 2 for p in plans)
    one = list(fix(SPACE, (("accumulate.x", "atomic"),)).plans())
    assert {p["accumulate.y"] for p in one} == {"atomic", "coloring"}


@pytest.mark.parametrize(
    ("knob", "value", "message"),
    [
        ("acumulate", "atomic", "did you mean 'accumulate'"),
        ("accumulate.x", "colouring", "did you mean 'coloring'"),
        ("accumulate", "privatization", "larger than the memory of this machine"),
        ("unroll", "3", "legal here: 1, 2, 4"),
    ],
)
def test_fix_refuses_with_the_reason(knob: str, value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fix(SPACE, ((knob, value),))


def test_fix_refuses_contradictions() -> None:
    with pytest.raises(UsageError, match="recompute needs no unrolling"):
        fix(SPACE, (("intermediates", "recompute"), ("unroll", "4")))
