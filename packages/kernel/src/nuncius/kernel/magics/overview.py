"""Keep the texts that tell a person what the shell can do: ``?``, ``%quickref``, ``%magic``."""

from __future__ import annotations

__all__ = ["MAGIC", "OVERVIEW", "QUICKREF"]

#: What ``?`` shows.
OVERVIEW = """\
Interactive Python
==================

Cells are Python, and a little more:

object?                 Help on an object; object?? shows its source as well.
%magic arguments        Commands of this shell: %lsmagic lists them, %timeit? tells about one.
%%magic arguments       The same for a whole cell.
!command                A command of the operating system; files = !ls keeps its output.
await coroutine         Works outside of functions, too.

What was typed, and what came of it, is kept:

_, __, _5, Out[5]       The last value, the one before it, the value of cell 5.
_i, _i5, In[5]          The same for what was typed.
%history                What was typed; %history -g text looks through all sessions.
%rerun, %recall, %save  Run earlier cells again, change them, write them to a file.

Errors can be looked into:

%debug                  The debugger, where the last error was raised.
%tb, %xmode             The last traceback again; how long tracebacks are.

Tab completes names, keys, files and options. %quickref is a longer list; help() is Python's own help.
"""

QUICKREF = """\
A quick reference
=================

obj?, obj??         Help on an object; with two marks, its source as well.
*pattern*?          Names that match.
?                   What this shell is.
%magic              About magics; %lsmagic lists them, %name? tells about one.
%quickref           This page.

Magics
------
%name arguments     A line magic; the percent sign can be left out (see %automagic).
%%name arguments    A cell magic: it takes the rest of the cell.
x = %name           Its value can be kept.

The operating system
--------------------
!command            Run a command.  $name and {expression} stand for Python's values.
!!command           Run a command, and return its output as a list of lines.
files = !ls         The same, kept in a variable: it has .grep(), .fields(), .s, .n, .p.
%cd, %pwd, %ls      The working folder, and what is in it.
%alias name command Define a command of your own.

What was typed, and what came of it
-----------------------------------
_, __, ___          The last three values.
_N, Out[N]          The value of cell N.
_i, _ii, _iii       The last three inputs.
_iN, In[N]          The input of cell N.
%history            What was typed; -g TEXT looks through all sessions.
%rerun, %recall     Run earlier input again, or put it into the next cell.
exit, quit          End the session.

Autocall
--------
,f a b c            f("a", "b", "c")
;f a b c            f("a b c")
/f a, b             f(a, b)

Line magics, and after them cell magics
---------------------------------------
"""

MAGIC = """\
Magics
======

Magics are commands of this shell, and no part of Python. A line magic begins with one percent sign, and takes the rest of its line:

    %timeit sum(range(100))

A cell magic begins with two, on the first line of a cell, and takes the whole cell:

    %%timeit data = list(range(100))
    sum(data)

While %automagic is on, a line magic needs no percent sign, unless a variable has its name. Line magics return values: files = %sx ls.
$name and {expression} in the line are replaced by Python's values.

%lsmagic lists all magics, %name? tells what one does. Functions become magics by decorators:

    from nuncius.kernel.magics import register_line_magic

    @register_line_magic
    def hello(line):
        print("hello", line)

These magics are known now:

"""
