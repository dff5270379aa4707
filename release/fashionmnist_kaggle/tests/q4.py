from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_ten_numbers_in_batches_of_four(batches):
    import torch
    parts = batches(10, 4)
    assert parts is not None, 'batches returns nothing yet'
    assert isinstance(parts, (list, tuple)), 'a list or tuple of batches'
    assert all((isinstance(part, torch.Tensor) and part.dtype == torch.int64 for part in parts)), 'batches are int64 tensors'
    assert [len(part) for part in parts] == [4, 4, 2], 'batches of 4, 4 and 2'
    assert sorted(torch.cat(list(parts)).tolist()) == list(range(10)), 'every number from 0 to 9 once'

