"""The built wheel: it holds what the package reads, and works in an empty folder."""

import email
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bourne_assets

PROJECT = Path(bourne_assets.__file__).parents[1]
PARTS = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "bourne_assets")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The wheel, built from a copy, so that nothing is left in the project."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in PARTS:
        if (PROJECT / name).is_dir():
            skipped = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / name, folder / name, ignore=skipped)
        else:
            shutil.copy(PROJECT / name, folder)
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist")]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, folder], check=True)
    (built,) = (folder / "dist").glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "installed")
    return zipfile.Path(built)


def _installed(wheel: zipfile.Path) -> Path:
    return Path(str(wheel.root.filename)).parents[1] / "installed"


def _bourne(wheel: zipfile.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of the wheel: its folder stands before the project that is installed here."""
    return subprocess.run(
        [sys.executable, "-m", "bourne_assets", *arguments],
        env={**os.environ, "PYTHONPATH": str(_installed(wheel))},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.Path) -> None:
    package = PROJECT / "bourne_assets"
    expected = {
        str(path.relative_to(PROJECT))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    held = {name for name in wheel.root.namelist() if name.startswith("bourne_assets/")}
    assert {name for name in held if not name.endswith("/")} == expected


@pytest.mark.slow
def test_its_metadata_are_what_a_package_index_shows(wheel: zipfile.Path) -> None:
    (text,) = (_installed(wheel)).glob("*.dist-info/METADATA")
    metadata = email.message_from_string(text.read_text(encoding="utf-8"))
    assert metadata["Version"] == bourne_assets.__version__
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "# bourne_assets" in metadata.get_payload()


@pytest.mark.slow
def test_its_command_is_its_own(wheel: zipfile.Path, tmp_path: Path) -> None:
    assert f"version {bourne_assets.__version__}" in _bourne(wheel, "--version").stdout
    place = _bourne(wheel, "exec", sys.executable, "-c", "import bourne_assets as b; print(b)")
    assert str(_installed(wheel)) in place.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.exhaustive
def test_it_runs_in_an_empty_folder(wheel: zipfile.Path, tmp_path: Path) -> None:
    done = _bourne(wheel, "run")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == "", "nothing complains of how the process ends"
    assert "$327,483,286.20" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == [".bourne"]
