from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_shares_of_twelve_images(accuracy, class_accuracy):
    import numpy as np
    labels = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9])
    classes = np.array([0, 1, 2, 3, 4, 5, 0, 7, 8, 9, 7, 7])
    share = accuracy(classes, labels)
    assert share is not None, 'accuracy returns nothing yet'
    assert np.asarray(share).size == 1 and np.isclose(float(share), 0.75), 'nine of twelve are right'
    shares = class_accuracy(classes, labels)
    assert isinstance(shares, np.ndarray) and shares.shape == (10,), 'ten shares, one for each class'
    assert np.allclose(shares[:6], 1), 'one image each, and it is right'
    assert np.isclose(shares[6], 0), 'the only shirt was called a T-shirt'

