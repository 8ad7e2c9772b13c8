"""Loops inside kernels."""

from tests.cases import IDX, Case, N

CASES = (
    Case("loops", "carried_product", {"x": (N,), "n": N}),
    Case("loops", "carried_product_dynamic", {"x": (N,), "n": N, "m": 4}),
    Case("loops", "carried_product_dynamic", {"x": (N,), "n": N, "m": 0}, note="no trips"),
    Case("loops", "prefix_sum", {"x": (N, 4), "w": (4,), "n": N, "m": 4}),
    Case("loops", "prefix_sum", {"x": (N, 4), "w": (4,), "n": N, "m": 4}, wrt=("x",), note="constant w"),
    Case("loops", "prefix_sum_named_t", {"x": (N, 4), "w": (4,), "n": N, "m": 4}, wrt=("x",)),
    Case("loops", "prefix_sum_before", {"x": (N, 4), "n": N}),
    Case("loops", "prefix_sum_active_weights", {"x": (N, 4), "w": (4,), "n": N, "m": 4}),
    Case("loops", "two_carried_swap", {"x": (N,), "n": N}),
    Case("loops", "fibonacci_linear", {"x": (N,), "n": N, "m": 5}),
    Case("loops", "nested_carried", {"x": (N,), "n": N, "m": 3}),
    Case("loops", "nested_constant_in_dynamic", {"x": (N,), "n": N, "m": 3}),
    Case("loops", "nested_dynamic_in_constant", {"x": (N,), "n": N, "m": 2}),
    Case("loops", "descending_steps", {"x": (N,), "n": N}),
    Case("loops", "descending_dynamic", {"x": (N,), "n": N, "m": 5}),
    Case("loops", "zero_trips", {"x": (N,), "n": N, "none": 0}),
    Case("loops", "zero_trips", {"x": (N,), "n": N, "none": -2}, note="negative"),
    Case("loops", "local_array_horner", {"x": (N,), "n": N}),
    Case("loops", "local_matrix_inverse", {"A": (N, 4), "n": N}),
    Case("loops", "array_in_loop", {"x": (N,), "n": N, "m": 3}),
    Case("loops", "array_dynamic_index", {"x": (N,), "idx": IDX, "n": N}),
    Case("loops", "array_accumulated_dynamic", {"x": (N,), "w": (N,), "n": N, "m": 5}),
    Case("loops", "array_reset_in_loop", {"x": (N,), "n": N}),
    Case("loops", "integer_carried", {"x": (N,), "n": N}),
    Case("loops", "loop_in_branch_in_loop", {"x": (N,), "n": N, "m": 5}),
    Case("loops", "bounds_from_view", {"x": (8,), "row": [0, 2, 2, 5, 8], "n": 4}),
)
COMPILED = ("nested_carried", "descending_dynamic", "array_dynamic_index", "bounds_from_view")
