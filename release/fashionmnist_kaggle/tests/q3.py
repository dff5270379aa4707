from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_matrix_of_five_images(confusion_matrix):
    import numpy as np
    matrix = confusion_matrix(np.array([0, 6, 6, 9, 6]), np.array([0, 6, 0, 9, 6]))
    assert matrix is not None, 'confusion_matrix returns nothing yet'
    assert isinstance(matrix, np.ndarray) and matrix.shape == (10, 10), 'ten rows and ten columns'
    assert matrix.dtype.kind in 'iu', f'counts are integers, not {matrix.dtype}'
    assert matrix.sum() == 5, 'five images, each counted once'
    assert matrix[6, 6] == 2 and matrix[0, 0] == 1 and (matrix[9, 9] == 1), 'what is right stands on the diagonal'

