from otter.test_files import test_case

OK_FORMAT = False

name = "q9"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_three_empty_images(predict):
    import numpy as np
    classes = predict(np.zeros((3, 784), dtype=np.uint8))
    assert classes is not None, 'predict returns nothing yet'
    assert isinstance(classes, np.ndarray), 'predict returns a NumPy array'
    assert classes.shape == (3,), f'three images, three classes of shape (3,), not {classes.shape}'
    assert classes.dtype.kind in 'iu', f'class numbers are integers, not {classes.dtype}'
    assert 0 <= classes.min() and classes.max() <= 9, 'classes are numbers from 0 to 9'
    assert classes[0] == classes[1] == classes[2], 'the same image three times, the same class three times'

