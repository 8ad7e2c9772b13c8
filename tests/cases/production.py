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
    Case(
        "production",
        "Spring::relax",
        {"atoms_x": (N, 3), "atoms_n": N, "k": 0.7, "other_k": 1.2, "copy_k": 0.4, "twice": True},
    ),
)
COMPILED = ("slopes", "Kinetic::compute", "weighted", "Stream<double>::triad", "Spring::relax")
