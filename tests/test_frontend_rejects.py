"""What is refused: each file of ``tests/rejects`` lists where, why and what to do.

Comments ``// expect: LINE:COLUMN text`` at the top of a file are exactly its findings, in order; the end of
such a line, after `` | ``, is part of the hint.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autotune import cli
from autotune.installation import candidates
from tests.kokkos_support import toolchain
from transform import pipeline
from transform.diagnostics import Diagnostic, Refused
from transform.frontend.clang import ParseOptions

FILES = sorted((Path(__file__).parent / "rejects").glob("*.cpp"))


def expected(file: Path) -> list[tuple[str, str, str]]:
    return re.findall(r"^// expect: (\d+:\d+) (.+?)(?: \| (.+))?$", file.read_text(), re.M)


def findings(file: Path) -> tuple[Diagnostic, ...]:
    options = ParseOptions(kokkos_include=toolchain().kokkos.include)
    with pytest.raises(Refused) as refused:
        pipeline.differentiate(pipeline.parse(file, options, file.stem))
    return refused.value.diagnostics


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_findings(file: Path) -> None:
    found = findings(file)
    wanted = expected(file)
    text = "\n".join(d.render() for d in found)
    assert [f"{d.loc.line}:{d.loc.column}" for d in found if d.loc] == [place for place, _, _ in wanted], text
    for finding, (_, message, hint) in zip(found, wanted, strict=True):
        assert message in finding.message
        assert hint in finding.hint
    assert all(d.loc and d.loc.file == str(file) and d.hint for d in found)


def test_every_finding_is_shown_as_a_compiler_would(capsys: pytest.CaptureFixture[str]) -> None:
    if not candidates():
        pytest.skip("no Kokkos headers")
    file = Path(__file__).parent / "rejects" / "gotos.cpp"
    assert cli.main(["grad", str(file), "--function", "gotos", "--out", "/nowhere"]) == 3
    text = capsys.readouterr().err
    assert f"{file}:" in text
    for place, message, _ in expected(file):
        assert f"{file}:{place}: error: {message}" in text
    number, column = map(int, expected(file)[0][0].split(":"))
    line = file.read_text().splitlines()[number - 1]
    assert f"{number:5} | {line}\n      | {' ' * (column - 1)}^\n  hint: " in text
