"""Settings: the file for the desk, the environment for the machine, and no secrets."""

from __future__ import annotations

from pathlib import Path

import pytest

from perfkit.config import Settings
from perfkit.errors import InvalidArgumentError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder: folder(text) writes its perfkit.toml."""
    monkeypatch.chdir(tmp_path)

    def write(text, name="perfkit.toml"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


def test_without_file_and_variables_nothing_is_set(folder):
    assert Settings.read({}) == Settings()
    assert Settings().storage_options == {}


def test_a_variable_goes_before_the_file(folder):
    folder('history = "s3://desk/perf"\naccount = "main"\ns3_profile = "trading"\n')
    found = Settings.read({"PERFKIT_ACCOUNT": "second", "PERFKIT_STRATEGY": ""})
    assert found == Settings(history="s3://desk/perf", account="second", s3_profile="trading")


@pytest.mark.parametrize("name", Settings.names())
def test_each_setting_has_a_line_and_a_variable(folder, name):
    folder(f'{name} = "s3://one"\n')
    assert getattr(Settings.read({}), name) == "s3://one"
    found = Settings.read({f"PERFKIT_{name.upper()}": "s3://two"})
    assert found == Settings(**{name: "s3://two"})


def test_the_file_may_be_elsewhere_and_its_paths_are_beside_it(folder, tmp_path):
    (tmp_path / "etc").mkdir()
    file = folder('history = "perf"\njournal = "fast/journal.sqlite"\n', "etc/desk.toml")
    found = Settings.read({"PERFKIT_CONFIG": str(file)})
    assert found.history == str(tmp_path / "etc" / "perf")
    assert found.journal == str(tmp_path / "etc" / "fast" / "journal.sqlite")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('histroy = "x"', "unknown 'histroy'; known are history, account, strategy, journal"),
        ('aws_secret_access_key = "x"', "must hold no secrets, have 'aws_secret_access_key'"),
        ('[s3]\nsession_token = "x"', "unknown 's3'; known are"),
        ("account = 7", "account in .* must be text that is not empty, was 7"),
        ('account = ""', "must be text that is not empty"),
        ("account = ", "can't be read"),
    ],
)
def test_a_file_with_a_mistake_is_refused(folder, text, says):
    folder(text)
    with pytest.raises(InvalidArgumentError, match=says):
        Settings.read({})


def test_a_named_file_must_be_there(folder):
    with pytest.raises(InvalidArgumentError, match=r"none\.toml can't be read"):
        Settings.read({"PERFKIT_CONFIG": "none.toml"})


def test_the_endpoint_region_and_profile_are_storage_options():
    found = Settings(s3_endpoint="http://127.0.0.1:9000", s3_region="eu-west-1", s3_profile="desk")
    assert found.storage_options == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_REGION": "eu-west-1",
        "AWS_PROFILE": "desk",
    }


def test_the_journal_belongs_to_the_history_of_the_settings_alone(folder, tmp_path):
    found = Settings(history="perf", journal="fast.sqlite")
    assert found.journal_of(Path("perf")) == "fast.sqlite"
    assert found.journal_of(tmp_path / "perf") == "fast.sqlite"
    assert found.journal_of("other") is None
    assert Settings(journal="fast.sqlite").journal_of("perf") is None
    assert Settings(history="s3://desk/a/", journal="j").journal_of("s3a://desk/a") == "j"
