from datetime import datetime

from autograder.authoring.release.lesson import PHRASES, LessonAssignment, lesson_page
from autograder.model.assignment import AssignmentSettings
from autograder.model.syllabus import Syllabus

SYLLABUS = Syllabus.model_validate(
    {
        "title": {"en": "Lesson six", "ru": "Занятие шестое"},
        "timezone": "Europe/Moscow",
        "assignments": [{"name": "hw1", "weight": 1}, {"name": "hw2", "weight": 3}],
        "late": {"percent_per_day": 10, "most_days": 7},
        "site": {"colab": "https://example.org/colab/"},
        "lesson": {
            "plan": [
                {"title": "Watch", "links": [{"text": "lecture", "url": "https://example.org/v"}]},
                {"title": "Do", "assignment": "hw1"},
            ]
        },
    }
)
COMPETITION = {"anchors": [[0.8, 0], [0.9, 5]], "claims": True, "daily_limit": 4}
PARTS = [
    LessonAssignment(
        name="hw1",
        settings=AssignmentSettings(title="Tensors", due=datetime.fromisoformat("2026-12-20T20:59:00+00:00")),
        points=10,
        weight=1,
    ),
    LessonAssignment(
        name="hw2",
        settings=AssignmentSettings.model_validate({"title": "Clothes", "competition": COMPETITION}),
        points=5,
        weight=3,
    ),
]


def test_the_page_says_what_to_do_by_when_and_what_it_is_worth():
    page = lesson_page(SYLLABUS, PARTS, "en")
    assert page.startswith(
        "# Lesson six\n\n## Lesson plan\n\n### 1. Watch\n\n- [lecture](https://example.org/v)\n\n### 2."
    )
    assert "| 10 points | 20.12.2026, 23:59 (Europe/Moscow) |" in page
    assert "5 points and up to 5 for the score on held-out data | no deadline |" in page
    assert "Tensors 25%; Clothes 75%" in page
    assert "takes 10 % off what you earned; after 7 days nothing counts." in page
    assert "For Clothes hand in `submission.csv` as well" in page
    assert "at most 4 files a day" in page


def test_badges_open_the_notebook_of_the_language():
    assert "(https://example.org/colab/hw1/hw1.ipynb)" in lesson_page(SYLLABUS, PARTS, "en")
    assert "(https://example.org/colab/ru/hw1/hw1.ipynb)" in lesson_page(SYLLABUS, PARTS, "ru")
    without = SYLLABUS.model_copy(update={"site": SYLLABUS.site.model_copy(update={"colab": None})})
    assert "colab-badge" not in lesson_page(without, PARTS, "en")


def test_the_page_speaks_russian():
    assert lesson_page(SYLLABUS, PARTS, "ru").startswith("# Занятие шестое\n\n## План занятия\n")


def test_every_language_has_every_phrase():
    assert PHRASES["ru"].keys() == PHRASES["en"].keys()
