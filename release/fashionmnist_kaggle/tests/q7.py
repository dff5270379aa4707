from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_inputs_of_two_images(to_inputs):
    import numpy as np
    import torch
    images = np.zeros((2, 784), dtype=np.uint8)
    images[0], images[1, ::2] = (255, 51)
    X = to_inputs(images)
    assert X is not None, 'to_inputs returns nothing yet'
    assert isinstance(X, torch.Tensor), 'a tensor, not an array'
    assert X.dtype == torch.float32, f'the type is float32, not {X.dtype}'
    assert X.shape == (2, 784), 'the shape stays'
    assert torch.allclose(X[0], torch.ones(784)), '255 becomes 1'

