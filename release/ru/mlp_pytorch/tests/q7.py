from otter.test_files import test_case

OK_FORMAT = False

name = "q7"
points = 1

@test_case(points=0.25, hidden=False)
def test_two_batches_of_one_point(fit, example_net, sgd):
    import math
    import torch
    loader = [(torch.tensor([[1.0, 0.0]]), torch.tensor([0])), (torch.tensor([[-1.0, 0.0]]), torch.tensor([1]))]
    history = fit(example_net, loader, sgd(example_net, 0.1), 20)
    assert isinstance(history, list), 'fit returns a list'
    assert len(history) == 20, f'20 epochs, a list of 20 losses, not {len(history)}'
    assert all((isinstance(value, float) and math.isfinite(value) for value in history)), 'keep numbers, not tensors'
    assert history[-1] < history[0], 'the loss must fall'

