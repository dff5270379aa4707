from otter.test_files import test_case

OK_FORMAT = False

name = "q10"
points = 1.5

@test_case(points=0.3, hidden=False)
def test_two_numbers(mean_square, gradient_by_autograd, gradient_by_formula):
    import torch
    c, a = (torch.tensor([[1.0], [5.0]]), torch.tensor([[3.0, 4.0]]))
    L = mean_square(c, a)
    assert isinstance(L, torch.Tensor), 'mean_square returns a tensor'
    assert L.shape == (), f'one number, shape (), not {tuple(L.shape)}'
    assert abs(L.item() - 2.5) < 1e-06, 'the differences are -2 and 1, so L is (4 + 1) / 2'
    for name, gradient in (('gradient_by_autograd', gradient_by_autograd(c, a)), ('gradient_by_formula', gradient_by_formula(c, a))):
        assert isinstance(gradient, torch.Tensor), f'{name} returns a tensor'
        assert gradient.shape == (2, 1), f'{name} should have the shape of c, (2, 1), not {tuple(gradient.shape)}'
        assert torch.allclose(gradient.float(), torch.tensor([[-2.0], [1.0]])), f'{name} should be -2 and 1 here'

