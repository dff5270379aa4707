from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_a_new_network(make_net):
    import torch
    net = make_net(30)
    assert net is not None, 'make_net returns nothing yet'
    assert isinstance(net, torch.nn.Module), 'make_net returns a module'
    scores = net(torch.zeros(5, 784))
    assert isinstance(scores, torch.Tensor) and scores.shape == (5, 10), 'five images, ten scores each'
    count = sum((parameter.numel() for parameter in net.parameters()))
    assert count == 784 * 30 + 30 + 30 * 10 + 10, f'two layers with biases have 23860 parameters, not {count}'

