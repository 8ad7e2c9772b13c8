"""Which kernels were differentiated by hand, and with what data they are compared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """A kernel, a workload, and the independents (``None``: all). ``quick``: the workload of ``--quick``."""

    kernel: str
    workload: str
    wrt: tuple[str, ...] | None = None
    quick: str = "medium"

    @property
    def name(self) -> str:
        return f"{self.kernel}, {self.workload}"

    def by_hand(self) -> tuple[Path, ...]:
        """The adjoints written by hand: headers that begin with a comment on how they do it."""
        return tuple(
            p for p in sorted((FOLDER / self.kernel).glob("*.hpp")) if p.stem not in ("element", "backward")
        )


CASES = (
    Case("weighted_inner", "large", ("x", "y")),
    Case("stencil", "large", ("u",)),
    Case("fe_energy", "large"),
    Case("fe_energy", "shuffled", quick="shuffled"),
    Case("laplace", "large"),
    Case("laplace", "shuffled", quick="shuffled"),
    Case("heat", "large"),
    Case("theta", "large"),
    Case("map", "large"),
    Case("spmv", "large"),
)
