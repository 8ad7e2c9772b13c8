"""Memory that kernels overwrite."""

from tests.cases import IDX, Case, N

CASES = (
    Case("memory", "in_place", {"u": (N,), "n": N}),
    Case("memory", "in_place_thrice", {"u": (N,), "a": 0.7, "n": N}),
    Case("memory", "in_place_thrice", {"u": (N,), "a": 0.7, "n": N}, wrt=("a",), of=("u",), note="wrt a"),
    Case("memory", "increment", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "increment", {"y": (N,), "x": (N,), "n": N}, wrt=("x",), of=("y",), note="wrt x"),
    Case("memory", "multiply", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "multiply", {"y": (N,), "x": (N,), "n": N}, wrt=("x",), of=("y",), note="wrt x"),
    Case("memory", "overwrite_constant", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "ping_pong", {"u": (N,), "v": (N,), "n": N}),
    Case("memory", "ping_pong", {"u": (N,), "v": (N,), "n": N}, wrt=("u",), of=("v",), note="v of u"),
    Case("memory", "ping_pong", {"u": (N,), "v": (N,), "n": N}, of=("u",), note="of u"),
    Case("memory", "local_reused", {"x": (N,), "n": N}),
    Case("memory", "filler_with_side_effect", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "filler_with_atomic_side_effect", {"y": (N,), "x": (N,), "idx": IDX, "n": N}),
    Case("memory", "parameter_refilled", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "local_refilled", {"x": (N,), "n": N}),
    Case("memory", "copies", {"y": (N,), "z": (N,), "x": (N,), "a": 0.7, "n": N}),
    Case("memory", "own_element_twice", {"u": (2 * N + 2,), "n": N}),
    Case("memory", "own_element_branch", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "store_then_read", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "read_after_branch_store", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "overwritten_after_reduction", {"u": (N,), "x": (N,), "n": N}),
    Case("memory", "matrix_rows", {"A": (N, 3), "n": N, "m": 3}),
    Case("memory", "several_fills", {"y": (N,), "x": (N,), "n": N}),
    Case("memory", "updated_and_read", {"x": (N,), "r": (N,), "a": 0.7, "n": N}),
    Case("memory", "updated_in_branches", {"x": (N,), "y": (N,), "a": 0.7, "n": N}),
    Case("memory", "updated_in_loops", {"A": (N, 3), "x": (N,), "n": N, "m": 4}),
    Case("memory", "updated_in_loops", {"A": (N, 3), "x": (N,), "n": N, "m": 0}, note="no trips"),
    Case("memory", "updated_until", {"x": (N,), "a": 0.7, "n": N, "m": 4}),
    Case("memory", "updated_until", {"x": (N,), "a": 0.7, "n": N, "m": 0}, note="no trips"),
)
COMPILED = (
    "local_refilled",
    "parameter_refilled",
    "filler_with_atomic_side_effect",
    "copies",
    "updated_and_read",
    "updated_in_loops",
)
