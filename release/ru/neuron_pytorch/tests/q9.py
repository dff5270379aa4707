from otter.test_files import test_case

OK_FORMAT = False

name = "q9"
points = 1

@test_case(points=0.25, hidden=False)
def test_probabilities_and_scores(softmax, SoftmaxRegression, three_neurons):
    import torch
    p = softmax(torch.tensor([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]))
    assert isinstance(p, torch.Tensor) and p.shape == (2, 3), 'as many probabilities as scores'
    assert torch.allclose(p.sum(dim=1), torch.ones(2)), 'each row adds up to one'
    assert torch.allclose(p[1], torch.tensor([0.0900306, 0.2447285, 0.665241])), 'e to the z, divided by their sum'
    model = SoftmaxRegression(4, 5)
    assert isinstance(model, torch.nn.Module)
    assert sum((parameter.numel() for parameter in model.parameters())) == 25, '5 neurons with 4 weights and a bias each'
    assert model(torch.zeros(6, 4)).shape == (6, 5), 'one score per point and class'
    assert three_neurons(torch.zeros(6, 2)).shape == (6, 3)

