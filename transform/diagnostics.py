"""Located findings about the user's code, printed as clang prints its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from transform.ir.nodes import Location


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """What is wrong, where, and what the user can do about it (``hint``)."""

    message: str
    loc: Location | None
    hint: str = ""

    def render(self) -> str:
        """Clang's format: ``file:line:col: error: ...``, the source line, a caret, a note with the hint."""
        if self.loc is None:
            text = f"error: {self.message}"
        else:
            where = f"{self.loc.file}:{self.loc.line}:{self.loc.column}"
            text = f"{where}: error: {self.message}"
            line = _source_line(self.loc)
            if line is not None:
                margin = f"{self.loc.line:5} | "
                caret = " " * (len(margin) - 2) + "| " + _caret_indent(line, self.loc.column) + "^"
                text += f"\n{margin}{line}\n{caret}"
        return text + (f"\n  hint: {self.hint}" if self.hint else "")


class Refused(Exception):
    """The code cannot be differentiated (exit status 3). Carries every finding, not only the first."""

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(d.render() for d in self.diagnostics))


class NothingActive(Refused):
    """No result depends on an independent: there is nothing to differentiate."""


class UsageError(Exception):
    """The request is wrong: an unknown function, ``--wrt`` name or knob value (exit status 2)."""


def _source_line(loc: Location) -> str | None:
    try:
        return Path(loc.file).read_text(errors="replace").splitlines()[loc.line - 1]
    except (OSError, IndexError):
        return None


def _caret_indent(line: str, column: int) -> str:
    return "".join("\t" if c == "\t" else " " for c in line[: column - 1])
