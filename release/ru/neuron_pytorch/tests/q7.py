from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 1

@test_case(points=0.25, hidden=False)
def test_the_comparison_of_two_fruits(torch_pass, compare):
    import numpy as np
    import torch
    X, y = (np.array([[1.0, 2.0], [0.0, -1.0]]), np.array([1, 0]))
    result = torch_pass(X, y, np.array([0.5, -1.0]), 0.25, torch.float64)
    assert result is not None, 'torch_pass returns nothing yet'
    assert sorted(result) == ['db', 'dw', 'loss', 'output'], 'four entries: output, loss, dw, db'
    assert isinstance(result['output'], np.ndarray) and result['output'].shape == (2,), 'output is a NumPy array (n,)'
    assert isinstance(result['dw'], np.ndarray) and result['dw'].shape == (2,), 'dw is a NumPy array (d,)'
    assert np.allclose(result['output'], [0.22270014, 0.77729986])
    assert np.isclose(result['loss'], 1.50192925) and np.isclose(result['db'], 0.0)
    assert np.allclose(result['dw'], [-0.38864993, -1.16594979])
    differences = compare({'a': np.array([1.0, 2.0]), 'b': 0.5}, {'a': np.array([1.25, 1.0]), 'b': 0.5})
    assert differences == {'a': 1.0, 'b': 0.0}, 'the entries of a differ by 0.25 and by 1.0: the largest is 1.0'

