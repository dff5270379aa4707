from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 1

@test_case(points=0.25, hidden=False)
def test_six_shapes(countdown, ticks, halves, identity, orange, noise):
    import torch
    made = {'countdown': countdown, 'ticks': ticks, 'halves': halves, 'identity': identity, 'orange': orange, 'noise': noise}
    shapes = {'countdown': (10,), 'ticks': (11,), 'halves': (2, 3, 4), 'identity': (4, 4), 'orange': (3,), 'noise': (200, 300)}
    for name, tensor in made.items():
        assert isinstance(tensor, torch.Tensor), f'{name} is not a tensor yet'
        assert tensor.shape == shapes[name], f'{name} should have the shape {shapes[name]}, not {tuple(tensor.shape)}'

