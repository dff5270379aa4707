from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 1

@test_case(points=0.25, hidden=False)
def test_one_step_downhill(fit_numpy):
    import numpy as np
    X, y = (np.array([[1.0], [-1.0]]), np.array([1, 0]))
    result = fit_numpy(X, y, np.zeros(1), 0.0, 2.0, 1)
    assert result is not None and len(result) == 3, 'fit_numpy returns three things: w, b and history'
    w, b, history = result
    assert isinstance(history, list) and len(history) == 1, 'one epoch, a list of one loss'
    assert np.isclose(history[0], np.log(2)), 'before the first step every p is 1/2, so the loss is ln 2'
    assert np.shape(w) == (1,) and np.allclose(w, [1.0]), 'the gradient is -1/2, so a step with rate 2 leads to 1'
    assert np.allclose(b, 0.0)
    w, b, history = fit_numpy(X, y, np.zeros(1), 0.0, 2.0, 20)
    assert len(history) == 20 and history[-1] < history[0], 'the loss must fall'

