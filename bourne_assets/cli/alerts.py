"""`bourne alerts`. Not here: who is alerted to what (`defs.operations.routes`), and sending."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from bourne_assets.cli.common import with_exit_codes
from bourne_assets.cli.help import Command, Group
from bourne_assets.errors import BourneError, ConfigurationError
from bourne_assets.settings import Settings, read_settings
from bourne_assets.translations import gettext, series

if TYPE_CHECKING:
    from bourne_assets.defs.operations.routes import Route


@click.group(cls=Group)
def alerts() -> None:
    """Test where alerts go."""


@alerts.command(cls=Command)
@with_exit_codes
def test() -> int:
    """Send a test along each route of the alerts file, or to the webhook; report the results."""
    from bourne_assets.cli.console import output, print_diagnosis
    from bourne_assets.runs.outcomes import tried

    settings, console = read_settings(), output()
    healthy = True
    for name, attempt in _attempts(settings):
        found = tried(name, attempt)
        print_diagnosis(console, found)
        healthy = healthy and found.healthy
    return 0 if healthy else BourneError.exit_code


def _attempts(settings: Settings) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each route by name, and what sends a test along it and says where it went.

    Raises:
        ConfigurationError: The alerts file cannot be used, or no alert goes anywhere.
    """
    from bourne_assets.defs.operations.alert_messages import post
    from bourne_assets.defs.operations.delivery import Delivery, Message
    from bourne_assets.defs.operations.routes import load_routes

    subject = gettext("A test of the alerts of bourne_assets")
    body = gettext(
        "{subject}: nothing is wrong. Dagster's UI: {url}", subject=subject, url=settings.ui_url
    )
    routes, webhook = load_routes(settings.alerts_file), settings.alert_webhook_url
    if routes is None and webhook is None:
        raise ConfigurationError(
            gettext(
                "Alerts are only logged, by the sensor saga_alerts: set BOURNE_ALERT_WEBHOOK_URL "
                "or BOURNE_ALERTS_FILE."
            )
        )
    if routes is None:

        def to_webhook() -> str:
            post(str(webhook), body)
            return gettext("sent to the webhook")

        yield "BOURNE_ALERT_WEBHOOK_URL", to_webhook
        return
    delivery = Delivery(settings, routes, waiting={}, selected={})
    for route in routes.routes:

        def along(route: "Route" = route) -> str:
            delivery.deliver(route, Message(subject, body, body))
            return gettext("sent to {places}", places=_places(route))

        yield route.name, along


def _places(route: "Route") -> str:
    """Where a route leads; the address of a webhook is a secret."""
    places = [*([gettext("the webhook")] if route.webhook else []), *route.email]
    hours = route.quiet_hours
    if hours is None or not route.is_quiet(datetime.now(UTC)):
        return series(places)
    return gettext(
        "{places}; alerts wait until {end} in {time_zone}",
        places=series(places),
        end=f"{hours.end:%H:%M}",
        time_zone=hours.time_zone,
    )
