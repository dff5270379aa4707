from otter.test_files import test_case

OK_FORMAT = False

name = "q8"
points = 1

@test_case(points=0.25, hidden=False)
def test_better_than_three_neurons(spiral_net):
    import numpy as np
    import torch
    radius, points = (np.linspace(0.05, 1, 50), [])
    for arm in range(3):
        angle = 4 * arm + np.linspace(0, 4, 50)
        points.append(np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1))
    scores = spiral_net(torch.tensor(np.concatenate(points), dtype=torch.float32))
    assert isinstance(scores, torch.Tensor) and scores.shape == (150, 3), '150 points, three scores each'
    share = np.mean(scores.detach().numpy().argmax(axis=1) == np.repeat(np.arange(3), 50))
    assert share >= 0.75, f'only {share:.0%} of the points in the middle of the arms are right'

