"""The table of strategies for increments that may race, and how a launch is closed by them.

A strategy says why it cannot serve (``why_not``) and what it does to a launch (``apply``). The table
``STRATEGIES`` is the whole registration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from search_spaces.model import Constraint, Parameter, Plan, Value
from transform.ir.build import Fresh
from transform.ir.nodes import (
    Chunked,
    Colored,
    Dealt,
    Flat,
    Launch,
    Stmt,
    Symbol,
    Teamed,
)
from transform.strategies.atomic import Atomic
from transform.strategies.base import Strategy, open_views
from transform.strategies.coloring import ConflictColoring
from transform.strategies.gather import Gather, records, stores
from transform.strategies.hierarchical import Hierarchical
from transform.strategies.privatization import Privatization
from transform.strategies.reduction import ArrayReduction
from transform.strategies.sorted import Sorted

STRATEGIES: dict[str, type[Strategy]] = {
    "atomic": Atomic,
    "coloring": ConflictColoring,
    "privatization": Privatization,
    "gather": Gather,
    "sorted": Sorted,
    "reduction": ArrayReduction,
    "hierarchical": Hierarchical,
}


ORDERING = frozenset({"coloring", "privatization", "hierarchical"})
"""Answers that say in which order a kernel runs: one kernel has one of them."""


def constraints(launches: list[Launch], names: Mapping[Symbol, str]) -> tuple[Constraint, ...]:
    """Which answers go together; ``names``: the parameter that asks for each View's strategy."""
    together = [tuple(names[v] for v in open_views(launch)) for launch in launches]
    shared = [tuple(names[v] for v in open_views(launch) if stores(launch, v)) for launch in launches]

    def one_schedule(plan: Plan) -> bool:
        return not any(len(ORDERING & {str(plan.get(name)) for name in group}) > 1 for group in together)

    def all_stored(plan: Plan) -> bool:
        return not any(len({plan.get(name) == "gather" for name in group}) > 1 for group in shared)

    reads = tuple(dict.fromkeys(name for group in together for name in group))
    return (
        Constraint("one kernel runs color by color, by private chunks or in teams", one_schedule, reads),
        Constraint("a kernel stores the contributions to all its arrays or to none", all_stored, reads),
    )


def realise_launch(launch: Launch, answers: dict[Symbol, str], plan: Plan, fresh: Fresh) -> tuple[Stmt, ...]:
    """Close every open increment of ``launch`` by the strategy named for its View, tuned as ``plan`` says.

    Raises ``ValueError`` for two of ``ORDERING`` in one launch.
    """
    views = open_views(launch)
    groups: dict[str, list[Symbol]] = {}
    for view in views:
        groups.setdefault(answers[view], []).append(view)
    if len(ORDERING & groups.keys()) > 1:
        raise ValueError(f"one kernel cannot have {' and '.join(sorted(ORDERING & groups.keys()))}")
    stmts: tuple[Stmt, ...] = (launch,)
    for name in ("gather", "sorted", "reduction", "atomic", "coloring", "privatization", "hierarchical"):
        if name not in groups:
            continue
        strategy = _tuned(name, plan)
        stmts = tuple(new for s in stmts for new in _applied(strategy, s, groups[name], fresh))
    assert all(
        isinstance(s.schedule, Flat | Dealt | Chunked | Teamed | Colored)
        for s in stmts
        if isinstance(s, Launch)
    )
    return stmts


def _tuned(name: str, plan: Plan) -> Strategy:
    match name:
        case "coloring":
            size = plan.get("coloring_block", 1)
            return ConflictColoring(None if size == "share" else int(size))
        case "privatization":
            return Privatization(shared="replicas" in plan)
        case "gather":
            return Gather(plan.get("nest") == "rows", plan.get("records") == "aligned")
        case _:
            return STRATEGIES[name]()


def parameters(
    values: Mapping[str, Sequence[Value]],
    launches: list[Launch],
    names: Mapping[Symbol, str],
    knobs: Mapping[str, tuple[Value, ...]],
) -> list[Parameter]:
    """What else is to be chosen: ``values`` are the legal strategies by parameter, ``names`` the parameter of
    each View, ``knobs`` what the machine tries."""
    found: list[Parameter] = []
    for name, strategy, meaning in (
        ("coloring_block", "coloring", "iterations that keep one color together"),
        ("replicas", "privatization", "private copies, each shared by several threads"),
        ("team_size", "hierarchical", "threads of a team; of a CPU's teams, always one"),
    ):
        asked = tuple((p, (strategy,)) for p, legal in values.items() if strategy in legal)
        tried = knobs.get(name, (1,) if name == "coloring_block" else ())
        if asked and tried:
            found.append(Parameter(name, tuple(tried), meaning, asked))
    laid_out = [names[v] for launch in launches for v in records(launch, open_views(launch))]
    if laid_out and "records" in knobs:
        asked = tuple((name, ("gather",)) for name in dict.fromkeys(laid_out))
        meaning = (
            "stored contributions to one target: side by side, or with gaps that keep them in one cache line"
        )
        found.append(Parameter("records", tuple(knobs["records"]), meaning, asked))
    return found


def _applied(strategy: Strategy, s: Stmt, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
    mine = [v for v in views if isinstance(s, Launch) and v in open_views(s)]
    return strategy.apply(s, mine, fresh) if mine and isinstance(s, Launch) else (s,)
