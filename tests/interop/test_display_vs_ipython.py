"""What values show beside IPython: the same formats, the same data, the same metadata.

Where ours differs on purpose, the value is not here: names of files are quoted in links, the text of an SVG is kept as it was written,
and what a value is made of wrongly is an error at once, where IPython's comes when the value is shown.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

#: Both run this: values as expressions from stdin, and for each its mime bundle on stdout, or the error that it gave.
RUN = r"""
import base64, io, json, os, re, sys, warnings
os.chdir(sys.argv[1])
asked, answer = json.load(sys.stdin), sys.stdout
sys.stdout = sys.stderr = io.StringIO()
warnings.simplefilter("ignore")
if sys.argv[2] == "theirs":
    from IPython.core.interactiveshell import InteractiveShell
    shell = InteractiveShell.instance()
else:
    from nuncius.kernel.app import build
    shell = build(startup=False).shell

def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: plain(each) for name, each in sorted(value.items())}
    text = value if isinstance(value, str) else repr(value)
    return re.sub("0x[0-9a-f]{6,}", "0x", text).rstrip()

exec(asked["setup"], shell.user_ns)
shown = []
for expression in asked["values"]:
    try:
        value = eval(expression, shell.user_ns)
        data, metadata = shell.display_formatter.format(value)
        shown.append([plain(data), plain(metadata)])
    except Exception as error:
        shown.append(type(error).__name__)
json.dump(shown, answer)
"""

SETUP = r"""
import array, ast, asyncio, collections, ctypes, dataclasses, datetime, decimal, enum, fractions
import functools, inspect, io, itertools, os, pathlib, re, sys, types, typing, zlib
from IPython.display import *
from types import MappingProxyType, SimpleNamespace

