"""Programs, profiles and the `nuncius` command, as a person meets them."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from nuncius.__main__ import main
from nuncius.protocol.app import Alias, Flag, Group, Parsed, Program, ProgramOptions, logs, option
from nuncius.protocol.app.cli import KNOWN_COMMANDS
from nuncius.protocol.app.completion import candidates
from nuncius.protocol.app.logs import setup_logging
from nuncius.protocol.app.profile import create_profile, find_profile, list_profiles
from nuncius.protocol.entrypoints import EntryPoint, entry_points, installed_versions
from nuncius.protocol.errors import KernelDied, OptionError

COMMAND = [sys.executable, "-m", "nuncius"]


@dataclass(frozen=True, kw_only=True)
class Greeting:
    """How to greet."""

    language: str = option("en", help="The language to greet in.")
    times: int = option(1, help="How often.")
    loud: bool = option(False, help="Shout.")
    log: str | None = option(None, help="Where to write it down.")


def program(run=lambda parsed: 0, **changes) -> Program:
    fields = {
        "name": "greet",
        "summary": "Greet somebody.",
        "options": (Greeting,),
        "aliases": {
            "language": Alias("Greeting.language"),
            "n": Alias("Greeting.times"),
            "write": Alias("Greeting.log", bare="greetings.txt"),
        },
        "flags": {"loud": Flag("Greeting.loud", "true", "Shout.")},
        "arguments": "NAME...",
        "count": (0, None),
    }
    return Program(run=run, **{**fields, **changes})


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NUNCIUS_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NUNCIUS_PROFILE", raising=False)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def quiet_again():
    """Programs set up logging for their process; give pytest's back."""
    logger = logging.getLogger("nuncius")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    for handler in logger.handlers:
        if handler not in before[0]:
            handler.close()
    logger.handlers[:], logger.propagate = before[0], before[2]
    logger.setLevel(before[1])


# -- command lines


@pytest.mark.parametrize(
    ("argv", "options", "arguments"),
    [
        ([], {}, ()),
        (["Ann", "--language", "la", "Bob"], {"language": "la"}, ("Ann", "Bob")),
        (["-n", "3", "--loud"], {"times": 3, "loud": True}, ()),
        (["-n=3", "Ann"], {"times": 3}, ("Ann",)),
        (["-n", "-3"], {"times": -3}, ()),
        (["--Greeting.language=la"], {"language": "la"}, ()),
        (["--Greeting.language", "la"], {"language": "la"}, ()),
        (["--write", "Ann"], {"log": "greetings.txt"}, ("Ann",)),
        (["--write=a=b", "-"], {"log": "a=b"}, ("-",)),
    ],
)
def test_a_command_line_is_options_and_arguments(argv, options, arguments):
    parsed = program().parse(argv)
    assert (parsed[Greeting], parsed.arguments) == (Greeting(**options), arguments)
    assert parsed.extra is None


def test_an_optional_value_is_taken_from_the_next_word_where_there_are_no_arguments():
    """`nuncius console --existing kernel-1.json`, as people type it for Jupyter's."""
    without = program(arguments="", count=(0, 0))
    assert without.parse(["--write", "x.txt"])[Greeting].log == "x.txt"
    assert without.parse(["--write", "--loud"])[Greeting] == Greeting(
        log="greetings.txt", loud=True
    )
    assert without.parse(["--write"])[Greeting].log == "greetings.txt"


def test_what_follows_two_dashes_is_left_alone():
    parsed = program().parse(["Ann", "--", "--loud", "--"])
    assert (parsed.arguments, parsed.extra) == (("Ann",), ("--loud", "--"))


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--langage=la"], "there is no option --langage; did you mean '--language'?"),
        (["--qqqq"], "there is no option --qqqq; nuncius greet --help lists them"),
        (["--language"], "--language needs a value"),
        (["--language", "--loud"], "--language needs a value"),
        (["--loud=yes"], "--loud takes no value"),
        (["-n", "x"], "-n: Greeting.times: expected a whole number, got 'x'"),
        (["--Greting.times=1"], "nothing here is called 'Greting'; did you mean 'Greeting'?"),
        (["--Greeting.tmes=1"], "Greeting has no option 'tmes'; did you mean 'times'?"),
        (["--profile=nowhere"], "there is no profile 'nowhere'"),
        (["--config=nowhere.py"], "cannot read the configuration nowhere.py: No such file or dir"),
        (["--config=/"], "cannot read the configuration /: Is a directory"),
    ],
)
def test_a_wrong_command_line_says_what_instead(argv, message, capsys):
    assert program()(argv) == 2
    assert message in capsys.readouterr().err


