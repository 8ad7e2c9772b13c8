"""Our own samplers and the Gaussian process behind one of them."""

from __future__ import annotations

import numpy as np
import pytest

from autotune.legal import LegalPlans, difference, plan_key
from autotune.options import SAMPLERS
from autotune.samplers import Gaussian, Past, Told, Values, own_samplers
from autotune.surrogate import (
    condition,
    embedding,
    expected_improvement,
    fit_scales,
    negative_log_density,
)
from search_spaces.model import Constraint, Parameter, Plan, SearchSpace, Value

# 8 x 8 x 3 x 2 plans; one valley along the sizes, one good kind, a knob that only that kind has
GRID = SearchSpace(
    (
        Parameter("kind", ("a", "b", "c")),
        Parameter("x", tuple(2**i for i in range(8))),
        Parameter("y", tuple(2**i for i in range(8))),
        Parameter("only_b", ("on", "off"), active_if=(("kind", ("b",)),)),
    )
)
LARGE = SearchSpace(
    tuple(Parameter(f"v{i}", ("store", "recompute")) for i in range(18)),
    (Constraint("not both", lambda p: (p["v0"], p["v1"]) != ("recompute", "recompute")),),
)


def cost(plan: Plan) -> float:
    x, y = np.log2(int(plan["x"])), np.log2(int(plan["y"]))
    kind = {"a": 3.0, "b": 1.0, "c": 2.0}[str(plan["kind"])]
    return float(
        kind * (1 + 0.1 * (x - 5) ** 2 + 0.2 * (y - 2) ** 2) * (1.5 if plan.get("only_b") == "on" else 1)
    )


def search(legal: LegalPlans, sampler: str, count: int, seed: int = 0, batch: int = 1) -> list[Told]:
    propose = own_samplers()[sampler]
    told: list[Told] = []
    while len(told) < count:
        pending: list[Plan] = []
        for _ in range(batch):
            keys = frozenset(plan_key(p) for p in (*(t.plan for t in told), *pending))
            plan = propose(legal, Past(tuple(told), tuple(pending), keys, seed))
            if plan is None:
                return told
            assert plan in legal and plan_key(plan) not in keys
            pending.append(plan)
        told += [Told(p, (cost(p),)) for p in pending]
    return told


@pytest.mark.parametrize("sampler", own_samplers())
def test_large_spaces_get_new_legal_plans(sampler: str) -> None:
    legal = LegalPlans(LARGE)
    told: tuple[Told, ...] = ()
    for _ in range(30):
        keys = frozenset(plan_key(t.plan) for t in told)
        plan = own_samplers()[sampler](legal, Past(told, (), keys, 1))
        assert plan is not None and plan in legal and plan_key(plan) not in keys
        told = (*told, Told(plan, (1.0 + sum(v == "store" for v in plan.values()),)))


@pytest.mark.parametrize("batch", [1, 8])
def test_the_process_finds_the_best_where_chance_does_not(batch: int) -> None:
    legal = LegalPlans(GRID)
    best = min(map(cost, GRID.plans()))
    found, chance = (
        np.mean([min(cost(t.plan) for t in search(legal, name, 30, seed, batch)) for seed in range(3)])
        for name in ("gp", "random")
    )
    assert found <= 1.05 * best and found < chance


SUM = SearchSpace(
    (
        Parameter("first", ("a", "b", "c", "d")),
        Parameter("second", ("a", "b", "c", "d")),
        Parameter("block", ("share", 1024, 64), active_if=(("first", ("a",)), ("second", ("a",)))),
        Parameter("keep", ("store", "recompute")),
    )
)
TERMS: dict[str, dict[Value, float]] = {
    "first": {"a": 3.0, "b": 4.0, "c": 1.0, "d": 9.0},
    "second": {"a": 3.0, "b": 5.0, "c": 8.0, "d": 9.0},
    "block": {"share": 1.0, 1024: 0.5, 64: 0.7},
    "keep": {"store": 1.0, "recompute": 2.0},
}


