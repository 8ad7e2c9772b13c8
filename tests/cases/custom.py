"""Derivatives that the user gives."""

from tests.cases import Case, N

CASES = (
    Case("custom", "roots", {"x": (N,), "a": 0.7, "n": N}),
    Case("custom", "activate", {"y": (N,), "x": (N,), "w": (N,), "n": N}),
    Case("custom", "energy", {"x": (N,), "a": 0.7, "n": N}),
    Case("custom", "weighted", {"x": (N,), "table": (10,), "n": N}),
)
COMPILED = ("roots", "energy", "weighted", "activate")
