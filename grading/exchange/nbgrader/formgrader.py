"""A course directory that nbgrader's own programs work in, and the command that opens its formgrader."""

import sys
from collections.abc import Sequence
from pathlib import Path

from autograder.model.errors import ConfigError
from autograder.model.files import replace_whole
from grading.common.directory import CourseDirectory
from grading.records.marks import COURSE_ID

OURS = "# Written by neurograde, and written anew as long as this line stands."
CONFIG = f'''{OURS}
import os
from pathlib import Path

root = Path(__file__).parent
c = get_config()
c.CourseDirectory.root = str(root)
c.CourseDirectory.course_id = "{COURSE_ID}"
c.CourseDirectory.db_url = os.environ.get("NEUROGRADE_GRADEBOOK") or f"sqlite:///{{{{root}}}}/gradebook.db?timeout=60"
c.Exchange.root = str(root / "exchange")
c.AssignLatePenalties.plugin_class = "neurograde.nbgrader.LatePenalty"
c.LatePenalty.source = c.CourseGrades.source = {{source!r}}
'''


def prepare_directory(course: CourseDirectory, source: Path, assignments: Sequence[str]) -> None:
    """Make the course directory one that nbgrader's own programs work in.

    Formgrader lists an assignment when there is a folder for it in the course's `source/`. It stays empty: what is
    there, nbgrader's "Generate" would take apart and store, hidden tests included. An `nbgrader_config.py` whose first
    line is not ours is left as it is. Raises ConfigError when the directory cannot be written.
    """
    config = course.root / "nbgrader_config.py"
    try:
        for folder in ("exchange", "autograded", *(f"source/{name}" for name in assignments)):
            (course.root / folder).mkdir(parents=True, exist_ok=True)
        if not config.exists() or config.read_text(encoding="utf-8").startswith(OURS):
            replace_whole(config, CONFIG.format(source=str(source.absolute())).encode())
    except OSError as error:
        raise ConfigError(
            f"{course.root} cannot be made ready for nbgrader: {error}. Choose another with --course DIR."
        ) from None


def server_command(course: CourseDirectory, *, port: int = 8888) -> list[str]:
    """The command that opens formgrader; to be run in the course directory, where nbgrader looks for its settings."""
    return [
        sys.executable,
        "-m",
        "jupyter_server",
        f"--ServerApp.root_dir={course.root}",
        f"--ServerApp.port={port}",
        "--ServerApp.default_url=/formgrader",
        "--ServerApp.terminals_enabled=False",
    ]
