"""`make bench`: how fast an honest submission is graded and a course is recorded, beside what the peers take.

Everything is measured in one run on one machine, so the ratios stand even where the seconds do not.
"""

import contextlib
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NAME = "neuron_pytorch"
COPIES = int(os.environ.get("BENCH_COPIES", "30"))
ROUND = 5
"""Copies graded back to back, so that each but the last waits for the wipe of the one before it."""
PEER_COPIES = 3
MOST_OVERHEAD_SECONDS = 0.25
LEAST_RATIO = 15.0
BIN = Path(sys.executable).parent


def main() -> None:
    """Measure, print, and fail where a figure to reach is not reached."""
    from rich.console import Console

    os.environ["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    console = Console()
    missed = [*one_submission(console), *one_course(console)]
    for line in missed:
        console.print(f"[red]Not reached:[/] {line}")
    sys.exit(1 if missed else 0)


def one_submission(console: Any) -> Iterator[str]:
    """The seconds of one notebook, here and by the peers; what was not reached."""
    from rich.table import Table

    with console.status("Building the release"):
        subprocess.run([BIN / "neurograde", "release", NAME], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    notebook = (ROOT / "bundles" / NAME / "solution.ipynb").read_bytes()
    with tempfile.TemporaryDirectory(prefix="neurograde-bench-") as folder:
        desk = Path(folder)
        with console.status(f"Grading {COPIES} copies, and running their cells bare in turn"):
            warm = warm_seconds(desk, notebook)
        with console.status(f"otter run, {PEER_COPIES} times"):
            otter = otter_seconds(desk, notebook)
        with console.status(f"nbgrader autograde, {PEER_COPIES} students"):
            nbgrader = nbgrader_seconds(desk, notebook)
    seconds, bare, overhead = statistics.median(warm.seconds), statistics.median(warm.bare), warm.overhead
    table = Table("what", "seconds", "times ours", title=f"One honest {NAME} submission, median of {COPIES}")
    table.add_row("neurograde, warm room", f"{seconds:.2f}", "1")
    table.add_row("bare execution of the same cells, warm interpreter", f"{bare:.2f}", "")
    table.add_row(f"overhead, in rounds of {ROUND} (to reach: at most {MOST_OVERHEAD_SECONDS})", f"{overhead:.2f}", "")
    table.add_row(f"otter run, {PEER_COPIES} times", f"{otter:.1f}", f"{otter / seconds:.1f}")
    table.add_row(f"nbgrader autograde, {PEER_COPIES} students", f"{nbgrader:.1f}", f"{nbgrader / seconds:.1f}")
    console.print(table)
    console.print(
        f"To the cells' own {bare:.2f} s, otter run adds {(otter - bare) / overhead:.0f} times as much as we do, "
        f"nbgrader autograde {(nbgrader - bare) / overhead:.0f} times."
    )
    console.print(
        f"Spread: {min(warm.seconds):.2f} to {max(warm.seconds):.2f} s. Opening the room: {warm.opening:.1f} s."
    )
    console.print(f"Peak memory of the room over {COPIES} submissions: {warm.room_mb:.0f} MiB.")
    if overhead > MOST_OVERHEAD_SECONDS:
        yield f"overhead is {overhead:.2f} s, to reach: {MOST_OVERHEAD_SECONDS} s"
    if otter / seconds < LEAST_RATIO:
        yield f"otter run takes {otter / seconds:.1f} times as long, to reach: {LEAST_RATIO:.0f} times"


def one_course(console: Any) -> Iterator[str]:
    """The seconds that the marks of a whole course take, here and by nbgrader; what was not reached."""
    from rich.table import Table

    sys.path.insert(0, str(Path(__file__).parent))
    import bench_course as course

    with tempfile.TemporaryDirectory(prefix="neurograde-bench-") as folder:
        with console.status("Recording a course"):
            ours = course.our_course(Path(folder))
        with console.status("Recording the same course by nbgrader's own way (1 to 5 min)"):
            theirs = course.nbgraders_course(Path(folder))
    size = f"{course.STUDENTS} students, {course.ASSIGNMENTS} assignments, {course.CELLS} questions each"
    table = Table("what", "neurograde, s", "nbgrader, s", "times ours", title=f"A course: {size}")
    for what in ours:
        table.add_row(what, f"{ours[what]:.2f}", f"{theirs[what]:.1f}", f"{theirs[what] / ours[what]:.0f}")
    console.print(table)
    claim = course.claim_seconds()
    console.print(f"One claim of {course.CLAIM_ROWS} rows validated and scored: {claim * 1000:.0f} ms.")
    for what, times in course.LEAST_TIMES_FASTER.items():
        if theirs[what] / ours[what] < times:
            yield f"{what} is {theirs[what] / ours[what]:.0f} times faster than nbgrader's, to reach: {times:.0f} times"
    if claim > course.MOST_CLAIM_SECONDS:
        yield f"a claim takes {claim * 1000:.0f} ms, to reach: {course.MOST_CLAIM_SECONDS * 1000:.0f} ms"


@dataclass(frozen=True, kw_only=True)
class Warm:
    """What grading the copies took, round by round, each beside as many bare executions right before it."""

    seconds: list[float]
    """Of each round, per submission."""
    bare: list[float]
    opening: float
    room_mb: float

    @property
    def overhead(self) -> float:
        return statistics.median(ours - bare for ours, bare in zip(self.seconds, self.bare, strict=True))


def warm_seconds(desk: Path, notebook: bytes) -> Warm:
    """Grade the copies in one warm room."""
    import numpy as np
    import torch

    from autograder.engine.examiner import Examiner
    from autograder.engine.run import autograde
    from autograder.model.bundle import load_assignment
    from autograder.sandbox.container import DockerRoom

    torch.set_num_threads(1)
    assignment = load_assignment(ROOT / "bundles" / NAME)
    examiner = Examiner(assignment)
    inputs = np.random.default_rng(0).normal(size=(300, 2))
    seconds, bare = [], []
    started = time.perf_counter()
    with DockerRoom(assignment.settings.limits, assignment.files()) as room:
        room.ready()
        opening = time.perf_counter() - started
        with bare_interpreter(desk, notebook) as run_bare_copy:
            for first in range(0, COPIES, ROUND):
                contents = [notebook + b"\n" * copy for copy in range(first, min(first + ROUND, COPIES))]
                handed_in = [submission(content) for content in contents]  # others, with seeds of their own
                bare.append(statistics.mean(run_bare_copy() for _ in handed_in))
                started = time.perf_counter()
                reports = [autograde(one, examiner, assignment, room, inputs=inputs).report for one in handed_in]
                seconds.append((time.perf_counter() - started) / len(reports))
                for report in reports:
                    assert report.points == report.max_points, f"the honest submission lost points: {report.questions}"
        room_mb = room.open(wall_seconds=60).close().room_peak_mb
    return Warm(seconds=seconds, bare=bare, opening=opening, room_mb=room_mb)


def submission(content: bytes) -> Any:
    """The bytes of a notebook as somebody's submission."""
    from autograder.intake.uploads import Upload, receive

    return receive(Upload(student="bench", origin="bench", handed_in=datetime.now(UTC), content=content))


@contextlib.contextmanager
def bare_interpreter(desk: Path, notebook: bytes) -> Iterator[Callable[[], float]]:
    """A function that runs the code cells alone and gives the seconds: the room's own interpreter, warm and forked,
    in a container of the same image, without tests and without the wall."""
    from autograder.sandbox.image import find_engine, image_tag

    (desk / "bare.ipynb").write_bytes(notebook)
    mounts = {desk / "bare.ipynb": "/bare.ipynb", __file__: "/bench.py", ROOT / "bundles" / NAME / "files": "/data"}
    program = [find_engine(), "run", "--rm", "--interactive", "--network", "none", "--cpus", "1", "--tmpfs", "/work"]
    for ours, theirs in mounts.items():
        program += ["--volume", f"{ours}:{theirs}:ro"]
    program += ["--workdir", "/data", "--entrypoint", "python3", image_tag(), "/bench.py", "bare"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def run() -> float:
            process.stdin.write("\n")
            return float(process.stdout.readline())

        yield run
        process.stdin.close()


def run_bare() -> None:
    """The program in that container: a line in, the seconds of one copy out."""
    from autograder.sandbox.inside import supervisor

    cells = supervisor.warm_up()
    tree = json.loads(Path("/bare.ipynb").read_text())
    sources = ["".join(cell["source"]) for cell in tree["cells"] if cell["cell_type"] == "code"]
    for _ in sys.stdin:
        child = os.fork()
        if child == 0:
            started = time.perf_counter()
            for number, source in enumerate(sources, start=1):
                reply = cells.run(source, number, 1 << 18)
                assert reply["error"] is None, reply
            os.write(1, f"{time.perf_counter() - started}\n".encode())
            os._exit(0)
        os.waitpid(child, 0)


def otter_seconds(desk: Path, notebook: bytes) -> float:
    """Seconds of `otter run` on the notebook, with the same tests."""
    source = desk / "otter" / NAME
    shutil.copytree(ROOT / "source" / NAME, source)
    program = (
        f"import runpy, pathlib; runpy.run_path({str(source / 'data.py')!r})['prepare'](pathlib.Path({str(source)!r}))"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([BIN / "otter", "assign", f"{NAME}.ipynb", "dist", "--no-pdfs"], cwd=source, **quiet)
    (archive,) = source.glob("dist/autograder/*.zip")
    submission = json.loads(notebook)
    submission["metadata"]["otter"] = {"assignment_name": NAME}  # without it otter refuses the notebook
    (source / "submission.ipynb").write_text(json.dumps(submission))
    taken = []
    for copy in range(PEER_COPIES):
        (desk / f"otter-{copy}").mkdir()
        started = time.perf_counter()
        command = [BIN / "otter", "run", "submission.ipynb", "-a", archive, "-o", desk / f"otter-{copy}"]
        subprocess.run(command, cwd=source, **quiet)
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def nbgrader_seconds(desk: Path, notebook: bytes) -> float:
    """Seconds per student of `nbgrader autograde` on the notebook, its check cells holding the same tests."""
    course = desk / "nbgrader"
    graded = as_nbgrader(notebook)
    for folder in (course / "source" / NAME, *(course / "submitted" / f"s{i}" / NAME for i in range(PEER_COPIES))):
        folder.mkdir(parents=True)
        (folder / f"{NAME}.ipynb").write_text(graded)
        for path in (ROOT / "bundles" / NAME / "files").iterdir():
            shutil.copy(path, folder)
    quiet: dict[str, Any] = {"check": True, "cwd": course, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([BIN / "nbgrader", "generate_assignment", NAME, "--create"], **quiet)
    started = time.perf_counter()
    subprocess.run([BIN / "nbgrader", "autograde", NAME, "--ExecutePreprocessor.timeout=120"], **quiet)
    return (time.perf_counter() - started) / PEER_COPIES


def as_nbgrader(notebook: bytes) -> str:
    """The notebook with each check cell made into nbgrader's grade cell, which runs the same otter test file."""
    import nbformat

    made = nbformat.reads(notebook.decode(), as_version=4)
    preamble = "import numpy as np\nclass Student:\n    def inside(self, source, **values):\n        import ast\n"
    preamble += "        tree, scope = ast.parse(source), {**globals(), **values}\n        last = tree.body.pop()\n"
    preamble += "        exec(compile(tree, '', 'exec'), scope)\n"
    preamble += "        return eval(compile(ast.Expression(last.value), '', 'eval'), scope)\n"
    preamble += "from otter.test_files import ExceptionTestFile\nfrom pathlib import Path\n"
    made.cells.insert(0, nbformat.v4.new_code_cell(preamble))
    for cell in made.cells:
        cell.source = re.sub(r"# (BEGIN|END) SOLUTION", "#", cell.source)  # nbgrader's own markers of what to strip
        if cell.cell_type == "code" and cell.source.startswith("grader.check("):
            question = cell.source.split('"')[1]
            path = str(ROOT / "bundles" / NAME / "tests" / f"{question}.py")
            cell.source = (
                f"tests = ExceptionTestFile.from_file({path!r})\n"
                "tests.run({**globals(), 'rng': np.random.default_rng(0), 'student': Student()})\n"
                "assert tests.passed_all, tests.summary()"
            )
            cell.metadata = {
                "nbgrader": {
                    **{"grade": True, "grade_id": question, "locked": True, "points": 1},
                    **{"schema_version": 3, "solution": False, "task": False, "cell_type": "code"},
                }
            }
    return nbformat.writes(made)


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        run_bare()
    else:
        with contextlib.suppress(ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        main()
