"""The table of strategies for increments that may race, and how a launch is closed by them.

A strategy says why it cannot serve (``why_not``) and what it does to a launch (``apply``). The table
``STRATEGIES`` is the whole registration.
"""

from __future__ import annotations

from collections.abc import Mapping

from search_spaces.model import Constraint, Plan
from transform.ir.build import Fresh
from transform.ir.nodes import (
    Chunked,
    Colored,
    Dealt,
    Flat,
    Launch,
    Stmt,
    Symbol,
)
from transform.strategies.atomic import Atomic
from transform.strategies.base import Strategy, open_views
from transform.strategies.coloring import ConflictColoring
from transform.strategies.gather import Gather, stores
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
}


def constraints(launches: list[Launch], names: Mapping[Symbol, str]) -> tuple[Constraint, ...]:
    """Which answers go together; ``names``: the parameter that asks for each View's strategy."""
    together = [tuple(names[v] for v in open_views(launch)) for launch in launches]
    shared = [tuple(names[v] for v in open_views(launch) if stores(launch, v)) for launch in launches]

    def one_schedule(plan: Plan) -> bool:
        return not any(
            {"coloring", "privatization"} <= {str(plan.get(name)) for name in group} for group in together
        )

    def all_stored(plan: Plan) -> bool:
        return not any(len({plan.get(name) == "gather" for name in group}) > 1 for group in shared)

    reads = tuple(dict.fromkeys(name for group in together for name in group))
    return (
        Constraint("one kernel runs either color by color or by private chunks", one_schedule, reads),
        Constraint("a kernel stores the contributions to all its arrays or to none", all_stored, reads),
    )


def realise_launch(
    launch: Launch, answers: dict[Symbol, str], block: int | None, fresh: Fresh, rows: bool = False
) -> tuple[Stmt, ...]:
    """Close every open increment of ``launch`` by the strategy named for its View.

    ``block``: of a coloring; ``rows``: of a gather.

    Raises ``ValueError`` for coloring and privatization in one launch: it can run by colors or by chunks.
    """
    views = open_views(launch)
    groups: dict[str, list[Symbol]] = {}
    for view in views:
        groups.setdefault(answers[view], []).append(view)
    if "coloring" in groups and "privatization" in groups:
        raise ValueError("one kernel cannot be both colored and chunked")
    stmts: tuple[Stmt, ...] = (launch,)
    for name in ("gather", "sorted", "reduction", "atomic", "coloring", "privatization"):
        if name not in groups:
            continue
        strategy: Strategy
        match name:
            case "coloring":
                strategy = ConflictColoring(block)
            case "gather":
                strategy = Gather(rows)
            case _:
                strategy = STRATEGIES[name]()
        stmts = tuple(new for s in stmts for new in _applied(strategy, s, groups[name], fresh))
    assert all(
        isinstance(s.schedule, Flat | Dealt | Chunked | Colored) for s in stmts if isinstance(s, Launch)
    )
    return stmts


def _applied(strategy: Strategy, s: Stmt, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
    mine = [v for v in views if isinstance(s, Launch) and v in open_views(s)]
    return strategy.apply(s, mine, fresh) if mine and isinstance(s, Launch) else (s,)
