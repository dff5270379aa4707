from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 2

@test_case(points=1, hidden=False)
def test_a_class_each(predict):
    import numpy as np
    kinds = predict(np.full((5, 4, 4), 100, dtype=np.uint8))
    assert kinds is not None, 'predict returns nothing yet'
    assert np.shape(kinds) == (5,), 'one class number an image'

