"""The Makefile: what `make clean` and `make clean-lake` remove, and what commands are told."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import bourne_assets

MAKEFILE = Path(bourne_assets.__file__).parents[1] / "Makefile"
pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(MAKEFILE, tmp_path)
    for name in (".venv/bin", "build", "screenshots", "bench/__pycache__", ".bourne/lake/data"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / ".bourne" / "lake" / "data" / "kept").write_text("bytes")
    return tmp_path


def _make(project: Path, *arguments: str) -> str:
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def test_clean_removes_what_was_made_and_no_lake(project: Path) -> None:
    _make(project, "clean")
    assert sorted(path.name for path in project.iterdir()) == [".bourne", "Makefile", "bench"]
    assert list((project / "bench").iterdir()) == []
    assert (project / ".bourne" / "lake" / "data" / "kept").read_text() == "bytes"


def test_a_lake_is_removed_only_where_that_is_confirmed(project: Path) -> None:
    (project / ".bourne" / "query" / "blocks").mkdir(parents=True)  # copies of what is in it
    assert "This would remove .bourne/lake" in _make(project, "clean-lake")
    assert (project / ".bourne" / "lake" / "data" / "kept").exists()
    assert "Removed .bourne/lake." in _make(project, "clean-lake", "YES=1")
    assert list((project / ".bourne").iterdir()) == []
    assert "There is no lake" in _make(project, "clean-lake", "YES=1")


def test_a_lake_in_use_is_not_removed(project: Path) -> None:
    bourne = project / ".venv" / "bin" / "bourne"
    bourne.write_text("#!/bin/sh\necho 'The lake is in use, and ends when its last user does.'\n")
    bourne.chmod(0o755)
    with pytest.raises(subprocess.CalledProcessError):
        _make(project, "clean-lake", "YES=1")
    assert (project / ".bourne" / "lake" / "data" / "kept").exists()


def test_a_lake_is_removed_in_every_language(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bourne = project / ".venv" / "bin" / "bourne"
    bourne.write_text(
        "#!/bin/sh\n"
        "[ \"$BOURNE_LANG\" = en ] && echo 'The lake is stopped.' || echo 'O lake parou.'\n"
    )
    bourne.chmod(0o755)
    monkeypatch.setenv("BOURNE_LANG", "pt")
    assert "Removed .bourne/lake." in _make(project, "clean-lake", "YES=1")


def test_what_python_compiles_is_kept_whatever_the_shell_says(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (project / "show.mk").write_text("show:\n\t@env\n")
    told = _make(project, "-f", "Makefile", "-f", "show.mk", "show").splitlines()
    assert f"PATH={os.environ['PATH']}" in told
    assert not [line for line in told if line.startswith("PYTHONDONTWRITEBYTECODE")]
