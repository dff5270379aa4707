from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 1

@test_case(points=0.25, hidden=False)
def test_counting_parameters(MLP):
    import torch
    for widths, parameters in (([2, 100, 3], 603), ([4, 6, 5, 3], 83), ([2, 3], 9)):
        net = MLP(widths)
        assert isinstance(net, torch.nn.Module)
        found = sum((parameter.numel() for parameter in net.parameters()))
        assert found == parameters, f'{widths} has {parameters} weights and biases; parameters() finds {found}'
        scores = net(torch.zeros(7, widths[0]))
        assert isinstance(scores, torch.Tensor) and scores.shape == (7, widths[-1]), 'one score per point and class'

