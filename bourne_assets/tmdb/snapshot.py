"""The bundled snapshot: TMDB's responses from files, where no credential is set.

It replaces the transport, so that client, raw storage and parsing are the same code as live.
What the files hold and where it is from: `data/snapshot/PROVENANCE.md`.
Not here: figures. They are in the files.
"""

import io
import json
import os
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from bourne_assets.settings import DATA_DIR

SNAPSHOT_DIR = DATA_DIR / "snapshot"
_NOT_FOUND = {
    "success": False,
    "status_code": 34,
    "status_message": "The resource you requested could not be found.",
}


class SnapshotAdapter(BaseAdapter):
    """Responds to a GET from the file whose path mirrors the request's."""

    def __init__(self, base_url: str, folder: Path = SNAPSHOT_DIR) -> None:
        super().__init__()
        # As requests writes it.
        self._root = urlsplit(str(requests.Request("GET", base_url).prepare().url)).path.rstrip("/")
        self._folder = folder

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """The file's bytes with 200, or TMDB's 404 where there is no such file."""
        address = urlsplit(str(request.url))
        path = address.path.removeprefix(self._root).strip("/")
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        body, status = self._response(path, query)
        response = requests.Response()
        response.status_code = status
        response.headers["Content-Type"] = "application/json;charset=utf-8"
        response.url = str(request.url)
        response.request = request
        response.raw = HTTPResponse(body=io.BytesIO(body), preload_content=False)
        return response

    def close(self) -> None:
        """Nothing is open."""

    def _response(self, path: str, query: dict[str, str]) -> tuple[bytes, int]:
        if query.get("append_to_response") == "external_ids":
            return self._appended(path)
        if path == "search/movie":
            page = query.get("page", "1")
            path = f"{path}/{query.get('query', '').casefold()}-{page}"
        file = self._folder / f"{path}.json"
        is_inside = file.is_relative_to(self._folder) and ".." not in file.parts
        if is_inside and os.path.isfile(file):  # noqa: PTH113 - a name too long raises in `Path`
            return file.read_bytes(), 200
        if path.startswith("search/movie/"):
            return _as_json({"page": 1, "results": [], "total_pages": 0, "total_results": 0}), 200
        return _as_json(_NOT_FOUND), 404

    def _appended(self, path: str) -> tuple[bytes, int]:
        """Details with the external ids in them, which have no `id` there."""
        details, status = self._response(path, {})
        ids, known = self._response(f"{path}/external_ids", {})
        if not status == known == HTTPStatus.OK:
            return details, status
        appended = {name: value for name, value in json.loads(ids).items() if name != "id"}
        return _as_json({**json.loads(details), "external_ids": appended}), status


def snapshot_session(base_url: str) -> requests.Session:
    """A session that never touches the network."""
    session = requests.Session()
    session.trust_env = False
    adapter = SnapshotAdapter(base_url)
    # Both schemes, not the address: requests may write it otherwise, and would use the network.
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def has_collection(collection_id: int, folder: Path = SNAPSHOT_DIR) -> bool:
    """Whether the snapshot has a collection."""
    return (folder / "collection" / f"{collection_id}.json").is_file()


def snapshot_time(folder: Path = SNAPSHOT_DIR) -> datetime:
    """UTC time of the snapshot's figures."""
    stated = json.loads((folder / "snapshot.json").read_text(encoding="utf-8"))["as_of"]
    return datetime.fromisoformat(stated)


def _as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()
