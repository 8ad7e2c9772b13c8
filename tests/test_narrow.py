"""What the user leaves of a search space, and how large a space is."""

from __future__ import annotations

from pathlib import Path

import pytest

from autotune.narrow import narrow, read_narrowing
from search_spaces.model import Constraint, Parameter, SearchSpace
from tests.search_support import SPACE
from transform.diagnostics import UsageError


def narrowed(tmp_path: Path, text: str, arch: str = "host", space: SearchSpace = SPACE) -> SearchSpace:
    path = tmp_path / "space.toml"
    path.write_text(text)
    return narrow(space, read_narrowing(path, arch))


def test_values_are_tried_in_the_order_given(tmp_path: Path) -> None:
    space = narrowed(tmp_path, 'unroll = [4, 1]\n"accumulate.x" = "coloring"')
    assert {p.name: p.values for p in space.parameters if p.name in ("unroll", "accumulate.x")} == {
        "unroll": (4, 1),
        "accumulate.x": ("coloring",),
    }
    assert space.default["unroll"] == 4
    assert 0 < space.size < SPACE.size


def test_members_of_a_family_take_what_is_legal_for_them(tmp_path: Path) -> None:
    space = narrowed(tmp_path, 'accumulate = ["privatization", "atomic"]')
    values = {p.name: p.values for p in space.parameters}
    assert values["accumulate.x"] == ("privatization", "atomic") and values["accumulate.y"] == ("atomic",)


def test_an_architecture_has_its_own_table(tmp_path: Path) -> None:
    text = "unroll = 1\n[h100]\nunroll = [2, 4]"
    assert all(p["unroll"] == 1 for p in narrowed(tmp_path, text).plans())
    assert {p["unroll"] for p in narrowed(tmp_path, text, "h100").plans()} == {2, 4}


def test_combinations_are_excluded(tmp_path: Path) -> None:
    text = '[[exclude]]\naccumulate = "atomic"\nunroll = [2, 4]\n'
    space = narrowed(tmp_path, text)
    left, all_ = list(space.plans()), list(SPACE.plans())
    gone = [p for p in all_ if p not in left]
    assert gone == [
        p for p in all_ if p["accumulate.x"] == p["accumulate.y"] == "atomic" and p["unroll"] in (2, 4)
    ]
    assert gone and space.size == len(left)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("unrol = 1", "space.toml: unknown knob 'unrol'; did you mean 'unroll'"),
        ("unroll = 3", "legal here: 1, 2, 4"),
        ('accumulate = "privatization"', "larger than the memory of this machine"),
        ("unroll = []", "must be a value or a list of values"),
        ("unroll = 1.5", "must be a value or a list of values"),
        ("[h1000]\nunroll = 1", "is no architecture"),
        ("[[exclude]]\nunroll = 1", "two knobs or more"),
        ("unroll = ", "not a TOML file"),
        ('unroll = 4\n"intermediates.t" = "recompute"', "no legal variant"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        narrowed(tmp_path, text)


def test_size_is_exact_without_counting_one_by_one() -> None:
    assert SPACE.size == len(list(SPACE.plans()))
    many = tuple(Parameter(f"v{i}", ("a", "b", "c")) for i in range(40))
    assert SearchSpace(many).size == 3**40
    depends = Parameter("w", ("x", "y"), active_if=(("v0", ("a",)),))
    tied = Constraint("not both", lambda p: (p["v1"], p["v2"]) != ("a", "a"), ("v1", "v2"))
    assert SearchSpace((*many, depends), (tied,)).size == 4 * 8 * 3**37
    assert SearchSpace(()).size == 1
    looks_at_all = Constraint("any", lambda p: p["v0"] == p["v1"])
    assert SearchSpace(many[:5], (looks_at_all, tied)).size == len(
        list(SearchSpace(many[:5], (looks_at_all, tied)).plans())
    )
