"""Parts of a search space that experiments look at."""

from __future__ import annotations

from collections.abc import Iterator

from search_spaces.model import Plan, SearchSpace

LAUNCH = ("launch_bounds", "schedule", "occupancy", "tile", "unroll", "reads", "replicas", "team_size")


def strategies(space: SearchSpace, mixed: bool = False) -> Iterator[Plan]:
    """Every way to combine increments and to keep intermediates, launched as the architecture has it first;
    ``mixed``: also with different strategies for different Views."""
    for plan in space.plans():
        launched = all(plan[k] == space.default[k] for k in LAUNCH if k in plan and k in space.default)
        if launched and (mixed or uniform(plan)):
            yield plan


def uniform(plan: Plan) -> bool:
    """Whether every View gets the same strategy."""
    return len({v for k, v in plan.items() if k.startswith("accumulate.")}) <= 1


def launches(space: SearchSpace, plan: Plan) -> Iterator[Plan]:
    """``plan`` with each other way to launch its kernels, one change at a time."""
    for p in space.parameters:
        for value in p.values if p.name in LAUNCH and p.name in plan else ():
            changed = {**plan, p.name: value}
            if value != plan[p.name] and all(c.allows(changed) for c in space.constraints):
                yield changed
