"""What tests are built from."""


def earned(gradebook, assignment):
    """By student (points, most points): marks by hand and extra credit in, late penalties not."""
    found = {student: marks.get(assignment) for student, marks in gradebook.marks().items()}
    return {student: (mark.points, mark.max_points) for student, mark in found.items() if mark}
