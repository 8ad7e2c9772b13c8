"""What production codes write around and in their kernels."""

from tests.cases import Case, N

CASES = (
    Case("production", "slopes", {"u": (N, 3), "s": (N,)}),
    Case("production", "Kinetic::compute", {"atoms_v": (N, 3), "atoms_mass": (N,), "atoms_n": N}),
    Case(
        "production",
        "weighted",
        {"fields_0": 1, "fields_1": 0, "fields_2": 1, "power_0": 2, "power_1": -1, "c": 0.7, "u": (N, 3)},
    ),
    Case(
        "production",
        "Stream<double>::triad",
        {"a": (N,), "b": (N,), "c": (N,), "n": N, "scalar": 0.8},
    ),
)
COMPILED = ("slopes", "Kinetic::compute", "weighted", "Stream<double>::triad")
