"""Encode the dictionaries of a message: as JSON, the format of the specification, or as msgpack.

Rule 1: anything that user code puts into a message can be sent. What JSON does not know (NaN, bytes, dates, sets, objects) is cleaned in a second attempt, which the usual message never needs. It is sent in the same form whether or not orjson is installed.
Rule 2: anything that is not the format is `Malformed`, however deep or large.
"""

from __future__ import annotations

import json
import os
import sys
from binascii import b2a_base64
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from nuncius.protocol.errors import Malformed
from nuncius.protocol.values import Value

if TYPE_CHECKING:
    from nuncius.protocol.messages import Header

__all__ = ["Packer", "clean", "json_packer", "msgpack_packer", "packer_named", "quick_packer"]

#: Deeper than any real content, and well below the interpreter's recursion limit.
_DEEPEST = 200

#: Characters of a text from which on it is encoded on its own: images, whole files.
_LARGE = 1 << 18

#: Bytes that are looked at together: they stay in the processor's cache. Base64 of a multiple of three has no padding.
_CHUNK = 3 << 14

#: What JSON escapes in a string.
_ESCAPED = bytes(range(32)) + b'"\\'

#: In bits: less than the 4300 decimal digits that Python reads.
_LONGEST_INTEGER = 14_000


class Packer(Value):
    """A format for the dictionaries of a message.

    Attributes:
        name: Such as ``json``.
        pack: Encode a mapping.
        pack_header: Encode a header.
        unpack: Decode bytes; the second argument names the part in errors.
        empty: An encoded empty mapping.
        wrote: Tell whether bytes look like this format: a parent header that came in another format must be encoded anew.
    """

    name: str
    pack: Callable[[Mapping[str, Any]], bytes]
    pack_header: Callable[[Header], bytes]
    unpack: Callable[[bytes, str], Any]
    empty: bytes
    wrote: Callable[[bytes], bool]


def json_packer() -> Packer:
    """Return the JSON packer, built on orjson where that is installed."""
    global _json
    if _json is None:
        try:
            import orjson
        except ImportError:
            _json = _stdlib_packer()
        else:
            _json = _orjson_packer(orjson)
    return _json


_json: Packer | None = None


def quick_packer() -> Packer:
    """Return the JSON packer that is there at once: that of `json_packer` if orjson is loaded already, which takes 12 ms, else one built on ``json``. They write the same."""
    return json_packer() if _json is not None or "orjson" in sys.modules else _stdlib_packer()


def _looks_like_json(data: bytes) -> bool:
    return data[:1] in {b"{", b"n"}


def _stdlib_packer() -> Packer:
    encode = _encoder()
    quote = json.encoder.encode_basestring

    def pack(data: Mapping[str, Any]) -> bytes:
        try:
            if large := _large_values(data):
                return _splice(data, large, encode)
            return encode(data).encode()
        except UnicodeEncodeError:
            return encode(data).encode("utf-8", "surrogateescape_or_replace")
        except (TypeError, ValueError, RecursionError):
            return encode(clean(data)).encode("utf-8", "surrogateescape_or_replace")

    def pack_header(header: Header) -> bytes:
        if header.subshell_id is not None or header.extra:
            return pack(header.to_dict())
        try:
            # Five times as fast as to walk a dictionary, and there is one for each message.
            return (
                f'{{"msg_id":{quote(header.msg_id)},"msg_type":{quote(header.msg_type)}'
                f',"session":{quote(header.session)},"username":{quote(header.username)}'
                f',"date":{quote(header.date)},"version":{quote(header.version)}}}'
            ).encode()
        except (TypeError, UnicodeEncodeError):
            return pack(header.to_dict())

    return Packer("json", pack, pack_header, _unpack_json, b"{}", _looks_like_json)


def _encoder() -> Callable[[Any], str]:
    """Return what encodes as JSON: the encoder of json, which json itself makes anew for each call."""
    plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return plain.encode
    # What contains itself ends as a RecursionError.
    walk = make(
        None, plain.default, json.encoder.encode_basestring, None, ":", ",", False, False, False
    )
    join = "".join

    def encode(data: Any) -> str:
        return join(walk(data, 0))

    return encode


