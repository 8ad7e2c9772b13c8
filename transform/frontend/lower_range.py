"""Range-based ``for`` over arrays and braced lists."""

from __future__ import annotations

from transform.frontend.arith import convert
from transform.frontend.carried import repeat
from transform.frontend.clang import Cursor, CursorKind, children, key, location, strip
from transform.frontend.cpptypes import array, is_reference, scalar
from transform.frontend.local_arrays import declare_array
from transform.frontend.lower_loop import iteration_body
from transform.frontend.places import memory
from transform.frontend.read_write import read
from transform.frontend.scope import Alias, Binding, Element, Left, Scope, Value
from transform.ir.nodes import Block, Const, For, Symbol
from transform.ir.types import INT, Array

_K = CursorKind


def range_for(scope: Scope, cursor: Cursor) -> None:
    """Lower ``for (declaration : range) body``."""
    before = set(scope.env)
    *init, declared, range_, body = children(cursor)
    scope.body(scope, init)
    found = _elements(scope, range_)
    element = scalar(declared.type)
    if found is None or element is None:
        hint = "loop over the elements of a local array of scalars, or write a counted for loop"
        scope.refuse(range_, "a loop over this range is not supported", hint)
        return
    assert isinstance(found.type, Array)
    index = scope.fresh.symbol("k", INT)
    last = Const(found.type.extents[0], INT)
    outline = For(index, Const(0, INT), last, 1, False, (), Block(()), location(cursor))

    def bind() -> None:
        place = Element(found, (index,))
        binding: Binding = Alias(place)
        if not is_reference(declared.type):
            name = str(declared.spelling)
            value = convert(scope, read(scope, place, name, declared), element, name, declared)
            binding = Value(name, element, value)
        scope.env[key(declared)] = binding

    with scope.leavable(Left.LOOP) as jump:

        def iteration() -> None:
            bind()
            iteration_body(scope, jump, body)

        repeat(scope, cursor, outline, [body], iteration)
    scope.env = {name: binding for name, binding in scope.env.items() if name in before}


def _elements(scope: Scope, range_: Cursor) -> Symbol | None:
    """The array that a range consists of: a local or constant one, or a braced list."""
    source = strip(range_)
    if source.kind == _K.INIT_LIST_EXPR:
        type_ = array(source.type)
        if type_ is None or len(type_.extents) != 1:
            return None
        symbol = scope.fresh.symbol("list", type_)
        declare_array(scope, symbol, source, range_)
        return symbol
    type_ = array(source.type)
    if source.kind != _K.DECL_REF_EXPR or type_ is None or len(type_.extents) != 1:
        return None
    found = memory(scope, source)
    return found if found is not None and isinstance(found.type, Array) else None
