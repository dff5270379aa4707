from otter.test_files import test_case

OK_FORMAT = False

name = "q9"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_three_clear_digits(predict):
    import numpy as np
    zero = '002e910001ccb80004e10d3008d00a6005g1089000g00b9000dbaf40003fg500'
    four = '0007g200000fb00000be650004g7ed200agdgga008fega100009g1000009f100'
    two = '007gg30007g9e7000a90e5000334g200000cb000006g300000cf883000aggg90'
    images = np.array([[int(shade, 17) for shade in digit] for digit in (zero, four, two)], dtype=np.float64)
    digits = predict(images)
    assert isinstance(digits, np.ndarray), 'predict returns a NumPy array'
    assert digits.shape == (3,), f'three images, three answers of shape (3,), not {digits.shape}'
    assert digits.dtype.kind in 'iu', f'the answers are integers, not {digits.dtype}'
    assert digits.tolist() == [0, 4, 2], f'these are a 0, a 4 and a 2, not {digits.tolist()}'

