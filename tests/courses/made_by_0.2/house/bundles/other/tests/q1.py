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

@test_case(points=1, hidden=True, 
    failure_message="Which axis are the mean and the deviation taken over? Try a tensor with three rows and two columns.")
def test_any_columns(standardise, rng):
    import numpy as np
    import torch
    for n, d in ((7, 3), (5, 1), (40, 4)):
        x = rng.normal(3, 2, size=(n, d))
        z = standardise(torch.tensor(x, dtype=torch.float64))
        assert isinstance(z, torch.Tensor) and z.shape == (n, d)
        assert np.allclose(z.detach().numpy(), (x - x.mean(axis=0)) / x.std(axis=0), rtol=0.0001, atol=1e-05)

@test_case(points=0.5, hidden=True, 
    failure_message="Print x before and after the call. Which operations change a tensor in place?")
def test_the_input_stays(student, rng):
    before, after, z = student.inside('x = torch.tensor(numbers, dtype=torch.float32); y = x.clone(); z = standardise(x); (y, x, z)', numbers=rng.normal(size=(6, 2)))
    assert after.equal(before) and z.shape == (6, 2)

