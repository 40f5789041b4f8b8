from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import pulumi as fake


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Installs a fake `pulumi` with an answer to each subcommand. Returns the file that records its command lines."""

    def install(**answers: dict[str, Any]) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path))
        return fake.install(tmp_path, answers)

    return install
