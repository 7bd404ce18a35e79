"""The directories are Jupyter's own, in Jupyter's order."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from nuncius.protocol import paths

ENV = f"{sys.prefix}/share/jupyter"
SYSTEM = ["/usr/local/share/jupyter", "/usr/share/jupyter"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the values are those of Linux")


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("JUPYTER_", "XDG_", "CONDA", "NUNCIUS", "PYTHONUSERBASE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr("site.ENABLE_USER_SITE", False)


def test_the_user_comes_before_the_environment_before_the_system(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")
    monkeypatch.setenv("JUPYTER_PATH", "/a/:/b")
    user = str(tmp_path / ".local/share/jupyter")
    assert paths.data_path() == ["/a", "/b", user, ENV, *SYSTEM]
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "yes")
    assert paths.data_path("kernels")[:4] == [
        "/a/kernels", "/b/kernels", f"{ENV}/kernels", f"{user}/kernels",
    ]  # fmt: skip


def test_in_an_own_virtual_environment_the_environment_comes_first(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert paths.prefers_environment()
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    assert not paths.prefers_environment()


def test_in_a_conda_environment_the_environment_comes_first_but_not_in_its_base(
    monkeypatch, tmp_path
):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    assert not paths.prefers_environment()
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "work")
    assert paths.prefers_environment()


def test_an_environment_of_somebody_else_does_not_come_first(monkeypatch):
    monkeypatch.setattr(sys, "prefix", "/nowhere/at/all")
    assert not paths.prefers_environment()


def test_the_directories_of_python_below_the_home_belong_to_the_user(monkeypatch, tmp_path):
    monkeypatch.setattr("site.ENABLE_USER_SITE", True)
    monkeypatch.setattr("site.USER_BASE", str(tmp_path / "base"))
    assert paths.user_data_path() == [
        str(tmp_path / ".local/share/jupyter"),
        str(tmp_path / "base/share/jupyter"),
    ]


@pytest.mark.parametrize(
    ("env", "data", "runtime"),
    [
        ({}, "~/.local/share/jupyter", "~/.local/share/jupyter/runtime"),
        ({"XDG_DATA_HOME": "/x"}, "/x/jupyter", "/x/jupyter/runtime"),
        ({"JUPYTER_DATA_DIR": "/d"}, "/d", "/d/runtime"),
        ({"JUPYTER_RUNTIME_DIR": "/r"}, "~/.local/share/jupyter", "/r"),
        ({"XDG_RUNTIME_DIR": "/run"}, "~/.local/share/jupyter", "~/.local/share/jupyter/runtime"),
        ({"JUPYTER_PLATFORM_DIRS": "1", "XDG_DATA_HOME": "/x"}, "/x/jupyter", "/x/jupyter/runtime"),
    ],
)
def test_the_variables_say_where(monkeypatch, tmp_path, env, data, runtime):
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    home = str(tmp_path.resolve())
    assert paths.data_dir() == data.replace("~", home)
    assert paths.runtime_dir() == runtime.replace("~", home)


def test_with_platform_directories_the_system_has_those_of_xdg(monkeypatch):
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("XDG_DATA_DIRS", "/p:/q")
    assert paths.system_data_path() == ["/p/jupyter", "/q/jupyter"]


def test_our_own_directory_is_apart(monkeypatch, tmp_path):
    assert paths.nuncius_dir() == str(tmp_path.resolve() / ".config/nuncius")
    monkeypatch.setenv("NUNCIUS_DIR", "~/here")
    assert paths.nuncius_dir() == str(tmp_path / "here")


@pytest.mark.parametrize(
    ("value", "flag"), [("No", False), ("0.0", False), ("OFF", False), ("1", True), ("", True)]
)
def test_flags_are_read_as_jupyter_reads_them(value, flag):
    assert paths.env_flag("F", {"F": value}) is flag
    assert paths.env_flag("F", {}) is None


def test_the_runtime_directory_is_made_once(monkeypatch, tmp_path):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "a/b"))
    assert paths.make_runtime_dir() == paths.make_runtime_dir() == str(tmp_path / "a/b")
    assert Path(tmp_path / "a/b").is_dir()
