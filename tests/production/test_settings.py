"""What the compose file says is what processes are given, or stands among what cannot be run."""

import re

import pytest

from tests.compose import CHECKOUT, program
from tests.production.production_set import ProductionSet
from tests.production.translation import NOT_RUN, WITHOUT_A_PROCESS, not_run, settings_of


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> ProductionSet:
    program("openssl")
    production = ProductionSet(tmp_path_factory.mktemp("planned"), lambda _: None)
    production.plan()
    return production


def test_every_setting_of_every_service_is_given_to_a_process(planned: ProductionSet) -> None:
    assert not_run(planned.services, planned.used) == set()
    assert {
        "postgres",
        "temporal",
        "worker-1",
        "worker-2",
        "worker-3",
        "worker-next-3",
        "inbox",
        "gateway",
        "desk",
        "codec",
        "prometheus",
    } <= set(planned.containers)


def test_a_setting_that_is_given_to_no_process_is_named(planned: ProductionSet) -> None:
    services = {**planned.services}
    services["worker"] = {
        **services["worker"],
        "environment": {**services["worker"]["environment"], "NEW": "1"},
    }
    assert not_run(services, planned.used) == {("worker", "environment.NEW")}


def test_what_cannot_be_run_is_in_the_file_and_has_a_reason(planned: ProductionSet) -> None:
    services = planned.services
    settings = {setting for service in services.values() for setting in settings_of(service)}
    assert all(any(s == one or s.startswith(f"{one}.") for s in settings) for one in NOT_RUN)
    assert WITHOUT_A_PROCESS.keys() - {"mail"} <= services.keys()


def test_what_nobody_has_run_stands_on_one_page() -> None:
    page = (CHECKOUT / "docs" / "nao-executado.md").read_text()
    for one in (*NOT_RUN, *WITHOUT_A_PROCESS):
        assert f"`{one}`" in page, one
    for runbook in sorted((CHECKOUT / "docs" / "runbooks").glob("*.md")):
        if re.search(r"[Nn]ão (?:foi|foram) (?:ensaiad|executad)", runbook.read_text()):
            assert f"(runbooks/{runbook.name})" in page, runbook.name
    for elsewhere in ("docs/servidores.md", "deploy/kubernetes/README.md"):
        assert "nao-executado.md" in (CHECKOUT / elsewhere).read_text(), elsewhere


def test_no_host_port_or_path_of_a_container_is_left(planned: ProductionSet) -> None:
    for container in planned.containers.values():
        for word in (*container.argv, *container.environment.values(), *(container.check or ())):
            for elsewhere in ("0.0.0.0", "postgres:", "temporal:", "/run/secrets", " /var/lib", "//var/lib"):  # noqa: S104
                assert elsewhere not in word, f"{container.name}: {word}"
    health = [one.environment.get("CANCELAMENTO_HEALTH_ADDRESS") for one in planned.containers.values()]
    own = [address for address in health if address]
    assert len(own) == len(set(own)) > 3
