"""Searches of a recorded space: ours, plain Optuna, chance, and Kernel Tuner's in its simulation mode."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import optuna

from autotune.legal import expert_plans, plan_key
from autotune.options import SAMPLERS
from autotune.outcome import Accuracy, CompileFailed, Measurement, Outcome, Timing
from autotune.study import open_search
from experiments.regret.spaces import Record, RecordedSpace

KERNEL_TUNER = ("genetic_algorithm", "adaptive_tabu_greywolf", "hybrid_vndx")
_STEP = Path(__file__).parent / "kernel_tuner_runs.py"
_EXACT = Accuracy(0.0, 0.0, 0.0, True)


@dataclass(frozen=True)
class Trace:
    """The times found, in order of evaluation (``None``: failed), and what each cost in seconds."""

    times: tuple[float | None, ...]
    costs: tuple[float, ...]


@dataclass(frozen=True)
class Method:
    """``run(space, seed, evaluations)``."""

    name: str
    run: Callable[[RecordedSpace, int, int], Trace]


def methods(kernel_tuner: Path | None) -> dict[str, Method]:
    """By name. ``kernel_tuner``: the Python of an environment that has it."""
    found = {sampler: Method(sampler, _ours(sampler, 1)) for sampler in SAMPLERS if sampler != "exhaustive"}
    found["gp in batches of 8"] = Method("gp in batches of 8", _ours("gp", 8))
    found["Optuna TPE"] = Method("Optuna TPE", _plain_tpe)
    if kernel_tuner is not None:
        for strategy in KERNEL_TUNER:
            name = f"Kernel Tuner {strategy}"
            found[name] = Method(name, _kernel_tuner(kernel_tuner, strategy))
    return found


def _ours(sampler: str, batch: int) -> Callable[[RecordedSpace, int, int], Trace]:
    """As ``kad-tune`` searches; expert plans first where the space has a default."""

    def run(space: RecordedSpace, seed: int, evaluations: int) -> Trace:
        first = () if space.default is None else expert_plans(space.legal)
        search = open_search(
            space.legal,
            label=space.name,
            identity="",
            storage=None,
            sampler=sampler,
            seed=seed,
            resume=False,
            first=first,
        )
        tried: list[Record] = []
        while len(tried) < evaluations:
            trials = search.ask(min(batch, evaluations - len(tried)))
            if not trials:
                break
            for trial in trials:
                record = space.by_plan[plan_key(trial.plan)]
                search.tell(trial, _outcome(record), None if record.time is None else (record.time,))
                tried.append(record)
        search.close()
        return _trace(tried)

    return run


def _plain_tpe(space: RecordedSpace, seed: int, evaluations: int) -> Trace:
    """Optuna as its tutorial shows it: an integer for each parameter, what is not legal is pruned.

    Only legal plans that were not evaluated before count as evaluations.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    tried: dict[str, Record] = {}
    for _ in range(20 * evaluations):
        if len(tried) >= min(evaluations, len(space.records)):
            break
        trial = study.ask()
        plan: dict[str, str | int] = {}
        for p in space.parameters:
            if p.active(plan):
                plan[p.name] = p.values[trial.suggest_int(p.name, 0, len(p.values) - 1)]
        record = space.by_plan.get(plan_key(plan))
        if record is not None:
            tried[plan_key(plan)] = record
        if record is None or record.time is None:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        else:
            study.tell(trial, record.time)
    return _trace(list(tried.values()))


def _kernel_tuner(python: Path, strategy: str) -> Callable[[RecordedSpace, int, int], Trace]:
    def run(space: RecordedSpace, seed: int, evaluations: int) -> Trace:
        with tempfile.TemporaryDirectory() as directory:
            cache = Path(directory) / "space.json"
            cache.write_text(json.dumps(_cache_file(space)))
            done = subprocess.run(
                [str(python), str(_STEP), str(cache), strategy, str(seed), str(evaluations)],
                capture_output=True,
                text=True,
                check=False,
                cwd=directory,
            )
        if done.returncode != 0:
            raise RuntimeError(f"Kernel Tuner failed: {done.stderr[-2000:]}")
        keys: list[str] = json.loads(done.stdout.splitlines()[-1])
        return _trace([space.by_plan[key] for key in dict.fromkeys(keys)][:evaluations])

    return run


def _cache_file(space: RecordedSpace) -> dict[str, object]:
    """``space`` as Kernel Tuner keeps it; a parameter that is not active has a value that says so."""
    inactive = "inactive"
    values = {p.name: [*p.values, *([inactive] if p.active_if else [])] for p in space.parameters}
    cache = {}
    for record in space.records:
        full = {name: record.plan.get(name, inactive) for name in values}
        key = ",".join(str(v) for v in full.values())
        time = "RuntimeFailedConfig" if record.time is None else record.time
        times = {"compile_time": 0.0, "verification_time": 0.0, "benchmark_time": 1e3 * record.cost}
        cache[key] = {**full, "time": time, "times": [time], **times}
    return {
        "device_name": "recorded",
        "kernel_name": "recorded",
        "problem_size": 1,
        "tune_params_keys": list(values),
        "tune_params": values,
        "objective": "time",
        "cache": cache,
    }


def _outcome(record: Record) -> Outcome:
    if record.time is None:
        return CompileFailed("as recorded")
    time = Timing((), record.time, record.time, record.time)
    return Measurement(time, time, time, _EXACT, 0, True)


def _trace(tried: list[Record]) -> Trace:
    return Trace(tuple(r.time for r in tried), tuple(r.cost for r in tried))
