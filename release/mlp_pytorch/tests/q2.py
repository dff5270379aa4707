from otter.test_files import test_case

OK_FORMAT = False

name = "q2"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_a_small_collapse(collapse):
    import torch
    W1, b1 = (torch.tensor([[1.0, 2.0, 0.0], [0.0, 1.0, -1.0]]), torch.tensor([1.0, 0.0, 2.0]))
    W2, b2 = (torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]]), torch.tensor([0.5, 0.0]))
    result = collapse(W1, b1, W2, b2)
    assert result is not None and len(result) == 2, 'collapse returns two things, W and b'
    W, b = result
    assert W.shape == (2, 2) and b.shape == (2,), f'(d, k) and (k,), not {tuple(W.shape)} and {tuple(b.shape)}'
    assert torch.allclose(torch.zeros(1, 2) @ W + b, torch.tensor([[5.5, 2.0]])), 'the point (0, 0) gets other scores'

