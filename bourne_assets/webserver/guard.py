"""What is in front of Dagster's webserver: it serves its own pages, and no other site's.

Dagster's webserver executes any GraphQL request, a mutation by a plain GET among them, of any Host
and Origin: each page that is open in a browser beside it could start runs, and so could every other
user of the machine. This ASGI middleware lets through what people and programs of its own user do,
and refuses what only another site's page does, and what other users do.
Not here: how the webserver is started (`webserver`), and logins (a proxy's work).

See Fetch Metadata (https://www.w3.org/TR/fetch-metadata/), DNS rebinding
(https://en.wikipedia.org/wiki/DNS_rebinding), and the ASGI specification
(https://asgi.readthedocs.io/en/latest/specs/www.html).
"""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bourne_assets.sockets import is_own_client
from bourne_assets.translations import gettext

#: Versions only, and read by Kubernetes' probes, whose Host is the address of the pod.
_PROBED = "/server_info"
_READS = {"GET", "HEAD"}
#: No picture, frame, form or request of a page of the UI leads to another server.
_POLICY = "img-src 'self' data: blob:; media-src 'self'; form-action 'self'; frame-ancestors 'none'"


@dataclass(frozen=True)
class Allowed:
    """Where the UI is reached, besides the loopback addresses of this machine.

    Attributes:
        hosts: Names or addresses, with a port where only that one is meant.
    """

    hosts: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, ui_url: str, hosts: Iterable[str]) -> "Allowed":
        """The host of the UI's address, and others; the loopback ones are known anyway."""
        own = urlsplit(ui_url).netloc.rpartition("@")[2].lower()
        known = set() if _is_loopback(_name(own) or "") else {own}
        return cls(frozenset({*known, *(each.lower() for each in hosts)}))

    def has(self, authority: str) -> bool:
        """Whether a host, with its port where it names one, is one of these or a loopback one."""
        name = _name(authority)
        if name is None:
            return False
        known = {authority.lower(), name, f"[{name}]"}
        return _is_loopback(name) or not known.isdisjoint(self.hosts)


class Guard:
    """The middleware.

    Args:
        app: What it stands in front of.
        allowed: Where the UI is reached.
    """

    def __init__(self, app: ASGIApp, allowed: Allowed) -> None:
        self._app = app
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a sentence."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope, Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, _with_policy(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refusal})
        else:
            await PlainTextResponse(f"{refusal}\n", status_code=403)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers) -> str | None:
        hosts = headers.getlist("host")
        is_probe = scope.get("method") == "GET" and scope["path"] == _PROBED
        if not is_probe and not (len(hosts) == 1 and self._allowed.has(hosts[0])):
            return (
                "This host name is not one of the UI's: add it to BOURNE_UI_ALLOWED_HOSTS, or set "
                "BOURNE_UI_URL."
            )
        if (
            not is_probe
            and not self._allowed.hosts
            and (refusal := _refusal_of_user(scope, headers))
        ):
            return refusal
        if any(not self._is_own(origin, hosts) for origin in headers.getlist("origin")):
            return "This request comes from a page of another site."
        return _refusal_of_site(scope, headers) or _refusal_of_form(scope, headers)

    def _is_own(self, origin: str, hosts: list[str]) -> bool:
        """Whether a page of the UI itself sent the request: another port is another site."""
        authority = urlsplit(origin).netloc.lower() if origin != "null" else ""
        return bool(authority) and (
            authority in {host.lower() for host in hosts} or authority in self._allowed.hosts
        )


def _refusal_of_user(scope: Scope, headers: Headers) -> str | None:
    """Where no name is the UI's but those of this machine, it is for one user of the machine.

    A proxy's word on who is calling would replace the connection's own addresses.
    """
    if "x-forwarded-for" in headers:
        return gettext(
            "This request came through a proxy: set BOURNE_UI_URL to the address that it "
            "serves, or name its host in BOURNE_UI_ALLOWED_HOSTS."
        )
    client, server = scope.get("client"), scope.get("server")
    if server is not None:
        is_socket_file = server[1] is None
        # Who has left before anybody looked has no address any more.
        if is_socket_file or (client is not None and is_own_client(client, server)):
            return None
    return gettext(
        "This request is not from a process of the user who started this server: name "
        "127.0.0.1 in BOURNE_UI_ALLOWED_HOSTS to let every user of this machine in."
    )


def _refusal_of_site(scope: Scope, headers: Headers) -> str | None:
    """What the browser says about the page that sent the request; other programs say nothing."""
    if headers.get("sec-fetch-site", "none") in {"none", "same-origin"}:
        return None
    follows_link = (
        scope.get("method") == "GET"
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and not _is_part(scope, "graphql")
        # Where nbconvert is installed, it runs the scripts of any file *.ipynb in the UI's origin.
        and not _is_part(scope, "notebook")
    )
    return None if follows_link else "This request comes from a page of another site."


def _refusal_of_form(scope: Scope, headers: Headers) -> str | None:
    """What a page of any site can send without the browser checking whether it may."""
    if scope["type"] == "websocket":
        return None
    if scope["method"] in _READS:
        if _is_part(scope, "graphql") and scope["query_string"]:
            return "GraphQL is taken by POST only, as application/json."
        return None
    kinds = [each.partition(";")[0].strip().lower() for each in headers.getlist("content-type")]
    if kinds != ["application/json"]:
        return "This server takes application/json, and no forms."
    return None


def _is_part(scope: Scope, name: str) -> bool:
    return name in str(scope["path"]).lower().split("/")


def _with_policy(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.append("content-security-policy", _POLICY)
            headers["x-frame-options"] = "DENY"
            headers["cross-origin-resource-policy"] = "same-origin"
        await send(message)

    return sent


def _name(authority: str) -> str | None:
    """The host without its port; None where it is not one."""
    try:
        parts = urlsplit(f"//{authority}")
        usable = parts.netloc == authority and "@" not in authority and parts.port != 0
    except ValueError:
        return None
    return parts.hostname if usable else None


def _is_loopback(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