@pytest.mark.parametrize("batch", [1, 6])
def test_answers_that_win_alone_are_combined(batch: int) -> None:
    """A sum over parameters of 80 plans, ten of which are tried: default, then one other answer at a time."""
    legal, told = LegalPlans(SUM), list[Told]()
    while len(told) < 10:
        pending: list[Plan] = []
        for _ in range(min(batch, 10 - len(told))):
            keys = frozenset(plan_key(p) for p in (*(t.plan for t in told), *pending))
            plan = (
                legal.space.default
                if not keys
                else Gaussian()(legal, Past(tuple(told), tuple(pending), keys, 0))
            )
            assert plan is not None
            pending.append(plan)
        told += [Told(p, (sum(TERMS[name][value] for name, value in p.items()),)) for p in pending]
    best = min(told, key=lambda t: t.values or (np.inf,)).plan
    assert best == {"first": "c", "second": "a", "block": 1024, "keep": "store"}
    assert [difference(t.plan, legal.space.default) for t in told[1:4]] == [1, 1, 1]


def test_what_failed_alone_is_not_combined() -> None:
    legal = LegalPlans(SUM)
    default = legal.space.default
    told = (Told(default, (8.0,)), Told({**default, "keep": "recompute"}, None))
    asked = [
        Gaussian()(legal, Past(told, (), frozenset(plan_key(t.plan) for t in told), seed))
        for seed in range(3)
    ]
    assert asked == [{**default, "first": "b"}] * 3


def test_values_in_no_order_are_tried_at_random() -> None:
    told = (Told(SUM.default, (8.0,)),)
    past = [Past(told, (), frozenset({plan_key(SUM.default)}), seed) for seed in range(8)]
    asked = [Gaussian()(LegalPlans(SUM, ordered=False), p) for p in past]
    assert len({plan_key(plan) for plan in asked if plan is not None}) > 4


def test_genetic_children_resemble_good_parents() -> None:
    legal = LegalPlans(GRID)
    searches = [search(legal, "genetic", 60, seed) for seed in range(8)]
    early, late = (
        [cost(t.plan) for told in searches for t in told[part]] for part in (slice(10), slice(20, 60))
    )
    assert np.median(late) < 0.8 * np.median(early)


def test_quasi_random_plans_cover_every_value_evenly() -> None:
    told = search(LegalPlans(GRID), "qmc", 64)
    for name in ("x", "y"):
        counts = [sum(t.plan[name] == 2**i for t in told) for i in range(8)]
        assert min(counts) >= 6 and max(counts) <= 10


def test_failures_repel() -> None:
    """Half of the space, with the least times in it, fails: the process turns to the other half first."""
    legal, asked = LegalPlans(GRID), []
    for seed in range(4):
        told: list[Told] = []
        for _ in range(25):
            keys = frozenset(plan_key(t.plan) for t in told)
            plan = Gaussian()(legal, Past(tuple(told), (), keys, seed))
            assert plan is not None
            told.append(Told(plan, None if plan["kind"] == "b" else (cost(plan),)))
        asked += [t.plan["kind"] for t in told[10:]]
    assert asked.count("b") <= len(asked) / 4


def test_nothing_but_failures_is_searched_at_random() -> None:
    legal = LegalPlans(GRID)
    told = tuple(Told(p, None) for p in list(GRID.plans())[:30])
    plan = Gaussian()(legal, Past(told, (), frozenset(plan_key(t.plan) for t in told), 0))
    assert plan is not None and plan in legal


def test_several_objectives_spread_over_the_front() -> None:
    """x is fast where large, and costs memory: the front is every x with the best of the others."""
    legal = LegalPlans(GRID)

    def values(plan: Plan) -> Values:
        x = int(plan["x"])
        others = cost({**plan, "x": 32})
        return others * (1 + 10 / x), float(x) * (1.0 if plan["kind"] == "b" else 2.0)

    told: list[Told] = []
    for _ in range(80):
        keys = frozenset(plan_key(t.plan) for t in told)
        plan = Gaussian()(legal, Past(tuple(told), (), keys, 5))
        assert plan is not None
        told.append(Told(plan, values(plan)))
    front = {t.plan["x"] for t in told if t.plan["kind"] == "b" and cost({**t.plan, "x": 32}) < 1.3}
    assert len(front) >= 6


