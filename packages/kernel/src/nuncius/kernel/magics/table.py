"""Say which module brings which magic, so that a magic costs nothing until it is used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["MAGICS"]

_UNIX_ALIASES = "mkdir rmdir mv rm cp cat ls ll lf lk ldir lx"
_WINDOWS_ALIASES = "ls ddir ldir mkdir rmdir echo ren copy"

#: ``module:Class`` -> names; a lower-case name is a function that is called with the shell.
_LINE = {
    "basic:BasicMagics": "alias_magic autoawait autocall autoindent automagic colors doctest_mode lsmagic magic notebook pprint precision quickref",
    "code:CodeMagics": "load loadpy macro save",
    "configuring:ConfigMagics": "config",
    "configuring:ExtensionMagics": "load_ext reload_ext unload_ext",
    "debugging:DebugMagics": "debug pdb tb xmode",
    "editing:EditMagics": "ed edit",
    "ext.storemagic:StoreMagics": "store",
    "figures:PylabMagics": "gui matplotlib pylab",
    "folders:FolderMagics": "bookmark cd dhist dirs popd pushd pwd",
    "inspecting:InspectMagics": "clear less man more page pdef pdoc pfile pinfo pinfo2 psearch psource pycat",
    "kernels:KernelMagics": "autosave connect_info qtconsole subshell",
    "logs:LoggingMagics": "logoff logon logstart logstate logstop",
    "namespaces:NamespaceMagics": "reset reset_selective who who_ls whos xdel",
    "packages:PackagingMagics": "conda mamba micromamba pip uv",
    "pasting:TerminalMagics": "cpaste paste",
    "profiling:ProfilingMagics": "prun",
    "recalling:HistoryMagics": "hist history recall rep rerun",
    "rewriting:CodeWrapMagics": "code_wrap",
    "running:RunMagics": "run",
    "scripts:ScriptMagics": "killbgscripts",
    "system:OSMagics": "! alias env rehashx sc set_env sx system unalias",
    "system:define_aliases": _WINDOWS_ALIASES if sys.platform == "win32" else _UNIX_ALIASES,
    "tasks:TaskMagics": "cancel tasks",
    "timing:TimingMagics": "time timeit",
}
_CELL = {
    "code:CodeMagics": "file writefile",
    "debugging:DebugMagics": "debug",
    "profiling:ProfilingMagics": "prun",
    "rewriting:CodeWrapMagics": "code_wrap",
    "scripts:ScriptMagics": "bash cmd perl pypy python python2 python3 ruby script sh",
    "showing:DisplayMagics": "HTML SVG capture html javascript js latex markdown svg",
    "system:OSMagics": "! sx system",
    "tasks:TaskMagics": "bg",
    "timing:TimingMagics": "time timeit",
}


def _names(places: Mapping[str, str]) -> dict[str, str]:
    return {
        name: f"nuncius.kernel.{place}"
        if place.startswith("ext.")
        else f"nuncius.kernel.magics.{place}"
        for place, names in places.items()
        for name in names.split()
    }


#: Kind -> name -> ``module:Class``.
MAGICS: Mapping[str, Mapping[str, str]] = {"line": _names(_LINE), "cell": _names(_CELL)}
