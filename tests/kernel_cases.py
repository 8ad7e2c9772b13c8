"""Arguments for the kernels in ``tests/kernels``: small, far from kinks, and different from one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

KERNELS = Path(__file__).parent / "kernels"


@dataclass(frozen=True, eq=False)
class Case:
    """One call of one kernel. ``arguments``: shapes of floating-point Views, values of everything else."""

    file: str
    function: str
    arguments: Mapping[str, Any]
    wrt: tuple[str, ...] | None = None
    of: tuple[str, ...] | None = None
    note: str = ""
    floats: frozenset[str] = field(default=frozenset())  # Views of float

    @property
    def name(self) -> str:
        return "-".join(filter(None, (self.function, self.note)))

    @property
    def path(self) -> Path:
        return KERNELS / f"{self.file}.cpp"

    def values(self) -> dict[str, Any]:
        """Fresh arguments."""
        return {name: self._value(k, name, given) for k, (name, given) in enumerate(self.arguments.items())}

    def _value(self, k: int, name: str, given: Any) -> Any:
        if isinstance(given, list):
            return np.array(given, np.int64 if name == "key" else np.int32)
        if not isinstance(given, tuple):
            return given
        count = int(np.prod(given, dtype=int))
        spaced = 0.13 + 0.77 * ((np.arange(count) * 0.618034 + 0.31 * k) % 1.0)
        return np.asarray(spaced.reshape(given), np.float32 if name in self.floats else np.float64)


N = 6
IDX = [3, 0, 3, 5, 1, 0]
PERM = [3, 0, 2, 5, 1, 4]

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
    Case("branches", "out_parameters", {"x": (N,), "n": N}),
    Case("branches", "early_returns_in_helper", {"x": (N,), "n": N}),
    Case("branches", "rotated", {"x": (N,), "n": N}),
    Case("branches", "guard", {"y": (N,), "x": (N,), "n": N}),
    Case("branches", "ternary_out_of_range", {"x": (N,), "n": N}),
    Case("branches", "branch_overwrites_array", {"x": (N,), "n": N}),
    Case("branches", "branch_on_active", {"x": (N,), "threshold": 0.9, "n": N}),
    Case("branches", "one_sided_branches", {"x": (N,), "w": (N,), "n": N}),
    Case("branches", "one_sided_branches", {"x": (N,), "w": (N,), "n": N}, wrt=("x",), note="wrt x"),
    Case("branches", "logic", {"x": (N,), "n": N, "both": True}),
    Case("branches", "nested_ternary", {"x": (N,), "n": N}),
    Case("branches", "switched", {"x": (N,), "kind": IDX, "n": N}),
    Case("indices", "gather", {"x": (N,), "idx": IDX, "n": N}),
    Case("indices", "scatter_permutation", {"y": (N,), "x": (N,), "perm": PERM, "n": N}),
    Case("indices", "in_place_permutation", {"y": (N,), "x": (N,), "perm": PERM, "n": N}),
    Case("indices", "scatter_atomic", {"y": (N,), "x": (N,), "idx": IDX, "n": N}),
    Case("indices", "two_index_arrays", {"y": (N,), "x": (N,), "perm": PERM, "idx": IDX, "n": N}),
    Case(
        "indices",
        "conditional_permutation",
        {"y": (N,), "x": (N,), "z": (N,), "idx": [0, 0, 2, 0, 4, 2], "n": N},
    ),
    Case(
        "indices",
        "connectivity",
        {"c": (N, 2), "u": (N,), "conn": [[0, 1, 2], [1, 2, 3], [5, 0, 3]], "ne": 3},
    ),
    Case("indices", "stencil", {"y": (N,), "x": (N,), "n": N}),
    Case("indices", "even_odd", {"u": (2 * N,), "n": N}),
    Case("indices", "offsets", {"x": (2 * N + 3,), "n": N, "k": 2}),
    Case("indices", "divided", {"x": (N,), "n": N}),
    Case("indices", "narrowed", {"x": (200,), "n": N}),
    Case("indices", "narrowed_plain", {"x": (256,), "n": 260}),
    Case("indices", "rounded", {"x": (N,), "t": (1,), "n": N}, wrt=("x",)),
    Case("indices", "grid", {"y": (4, 5), "x": (4, 5), "n": 4, "m": 5}),
    Case("indices", "transposed", {"y": (3, 4), "x": (4, 3), "n": 4, "m": 3}),
    Case("indices", "flattened", {"x": (4, 3), "w": (3,), "n": 4, "m": 3}),
    Case("indices", "cube", {"a": (4, 2, 3), "w": (4,), "n": 4}),
    Case("indices", "theta", {"data": (N, 4), "theta": (4,), "n": N}),
    Case("indices", "reversed", {"y": (N,), "x": (N,), "n": N}),
    Case("indices", "added_then_read", {"y": (2 * N + 2,), "x": (N + 1,), "n": N}),
    Case("indices", "unsigned_stencil", {"x": (N,)}),
    Case("indices", "unsigned_stencil", {"x": (1,)}, note="one"),
    Case("indices", "unsigned_stencil", {"x": (2,)}, note="two"),
    Case("indices", "unsigned_shift", {"x": (N,), "first": 2, "last": N + 1}),
    Case("indices", "unsigned_shift", {"x": (N,), "first": 2, "last": 0}, note="empty"),
    Case("indices", "grid_in_place", {"y": (4, 5), "x": (4, 5), "n": 4, "m": 5}),
    Case("indices", "grid_in_place", {"y": (3, 5), "x": (3, 5), "n": 3, "m": 5}, note="narrow"),
    Case("indices", "grid_in_place", {"y": (2, 2), "x": (2, 2), "n": 2, "m": 2}, note="empty"),
    Case("indices", "grid_transposed", {"y": (3, 4), "x": (5, 4), "n": 3, "m": 4}),
    Case("indices", "wide_stencil", {"x": (12,), "w": (12,), "n": 12}),
    Case("indices", "wide_stencil", {"x": (9,), "w": (9,), "n": 9}, note="short"),
    Case("indices", "wide_stencil", {"x": (6,), "w": (6,), "n": 6}, note="empty"),
    Case("host", "normalised", {"x": (N,), "y": (N,), "n": N}),
    Case("host", "several_reductions", {"x": (N,), "a": 0.7, "n": N}),
    Case("host", "power_iteration", {"v": (N,), "x": (N,), "n": N, "steps": 4}),
    Case("host", "power_iteration", {"v": (N,), "x": (N,), "n": N, "steps": 0}, note="no steps"),
    Case("host", "time_loop", {"u": (N,), "kappa": 0.2, "n": N, "steps": 5}),
    Case("host", "time_loop", {"u": (N,), "kappa": 0.2, "n": N, "steps": 0}, note="no steps"),
    Case("host", "time_loop", {"u": (N,), "kappa": 0.2, "n": N, "steps": -3}, note="negative"),
    Case(
        "host",
        "time_loop",
        {"u": (N,), "kappa": 0.2, "n": N, "steps": 5},
        wrt=("kappa",),
        of=("u",),
        note="k",
    ),
    Case("host", "time_loop_in_place", {"u": (N,), "f": (N,), "dt": 0.3, "n": N, "steps": 5}),
    Case("host", "descending_time_loop", {"u": (N,), "dt": 0.3, "n": N, "steps": 6}),
    Case("host", "strided_time_loop", {"u": (N,), "dt": 0.3, "n": N, "steps": 12}),
    Case("host", "strided_time_loop", {"u": (N,), "dt": 0.3, "n": N, "steps": 1}, note="no steps"),
    Case("host", "carried_time_loop", {"u": (N,), "dt": 0.3, "n": N, "steps": 5}),
    Case("host", "nested_loops", {"u": (N,), "a": 0.7, "n": N, "outer": 4, "inner": 3}),
    Case("host", "nested_time_loops", {"u": (N,), "v": (N,), "n": N, "outer": 3, "inner": 2}),
    Case("host", "local_in_loop", {"u": (N,), "w": (N,), "n": N, "steps": 4}),
    Case("host", "branch_on_parameter", {"y": (N,), "x": (N,), "n": N, "mode": 2}),
    Case("host", "branch_on_parameter", {"y": (N,), "x": (N,), "n": N, "mode": 1}, note="one"),
    Case("host", "branch_on_parameter", {"y": (N,), "x": (N,), "n": N, "mode": 0}, note="none"),
    Case("host", "branch_on_reduction", {"x": (N,), "a": 0.7, "n": N}),
    Case("host", "branch_on_reduction", {"x": (N,), "a": 0.7, "n": 3}, note="small"),
    Case("host", "branch_in_time_loop", {"u": (N,), "f": (N,), "a": 0.7, "n": N, "steps": 6}),
    Case("host", "filled_by_scalar", {"y": (N,), "z": (N,), "x": (N,), "n": N}),
    Case("host", "local_across_loop", {"x": (N,), "n": N, "steps": 4}),
    Case("host", "two_time_loops", {"u": (N,), "v": (N,), "a": 0.7, "n": N, "steps": 4}),
    Case("host", "unused_and_constant", {"x": (N,), "unused": (2,), "b": 0.4, "also_unused": 2.0, "n": N}),
    Case("host", "empty_ranges", {"x": (N,), "y": (N,), "lo": 2, "hi": 2}),
    Case("host", "empty_ranges", {"x": (N,), "y": (N,), "lo": 3, "hi": 1}, note="reversed"),
    Case("host", "empty_ranges", {"x": (N,), "y": (N,), "lo": 1, "hi": 4}, note="full"),
    Case("host", "seed_times_loop", {"x": (N,), "a": 0.7, "n": N, "steps": 4}),
    Case("host", "unsigned_time_loop", {"u": (N,), "dt": 0.3, "n": N, "first": 1, "steps": 8}),
    Case(
        "host", "unsigned_time_loop", {"u": (N,), "dt": 0.3, "n": N, "first": 7, "steps": 3}, note="no steps"
    ),
    Case("host", "unsigned_loops", {"x": (N,), "n": N, "m": 4}),
    Case("host", "unsigned_loops", {"x": (N,), "n": N, "m": 0}, note="no trips"),
    Case("host", "computed_indices", {"x": (N,), "y": (N,), "idx": IDX, "n": N}),
    Case("host", "indices_in_time_loop", {"u": (N,), "at": IDX, "n": N, "steps": 5}),
    Case("host", "constant_result", {"x": (N,), "y": (N,), "n": N}, of=("y",)),
    Case("host", "result_and_output", {"x": (N,), "y": (N,), "a": 0.7, "n": N}),
    Case(
        "host",
        "result_and_output",
        {"x": (N,), "y": (N,), "a": 0.7, "n": N},
        wrt=("x", "a"),
        of=("y",),
        note="y",
    ),
    Case("host", "result_and_output", {"x": (N,), "y": (N,), "a": 0.7, "n": N}, wrt=("x", "a"), note="value"),
    Case("host", "parameter_returned", {"x": (N,), "y": (N,), "a": 0.7, "n": N}),
    Case("host", "input_overwritten_after_loop", {"u": (N,), "w": (N,), "n": N, "steps": 4}),
    Case("types", "single", {"x": (N,), "a": 0.7, "n": N}, floats=frozenset({"x"})),
    Case("types", "mixed", {"x": (N,), "y": (N,), "a": 0.7, "n": N}, floats=frozenset({"x"})),
    Case("types", "mixed_store", {"y": (N,), "x": (N,), "a": 0.7, "n": N}, floats=frozenset({"y"})),
    Case("types", "rank_zero", {"a": (), "x": (N,), "n": N}),
    Case("types", "rank_zero_fill", {"a": (), "b": (), "x": (N,), "c": 0.7, "n": N}),
    Case("types", "rank_four", {"t": (3, 2, 2, 2), "n": 3}),
    Case("types", "static_extents", {"y": (N, 3), "w": (3,), "n": N}),
    Case("types", "layouts", {"y": (3, 4), "x": (3, 4), "n": 3, "m": 4}),
    Case("types", "extents", {"x": (4,), "A": (3, 4)}),
    Case("types", "powers", {"x": (N,), "p": 1.7, "n": N}),
    Case("types", "extrema", {"x": (N,), "n": N}),
    Case("types", "math", {"x": (N,), "n": N}),
    Case("types", "positive_difference", {"x": (N,), "n": N}),
    Case("types", "scalars", {"a": 0.7, "b": 1.3, "n": N}),
    Case("types", "integer_bits", {"x": (N,), "key": [5, 7, 2, 9, 1, 12], "n": N}),
)
