"""SIP messages and digests of the demonstration's telephones."""

from __future__ import annotations

import numpy as np
import pytest

from tronco.demo import sip
from tronco.demo.rtp import A_LAW_SAMPLES, FRAME, RATE, tone_frames

RESPONSE = (
    b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKabc;rport\r\n"
    b'f: "Ana" <sip:1001@casa>;tag=aa\r\nt: <sip:1002@casa>;tag=bb\r\ni: id@x\r\n'
    b"CSeq: 7 INVITE\r\nl: 3\r\n\r\nsdp"
)


def test_compact_headers_are_read() -> None:
    message = sip.parse(RESPONSE)
    assert message is not None
    assert (message.status, message.method, message.branch) == (200, "INVITE", "z9hG4bKabc")
    assert (message.get("call-id"), message.body) == ("id@x", "sdp")
    assert sip.tag_of(message.get("to")) == "bb"
    assert sip.user_of(message.get("from")) == "1001"


@pytest.mark.parametrize("noise", [b"", b"\r\n\r\n", b"\x00\xff", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_noise_is_not_sip(noise: bytes) -> None:
    assert sip.parse(noise) is None


def test_a_message_is_written_as_it_is_read() -> None:
    message = sip.Message("OPTIONS sip:x SIP/2.0", [("via", "v"), ("to", "t")], "olá")
    again = sip.parse(message.encode())
    assert again == message


# The examples of RFC 2617 (3.5) and RFC 7616 (3.9.1), with their nonces for the client's.
CHALLENGE = (
    'Digest realm="testrealm@host.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
    ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
)


def test_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("secrets.token_hex", lambda size: "0a4f113b")
    said = sip.authorization(
        CHALLENGE,
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle Of Life",
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in said
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in said


def test_digest_with_sha_256(monkeypatch: pytest.MonkeyPatch) -> None:
    cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr("secrets.token_hex", lambda size: cnonce)
    said = sip.authorization(
        'Digest realm="http-auth@example.org", qop="auth", algorithm=SHA-256,'
        ' nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",'
        ' opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"',
        method="GET",
        uri="/dir/index.html",
        username="Mufasa",
        password="Circle of Life",
    )
    assert "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1" in said


def test_where_audio_goes() -> None:
    assert sip.media_target(sip.sdp_offer("192.0.2.1", 40000)) == ("192.0.2.1", 40000)
    assert sip.media_target("v=0\r\n") is None


def test_a_tone_is_what_it_says() -> None:
    codes = np.frombuffer(b"".join(tone_frames(440)), np.uint8)
    assert len(codes) == RATE
    samples = A_LAW_SAMPLES[codes].astype(np.float64)
    assert abs(np.argmax(np.abs(np.fft.rfft(samples))) - 440) < 1
    assert all(len(frame) == FRAME for frame in tone_frames(440))
