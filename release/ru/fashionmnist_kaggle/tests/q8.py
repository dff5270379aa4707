from otter.test_files import test_case

OK_FORMAT = False

name = "q8"
points = 0.5

@test_case(points=0.1, hidden=False)
def test_the_best_of_three(best_rate):
    best = best_rate({0.01: 2.2, 0.1: 0.9, 1.0: 1.7})
    assert best is not None, 'best_rate returns nothing yet'
    assert best == 0.1, 'the rate of the smallest loss, 0.9, is 0.1'
    assert best_rate({0.5: 0.3}) == 0.5

