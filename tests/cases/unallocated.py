"""View variables without an allocation at first."""

from tests.cases import Case, N

CASES = (Case("unallocated", "assigned_later", {"x": (N,), "n": N}),)
