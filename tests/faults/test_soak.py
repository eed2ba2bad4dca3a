import pytest
from soak import Soak, soaked


@pytest.mark.parametrize("seed", [1])
def test_all_jobs_end_and_count_once_while_something_is_killed_every_other_second(
	world, runtime, tmp_path, seed
):
	soak = Soak(runtime, world, tmp_path, jobs=150, seed=seed, seconds_between_kills=2, waits_for_rq=False)
	with soaked(world):
		numbers = soak.run()
	print(numbers)
	assert numbers["jobs"] == 150
	assert sum(numbers["killed"].values()) > 3
