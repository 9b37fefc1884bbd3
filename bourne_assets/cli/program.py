"""How the `bourne` command is called here, for hints that a person pastes.

Not here: hints.
"""

import shutil
import sys
from functools import cache
from pathlib import Path

_HINT = "`bourne "


def runnable(sentence: str) -> str:
    """The sentence with its hints as they work in this shell: `.venv/bin/bourne`, say."""
    return sentence.replace(_HINT, f"`{_program()} ") if _HINT in sentence else sentence


@cache
def _program() -> str:
    """By its name where the shell finds it, else by its path, else as a module."""
    if shutil.which("bourne") is not None:
        return "bourne"
    script = Path(sys.executable).with_name("bourne")
    if not script.is_file():
        return f"{sys.executable} -m bourne_assets"
    here = Path.cwd()
    return str(script.relative_to(here) if script.is_relative_to(here) else script)
