"""Everything that can go wrong on the host, by whose it is to mend.

    CourseError                  what happened, where, and the next step
      ConfigError                the instructor's to mend (exit code 2)
        ReleaseError             a source notebook that would make a bad release
      SubmissionError            the student's to mend (exit code 3); str(error) is what the student reads
        NotebookUnreadableError  not a notebook, or not one that can be graded
        UploadUnsafeError        too large, or an archive that reaches outside itself
      PlatformError              ours (exit code 4): no mark is given, the submission is graded again
        EngineUnavailableError   no container engine answers
        IsolationMissingError    the engine runs, but does not hold what the room must hold
        RoomLostError            the room went away in the middle of a submission
        TestBrokenError          a test file that cannot be loaded or breaks by itself

What a student's code does (raise, hang, eat memory) is never one of these: it is a `Status` in the report.
"""

import difflib
from collections.abc import Iterable


class CourseError(Exception):
    """Says what happened, in which file or upload, and what to do next."""

    exit_code = 1


class ConfigError(CourseError):
    """The instructor can mend it: names the file, the key and the nearest valid one."""

    exit_code = 2


class ReleaseError(ConfigError):
    """The source notebook, or what otter made of it, must not be released."""


class SubmissionError(CourseError):
    """The student can mend it; the text is written for the student."""

    exit_code = 3


class NotebookUnreadableError(SubmissionError):
    """The upload is not a notebook that can be graded."""


class UploadUnsafeError(SubmissionError):
    """The upload is too large, or an archive that reaches outside itself."""


class PlatformError(CourseError):
    """Ours: no mark is given, the submission stays to be graded again, the staff are told."""

    exit_code = 4


class EngineUnavailableError(PlatformError):
    """No container engine answers."""


class IsolationMissingError(PlatformError):
    """The room would not hold: a limit or a layer of isolation is not in force on this host."""


class RoomLostError(PlatformError):
    """The room ended or fell silent through no fault of the submission."""


class TestBrokenError(PlatformError):
    """A test file cannot be loaded, or breaks whatever the student wrote."""

    __test__ = False  # pytest would take the name for a test class


def nearest(name: str, known: Iterable[str], n: int = 1) -> list[str]:
    """At most n of the known names that are like a name that is not among them, the likest first."""
    return difflib.get_close_matches(name, list(known), n=n)


def did_you_mean(name: str, known: Iterable[str], *, quote: str = "", otherwise: str = "") -> str:
    """A hint in a message: `did you mean x?`, with x in quotes as asked for; `otherwise` where nothing is near."""
    near = nearest(name, known)
    return f"did you mean {quote}{near[0]}{quote}?" if near else otherwise
