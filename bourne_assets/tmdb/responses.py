"""An answer as received, and how it is read.

The two are apart so that an answer can be stored before anything reads it.
What must not be put here: requests (`client`), and the models themselves (`models`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from bourne_assets.tmdb.errors import TmdbProtocolError

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Response:
    """One answer as received.

    Attributes:
        endpoint: Name of the endpoint: `search_movie`, `movie_details`, ...
        path: Path below the base URL.
        parameters: Query of the request, without any credential.
        status: HTTP status.
        fetched_at: UTC time of the answer; of its figures where the snapshot answered.
        body: The bytes of the answer.
        stored_in: The raw object that it was read from, where it was not asked for again.
    """

    endpoint: str
    path: str
    parameters: Mapping[str, str]
    status: int
    fetched_at: datetime
    body: bytes
    stored_in: str | None = None


def parse(answer: Response, model: type[Model]) -> Model:
    """Read an answer by its model.

    Raises:
        TmdbProtocolError: It is no JSON, or lacks what the model requires.
    """
    try:
        return model.model_validate_json(answer.body)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole answer"
        raise TmdbProtocolError(
            f"TMDB's answer to {answer.path} is not as documented, at {place}: {first['msg']}.",
            path=answer.path,
            status=answer.status,
        ) from None


def tmdb_code(answer: Response) -> int | None:
    """TMDB's own status code in an answer, where it has one."""
    code = _envelope(answer).get("status_code")
    return code if isinstance(code, int) else None


def tmdb_message(answer: Response) -> str | None:
    """TMDB's words in an error answer, on one line and short."""
    body = _envelope(answer)
    errors = body.get("errors")
    words = body.get("status_message") or (
        "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    )
    plain = "".join(sign if sign.isprintable() else " " for sign in str(words))
    return " ".join(plain.split())[:200].rstrip(".") or None


def _envelope(answer: Response) -> dict[str, object]:
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
