"""Lambdas with names, lambdas and functions as arguments, templates."""

from tests.cases import Case, N

CASES = (
    Case("callables", "named_kernel", {"x": (N,), "a": 0.7}),
    Case("callables", "captured_early", {"x": (N,), "a": 0.7}),
    Case("callables", "captured_by_reference", {"x": (N,), "a": 0.7}),
    Case("callables", "mixed_captures", {"x": (N,), "a": 0.7, "b": 1.3}),
    Case("callables", "helper_lambdas", {"y": (N,), "x": (N,), "a": 0.7}),
    Case("callables", "changed_through_capture", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "kept_in_loop", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "array_copied", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "called_at_once", {"x": (N,), "a": 0.7}),
    Case("callables", "called_at_once", {"x": (N,), "a": 1.7}, note="large"),
    Case("callables", "launching_lambda", {"y": (N,), "x": (N,), "a": 0.7, "steps": 3}),
    Case("callables", "launching_lambda", {"y": (N,), "x": (N,), "a": 0.7, "steps": 0}, note="no steps"),
    Case("callables", "lambda_arguments", {"x": (N,), "a": 0.7}),
    Case("callables", "templates", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "functions_as_arguments", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "launch_templates", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "generic_kernels", {"y": (N, N), "x": (N,), "n": N}),
    Case("callables", "tagged_lambda", {"x": (N,), "n": N}),
    Case("callables", "this_of_another", {"x": (N,), "y": (N,), "a": 0.7, "b": 1.3}),
    Case("callables", "nested_copies", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "accumulator_captured", {"x": (N,), "n": N}),
    Case("callables", "host_lambda_in_loop", {"y": (N,), "a": 0.7, "steps": 3}),
    Case("callables", "host_lambda_in_loop", {"y": (N,), "a": 0.7, "steps": 0}, note="no steps"),
    Case("callables", "generic_exits", {"y": (N,), "x": (N,), "n": N}),
    Case("callables", "copied_object", {"v": (N,), "c": 0.7}),
)

COMPILED = ("captured_early", "lambda_arguments", "this_of_another", "copied_object")
