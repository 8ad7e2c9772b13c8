"""Arguments for the kernels in ``tests/kernels``: small, far from kinks, and different from one another.

One module per kernel file: ``CASES``; ``COMPILED`` (functions that CI also compiles and runs) and ``REFUSED``
(functions that have no gradient), both optional.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

KERNELS = Path(__file__).parent.parent / "kernels"


@dataclass(frozen=True, eq=False)
class Case:
    """One call of one kernel. ``arguments``: shapes of floating-point Views, values of everything else."""

    file: str
    function: str
    arguments: Mapping[str, Any]
    wrt: tuple[str, ...] | None = None
    of: tuple[str, ...] | None = None
    note: str = ""
    floats: frozenset[str] = field(default=frozenset())  # Views of float
    directory: Path = KERNELS
    portable: bool = True  # False: Kokkos' versions and backends themselves differ about it

    @property
    def name(self) -> str:
        return "-".join(filter(None, (self.function, self.note)))

    @property
    def path(self) -> Path:
        return self.directory / f"{self.file}.cpp"

    def values(self) -> dict[str, Any]:
        """Fresh arguments."""
        return {name: self._value(k, name, given) for k, (name, given) in enumerate(self.arguments.items())}

    def _value(self, k: int, name: str, given: Any) -> Any:
        if isinstance(given, list):
            return np.array(given, np.int64 if name == "key" else np.int32)
        if isinstance(given, np.ndarray):
            return given.copy()
        if not isinstance(given, tuple):
            return given
        count = int(np.prod(given, dtype=int))
        spaced = 0.13 + 0.77 * ((np.arange(count) * 0.618034 + 0.31 * k) % 1.0)
        return np.asarray(spaced.reshape(given), np.float32 if name in self.floats else np.float64)


N = 6
IDX = [3, 0, 3, 5, 1, 0]
PERM = [3, 0, 2, 5, 1, 4]


@cache
def _modules() -> dict[str, Any]:
    names = sorted(p.stem for p in Path(__file__).parent.glob("[a-z]*.py"))
    return {name: import_module(f"tests.cases.{name}") for name in names}


def cases() -> tuple[Case, ...]:
    """Every case of every kernel file."""
    return tuple(case for module in _modules().values() for case in module.CASES)


def compiled() -> dict[str, tuple[str, ...]]:
    """Kernel file -> the functions that CI compiles and runs."""
    return {name: m.COMPILED for name, m in _modules().items() if getattr(m, "COMPILED", ())}


def refused(file: str) -> frozenset[str]:
    """The functions of a kernel file that have no gradient."""
    return frozenset(getattr(_modules()[file], "REFUSED", ()))
