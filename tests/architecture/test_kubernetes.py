"""The manifests, which nobody has run: whole by Kubernetes' schemas, and the same processes as in the compose file."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cancellation.settings import secret_variables
from starters.cli.checking import unknown_variable
from tests.compose import CHECKOUT, SAID, composed

FOLDER = CHECKOUT / "deploy" / "kubernetes"
PROCESSES = ("setup", "worker", "inbox", "gateway", "desk", "codec", "monitor")
CONTROLLERS = "temporal.io/v1alpha1"
ELSEWHERE = {
    # Probes come from outside of a pod.
    "CANCELAMENTO_HEALTH_ADDRESS",
    # Given to a worker by its controller.
    "TEMPORAL_ADDRESS",
    "TEMPORAL_NAMESPACE",
    "CANCELAMENTO_BUILD_ID",
    # A volume of PostgreSQL is mounted where PostgreSQL runs alone.
    "CANCELAMENTO_MONITOR_VOLUMES",
}
"""Variables that have another value here, or come from elsewhere."""


def objects() -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(FOLDER.glob("*.yaml")):
        for one in yaml.safe_load_all(file.read_text()):
            yield file.name, one


def found(kind: str, name: str) -> dict[str, Any]:
    (one,) = [one for _, one in objects() if one["kind"] == kind and one["metadata"]["name"] == name]
    return one


def pod_of(process: str) -> dict[str, Any]:
    kind = {"worker": "WorkerDeployment", "setup": "Job"}.get(process, "Deployment")
    pod: dict[str, Any] = found(kind, process)["spec"]["template"]["spec"]
    return pod


def environment_of(process: str) -> dict[str, str]:
    (container,) = pod_of(process)["containers"]
    given: dict[str, str] = {}
    for source in container["envFrom"]:
        given |= found("ConfigMap", source["configMapRef"]["name"])["data"]
    return given | {one["name"]: one["value"] for one in container["env"]}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return composed(SAID)


@pytest.mark.parametrize(
    ("file", "manifest"),
    [pytest.param(f, o, id=f"{o['kind']}-{o['metadata']['name']}") for f, o in objects()],
)
def test_each_object_is_what_kubernetes_takes(file: str, manifest: dict[str, Any]) -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    if manifest["apiVersion"] == CONTROLLERS:
        manifest = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": manifest["metadata"],
            "spec": {
                "selector": {},
                "template": manifest["spec"].get("template", {"spec": {"containers": []}}),
            },
        }
    kubernetes_validate.validate(manifest, "1.37", strict=True)


def test_the_workers_are_rolled_out_by_their_controller_as_it_asks() -> None:
    """Its own definition is not to be had from a package: required fields, and those that it knows."""
    worker, connection = found("WorkerDeployment", "worker"), found("Connection", "temporal")
    assert worker["apiVersion"] == connection["apiVersion"] == CONTROLLERS
    spec = worker["spec"]
    assert {"workerOptions", "rollout", "sunset", "template"} <= spec.keys()
    assert spec.keys() <= {"replicas", "workerOptions", "rollout", "sunset", "template", "minReadySeconds"}
    assert spec["workerOptions"] == {
        "connectionRef": {"name": connection["metadata"]["name"]},
        "temporalNamespace": found("ConfigMap", "temporal")["data"]["TEMPORAL_NAMESPACE"],
    }
    assert connection["spec"] == {"hostPort": found("ConfigMap", "temporal")["data"]["TEMPORAL_ADDRESS"]}
    assert spec["rollout"]["strategy"] == "Progressive"
    ramps = [step["rampPercentage"] for step in spec["rollout"]["steps"]]
    assert ramps == sorted(ramps)
    delays = [*(step["pauseDuration"] for step in spec["rollout"]["steps"]), *spec["sunset"].values()]
    assert all(re.fullmatch(r"\d+[smh]", delay) for delay in delays)


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_the_same_as_in_the_compose_file(process: str, services: dict[str, Any]) -> None:
    service, pod = services[process], pod_of(process)
    (container,) = pod["containers"]
    assert container["image"] == service["image"]
    assert container["args"] == service["command"]
    given, wanted = environment_of(process), service["environment"]
    assert (
        unknown_variable({name: value for name, value in given.items() if name.startswith("CANCELAMENTO_")})
        is None
    )
    administrators = {name for name in wanted if name.endswith(("_PUBLIC_URL", "_PEERS", "_WEB_UI"))}
    administrators |= {
        name for name in wanted if name.startswith("CANCELAMENTO_SMTP_") and "FILE" not in name
    }
    for name, value in wanted.items():
        if name not in ELSEWHERE:
            assert name in given, name
            assert given[name] == value or name in administrators, name
    (secrets,) = [volume["secret"] for volume in pod["volumes"] if volume["name"] == "secrets"]
    assert {item["key"] for item in secrets["items"]} == {one["source"] for one in service["secrets"]}
    assert all(item["key"] == item["path"] for item in secrets["items"])
    assert not [name for name in given if name in secret_variables()]
    mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
    assert mounted == {
        "/run/secrets",
        *(one["target"] for one in service.get("volumes", ()) if one["target"] != "/watched/postgres"),
        *(one.partition(":")[0] for one in service["tmpfs"]),
    }


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_confined_and_says_how_it_is(process: str, services: dict[str, Any]) -> None:
    pod = pod_of(process)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    limits = services[process]["deploy"]["resources"]["limits"]
    assert _bytes(container["resources"]["limits"]["memory"]) == int(limits["memory"])
    assert float(container["resources"]["limits"]["cpu"]) == float(limits["cpus"])
    if process != "setup":
        assert container["readinessProbe"]["httpGet"]["path"] == "/ready"
        assert container["livenessProbe"]["httpGet"]["path"] == "/live"
        port = container["readinessProbe"]["httpGet"]["port"]
        assert port in {one["containerPort"] for one in container["ports"]}
        assert str(port) in services[process]["healthcheck"]["test"][-1]


def test_as_many_workers_as_the_database_was_sized_for(services: dict[str, Any]) -> None:
    assert found("WorkerDeployment", "worker")["spec"]["replicas"] == services["worker"]["deploy"]["replicas"]


def test_every_file_is_applied_by_the_instructions() -> None:
    told = (FOLDER / "README.md").read_text()
    for file in Path(FOLDER).glob("*.yaml"):
        assert f"-f {file.name}" in told


def _bytes(told: str) -> int:
    return int(told[:-2]) * {"Mi": 2**20, "Gi": 2**30}[told[-2:]]
