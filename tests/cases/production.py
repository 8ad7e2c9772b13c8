"""What production codes write around and in their kernels."""

from tests.cases import Case, N

CASES = (
    Case("production", "slopes", {"u": (N, 3), "s": (N,)}),
    Case("production", "Kinetic::compute", {"atoms_v": (N, 3), "atoms_mass": (N,), "atoms_n": N}),
)
COMPILED = ("slopes", "Kinetic::compute")
