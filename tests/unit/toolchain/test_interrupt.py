import signal
import subprocess
import sys

import pytest

# A module that takes its time, in place of one that the program imports: the interrupt comes in the midst of the import.
SLOW = """
import importlib.abc, runpy, sys
class Slow(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == {module!r}:
            print("importing", flush=True)
            import time; time.sleep(30)
sys.meta_path.insert(0, Slow())
sys.argv = [{program!r}]
runpy.run_module({program!r}, run_name="__main__", alter_sys=True)
"""


@pytest.mark.parametrize(
    ("program", "module", "line"),
    [
        ("toolchain", "toolchain.setup", "set-up: interrupted\n"),
        ("rehearsal", "rehearsal.cli", "rehearsal: interrupted\n"),
        ("rehearsal", "aiohttp", "rehearsal: interrupted\n"),
    ],
)
def test_an_interrupt_during_an_import_is_one_line(program, module, line):
    code = SLOW.format(program=program, module=module)
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "importing\n"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert (process.returncode, said) == (130, line)
