"""Settings are read once, strictly; a mistake is named with the variable it is in."""

import stat
from pathlib import Path

import pytest

from portal.settings import Settings, SettingsRefused


def refusal(**environment: str) -> str:
    with pytest.raises(SettingsRefused) as refused:
        Settings.from_environment(environment)
    return str(refused.value)


def test_without_any_variable_the_portal_runs_here_on_sqlite():
    settings = Settings.from_environment({})
    assert settings.bind == "127.0.0.1:8000" and settings.mode == "production"
    assert settings.database == f"sqlite:///{settings.data_directory / 'portal.sqlite'}"
    assert not settings.https


def test_variables_of_others_are_left_alone_and_ours_are_read():
    settings = Settings.from_environment(
        {"PATH": "/bin", "PORTAL_ORIGIN": "https://Immo.example/", "PORTAL_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8"}
    )
    assert settings.origin == "https://immo.example" and settings.https
    assert settings.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")


def test_a_setting_comes_from_the_given_environment_alone(monkeypatch):
    monkeypatch.setenv("PORTAL_BIND", "127.0.0.1:9")
    assert Settings.from_environment({}).bind == "127.0.0.1:8000"


def test_a_secret_is_read_from_the_file_its_variable_names(tmp_path: Path):
    secret = tmp_path / "secret"
    secret.write_text(f"{'s' * 40}\n")
    assert Settings.from_environment({"PORTAL_SECRET_KEY_FILE": str(secret)}).key == "s" * 40


def test_a_file_that_cannot_be_read_is_named():
    assert refusal(PORTAL_SECRET_KEY_FILE="/nowhere").startswith("PORTAL_SECRET_KEY_FILE: cannot read /nowhere")


def test_a_setting_given_as_value_and_as_file_is_refused(tmp_path: Path):
    (tmp_path / "name").write_text("Ana")
    message = refusal(PORTAL_OPERATOR="Eva", PORTAL_OPERATOR_FILE=str(tmp_path / "name"))
    assert message == "PORTAL_OPERATOR: set twice, also as PORTAL_OPERATOR_FILE"


def test_a_misspelt_variable_is_refused_by_name():
    assert refusal(PORTAL_ORIGN="https://immo.example") == "PORTAL_ORIGN: no such setting; the README lists them all"


def test_every_fault_has_a_line_of_its_own_and_no_value_is_repeated():
    message = refusal(PORTAL_BIND="nowhere", PORTAL_CLOCK_FACTOR="2", PORTAL_SMTP_RELAY="smtp+tls://ana:hunter2@relay")
    assert [line.partition(":")[0] for line in message.splitlines()] == [
        "PORTAL_BIND", "PORTAL_SMTP_RELAY", "PORTAL_CLOCK_FACTOR",
    ]  # fmt: skip
    assert "hunter2" not in message


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORTAL_ORIGIN", "immo.example"),
        ("PORTAL_ORIGIN", "https://immo.example/en/"),
        ("PORTAL_BIND", ":8000"),
        ("PORTAL_OPS_BIND", "127.0.0.1:70000"),
        ("PORTAL_TRUSTED_PROXIES", "proxy.example"),
        ("PORTAL_FETCH_ALLOW", "10.0.0.1"),
        ("PORTAL_SECRET_KEY", "too short"),
        ("PORTAL_SERVE_PROCESSES", "0"),
        ("PORTAL_MODE", "test"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(variable: str, value: str):
    assert refusal(**{variable: value}).startswith(f"{variable}: ")


def test_the_key_is_made_once_and_kept_where_only_we_can_read_it(tmp_path: Path):
    settings = Settings.from_environment({"PORTAL_DATA_DIRECTORY": str(tmp_path / "data")})
    assert settings.key == settings.key and len(settings.key) >= 32
    assert stat.S_IMODE((tmp_path / "data" / "secret.key").stat().st_mode) == 0o600


def test_the_key_set_is_the_key_used_and_none_is_kept(tmp_path: Path):
    settings = Settings.from_environment({"PORTAL_SECRET_KEY": "s" * 40}, data_directory=tmp_path)
    assert settings.key == "s" * 40 and not (tmp_path / "secret.key").exists()
