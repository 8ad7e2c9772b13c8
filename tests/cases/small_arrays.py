"""std::array, Kokkos::Array, pairs, rows of matrices."""

from tests.cases import Case, N

CASES = (
    Case("small_arrays", "std_array", {"x": (N, 3)}),
    Case("small_arrays", "kokkos_array", {"x": (N, 2)}),
    Case("small_arrays", "array_members", {"x": (N,), "y": (N,), "a": 0.7}),
    Case("small_arrays", "pairs", {"x": (N,)}),
    Case("small_arrays", "rows_of_matrices", {"x": (N, 2)}),
    Case("small_arrays", "filled_by_loops", {"x": (N,), "a": 0.7, "b": 1.2}),
)
COMPILED = ("std_array", "kokkos_array", "array_members", "filled_by_loops")
