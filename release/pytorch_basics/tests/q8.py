from otter.test_files import test_case

OK_FORMAT = False

name = "q8"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_there_and_back(shared, independent, to_numpy):
    import numpy as np
    import torch
    array = np.array([[1.0, 2.0], [3.0, 4.5]])
    for name, tensor, dtype in (('shared', shared(array), torch.float64), ('independent', independent(array), torch.float32)):
        assert isinstance(tensor, torch.Tensor), f'{name} returns a tensor'
        assert tensor.dtype == dtype, f'{name} should give {dtype} here, not {tensor.dtype}'
        assert tensor.tolist() == array.tolist(), f'{name} should hold the numbers of the array'
    back = to_numpy(torch.tensor([1.5, 2.5]))
    assert isinstance(back, np.ndarray), 'to_numpy returns a NumPy array'
    assert back.tolist() == [1.5, 2.5]

