"""What a look with fresh eyes found in how requests are read, sent to the real command as bytes."""

import socket
from collections.abc import Iterator

import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

from gateway import Gateway, gateway

KEY = "a-key-of-this-test"
ASK = b'{"messages": [{"role": "user", "content": "Hello?"}]}'


@pytest.fixture(scope="module")
def server() -> Iterator[Gateway]:
    with gateway("--max-body", "1", key=KEY) as running:
        yield running


def answered(server: Gateway, *headers: str, body: bytes = b"") -> tuple[int, bytes]:
    """Status and all that was answered."""
    head = "\r\n".join(("POST /v1/chat/completions HTTP/1.1", "Host: localhost", *headers, "Connection: close"))
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        said = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return int(said.split()[1]), said


def length(body: bytes) -> str:
    return f"Content-Length: {len(body)}"


LETS_IN = f"Authorization: Bearer {KEY}"
JSON = "Content-Type: application/json"


@pytest.mark.parametrize(
    "twice",
    [
        (LETS_IN, "Authorization: Bearer another"),
        (LETS_IN, JSON, "Content-Type: multipart/form-data; boundary=b"),
        (LETS_IN, JSON, "Content-Encoding: gzip", "content-encoding: identity"),
        (LETS_IN, JSON, "Host: elsewhere.example.org"),
    ],
)
def test_a_header_that_stands_twice_is_refused(server: Gateway, twice: tuple[str, ...]) -> None:
    status, said = answered(server, *twice, length(ASK), body=ASK)
    assert status == 400
    assert b"stands in the request twice" in said


def test_a_body_of_two_kinds_gets_not_past_the_limit_of_json(server: Gateway) -> None:
    body = ASK.replace(b"Hello?", b"a" * (3 << 20))
    kinds = (JSON, "Content-Type: multipart/form-data; boundary=b")
    for given in (kinds, kinds[::-1]):
        assert answered(server, LETS_IN, *given, length(body))[0] == 400


def test_trailers_of_a_body_are_no_headers(server: Gateway) -> None:
    chunks = f"{len(ASK):x}\r\n".encode() + ASK + b"\r\n0\r\n" + LETS_IN.encode() + b"\r\n\r\n"
    assert answered(server, JSON, "Transfer-Encoding: chunked", body=chunks)[0] == 401


@pytest.mark.parametrize("encoding", ["gzip, chunked", "identity, chunked", "CHUNKED, chunked"])
def test_of_transfer_encodings_only_chunked_is_read(server: Gateway, encoding: str) -> None:
    status, said = answered(server, LETS_IN, JSON, f"Transfer-Encoding: {encoding}", body=b"0\r\n\r\n")
    assert status == 400
    assert b'"error"' in said
