"""What is refused: each file of ``tests/rejects`` lists where and why.

Comments ``// expect: LINE:COLUMN text`` at the top of a file are exactly its findings, in order.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.kokkos_support import toolchain
from transform.diagnostics import Refused
from transform.frontend.clang import ParseOptions
from transform.frontend.lower import lower

FILES = sorted((Path(__file__).parent / "rejects").glob("*.cpp"))


def expected(file: Path) -> list[tuple[str, str]]:
    return re.findall(r"^// expect: (\d+:\d+) (.+)$", file.read_text(), re.M)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_findings(file: Path) -> None:
    with pytest.raises(Refused) as refused:
        lower(file, ParseOptions(kokkos_include=toolchain().kokkos.include), file.stem)
    found = [(f"{d.loc.line}:{d.loc.column}", d.message) for d in refused.value.diagnostics if d.loc]
    wanted = expected(file)
    assert [place for place, _ in found] == [place for place, _ in wanted], str(refused.value)
    for (_, message), (_, text) in zip(found, wanted, strict=True):
        assert text in message
    assert all(d.loc and d.loc.file == str(file) and d.hint for d in refused.value.diagnostics)
