from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_an_epoch_of_two_batches(train_epoch, toy):
    import torch
    model, optimizer, X, y = toy()
    parts = [torch.tensor([0, 2]), torch.tensor([1])]
    first = train_epoch(model, X, y, optimizer, parts)
    assert first is not None, 'train_epoch returns nothing yet'
    assert isinstance(first, float), 'the loss is a number, not a tensor'
    for _ in range(30):
        last = train_epoch(model, X, y, optimizer, parts)
    assert last < first, 'the loss must fall'

