from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_means_of_twenty_images(class_means):
    import numpy as np
    images = np.repeat(np.arange(20, dtype=np.uint8), 784).reshape(20, 784)
    means = class_means(images, np.arange(20) % 10)
    assert means is not None, 'class_means returns nothing yet'
    assert isinstance(means, np.ndarray) and means.shape == (10, 784), 'ten average images of 784 pixels'
    assert means.dtype.kind == 'f', f'averages are floats, not {means.dtype}'
    assert np.allclose(means[0], 5), 'class 0 has two images here, all pixels 0 and all pixels 10: their mean is 5'
    assert np.allclose(means, 5 + np.arange(10)[:, None])

