from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 1

@test_case(points=0.25, hidden=False)
def test_two_days_of_three_hours(hottest, frost_hours, mean_above_zero, standardised):
    import torch
    t = torch.tensor([[-1.0, 3.0, 1.0], [-2.0, -4.0, 0.0]])
    pair = hottest(t)
    assert pair is not None and len(pair) == 2, 'hottest returns two things, temperatures and hours'
    assert pair[0].shape == (2,) and pair[1].shape == (2,), 'two days, two temperatures and two hours'
    assert pair[0].tolist() == [3.0, 0.0], 'the highest of each day'
    assert pair[1].tolist() == [1, 2], 'the hours at which they were reached'
    count = frost_hours(t)
    assert isinstance(count, torch.Tensor) and count.shape == (2,), 'two days, two counts'
    assert count.tolist() == [1, 2], 'one hour of the first day is below zero and two of the second'
    assert abs(float(mean_above_zero(t)) - 2.0) < 1e-06, 'only 3 and 1 are above zero'
    result = standardised(t)
    assert isinstance(result, torch.Tensor) and result.shape == (2, 3), 'the shape stays as it was'
    assert torch.allclose(result.float(), torch.tensor([[-1.0, 1.0, 0.0], [0.0, -1.0, 1.0]])), 'both means and deviations are per day'

