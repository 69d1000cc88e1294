"""Who vouches for the sender: our own receiving server alone, and only for the From domain (X9)."""

import pytest

from cancellation.understanding import read_message, verdict
from cancellation.understanding.authentication import parse_authentication_results
from tests.unit.understanding.letters import PASSED, TRUSTED, message


def of(raw: bytes) -> str:
    return verdict(read_message(raw), TRUSTED).verdict


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (PASSED, "pass"),
        ("mx.nuvemjti.com.br 1; dmarc=pass header.from=acme.com.br", "pass"),
        (
            "MX.NuvemJTI.com.br; dkim=pass (2048-bit; key) header.d=mail.acme.com.br header.i=@acme.com.br",
            "pass",
        ),
        ("mx.nuvemjti.com.br; spf=pass smtp.mailfrom=bounce@news.acme.com.br", "pass"),
        ("mx.nuvemjti.com.br; dkim=fail header.d=acme.com.br; dkim=pass header.d=acme.com.br", "pass"),
        ("mx.nuvemjti.com.br; dmarc=fail header.from=acme.com.br; dkim=pass header.d=acme.com.br", "fail"),
        ("mx.nuvemjti.com.br; dmarc=pass header.from=outra.com.br", "fail"),
        (
            "mx.nuvemjti.com.br; dkim=pass header.d=outra.com.br; spf=pass smtp.mailfrom=x@outra.com.br",
            "fail",
        ),
        ("mx.nuvemjti.com.br; dkim=pass header.d=com.br", "fail"),
        ("mx.nuvemjti.com.br; spf=pass smtp.helo=acme.com.br", "fail"),
        ("mx.nuvemjti.com.br; spf=softfail smtp.mailfrom=rita@acme.com.br", "fail"),
        ("mx.nuvemjti.com.br; (dkim=pass header.d=acme.com.br) spf=none", "none"),
        ("mx.nuvemjti.com.br; dkim=none", "none"),
        ("mx.nuvemjti.com.br; none", "none"),
        ("mx.evil.com; dmarc=pass header.from=acme.com.br", "none"),
        ("mx.nuvemjti.com.br.evil.com; dmarc=pass header.from=acme.com.br", "none"),
        ("dmarc=pass header.from=acme.com.br; x=mx.nuvemjti.com.br", "none"),
        (None, "none"),
    ],
)
def test_verdict_is_that_of_our_server_for_the_from_domain_X9(results: str | None, expected: str) -> None:
    assert of(message(results=results)) == expected


def test_results_below_a_foreign_received_are_forged_X9() -> None:
    forged = (
        (
            "Received",
            "from evil (evil [192.0.2.1]) by relay.evil.com with ESMTP; Sun, 22 Nov 2026 10:14:00 -0300",
        ),
        ("Authentication-Results", PASSED),
    )
    assert of(message(results=None, extra=forged)) == "none"


def test_topmost_result_of_a_method_counts_X9() -> None:
    forged = (("Authentication-Results", PASSED),)
    assert (
        of(message(results="mx.nuvemjti.com.br; dmarc=fail header.from=acme.com.br", extra=forged)) == "fail"
    )


def test_results_behind_an_inner_hop_still_count_X9() -> None:
    inner = ("Received", "by 10.0.0.7 with LMTP id x; Sun, 22 Nov 2026 10:15:02 -0300")
    local = (
        "Received",
        "from mx.nuvemjti.com.br by imap.nuvemjti.com.br (Dovecot) with LMTP; Sun, 22 Nov 2026 "
        "10:15:01 -0300",
    )
    assert of(message(top=(inner, local))) == "pass"


LMTP = (
    "from mx.nuvemjti.com.br by vm with LMTP id kN2bBw (envelope-from <rita@acme.com.br>); Sun, 22 Nov 2026"
)


@pytest.mark.parametrize(
    "handed_over",
    [
        LMTP,
        LMTP.replace("LMTP", "LMTPS"),
        "from mx.nuvemjti.com.br ([203.0.113.9])\n\tby vm (Dovecot) with LMTP id kN2bBw\n\tfor <x@y>; Sun, 22 Nov",
        "from mx.nuvemjti.com.br by localhost.localdomain with ESMTP id x; Sun, 22 Nov 2026",
        "from mx.nuvemjti.com.br by [IPv6:2001:db8::7] with ESMTP id x; Sun, 22 Nov 2026",
    ],
)
def test_results_below_the_mailbox_servers_own_line_still_count_X9(handed_over: str) -> None:
    assert of(message(top=(("Received", handed_over),))) == "pass"
    forged = "mx.nuvemjti.com.br; dmarc=fail header.from=acme.com.br"
    assert of(message(top=(("Received", handed_over),), results=forged)) == "fail"


@pytest.mark.parametrize(
    "by_whom",
    [
        "by vm with ESMTPS",  # may be the border itself
        "by vm.example with LMTP",
        "by vm (with LMTP) with SMTP",
        "by ace.cafe with ESMTP",  # letters of an address, and a domain that anybody can have
        "by",
    ],
)
def test_results_below_an_unknown_servers_line_are_forged_X9(by_whom: str) -> None:
    hop = ("Received", f"from mx.nuvemjti.com.br {by_whom} id x; Sun, 22 Nov 2026 10:15:02 -0300")
    assert of(message(top=(hop,))) == "none"


@pytest.mark.parametrize("line", [LMTP, "by 10.0.0.7 with LMTP id x; Sun", "by localhost with ESMTP; Sun"])
def test_no_sender_can_pass_for_the_mailbox_server_X9(line: str) -> None:
    # What the sender wrote stands below the border's own line, whatever it says.
    forged = (("Received", line), ("Authentication-Results", PASSED))
    assert of(message(results=None, extra=forged)) == "none"
    failed = "mx.nuvemjti.com.br; dkim=none; spf=fail smtp.mailfrom=rita@acme.com.br"
    assert of(message(results=failed, extra=forged, top=(("Received", LMTP),))) == "fail"


def test_two_from_headers_fail_whatever_passed_X9() -> None:
    assert of(message().replace(b"From: Rita", b"From: eva@acme.com.br\nFrom: Rita", 1)) == "fail"
    assert of(message(sender="rita@acme.com.br, eva@outra.com")) == "fail"


def test_no_trusted_server_configured_means_no_verdict_X9() -> None:
    assert verdict(read_message(message()), ()).verdict == "none"
    assert verdict(read_message(message()), ("",)).verdict == "none"


def test_header_is_read_as_the_standard_says() -> None:
    identity, results = parse_authentication_results(
        'mx.nuvemjti.com.br (x(y)) 1; spf=pass (a; "b") smtp.mailfrom="rita souza"@acme.com.br; dmarc/1=pass'
        " action=none"
        ' header.from=acme.com.br; broken; dkim=pass reason="ok; really" header.d=acme.com.br'
    )
    assert identity == "mx.nuvemjti.com.br"
    assert [(r.method, r.result) for r in results] == [("spf", "pass"), ("dmarc", "pass"), ("dkim", "pass")]
    assert results[1].values("header.from") == ["acme.com.br"]
