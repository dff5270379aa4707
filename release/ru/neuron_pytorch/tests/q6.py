from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 1

@test_case(points=0.25, hidden=False)
def test_the_loss_falls(fit, neuron_from_parts):
    import torch
    X, y = (torch.tensor([[1.0], [-1.0]]), torch.tensor([1.0, 0.0]))
    neuron = neuron_from_parts(1)
    history = fit(neuron, X, y, torch.nn.functional.binary_cross_entropy, 2.0, 1)
    assert isinstance(history, list) and len(history) == 1, 'one epoch, a list of one loss'
    assert isinstance(history[0], float), 'keep numbers, not tensors'
    assert abs(history[0] - 0.6931472) < 1e-05, 'before the first step every p is 1/2, so the loss is ln 2'
    assert torch.allclose(neuron[0].weight.detach(), torch.ones(1, 1)), 'the gradient is -1/2, so a step with rate 2 leads to 1'
    history = fit(neuron, X, y, torch.nn.functional.mse_loss, 0.5, 20)
    assert len(history) == 20 and history[-1] < history[0], 'the loss must fall, whichever loss it is'

