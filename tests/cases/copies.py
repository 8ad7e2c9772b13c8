"""Copies, mirrors, elements on the host."""

from tests.cases import IDX, Case, N

CASES = (
    Case("copies", "copied_parts", {"a": (N, N), "x": (N,), "y": (N,), "n": N}),
    Case("copies", "ghost_layers", {"u": (8,), "n": 8, "steps": 3}),
    Case("copies", "ghost_layers", {"u": (8,), "n": 8, "steps": 0}, note="no steps"),
    Case("copies", "to_scalar", {"x": (N,), "total": (), "n": N}),
    Case("copies", "mirror_round_trip", {"x": (N,), "a": 0.7, "n": N}),
    Case("copies", "mirror_and_copy", {"x": (N,), "n": N}),
    Case("copies", "host_parameter", {"h": (N,), "x": (N,), "n": N}),
    Case("copies", "host_elements", {"x": (N,), "n": N}),
    Case("copies", "host_scan", {"x": (N,), "y": (N,), "n": N}),
    Case("copies", "host_scan", {"x": (N,), "y": (N,), "n": 0}, note="no trips"),
    Case("copies", "host_control", {"u": (N,), "residual": (N,), "n": N, "steps": 3}),
    Case("copies", "host_integers", {"x": (N,), "idx": IDX, "n": N}),
    Case("copies", "float_elements", {"x": (3,), "scale": ()}, floats=frozenset({"x"})),
    Case("copies", "recurrence", {"x": (N,), "a": (N,), "n": N}),
    Case("copies", "relaxation", {"x": (N,), "a": (N,), "n": N, "sweeps": 3}),
)
COMPILED = ("copied_parts", "ghost_layers", "mirror_round_trip", "host_elements")
