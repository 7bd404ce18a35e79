"""Where the viewer may fetch from: nothing that only this machine can reach."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuncius.nbconvert.viewer.addresses import Refused, Rules, Target, check, is_public
from nuncius.nbconvert.viewer.fetch import Fetched, Limits, fetch


def public(host: str, port: int) -> list[str]:
    return ["8.8.8.8"]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
        "::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1", "not an address", "",
    ],
)  # fmt: skip
def test_what_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])  # fmt: skip
def test_what_is_public(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_a_wrapped_address_is_judged_as_the_one_inside(address: object) -> None:
    if not is_public(str(address)):
        assert not is_public(f"::ffff:{address}")
        assert not is_public(f"64:ff9b::{address}")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("file:///etc/passwd", "only addresses that begin"),
        ("ftp://example.org/x", "only addresses that begin"),
        ("gopher://example.org/x", "only addresses that begin"),
        ("//example.org/x", "only addresses that begin"),
        ("http://", "no name of a host"),
        ("http://user:secret@example.org/", "user name"),
        ("http://example.org\\@127.0.0.1/", "backslash"),
        ("http://example.org/a b", "spaces"),
        ("http://example.org/\r\nHost: x", "spaces"),
        ("http://example.org:22/", "port 22"),
        ("http://example.org:99999/", "no address"),
        ("http://[::1/", "no address"),
        ("http://exa{mple}.org/", "no name of a host"),
        ("http://" + "x" * 5000, "too long"),
    ],
)
def test_addresses_that_are_refused_without_a_look(url: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        check(url, Rules(), public)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://2130706433/", "http://0x7f.1/", "http://[::1]/", "http://[::ffff:7f00:1]/", "http://localhost/"])  # fmt: skip
def test_this_machine_is_refused_however_it_is_written(url: str) -> None:
    with pytest.raises(Refused, match=r"not public|not found"):
        check(url, Rules())


def test_one_private_address_among_public_ones_is_enough() -> None:
    with pytest.raises(Refused, match="not public"):
        check("http://mixed.example/", Rules(), lambda host, port: ["8.8.8.8", "10.0.0.1"])


def test_a_good_address_is_taken_apart() -> None:
    assert check("https://Example.ORG./a%20b/ü?q=1&r", Rules(), public) == Target(
        "https", "example.org", 443, "8.8.8.8", "/a%20b/%C3%BC?q=1&r"
    )


def test_lists_of_hosts() -> None:
    rules = Rules(hosts=("good.example", ".wide.example"))
    for host in ("good.example", "a.wide.example", "a.b.wide.example"):
        assert check(f"http://{host}/", rules, public).host == host
    for host in ("bad.example", "xgood.example", "wide.example.evil", "notwide.example"):
        with pytest.raises(Refused, match="not on the list"):
            check(f"http://{host}/", rules, public)
    with pytest.raises(Refused, match="fetches nothing"):
        check("http://good.example/", Rules(network=False), public)


class _Answers(BaseHTTPRequestHandler):
    """Answers by path, and remembers what it was asked."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012 - a class of its own is made for each server

    def do_GET(self) -> None:
        self.asked.append((self.headers["Host"], self.path))
        path, _, query = self.path.partition("?")
        if path == "/to":
            self.send_response(302)
            self.send_header("Location", unquote(query))
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path == "/gone":
            self.send_error(404)
            return
        if self.headers.get("If-None-Match") == '"1"':
            self.send_response(304)
            self.end_headers()
            return
        body = b"x" * (int(query) if query.isdigit() else 3)
        self.send_response(200)
        self.send_header("ETag", '"1"')
        if path != "/endless":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Yield the port of a server on this machine, and what it was asked."""
    asked: list[tuple[str, str]] = []
    handler = type("Answers", (_Answers,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1], asked
        finally:
            server.shutdown()
            thread.join()


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    # The name does not exist: only the one answer of the resolver says where it leads.
    asked_names = []

    def once(host: str, port: int) -> list[str]:
        asked_names.append(host)
        return ["127.0.0.1"] if len(asked_names) == 1 else ["10.255.255.1"]

    with serving() as (port, asked):
        rules = Rules(private=(f"name.invalid:{port}",))
        got = fetch(f"http://name.invalid:{port}/a", rules, resolver=once)
    assert got == Fetched(b"xxx", f"http://name.invalid:{port}/a", '"1"')
    assert asked_names == ["name.invalid"]
    assert asked == [(f"name.invalid:{port}", "/a")]


@pytest.mark.parametrize("to", ["http://169.254.169.254/latest", "http://localhost/", "http://[::1]/", "file:///etc/passwd", "//10.0.0.1/"])  # fmt: skip
def test_redirects_are_checked_like_any_address(to: str) -> None:
    with serving() as (port, asked):
        with pytest.raises(Refused, match=r"not public|only addresses|not found"):
            fetch(f"http://127.0.0.1:{port}/to?{to}", Rules(private=(f"127.0.0.1:{port}",)))
        assert len(asked) == 1


def test_a_name_that_leads_elsewhere_after_a_redirect_is_refused() -> None:
    answers = iter([["127.0.0.1"], ["127.0.0.1"]])
    with serving() as (port, asked):
        rules = Rules(private=(f"good.invalid:{port}",))
        with pytest.raises(Refused, match="not public"):
            fetch(f"http://good.invalid:{port}/to?http://evil.invalid/", rules, resolver=lambda host, p: next(answers))  # fmt: skip
        assert asked == [(f"good.invalid:{port}", "/to?http://evil.invalid/")]


def test_limits_of_redirects_size_and_what_the_server_says() -> None:
    with serving() as (port, _):
        rules = Rules(private=("127.0.0.1",))
        here = f"http://127.0.0.1:{port}"
        assert fetch(f"{here}/to?/a", rules).url == f"{here}/a"
        with pytest.raises(Refused, match="3 redirects"):
            fetch(f"{here}/to?/to?/to?/to?/to?/a", rules)
        with pytest.raises(Refused, match="more than 1 MB"):
            fetch(f"{here}/a?2000000", rules, Limits(size=1024 * 1024))
        with pytest.raises(Refused, match="more than 1 MB"):
            fetch(f"{here}/endless?2000000", rules, Limits(size=1024 * 1024))
        with pytest.raises(Refused, match="answers 404"):
            fetch(f"{here}/gone", rules)
        assert fetch(f"{here}/a", rules, etag='"1"').data is None


def test_a_server_that_says_nothing_is_given_up() -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Refused, match="did not answer"):
            fetch(f"http://127.0.0.1:{port}/", Rules(private=("127.0.0.1",)), Limits(seconds=0.2))
