"""The command line."""

from neurograde.cli.grade import main

__all__ = ["main"]
