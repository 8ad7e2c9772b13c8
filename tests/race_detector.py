"""Finds element accesses of concurrent tasks that collide, while the interpreter runs them one by one."""

from __future__ import annotations

from typing import Literal

import numpy as np

Kind = Literal["read", "write", "atomic"]
Task = tuple[int, ...]


class RaceFound(AssertionError):
    """Two tasks that may run at once touch one element, and at least one of them writes it plainly."""


class RaceDetector:
    """Watches one set of concurrent tasks: ``task`` is the running one."""

    def __init__(self, launch: str) -> None:
        self.launch = launch
        self.task: Task = ()
        # element -> kind of access -> up to two tasks (two are enough to find a partner for any third)
        self._seen: dict[tuple[int, tuple[int, ...]], dict[Kind, list[Task]]] = {}

    def access(self, name: str, array: np.ndarray, at: tuple[int, ...], kind: Kind) -> None:
        """Record an access. Raises ``RaceFound``."""
        seen = self._seen.setdefault((id(array), at), {"read": [], "write": [], "atomic": []})
        rivals: tuple[Kind, ...] = {
            "read": ("write", "atomic"),
            "write": ("read", "write", "atomic"),
            "atomic": ("read", "write"),
        }[kind]  # type: ignore[assignment]
        for rival in rivals:
            for task in seen[rival]:
                if task != self.task:
                    here = f"{kind} of {name}{at} by task {self.task}"
                    raise RaceFound(f"{self.launch}: {here} races with {rival} by {task}")
        known = seen[kind]
        if self.task not in known and len(known) < 2:
            known.append(self.task)
