"""What a caller of the generated gradient sees: parameters, adjoints, tangents, types."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from transform.diagnostics import UsageError
from transform.ir.objects import Formal, Private
from transform.ir.types import Scalar, View
from transform.private_members import opened


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
    enumeration: str = ""  # the C++ type of which it is the number

    @property
    def has_adjoint(self) -> bool:
        return self.independent or self.dependent

    def number(self, expression: str) -> str:
        """``expression``, of the C++ type, as the function has it."""
        return f"static_cast<{self.spelling}>({expression})" if self.enumeration else expression

    def declared(self, value: str) -> str:
        """``value`` as the C++ type has it."""
        return f"static_cast<{self.enumeration}>({value})" if self.enumeration else value


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
    (of ``self`` just ``<member>``). Those of them that are not public are ``hidden``.
    """

    name: str
    qualified: str
    returns: Scalar | None
    arguments: tuple[Argument, ...]
    objects: tuple[Formal, ...] = ()
    hidden: tuple[Private, ...] = ()

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

    def expression(self, argument: Argument) -> str:
        """The C++ expression for what an argument is in the function: a parameter, or a member of one."""
        return opened(argument.member, self.hidden) if argument.member else argument.name

    @property
    def members(self) -> tuple[Argument, ...]:
        return tuple(a for a in self.arguments if a.member)

    def prepare(self, value: Callable[[Argument], str]) -> list[str]:
        """C++ statements that make the objects of a call, ``<name>_object``, from their members.

        Raises ``UsageError`` if the class has no constructor that could be called.
        """
        lines = []
        values = {a.member.replace("->", "."): a.declared(value(a)) for a in self.members}
        for p in self.objects:
            if p.extent:
                lines.append(f"{p.spelling} {p.name}_object[{p.extent}] = {{}};")
                continue
            if p.maker is None:
                raise UsageError(
                    f"{self.qualified}: no object of class {p.spelling} can be made to try the gradient: "
                    "give the class a default constructor"
                )
            lines.append(f"{p.spelling} {p.name}_object = {_made(p.maker, p.name, values)};")
            for number, (member, maker) in enumerate(p.pointees):
                here = f"{p.name}.{member}".replace("->", ".")
                if any(path.startswith((f"{here}.", f"{here}[")) for path in values):
                    lines.append(f"auto {p.name}_object_{number} = {_made(maker, here, values)};")
                    pointer = self._in_object(f"{p.name}{'->' if p.pointer else '.'}{member}")
                    lines.append(f"{pointer} = &{p.name}_object_{number};")
        lines += [
            f"{self._in_object(a.member)} = {a.declared(value(a))};"
            for a in self.members
            if not a.member.endswith(")")
        ]
        return lines

    def finish(self, value: Callable[[Argument], str]) -> list[str]:
        """C++ statements after a call that keep what it changed in the objects."""
        changed = [a for a in self.members if a.written and isinstance(a.type, Scalar)]
        return [f"{value(a)} = {a.number(self._in_object(a.member))};" for a in changed]

    def passed(self, value: Callable[[Argument], str]) -> list[str]:
        """The C++ arguments of a call of a derivative, its adjoints aside."""
        return [
            f"{'&' if p.by == '*' else ''}{p.declared(value(p))}"
            if isinstance(p, Argument)
            else f"{'&' if p.pointer else ''}{p.name}_object"
            for p in self.parameters
        ]

    def call(self, value: Callable[[Argument], str]) -> str:
        """The C++ call of the primal."""
        given = self.passed(value)
        if self.objects and self.objects[0].this:
            method = re.split(r"::(?![^<]*>)", self.qualified)[-1]
            return f"{given[0]}.{method}({', '.join(given[1:])})"
        return f"::{self.qualified}({', '.join(given)})"

    def _in_object(self, path: str) -> str:
        """A member of what ``prepare`` makes."""
        owner = re.split(r"\.|->|\[", path, maxsplit=1)[0]
        return opened(path, self.hidden, f"{owner}_object")


def _made(maker: str, path: str, values: Mapping[str, str]) -> str:
    """The expression for a new object, with the values of its members."""
    return re.sub(r"@([^@|]*)\|([^@]*)@", lambda m: values.get(f"{path}.{m[1]}", m[2]), maker)
