"""REHEARSAL_PULUMI_PATH: the rehearsal and the end-to-end tests run the programs of that folder instead of stand-ins."""

from rehearsal.pulumi_stand_ins import GIVEN
from tests import recording_programs
from tests.e2e.conftest import started


def test_programs_in_the_given_folder_are_those_that_run(tmp_path, monkeypatch):
    programs = recording_programs.write_programs(tmp_path)
    monkeypatch.setenv(GIVEN, str(programs))
    with started() as world:
        assert "16 to create" in world.pulumi("preview")
    assert recording_programs.read_calls(programs) == set(recording_programs.PROGRAMS)
