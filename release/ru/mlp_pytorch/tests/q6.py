from otter.test_files import test_case

OK_FORMAT = False

name = "q6"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_seven_points_by_threes(batches):
    import torch
    X, y = (torch.arange(14.0).reshape(7, 2), torch.arange(7))
    made = batches(X, y, 3)
    assert made is not None, 'batches returns nothing yet'
    made = [(X_batch, y_batch) for X_batch, y_batch in made]
    assert [len(X_batch) for X_batch, _ in made] == [3, 3, 1], 'seven points by threes: 3, 3 and 1'
    assert sorted(torch.cat([y_batch for _, y_batch in made]).tolist()) == list(range(7)), 'each point once'

