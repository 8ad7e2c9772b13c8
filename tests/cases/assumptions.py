"""Kernels whose gradients check values of scalars."""

from tests.cases import Case, N

GRID = {"grid_nx": 4, "grid_ghost": 2, "grid_jmin": 1, "grid_jmax": 3, "iterations": 8, "U": (8, 5, 2)}

CASES = (
    Case("assumptions", "leap", {"p": (N, 2), "c": (N,), "now": 1, "old": 0}),
    Case("assumptions", "leap", {"p": (2, 2), "c": (2,), "now": 1, "old": 1}, note="empty"),
    Case("assumptions", "leaps", {"p": (N, 2), "c": (N,), "steps": 3}),
    Case("assumptions", "padded", {"u": (120,), "v": (12,), "nx": 2, "ny": 3, "nz": 2, "halo": 1}),
    Case("assumptions", "strided", {"u": (24,), "v": (6,), "n": 4, "m": 3, "first": 6, "second": 2}),
    Case("assumptions", "ghosts", {**GRID, "grid_boundary": 1}, note="reflecting"),
    Case("assumptions", "ghosts", {**GRID, "grid_boundary": 2}, note="open"),
    Case("assumptions", "ghosts", {**GRID, "grid_boundary": 3}, note="periodic"),
    Case("assumptions", "mirrored_rows", {"x": 6, "y": 3, "depth": 2, "halo": 2, "u": (20,)}),
    Case("assumptions", "mirrored_below", {"x": 3, "depth": 2, "halo": 2, "u": (12,)}),
    Case("assumptions", "shifted", {"u": (5, 5), "n": 3, "m": 2, "down": 1, "right": 2}),
    Case("assumptions", "source", {"p": (8, 2), "amplitude": (3,), "x": 1, "y": 2, "step": 2}),
)
COMPILED = ("leap", "leaps", "ghosts", "mirrored_rows", "shifted")
