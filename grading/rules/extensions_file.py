"""`extensions.toml` of the course directory, read strictly.

[[extensions]]
student = "ada"
assignment = "mlp_pytorch"           # or "*" for all of them
days = 2                             # or: until = 2026-12-24T23:59:00+03:00
reason = "ill"
"""

from collections.abc import Collection

from autograder.model.errors import ConfigError, did_you_mean
from autograder.model.files import read_toml
from grading.common.directory import CourseDirectory
from grading.rules.extensions import EVERY, Extension, Extensions


def load_extensions(
    course: CourseDirectory, *, assignments: Collection[str] = (), students: Collection[str] = ()
) -> tuple[Extension, ...]:
    """Read `extensions.toml` of the course directory; without the file there are none.

    Where `assignments` or `students` are given, an extension for any other is an error: a name with a typo would
    leave its student without the extension, unseen. Raises ConfigError naming the file, the key and the nearest
    valid one.
    """
    path = course.root / "extensions.toml"
    if not path.exists():
        return ()
    extensions = read_toml(path, Extensions, example="one [[extensions]] table").extensions
    for number, extension in enumerate(extensions):
        for key, name, known in (
            ("assignment", extension.assignment, assignments),
            ("student", extension.student, students),
        ):
            if known and name not in {*known, EVERY}:
                hint = did_you_mean(name, known, quote='"', otherwise=f"mend it in {path.name}.")
                raise ConfigError(f'{path}: extensions.{number}.{key}: there is no {key} "{name}"; {hint}')
    return extensions
