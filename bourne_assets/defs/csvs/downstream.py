"""What can be made anew once some assets are: all that follows and has its other inputs.

What must not be put here: what starts it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

Key = TypeVar("Key")


def what_follows(
    made: Iterable[Key],
    parents: Mapping[Key, Sequence[Key]],
    is_there: Callable[[Key], bool],
) -> list[Key]:
    """The assets that are made, and those downstream whose other inputs are there already.

    On a fresh instance nothing asked TMDB yet: a CSV file that arrives must not start a run that
    fails for want of films.

    Args:
        made: Assets that are made anew.
        parents: The inputs of every asset, in an order in which inputs come first.
        is_there: Whether an asset was ever made.
    """
    chosen = list(made)
    for key, inputs in parents.items():
        if key in chosen or not any(parent in chosen for parent in inputs):
            continue
        if all(parent in chosen or is_there(parent) for parent in inputs):
            chosen.append(key)
    return chosen
