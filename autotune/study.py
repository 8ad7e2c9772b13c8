"""The search: which plan to try next, and a memory that survives the death of the driver.

With ``storage`` the only importer of Optuna. One driver owns a study and alone touches its storage.

How plans become Optuna trials: every parameter is categorical and only the active ones are suggested. The
sampler (a row of ``SAMPLERS``) wishes; ``LegalPlans`` turns the wish into the nearest legal plan that was
not tried yet, and that plan is what the trial records. Each proposal has its own random stream, seeded by
``--seed`` and by how many plans were proposed before, so that the order of proposals depends on nothing
but the seed and the values told, and a resumed search goes on as the uninterrupted one would have.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from autotune.legal import LegalPlans, plan_key
from autotune.options import SAMPLERS
from autotune.outcome import Outcome, from_json, to_json
from autotune.samplers import Gaussian, Past, Told, Values, own_samplers
from autotune.storage import close_storage, open_storage, own, patiently, saving
from search_spaces.model import Plan, Value
from transform.diagnostics import UsageError

_STARTUP = 10  # TPE: random trials before the model is used
# How many plans to ask at once: more build faster, fewer let a model learn. It does not depend on the number
# of cores, because the same seed must propose the same trials everywhere. Without a model nothing is lost by
# more; two cores then build sixteen variants each, beyond which a variant gets hardly cheaper.
_BATCH = {"gp": 8, "tpe": 8, "genetic": 8}
_BATCH_WITHOUT_MODEL = 32


@dataclass(frozen=True)
class Trial:
    number: int
    plan: Plan


@dataclass(frozen=True)
class Finished:
    number: int
    plan: Plan
    outcome: Outcome


def _tpe(legal: LegalPlans, past: Past, study: optuna.Study, trial: FrozenTrial) -> dict[str, Value] | None:
    """Multivariate TPE, one group of parameters for each set of conditions; pending trials repel."""
    seed = int(past.random.integers(2**32))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        model = TPESampler(
            multivariate=True, group=True, constant_liar=True, n_startup_trials=_STARTUP, seed=seed
        )
    wish = model.sample_relative(study, trial, model.infer_relative_search_space(study, trial))
    return legal.nearest(wish, past.random, past.tried) if wish else legal.draw(past.random, past.tried)


def batch_size(sampler: str) -> int:
    """How many trials are asked for at once."""
    return _BATCH.get(sampler, _BATCH_WITHOUT_MODEL)


class _Exhausted(Exception):
    """Every legal plan is tried or pending."""


class _Proposals(BaseSampler):
    """Lets Optuna ask our samplers; what it gets back is a whole legal plan."""

    def __init__(self, legal: LegalPlans, sampler: str, seed: int) -> None:
        self.legal, self.sampler, self.seed = legal, sampler, seed
        self.own = own_samplers()
        self.distributions: dict[str, BaseDistribution] = {
            p.name: CategoricalDistribution(p.values) for p in legal.space.parameters
        }

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self.distributions

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        fixed = trial.system_attrs.get("fixed_params")
        if fixed is not None:  # enqueued: the default, or a trial that a dead driver left behind
            return dict(fixed)
        others = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        past = _past(others, self.seed)
        if self.sampler == "tpe":
            plan = _tpe(self.legal, past, study, trial)
        else:
            plan = self.own[self.sampler](self.legal, past)
        if plan is None:
            raise _Exhausted
        return plan

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        raise AssertionError(f"a plan leaves {param_name} open")


def _past(trials: Iterable[FrozenTrial], seed: int) -> Past:
    """What samplers may know of ``trials``; abandoned ones leave no trace, their plans are free again."""
    told: list[Told] = []
    pending: list[Plan] = []
    tried: set[str] = set()
    for t in trials:
        if t.state == TrialState.WAITING:
            tried.add(plan_key(t.system_attrs.get("fixed_params", {})))
        elif t.state != TrialState.FAIL and "plan" in t.user_attrs:
            plan = t.user_attrs["plan"]
            tried.add(plan_key(plan))
            if t.state == TrialState.RUNNING:
                pending.append(plan)
            else:
                told.append(Told(plan, tuple(t.values) if t.state == TrialState.COMPLETE else None))
    return Past(tuple(told), tuple(pending), frozenset(tried), seed)


# ---- the search ----


class Search:
    """An Optuna study of legal plans: ``ask``, ``tell``, ``finished``. Made by ``open_search``.

    ``batch`` is how many trials to ask at once; ``resumed``: earlier trials are in it.
    """

    def __init__(
        self,
        study: optuna.Study,
        legal: LegalPlans,
        batch: int,
        resumed: bool,
        save: Callable[[], None] = lambda: None,
    ) -> None:
        self._study, self._save, self._held = study, save, ExitStack()
        self._open: dict[int, optuna.Trial] = {}
        self._judge = Gaussian()
        self.legal = legal
        self.batch = batch
        self.resumed = resumed

    @property
    def name(self) -> str:
        return self._study.study_name

    def finished(self) -> tuple[Finished, ...]:
        """Every trial with an outcome, in the order of proposal."""
        return patiently(lambda: _finished(self._study))

    def ask(self, count: int) -> tuple[Trial, ...]:
        """Up to ``count`` new trials; fewer when the space runs out, none when it is exhausted.

        Trials left behind by a dead driver come first and alone, so that the batches after them are
        the ones that the uninterrupted search would have asked.
        """
        waiting = len(self._trials(TrialState.WAITING))
        if waiting and any(t.state.is_finished() for t in self._trials()):
            count = min(count, waiting)
        trials: list[Trial] = []
        while len(trials) < count:
            try:
                trials.append(self._ask())
            except _Exhausted:
                self._abandon_unplanned()
                break
        return tuple(trials)

    def tell(self, trial: Trial, outcome: Outcome, values: Values | None) -> None:
        """Record what became of ``trial``. ``values`` are minimised; ``None``: a failure or a rejection."""
        opened = self._open.pop(trial.number)
        # The outcome goes first: if the driver dies between the writes, nothing is measured again.
        patiently(lambda: opened.set_user_attr("values", values))
        patiently(lambda: opened.set_user_attr("outcome", to_json(outcome)))
        self._finish(trial.number, values)
        patiently(self._save)

    def keep(self, name: str, value: object) -> None:
        """Store a fact about the whole search, as JSON."""
        patiently(lambda: self._study.set_user_attr(name, value))
        patiently(self._save)

    def improvement(self) -> float | None:
        """The greatest improvement expected of an untried plan, as a fraction of the best value.

        The judge is the Gaussian process, whatever the sampler. ``None``: too little was told to say.
        """
        return self._judge.improvement(self.legal, _past(self._trials(), 0))

    def close(self) -> None:
        """Let go of the storage; safe to repeat."""
        self._held.close()

    def hold(self, held: ExitStack) -> None:
        """What ``close`` lets go of."""
        self._held = held

    def _trials(self, *states: TrialState) -> list[FrozenTrial]:
        return patiently(lambda: self._study.get_trials(deepcopy=False, states=states or None))

    def _ask(self) -> Trial:
        trial = patiently(self._study.ask, self._abandon_unplanned)
        plan: dict[str, Value] = {}
        for p in self.legal.space.parameters:
            if p.active(plan):
                choice = patiently(partial(trial.suggest_categorical, p.name, p.values))
                plan[p.name] = p.values[p.values.index(choice)]
        patiently(lambda: trial.set_user_attr("plan", plan))
        self._open[trial.number] = trial
        return Trial(trial.number, plan)

    def _finish(self, number: int, values: Sequence[float] | None) -> None:
        # A pruned trial tells the model "bad here"; a failed one would tell it nothing.
        if values is None:
            patiently(lambda: self._study.tell(number, state=TrialState.PRUNED, skip_if_finished=True))
        else:
            patiently(lambda: self._study.tell(number, list(values), skip_if_finished=True))

    def _abandon_unplanned(self) -> None:
        for t in self._trials(TrialState.RUNNING):
            if "plan" not in t.user_attrs:
                self._study.tell(t.number, state=TrialState.FAIL)
                if "fixed_params" in t.system_attrs:  # taken from the queue, and the driver died
                    self._study.enqueue_trial(t.system_attrs["fixed_params"])

    def recover(self) -> int:
        """Settle what a dead driver left running; the number of trials that will be run again."""
        self._abandon_unplanned()
        again = 0
        for t in self._trials(TrialState.RUNNING):
            if "outcome" in t.user_attrs:
                self._finish(t.number, t.user_attrs.get("values"))
            else:
                self._study.tell(t.number, state=TrialState.FAIL)
                self._study.enqueue_trial(dict(t.user_attrs["plan"]))
                again += 1
        return again


def open_search(
    legal: LegalPlans,
    *,
    label: str,
    identity: str,
    storage: Path | str | None,
    sampler: str,
    seed: int,
    resume: bool,
    first: Sequence[Plan] = (),
    objectives: int = 1,
) -> Search:
    """Open the study ``label#identity``, new or to be continued.

    ``identity`` is a fingerprint of everything that makes outcomes comparable (kernel, workload,
    architecture, space, compiler, Kokkos). With ``resume`` the latest study of that identity goes on;
    otherwise a new one begins and older ones stay in the storage untouched. ``first`` are plans to try
    before the sampler is asked. ``storage`` is a journal file or an Optuna URL, ``None``: memory only.
    ``objectives``: how many values are told, all to be minimised.
    Raises ``UsageError`` when the storage cannot be opened or another driver is using it.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if sampler not in SAMPLERS:
        raise ValueError(f"resolve the sampler first: {sampler}")
    with ExitStack() as undo:
        if isinstance(storage, Path):
            undo.callback(own(storage).close)
        backend = open_storage(storage)
        undo.callback(close_storage, backend)
        base = f"{label}#{identity}"
        known = {s.study_name for s in backend.get_all_studies()}
        runs = sum(name == base or name.startswith(base + "+") for name in known)
        resumed = resume and runs > 0
        run = runs - 1 if resumed else runs
        study = optuna.create_study(
            storage=backend,
            study_name=base if run == 0 else f"{base}+{run}",
            sampler=_Proposals(legal, sampler, seed),
            directions=["minimize"] * objectives,
            load_if_exists=True,
        )
        search = Search(study, legal, batch_size(sampler), resumed, saving(backend))
        search.recover()
        if not study.get_trials(deepcopy=False):
            for plan in first:
                study.enqueue_trial(dict(plan))
        search.hold(undo.pop_all())
    return search


def _finished(study: optuna.Study) -> tuple[Finished, ...]:
    return tuple(
        Finished(t.number, t.user_attrs["plan"], from_json(t.user_attrs["outcome"]))
        for t in study.get_trials(deepcopy=False)
        if t.state.is_finished() and "outcome" in t.user_attrs
    )


def read_study(storage: Path | str) -> tuple[str, dict[str, Any], tuple[Finished, ...]]:
    """Name, facts (``Search.keep``) and trials of the storage's latest study; nothing is changed or locked.

    Raises ``UsageError`` for a storage that cannot be read or is empty.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    backend = open_storage(storage, owned=False)
    try:
        studies = backend.get_all_studies()
        if not studies:
            raise UsageError(f"no search is stored in {storage}")
        study = optuna.load_study(study_name=studies[-1].study_name, storage=backend)
        return study.study_name, dict(study.user_attrs), _finished(study)
    finally:
        close_storage(backend)
