"""Parameters of class type, of which the IR has the members only."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.atoms import Symbol


@dataclass(frozen=True, slots=True)
class Formal:
    """A parameter of the C++ function that is an object: its members are ``Param``s. ``position`` among all
    parameters; ``this``: the object of a member function, which is no written parameter; ``changed``: scalars
    in it are.

    ``maker`` is a C++ expression that makes such an object (``None``: there is none): where it has
    ``@member|expression@``, the value of the member belongs, or else the expression. ``pointees``: the
    members that are pointers to objects, and what makes these. ``extent``: of a C array, whose elements are
    the members and ``spelling`` their type; 0 for an object.
    """

    name: str
    spelling: str
    position: int
    pointer: bool = False
    this: bool = False
    changed: bool = False
    maker: str | None = None
    pointees: tuple[tuple[str, str], ...] = ()
    extent: int = 0


@dataclass(frozen=True, slots=True)
class Rebound:
    """A View in an object of the caller's, ``path`` as in ``Param.member``, that is another one after the
    call: that of the parameter ``to``, or none."""

    path: str
    to: Symbol | None


@dataclass(frozen=True, slots=True)
class Private:
    """A member that is not public, in an object of the caller's: ``path`` leads to it as in ``Param.member``;
    ``tag`` is the C++ name of what opens it (``private_members.py``)."""

    path: str
    tag: str
    class_: str
    member: str
