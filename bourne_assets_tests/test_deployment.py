"""What deploy/ and the Dockerfile promise, read as the tools that use them would read them."""

import http.client
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import kubernetes
import pytest
import redis
import yaml
from dagster import DagsterInstance
from dagster._core.instance.config import dagster_instance_config
from dagster_k8s.models import k8s_model_from_dict

import bourne_assets
from bourne_assets.secret_sources import SECRETS
from bourne_assets.settings import read_settings
from bourne_assets.tmdb.raw import LONGEST
from bourne_assets_tests.support.services import (
    free_port,
    needs_postgres,
    needs_redis,
    postgres_database,
)

ROOT = Path(bourne_assets.__file__).parents[1]
DEPLOY = ROOT / "deploy"
#: SeaweedFS's parts beside S3, in the order of their ports.
PARTS = ("master", "volume", "filer", "admin")


@pytest.fixture
def compose() -> dict[str, Any]:
    """The compose file, with its anchors merged as compose merges them."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return found


def _our_services(compose: dict[str, Any]) -> dict[str, Any]:
    return {
        name: service
        for name, service in compose["services"].items()
        if service["image"] == "bourne-assets"
    }


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.compose-spec", "deploy/compose.yaml"),
        ("vendor.github-workflows", ".github/workflows/ci.yml"),
    ],
)
def test_files_of_other_tools_fit_the_schemas_of_these_tools(schema: str, file: str) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command: list[str | Path] = [checker, "--builtin-schema", schema, ROOT / file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# compose


def test_nothing_listens_beyond_the_machine(compose: dict[str, Any]) -> None:
    ports = [port for service in compose["services"].values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:3000:3000"]
    assert compose["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis", "seaweedfs"):
        assert compose["services"][name]["networks"] == ["inside"]


def test_every_service_that_stays_has_a_health_check(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert "healthcheck" in service or "land" in service.get("profiles", []), name


def test_every_dependency_secret_volume_and_network_exists(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert set(service.get("depends_on", {})) <= set(compose["services"])
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service["networks"]) <= set(compose["networks"])
    used = {secret for each in compose["services"].values() for secret in each.get("secrets", [])}
    assert used == set(compose["secrets"])
    named = {
        volume.partition(":")[0]
        for service in compose["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("$", ".", "/"))
    }
    assert named == set(compose["volumes"])


def test_no_service_holds_a_secret_in_its_environment(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        for name in SECRETS:
            assert name not in service.get("environment", {})


def test_each_service_has_the_secrets_that_it_uses_and_no_others(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        named = {
            Path(value).name
            for key, value in service.get("environment", {}).items()
            if key.endswith("_FILE")
        }
        read = set(re.findall(r"/run/secrets/(\w+)", json.dumps(service.get("command", []))))
        assert set(service["secrets"]) == named | read, name
    who = {
        secret: {name for name, each in compose["services"].items() if secret in each["secrets"]}
        for secret in compose["secrets"]
    }
    assert who["tmdb_token"] == {"code-server", "worker-1", "worker-2"}
    assert not who["s3_secret_key"] & {"daemon", "postgres", "redis", "seaweedfs"}
    assert who["redis_password"] == {"redis"}
    assert who["postgres_password"] == {"postgres"}
    assert who["s3_identities"] == {"seaweedfs"}


def test_every_service_is_confined(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["mem_limit"], name
        assert service["pids_limit"] <= 512, name
        assert service["logging"]["options"]["max-size"], name


@needs_redis
def test_redis_requires_the_password_of_its_file(compose: dict[str, Any], tmp_path: Path) -> None:
    """The service as a process of this machine, with its paths and port moved."""
    (tmp_path / "redis_password").write_text("a-password\n")
    service, port = compose["services"]["redis"], free_port()

    def moved(part: str) -> str:
        here = part.replace("/run/secrets", str(tmp_path)).replace("/run/redis", str(tmp_path))
        return here.replace("$$", "$")

    command = [moved(part) for part in service["command"]]
    command[-1] += f" --port {port} --bind 127.0.0.1 --dir {tmp_path}"
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    check = moved(service["healthcheck"]["test"][1]).replace("redis-cli", f"redis-cli -p {port}")
    try:
        while subprocess.run(["sh", "-c", check], check=False, capture_output=True).returncode:
            assert server.poll() is None
        with (
            redis.Redis(port=port) as stranger,
            pytest.raises(redis.AuthenticationError, match="already authenticated"),
        ):
            stranger.ping()
        assert "a-password" not in Path(f"/proc/{server.pid}/cmdline").read_text()
    finally:
        server.terminate()
        server.wait(120)


def test_the_environment_of_the_services_is_one_that_the_settings_take(
    compose: dict[str, Any],
) -> None:
    environment = {
        name: re.sub(r"\$\{\w+:-(\w*)\}", r"\1", value)
        for name, value in compose["services"]["worker-1"]["environment"].items()
    }
    settings = read_settings(environment)
    assert settings.s3_bucket == "bourne-lake"
    known = {f"{name}_FILE" for name in SECRETS} | {"DAGSTER_HOME", "AWS_REGION"}
    known |= {"AWS_ENDPOINT_URL_S3", "BOURNE_S3_BUCKET", "BOURNE_SAGAS"}
    known |= {"BOURNE_UI_URL", "BOURNE_UI_ALLOWED_HOSTS"}
    assert set(environment) <= known


def test_the_lake_has_the_flags_of_the_embedded_one(compose: dict[str, Any]) -> None:
    from bourne_assets.lake.embedded.seaweedfs import LakeFolder, command

    embedded = set(command(LakeFolder(Path("/lake")), 20_000, "bourne-lake"))
    safe = {
        flag
        for flag in embedded
        if re.match(r"-(s3\.(iam|allow|auto|port\.lance)|dis|web|adm.*ui|m.*tel)", flag)
    }
    assert len(safe) >= 7
    # Postgres keeps the catalogue of tables here, so that the server's own is off.
    safe.add("-s3.port.iceberg=0")
    assert safe <= set(compose["services"]["seaweedfs"]["command"])


def test_the_lakes_own_ports_are_closed_to_the_other_containers(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    """The service as a process of this machine, with its paths and ports moved."""
    # Another process may take a free port before the service does; then it tries others.
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with _lake_service(compose["services"]["seaweedfs"], folder) as port:
            if port is None:
                continue
            assert _status(port + 2, "/1,0100000000") == 401
            for number in (port, *range(port + 1, port + 5)):
                with pytest.raises(http.client.RemoteDisconnected):
                    _status(number + 10_000, "/")
            return
    pytest.fail("The service never found its ports free.")


@contextmanager
def _lake_service(service: dict[str, Any], tmp_path: Path) -> Iterator[int | None]:
    """The running service's S3 port; None where one of its ports was taken meanwhile."""
    from bourne_assets.lake.embedded.seaweedfs import (
        LakeFolder,
        credentials,
        free_base_port,
        is_healthy,
    )

    folder = LakeFolder(tmp_path)
    credentials(folder)
    port = free_base_port()
    moved = {
        "-dir=": tmp_path / "data",
        "-s3.config=": folder.identities,
        "-s3.port=": port,
        "-ip.bind=": "127.0.0.1",
    }
    command = [flag for flag in service["command"] if not flag.startswith(tuple(moved))]
    command += [f"{flag}{value}" for flag, value in moved.items()]
    command += [f"-{part}.port={port + 1 + step}" for step, part in enumerate(PARTS)]
    working = tmp_path / "run"
    for path in (working, tmp_path / "data"):
        path.mkdir()
    program = [part.replace("$$", "$") for part in service["entrypoint"]]
    programs = f"{Path(sys.executable).parent}:{os.defpath}"
    with (folder.root / "log").open("wb") as log:
        server = subprocess.Popen(
            [*program, *command],
            cwd=working,
            env={"PATH": programs, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
    try:
        while not (healthy := is_healthy(f"http://127.0.0.1:{port}")) and server.poll() is None:
            time.sleep(0.05)
        log_text = (folder.root / "log").read_text()
        assert healthy or "in use" in log_text or "not available" in log_text, log_text[-2000:]
        yield port if healthy else None
    finally:
        server.terminate()
        server.wait(120)


def _status(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_runs_go_to_the_code_server_that_is_there(compose: dict[str, Any]) -> None:
    (server,) = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    assert server["grpc_server"]["host"] in compose["services"]
    command = compose["services"]["code-server"]["command"]
    assert f"--port={server['grpc_server']['port']}" in command


# The instance


@needs_postgres
def test_the_instance_of_several_machines_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dagster.yaml").write_text((DEPLOY / "dagster.yaml").read_text())
    monkeypatch.setenv("BOURNE_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("BOURNE_S3_BUCKET", "a-lake")
    with postgres_database() as url:
        monkeypatch.setenv("DAGSTER_POSTGRES_URL", url)
        with DagsterInstance.from_config(str(tmp_path)) as instance:
            assert instance.get_runs_count() == 0
            assert type(instance.run_launcher).__module__ == "bourne_assets.execution.celery"
            assert instance.run_monitoring_enabled
            assert instance.run_retries_enabled
            assert not instance.run_retries_retry_on_asset_or_op_failure


def test_no_more_runs_start_than_the_workers_execute(compose: dict[str, Any]) -> None:
    workers = [name for name in compose["services"] if name.startswith("worker-")]
    (room,) = {compose["services"][name]["command"][-1] for name in workers}
    config, _ = dagster_instance_config(str(DEPLOY))
    assert config["concurrency"]["runs"]["max_concurrent_runs"] == len(workers) * int(room)


def test_a_worker_without_a_broker_says_so() -> None:
    command = [sys.executable, "-m", "celery", "--app", "bourne_assets.execution.celery", "report"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode
    assert "A Celery worker needs BOURNE_REDIS_URL." in done.stderr + done.stdout


# Kubernetes


def test_the_values_of_the_chart_are_consistent() -> None:
    values = yaml.safe_load((DEPLOY / "k8s" / "values.yaml").read_text(encoding="utf-8"))
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    images = [
        values["dagsterWebserver"]["image"],
        values["dagsterDaemon"]["image"],
        deployment["image"],
    ]
    assert all(image == images[0] for image in images)
    assert images[0]["tag"] == bourne_assets.__version__
    for part in (values["dagsterWebserver"], values["dagsterDaemon"], deployment):
        assert part["podSecurityContext"]["runAsNonRoot"]
        assert part["resources"]["limits"]["memory"]
        assert read_settings(part["env"]).s3_bucket == "my-lake"
        assert part["securityContext"]["readOnlyRootFilesystem"]
        assert [mount["subPath"] for mount in part["volumeMounts"]] == ["tmp", "bourne"]
    assert deployment["envSecrets"] == [{"name": "bourne-code"}]
    assert "envSecrets" not in values["dagsterWebserver"] | values["dagsterDaemon"]
    assert values["runLauncher"]["type"] == "K8sRunLauncher"


def test_each_part_has_an_account_of_its_own_and_runs_are_confined() -> None:
    values = yaml.safe_load((DEPLOY / "k8s" / "values.yaml").read_text(encoding="utf-8"))
    pod = values["runLauncher"]["config"]["k8sRunLauncher"]["runK8sConfig"]["podSpecConfig"]
    accounts = [
        values["serviceAccount"]["name"],
        values["dagster-user-deployments"]["serviceAccount"]["name"],
        pod["service_account_name"],
    ]
    assert len(set(accounts)) == 3
    assert "serviceAccountName" not in values["global"]  # it would be everybody's
    assert pod["automount_service_account_token"] is False
    assert pod["security_context"]["seccomp_profile"] == {"type": "RuntimeDefault"}
    # Raises where a name is not one of Kubernetes's.
    k8s_model_from_dict(kubernetes.client.models.V1PodSpec, {**pod, "containers": []})


def _network() -> list[dict[str, Any]]:
    text = (DEPLOY / "k8s" / "accounts-and-network.yaml").read_text(encoding="utf-8")
    return [part for part in yaml.safe_load_all(text) if part["kind"] == "NetworkPolicy"]


def test_nothing_gets_in_or_out_of_a_pod_but_what_a_policy_names() -> None:
    (nothing,) = [part["spec"] for part in _network() if part["metadata"]["name"].endswith("ing")]
    assert nothing == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    ways_in = [rule for part in _network() for rule in part["spec"].get("ingress", [])]
    assert sorted(port["port"] for rule in ways_in for port in rule["ports"]) == [80, 4000]
    assert all(rule["from"] for rule in ways_in)
    for part in _network():
        for rule in part["spec"].get("egress", []):
            assert rule["ports"]
            assert "to" in rule or {port["port"] for port in rule["ports"]} <= {443, 6443}


# The image


def test_the_image_runs_as_nobody_in_particular_and_holds_what_it_copies() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    stages = re.findall(r"^FROM (\S+)", text, re.MULTILINE)
    assert len(stages) == 2
    assert re.findall(r"^USER (\S+)", text, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes" in text
    allowed = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", text, re.MULTILINE)
        for source in line.split()[:-1]
        if not source.startswith("--")
    }
    assert copied <= allowed
    assert all((ROOT / source).exists() for source in allowed)


def test_what_configures_dagster_is_not_the_runtime_users() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--chown" not in text
    assert re.findall(r"chown bourne:bourne (.+?) &&", text) == ["/srv/bourne"]


# AWS


@pytest.mark.parametrize("template", ["lambda/template.yaml", "aws/bucket.yaml"])
def test_the_templates_are_valid(template: str) -> None:
    linter = Path(sys.executable).with_name("cfn-lint")
    done = subprocess.run([linter, DEPLOY / template], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def _statements(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, dict):
        own = [node] if "Effect" in node else []
        return own + [found for value in node.values() for found in _statements(value)]
    if isinstance(node, list):
        return [found for value in node for found in _statements(value)]
    return []


class _Tags(yaml.SafeLoader):
    """YAML in which CloudFormation's !Ref, !Sub and !GetAtt are their own text."""


_Tags.add_multi_constructor("!", lambda loader, _, node: loader.construct_scalar(node))


@pytest.mark.parametrize("template", ["lambda/template.yaml", "aws/bucket.yaml"])
def test_no_policy_allows_everything_or_removes_landed_files(template: str) -> None:
    parsed = yaml.load((DEPLOY / template).read_text(), Loader=_Tags)  # noqa: S506 - safe - a safe loader
    allowed = [each for each in _statements(parsed) if each["Effect"] == "Allow"]
    assert allowed
    for statement in allowed:
        text = json.dumps([statement["Action"], statement["Resource"]])
        assert '"*"' not in text
        assert "s3:*" not in text
        if "DeleteObject" in text:
            resources = json.dumps(statement["Resource"])
            resources = resources.replace("${Prefix}Raw/Local/CSV/_rejects/*", "")
            assert "Raw/Local" not in resources
            assert "${Prefix}*" not in resources


def test_the_bucket_is_private_encrypted_versioned_and_forgets_tmdb_in_time() -> None:
    parsed = yaml.load((DEPLOY / "aws/bucket.yaml").read_text(), Loader=_Tags)  # noqa: S506 - safe
    bucket = parsed["Resources"]["Lake"]["Properties"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}
    assert rules["raw-tmdb"]["ExpirationInDays"] == LONGEST.days
    assert rules["raw-tmdb"]["Prefix"].endswith("Raw/TMDB/")


def test_the_function_of_the_template_is_the_one_in_the_package() -> None:
    parsed = yaml.load((DEPLOY / "lambda/template.yaml").read_text(), Loader=_Tags)  # noqa: S506 - safe
    function = parsed["Resources"]["Function"]["Properties"]
    module, _, name = function["Handler"].rpartition(".")
    assert callable(getattr(__import__(module, fromlist=[name]), name))
    assert read_settings({}).lambda_function == function["FunctionName"]
    settings = read_settings(
        {**function["Environment"]["Variables"], "BOURNE_S3_PREFIX": "films/"}
        | {"BOURNE_S3_BUCKET": "a-lake"}
    )
    assert settings.s3_prefix == "films"
