from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 1

@test_case(points=0.25, hidden=False)
def test_parts_of_a_small_table(take_apart):
    import torch
    parts = take_apart(torch.tensor([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]))
    assert isinstance(parts, dict), 'take_apart returns a dictionary'
    for key, expected in (('last row', [9, 10, 11, 12]), ('second column', [2, 6, 10]), ('corner', [[1, 2], [5, 6]]), ('every other row', [[1, 2, 3, 4], [9, 10, 11, 12]]), ('upside down', [[9, 10, 11, 12], [5, 6, 7, 8], [1, 2, 3, 4]])):
        assert key in parts, f'the dictionary has no entry {key!r}'
        assert isinstance(parts[key], torch.Tensor), f'{key!r} should be a tensor'
        assert parts[key].tolist() == expected, f'{key!r} should be {expected}, not {parts[key].tolist()}'
    for key, expected in (('number', 7), ('count', 12)):
        assert key in parts, f'the dictionary has no entry {key!r}'
        assert isinstance(parts[key], (int, float)), f'{key!r} should be a plain Python number; .item() makes one of a tensor'
        assert parts[key] == expected, f'{key!r} should be {expected}'

