from otter.test_files import test_case

OK_FORMAT = False

name = "q5"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_both_losses_of_two_fruits(log_loss_torch, mse_torch):
    import torch
    p, y = (torch.tensor([0.9, 0.4]), torch.tensor([1.0, 0.0]))
    for name, loss, expected in (('log_loss_torch', log_loss_torch, 0.3080931), ('mse_torch', mse_torch, 0.085)):
        value = loss(p, y)
        assert isinstance(value, torch.Tensor) and value.shape == (), f'{name} returns a tensor with one number'
        assert abs(value.item() - expected) < 1e-05, f'{name} should be {expected}, not {value.item()}'

