"""Connection files: what stands in them, how they are written and found, and what is said when they are bad."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.protocol.connection import (
    ConnectionInfo,
    check_alive,
    find_connection_file,
    find_connection_files,
    ipc_directory,
    is_listening,
    load_connection_file,
    new_connection_path,
    new_key,
    remove_connection_file,
    write_connection_file,
)
from nuncius.protocol.errors import ConnectionFileError

PORTS = {"shell_port": 1, "iopub_port": 2, "stdin_port": 3, "control_port": 4, "hb_port": 5}
INFO = ConnectionInfo(
    ip="127.0.0.1", key="secret", kernel_name="python3", session="a.ipynb", **PORTS
)


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    folder = tmp_path / "runtime"
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
    folder.mkdir()
    return folder


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_file_of_jupyter_is_read_and_written_back_with_all_that_is_in_it(tmp_path):
    """Another program has put a field of its own into the file: it must survive our rewriting."""
    data = {
        **PORTS,
        "ip": "127.0.0.1",
        "key": "a0436f6c-1916-498b-8eb9-e81ab9368e84",
        "transport": "tcp",
        "signature_scheme": "hmac-sha256",
        "kernel_name": "python3",
        "jupyter_session": "/home/me/a.ipynb",
        "hub": {"user": "me"},
    }
    path = tmp_path / "kernel-1.json"
    path.write_text(json.dumps(data))
    path.chmod(0o600)
    info = load_connection_file(path)
    assert info.session == "/home/me/a.ipynb"
    assert info.extra == {"hub": {"user": "me"}}
    write_connection_file(info, path)
    assert json.loads(path.read_text()) == data
    assert load_connection_file(path) == info


@pytest.mark.parametrize(
    ("info", "url"),
    [
        (INFO, "tcp://127.0.0.1:1"),
        (replace(INFO, ip="::1"), "tcp://[::1]:1"),
        (replace(INFO, transport="ipc", ip="/tmp/x/kernel"), "ipc:///tmp/x/kernel-1"),
    ],
)
def test_addresses_are_those_of_jupyter(info, url):
    assert info.url("shell") == url


@pytest.mark.parametrize(
    ("ip", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("192.168.0.2", False),
        ("127.example.org", False),
        ("::", False),
    ],
)
def test_what_only_this_machine_can_reach_is_local(ip, local):
    assert replace(INFO, ip=ip).is_local is local


def test_the_secrets_are_not_shown():
    """An info ends up in logs and tracebacks."""
    assert "secret" not in repr(replace(INFO, curve_secretkey="secret2"))


def test_files_are_for_their_owner_only_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        path = write_connection_file(INFO, tmp_path / "kernel-1.json")
    finally:
        os.umask(old)
    assert stat.S_IMODE(Path(path).stat().st_mode) == 0o600


def test_ports_may_be_strings_and_are_zero_when_missing():
    """xeus registers its ports as strings; a file that starts a kernel has none."""
    info = ConnectionInfo.from_dict({"shell_port": "5001", "key": b"abc"})
    assert (info.shell_port, info.hb_port, info.key, info.has_ports) == (5001, 0, "abc", False)


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        ("[1]", "expected a JSON object"),
        ('{"shell_port": "many"}', "shell_port is 'many'; expected a port number"),
        ('{"shell_port": 70000}', "shell_port is 70000"),
        ('{"shell_port": true}', "shell_port is True"),
        ('{"transport": "udp"}', "transport is 'udp'; expected 'tcp' or 'ipc'"),
        ('{"ip": 7}', "expected ip to be a string, got int"),
        ('{"key": ["x"]}', "expected key to be a string, got list"),
        ('{"signature_scheme": "hmac-md99"}', "expected 'hmac-' and a hash such as 'hmac-sha256'"),
        ('{"signature_scheme": "sha256"}', "signature_scheme is 'sha256'"),
        ("{", "is not a connection file"),
        ("", "is empty"),
        ("\n", "is empty"),
    ],
)
def test_a_bad_file_is_refused_with_its_name_and_the_field(tmp_path, data, complaint):
    path = tmp_path / "kernel-1.json"
    path.write_text(data)
    path.chmod(0o600)
    with pytest.raises(ConnectionFileError) as caught:
        load_connection_file(path)
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_key_is_never_part_of_a_complaint():
    with pytest.raises(ConnectionFileError) as caught:
        ConnectionInfo.from_dict({"key": ["topsecret"]})
    assert "topsecret" not in str(caught.value)


def test_a_binary_file_is_refused(tmp_path):
    path = tmp_path / "kernel-1.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConnectionFileError, match="not UTF-8"):
        load_connection_file(path)


def test_a_missing_file_says_what_that_means(tmp_path):
    with pytest.raises(ConnectionFileError, match="its kernel has ended, or was never started"):
        load_connection_file(tmp_path / "kernel-1.json")


def test_a_folder_in_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(ConnectionFileError, match="cannot read"):
        load_connection_file(tmp_path)


def test_a_file_that_others_can_read_is_accepted_with_a_warning(tmp_path, caplog):
    path = Path(write_connection_file(INFO, tmp_path / "kernel-1.json"))
    path.chmod(0o644)
    assert load_connection_file(path) == INFO
    assert f"chmod 600 {path}" in caplog.text


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda c: (
            st.lists(c)
            | st.dictionaries(
                st.sampled_from(["ip", "key", "transport", "shell_port", "jupyter_session"])
                | st.text(),
                c,
            )
        ),
    )
)
def test_whatever_stands_in_a_file_it_is_an_info_or_an_error(data):
    try:
        info = ConnectionInfo.from_dict(data)
    except ConnectionFileError:
        return
    assert ConnectionInfo.from_dict(info.to_dict()) == info


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    """The limit on the size of files stands for the disk: the write fails in the middle."""
    path = tmp_path / "kernel-1.json"
    write_connection_file(INFO, path)
    code = """
        import resource, signal, sys
        from dataclasses import replace
        from nuncius.protocol.connection import *
        from nuncius.protocol.errors import ConnectionFileError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        info = load_connection_file(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
        try:
            write_connection_file(replace(info, key="other"), sys.argv[1])
        except ConnectionFileError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(path)],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "cannot write the connection file" in done.stdout
    assert "set JUPYTER_RUNTIME_DIR to a directory on another one" in done.stdout
    assert list(tmp_path.iterdir()) == [path]
    assert load_connection_file(path) == INFO
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 100