def test_improvement_fades_as_the_space_is_learnt() -> None:
    legal, process = LegalPlans(GRID), Gaussian()
    told = search(legal, "gp", 30)
    expected = []
    for count in (3, 6, 30):
        past = Past(tuple(told[:count]), (), frozenset(plan_key(t.plan) for t in told[:count]), 0)
        expected.append(process.improvement(legal, past))
    assert expected[0] is None
    assert expected[1] is not None and expected[2] is not None
    assert expected[2] < 0.001 < 0.01 < expected[1]


def test_improvement_of_an_exhausted_space_is_none() -> None:
    told = tuple(Told(p, (cost(p),)) for p in GRID.plans())
    past = Past(told, (), frozenset(plan_key(t.plan) for t in told), 0)
    assert Gaussian().improvement(LegalPlans(GRID), past) == 0.0


def test_neighbours_give_one_answer_differently() -> None:
    legal = LegalPlans(GRID)
    centre: dict[str, str | int] = {"kind": "b", "x": 4, "y": 4, "only_b": "off"}
    plans, codes = legal.neighbours(centre, set())
    assert len(plans) == len(codes) == 2 * 7 + 2 + 1
    assert all(difference({**p, "only_b": "off"}, centre) <= 1 or p["kind"] == "b" for p in plans)
    assert {p["kind"] for p in plans} == {"a", "b", "c"}
    rest, _ = legal.neighbours(centre, {plan_key(p) for p in plans[:5]})
    assert rest == plans[5:]
    assert len(LegalPlans(LARGE).neighbours(LARGE.default, set())[0]) == 18


# ---- the process ----


def data() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    legal, embed = LegalPlans(GRID), embedding(GRID.parameters)
    plans = list(GRID.plans())
    plans = [plans[i] for i in random.choice(len(plans), 40, replace=False)]
    values = np.log([cost(p) for p in plans])
    return embed.points(legal.encode(plans)), embed.column_of, (values - values.mean()) / values.std()


def test_density_gradient_matches_finite_differences() -> None:
    points, column_of, values = data()
    apart = np.array(
        [
            ((points[:, None, column_of == j] - points[None][:, :, column_of == j]) ** 2).sum(-1)
            for j in range(4)
        ]
    )
    theta = np.array([0.1, -0.4, 0.3, -0.2, -3.0])
    _, slope = negative_log_density(theta, apart, values)
    for j, step in enumerate(1e-5 * np.eye(5)):
        up, down = (negative_log_density(theta + s, apart, values)[0] for s in (step, -step))
        assert slope[j] == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-7)


def test_prediction_is_that_of_the_textbook_formula() -> None:
    points, column_of, values = data()
    scales = fit_scales(points, column_of, values)
    process = condition(points[:30], column_of, values[:30], scales)
    shrunk = points * np.exp(-scales.lengths)[column_of]
    reach = np.sqrt(5) * np.linalg.norm(shrunk[:, None] - shrunk[None], axis=-1)
    covariance = (1 + reach + reach**2 / 3) * np.exp(-reach)
    seen = covariance[:30, :30] + (np.exp(scales.noise) + 1e-8) * np.eye(30)
    mean = covariance[30:, :30] @ np.linalg.solve(seen, values[:30])
    signal = values[:30] @ np.linalg.solve(seen, values[:30]) / 30
    variance = 1 - np.einsum("ij,ji->i", covariance[30:, :30], np.linalg.solve(seen, covariance[:30, 30:]))
    predicted, deviation = process.predict(points[30:])
    assert predicted == pytest.approx(mean, abs=1e-6)
    assert deviation**2 == pytest.approx(variance * signal, abs=1e-6)
    assert process.mean(points[30:]) == pytest.approx(mean, abs=1e-6)
    assert np.corrcoef(predicted, values[30:])[0, 1] > 0.8


def test_expected_improvement_is_an_expectation() -> None:
    draws = np.random.default_rng(0).normal(0.3, 0.7, 400_000)
    expected = expected_improvement(np.array([0.3]), np.array([0.7]), 0.1)
    assert expected[0] == pytest.approx(np.maximum(0.1 - draws, 0).mean(), rel=0.01)


def test_every_sampler_has_a_name() -> None:
    assert {*own_samplers(), "tpe"} == set(SAMPLERS)