def _large_values(data: Mapping[str, Any]) -> dict[tuple[str, ...], str | bytes]:
    """Return the large texts and bytes of a content by their place: its own, and those of its dictionaries, as MIME bundles are."""
    found: dict[tuple[str, ...], str | bytes] = {}
    for key, value in data.items():
        if value.__class__ is str or value.__class__ is bytes:
            if len(value) >= _LARGE:
                found[key,] = value
        elif value.__class__ is dict:
            for inner, text in value.items():
                if (text.__class__ is str or text.__class__ is bytes) and len(text) >= _LARGE:
                    found[key, inner] = text
    return found


def _splice(
    data: Mapping[str, Any],
    large: dict[tuple[str, ...], str | bytes],
    encode: Callable[[Any], str],
) -> bytes:
    """Encode a content without its large values, and put them in: the encoder of json would copy each of them three times."""
    from io import BytesIO

    # Nobody can guess it, so it stands nowhere else.
    mark = os.urandom(16).hex()
    small = dict(data)
    for path in large:
        if len(path) == 1:
            small[path[0]] = mark
        else:
            if small[path[0]] is data[path[0]]:
                small[path[0]] = dict(data[path[0]])
            small[path[0]][path[1]] = mark
    pieces = encode(small).encode().split(mark.encode())
    out = BytesIO()
    out.write(pieces[0])
    # `_large_values` walks in the order of the encoder.
    for value, piece in zip(large.values(), pieces[1:], strict=True):
        for chunk in _encoded_chunks(value, encode):
            out.write(chunk)
        out.write(piece)
    # No copy is made: the buffer becomes the bytes.
    return out.getvalue()


def _encoded_chunks(value: str | bytes, encode: Callable[[Any], str]) -> Iterator[bytes]:
    """Yield what stands between the quotes of a JSON string."""
    for start in range(0, len(value), _CHUNK):
        chunk = value[start : start + _CHUNK]
        if isinstance(chunk, bytes):
            yield b2a_base64(chunk, newline=False)
            continue
        encoded = chunk.encode()
        if len(encoded.translate(None, _ESCAPED)) != len(encoded):
            encoded = encode(chunk)[1:-1].encode()
        yield encoded


def _orjson_packer(orjson: Any) -> Packer:
    fallback = _stdlib_packer()
    options = (
        orjson.OPT_NON_STR_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS
    )

    def pack(data: Mapping[str, Any]) -> bytes:
        try:
            encoded: bytes = orjson.dumps(data, option=options)
        except (TypeError, RecursionError):
            return fallback.pack(data)
        return encoded

    def unpack(data: bytes, part: str) -> Any:
        try:
            return orjson.loads(data)
        except ValueError:
            # orjson refuses NaN and lone surrogates, which other kernels do send.
            return _unpack_json(data, part)

    return Packer(
        "json", pack, lambda header: pack(header.to_dict()), unpack, b"{}", _looks_like_json
    )


#: What json.loads() calls in the end.
_scan: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]


def _unpack_json(data: bytes, part: str) -> Any:
    if data == b"{}":
        return {}
    try:
        text = data.decode("utf-8", "surrogateescape")
        try:
            value, end = _scan(text, 0)
        except StopIteration:
            return json.loads(text)
        # White space, or what is no JSON.
        return value if end == len(text) else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the {part} is not JSON: {error}") from None


def msgpack_packer() -> Packer:
    """Return the msgpack packer; both ends must have agreed on it beforehand.

    Raises:
        MissingPackage: msgpack is not installed.
    """
    try:
        import msgpack
    except ImportError:
        from nuncius.protocol.errors import MissingPackage

        raise MissingPackage("the msgpack format", "msgpack") from None

    def pack(data: Mapping[str, Any]) -> bytes:
        try:
            encoded: bytes = msgpack.packb(data)
        except Exception:  # noqa: BLE001 - an object of the user's may fail while msgpack looks at it
            encoded = msgpack.packb(clean(data, keep_bytes=True))
        return encoded

    def unpack(data: bytes, part: str) -> Any:
        try:
            return msgpack.unpackb(data, strict_map_key=True)
        except (ValueError, RecursionError, msgpack.UnpackException) as error:
            raise Malformed(f"the {part} is not msgpack: {error}") from None

    return Packer(
        "msgpack",
        pack,
        lambda header: pack(header.to_dict()),
        unpack,
        b"\x80",
        lambda data: data[:1] > b"\x7f",
    )


