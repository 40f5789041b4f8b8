import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from backfill.cli import commands
from backfill.session import Surroundings
from tests.fakes.system import System

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs a command on a fake system. Returns exit code, standard output and standard error."""
    for name in ("COLUMNS", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS", "REHEARSAL_CLOCK"):
        monkeypatch.delenv(name, raising=False)

    def run(system: System, *arguments: str, environ: dict[str, str] | None = None) -> tuple[int, str, str]:
        file = tmp_path / "manifest.json"
        file.write_text(json.dumps(system.manifest))
        surroundings = Surroundings(
            environ=system.environ if environ is None else environ,
            transport=httpx.MockTransport(system.handle),
            now=lambda: system.now,
            clock=system.clock,
            sleep=system.clock.sleep,
        )
        monkeypatch.chdir(tmp_path)
        with pytest.raises(SystemExit) as ended:
            commands.main([*arguments, "--manifest", "manifest.json"], surroundings=surroundings)
        out, err = capsys.readouterr()
        code = ended.value.code
        assert isinstance(code, int)
        assert not any(secret in out + err for secret in system.environ.values())
        return code, out, err

    return run
