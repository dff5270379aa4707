from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 1

@test_case(points=0.25, hidden=False)
def test_two_points_through_two_layers(relu, forward):
    import torch
    r = relu(torch.tensor([[-1.0, 0.0], [2.5, -0.1]]))
    assert r is not None, 'relu returns nothing yet'
    assert isinstance(r, torch.Tensor) and r.shape == (2, 2), 'relu works element by element: a matrix in, a matrix out'
    assert torch.equal(r, torch.tensor([[0.0, 0.0], [2.5, 0.0]]))
    X = torch.tensor([[1.0, 2.0], [-1.0, 0.5]])
    W1, b1 = (torch.tensor([[1.0, -1.0, 0.5], [0.0, 2.0, -1.0]]), torch.tensor([0.5, -1.0, 0.0]))
    W2, b2 = (torch.tensor([[1.0, -1.0], [2.0, 0.0], [0.0, 3.0]]), torch.tensor([0.0, 10.0]))
    result = forward(X, W1, b1, W2, b2)
    assert result is not None and len(result) == 2, 'forward returns two things, H and Z'
    H, Z = result
    assert H.shape == (2, 3), f'two points and three hidden neurons give H of shape (2, 3), not {tuple(H.shape)}'
    assert Z.shape == (2, 2), f'two points and two classes give Z of shape (2, 2), not {tuple(Z.shape)}'
    assert torch.allclose(H, torch.tensor([[1.5, 2.0, 0.0], [0.0, 1.0, 0.0]])), 'H = relu(X @ W1 + b1)'
    assert torch.allclose(Z, torch.tensor([[5.5, 8.5], [2.0, 10.0]])), 'Z = H @ W2 + b2, without another relu'

