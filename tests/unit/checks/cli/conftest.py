import json
from collections.abc import Callable
from pathlib import Path

import pytest

from checks.cli import commands
from tests.fakes.manifest import manifest_data


@pytest.fixture
def manifest(tmp_path: Path) -> str:
    """The name of a file with a manifest."""
    file = tmp_path / "manifest.json"
    file.write_text(json.dumps(manifest_data()))
    return str(file)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str, str]]:
    """Runs the command in this process. Returns exit code, standard output and standard error."""
    secrets = ("CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN", "ACE_API_KEY", "NOTIFY_URL", "HEARTBEAT_URL")
    for name in (*secrets, "CLOUDFLARE_BASE_URL", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)

    def run(*argv: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as caught:
            commands.main(list(argv))
        out, err = capsys.readouterr()
        code = caught.value.code
        assert isinstance(code, int)
        return code, out, err

    return run
