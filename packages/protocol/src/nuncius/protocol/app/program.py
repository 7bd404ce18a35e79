"""Declare a program as a value: its options, its short names for them, and what it does.

`Program` reads the command line and the configuration files into options objects, prints help, and turns errors into lines for people and exit codes. It is what an entry point of the group ``nuncius.commands`` points to.

::

    greet = Program(
        name="greet",
        summary="Say hello.",
        run=lambda parsed: print("Hello", *parsed.arguments) or 0,
        options=(Greeting,),
        aliases={"language": Alias("Greeting.language")},
        arguments="NAME...",
    )

The command line is read here and not by traitlets, with its syntax: ``--Class.option=value`` or ``--Class.option value``, ``--alias value``, ``--flag``. So traitlets is loaded only where there is a configuration file.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from nuncius.protocol.app.config import Setting, build, read_file, unknown
from nuncius.protocol.app.options import describe, nearest, option
from nuncius.protocol.app.profile import Profile, find_profile, shared_config_files
from nuncius.protocol.errors import NunciusError, OptionError
from nuncius.protocol.values import Value, field

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Alias", "Flag", "Group", "Parsed", "Program", "ProgramOptions"]

T = TypeVar("T")

#: Exit codes: as `argparse` and shells have them.
_USAGE, _FAILED, _INTERRUPTED = 2, 1, 130


class ProgramOptions(Value, kw_only=True):
    """What every program of Nuncius understands."""

    profile: str | None = option(
        None,
        help="The profile whose configuration is used; without one, NUNCIUS_PROFILE or 'default'.",
    )
    config_file: Path | None = option(
        None, help="A configuration file to read after those of the profile."
    )
    log_level: Literal["debug", "info", "warning", "error", "critical"] = option(
        "warning", help="How much to log."
    )
    log_file: Path | None = option(
        None,
        help="Where to write the log; without one, standard error. Each 10 MB a new one is begun, and three old ones are kept.",
    )


class Alias(Value):
    """A short name for an option.

    Attributes:
        target: ``Class.option``.
        bare: What the name alone means, if it may stand without a value. The value then has to be joined to it by ``=`` where the program takes arguments.
        help: Said instead of the option's own help.
    """

    target: str
    bare: str | None = None
    help: str = ""


class Flag(Value):
    """A name for an option set to one value.

    Attributes:
        target: ``Class.option``.
        value: As it would be typed.
        help: What the flag does.
    """

    target: str
    value: str
    help: str


_COMMON_ALIASES: Mapping[str, Alias] = {
    "profile": Alias("ProgramOptions.profile"),
    "config": Alias("ProgramOptions.config_file"),
    "log-level": Alias("ProgramOptions.log_level"),
    "log-file": Alias("ProgramOptions.log_file"),
}
_COMMON_FLAGS: Mapping[str, Flag] = {
    "debug": Flag("ProgramOptions.log_level", "debug", "Log everything."),
}


class Parsed(Value):
    """What a program was told.

    Attributes:
        values: The options objects, by class; ``parsed[Class]`` has the type checker know the class.
        arguments: What is no option, in order.
        extra: What stands after ``--``; None without one.
        profile: The profile in use.
        others: What configuration files say of classes that the program does not know: class -> option -> value.
    """

    values: Mapping[type, Any]
    arguments: tuple[str, ...]
    extra: tuple[str, ...] | None
    profile: Profile
    others: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __getitem__(self, cls: type[T]) -> T:
        value: T = self.values[cls]
        return value


class Program(Value):
    """A program with a command line.

    Attributes:
        name: What is typed after ``nuncius``.
        summary: One sentence.
        run: Does it, and returns the exit code.
        options: The options classes that it reads.
        aliases: Short names; one letter is typed with one dash.
        flags: Options set to one value.
        arguments: What it takes beside options, as the usage line shows it: ``FILE...``, ``[NAME]``.
        count: The least and the most arguments; None for no limit.
        description: More about it, for ``--help``.
    """

    name: str
    summary: str
    run: Callable[[Parsed], int]
    options: tuple[type, ...] = ()
    aliases: Mapping[str, Alias] = field(default_factory=dict)
    flags: Mapping[str, Flag] = field(default_factory=dict)
    arguments: str = ""
    count: tuple[int, int | None] = (0, 0)
    description: str = ""

    @property
    def all_options(self) -> tuple[type, ...]:
        """The options classes with those that every program has."""
        return (*self.options, ProgramOptions)

    @property
    def all_aliases(self) -> dict[str, Alias]:
        """The aliases with those that every program has."""
        return {**_COMMON_ALIASES, **self.aliases}

    @property
    def all_flags(self) -> dict[str, Flag]:
        """The flags with those that every program has."""
        return {**_COMMON_FLAGS, **self.flags}

    def __call__(self, argv: Sequence[str]) -> int:
        """Run with a command line; return the exit code."""
        return guarded(self.name, lambda: self._main(argv))

    def parse(self, argv: Sequence[str], *, configured: bool = True) -> Parsed:
        """Read a command line, and the configuration files that it asks for.

        Args:
            argv: Without the program's own name.
            configured: Read configuration files.

        Raises:
            OptionError: Something is wrong with either; says what and where.
        """
        settings, arguments, extra = self._split(argv)
        own = [setting for setting in settings if setting.owner == "ProgramOptions"]
        common = build([ProgramOptions], own)[ProgramOptions]
        profile = find_profile(common.profile)
        files = [*shared_config_files(), *profile.config_files()] if configured else []
        if common.config_file is not None:
            files.append(common.config_file)
        said = [setting for path in files for setting in read_file(path)]
        values: Mapping[type, Any] = build(self.all_options, [*said, *settings])
        self._check_count(arguments)
        return Parsed(values, arguments, extra, profile, unknown(self.all_options, said))

    def _main(self, argv: Sequence[str]) -> int:
        asked = set(_before_dashes(argv))
        if asked & {"-h", "--help", "--help-all"}:
            from nuncius.protocol.app.help import program_help

            print(program_help(self, everything="--help-all" in asked))  # noqa: T201
            return 0
        parsed = self.parse(argv)
        common = parsed[ProgramOptions]
        from nuncius.protocol.app.logs import setup_logging

        setup_logging(common.log_level, common.log_file)
        return self.run(parsed)

    def _split(
        self, argv: Sequence[str]
    ) -> tuple[list[Setting], tuple[str, ...], tuple[str, ...] | None]:
        """Tell options from arguments."""
        settings: list[Setting] = []
        arguments: list[str] = []
        words = list(argv)
        while words:
            word = words.pop(0)
            if word == "--":
                return settings, tuple(arguments), tuple(words)
            if not word.startswith("-") or word == "-":
                arguments.append(word)
            else:
                settings.append(self._setting(word, words))
        return settings, tuple(arguments), None

    def _setting(self, word: str, rest: list[str]) -> Setting:
        """Read one option; take its value from ``rest`` if it is not joined to it."""
        dashes, (name, equals, value) = _dashes(word), word.lstrip("-").partition("=")
        if flag := self.all_flags.get(name):
            if equals:
                raise OptionError(f"{dashes}{name} takes no value")
            return _typed(flag.target, flag.value, word)
        alias = self.all_aliases.get(name)
        if alias is None and "." not in name:
            raise OptionError(f"there is no option {dashes}{name}{self._nearest(name)}")
        target = alias.target if alias else name
        if not equals:
            value = self._value_of(word, alias, rest)
        return _typed(target, value, f"{dashes}{name}")

    def _value_of(self, word: str, alias: Alias | None, rest: list[str]) -> str:
        optional = alias is not None and alias.bare is not None
        takes_next = bool(rest) and not (optional and (self.arguments or rest[0].startswith("-")))
        # "-1" and "-" may be values; "--x" is the next option.
        if takes_next and not rest[0].startswith("--"):
            return rest.pop(0)
        if alias is not None and alias.bare is not None:
            return alias.bare
        raise OptionError(f"{word} needs a value: {word}=VALUE")

    def _nearest(self, name: str) -> str:
        known = {f"{'-' if len(key) == 1 else '--'}{key}": key for key in self._names()}
        return nearest(f"--{name}", known) or f"; nuncius {self.name} --help lists them"

    def _names(self) -> list[str]:
        keys = [item.key for cls in self.all_options for item in describe(cls)]
        return [*self.all_aliases, *self.all_flags, "help", "help-all", *keys]

    def _check_count(self, arguments: Sequence[str]) -> None:
        least, most = self.count
        if len(arguments) < least:
            raise OptionError(f"expected {self.arguments}: see nuncius {self.name} --help")
        if most is not None and len(arguments) > most:
            raise OptionError(f"did not expect {arguments[most]!r}: see nuncius {self.name} --help")


class Group(Value):
    """A command with sub-commands, such as ``nuncius profile``.

    Attributes:
        name: What is typed after ``nuncius``.
        summary: One sentence.
        programs: The sub-commands; the name of each is the whole of what is typed, ``profile list``.
    """

    name: str
    summary: str
    programs: tuple[Program, ...]

    @property
    def verbs(self) -> dict[str, Program]:
        """The sub-commands by their last word."""
        return {program.name.rpartition(" ")[2]: program for program in self.programs}

    def __call__(self, argv: Sequence[str]) -> int:
        """Run the sub-command that ``argv`` begins with; return the exit code."""
        verbs = self.verbs
        if argv and argv[0] in verbs:
            return verbs[argv[0]](argv[1:])
        if not argv or argv[0] in ("-h", "--help", "--help-all"):
            from nuncius.protocol.app.help import group_help

            print(group_help(self))  # noqa: T201
            return 0
        return guarded(self.name, lambda: self._unknown(argv[0]))

    def _unknown(self, word: str) -> int:
        raise OptionError(
            f"there is no {word!r}{nearest(word, self.verbs)} (there are: {', '.join(self.verbs)})"
        )


def guarded(name: str, main: Callable[[], int]) -> int:
    """Run ``main``; say errors that are ours in one line, and return an exit code for them."""
    from nuncius.protocol.app.output import delivered

    try:
        return delivered(f"nuncius {name}", main)
    except OptionError as error:
        code, message = _USAGE, str(error)
    except NunciusError as error:
        code, message = _FAILED, str(error)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except RuntimeError as error:
        # Python's wrapping of what comes while a class is made: Ctrl-C during an import.
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        return _INTERRUPTED
    print(f"nuncius {name}: {message}", file=sys.stderr)  # noqa: T201
    return code


def _typed(target: str, value: str, origin: str) -> Setting:
    owner, _, name = target.rpartition(".")
    return Setting(owner, name, value, origin, is_text=True)


def _dashes(word: str) -> str:
    return "--" if word.startswith("--") else "-"


def _before_dashes(argv: Sequence[str]) -> Sequence[str]:
    return argv[: argv.index("--")] if "--" in argv else argv
