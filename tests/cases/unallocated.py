"""View variables without an allocation, and with other sizes later."""

from tests.cases import Case, N

CASES = (
    Case("unallocated", "assigned_later", {"x": (N,), "n": N}),
    Case("unallocated", "allocated_later", {"x": (N,), "n": N}),
)
COMPILED = ("allocated_later",)
