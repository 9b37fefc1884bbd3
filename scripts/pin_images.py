"""Write the digests of third-party images behind their tags, wherever the project names one.

A tag may name other bytes tomorrow; a digest never does. The registry is queried through Docker's
own client, so this needs Docker and a network: no digest is written that nobody has looked up.

    python -m scripts.pin_images
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FILES = (
    ROOT / "Dockerfile",
    ROOT / "deploy" / "compose.yaml",
    ROOT / ".github" / "workflows" / "ci.yml",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
#: `image: name:tag` of compose and `FROM name:tag` of a Dockerfile, with a digest or without.
_IMAGE = re.compile(
    r"^(?P<before>\s*image: |FROM )(?P<name>[\w./-]+:[\w.-]+)(?:@sha256:[0-9a-f]{64})?(?=\s|$)",
    re.MULTILINE,
)


def main(files: tuple[Path, ...] = FILES) -> int:
    """Pin the images of these files; 1, and nothing changed, where a digest cannot be had."""
    texts = {path: path.read_text(encoding="utf-8") for path in files}
    names = sorted({found["name"] for text in texts.values() for found in _IMAGE.finditer(text)})
    try:
        digests = {name: _digest(name) for name in names}
    except (OSError, subprocess.CalledProcessError, ValueError) as error:
        print(f"No image was pinned: {error}.", file=sys.stderr)
        return 1
    for path, text in texts.items():
        path.write_text(_IMAGE.sub(lambda found: _pinned(found, digests), text), encoding="utf-8")
    for name, digest in digests.items():
        print(f"{name}@{digest}")
    return 0


def _digest(image: str) -> str:
    """Digest of the list of an image's platforms, as the registry has it now.

    Raises:
        OSError: Docker is not installed.
        subprocess.CalledProcessError: The registry was not reached, or does not have the image.
        ValueError: What Docker printed is not a digest.
    """
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format"]
    done = subprocess.run(
        [*command, "{{.Manifest.Digest}}"], capture_output=True, text=True, check=True
    )
    digest = done.stdout.strip()
    if not _DIGEST.fullmatch(digest):
        raise ValueError(f"Docker named no digest for {image}")
    return digest


def _pinned(found: re.Match[str], digests: dict[str, str]) -> str:
    return f"{found['before']}{found['name']}@{digests[found['name']]}"


if __name__ == "__main__":
    sys.exit(main())
