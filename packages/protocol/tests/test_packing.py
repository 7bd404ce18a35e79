"""Whatever user code puts into a message can be sent, and whatever comes is decoded or refused."""

from __future__ import annotations

import copy
import datetime
import enum
import json
import math
import subprocess
import sys
import textwrap
import time
import uuid
from collections import OrderedDict, UserDict
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nuncius.protocol import packing
from nuncius.protocol.errors import Malformed
from nuncius.protocol.messages import Header
from nuncius.protocol.packing import Packer, clean, json_packer, msgpack_packer, packer_named

PACKERS = {
    "json": json_packer(),
    "json of the standard library": packing._stdlib_packer(),
    "msgpack": msgpack_packer(),
}
every_packer = pytest.mark.parametrize("packer", PACKERS.values(), ids=PACKERS)

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@every_packer
@given(content=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), PLAIN))
def test_plain_content_survives(packer: Packer, content: dict[str, Any]) -> None:
    packed = packer.pack(content)
    assert packer.unpack(packed, "content") == content
    assert packer.wrote(packed)


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class BrokenMapping(Mapping[str, Any]):
    def __getitem__(self, key: str) -> Any:
        raise LookupError(key)

    def __iter__(self) -> Any:
        raise OSError("gone")

    def __len__(self) -> int:
        return 1


class Like(float):
    def __float__(self) -> float:
        raise TypeError


class Index:
    def __index__(self) -> int:
        return 7


class Unindexed:
    def __index__(self) -> int:
        raise ValueError

    def __repr__(self) -> str:
        return "Unindexed()"


class Color(enum.Enum):
    RED = "red"


class BrokenDate:
    def isoformat(self) -> str:
        raise ValueError


STRANGE: list[tuple[Any, Any]] = [
    (math.nan, None),
    (-math.inf, None),
    (b"\x00\xff", "AP8="),
    (memoryview(b"abcd")[::2], "YWM="),
    (datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), "2026-01-02T00:00:00+00:00"),
    ({1}, [1]),
    ((1, (2,)), [1, [2]]),
    (OrderedDict(a=1), {"a": 1}),
    (UserDict({1: {2: None}}), {"1": {"2": None}}),
    (Index(), 7),
    (Color.RED, "red"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (Fraction(1, 2), 0.5),
    (Like(0.5), 0.5),
    (Unindexed(), "Unindexed()"),
    (Unprintable(), "<unprintable Unprintable object>"),
    (BrokenMapping(), "<unprintable BrokenMapping object>"),
    (BrokenDate(), "<unprintable BrokenDate object>"),
    (10**5000, hex(10**5000)),
    ({Unprintable(): 1}, "<unprintable dict object>"),
]


_texts = st.text(st.characters(codec=None), max_size=20)


@given(
    fields=st.fixed_dictionaries(
        dict.fromkeys(("msg_id", "msg_type", "session", "username", "date", "version"), _texts)
    ),
    subshell_id=st.none() | _texts,
    extra=st.dictionaries(_texts.map(lambda name: f"x-{name}"), st.integers(-5, 5), max_size=2),
)
def test_a_header_is_encoded_as_its_mapping_is(
    fields: dict[str, Any], subshell_id: str | None, extra: dict[str, int]
) -> None:
    header = Header(**fields, subshell_id=subshell_id, extra=extra)

    for packer in (packing._stdlib_packer(), json_packer(), msgpack_packer()):
        encoded = packer.pack_header(header)
        assert encoded == packer.pack(header.to_dict())
        assert packer.wrote(encoded)


@pytest.mark.parametrize("text", ["{}", " { } ", '{"a": 1} ', "\n[1]\n", "null"])
def test_white_space_around_json_is_no_error(text: str) -> None:
    assert packing._stdlib_packer().unpack(text.encode(), "content") == json.loads(text)


@pytest.mark.parametrize("text", ["", " ", "{", "{} {}", '{"a":1}x', "\ufeff{}"])
def test_what_is_more_or_less_than_json_is_refused(text: str) -> None:
    with pytest.raises(Malformed, match="the content is not JSON"):
        packing._stdlib_packer().unpack(text.encode(), "content")


@pytest.mark.parametrize(("value", "cleaned"), STRANGE, ids=[type(v).__name__ for v, _ in STRANGE])
def test_what_json_does_not_know_gets_a_form(value: Any, cleaned: Any) -> None:
    assert clean(value) == cleaned
    packer = PACKERS["json of the standard library"]
    assert packer.unpack(packer.pack({"x": [value, Unprintable()]}), "content")["x"][0] == cleaned


JSON_PACKERS = [packer for name, packer in PACKERS.items() if name != "msgpack"]


@pytest.mark.parametrize(
    "value", [value for value, _ in STRANGE], ids=[type(v).__name__ for v, _ in STRANGE]
)
def test_both_libraries_send_the_same(value: Any) -> None:
    first, second = (packer.pack({"x": value}) for packer in JSON_PACKERS)
    assert first == second


