"""The command line as people type it, in this process."""

from click.testing import CliRunner

from neurograde.cli import main

UNSET = {"NEUROGRADE_COURSE": None, "NEUROGRADE_GRADEBOOK": None}


def neurograde(*arguments, doors=None, env=None):
    """`neurograde ARGUMENTS`, to its end: its `exit_code`, `stdout` and `stderr`. A bug of ours raises."""
    environment = {**UNSET, **(env or {})}
    return CliRunner(env=environment).invoke(
        main, [*map(str, arguments)], obj=doors, prog_name="neurograde", catch_exceptions=False
    )
