from otter.test_files import test_case

OK_FORMAT = False

name = "q8"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_three_clear_cases(predict):
    import numpy as np
    kinds = predict(np.array([[0.4, -0.2], [-0.5, 1.0], [0.6, 0.1]]))
    assert isinstance(kinds, np.ndarray), 'predict returns a NumPy array'
    assert kinds.shape == (3,), f'three fruits, three answers of shape (3,), not {kinds.shape}'
    assert kinds.dtype.kind in 'iu', f'the answers are integers, not {kinds.dtype}'
    assert kinds.tolist() == [0, 1, 0], 'a round red fruit is an apple (0), a lopsided yellow one is a pear (1)'

