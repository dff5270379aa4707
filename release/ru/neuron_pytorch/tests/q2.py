from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 1

@test_case(points=0.25, hidden=False)
def test_loss_and_gradients_of_two_fruits(log_loss, gradients):
    import numpy as np
    p, y = (np.array([0.9, 0.4]), np.array([1, 0]))
    loss = log_loss(p, y)
    assert loss is not None, 'log_loss returns nothing yet'
    assert np.shape(loss) == (), 'the loss is one number'
    assert np.isclose(loss, 0.3080931), 'the mean of -ln 0.9 and -ln 0.6'
    pair = gradients(np.array([[1.0, 2.0, 0.0], [3.0, -1.0, 1.0]]), p, y)
    assert pair is not None and len(pair) == 2, 'gradients returns two things, dw and db'
    dw, db = pair
    assert np.shape(dw) == (3,), 'one derivative per weight'
    assert np.size(db) == 1, 'one derivative for the bias'
    assert np.allclose(dw, [0.55, -0.3, 0.2]) and np.isclose(db, 0.15)

