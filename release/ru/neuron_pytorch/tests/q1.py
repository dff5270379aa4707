from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 1

@test_case(points=0.25, hidden=False)
def test_forward_of_three_fruits(sigmoid, forward):
    import numpy as np
    half = sigmoid(0.0)
    assert half is not None, 'sigmoid returns nothing yet'
    assert np.isclose(half, 0.5), 'sigmoid(0) is 1/2'
    s = sigmoid(np.array([-1.0, 0.0, 2.0]))
    assert np.shape(s) == (3,), 'sigmoid works element by element: three numbers in, three out'
    assert np.allclose(s, [0.26894142, 0.5, 0.88079708])
    X = np.array([[1.0, 2.0], [0.0, -1.0], [-3.0, 0.5]])
    p = forward(X, np.array([0.5, -1.0]), 0.25)
    assert isinstance(p, np.ndarray), 'forward returns a NumPy array'
    assert p.shape == (3,), f'three fruits give outputs of shape (3,), not {p.shape}'
    assert np.allclose(p, [0.22270014, 0.77729986, 0.1480472]), 'p = sigmoid(X @ w + b)'