LARGE = packing._LARGE
BASE64 = "QUJD" * (LARGE // 4)
LARGE_CONTENTS: list[dict[str, Any]] = [
    {"name": "stdout", "text": "x" * LARGE},
    {"data": {"image/png": BASE64, "text/plain": "<Figure>", "z": BASE64[4:] + "YQ=="}, "m": 1},
    {"text": "line\n" * LARGE},
    {"text": 'é"1' * LARGE, "data": {"a": "\x00" + "b" * LARGE, "c": "d" * LARGE}},
    {"text": "a" * LARGE, "nan": math.nan},
    {"data": {"image/png": b"\x89PNG" * LARGE, "text/plain": "b" * LARGE}},
    {"text": "a" * LARGE + "\udcff"},
    {"data": {"": "€" * LARGE, "list": ["e" * LARGE]}, "text": "f" * LARGE},
]


@pytest.mark.parametrize("content", LARGE_CONTENTS, ids=range(len(LARGE_CONTENTS)))
def test_large_texts_are_encoded_as_small_ones_are(content: dict[str, Any]) -> None:
    before = copy.deepcopy(content)
    encoded = [packer.pack(content) for packer in JSON_PACKERS]
    assert encoded[0] == encoded[1]
    plain = json.dumps(clean(content), ensure_ascii=False, separators=(",", ":"))
    assert encoded[0] == plain.encode("utf-8", "surrogateescape")
    assert repr(content) == repr(before)


@settings(max_examples=30)
@given(
    piece=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
    tail=st.text(st.characters(exclude_categories=["Cs"])),
    data=st.binary(min_size=1, max_size=8),
)
def test_any_large_value_is_encoded_as_a_small_one_is(piece: str, tail: str, data: bytes) -> None:
    content = {"a": piece * (LARGE // len(piece) + 1) + tail, "data": {"b": data * LARGE}}
    encoded = PACKERS["json of the standard library"].pack(content)
    plain = json.dumps(clean(content), ensure_ascii=False, separators=(",", ":"))
    assert encoded == plain.encode()


def test_an_image_is_encoded_faster_than_json_would() -> None:
    """Base64 needs no escapes; the encoder looks at each character all the same."""
    content = {"data": {"image/png": "QUJD" * (1 << 20)}}

    def seconds(encode: Callable[[dict[str, Any]], bytes]) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()
            encode(content)
            times.append(time.process_time() - start)
        return min(times)

    ours = seconds(PACKERS["json of the standard library"].pack)
    assert ours < 0.7 * seconds(lambda content: json.dumps(content, ensure_ascii=False).encode())


@every_packer
@pytest.mark.parametrize(
    "value", [value for value, _ in STRANGE], ids=[type(v).__name__ for v, _ in STRANGE]
)
def test_nothing_that_user_code_makes_stops_a_message(packer: Packer, value: Any) -> None:
    assert "x" in packer.unpack(packer.pack({"x": value}), "content")


def test_msgpack_knows_bytes_but_only_64_bits() -> None:
    packer = msgpack_packer()
    content = {
        "b": b"\0",
        "big": 2**70,
        "bigger": 10**5000,
        "edge": [2**63, -(2**63)],
        "s": "\ud800",
    }
    assert packer.unpack(packer.pack(content), "content") == {
        "b": b"\0",
        "big": str(2**70),
        "bigger": hex(10**5000),
        "edge": [str(2**63), str(-(2**63))],
        "s": "?",
    }


@every_packer
def test_lone_surrogates_are_sent_as_the_bytes_they_stand_for(packer: Packer) -> None:
    """A file name that is not UTF-8, as os.listdir returns it, and half a pair of UTF-16."""
    unpacked = packer.unpack(packer.pack({"name": "a\udcffb", "half": "\ud83d"}), "content")
    in_text = f"a{chr(0xFFFD)}b" if packer.name == "msgpack" else "a\udcffb"
    assert unpacked == {"name": in_text, "half": "?"}


@every_packer
def test_content_that_contains_itself_is_refused(packer: Packer) -> None:
    content: dict[str, Any] = {}
    content["self"] = [content]
    with pytest.raises(Malformed, match="200 deep, or contains itself"):
        packer.pack(content)


def refusal(packer: Packer, data: bytes) -> str:
    """Return why ``data`` is refused, nothing if it is not."""
    try:
        packer.unpack(data, "content")
    except Malformed as error:
        return str(error)
    return ""


@every_packer
@given(data=st.binary())
def test_any_bytes_are_decoded_or_refused(packer: Packer, data: bytes) -> None:
    assert refusal(packer, data)[:19] in {"", "the content is not "}


@every_packer
@pytest.mark.parametrize(
    "data",
    [b"", b"[" * 100_000, b'{"a":' * 50_000, b"\x91" * 100_000, b"9" * 5000, b"\xc1", b"nul"],
    ids=lambda data: f"{data[:5]!r} x {len(data)}",
)
def test_hostile_bytes_are_refused(packer: Packer, data: bytes) -> None:
    assert refusal(packer, data).startswith("the content is not ")


def test_packers_have_names() -> None:
    assert packer_named("json") is json_packer()
    assert packer_named("msgpack").name == "msgpack"
    with pytest.raises(
        ValueError, match="packer is 'pickle'; expected one of: json, orjson, msgpack"
    ):
        packer_named("pickle")


def test_the_quick_packer_loads_nothing_and_is_the_fast_one_where_that_is_loaded():
    code = """
        import sys
        from nuncius.protocol.packing import json_packer, quick_packer

        quick = quick_packer()
        assert "orjson" not in sys.modules
        fast = json_packer()
        assert quick_packer() is fast
        data = {"text": "ü", "numbers": [1, 2.5, None, True]}
        assert quick.pack(data) == fast.pack(data)
        assert quick.name == fast.name
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], timeout=30, check=True)