def test_a_directory_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConnectionFileError, match="its directory does not exist"):
        write_connection_file(INFO, tmp_path / "no" / "kernel-1.json")


def test_the_runtime_directory_is_made_for_its_owner_only(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "a" / "runtime"))
    path = Path(new_connection_path("x"))
    assert path == tmp_path / "a" / "runtime" / "kernel-x.json"
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_runtime_directory_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "file" / "runtime"))
    with pytest.raises(ConnectionFileError, match="set JUPYTER_RUNTIME_DIR"):
        new_connection_path()


def _file(folder: Path, name: str, age: int, port: int = 1) -> str:
    path = folder / f"kernel-{name}.json"
    write_connection_file(replace(INFO, shell_port=port), path)
    os.utime(path, (10_000 - age, 10_000 - age))
    return str(path)


def test_the_newest_kernel_is_meant_when_nothing_is_said(runtime, listener):
    """--existing alone: the newest one that is there, not the stale file of one that crashed later."""
    old = _file(runtime, "old", 9, listener)
    new = _file(runtime, "new", 5)
    assert find_connection_files() == [new, old]
    assert find_connection_file() == old


@pytest.mark.parametrize("name", ["1234", "kernel-1234.json", "12", "kernel-1*", "*23?.json"])
def test_a_kernel_is_found_by_its_id_a_part_of_it_or_a_pattern(runtime, name):
    wanted = _file(runtime, "1234", 9)
    _file(runtime, "9999", 5)
    assert find_connection_file(name) == wanted


def test_a_kernel_is_found_by_a_path_or_a_pattern_of_paths(runtime, tmp_path):
    other = tmp_path / "mine.json"
    write_connection_file(INFO, other)
    assert find_connection_file(str(other)) == str(other)
    assert find_connection_file(str(tmp_path / "mi*.json")) == str(other)


def test_an_exact_id_wins_over_a_newer_one_that_contains_it(runtime):
    wanted = _file(runtime, "12", 9)
    _file(runtime, "123", 5)
    assert find_connection_file("12") == wanted


