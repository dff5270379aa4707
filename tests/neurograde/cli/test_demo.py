import pytest

from tests.command_line import neurograde


def test_a_house_without_the_demos_assignments_is_said(small_class):
    done = neurograde("demo", "--house", small_class.house.root, "-q")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "source/neuron_pytorch is not an assignment. Assignments here: doubles, essays." in done.stderr
    assert not (small_class.house.root / "demo").exists()


@pytest.mark.parametrize("jobs", ["0", "65", "many"])
def test_a_demo_needs_rooms(small_class, jobs):
    done = neurograde("demo", "--jobs", jobs, "--house", small_class.house.root)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "Invalid value for '--jobs'" in done.stderr
