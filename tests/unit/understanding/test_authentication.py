"""Who vouches for the sender: our own receiving server alone, and only for the From domain (X9)."""

import pytest

from cancellation.understanding import read_message, verdict
from tests.unit.understanding.letters import PASSED, TRUSTED, message


def of(raw: bytes) -> str:
    return verdict(read_message(raw), TRUSTED).verdict


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (PASSED, "pass"),
        ("mx.nuvemjti.com.br 1; dmarc=pass header.from=acme.com.br", "pass"),
        (
            "MX.NuvemJTI.com.br; dkim=pass (2048-bit; key) header.d=acme.com.br header.i=@x.acme.com.br",
            "pass",
        ),
        ("mx.nuvemjti.com.br; dkim=pass header.i=@acme.com.br header.b=ab/c+= ; ", "pass"),
        ("mx.nuvemjti.com.br; dkim=pass header.d=esp.com; dkim=pass header.d=acme.com.br", "pass"),
        ('mx.nuvemjti.com.br; spf=pass smtp.mailfrom="rita souza"@acme.com.br', "pass"),
        ("mx.nuvemjti.com.br; dmarc=none; spf=pass smtp.mailfrom=<rita@acme.com.br>", "pass"),
        ("mx.nuvemjti.com.br; dmarc=pass; dkim=pass header.d=x.com; dkim=neutral header.d=y.com", "pass"),
        # Which hosts belong together a list of suffixes alone cannot tell.
        ("mx.nuvemjti.com.br; dkim=pass header.d=mail.acme.com.br", "none"),
        ("mx.nuvemjti.com.br; spf=pass smtp.mailfrom=bounce@news.acme.com.br", "none"),
        ("mx.nuvemjti.com.br; dmarc=pass header.from=mail.acme.com.br", "none"),
        # What says two things says nothing.
        ("mx.nuvemjti.com.br; dkim=fail header.d=acme.com.br; dkim=pass header.d=acme.com.br", "none"),
        ("mx.nuvemjti.com.br; spf=pass smtp.mailfrom=x@acme.com.br; spf=fail smtp.mailfrom=x@b.com", "none"),
        ("mx.nuvemjti.com.br; dmarc=pass header.from=acme.com.br; dmarc=none", "none"),
        ("mx.nuvemjti.com.br; dmarc=temperror; dkim=pass header.d=acme.com.br", "none"),
        (
            "mx.nuvemjti.com.br; dmarc=pass header.from=acme.com.br; dmarc=fail header.from=acme.com.br",
            "fail",
        ),
        # What does not close what it opens says nothing.
        ("mx.nuvemjti.com.br; dmarc=pass header.from=acme.com.br (", "none"),
        ('mx.nuvemjti.com.br; dmarc=pass header.from="acme.com.br', "none"),
        ('mx.nuvemjti.com.br; spf=pass (of "x) ; dmarc=pass header.from=acme.com.br; a=b (y") c.d=e', "none"),
        ("mx.nuvemjti.com.br; dmarc=pass header.from=acme.com.br; x=" + "y" * 9_000, "none"),
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


ENVELOPE = r'"x\"; dmarc=pass header.from=acme.com.br; y=\""@evil.example'


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (f"spf=pass smtp.mailfrom={ENVELOPE}; dkim=none; dmarc=fail header.from=acme.com.br", "fail"),
        (f"dkim=pass header.i={ENVELOPE} header.d=evil.example; dmarc=fail header.from=acme.com.br", "fail"),
        (f"spf=pass smtp.mailfrom={ENVELOPE}; dkim=none", "none"),
        (f"spf=pass (envelope-from={ENVELOPE}) smtp.mailfrom=x@evil.example; dkim=none", "fail"),
        (f"dkim=pass header.i={ENVELOPE}", "none"),
    ],
)
def test_quoted_address_of_the_sender_writes_no_verdict_X9(results: str, expected: str) -> None:
    assert of(message(results=f"mx.nuvemjti.com.br; {results}")) == expected


def test_failed_dmarc_wins_wherever_our_server_wrote_it_X9() -> None:
    failed = "mx.nuvemjti.com.br; dmarc=fail header.from=acme.com.br"
    assert of(message(top=(("Authentication-Results", failed),))) == "fail"
    hop = ("Received", "from x by relay.example.com with ESMTP; Sun, 22 Nov 2026 10:14:00 -0300")
    assert of(message(extra=(hop, ("Authentication-Results", failed)))) == "fail"
    strangers = failed.replace("mx.nuvemjti", "mx.evil")
    assert of(message(extra=(hop, ("Authentication-Results", strangers)))) == "pass"


EXCHANGE = (
    "spf=pass (sender IP is 203.0.113.5) smtp.mailfrom=acme.com.br; nuvemjti.com.br; dkim=pass (signature was"
    " verified) header.d=acme.com.br;dmarc=pass action=none header.from=acme.com.br;compauth=pass reason=100"
)
EDGE = (
    "Received",
    "from mail.acme.com.br (203.0.113.5) by CP1PEPF0000.mail.protection.outlook.com (10.167.242.4) with"
    " Microsoft SMTP Server; Sun, 22 Nov 2026 13:15:00 +0000",
)
INSIDE = (
    "Received",
    "from CP1PEPF0000.lamprd80.prod.outlook.com (2603:10d6::1) by CP3P284MB1.BRAP284.PROD.OUTLOOK.COM"
    " (2603:10d6::2) with Microsoft SMTP Server; Sun, 22 Nov 2026 13:15:01 +0000",
)


def at_exchange(*trace: tuple[str, str], nameless: tuple[str, ...] = ("outlook.com",)) -> str:
    raw = message(results=None).split(b"\n", 1)[1]  # without our own border's Received
    lines = "".join(f"{name}: {value}\n" for name, value in trace).encode()
    return verdict(read_message(lines + raw), TRUSTED, nameless_servers=nameless).verdict


def results(value: str = EXCHANGE) -> tuple[str, str]:
    return ("Authentication-Results", value)


def test_server_without_a_name_counts_only_where_a_setting_says_so_X9() -> None:
    assert at_exchange(INSIDE, results(), EDGE) == "pass"
    assert at_exchange(INSIDE, results(), EDGE, nameless=()) == "none"
    assert at_exchange(INSIDE, results(), EDGE, nameless=("look.com",)) == "none"


def test_only_the_topmost_header_without_a_name_counts_and_none_below_a_stranger_X9() -> None:
    failed = EXCHANGE.replace("=pass", "=fail")
    assert at_exchange(INSIDE, results(failed), EDGE, results()) == "fail"
    assert at_exchange(INSIDE, results("spf=none"), EDGE, results()) == "none"
    assert at_exchange(INSIDE, results("spf=none ("), EDGE, results()) == "none"
    stranger = ("Received", "from a by mx.evil.example with ESMTP; Sun, 22 Nov 2026 13:14:00 +0000")
    assert at_exchange(INSIDE, EDGE, stranger, results()) == "none"
    assert at_exchange(results(EXCHANGE.replace("acme", "outra")), EDGE, results()) == "fail"