def png(width, height):
    def chunk(kind, data):
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([8, 2, 0, 0, 0])
    rows = b"".join(b"\0" + b"\xff\0\0" * width for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")

picture = png(4, 2)
for name, data in {"p.png": picture, "g.gif": b"GIF89a...", "w.webp": b"RIFF....WEBP", "v.mp4": b"film", "a.mp3": b"mp3", "x.html": b"<b>", "m.md": b"# m", "d.json": b'{"a": [1]}', "c.py": b"x = 1\n", "j.js": b"go()"}.items():
    pathlib.Path(name).write_bytes(data)
os.makedirs("dir/sub", exist_ok=True)
for name in ("dir/a.py", "dir/sub/c.txt"):
    open(name, "w").close()

Point = collections.namedtuple("Point", "x y")
@dataclasses.dataclass
class Data:
    x: int = 1
    y: list = dataclasses.field(default_factory=list)
class Color(enum.Enum):
    RED = 1
class Flags(enum.Flag):
    A = 1
    B = 2
class Plain: pass
class Lists(list): pass
class Sets(set): pass
class Dicts(dict): pass
class Told:
    def __repr__(self): return "line1\nline2"
class Own:
    def __init__(self, *parts): self.parts = parts
    def _repr_pretty_(self, p, cycle):
        if cycle:
            p.text("Own(...)")
            return
        with p.group(2, "Own(", ")"):
            for number, part in enumerate(self.parts):
                if number:
                    p.text(",")
                    p.breakable()
                p.pretty(part)
class Meta(type):
    def _repr_html_(cls): return "a class"
class WithMeta(metaclass=Meta): pass
def function(a, b=2, *c, d, **e): "doc"
async def coroutine(): pass
def rich(**methods):
    names = {f"_repr_{name}_": method for name, method in methods.items()}
    return type("Rich", (), names | {"__repr__": lambda self: "R"})()
loop = [1]; loop.append(loop)
table = {}; table["me"] = table
queue = collections.deque(); queue.append(queue)
space = SimpleNamespace(); space.me = space
own = Own(); own.parts = (own, 1)
"""

VALUES = [
    *("1", "1e100", "1+2j", "True", "None", "...", "'a\\nb'", "'a'*200", "b'abc'", "bytearray(b'a')"),
    *("()", "(1,)", "[]", "{}", "set()", "frozenset()", "{3,1,2}", "{1,'a'}", "frozenset({2,1})"),
    *("list(range(100))", "list(range(1500))", "set(range(1500))", "{i:i for i in range(1200)}"),
    *("[[1]*30]*3", "{'a':{'b':{'c':list(range(30))}}}", "('a'*50,'b'*50)", "{'k'*40:'v'*80}"),
    *("range(5)", "slice(1,2)", "{'a':1}.keys()", "{'a':1}.items()", "memoryview(b'a')[0]"),
    *("collections.OrderedDict(a=1)", "collections.OrderedDict((str(i),i) for i in range(40))"),
    *("collections.defaultdict(list,a=[1])", "collections.deque([1],3)", "collections.deque(range(60))"),
    *("collections.Counter('abracadabra')", "collections.Counter()", "collections.ChainMap({'a':1})"),
    *("collections.UserList([1])", "collections.UserDict(a=1)", "MappingProxyType({'a':1})"),
    *("SimpleNamespace()", "SimpleNamespace(a=list(range(30)),b={'x':list(range(20))})"),
    *("Point(1,2)", "[Point(1,2)]*8", "Data()", "[Data()]*10", "Color.RED", "Color", "Flags.A|Flags.B"),
    *("Plain", "Plain()", "[Plain()]", "Lists([1])", "Sets()", "Sets({2,1})", "Dicts(a=1)", "[Told()]"),
    *("{'a':Told()}", "Own(1,Own(3))", "Own(*[Own('x'*20)]*6)", "loop", "table", "queue", "space", "own"),
    *("function", "coroutine", "lambda x: x", "print", "[].append", "str.join", "int.__add__"),
    *("functools.partial(function,1,b=2)", "property(function)", "super", "int", "type(None)"),
    *("list[int]", "int|None", "typing.List[int]", "typing.Any", "os.path.sep", "io.BytesIO"),
    *("datetime.datetime(2020,1,2)", "datetime.timedelta(1)", "decimal.Decimal('1.1')"),
    *("fractions.Fraction(1,3)", "pathlib.PurePosixPath('a')", "array.array('i',[1])"),
    *("re.compile('a+b')", "re.compile('a',re.I|re.M)", "re.compile('a'*300)", "re.match('a','ab')"),
    *("Exception()", "ValueError('x'*100)", "KeyError('k')", "OSError(2,'m','f')", "[ValueError('a')]*3"),
    *("ExceptionGroup('g',[ValueError(1)])", "inspect.signature(function)", "ast.parse('1')", "sys.flags"),
    *("type('Q',(),{'__qualname__':'A.Q'})", "type('M',(),{'__module__':None})", "'\\ud800'", "'😀'*50"),
    *("type('L',(list,),{'__repr__':lambda s:'own'})([1])", "type('T',(tuple,),{})((1,))"),
    # -- objects that show themselves
    *("HTML('<b>')", "HTML('<b>',metadata={'isolated':True})", "HTML('x.html')", "HTML(filename='x.html')"),
    *("HTML(5)", "Markdown('m.md')", "Markdown('*x*',metadata={'a':1})", "Math('$$x^2$$')", "Latex('$x$')"),
    *("Pretty('a\\nb')", "SVG('<svg/>')", "Javascript('go()')", "Javascript(filename='j.js')"),
    *("Javascript('x',lib=3)", "JSON({'a':[1]})", "JSON([1],expanded=True,root='r',more=5)", "JSON('d.json')"),
    *("JSON('{\"a\":1}')", "JSON(3)", "JSON(filename='d.json')", ),
    *("Image('p.png')", "Image(filename='p.png')", "Image(picture,width=10,alt='<a>',unconfined=True)"),
    *("Image(picture,retina=True)", "Image('g.gif')", "Image('w.webp')", "Image(pathlib.Path('p.png'))"),
    *("Image(url='http://x.invalid/a.png',width=3,alt='x')", "Image(url='http://x.invalid/a',format='jpeg')"),
    *("Image(url='p.png')", "Image('p.png',embed=False)", "Image(picture,embed=False)", "Image()"),
    *("Image(picture,metadata={'a':1,'width':5})", "Image(picture,format='foo')", "Image(bytearray(picture))"),
    *("Audio([0,0.5,1,-1],rate=10)", "Audio([0,0.25],rate=9,normalize=False)"),
    *("Audio([0,2.5],rate=10,normalize=False)", "Audio([0,1])", "Audio('a.mp3')", "Audio(filename='a.mp3')"),
    *("Audio(url='http://x.invalid/a.mp3')", "Audio(b'RIFFabc',autoplay=True,element_id='e')", "Audio()"),
    *("Video('v.mp4')", "Video('v.mp4',embed=True,width=3,html_attributes='loop')", "Video(data=b'v')"),
    *("Video(url='http://x.invalid/v.mp4',height=3)", "Video(data=b'v',embed=True,mimetype='video/webm')"),
    *("IFrame('http://x',10,20)", "IFrame('http://x','100%','2px',extras=['sandbox'],a=1,b='x y')"),
    *("YouTubeVideo('abc',start=1)", "YouTubeVideo('abc',allow_autoplay=True)", "VimeoVideo('1')"),
    *("ScribdDocument('1',page=3)", "FileLink('p.png',url_prefix='/f/')", "FileLink('gone')", "FileLink('dir')"),
    *("FileLinks('dir')", "FileLinks('dir/',recursive=False)", "FileLinks('dir',included_suffixes=['.txt'])"),
    *("FileLinks('p.png')", "ProgressBar(3)"),
    # -- methods of people
    *("rich(html=lambda s:'<b>')", "rich(html=lambda s:('<b>',{'m':1}))", "rich(html=lambda s:None)"),
    *("rich(html=lambda s:5)", "rich(html=lambda s:1/0, latex=lambda s:'$l$')", "rich(html='not called')"),
    *("rich(png=lambda s:'text')", "rich(png=lambda s:(b'x',{'width':1}))", "rich(json=lambda s:[1])"),
    *("rich(json=lambda s:({'a':1},{'expanded':True}))", "rich(json=lambda s:5)", "rich(pdf=lambda s:b'x')"),
    *("rich(mimebundle=lambda s,include=None,exclude=None:{'text/plain':'m','x/y':'h'})",),
    *("rich(mimebundle=lambda s,include=None,exclude=None:({'x/y':'h'},{'x/y':{'a':1}}))",),
    *("rich(mimebundle=lambda s,**k:{'text/html':repr(sorted(k))})", "rich(mimebundle=lambda s:{'x/y':'z'})"),
    *("rich(mimebundle=lambda s,**k:{'text/html':'m'},html=lambda s:'h')", "rich(mimebundle=lambda s,**k:5)"),
    *("rich(pretty=lambda s,p,c:p.text('PRETTY'))", "WithMeta", "type('C',(),{'_repr_html_':lambda s:'x'})"),
    *("type('G',(),{'__getattr__':lambda s,n:lambda *a,**k:'any','__repr__':lambda s:'G'})()",),
]  # fmt: skip


def shown(python: Path, side: str, folder: Path) -> list[Any]:
    folder.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(python), "-c", RUN, str(folder), side],
        input=json.dumps({"setup": SETUP, "values": VALUES}),
        env={**os.environ, "PYTHONHASHSEED": "0"},  # sets of texts have an order
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def test_values_show_what_they_show_in_ipython(peers: Path, tmp_path: Path) -> None:
    theirs = shown(peers, "theirs", tmp_path / "work")
    ours = shown(Path(sys.executable), "ours", tmp_path / "work")
    differing = {
        value: (their, our)
        for value, their, our in zip(VALUES, theirs, ours, strict=True)
        if their != our
    }
    assert differing == {}
