"""Programs that record their call and then run the real one, to prove that a folder of programs is used."""

import os
import shutil
from pathlib import Path

from rehearsal.local_system.environment import find_engine
from rehearsal.pulumi_stand_ins import BIN, ENGINE, LANGUAGE_HOST, PLUGIN, find_path_entries
from tests import warm_plugins

PROGRAMS = (ENGINE, LANGUAGE_HOST, PLUGIN)
RECORDER = """#!/bin/sh
echo {name} >> {calls}
exec {program} "$@"
"""


def write_programs(folder: Path) -> Path:
    """Write a recording program for each of Pulumi's, and return their folder."""
    path = os.pathsep.join([*find_path_entries(os.environ), str(find_engine()), os.environ["PATH"]])
    made = folder / "programs"
    made.mkdir()
    for name in PROGRAMS:
        found = shutil.which(name, path=path)
        assert found is not None
        program = warm_plugins.start_warm(name) if Path(found).is_relative_to(BIN) else found
        file = made / name
        file.write_text(RECORDER.format(name=name, calls=made / "calls", program=program))
        file.chmod(0o755)
    return made


def read_calls(programs: Path) -> set[str]:
    """Return the names of the programs that were run."""
    calls = programs / "calls"
    return set(calls.read_text().split()) if calls.exists() else set()
