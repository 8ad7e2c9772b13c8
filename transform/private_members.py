"""Members that are not public, in generated code.

Access is not checked in the arguments of an explicit instantiation ([temp.spec]), so that one may hand a
pointer to a private member to a function that anyone can call: ``kad::Open`` in ``runtime/core.hpp``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from transform.ir.objects import Private


def private(path: str, class_: str, member: str) -> Private:
    """The description of ``member`` of ``class_``, reached by the expression ``path``."""
    name = f"{member}_of_{class_}"
    tag = re.sub(r"[\W_]+", "_", name).strip("_")
    if tag != name:  # names that differ only in what is no letter stay different
        tag += "_" + hashlib.sha256(name.encode()).hexdigest()[:6]
    return Private(path, tag, class_, member)


def opened(path: str, hidden: Iterable[Private], root: str | None = None) -> str:
    """The C++ expression for the member ``path`` (``self.grid->x``), whatever is private on the way.

    ``root`` stands in the place of the first name, and is the object itself even if that is a pointer.
    """
    tags = {p.path: p.tag for p in hidden}
    first, index, rest = re.match(r"(\w+)((?:\[\d+\])*)(.*)", path).groups()  # type: ignore[union-attr]
    expression, here = f"{root or first}{index}", first
    for access, member, index in re.findall(r"(\.|->)(\w+(?:\(\))?)((?:\[\d+\])*)", rest):
        shown = "." if root is not None and here == first else access
        here += access + member
        tag = tags.get(here)
        expression = (
            f"{expression}{shown}{member}"
            if tag is None
            else f"({expression}{shown}*member_of(kad::{tag}{{}}))"
        )
        expression, here = expression + index, here + index
    return expression


def openers(paths: Iterable[str], hidden: Iterable[Private]) -> list[str]:
    """The C++ lines, at namespace scope, that ``opened`` needs for these members."""
    wanted = list(paths)
    used = {
        p.tag: p
        for p in hidden
        if any(re.match(rf"{re.escape(p.path)}(\.|->|\[|$)", path) for path in wanted)
    }
    lines: list[str] = []
    for tag, p in sorted(used.items()):
        lines += [
            f"#ifndef KAD_MEMBER_{tag}",
            f"#define KAD_MEMBER_{tag}",
            "namespace kad {",
            f"// {p.class_}::{p.member} is not public; an explicit instantiation may name it all the same.",
            f"struct {tag} {{ friend constexpr auto member_of({tag}); }};",
            f"template struct Open<{tag}, &{p.class_}::{p.member}>;",
            "}  // namespace kad",
            "#endif",
            "",
        ]
    return lines
