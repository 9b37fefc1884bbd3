"""Which process is meant, on a machine whose clock may be set while it runs.

A process id alone may belong to another process by now. Its start time settles that, unless it is
wall time: after a step of the clock `psutil.Process.create_time` gives another time for the same
process, for Linux counts from the boot and psutil adds the wall time of the boot.
"""

import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Self

import psutil

_PROC = Path("/proc")


@dataclass(frozen=True)
class ProcessIdentity:
    """One process among all that ever had its id.

    Attributes:
        pid: Its process id.
        started: On Linux clock ticks from the boot to its start; elsewhere microseconds of wall
            time at its start, which the kernel keeps as they were.
        boot: The id of that boot; empty elsewhere.
    """

    pid: int
    started: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> Self:
        """Identity of a running process.

        Raises:
            psutil.NoSuchProcess: No process has this id, or only one that has ended and waits for
                its parent.
        """
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                raise psutil.ZombieProcess(pid)
            return cls(pid, _started(pid), _boot_id())
        except (ValueError, OverflowError, FileNotFoundError, ProcessLookupError) as error:
            raise psutil.NoSuchProcess(pid) from error

    @classmethod
    def own(cls) -> Self:
        """Identity of this process."""
        return cls.of(os.getpid())

    @classmethod
    def parse(cls, text: str) -> Self:
        """The identity that `str` wrote.

        Raises:
            ValueError: The text is not an identity.
        """
        pid, started, boot = text.split(":")
        return cls(int(pid), int(started), boot)

    def __str__(self) -> str:
        return f"{self.pid}:{self.started}:{self.boot}"

    @property
    def earliest_start(self) -> float:
        """Wall time of its start, by the earliest clock that this process has seen.

        Before a step of the clock the same process had another time; one that is older by any of
        them may be the one that is meant.
        """
        if not self.boot:
            return self.started / 1_000_000
        return self.started / os.sysconf("SC_CLK_TCK") + _earliest_boot()

    @property
    def is_alive(self) -> bool:
        """Whether this very process runs."""
        try:
            return ProcessIdentity.of(self.pid) == self
        except psutil.Error:
            return False


def _started(pid: int) -> int:
    if not sys.platform.startswith("linux"):
        return round(psutil.Process(pid).create_time() * 1_000_000)
    # proc(5): `starttime` is field 22; the name, field 2, may hold spaces and parentheses.
    stat = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    return int(stat.rpartition(")")[2].split()[19])


@cache
def _boot_id() -> str:
    if not sys.platform.startswith("linux"):
        return ""
    return (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()


def _boot_moment() -> float:
    """Wall time of the boot by the clock as it is now; a step of the clock moves it."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def _earliest_boot() -> float:
    _SEEN.append(min(_boot_moment(), *_SEEN))
    del _SEEN[:-1]
    return _SEEN[0]


#: The earliest wall time of the boot since this module was loaded.
_SEEN = [_boot_moment()] if sys.platform.startswith("linux") else []
