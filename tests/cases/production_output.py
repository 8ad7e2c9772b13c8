"""Printing, times and arrays of the caller."""

from tests.cases import Case, N

_WEIGHT = {f"weight_{i}": 0.4 + 0.3 * i for i in range(3)}
_BOX = {f"length_{i}": 0.4 + 0.3 * i for i in range(3)} | {f"periods_{i}": i for i in range(3)}

_PERIODS = {f"periods_{i}": i + 1 for i in range(3)} | {"length_0": 0.4, "length_1": 0.7}

CASES = (
    Case("production_output", "checksum", {"x": (N,), "iteration": 2}),
    Case("production_output", "checked", {"x": (N,), "scale": 0.7}),
    Case("production_output", "timed", {"x": (N,), "y": (N,), "a": 0.7, "repeats": 3}),
    Case(
        "production_output",
        "timed_extrema<Kokkos::View<double *>, double>",
        {"x": (N,), "least": 0.0, "total": 0.0},
    ),
    Case("production_output", "flagged", {"x": (N,), **_WEIGHT, "flags_0": 0, "flags_1": 1, "scale": 0.7}),
    Case("production_output", "Box::scaled", {"x": (N,), **_BOX, "axis": 1}),
    Case("production_output", "periodic", {"x": (N,), **_PERIODS}),
)
COMPILED = ("checksum", "timed", "flagged", "periodic", "Box::scaled")
