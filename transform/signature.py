"""What a caller of the generated gradient sees: parameters, adjoints, tangents, types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from transform.diagnostics import UsageError
from transform.ir.nodes import Formal
from transform.ir.types import Scalar, View


@dataclass(frozen=True)
class Argument:
    """One parameter of the primal, or one member of a parameter of class type.

    ``spelling`` is its C++ type without reference or trailing const. An argument that is an independent
    or a dependent has an adjoint ``<name>_b`` (and a tangent ``<name>_d``) of type ``adjoint_spelling``:
    for a View the non-const View type, for a scalar ``T`` plain ``T`` (passed as ``T&``). A scalar that is
    ``written``, behind a reference, a pointer or in an object, has its seed in ``<name>_b``, as a View has.
    """

    name: str
    type: Scalar | View
    spelling: str
    adjoint_spelling: str
    independent: bool
    dependent: bool
    written: bool
    member: str = ""  # the C++ expression for a member, such as mesh.nodes.x
    by: str = ""  # & or * for a scalar behind a reference or pointer

    @property
    def has_adjoint(self) -> bool:
        return self.independent or self.dependent


@dataclass(frozen=True)
class Signature:
    """The primal ``qualified(arguments...) -> returns`` and its derivatives in ``namespace kad``::

        R  kad::<name>_grad   (P1 p1, ..., A_b& a_b, ...)               adjoints in parameter order
        R  kad::<name>_grad   (<name>_workspace& ws, P1 p1, ..., A_b& a_b, ...)
        R  kad::<name>_grad   (..., R seed)                             overloads, if R is floating
        R  kad::<name>_tangent(P1 p1, ..., A_d a_d, ..., R& r_d)        r_d only if R is floating

    View adjoints and tangents are passed as (const references to) Views, scalar adjoints as ``T&``,
    scalar tangents as ``T``. ``f_tangent`` runs the primal too; a dependent View's ``_d`` holds its input
    tangent on entry and its output tangent on return.

    Parameters of class type are ``objects``, passed as ``const T&`` or ``T*``; that of a member function is
    the first, ``self``. In their place ``arguments`` has the members that are used, ``<object>_<member>``
    (of ``self`` just ``<member>``).
    """

    name: str
    qualified: str
    returns: Scalar | None
    arguments: tuple[Argument, ...]
    objects: tuple[Formal, ...] = ()

    @property
    def seeded(self) -> bool:
        """Whether the returned value has a derivative."""
        return self.returns is not None and self.returns.is_float

    @property
    def parameters(self) -> tuple[Argument | Formal, ...]:
        """The parameters of the C++ function."""
        found: list[Argument | Formal] = [a for a in self.arguments if not a.member]
        for formal in self.objects:
            found.insert(formal.position, formal)
        return tuple(found)

    @property
    def members(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.member)

    def prepare(self, value: Callable[[Argument], str]) -> list[str]:
        """C++ statements that make the objects of a call, ``<name>_object``, from their members.

        Raises ``UsageError`` if the class has no constructor that could be called.
        """
        lines = []
        values = {a.member.replace("->", "."): value(a) for a in self.members}
        for p in self.objects:
            if p.maker is None:
                raise UsageError(
                    f"{self.qualified}: no object of class {p.spelling} can be made to try the gradient: "
                    "give the class a default constructor"
                )
            lines.append(f"{p.spelling} {p.name}_object = {_made(p.maker, p.name, values)};")
            for number, (member, maker) in enumerate(p.pointees):
                if any(path.startswith(f"{p.name}.{member}.") for path in values):
                    made = _made(maker, f"{p.name}.{member}", values)
                    lines.append(f"auto {p.name}_object_{number} = {made};")
                    lines.append(f"{p.name}_object.{member} = &{p.name}_object_{number};")
        lines += [f"{_in_object(a)} = {value(a)};" for a in self.members]
        return lines

    def finish(self, value: Callable[[Argument], str]) -> list[str]:
        """C++ statements after a call that keep what it changed in the objects."""
        changed = [a for a in self.members if a.written and isinstance(a.type, Scalar)]
        return [f"{value(a)} = {_in_object(a)};" for a in changed]

    def passed(self, value: Callable[[Argument], str]) -> list[str]:
        """The C++ arguments of a call of a derivative, its adjoints aside."""
        return [
            f"{'&' if p.by == '*' else ''}{value(p)}"
            if isinstance(p, Argument)
            else f"{'&' if p.pointer else ''}{p.name}_object"
            for p in self.parameters
        ]

    def call(self, value: Callable[[Argument], str]) -> str:
        """The C++ call of the primal."""
        given = self.passed(value)
        if self.objects and self.objects[0].this:
            return f"{given[0]}.{self.name}({', '.join(given[1:])})"
        return f"::{self.qualified}({', '.join(given)})"


def _in_object(member: Argument) -> str:
    """A member of what ``prepare`` makes."""
    owner, path = re.split(r"\.|->", member.member, maxsplit=1)
    return f"{owner}_object.{path}"


def _made(maker: str, path: str, values: Mapping[str, str]) -> str:
    """The expression for a new object, with the values of its members."""
    return re.sub(r"@([^@|]*)\|([^@]*)@", lambda m: values.get(f"{path}.{m[1]}", m[2]), maker)
