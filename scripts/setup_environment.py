"""Make .venv and install a lock into it, once; again only when the lock or pyproject changed.

Needs nothing but Python's standard library. Whatever goes wrong ends in one sentence.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
PYTHON = ENVIRONMENT / "bin" / "python"
STAMP = ENVIRONMENT / ".installed"
NEEDED_BYTES = 2 * 1024**3
#: What pip prints, and what it means for a person.
CAUSES = (
    ("No space left on device", "the disk is full: free some space"),
    ("NewConnectionError", "the package index was not reached: check the network"),
    (
        "Temporary failure in name resolution",
        "the package index was not reached: check the network",
    ),
    ("nodename nor servname", "the package index was not reached: check the network"),
    ("ReadTimeoutError", "the package index is too slow: check the network and try again"),
    ("ProxyError", "the proxy did not let the package index through: check HTTPS_PROXY"),
    ("Tunnel connection failed", "the proxy refused the package index: check HTTPS_PROXY"),
    ("CERTIFICATE_VERIFY_FAILED", "the package index's certificate was not accepted"),
    ("HASHES", "a package differs from the lock: do not install it, and tell the maintainers"),
    ("No matching distribution", "a package of the lock is not available for this machine"),
    ("error: command", "a package must be compiled here: install a C compiler and try again"),
)


class SetupError(Exception):
    """One sentence for the person who called make."""


def main(lock: str) -> int:
    """Install `lock` unless it is installed."""
    try:
        must_be_supported()
        wanted = fingerprint(ROOT / lock)
        if not is_installed(lock, wanted):
            install(ROOT / lock)
            STAMP.write_text(f"{lock} {wanted}\n", encoding="utf-8")
    except SetupError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def must_be_supported() -> None:
    """Refuse a Python that the locks do not cover."""
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        raise SetupError(
            f"Python 3.11, 3.12, 3.13 or 3.14 is needed, and {sys.executable} is "
            f"{sys.version_info[0]}.{sys.version_info[1]}: name another, "
            "make run PYTHON=/path/to/python3."
        )


def fingerprint(lock: Path) -> str:
    """Changes with the lock, pyproject, and the Python that makes .venv."""
    digest = hashlib.sha256(sys.version.encode())
    for path in (lock, ROOT / "requirements.lock", ROOT / "pyproject.toml"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def is_installed(lock: str, wanted: str) -> bool:
    """Whether .venv holds this lock, or the development one, which holds the other too."""
    try:
        name, known = STAMP.read_text(encoding="utf-8").split()
    except (OSError, ValueError):
        return False
    if not PYTHON.exists():
        return False
    return known == (wanted if name == lock else fingerprint(ROOT / name)) and (
        name in {lock, "requirements-dev.lock"}
    )


def install(lock: Path) -> None:
    """Make .venv if need be, and install the lock and the package, with compiled bytecode."""
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"The disk has {free / 1024**3:.1f} GiB left and the environment needs "
            f"{NEEDED_BYTES / 1024**3:.0f}: free some space."
        )
    say(f"Installing {lock.name} into .venv, once (a minute or two) ...")
    STAMP.unlink(missing_ok=True)
    make_environment()
    pip: list[str | Path] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--no-input",
        "--disable-pip-version-check",
    ]
    packages = sum(line[:1].isalnum() for line in lock.read_text(encoding="utf-8").splitlines())
    run([*pip, "--no-deps", "--require-hashes", "-r", lock], packages)
    run([*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT])
    run([PYTHON, "-m", "compileall", "-q", ROOT / "bourne_assets"])


def make_environment() -> None:
    """A new .venv, unless there is one of this Python that works: then it is brought up to date."""
    if PYTHON.exists():
        probe = [PYTHON, "-c", "import pip, sys; print(sys.version)"]
        found = subprocess.run(probe, capture_output=True, text=True, check=False)
        if found.returncode == 0 and found.stdout.strip() == sys.version:
            return
    result = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", ENVIRONMENT],
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        hint = "install python3-venv" if "ensurepip" in result.stdout else "see above"
        sys.stderr.write(result.stdout + result.stderr)
        raise SetupError(f"{sys.executable} could not make a virtual environment: {hint}.")


def run(command: list[str | Path], packages: int = 0) -> None:
    """Run a step; its output is shown only where the cause is not known.

    Args:
        command: The step.
        packages: How many packages pip installs in it, to print how far it is; 0 prints nothing.
    """
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}
    lines: list[str] = []
    with subprocess.Popen(
        [str(part) for part in command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if packages:
                say_progress(line, sum(each.startswith("Collecting ") for each in lines), packages)
    if process.returncode == 0:
        return
    output = "".join(lines)
    for sign, cause in CAUSES:
        if sign in output:
            raise SetupError(f"The installation failed: {cause}.")
    sys.stderr.write(output)
    raise SetupError("The installation failed, for the reason above.")


def say_progress(line: str, fetched: int, packages: int) -> None:
    """Tell what a line of pip's means: each package on a terminal, each quarter elsewhere."""
    if line.startswith("Installing collected packages"):
        say("  unpacking them ...")
    elif line.startswith("Collecting "):
        last = fetched == packages
        if sys.stdout.isatty():
            sys.stdout.write(f"\r  fetched {fetched} of {packages} packages" + "\n" * last)
            sys.stdout.flush()
        elif last or fetched % max(1, packages // 4) == 0:
            say(f"  fetched {fetched} of {packages} packages")


def say(text: str) -> None:
    """Tell the person what takes so long."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
