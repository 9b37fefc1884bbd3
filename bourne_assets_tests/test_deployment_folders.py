"""The folders of a pod: a volume of Kubernetes is everybody's, what is made in it is not."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes.client
import pytest
import yaml
from dagster_k8s.models import k8s_model_from_dict, k8s_snake_case_dict

import bourne_assets
from bourne_assets.lake.errors import UnsafeFolder
from bourne_assets.lake.private_files import make_private_folder
from bourne_assets.ownership import is_own, may_be_written_by_others

VALUES = Path(bourne_assets.__file__).parents[1] / "deploy" / "k8s" / "values.yaml"


@pytest.fixture
def values() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(VALUES.read_text(encoding="utf-8"))
    return found


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    """An `emptyDir` as the kubelet makes it."""
    found = tmp_path / "scratch"
    found.mkdir()
    found.chmod(0o2777)
    return found


def _first_containers(values: dict[str, Any]) -> list[dict[str, Any]]:
    (deployment,) = values["dagster-user-deployments"]["deployments"]
    parts = values["dagsterWebserver"], values["dagsterDaemon"]
    found = [
        deployment["initContainers"],
        *(each["extraPrependedInitContainers"] for each in parts),
    ]
    return [container for (container,) in found]


def test_each_pod_makes_its_folders_before_they_are_mounted(values: dict[str, Any]) -> None:
    first, *others = _first_containers(values)
    assert others == [first, first]
    image = values["dagsterWebserver"]["image"]
    assert first["image"] == f"{image['repository']}:{image['tag']}"
    assert first["securityContext"]["readOnlyRootFilesystem"]
    assert first["resources"]["limits"]["memory"]
    # Raises where a name is not one of Kubernetes's.
    model = kubernetes.client.models.V1Container
    k8s_model_from_dict(model, k8s_snake_case_dict(model, first))


def test_the_home_in_a_volume_that_everybody_may_write_to_is_its_users_alone(
    values: dict[str, Any], volume: Path
) -> None:
    container = _first_containers(values)[0]
    (mount,) = container["volumeMounts"]
    command = [part.replace(mount["mountPath"], str(volume)) for part in container["command"]]
    for _ in range(2):  # as when a pod's sandbox is made once more
        subprocess.run(command, check=True, timeout=120)
        home, scratch = (volume / "bourne").stat(), (volume / "tmp").stat()
        assert is_own(home)
        assert home.st_mode & 0o1777 == 0o700
        assert not may_be_written_by_others(home)
        assert scratch.st_mode & 0o1777 == 0o1777


def test_a_volume_that_everybody_may_write_to_is_not_a_home(volume: Path) -> None:
    with pytest.raises(UnsafeFolder, match="other users may write to"):
        make_private_folder(volume)


def test_the_code_server_has_no_right_in_the_cluster(values: dict[str, Any]) -> None:
    assert values["dagster-user-deployments"]["rbacEnabled"] is False
