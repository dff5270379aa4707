from otter.test_files import test_case

OK_FORMAT = False

name = "q1"
points = 2

@test_case(points=0.5, hidden=False)
def test_two_columns(standardise):
    import torch
    z = standardise(torch.tensor([[1.0, 10.0], [3.0, 30.0]]))
    assert z is not None, 'standardise returns nothing yet'
    assert z.shape == (2, 2), 'the shape stays as it was'
    assert torch.allclose(z, torch.tensor([[-1.0, -1.0], [1.0, 1.0]])), 'subtract the mean, divide by the deviation'

