"""How a command ends without a result where the user is to be told in one line.

Here, so that the command line knows them without the libraries of a search.
"""

from __future__ import annotations


class NoVariant(Exception):
    """No variant passed verification, or none that did may win (exit status 5)."""


class NoDevice(Exception):
    """No device of the architecture can be reached (exit status 6). The message lists those that can."""


class StorageError(Exception):
    """The storage cannot be written any more. What was told before is kept; ``--resume`` continues."""
