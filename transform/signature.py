"""What a caller of the generated gradient sees: parameters, adjoints, tangents, types."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.types import Scalar, View


@dataclass(frozen=True)
class Argument:
    """One parameter of the primal.

    ``spelling`` is its C++ type without reference or trailing const. An argument that is an independent
    or a dependent has an adjoint ``<name>_b`` (and a tangent ``<name>_d``) of type ``adjoint_spelling``:
    for a View the non-const View type, for a scalar ``T`` plain ``T`` (passed as ``T&``).
    """

    name: str
    type: Scalar | View
    spelling: str
    adjoint_spelling: str
    independent: bool
    dependent: bool
    written: bool

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
    """

    name: str
    qualified: str
    returns: Scalar | None
    arguments: tuple[Argument, ...]
