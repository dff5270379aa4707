from otter.test_files import test_case

OK_FORMAT = False

name = "q4"
points = 1

@test_case(points=0.25, hidden=False)
def test_a_new_neuron(Neuron):
    import torch
    neuron = Neuron(2)
    assert isinstance(neuron, torch.nn.Module)
    state = neuron.state_dict()
    assert sorted(state) == ['bias', 'weight'], f'the parameters are weight and bias, not {sorted(state)}'
    assert len(list(neuron.parameters())) == 2, 'wrap weight and bias in nn.Parameter'
    assert state['weight'].shape == (2,), 'one weight per feature'
    assert state['bias'].numel() == 1, 'one bias'
    assert not state['weight'].any() and (not state['bias'].any()), 'both start at zero'
    p = neuron(torch.tensor([[1.0, 2.0], [3.0, -4.0], [0.0, 0.0]]))
    assert isinstance(p, torch.Tensor) and p.shape == (3,), 'three fruits, three probabilities'
    assert torch.allclose(p, torch.full((3,), 0.5)), 'with zero weights every fruit gets sigmoid(0)'

