"""Third-party images are named by their digests, which their registry gives."""

import os
import re
from pathlib import Path

import pytest

from scripts import pin_images


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `docker` that responds as the registry would, and writes down its arguments."""
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$4" >> {tmp_path}/arguments\n. {tmp_path}/reply\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


@pytest.mark.parametrize("file", pin_images.FILES, ids=lambda file: file.name)
def test_third_party_images_are_named_by_digest(file: Path) -> None:
    images = re.findall(r"^(?:\s*image: |FROM )(\S+)", file.read_text(), re.MULTILINE)
    others = [image for image in images if image != "bourne-assets"]
    assert others
    for image in others:
        assert re.fullmatch(r"[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}", image), image


def test_images_are_pinned_by_the_digests_of_their_registry(docker: Path) -> None:
    (docker / "reply").write_text(f"echo sha256:{'0' * 64}")
    files = [docker / path.name for path in pin_images.FILES]
    for path, copy in zip(pin_images.FILES, files, strict=True):
        copy.write_text(path.read_text())
    for _ in range(2):  # once more changes nothing
        assert pin_images.main(tuple(files)) == 0
        pinned = re.findall(
            r"(?:FROM|image:) (\S+)@sha256:0{64}", "".join(map(Path.read_text, files))
        )
        assert pinned == ["python:3.13-slim-bookworm"] * 2 + [
            "postgres:17-bookworm",
            "redis:7-bookworm",
            "postgres:17-bookworm",
        ]
    assert "bourne-assets" not in (docker / "arguments").read_text()


@pytest.mark.parametrize("reply", ["exit 1", "echo latest"])
def test_no_image_is_pinned_where_the_registry_names_no_digest(
    docker: Path, reply: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (docker / "reply").write_text(reply)
    copy = docker / "Dockerfile"
    copy.write_text("FROM python:3.13\n")
    assert pin_images.main((copy,)) == 1
    assert "No image was pinned" in capsys.readouterr().err
    assert copy.read_text() == "FROM python:3.13\n"
