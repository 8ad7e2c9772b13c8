"""In which order, and how many at once, the iterations of a launch run."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.atoms import Symbol


@dataclass(frozen=True, slots=True)
class Flat:
    """Iterations run in any order, all at once."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Iterations of the outermost range at once, the inner ranges in order: long runs for a CPU's vectors."""


@dataclass(frozen=True, slots=True)
class Dealt:
    """One task per thread; each runs a share of the only range. What the launch reduces stays in a task's own
    variables until the share is done."""


@dataclass(frozen=True, slots=True)
class Chunked:
    """One task per replica; each runs a contiguous part of the outermost range in order.
    ``replica`` is the task's index, visible in the body.

    ``shared``: more tasks than replicas, as many as run at once; ``replica`` is that of the task."""

    replica: Symbol
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Teamed:
    """Teams of threads; each team runs a part of the only range, its threads take turns. ``copies``: pairs of
    a zeroed copy that a team has of a View, visible in the body, and the View; in the end the team adds its
    copies to the Views, atomically."""

    copies: tuple[tuple[Symbol, Symbol], ...]


@dataclass(frozen=True, slots=True)
class Colored:
    """Color after color; within a color, blocks of the outermost range run at once, a block in order."""

    coloring: Symbol


Schedule = Flat | Rows | Dealt | Chunked | Teamed | Colored
