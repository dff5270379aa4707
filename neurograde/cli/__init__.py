"""The command line: `neurograde`. A command lives in the file named for who types it.

author       the instructor, who writes assignments
grade        whoever grades what came
competition  whoever runs a competition
staff        whoever looks after the course: grades, roster, exports, the platform itself
demo         whoever wants to see it all on a small class
"""

from neurograde.cli.commands import main

__all__ = ["main"]
