"""Kernelspecs: found where Jupyter finds them, checked, installed and removed."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nuncius.protocol.errors import InvalidKernelSpec, KernelSpecError, NoSuchKernel
from nuncius.protocol.kernelspec import (
    KernelSpec,
    KernelSpecs,
    check_name,
    install_kernelspec,
    list_kernelspecs,
    list_provisioners,
    remove_kernelspecs,
)

GOOD = {
    "argv": ["python3", "-m", "k", "-f", "{connection_file}"],
    "display_name": "K",
    "language": "python",
}


def put(directory: Path, name: str, **changes) -> Path:
    folder = directory / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({**GOOD, **changes}))
    return folder


def names_in(folder) -> list[str]:
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.fixture
def places(tmp_path):
    return tmp_path / "first", tmp_path / "second"


@pytest.fixture
def specs(places):
    return KernelSpecs(places, native=False)


def test_a_kernelspec_is_found_whatever_the_case_and_the_first_directory_wins(places, specs):
    first = put(places[0], "Mine", display_name="first")
    put(places[1], "mine", display_name="second")
    other = put(places[1], "other")
    assert specs.find() == {"mine": str(first), "other": str(other)}
    assert specs.get("MINE").display_name == "first"
    assert repr(specs) == "<KernelSpecs mine, other>"


def test_folders_that_are_no_kernelspecs_are_passed_over(places, specs):
    places[0].mkdir()
    (places[0] / "file").write_text("")
    (places[0] / "empty").mkdir()
    put(places[0], "a b")
    assert specs.find() == {}


def test_a_kernelspec_says_all_that_is_in_it(places, specs):
    folder = put(
        places[0], "k", interrupt_mode="Message", env={"A": "1"}, codemirror_mode="shell",
        metadata={"supported_encryption": ["Curve"], "kernel_provisioner": {"provisioner_name": "p", "config": {"a": 1}}},
        kernel_protocol_version="5.10",
    )  # fmt: skip
    spec = specs.get("k")
    assert spec == KernelSpec(
        "k",
        tuple(GOOD["argv"]),
        "K",
        "python",
        "message",
        {"A": "1"},
        {
            "supported_encryption": ["Curve"],
            "kernel_provisioner": {"provisioner_name": "p", "config": {"a": 1}},
        },
        "5.10",
        str(folder),
        {"codemirror_mode": "shell"},
    )
    assert (spec.registers, spec.encryption, spec.provisioner) == (
        True,
        ("curve",),
        ("p", {"a": 1}),
    )
    assert spec.to_dict()["codemirror_mode"] == "shell"


@pytest.mark.parametrize(
    ("version", "registers"),
    [("5.5", True), ("6.0", True), ("5.4", False), ("5", False), ("", False), ("x.y", False)],
)
def test_only_a_kernel_of_protocol_5_5_is_asked_to_register(version, registers):
    assert KernelSpec("k", ("x",), kernel_protocol_version=version).registers is registers


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"argv": "python"}, "argv is 'python'; expected a list of strings"),
        ({"argv": ["a", 1]}, "argv[1] is 1; expected a string"),
        ({"argv": []}, "argv is empty"),
        ({"argv": None}, "argv is missing"),
        ({"display_name": 1}, "display_name is 1; expected a string"),
        ({"env": {"A": 1}}, "env.A is 1; expected a string"),
        ({"env": []}, "env is []; expected an object"),
        ({"interrupt_mode": "shout"}, "interrupt_mode is 'shout'; expected 'signal' or 'message'"),
        ({"metadata": 1}, "metadata is 1; expected an object"),
    ],
)
def test_a_bad_kernelspec_is_refused_with_its_file_and_the_field(places, specs, changes, complaint):
    folder = put(places[0], "bad", **changes)
    with pytest.raises(InvalidKernelSpec) as caught:
        specs.get("bad")
    assert str(caught.value).startswith(f"{folder}/kernel.json: {complaint}")


@pytest.mark.parametrize("text", ["{", "[]", "", '"x"', "[" * 100_000])
def test_a_file_that_is_no_kernelspec_spoils_no_list(places, specs, text):
    put(places[0], "good")
    (put(places[0], "bad") / "kernel.json").write_text(text)
    found = list_kernelspecs(specs)
    assert isinstance(found["bad"], InvalidKernelSpec)
    assert isinstance(found["good"], KernelSpec)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(
        st.sampled_from(["argv", "env", "metadata", "interrupt_mode", "language"]) | st.text(),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda c: st.lists(c, max_size=3) | st.dictionaries(st.text(), c, max_size=3),
        ),
    )
)
def test_whatever_stands_in_a_file_it_is_a_kernelspec_or_an_error(data):
    try:
        spec = KernelSpec.from_dict(data, "k")
    except InvalidKernelSpec:
        return
    assert isinstance(spec.registers, bool)
    assert all(isinstance(text, str) for text in (*spec.encryption, spec.provisioner[0]))
    spec.command("/f")
    spec.environment({})


def test_the_command_is_filled_in():
    spec = KernelSpec(
        "k", ("python3", "{resource_dir}/x", "{prefix}", "{cpus}", "{unknown}", "{connection_file}"),
        resource_dir="/r",
    )  # fmt: skip
    assert spec.command("/c.json", extra_arguments=["--x={cpus}"], cpus=4) == [
        sys.executable, "/r/x", sys.prefix, "4", "{unknown}", "/c.json", "--x=4",
    ]  # fmt: skip


def test_another_python_is_not_taken_for_ours():
    assert KernelSpec("k", ("python2.7",)).command("/c")[0] == "python2.7"


def test_the_environment_is_added_to_and_variables_are_filled_in():
    spec = KernelSpec("k", ("x",), language="Python", env={"P": "/opt:${P}", "N": "${NO}$$"})
    assert spec.environment({"P": "/bin", "PYTHONEXECUTABLE": "/x"}) == {
        "P": "/opt:/bin",
        "N": "${NO}$",
    }


def test_a_name_that_does_not_exist_is_answered_with_the_nearest(places, specs):
    put(places[0], "julia-1.10")
    with pytest.raises(NoSuchKernel) as caught:
        specs.get("julia-1.1")
    assert str(caught.value) == (
        "no kernel named 'julia-1.1' (there are: julia-1.10); did you mean 'julia-1.10'?"
    )


def test_nothing_installed_is_answered_with_what_to_install(specs):
    with pytest.raises(NoSuchKernel, match="pip install nuncius-kernel"):
        specs.get("python3")


def test_only_allowed_kernels_exist(places):
    put(places[0], "a")
    put(places[0], "b")
    specs = KernelSpecs(places, allowed={"A"}, native=False)
    assert specs.names() == ["a"]
    with pytest.raises(NoSuchKernel):
        specs.get("b")


def test_a_python_kernel_without_a_kernelspec_is_offered_as_python3(tmp_path, monkeypatch):
    """pip install of a kernel into a fresh environment, without the step that installs its kernelspec."""
    package = tmp_path / "lib" / "native_kernel_for_test"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text("")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setattr(
        "nuncius.protocol.kernelspec.NATIVE_KERNELS",
        (("no_such_package", "no_such_package", "no"), (package.name, package.name, "Native")),
    )
    specs = KernelSpecs([])
    assert specs.names() == ["python3"]
    assert specs.get("python").display_name == "Native"
    assert specs.get("Python3").argv == (
        "python", "-m", package.name, "-f", "{connection_file}",
    )  # fmt: skip


def test_installing_copies_the_folder_and_removing_takes_it_away(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    source = put(tmp_path, "Source")
    (source / "logo.svg").write_text("<svg/>")
    target = install_kernelspec(source, user=True)
    assert target == str(tmp_path / "data/kernels/source")
    assert names_in(target) == ["kernel.json", "logo.svg"]
    (source / "logo.svg").unlink()
    assert install_kernelspec(source, user=True) == target
    assert names_in(target) == ["kernel.json"]
    assert names_in(tmp_path / "data/kernels") == ["source"]
    specs = KernelSpecs([tmp_path / "data/kernels"], native=False)
    assert remove_kernelspecs(["SOURCE"], specs) == {"source": target}
    assert specs.find() == {}


def test_a_kernelspec_is_installed_from_a_value_under_another_name(tmp_path):
    spec = KernelSpec("k", ("run", "{connection_file}"), "K", "x", env={"A": "ü"})
    target = install_kernelspec(spec, "other", prefix=str(tmp_path))
    assert target == str(tmp_path / "share/jupyter/kernels/other")
    assert KernelSpec.load(target).to_dict() == spec.to_dict()


def test_a_changed_kernelspec_keeps_its_other_files(tmp_path):
    source = put(tmp_path, "k")
    (source / "logo.svg").write_text("<svg/>")
    from dataclasses import replace

    changed = replace(KernelSpec.load(source), display_name="Changed")
    target = install_kernelspec(changed, prefix=str(tmp_path))
    assert KernelSpec.load(target).display_name == "Changed"
    assert names_in(target) == ["kernel.json", "logo.svg"]


def test_an_existing_kernelspec_is_replaced_only_when_asked(tmp_path):
    source = put(tmp_path, "k")
    install_kernelspec(source, prefix=str(tmp_path))
    with pytest.raises(KernelSpecError, match="replace it with --replace"):
        install_kernelspec(source, prefix=str(tmp_path), replace=False)


def test_a_bad_source_touches_nothing(tmp_path):
    source = put(tmp_path, "k", argv="x")
    with pytest.raises(InvalidKernelSpec):
        install_kernelspec(source, prefix=str(tmp_path))
    with pytest.raises(InvalidKernelSpec, match=r"a kernelspec is a folder with a kernel.json"):
        install_kernelspec(tmp_path / "nothing", prefix=str(tmp_path))
    assert not (tmp_path / "share").exists()


def test_a_place_that_cannot_be_written_is_told_with_the_ways_out(tmp_path):
    (tmp_path / "share").write_text("a file in the way")
    with pytest.raises(KernelSpecError, match="Not a directory; another place is --user"):
        install_kernelspec(put(tmp_path, "k"), prefix=str(tmp_path))


def test_a_kernelspec_has_one_place(tmp_path):
    with pytest.raises(KernelSpecError, match="only one of"):
        install_kernelspec(put(tmp_path, "k"), user=True, sys_prefix=True)


def test_removing_several_is_all_or_nothing(places, specs):
    put(places[0], "a")
    with pytest.raises(NoSuchKernel):
        remove_kernelspecs(["a", "b"], specs)
    assert specs.names() == ["a"]


def test_removing_a_linked_kernelspec_leaves_what_it_points_to(places, specs, tmp_path):
    source = put(tmp_path, "source")
    places[0].mkdir()
    (places[0] / "linked").symlink_to(source)
    remove_kernelspecs(["linked"], specs)
    assert (source / "kernel.json").exists()


@pytest.mark.parametrize("name", ["a b", "", "ü", "a/b", "../x", "a\n"])
def test_names_are_checked(name):
    with pytest.raises(InvalidKernelSpec, match="a kernel cannot be named"):
        check_name(name)
    assert check_name("Ir-4.2_x") == "ir-4.2_x"


def test_the_local_provisioner_is_always_there():
    assert "local-provisioner" in list_provisioners()
