"""What every fault test needs: a seeded chance that says its seed, and how many kills."""

from random import Random

import pytest

from tests.faults.stand import report

# Two in `make test`; in `make drill` fifty: 0 of 50 lost bounds the rate below 6 % a kill (rule of three).
KILLS = [2, pytest.param(50, marks=pytest.mark.drill)]


@pytest.fixture(params=KILLS, ids=lambda kills: f"{kills} kills")
def kills(request: pytest.FixtureRequest) -> int:
    """How often to kill."""
    return int(request.param)


# Once in `make test`; in `make drill` ten times, each with another length.
MANY = 10
ROUNDS = [1, pytest.param(MANY, marks=pytest.mark.drill)]


@pytest.fixture(params=ROUNDS, ids=lambda rounds: f"{rounds} rounds")
def rounds(request: pytest.FixtureRequest) -> int:
    """How often the machine falls ill."""
    return int(request.param)


@pytest.fixture
def chance(request: pytest.FixtureRequest) -> Random:
    """The test's chance. `make drill SEED=n` repeats one."""
    seed = request.config.getoption("randomly_seed", default=0)
    report(f"{request.node.name}: seed {seed}")
    return Random(f"{seed} {request.node.name}")
