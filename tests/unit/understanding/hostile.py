"""Messages that cost a careless reader minutes, each from anybody, unauthenticated (X9)."""

FROM = b"From: a@b.com\n"


def multipart(parts: bytes, boundary: bytes = b"b", kind: bytes = b"mixed") -> bytes:
    return FROM + b"Content-Type: multipart/" + kind + b"; boundary=" + boundary + b"\n\n" + parts


def html(page: bytes) -> bytes:
    return FROM + b"Content-Type: text/html; charset=utf-8\n\n" + page


HOSTILE = {
    "parameters": FROM
    + b"Content-Type: text/plain; "
    + b"; ".join(b"a*%d*=x" % n for n in range(60_000))
    + b"\n\noi",
    "folded parameters": FROM
    + b"Content-Type: text/plain;\n "
    + b";\n ".join(b"a*%d*=x" % n for n in range(60_000))
    + b"\n\noi",
    "siblings": multipart(b"--b\n\noi\n" * 100_000 + b"--b--\n"),
    "siblings of text": multipart(b"--b\nContent-Type: text/html\n\n<p>oi\n" * 290 + b"--b--\n"),
    "siblings to look into": multipart(
        (b"--b\nContent-Type: application/octet-stream\n\n" + b"ola mundo " * 2_000 + b"\n") * 290
        + b"--b--\n"
    ),
    "near boundaries": multipart(b"--bx\n" * 2_000_000),
    "boundaries in a line": multipart(b"--b" * 4_000_000),
    "nested parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)
    ),
    "nested parts over a large body": FROM
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%02d\n\n--b%02d\n" % (n, n) for n in range(19))
    + b"\n"
    + b"--b x\n" * 2_000_000,
    "nested messages": FROM + b"Content-Type: message/rfc822\n\n" * 3_000,
    "huge header": b"Subject: " + b"x" * 5_000_000 + b"\n\noi",
    "folded header": b"To: a@b.com" + b",\n a@b.com" * 300_000 + b"\n\noi",
    "many headers": b"Received: x\n" * 200_000 + b"\noi",
    "senders": b"From: " + b"a@b.com," * 7_000 + b"\n\noi",
    "open comments": b"From: " + b"(" * 60_000 + b" <a@b.com>\n\noi",
    "open quotes": b"From: " + b'"' * 60_000 + b" <a@b.com>\n\noi",
    "addressees": b"".join(b"To: " + b'"a" <a@b.com>, ' * 3_000 + b"\n" for _ in range(8)) + b"\noi",
    "encoded addressees": b"To: " + b"=?utf-8?q?a?= <a@b.com>, " * 2_500 + b"\n\noi",
    "encoded words": b"Subject: " + b"=?utf-8?b?4pyT?= " * 3_500 + b"\n\noi",
    "open encoded words": b"Subject: " + b"=?utf-8?q?" * 6_000 + b"\n\noi",
    "references": FROM + b"References: " + b"<" * 60_000 + b"\n\noi",
    "verdicts": b"".join(
        b"Authentication-Results: mx.nuvemjti.com.br; " + b"dkim=pass (a) header.d=x.com; " * 260 + b"\n"
        for _ in range(60)
    )
    + FROM
    + b"\noi",
    "deep page": html(b"<div>" * 200_000),
    "open tags": html(b"<b><i>" * 100_000 + b"<" * 100_000),
    "open style": html(b"<style><div>" * 50_000),
    "rows": html(b"<table><tr><td>Motivo<td>x" * 20_000),
    "cells": html(b"<table><tr>" + b"<td>a" * 110_000),
    "nested tables": html(b"<table><tr><td>" * 130 + b"oi"),
    "quotations": html(b"<div class=gmail_quote>x" * 25_000),
    "nested quotations": html((b"<div class=gmail_quote>" * 390 + b"x" * 100 + b"</div>" * 390) * 30),
    "struck": html((b"<s>" * 390 + b"x" + b"</s>" * 390) * 100),
    "style": html(b'<p style="' + b"text-decoration:" * 30_000 + b'">x'),
    "attributes": html(b"<p " + b"a=b " * 140_000),
    "encoded twice": FROM + b"Content-Type: text/plain; charset=utf-8\n\n" + "Ã£".encode() * 190_000,
    "bad bytes": FROM + b"Content-Type: text/plain; charset=utf-8\n\n" + b"\xff" * 800_000,
    "equal signs": FROM + b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=" * 800_000,
    "base64": FROM + b"Content-Transfer-Encoding: base64\n\n" + b"QQ==" * 7_000_000,
    "headers in the text": FROM + b"\n" + b"Von: a@b.c 2026 10:15\n" * 30_000,
    "attributions": FROM + b"\n" + b"Am 24.11.2026 10:15 <a@b.com>:\n" * 20_000,
    "colons": FROM + b"\n" + b"a:" * 400_000,
    "companies": FROM + b"\n" + b"A B C D " * 3_000 + b"Ltda " * 2_000,
    "our words": FROM + b"\n" + b"Solicito o cancelamento dos servicos contratados com a " * 2_000,
    "twenty megabytes of text": FROM + b"\n" + b"quero cancelar o contrato\n" * 900_000,
    "no line end": FROM + b"\n" + b"x" * 20_000_000,
    "nulls": b"\x00" * 1_000_000,
    "returns": FROM + b"\n" + b"\r" * 1_000_000,
}
"""Of a size that the receiving server takes, each of one kind of bytes by the thousand."""
