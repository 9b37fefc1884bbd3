"""Whose a file or a folder is, and whether somebody else may write to it.

Root may do anything anyway, so that what belongs to root counts as one's own.
Not here: what is refused for that (`lake.private_files`, `cli.environment_file`).
"""

import grp
import os
import pwd
import stat

_ROOT = 0


def is_own(found: os.stat_result) -> bool:
    """Whether it belongs to this process's user or to root."""
    return found.st_uid in {os.geteuid(), _ROOT}


def may_be_written_by_others(found: os.stat_result) -> bool:
    """Whether its mode lets another user write to it; a sticky folder keeps what others made."""
    if found.st_mode & stat.S_ISVTX and stat.S_ISDIR(found.st_mode):
        return False
    by_group = found.st_mode & stat.S_IWGRP and not _is_private_group(found.st_gid)
    return bool(by_group or found.st_mode & stat.S_IWOTH)


def has_account(number: int) -> bool:
    """Whether a user of this machine has this number; owners of mounted folders may have none."""
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True


def user_name(number: int) -> str:
    """The name of a user, or their number where they have none."""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _is_private_group(number: int) -> bool:
    """Whether a group is one user's alone, as Debian and Fedora make them with umask 0002.

    The group of root is so where it has no members: some platforms of containers use it.
    """
    try:
        group, user = grp.getgrgid(number), pwd.getpwuid(os.geteuid())
    except KeyError:
        return number == _ROOT
    members = set(group.gr_mem) - {user.pw_name}
    if number == _ROOT:
        return members <= {"root"}
    return group.gr_name == user.pw_name and not members
