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

@test_case(points=1, hidden=True, 
    failure_message="Look at an image that is nothing but one white square in the middle. Which class is it?")
def test_clear_patterns(predict, rng):
    import numpy as np
    clear = np.zeros((4, 4, 4))
    clear[0, 1, :] = clear[1, :, 1] = clear[3, 1:3, 1:3] = 200
    clear[2][np.eye(4, dtype=bool)] = 200
    order = rng.permutation(4)
    found = predict((clear[order] + rng.integers(0, 9, size=(4, 4, 4))).astype(np.uint8))
    assert np.array_equal(np.asarray(found), order)

