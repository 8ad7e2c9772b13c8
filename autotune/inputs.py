"""The data of a workload as raw files for the harness, written once into the cache.

cache_dir()/inputs/<fingerprint>/{manifest.txt, <parameter>.raw}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from autotune.store import cache_dir, evict, publish, staging, touch
from autotune.workload import Workload, arrays, fingerprint
from transform.signature import Signature

SIZE_LIMIT = 4 * 2**30  # bytes of input data kept


@dataclass(frozen=True)
class Inputs:
    """A workload at full size, and a small one for finite differences and elementwise comparison."""

    signature: Signature
    full: Workload
    small: Workload

    def directories(self) -> tuple[Path, Path]:
        """Where the files of ``full`` and ``small`` are on this machine; writes those that are missing.

        Raises ``UsageError`` (a data file has gone) or ``CacheError``.
        """
        return _directory(self.full, self.signature), _directory(self.small, self.signature)


def _directory(workload: Workload, signature: Signature) -> Path:
    root = cache_dir() / "inputs"
    entry = root / fingerprint(workload, signature)
    if not entry.is_dir():
        with staging(root / "staging") as stage:
            _write(stage, workload, signature)
            publish(stage, entry)
        evict((e for e in root.iterdir() if e.name != "staging"), SIZE_LIMIT)
    touch(entry)
    return entry


def _write(directory: Path, workload: Workload, signature: Signature) -> None:
    lines = []
    for name, data in arrays(workload, signature).items():
        lines.append(" ".join([name, str(data.ndim), *map(str, data.shape)]))
        data.tofile(directory / f"{name}.raw")
    (directory / "manifest.txt").write_text("\n".join(lines) + "\n")
