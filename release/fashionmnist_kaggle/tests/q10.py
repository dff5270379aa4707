from otter.test_files import test_case

OK_FORMAT = False

name = "q10"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_a_file_of_three_lines(write_submission, text_of):
    import numpy as np
    write_submission('check.csv', np.array([9, 0, 3]))
    lines = text_of('check.csv').split()
    assert lines[0] == 'Category,Id', f'the first line is Category,Id, not {lines[0]}'
    assert len(lines) == 4, f'three images, three lines below the first, not {len(lines) - 1}'
    assert lines[1].split(',')[0] == '9', 'the first image is of class 9'

