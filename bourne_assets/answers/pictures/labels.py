"""Where the names of points can be without covering each other.

Plain geometry in pixels, as charts have no such thing of their own. Not here: charts, and films.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

Align = Literal["left", "center", "right"]
FONT_SIZE = 12
#: Mean width of a letter, as a share of the size of the font.
_LETTER = 0.55
_GAP = 7.0
_POINT = 5.0


@dataclass(frozen=True)
class Place:
    """Where a label is: its anchor in pixels from the top left, and how it is aligned."""

    x: float
    y: float
    align: Align


@dataclass(frozen=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "_Box") -> float:
        """The shared area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0) * max(height, 0)


def outermost(points: Sequence[tuple[float, float]], most: int) -> list[int]:
    """Which points to name where not all can be: those farthest from the middle of all.

    Args:
        points: x and y in pixels.
        most: How many.

    Returns:
        Their indices, in order.
    """
    if len(points) <= most:
        return list(range(len(points)))
    across, down = [x for x, _ in points], [y for _, y in points]
    middle_x, middle_y = median(across), median(down)
    span_x = (max(across) - min(across)) or 1
    span_y = (max(down) - min(down)) or 1

    def distance(index: int) -> float:
        x, y = points[index]
        return max(abs(x - middle_x) / span_x, abs(y - middle_y) / span_y)

    return sorted(sorted(range(len(points)), key=distance, reverse=True)[:most])


def place(
    points: Sequence[tuple[float, float]], texts: Mapping[int, str], width: float, height: float
) -> list[Place]:
    """A place beside each named point: right, left, above or below, whichever covers least.

    Args:
        points: x and y of all points, in pixels from the top left of the plot.
        texts: Labels, by the indices of their points.
        width: Of the plot, in pixels; labels should stay inside.
        height: Of the plot.

    Returns:
        The places, in the order of the labels.
    """
    taken = [_Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    found = []
    for index, text in texts.items():
        x, y = points[index]
        candidates = [
            Place(x + _GAP, y, "left"),
            Place(x - _GAP, y, "right"),
            Place(x, y - _GAP - FONT_SIZE / 2, "center"),
            Place(x, y + _GAP + FONT_SIZE / 2, "center"),
            Place(x + _GAP, y - FONT_SIZE, "left"),
            Place(x + _GAP, y + FONT_SIZE, "left"),
            Place(x - _GAP, y - FONT_SIZE, "right"),
            Place(x - _GAP, y + FONT_SIZE, "right"),
        ]
        boxes = [_box(at, text) for at in candidates]
        reach = _Box(
            min(box.left for box in boxes),
            min(box.top for box in boxes),
            max(box.right for box in boxes),
            max(box.bottom for box in boxes),
        )
        near = [other for other in taken if reach.overlap(other)]
        chosen = min(candidates, key=lambda at: _cost(_box(at, text), near, width, height))
        taken.append(_box(chosen, text))
        found.append(chosen)
    return found


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions at least a gap apart, in the same order and as near to their own as can be.

    Args:
        positions: Wanted positions in pixels.
        gap: Least distance of two.
        low: Smallest position.
        high: Largest position, unless there are too many for it.
    """
    order = sorted(range(len(positions)), key=lambda index: positions[index])
    placed: list[float] = []
    for index in order:
        least = placed[-1] + gap if placed else low
        placed.append(max(positions[index], least))
    limit = max(high, low + gap * (len(placed) - 1))
    for rank in range(len(placed) - 1, -1, -1):
        placed[rank] = min(placed[rank], limit - gap * (len(placed) - 1 - rank))
    return [at for _, at in sorted(zip(order, placed, strict=True))]


def shortened(text: str, letters: int) -> str:
    """A name that fits, with an ellipsis where it is cut."""
    return (
        text if len(text) <= letters else f"{text[: letters - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"
    )


def length_of(text: str) -> float:
    """About how many pixels wide a text is."""
    return len(text) * FONT_SIZE * _LETTER


def _box(at: Place, text: str) -> _Box:
    length = length_of(text)
    left = {"left": at.x, "right": at.x - length, "center": at.x - length / 2}[at.align]
    return _Box(left, at.y - FONT_SIZE / 2, left + length, at.y + FONT_SIZE / 2)


def _cost(box: _Box, taken: Sequence[_Box], width: float, height: float) -> float:
    """Covered area; what is outside the plot counts too."""
    inside = box.overlap(_Box(0, 0, width, height))
    area = (box.right - box.left) * (box.bottom - box.top)
    return sum(box.overlap(other) for other in taken) + (area - inside)
