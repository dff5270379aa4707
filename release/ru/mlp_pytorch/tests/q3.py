from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 1

@test_case(points=0.25, hidden=False)
def test_the_loss_of_two_points(cross_entropy, d_scores):
    import torch
    Z, y = (torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]), torch.tensor([0, 2]))
    loss = cross_entropy(Z, y)
    assert loss is not None, 'cross_entropy returns nothing yet'
    assert isinstance(loss, torch.Tensor) and loss.shape == (), 'the loss is a tensor with one number'
    assert abs(loss.item() - 0.7531091) < 1e-05, f'the mean of ln 3 and 0.4076 is 0.7531, not {loss.item():.4f}'
    dZ = d_scores(Z, y)
    assert dZ is not None, 'd_scores returns nothing yet'
    assert dZ.shape == (2, 3), 'one derivative per score'
    assert torch.allclose(dZ[0], torch.tensor([-0.3333333, 0.1666667, 0.1666667])), 'the first row should be -1/3, 1/6, 1/6'

