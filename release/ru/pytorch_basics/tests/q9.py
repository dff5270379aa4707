from otter.test_files import test_case

OK_FORMAT = False

name = "q9"
points = 1

@test_case(points=0.25, hidden=False)
def test_three_inputs(forward_pass):
    import torch
    X = torch.tensor([[1.0, 2.0], [0.0, -1.0], [-3.0, 0.5]])
    p = forward_pass(X, torch.tensor([0.5, -1.0, 0.25]))
    assert isinstance(p, torch.Tensor), 'forward_pass returns a tensor'
    assert p.shape == (3,), f'three inputs give outputs of shape (3,), not {tuple(p.shape)}'
    assert torch.allclose(p, torch.tensor([0.2227001, 0.7772999, 0.1480472])), 'the weights are 0.5 and -1, the bias is 0.25'

