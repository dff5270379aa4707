from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 1

@test_case(points=0.25, hidden=False)
def test_small_numbers(tall, wide, arithmetic, add_in_place):
    import torch
    for name, tensor, shape, numbers in (('tall', tall, (5, 2), range(1, 11)), ('wide', wide, (1, 10), range(10, 0, -1))):
        assert isinstance(tensor, torch.Tensor), f'{name} is not a tensor yet'
        assert tensor.shape == shape and tensor.dtype == torch.float32, f'{name} should be float32 of shape {shape}'
        assert tensor.flatten().tolist() == list(numbers), f'{name} should hold {list(numbers)}'
    results = arithmetic(torch.tensor([[4.0], [9.0]]), torch.tensor([2.0, 0.5]))
    assert isinstance(results, dict), 'arithmetic returns a dictionary'
    for key, expected in (('sum', [[6.0], [9.5]]), ('difference', [[2.0], [8.5]]), ('product', [[8.0], [4.5]]), ('quotient', [[2.0], [18.0]]), ('power', [[16.0], [3.0]]), ('remainder', [[0.0], [0.0]])):
        assert key in results, f'the dictionary has no entry {key!r}'
        assert isinstance(results[key], torch.Tensor) and results[key].shape == (2, 1), f'{key!r} should have the shape of a'
        assert torch.allclose(results[key].float(), torch.tensor(expected)), f'{key!r} should be {expected}'

