from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 1

@test_case(points=0.25, hidden=False)
def test_one_photograph_of_two_pixels(channels_first, mirror, brighter):
    import torch
    batch = torch.tensor([[[[10, 20, 30], [200, 210, 220]]]], dtype=torch.uint8)
    for name, result, expected in (('channels_first', channels_first(batch), [[[[10, 200]], [[20, 210]], [[30, 220]]]]), ('mirror', mirror(batch), [[[[200, 210, 220], [10, 20, 30]]]]), ('brighter by 40', brighter(batch, 40), [[[[50, 60, 70], [240, 250, 255]]]])):
        assert isinstance(result, torch.Tensor), f'{name} should return a tensor'
        assert result.dtype == torch.uint8, f'{name} should return uint8, not {result.dtype}'
        assert result.shape == torch.tensor(expected).shape, f'{name}: the shape should be {tuple(torch.tensor(expected).shape)}'
        assert result.tolist() == expected, f'{name} should be {expected}, not {result.tolist()}'

