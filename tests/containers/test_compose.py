"""docker-compose.yml, held to the format's rules and to our own, with the .env that a newcomer has."""

import ipaddress
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from config import env as environment
from ops.local.paths import PROJECT
from realtime.server import DRAIN_TIMEOUT
from tests.containers import compose

SECRETS = ("SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
OURS = ("migrate", "web-1", "web-2", "worker", "certificate")
# What the format knows of a service, as far as this file uses it: a misspelt key is refused by Compose, and here.
KEYS = {
    "build", "cap_drop", "command", "configs", "depends_on", "environment", "healthcheck", "image", "init", "logging",
    "network_mode", "networks", "ports", "profiles", "pull_policy", "read_only", "restart", "security_opt", "shm_size",
    "stop_grace_period", "sysctls", "tmpfs", "ulimits", "user", "volumes",
}  # fmt: skip
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What ops/containers/new-env writes."""
    return compose.new_env(tmp_path_factory.mktemp("checkout"))


@pytest.fixture(scope="module")
def file(newcomer: dict[str, str]) -> dict[str, Any]:
    return compose.read(newcomer)


@pytest.fixture(scope="module")
def services(file: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = file["services"]
    return found


def test_every_part_is_there(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "valkey", "nginx", "mailpit", *OURS}


def test_it_keeps_to_the_format(file: dict[str, Any], services: dict[str, dict[str, Any]]) -> None:
    assert {key for key in file if not key.startswith("x-")} == {"services", "configs", "networks", "volumes"}
    for name, service in services.items():
        assert set(service) <= KEYS, name
        assert isinstance(service["image"], str)
        assert service["restart"] in ("unless-stopped", "no"), name
        assert not ("networks" in service and "network_mode" in service), name
        assert set(service.get("healthcheck", {})) <= HEALTHCHECK, name
        for needed, how in service.get("depends_on", {}).items():
            assert how["condition"] in CONDITIONS
            assert (how["condition"] == "service_healthy") <= ("healthcheck" in services[needed]), (
                name,
                needed,
            )
            assert (how["condition"] == "service_completed_successfully") <= (
                services[needed]["restart"] == "no"
            )
        for source in (volume.partition(":")[0] for volume in service.get("volumes", ())):
            assert source in file["volumes"] or (PROJECT / source).exists(), (name, source)
        for config in service.get("configs", ()):
            assert config["source"] in file["configs"]
        if "networks" in service:
            assert set(service["networks"]) == {"snug"}


def test_every_image_has_a_version(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        if name in OURS:
            assert (service["image"], service["pull_policy"]) == ("snug", "never")
        else:
            assert re.search(r":v?\d", service["image"]), name
    assert [name for name in services if "build" in services[name]] == ["migrate"]
    assert (PROJECT / services["migrate"]["build"]["dockerfile"]).exists()


@pytest.mark.parametrize("missing", SECRETS)
def test_a_secret_that_is_missing_is_asked_for_by_name(newcomer: dict[str, str], missing: str) -> None:
    compose.read(newcomer)
    with pytest.raises(
        compose.Missing, match=f"{missing} is missing. To begin with, run ops/containers/new-env"
    ):
        compose.read({**newcomer, missing: ""})


def test_a_new_env_holds_secrets_of_its_own(newcomer: dict[str, str], tmp_path: Path) -> None:
    another = compose.new_env(tmp_path)
    example = compose.settings(PROJECT / ".env.example")
    assert set(newcomer) == set(example)
    for name in SECRETS:
        assert example[name] == ""
        assert len(newcomer[name]) >= 44
        assert newcomer[name] != another[name]
        assert re.fullmatch(r"[A-Za-z0-9_=-]+", newcomer[name])  # it stands in a URL
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0


def test_an_env_that_is_there_is_left_alone(tmp_path: Path) -> None:
    compose.new_env(tmp_path)
    before = (tmp_path / ".env").read_text()
    again = compose.run_new_env(tmp_path)
    assert again.returncode == 1
    assert "stays as it is" in again.stderr
    assert (tmp_path / ".env").read_text() == before


@pytest.mark.parametrize("name", ["web-1", "web-2", "worker", "migrate"])
def test_snug_takes_the_environment_that_it_is_given(services: dict[str, dict[str, Any]], name: str) -> None:
    env = environment.read(services[name]["environment"])
    assert env.environment == "production"
    assert env.public_scheme == "https"
    assert env.email_url == "smtp://mailpit:1025"
    proxy = ipaddress.ip_address(services["nginx"]["networks"]["snug"]["ipv4_address"])
    assert [proxy in network for network in env.trusted_proxies] == [True]
    assert env.trusted_proxies[0].num_addresses == 1  # nginx, and no other container


def test_nginx_finds_both_web_services_at_addresses_that_no_other_container_gets(
    file: dict[str, Any], services: dict[str, dict[str, Any]]
) -> None:
    told = services["nginx"]["environment"]
    given = [services[name]["networks"]["snug"]["ipv4_address"] for name in ("web-1", "web-2")]
    assert [told["SNUG_NGINX_WEB_1"], told["SNUG_NGINX_WEB_2"]] == [f"{address}:8000" for address in given]
    ipam = file["networks"]["snug"]["ipam"]["config"][0]
    for address in (*given, services["nginx"]["networks"]["snug"]["ipv4_address"]):
        assert ipaddress.ip_address(address) in ipaddress.ip_network(ipam["subnet"])
        assert ipaddress.ip_address(address) not in ipaddress.ip_network(ipam["ip_range"])


def test_links_and_the_redirect_name_a_port_only_where_there_is_one(newcomer: dict[str, str]) -> None:
    for port, suffix in (("", ""), ("8443", ":8443")):
        services = compose.read({**newcomer, "SNUG_PUBLIC_PORT": port})["services"]
        assert services["nginx"]["environment"]["SNUG_NGINX_PUBLIC_PORT"] == suffix
        assert services["web-1"]["environment"]["SNUG_PUBLIC_PORT"] == port


def test_nothing_but_nginx_and_the_mailbox_can_be_reached_from_outside(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"nginx": ["80:80", "443:443"], "mailpit": ["127.0.0.1:8025:8025"]}
    assert services["mailpit"]["profiles"] == ["mailpit"]


def test_no_password_stands_on_a_command_line(
    services: dict[str, dict[str, Any]], newcomer: dict[str, str]
) -> None:
    for service in services.values():
        for secret in SECRETS:
            assert newcomer[secret] not in str(service.get("command", ""))
            assert newcomer[secret] not in str(service.get("healthcheck", ""))


def test_our_own_containers_may_do_nothing_that_they_need_not(services: dict[str, dict[str, Any]]) -> None:
    for name in ("migrate", "web-1", "web-2", "worker"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"] is True
        assert services[name]["security_opt"] == ["no-new-privileges:true"]
        assert "user" not in services[name]  # the image's own, who is not root


def test_a_container_has_the_time_to_end_gently(services: dict[str, dict[str, Any]]) -> None:
    bin_serve_waits = 30
    for name in ("web-1", "web-2"):
        assert int(services[name]["stop_grace_period"].removesuffix("s")) > bin_serve_waits > DRAIN_TIMEOUT
    assert int(services["worker"]["stop_grace_period"].removesuffix("s")) > 20


def test_the_template_is_given_every_variable_and_no_other(services: dict[str, dict[str, Any]]) -> None:
    template = (PROJECT / "ops/nginx/templates/nginx.conf.template").read_text()
    told = services["nginx"]["environment"]
    assert set(re.findall(r"\$\{(\w+)\}", template)) == {name for name in told if name.startswith("SNUG_")}
    assert all(name.startswith(told["NGINX_ENVSUBST_FILTER"]) for name in told if name.startswith("SNUG_"))


def test_files_of_secrets_are_in_neither_git_nor_the_image() -> None:
    ignored = (PROJECT / ".gitignore").read_text().splitlines()
    assert {"/.env", "/certificates/"} <= set(ignored)
    assert (PROJECT / ".dockerignore").read_text().splitlines()[1] == "*"


def test_the_file_is_yaml_without_repeated_keys() -> None:
    """PyYAML takes the last of two; Compose takes neither."""

    class Strict(yaml.SafeLoader):
        pass

    def mapping(loader: Strict, node: yaml.MappingNode) -> dict[str, Any]:
        keys = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(keys) == len(set(keys)), f"repeated in {keys}"
        loader.flatten_mapping(node)
        return dict(loader.construct_pairs(node, deep=True))

    Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, mapping)
    assert yaml.load(compose.FILE.read_text(), Strict) == yaml.safe_load(compose.FILE.read_text())