def test_what_is_not_found_is_told_with_the_place(runtime):
    with pytest.raises(ConnectionFileError) as caught:
        find_connection_file("nothing")
    assert str(caught.value) == (
        f"no connection file matches 'nothing' (looked in {runtime}, which has none); "
        "start one with 'nuncius kernel', or give the path of its connection file"
    )
    with pytest.raises(ConnectionFileError, match="no kernel is running"):
        find_connection_file(directory=runtime / "nowhere")


def test_a_stale_file_is_told_from_that_of_a_kernel(runtime, listener):
    path = _file(runtime, "1", 0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(ConnectionFileError, match=f"is stale: nobody listens at .*{free}"):
        check_alive(replace(INFO, shell_port=free), path)
    with pytest.raises(ConnectionFileError, match="has not said where it listens"):
        check_alive(ConnectionInfo(), path)
    check_alive(replace(INFO, shell_port=listener), path)


def test_ipc_sockets_are_private_and_go_with_the_file(tmp_path):
    path = tmp_path / "kernel-1.json"
    folder = Path(ipc_directory())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    info = replace(INFO, transport="ipc", ip=str(folder / "kernel"))
    assert not is_listening(info)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{info.ip}-1")
        server.listen()
        assert is_listening(info)
    write_connection_file(info, path)
    remove_connection_file(path, info)
    assert (path.exists(), folder.exists()) == (False, False)
    remove_connection_file(path, info)


def test_what_a_killed_writer_has_left_goes_with_the_file(tmp_path):
    """A kernel is killed at the moment at which it writes its ports."""
    path, other = tmp_path / "kernel-1.json", tmp_path / ".kernel-11.json.7.ab"
    for file in (path, tmp_path / ".kernel-1.json.7.ab", other):
        file.write_text("{")
    remove_connection_file(path)
    assert list(tmp_path.iterdir()) == [other]


@pytest.mark.parametrize("runtime_is_short", [True, False])
def test_sockets_lie_elsewhere_where_the_folder_for_temporary_files_is_deep(
    tmp_path, monkeypatch, runtime_is_short
):
    """A checkout of a checkout in a home with a long name: its TMPDIR is no place for sockets."""
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    short = tempfile.mkdtemp(dir="/tmp")
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    monkeypatch.setenv("XDG_RUNTIME_DIR", short if runtime_is_short else str(deep))
    folder = Path(ipc_directory())
    try:
        assert str(folder.parent) == (short if runtime_is_short else "/tmp")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(f"{folder}/control-65535")
        assert list(deep.iterdir()) == []
    finally:
        shutil.rmtree(folder)
        Path(short).rmdir()


def test_a_path_that_is_too_long_for_a_socket_is_refused_where_it_is_named(tmp_path):
    fits = "/" + "s" * 100
    assert replace(INFO, transport="ipc", ip=fits, hb_port=12345).url("hb") == f"ipc://{fits}-12345"
    with pytest.raises(ConnectionFileError) as caught:
        replace(INFO, transport="ipc", ip=f"{fits}ß", hb_port=12345)
    assert str(caught.value) == (
        f"the ipc socket '{fits}ß-12345' cannot exist: its path has 109 bytes, and a socket's may have 107; "
        "choose a shorter folder, or transport='tcp'"
    )
    path = tmp_path / "kernel-1.json"
    path.write_text(json.dumps({"transport": "ipc", "ip": f"{fits}ßßß", "shell_port": 1}))
    with pytest.raises(ConnectionFileError, match=r"kernel-1\.json: the ipc socket"):
        load_connection_file(path)


def test_keys_are_random_and_look_like_jupyters():
    assert new_key() != new_key()
    assert [len(part) for part in new_key().split("-")] == [8, 4, 4, 4, 12]


def test_the_module_loads_nothing_that_a_starting_kernel_would_wait_for():
    code = """
        import os, sys
        import nuncius.protocol.messages, nuncius.protocol.errors
        before = set(sys.modules)
        import nuncius.protocol.connection
        print(*sorted(set(sys.modules) - before))
    """
    done = subprocess.run(
        [sys.executable, "-S", "-c", textwrap.dedent(code)],
        env={"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert set(done.stdout.split()) <= {
        "nuncius.protocol.connection", "nuncius.protocol.paths", "contextlib",
    }  # fmt: skip
