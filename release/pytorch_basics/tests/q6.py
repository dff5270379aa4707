from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 1

@test_case(points=0.2, hidden=False)
def test_two_photographs_of_two_pixels(mean_photo, black_and_white):
    import torch
    batch = torch.tensor([[[[255, 0, 51], [0, 0, 0]]], [[[153, 0, 51], [204, 51, 0]]]], dtype=torch.uint8)
    mean = mean_photo(batch)
    assert isinstance(mean, torch.Tensor), 'mean_photo returns a tensor'
    assert mean.shape == (1, 2, 3), 'one photograph: the axis of the photographs is gone'
    assert mean.is_floating_point(), 'floats, not whole numbers'
    assert torch.allclose(mean.double(), torch.tensor([[[0.8, 0.0, 0.2], [0.4, 0.1, 0.0]]], dtype=torch.float64)), 'from 0 to 1'
    grey = black_and_white(batch)
    assert isinstance(grey, torch.Tensor), 'black_and_white returns a tensor'
    assert grey.shape == (2, 1, 2), 'two photographs of two pixels: the axis of the colours is gone'
    assert torch.allclose(grey.double(), torch.tensor([[[0.4, 0.0]], [[0.8 / 3, 1 / 3]]], dtype=torch.float64)), 'from 0 to 1'