def test_arguments_are_counted(capsys):
    one = program(count=(1, 1), arguments="NAME")
    assert (one([]), one(["a"]), one(["a", "b"])) == (2, 0, 2)
    assert capsys.readouterr().err.splitlines() == [
        "nuncius greet: expected NAME: see nuncius greet --help",
        "nuncius greet: did not expect 'b': see nuncius greet --help",
    ]


def test_our_errors_are_one_line_and_an_exit_code(capsys):
    def dies(parsed: Parsed) -> int:
        raise KernelDied("the kernel died")

    def is_interrupted(parsed: Parsed) -> int:
        raise KeyboardInterrupt

    assert program(dies)([]) == 1
    assert capsys.readouterr().err == "nuncius greet: the kernel died\n"
    assert program(is_interrupted)([]) == 130


def test_help_shows_what_is_declared(capsys):
    assert program()(["--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: nuncius greet NAME... [options]\n\nGreet somebody.\n")
    assert "  --language LANGUAGE     The language to greet in. [en]" in text
    assert "  --write[=LOG]           Where to write it down." in text
    assert "--Greeting.times" not in text
    assert program()(["--help-all"]) == 0
    assert "--Greeting.times=1   (a whole number)" in capsys.readouterr().out


def test_a_group_has_sub_commands(capsys):
    group = Group("greetings", "Greetings.", (program(name="greetings send"),))
    assert group(["send", "Ann"]) == 0
    assert group(["sned"]) == 2
    assert "there is no 'sned'; did you mean 'send'? (there are: send)" in capsys.readouterr().err
    assert group([]) == 0
    assert "  send                    Greet somebody." in capsys.readouterr().out


# -- configuration and profiles


def test_a_program_reads_the_files_of_everybody_and_of_its_profile(home: Path):
    work = create_profile("work", "c.Greeting.times = 5\n")
    (home / "config.py").write_text("c.Greeting.language = 'la'\nc.Greeting.times = 2\n")
    assert program().parse([])[Greeting] == Greeting(language="la", times=2)
    found = program().parse(["--profile=work", "--language=it"])
    assert (found[Greeting], found.profile) == (Greeting(language="it", times=5), work)


def test_the_environment_names_the_profile(monkeypatch: pytest.MonkeyPatch):
    create_profile("work", "c.Greeting.times = 5\n")
    monkeypatch.setenv("NUNCIUS_PROFILE", "work")
    assert program().parse([])[Greeting].times == 5
    assert program().parse(["--profile=default"])[Greeting].times == 1


def test_a_file_given_on_the_command_line_comes_after_the_others(home: Path, tmp_path: Path):
    home.mkdir()
    (home / "config.json").write_text('{"Greeting": {"times": 2, "loud": true}}')
    extra = tmp_path / "extra.py"
    extra.write_text("c.Greeting.times = 3\nc.ProgramOptions.log_level = 'debug'\n")
    parsed = program().parse([f"--config={extra}"])
    assert parsed[Greeting] == Greeting(times=3, loud=True)
    assert parsed[ProgramOptions].log_level == "debug"


def test_profiles_are_created_listed_and_found(capsys, home: Path):
    assert main(["profile", "create", "work"]) == 0
    text = (home / "profiles" / "work" / "config.py").read_text()
    assert "# c.ProgramOptions.log_level = 'warning'" in text
    assert (home / "profiles" / "work" / "startup").stat().st_mode & 0o777 == 0o700
    capsys.readouterr()
    assert main(["profile", "list", "--profile=work"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [
        ["default", str(home / "profiles" / "default")],
        ["*", "work"],
    ]
    assert main(["profile", "locate", "work"]) == 0
    assert capsys.readouterr().out.strip() == str(home / "profiles" / "work")
    assert main(["profile", "locate", "wrk"]) == 2
    assert "there is no profile 'wrk'; did you mean 'work'?" in capsys.readouterr().err


def test_creating_a_profile_again_keeps_its_configuration(home: Path):
    create_profile("work", "first")
    create_profile("work", "second")
    assert (home / "profiles" / "work" / "config.py").read_text() == "first"


def test_a_configuration_that_cannot_be_written_is_not_left_by_half(home: Path):
    """As on a full disk: the next try would take it for the person's own."""
    with pytest.raises(UnicodeEncodeError):
        create_profile("work", "c.Greeting.times = 5\n" * 1000 + "\udcff")
    create_profile("work", "whole")
    assert (home / "profiles" / "work" / "config.py").read_text() == "whole"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", " "])
def test_a_profile_cannot_be_called_just_anything(name: str):
    with pytest.raises(OptionError):
        create_profile(name, "")


def test_without_any_folder_there_is_the_default_profile(home: Path):
    assert [profile.name for profile in list_profiles()] == ["default"]
    assert find_profile().folder == home / "profiles" / "default"
    assert not home.exists()


def test_locate_fails_where_it_is_asked_to(capsys, home: Path):
    assert main(["locate"]) == 0
    assert capsys.readouterr().out.strip() == str(home)
    assert main(["locate", "--existing"]) == 1


def test_paths_are_printed_for_people_and_programs(capsys, home: Path):
    assert main(["paths"]) == 0
    assert f"nuncius:\n    {home}  (not there)" in capsys.readouterr().out
    assert main(["paths", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["nuncius"] == [str(home)]


# -- logging


def test_a_log_goes_to_a_file(tmp_path: Path, capsys):
    path = tmp_path / "log"

    def run(parsed: Parsed) -> int:
        logging.getLogger("nuncius.x").info("hello %s", "you")
        logging.getLogger("other").warning("not ours")
        return 0

    assert program(run)([f"--log-file={path}", "--log-level=info"]) == 0
    (line,) = path.read_text().splitlines()
    assert line.endswith("INFO nuncius.x: hello you")


def test_a_log_that_cannot_be_written_is_told(capsys):
    assert program()(["--log-file=/nowhere/log"]) == 2
    assert "cannot write the log to /nowhere/log: No such file" in capsys.readouterr().err


def test_a_log_does_not_fill_the_disk(tmp_path, monkeypatch):
    """A server runs for months: of a log that grows, the last parts are kept."""
    monkeypatch.setattr(logs, "_LARGEST", 1000)
    setup_logging("info", tmp_path / "log")
    for number in range(100):
        logging.getLogger("nuncius.test").info("message %03d", number)
    setup_logging()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["log", "log.1", "log.2", "log.3"]
    assert all(path.stat().st_size <= 1000 for path in files)
    assert files[0].read_text().endswith("nuncius.test: message 099\n")


def test_setting_up_logging_again_replaces_it(capsys):
    setup_logging()
    setup_logging("info")
    logging.getLogger("nuncius.x").info("once")
    assert capsys.readouterr().err == "nuncius.x: INFO: once\n"


# -- the command


def test_help_lists_the_commands_with_the_package_that_brings_those_that_are_missing():
    done = subprocess.run([*COMMAND, "--help"], capture_output=True, text=True, check=True)
    for name, (summary, package) in KNOWN_COMMANDS.items():
        (line,) = [line for line in done.stdout.splitlines() if line.split()[:1] == [name]]
        assert summary in line
        installed = name in entry_points("nuncius.commands")
        assert (f"pip install {package}" in line) is not installed


def test_every_command_of_this_package_is_known_and_can_be_loaded():
    ours = {
        name: entry
        for name, entry in entry_points("nuncius.commands").items()
        if entry.distribution == "nuncius-protocol"
    }
    assert set(ours) == {
        name for name, (_, package) in KNOWN_COMMANDS.items() if package == "nuncius-protocol"
    }
    for name, entry in ours.items():
        command = entry.load()
        assert isinstance(command, Program | Group)
        assert (command.name, command.summary) != ("", "")
        assert command.name == name


def test_the_version_is_printed():
    done = subprocess.run([*COMMAND, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"nuncius {installed_versions('nuncius')['nuncius-protocol']}\n"


@pytest.mark.parametrize("buffering", ["", "1"])
@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("--help >/dev/full", (1, "nuncius: cannot write: No space left on device\n")),
        ("paths >/dev/full", (1, "nuncius paths: cannot write: No space left on device\n")),
        ("paths | :", (0, "")),
        ("version | :", (0, "")),
        ("paths >&-", (0, "")),
        ("kernelspec provisioners 2>&- >&- <&-", (0, "")),
        ("run - <&- --kernel=no-such", (1, "nuncius run: no kernel named 'no-such'")),
    ],
)
def test_output_that_nobody_takes_is_no_traceback(command, said, buffering):
    words, _, rest = command.partition(" ")
    line = f'"{sys.executable}" -m nuncius {words} {rest}\nexit ${{PIPESTATUS[0]}}'
    env = {**os.environ, "PYTHONUNBUFFERED": buffering}
    done = subprocess.run(
        ["bash", "-c", line], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.partition(" (")[0]) == said


def test_output_that_the_terminal_cannot_write_is_no_traceback(home: Path):
    env = {**os.environ, "NUNCIUS_DIR": f"{home}/\u4e2d", "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        [*COMMAND, "locate"], env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (
        1,
        "nuncius locate: '\\u4e2d' cannot be written in ascii; set PYTHONUTF8=1\n",
    )


def test_a_command_that_is_not_installed_names_the_package(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert main(["notebook"]) == 2
    assert capsys.readouterr().err == (
        "nuncius: nuncius notebook is not installed: pip install nuncius-notebook-server\n"
    )
    for argv in ([], ["--kernel=x"]):  # alone: the shell
        assert main(argv) == 2
        assert "pip install nuncius-terminal" in capsys.readouterr().err


def test_an_unknown_command_names_the_nearest(capsys):
    assert main(["kernelspecs"]) == 2
    assert (
        "no command and no file 'kernelspecs'; did you mean 'kernelspec'?"
        in capsys.readouterr().err
    )


def distribution(folder: Path, name: str, entries: str) -> None:
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_text(entries)


def test_another_package_may_bring_a_command(tmp_path, monkeypatch, capsys):
    distribution(tmp_path, "my-thing", "[nuncius.commands]\nthing = mything:run\n")
    (tmp_path / "mything.py").write_text("def run(argv):\n    print(argv)\n    return 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["thing", "a", "--b"]) == 7
    assert capsys.readouterr().out == "['a', '--b']\n"
    assert main(["--help"]) == 0
    assert "  thing       (my-thing)" in capsys.readouterr().out


def test_a_command_that_cannot_be_loaded_names_its_package(tmp_path, monkeypatch, capsys):
    distribution(tmp_path, "my-thing", "[nuncius.commands]\nthing = gone_module:run\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["thing"]) == 1
    error = capsys.readouterr().err
    assert "No module named 'gone_module'" in error
    assert "pip install --force-reinstall my-thing" in error


def test_entry_points_are_found_as_the_standard_library_finds_them(tmp_path: Path):
    distribution(
        tmp_path, "a-b", "[x]\n# c\none = m:f\n\n[y.z]\ntwo=m.n:g.h [extra]\n[x.y]\nthree = m\n"
    )
    distribution(tmp_path / "later", "other", "[x]\none = hidden:f\nfour = m:f\n")
    path = [str(tmp_path), str(tmp_path / "later"), "/nowhere"]
    found = {
        group: {name: (e.value, e.distribution) for name, e in entry_points(group, path).items()}
        for group in ("x", "y.z", "none")
    }
    assert found == {
        "x": {"one": ("m:f", "a-b"), "four": ("m:f", "other")},
        "y.z": {"two": ("m.n:g.h", "a-b")},
        "none": {},
    }
    assert installed_versions("A_b", path) == {"a-b": "1.2"}
    assert EntryPoint("e", "os:path.join", "x").load() is os.path.join


def test_entry_points_of_this_environment_are_all_found():
    from importlib import metadata

    for group in ("nuncius.commands", "nuncius.options", "pytest11", "console_scripts"):
        expected = {entry.name for entry in metadata.entry_points(group=group)}
        assert set(entry_points(group)) == expected


# -- completion


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["prof"], ["profile"]),
        (["--v"], ["--version"]),
        (["profile", ""], ["--help", "create", "list", "locate"]),
        (["profile", "list", "--pro"], ["--profile"]),
        (["paths", "--Paths."], ["--Paths.json="]),
        (["run", ""], []),
        (["nothing", ""], []),
    ],
)
def test_completion_knows_commands_and_options(words, expected):
    assert candidates(words) == expected


SHELLS = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]


def completed(shell: str, folder: Path) -> list[str]:
    """What a real shell offers for `nuncius profile l`."""
    scripts = {
        "bash": (
            'eval "$(nuncius completion bash)"; COMP_WORDS=(nuncius profile l); COMP_CWORD=2;'
            ' _nuncius; printf "%s\\n" "${COMPREPLY[@]}"'
        ),
        "zsh": (
            "autoload -U compinit; compinit -u -d $PWD/dump; "
            'eval "$(nuncius completion zsh)"; '
            # Outside of the line editor compadd is an error: look at what it is given.
            'compadd() { shift 2; print -l -- "$@" }; words=(nuncius profile l); CURRENT=3; _nuncius'
        ),
        "fish": 'nuncius completion fish | source; complete -C "nuncius profile l"',
    }
    bare = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    program = folder / "nuncius"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nuncius "$@"\n')
    program.chmod(0o755)
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        [shell, *bare, "-c", scripts[shell]],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_real_shell_completes(shell: str, tmp_path: Path):
    assert completed(shell, tmp_path) == ["list", "locate"]


def test_there_is_no_completion_for_other_shells(capsys):
    assert main(["completion", "tcsh"]) == 2
    assert (
        "there is no completion for 'tcsh' (there is: bash, zsh, fish)" in capsys.readouterr().err
    )


# -- kernelspecs


@pytest.fixture
def kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with no kernels but those that the test installs."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "env" / "share" / "jupyter"))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    source = tmp_path / "source"
    source.mkdir()
    (source / "kernel.json").write_text(
        '{"argv": ["no-such-program", "{connection_file}"], "display_name": "Mine", "language": "x"}'
    )
    return source


def listed(capsys) -> dict:
    assert main(["kernelspec", "list", "--json"]) == 0
    return json.loads(capsys.readouterr().out)["kernelspecs"]


def test_a_kernel_is_installed_listed_and_removed(kernels: Path, tmp_path: Path, capsys):
    prefix = tmp_path / "env"
    assert main(["kernelspec", "install", str(kernels), "--name=mine", f"--prefix={prefix}"]) == 0
    folder = prefix / "share" / "jupyter" / "kernels" / "mine"
    assert capsys.readouterr().out == f"installed in {folder}\n"
    assert listed(capsys)["mine"]["resource_dir"] == str(folder)

    assert main(["kernelspec", "list", "--missing"]) == 0
    assert "Mine" in capsys.readouterr().out
    assert main(["kernelspec", "install", str(kernels), "--name=mine", f"--prefix={prefix}"]) == 1
    assert "--replace" in capsys.readouterr().err

    assert main(["kernelspec", "remove", "mine", "-f"]) == 0
    capsys.readouterr()
    assert "mine" not in listed(capsys)
    assert main(["kernelspec", "remove", "mine"]) == 1  # without asking first
    assert capsys.readouterr().err.startswith("nuncius kernelspec remove: no kernel named 'mine'")


def test_a_kernel_is_not_removed_without_a_yes(kernels: Path, tmp_path: Path, capsys, monkeypatch):
    main(["kernelspec", "install", str(kernels), "--name=mine", f"--prefix={tmp_path / 'env'}"])
    for answer, left in (("\n", True), ("", True), ("n\n", True), ("y\n", False)):
        import io

        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        assert main(["kernelspec", "remove", "mine"]) == (1 if left else 0)
        capsys.readouterr()
        assert ("mine" in listed(capsys)) is left


def test_a_broken_kernelspec_is_listed_as_that(kernels: Path, tmp_path: Path, capsys):
    folder = tmp_path / "env" / "share" / "jupyter" / "kernels" / "bad"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text("{")
    assert main(["kernelspec", "list"]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("bad")]
    assert "broken: " in line


def test_provisioners_are_listed(capsys):
    assert main(["kernelspec", "provisioners"]) == 0
    assert "local-provisioner" in capsys.readouterr().out