def packer_named(name: str) -> Packer:
    """Return the packer of that name.

    Raises:
        ValueError: There is none.
    """
    packers = {"json": json_packer, "orjson": json_packer, "msgpack": msgpack_packer}
    if name not in packers:
        raise ValueError(f"packer is {name!r}; expected one of: {', '.join(packers)}")
    return packers[name]()


def clean(value: Any, *, keep_bytes: bool = False) -> Any:
    """Return a copy of ``value`` in which everything has a JSON form.

    NaN and infinities become None, as JavaScript and orjson have it; bytes base64 text, dates ISO 8601, sets and tuples lists, keys strings, anything else its repr.
    Integers that readers could not take become text.

    Args:
        value: Anything.
        keep_bytes: Leave bytes, NaN and infinities alone, as msgpack does; integers then have 64 bits.

    Raises:
        Malformed: It is nested more than 200 deep, or contains itself.
    """
    try:
        return _clean(value, keep_bytes, 0)
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> Malformed:
    return Malformed(f"content is nested more than {_DEEPEST} deep, or contains itself")


def _clean(value: Any, keep_bytes: bool, depth: int) -> Any:
    if depth > _DEEPEST:
        raise _too_deep()
    if value is None or isinstance(value, bool):
        return value
    try:
        if isinstance(value, (str, int, float)):
            return _clean_scalar(value, keep_bytes)
        if isinstance(value, Mapping):
            items = [(str(key), item) for key, item in value.items()]
            return {
                _clean_scalar(key, keep_bytes): _clean(item, keep_bytes, depth + 1)
                for key, item in items
            }
        if isinstance(value, (list, tuple, set, frozenset)):
            return [_clean(item, keep_bytes, depth + 1) for item in value]
        return _clean_object(value, keep_bytes)
    except (Malformed, RecursionError):
        raise
    except Exception:  # noqa: BLE001 - a broken object of the user's must not lose the message
        return f"<unprintable {type(value).__name__} object>"


def _clean_scalar(value: str | float, keep_bytes: bool) -> str | int | float | None:
    if isinstance(value, str):
        text = str.__str__(value)
        if keep_bytes and not text.isascii():
            return text.encode("utf-8", "surrogateescape_or_replace").decode("utf-8", "replace")
        return text
    if isinstance(value, int):
        number = int.__index__(value)
        size = number.bit_length()
        if keep_bytes and size > 63:
            return str(number) if size < _LONGEST_INTEGER else hex(number)
        # Python itself refuses to read or write longer ones as decimal digits.
        return number if size < _LONGEST_INTEGER else hex(number)
    real = float.__float__(value)
    return real if keep_bytes or isfinite(real) else None


def _clean_object(value: Any, keep_bytes: bool) -> Any:
    if isinstance(value, (bytes, bytearray, memoryview)):
        data = bytes(value)
        return data if keep_bytes else b2a_base64(data, newline=False).decode("ascii")
    kind = type(value)
    # As orjson does, without importing the two modules.
    if hasattr(kind, "__members__") and hasattr(value, "_value_"):
        return _clean(value._value_, keep_bytes, _DEEPEST - 1)
    if kind.__module__ == "uuid":
        return str(value)
    if callable(isoformat := getattr(kind, "isoformat", None)):
        return str(isoformat(value))
    for name, convert in (("__index__", int), ("__float__", float)):
        if callable(getattr(kind, name, None)):
            try:
                return _clean_scalar(convert(value), keep_bytes)
            except (TypeError, ValueError, OverflowError):
                break
    return _clean_scalar(repr(value), keep_bytes)


def _register_error_handler() -> None:
    """Let lone surrogates through as the bytes they stand for, and others as '?'."""
    import codecs

    def handler(error: UnicodeError) -> tuple[bytes | str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        text = error.object[error.start : error.end]
        replaced = bytearray()
        for char in text:
            code = ord(char)
            replaced += bytes([code - 0xDC00]) if 0xDC80 <= code <= 0xDCFF else b"?"
        return bytes(replaced), error.end

    codecs.register_error("surrogateescape_or_replace", handler)


_register_error_handler()
