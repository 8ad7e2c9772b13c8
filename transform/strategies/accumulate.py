"""The table of strategies for increments that may race, and how a launch is closed by them.

A strategy says why it cannot serve (``why_not``) and what it does to a launch (``apply``). The table
``STRATEGIES`` is the whole registration.
"""

from __future__ import annotations

from transform.ir.build import Fresh
from transform.ir.nodes import (
    Chunked,
    Colored,
    Flat,
    Launch,
    Stmt,
    Symbol,
)
from transform.strategies.atomic import Atomic
from transform.strategies.base import Strategy, open_views
from transform.strategies.coloring import ConflictColoring
from transform.strategies.gather import Gather
from transform.strategies.privatization import Privatization

STRATEGIES: dict[str, type[Strategy]] = {
    "atomic": Atomic,
    "coloring": ConflictColoring,
    "privatization": Privatization,
    "gather": Gather,
}


def realise_launch(
    launch: Launch, answers: dict[Symbol, str], block: int | None, fresh: Fresh
) -> tuple[Stmt, ...]:
    """Close every open increment of ``launch`` by the strategy named for its View.

    Raises ``ValueError`` for coloring and privatization in one launch: it can run by colors or by chunks.
    """
    views = open_views(launch)
    groups: dict[str, list[Symbol]] = {}
    for view in views:
        groups.setdefault(answers[view], []).append(view)
    if "coloring" in groups and "privatization" in groups:
        raise ValueError("one kernel cannot be both colored and chunked")
    stmts: tuple[Stmt, ...] = (launch,)
    for name in ("gather", "atomic", "coloring", "privatization"):
        if name not in groups:
            continue
        strategy = ConflictColoring(block) if name == "coloring" else STRATEGIES[name]()
        stmts = tuple(new for s in stmts for new in _applied(strategy, s, groups[name], fresh))
    assert all(isinstance(s.schedule, Flat | Chunked | Colored) for s in stmts if isinstance(s, Launch))
    return stmts


def _applied(strategy: Strategy, s: Stmt, views: list[Symbol], fresh: Fresh) -> tuple[Stmt, ...]:
    mine = [v for v in views if isinstance(s, Launch) and v in open_views(s)]
    return strategy.apply(s, mine, fresh) if mine and isinstance(s, Launch) else (s,)
