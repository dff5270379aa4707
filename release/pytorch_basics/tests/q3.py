from otter.test_files import test_case

OK_FORMAT = False

name = "q3"
points = 1

@test_case(points=0.25, hidden=False)
def test_rows_and_a_frame(as_rows, framed):
    import torch
    rows = as_rows(torch.arange(12).reshape(3, 4), 6)
    assert isinstance(rows, torch.Tensor), 'as_rows returns a tensor'
    assert rows.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]], 'twelve numbers in rows of six are two rows, in the same order'
    result = framed(torch.tensor([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]), 0.0)
    assert isinstance(result, torch.Tensor), 'framed returns a tensor'
    assert result.shape == (3, 4), 'the shape stays as it was'
    assert result.tolist() == [[0, 0, 0, 0], [0, 6, 7, 0], [0, 0, 0, 0]], 'value all around, the numbers of t inside'

