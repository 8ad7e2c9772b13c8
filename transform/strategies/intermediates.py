"""Where a value that the reverse sweep needs comes from: stored by the forward sweep, or recomputed."""

from __future__ import annotations

from dataclasses import dataclass

from transform.ir.build import Fresh
from transform.ir.nodes import Block


@dataclass(frozen=True)
class Choice:
    """One question. ``values``: the legal answers, the one that the open gradient already has first;
    ``refused``: the others with reasons. ``split_only``: asked only where forward and reverse are apart."""

    name: str
    values: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    meaning: str
    split_only: bool


def choices(body: Block) -> tuple[Choice, ...]:
    return ()


def store(body: Block, choice: Choice, fresh: Fresh) -> Block:
    return body


def recompute(body: Block, choice: Choice, fresh: Fresh) -> Block:
    return body
