"""Who is alerted to what: the alerts file, e-mail, quiet hours, and trying it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import dagster as dg
import pytest
from click.testing import CliRunner, Result

from bourne_assets.cli import main
from bourne_assets.cli.mistakes import find_mistakes
from bourne_assets.defs.operations.alert_messages import Alert, NotDelivered, Problem
from bourne_assets.defs.operations.alerts import Memory, alerts_of_runs, alerts_sensor, selected_by
from bourne_assets.defs.operations.delivery import Delivery, Message, Waiting
from bourne_assets.defs.operations.problems import problems_of_run
from bourne_assets.defs.operations.routes import AlertRoutes, load_routes
from bourne_assets.errors import ConfigurationError
from bourne_assets.settings import Settings
from bourne_assets_tests.support.dagster_runs import KeptLog
from bourne_assets_tests.support.smtp import PASSWORD, USER, SmtpServer
from bourne_assets_tests.support.webhook import Webhook

_SETTINGS = Settings(smtp_password=PASSWORD)
_FAILED = Problem("tmdb_search", "failed", "TMDB did not answer.")
_ALERT = Alert("Saga", [_FAILED])
_WARNED = Problem("movies", "check lines failed", "", ("movies.csv line 3: too long",), 1, False)


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    with Webhook() as webhook:
        yield webhook


@pytest.fixture
def smtp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmtpServer]:
    """A server of e-mail that this process trusts."""
    with SmtpServer(tmp_path) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        yield server


def _load(folder: Path, text: str) -> AlertRoutes:
    path = folder / "alerts.yaml"
    path.write_text(text, encoding="utf-8")
    routes = load_routes(path)
    assert routes is not None
    return routes


def _email(smtp: SmtpServer, *routes: str) -> str:
    lines = [
        "email:",
        "  server: 127.0.0.1",
        f"  port: {smtp.port}",
        "  from: bourne@example.com",
        f"  user: {USER}",
        "routes:",
        *(f"  - {route}" for route in routes),
    ]
    return "\n".join(lines)


# Reading


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("routs: []", "line 1: routs is not a key here, did you mean routes?"),
        ("routes: []", "line 1: routes: Tuple should have at least 1 item"),
        (
            "routes:\n  - name: a\n    webhook: http://h/\n    selektion: x",
            "line 4: routes.0.selektion is not a key here, did you mean selection?",
        ),
        ("routes:\n  - name: a", "line 2: routes.0 leads nowhere: name a webhook or e-mail"),
        (
            "routes:\n  - name: a\n    webhook: ftp://secret/",
            "line 3: routes.0.webhook must be an http or https address",
        ),
        (
            "routes:\n  - name: a\n    webhook: http://h/\n    severity: bad",
            "line 4: routes.0.severity must be one of 'error' or 'warning'",
        ),
        ("routes:\n  - name: a\n    email: [ann]", "routes.0.email.0 is not an e-mail address"),
        ("routes:\n  - name: a\n    email: [a@b.c]", "name the server under email"),
        (
            "routes:\n  - {name: a, webhook: 'http://h/'}\n  - {name: a, webhook: 'http://h/'}",
            "two routes are called 'a'",
        ),
        (
            "routes:\n  - name: a\n    webhook: http://h/\n"
            "    quiet_hours: {from: 22:00, to: 25:00, time_zone: Europe/Berlin}",
            "routes.0.quiet_hours.to is not a time of day: write it as 22:00",
        ),
        (
            "routes:\n  - name: a\n    webhook: http://h/\n"
            "    quiet_hours: {from: '22:00+05:00', to: '07:00', time_zone: Europe/Berlin}",
            "routes.0.quiet_hours.from is not a time of day: write it as 22:00",
        ),
        (
            "routes:\n  - name: a\n    webhook: http://h/\n"
            "    quiet_hours: {from: '22:00', to: '07:00', time_zone: Europe/Berlim}",
            "'Europe/Berlim' is not a time zone, did you mean Europe/Berlin?",
        ),
        (
            "email: {server: mail.example.com, from: a@b.c, user: u, tls: none}\n"
            "routes:\n  - {name: a, email: [a@b.c]}",
            "tls: none would send the password in the clear",
        ),
        ("routes: [", "cannot be read"),
    ],
)
def test_each_mistake_is_one_sentence_that_names_the_line(
    tmp_path: Path, text: str, sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as raised:
        _load(tmp_path, text)
    assert sentence in str(raised.value)
    assert not str(raised.value).endswith("?.")
    assert "secret" not in str(raised.value)
    assert len(str(raised.value).splitlines()) == 1


@pytest.mark.parametrize("text", ["key:", "status:x", "not sensor:x", "code_location:x"])
def test_a_selection_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    routes = _load(tmp_path, f"routes:\n  - {{name: a, selection: '{text}', webhook: 'http://h/'}}")
    with pytest.raises(ConfigurationError, match="of the route 'a' cannot be read"):
        selected_by(routes, None)


# Sending


def test_each_problem_goes_to_those_whom_it_concerns(
    tmp_path: Path, webhook: Webhook, smtp: SmtpServer
) -> None:
    text = _email(
        smtp,
        f"{{name: everything, webhook: '{webhook.url}'}}",
        "{name: films, selection: 'group:films', severity: error, email: [ann@example.com]}",
    )
    waiting: Waiting = {}
    selected = {"films": frozenset({"tmdb_search", "movies"})}
    delivery = Delivery(_SETTINGS, _load(tmp_path, text), waiting, selected)
    assert delivery.send(Alert("Landing of CSV files", [_WARNED], "1")) == 1
    assert delivery.send(Alert("Jason Bourne", [_FAILED], "1")) == 2
    assert ["movies.csv line 3" in text for text in webhook.texts] == [True, False]
    (mail,) = smtp.messages
    assert mail["Subject"] == "[Error] Jason Bourne: tmdb_search failed"
    assert (mail["To"], mail["From"]) == ("ann@example.com", "bourne@example.com")
    assert mail.get_content().splitlines() == [
        "Jason Bourne",
        "",
        "- tmdb_search: failed - TMDB did not answer.",
        "",
        "The run: http://127.0.0.1:3000/runs/1",
    ]
    assert smtp.logins == [(True, True)]
    assert waiting == {}


def test_a_run_that_was_killed_goes_to_those_whom_its_assets_concern(
    tmp_path: Path, webhook: Webhook
) -> None:
    @dg.asset
    def movies() -> None:
        pass

    @dg.asset
    def series() -> None:
        pass

    job = dg.Definitions(assets=[movies, series]).resolve_implicit_global_asset_job_def()
    lines = [f"  - {{name: {name}, selection: {name}, webhook: '{webhook.url}'}}" for name in "ab"]
    routes = _load(tmp_path, "\n".join(["routes:", *lines]))
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(job, asset_selection={movies.key})
        instance.report_run_failed(run, "Its process was killed.")
        problems, _ = problems_of_run(instance, run, failed=True)
    selected = {"a": frozenset({"movies"}), "b": frozenset({"series"})}
    assert Delivery(_SETTINGS, routes, {}, selected).send(Alert("Saga", problems)) == 1
    assert "run failed - no step says why" in webhook.texts[0]


def test_what_happens_in_quiet_hours_is_told_when_they_are_over(
    tmp_path: Path, webhook: Webhook
) -> None:
    routes = _load(
        tmp_path,
        f"routes:\n  - name: night\n    webhook: {webhook.url}\n"
        "    quiet_hours: {from: 22:00, to: 07:00, time_zone: America/Sao_Paulo}\n",
    )
    memory = Memory()
    night, morning = (datetime(2026, 11, 26, hour, tzinfo=UTC) for hour in (3, 10))
    first = Delivery(_SETTINGS, routes, memory.waiting, {}, now=lambda: night)
    assert first.send(_ALERT) == 0
    assert (first.send_waiting(), first.state) == (0, " 1 waits.")
    kept = Memory.read(memory.write())
    later = Delivery(_SETTINGS, routes, kept.waiting, {}, now=lambda: morning)
    assert (later.send_waiting(), later.send_waiting(), later.state) == (1, 0, "")
    assert "`tmdb_search`: failed" in webhook.texts[0]


def test_a_cursor_keeps_waiting_messages_as_they_are() -> None:
    text = {"subject": "one", "plain": "two", "marked": "three", "reached": ["ann@b.c"]}
    stored = {"seen": {"RUN_FAILURE": 3}, "open": {"a failed": "1f"}, "waiting": {"night": [text]}}
    memory = Memory.read(json.dumps(stored))
    assert memory.waiting == {"night": [Message("one", "two", "three", ("ann@b.c",))]}
    assert json.loads(memory.write()) == stored


def test_a_cursor_of_an_earlier_version_keeps_its_waiting_messages() -> None:
    text = {"subject": "one", "plain": "two", "marked": "three"}
    memory = Memory.read(json.dumps({"waiting": {"night": [text]}}))
    assert memory.waiting == {"night": [Message("one", "two", "three")]}


def test_a_route_that_fails_keeps_its_messages_and_holds_no_other_up(
    tmp_path: Path, webhook: Webhook, smtp: SmtpServer
) -> None:
    text = _email(smtp, "{name: mail, email: [a@b.c]}", f"{{name: chat, webhook: '{webhook.url}'}}")
    smtp.refuses = True
    waiting: Waiting = {}
    delivery = Delivery(_SETTINGS, _load(tmp_path, text), waiting, {})
    assert delivery.send(_ALERT) == 1
    place = f"127.0.0.1:{smtp.port}"
    assert delivery.state == f" 1 waits. {place} did not take an e-mail: it replied 451."
    smtp.refuses = False
    assert delivery.send_waiting() == 1
    assert (len(smtp.messages), len(webhook.texts), waiting) == (1, 1, {})


def test_an_address_that_is_refused_for_good_keeps_no_message_from_the_others(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    smtp.unknown = {"gone@b.c": "550 nobody"}
    waiting: Waiting = {}
    routes = _load(tmp_path, _email(smtp, "{name: mail, email: [ann@b.c, gone@b.c]}"))
    delivery = Delivery(_SETTINGS, routes, waiting, {})
    assert delivery.send(_ALERT) == 1
    assert delivery.state == f" 127.0.0.1:{smtp.port} refused gone@b.c."
    assert (delivery.send_waiting(), len(smtp.messages), waiting) == (0, 1, {})


def test_an_address_that_is_refused_for_now_gets_the_message_later_and_the_others_once(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    smtp.unknown = {"late@b.c": "450 later"}
    memory = Memory()
    routes = _load(tmp_path, _email(smtp, "{name: mail, email: [ann@b.c, late@b.c]}"))
    assert Delivery(_SETTINGS, routes, memory.waiting, {}).send(_ALERT) == 1
    kept = Memory.read(memory.write())
    delivery = Delivery(_SETTINGS, routes, kept.waiting, {})
    assert delivery.send_waiting() == 0
    assert delivery.state == f" 1 waits. 127.0.0.1:{smtp.port} refused late@b.c."
    smtp.unknown = {}
    assert Delivery(_SETTINGS, routes, kept.waiting, {}).send_waiting() == 1
    assert [mail["To"] for mail in smtp.messages[1:]] == ["late@b.c"]
    assert kept.waiting == {}


def test_a_message_that_every_address_is_refused_waits_until_somebody_gets_it(
    tmp_path: Path, smtp: SmtpServer
) -> None:
    smtp.unknown = {"a@b.c": "550 no relaying", "d@b.c": "550 no relaying"}
    waiting: Waiting = {}
    routes = _load(tmp_path, _email(smtp, "{name: mail, email: [a@b.c, d@b.c]}"))
    delivery = Delivery(_SETTINGS, routes, waiting, {})
    assert delivery.send(_ALERT) == 0
    assert delivery.state == f" 1 waits. 127.0.0.1:{smtp.port} refused a@b.c, d@b.c."
    smtp.unknown = {}
    assert Delivery(_SETTINGS, routes, waiting, {}).send_waiting() == 1
    assert (len(smtp.messages), waiting) == (1, {})


def test_a_route_of_two_ways_sends_along_the_one_that_works_once(
    tmp_path: Path, webhook: Webhook, smtp: SmtpServer
) -> None:
    route = f"{{name: both, webhook: '{webhook.url}', email: [a@b.c]}}"
    routes = _load(tmp_path, _email(smtp, route))
    waiting: Waiting = {}
    smtp.refuses = True
    for _ in range(2):
        delivery = Delivery(_SETTINGS, routes, waiting, {})
        delivery.send_waiting()
        delivery.send(_ALERT)
    assert (len(webhook.texts), len(smtp.messages)) == (2, 0)
    assert delivery.state.startswith(" 2 wait. ")
    smtp.refuses = False
    assert Delivery(_SETTINGS, routes, waiting, {}).send_waiting() == 2
    assert (len(webhook.texts), len(smtp.messages), waiting) == (2, 2, {})


def test_a_webhook_that_fails_keeps_no_e_mail_from_its_route(
    tmp_path: Path, webhook: Webhook, smtp: SmtpServer
) -> None:
    route = f"{{name: both, webhook: '{webhook.url}', email: [a@b.c]}}"
    routes = _load(tmp_path, _email(smtp, route))
    webhook.status = 500
    with pytest.raises(NotDelivered, match="HTTP 500 from the webhook of 'both'"):
        Delivery(_SETTINGS, routes, {}, {}).deliver(routes.routes[0], _text())
    assert len(smtp.messages) == 1


def test_slow_servers_leave_time_for_the_other_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    tried = []

    def slow(url: str, *_: str) -> None:
        tried.append(url)
        clock[0] += 20
        if url != "http://good/":
            raise NotDelivered("It is slow.")

    own_time = SimpleNamespace(monotonic=lambda: clock[0])
    monkeypatch.setattr("bourne_assets.defs.operations.delivery.time", own_time)
    monkeypatch.setattr("bourne_assets.defs.operations.delivery.post", slow)
    lines = [f"  - {{name: {name}, webhook: 'http://{name}/'}}" for name in ("a", "b", "good")]
    routes = _load(tmp_path, "\n".join(["routes:", *lines]))
    waiting: Waiting = {}
    assert Delivery(_SETTINGS, routes, waiting, {}, seconds=30).send(_ALERT) == 0
    assert tried == ["http://a/", "http://b/"]
    looks = [Delivery(_SETTINGS, routes, waiting, {}, seconds=30).send_waiting() for _ in range(2)]
    assert (sum(looks), list(waiting)) == (1, ["b", "a"])


@pytest.mark.parametrize(
    ("password", "sentence"),
    [
        (None, "needs the password of alerts: set BOURNE_SMTP_PASSWORD"),
        ("wrong", r"refused the login \(code 535\), check BOURNE_SMTP_PASSWORD"),
    ],
)
def test_a_login_that_fails_is_told_without_the_password(
    tmp_path: Path, smtp: SmtpServer, password: str | None, sentence: str
) -> None:
    routes = _load(tmp_path, _email(smtp, "{name: mail, email: [a@b.c]}"))
    delivery = Delivery(Settings(smtp_password=password), routes, {}, {})
    with pytest.raises(NotDelivered, match=sentence) as raised:
        delivery.deliver(routes.routes[0], _text())
    assert "wrong" not in str(raised.value)


def test_no_password_is_sent_to_a_server_that_nobody_vouches_for(
    tmp_path: Path, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    routes = _load(tmp_path, _email(smtp, "{name: mail, email: [a@b.c]}"))
    with pytest.raises(NotDelivered, match="this machine does not trust its certificate"):
        Delivery(_SETTINGS, routes, {}, {}).deliver(routes.routes[0], _text())
    assert smtp.logins == []
    assert smtp.messages == []


def _text() -> Message:
    return Message.of("Saga", [_FAILED], None, ())


@pytest.mark.parametrize("routes", [None, "routes:\n  - {name: new, webhook: 'http://h/'}"])
def test_messages_of_a_route_that_went_are_logged_and_wait_no_longer(
    tmp_path: Path, routes: str | None
) -> None:
    alerts_file = _load(tmp_path, routes) if routes else None
    sensor = alerts_sensor(Settings(), {}, alerts_file)
    memory = Memory({"RUN_FAILURE": 0, "RUN_SUCCESS": 0}, waiting={"old": [_text()]})
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance, cursor=memory.write())
        log = KeptLog()
        context.log.addHandler(log)
        reason = sensor(context)
    assert log.texts == [
        "Not sent, as there is no route 'old' any more: [Error] Saga: tmdb_search failed"
    ]
    assert isinstance(reason, dg.SkipReason)
    assert reason.skip_message == "Nothing new is wrong."
    assert Memory.read(context.cursor).waiting == {}


# Words, trying, and the doctor


def test_a_landing_is_called_what_a_person_calls_it() -> None:
    @dg.asset
    def raw_csvs_s3() -> None:
        raise ValueError("full")

    job = dg.Definitions(assets=[raw_csvs_s3]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        memory = Memory({"RUN_FAILURE": 0, "RUN_SUCCESS": 0})
        job.execute_in_process(instance=instance, raise_on_error=False)
        (alert,) = alerts_of_runs(instance, memory, {"bourne": "Jason Bourne"})
    assert alert.about == "Landing of CSV files"


def test_alerts_test_says_what_it_sent_where(
    tmp_path: Path, webhook: Webhook, smtp: SmtpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _called().exit_code == 2
    path = tmp_path / "alerts.yaml"
    routes = ("{name: mail, email: [a@b.c]}", f"{{name: chat, webhook: '{webhook.url}'}}")
    path.write_text(_email(smtp, *routes), encoding="utf-8")
    monkeypatch.setenv("BOURNE_ALERTS_FILE", str(path))
    monkeypatch.setenv("BOURNE_SMTP_PASSWORD", PASSWORD)
    done = _called()
    assert done.exit_code == 0
    assert done.output.splitlines() == ["✓ mail: sent to a@b.c", "✓ chat: sent to the webhook"]
    assert (len(smtp.messages), len(webhook.texts)) == (1, 1)
    webhook.status = 500
    done = _called()
    assert done.exit_code == 1
    assert "✗ chat: An alert got HTTP 500 from the webhook of 'chat'" in done.output


def _called() -> Result:
    return CliRunner().invoke(main, ["alerts", "test"], catch_exceptions=False)


def test_the_doctor_names_a_route_that_selects_nothing(tmp_path: Path) -> None:
    path = tmp_path / "alerts.yaml"
    text = "routes:\n  - {name: films, selection: 'key:\"insight_metric\"', webhook: 'http://h/'}\n"
    path.write_text(text, encoding="utf-8")
    found = {each.name: each for each in find_mistakes(Settings(alerts_file=path))}
    assert found["alerts"].detail == "the route 'films' selects no asset"
    path.write_text(text.replace("metric", "metrics"), encoding="utf-8")
    found = {each.name: each for each in find_mistakes(Settings(alerts_file=path))}
    assert found["alerts"].healthy
