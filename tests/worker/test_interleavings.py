"""The state machine of interleavings: the worker keeps every promise, and each known defect breaks one."""

import pytest

from .simulation.machine import explore
from .simulation.mutations import MUTATIONS
from .simulation.simulator import Simulator

EXAMPLES = 80  # `scripts/bench interleavings --runs 2000` runs more
MAX_EXAMPLES = 200  # until a defect is found
SEED = 14


def test_no_interleaving_loses_or_doubles_a_day():
    """Cases A8, D2: planners, consumers, kills, lost and doubled messages, late rows and operators in any order."""
    with Simulator() as simulator:
        explore(simulator, EXAMPLES, number=SEED)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_defect_of_the_worker_is_found(name):
    with Simulator(MUTATIONS[name]) as simulator:
        assert simulator.fits, "the worker's code has changed. Write the mutation anew"
        with pytest.raises(AssertionError):
            explore(simulator, MAX_EXAMPLES, number=SEED, shrink=False)
