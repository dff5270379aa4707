from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 1.5

@test_case(points=0.25, hidden=False)
def test_one_point_backward(backward):
    import torch
    X, H = (torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 0.0, 1.0]]))
    dZ, W2 = (torch.tensor([[0.5, -0.5]]), torch.tensor([[1.0, 0.0], [5.0, 7.0], [2.0, 4.0]]))
    result = backward(X, H, dZ, W2)
    assert result is not None and len(result) == 4, 'backward returns four things: dW1, db1, dW2, db2'
    for name, gradient, shape in zip(('dW1', 'db1', 'dW2', 'db2'), result, ((2, 3), (3,), (3, 2), (2,))):
        assert isinstance(gradient, torch.Tensor), f'{name} should be a tensor'
        assert gradient.shape == shape, f'{name} has the shape of its weights, {shape}, not {tuple(gradient.shape)}'
    dW1, db1, dW2, db2 = result
    assert torch.allclose(db2, torch.tensor([0.5, -0.5])), 'one point: the gradient of b2 is that of its scores'
    assert torch.allclose(dW2, torch.tensor([[1.5, -1.5], [0.0, 0.0], [0.5, -0.5]])), 'the gradient of W2 is another'
    assert db1[1] == 0, 'the second hidden neuron was off: no gradient passes'

