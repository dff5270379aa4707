import shutil

from autograder.model.house import House
from neurograde.services.author.release import write_lesson_page

COURSE = """
title = "Course"
[[assignments]]
name = "doubles"
weight = 1
[[assignments]]
name = "other"
weight = 1
"""


def test_a_page_that_tells_of_more_than_there_are_bundles_of_is_left_as_it_was(tmp_path, bundle):
    house = House(tmp_path / "house")
    for name in ("doubles", "other"):
        house.release_of(name).mkdir(parents=True)
        (house.source / name).mkdir(parents=True)
        shutil.copy(bundle / "assignment.toml", house.source / name)
    (house.source / "course.toml").write_text(COURSE)
    shutil.copytree(bundle, house.bundle_of("doubles"))
    house.lesson_page().write_text("whole")
    assert write_lesson_page(house, "en").missing == ("other",)
    assert house.lesson_page().read_text() == "whole"
    shutil.copytree(bundle, house.bundle_of("other"))
    assert write_lesson_page(house, "en").missing == ()
    assert all(name in house.lesson_page().read_text() for name in ("doubles", "other"))
