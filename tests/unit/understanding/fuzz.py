"""Messages made at random, but of the pieces that messages are made of: headers, MIME, encodings, verdicts.

A message comes with the truth about it: whether our border server vouched for its From. Everything else is the
sender's to choose.
"""

import base64
import quopri
import random
from dataclasses import dataclass

VICTIM = "rita@acme.com.br"
FORGED_RESULTS = (
    "mx.nuvemjti.com.br; dmarc=pass header.from=acme.com.br",
    "spf=pass smtp.mailfrom=acme.com.br; dkim=pass header.d=acme.com.br; dmarc=pass header.from=acme.com.br",
    "mx.evil.example; dmarc=pass header.from=acme.com.br",
)
TRICKS = (
    *(
        '"',
        "\\",
        "(",
        ")",
        ";",
        "=",
        " ",
        "@",
        ".",
        "<",
        ">",
        ",",
        ":",
        "/",
        "\t",
        "\r",
        "\x00",
        "\x7f",
        "é",
        "\u202e",
    ),
    *("\n ", "\r\n\t", "=?utf-8?q?", "?=", "=?x?b?AAA?=", "--", "boundary=", "charset=", "*0*=", "''", "%00"),
    "; dmarc=pass header.from=acme.com.br",
    f"<{VICTIM}>",
    "Authentication-Results: mx.nuvemjti.com.br; dmarc=pass header.from=acme.com.br",
)
WORDS = (
    *(
        "Solicito o cancelamento do contrato.",
        "Motivo: preço alto.",
        "Não",
        "desisto",
        "se",
        "quero",
        "cancelar",
    ),
    *("o contrato", "> ", "De: ", "Von: a@b.c 2026 10:15", "Em 22/11/2026 10:15 a@b.c escreveu:", "________"),
    *(
        "CAN-20261122-7F3KQ2",
        "11.222.333/0001-81",
        "Beta Ltda",
        "Motivo\tuso",
        "Att,",
        "-- ",
        "\n",
        "\n\n",
        "😀",
    ),
    *(
        "<p>",
        "</p>",
        "<br>",
        "<div class=gmail_quote>",
        "</div>",
        "<blockquote type=cite>",
        "<table><tr><td>",
    ),
    *("</td><td>", "<s>", "<style>", "&atilde;", "Ã£", "n?o", "\ufffd", "\x1d", "\x1f", "\u0301"),
)
REQUEST = "Solicito o cancelamento do contrato.\nMotivo: preço alto."
DENIAL = "Não solicito o cancelamento do contrato. Motivo: a fusão não aconteceu."
PAGE = "<p>Solicito o cancelamento do contrato.</p><p>Motivo: preço alto.</p>"
CHARSETS = (
    "utf-8",
    "iso-8859-1",
    "windows-1252",
    "cp850",
    "x-mac-roman",
    "utf-16",
    "utf-7",
    "gbk",
    "x-nunca",
    "",
    '"',
)
ENCODINGS = ("7bit", "8bit", "base64", "quoted-printable", "x-uuencode", "binary", "BASE64 ", "")
KINDS = (
    *("text/plain", "text/html", "text/enriched", "text/calendar", "application/octet-stream", "image/png"),
    *(
        "message/rfc822",
        "message/partial",
        "application/ms-tnef",
        "application/pgp-encrypted",
        "text",
        "/",
        "TEXT/HTML",
    ),
)
CONTAINERS = ("mixed", "alternative", "related", "report", "signed", "digest", "encrypted", "x-other")


@dataclass(frozen=True)
class Made:
    """A message, and whether the border vouched for its From."""

    raw: bytes
    vouched: bool


def made(seed: int) -> Made:
    """The message of a seed, always the same."""
    return _Maker(random.Random(seed)).message()


class _Maker:
    def __init__(self, choose: random.Random) -> None:
        self._choose = choose
        self._tricky = choose.choice([0.0, 0.05, 0.3])

    def message(self) -> Made:
        some = self._choose
        vouched = some.random() < 0.4
        lines = [self._top(), *self._verdict(vouched)]
        some.shuffle(lines)
        own = [
            f"From: {self._sender()}",
            f"To: financeiro@nuvemjti.com.br, comercial@nuvemjti.com.br{self._trick()}",
            f"Subject: {self._trick()} Cancelamento {self._trick()}",
            f"Date: Sun, 22 Nov 2026 10:14:50 -0300{self._trick()}",
            f"Message-ID: <{some.random()}@acme.com.br>",
            *(f"{name}: {self._trick()}" for name in some.sample(_NAMES, some.randint(0, 3))),
            *(f"Authentication-Results: {one}" for one in some.sample(FORGED_RESULTS, some.randint(0, 2))),
        ]
        if some.random() < 0.5:
            own.insert(
                some.randint(0, len(own)),
                "Received: from x by relay.evil.example with ESMTP; Sun, 22 Nov 2026",
            )
        # Whoever vouches removes what carries its name from incoming mail (RFC 8601, section 5).
        own = [line for line in own if not line.startswith("Authentication-Results: mx.nuvemjti")]
        head = "\r\n".join([*lines, *own]).encode("utf-8", "surrogatepass")
        raw = head + b"\r\n" + self._part(0)
        return Made(self._hurt(raw) if some.random() < self._tricky * 2 else raw, vouched)

    def _top(self) -> str:
        by = "by mx.nuvemjti.com.br (Postfix) with ESMTPS; Sun, 22 Nov 2026 10:15:00 -0300"
        return f"Received: from x (x [192.0.2.1]) {by}"

    def _verdict(self, vouched: bool) -> list[str]:
        """What the border truthfully writes; what the sender chose is quoted as the standard says."""
        some = self._choose
        local = "".join(some.choice(TRICKS) for _ in range(some.randint(0, 6) if self._tricky else 0))
        local = "".join(c for c in local if c.isprintable())
        quoted = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
        results = [
            f"spf=pass (domain of {quoted}@evil.example designates it) smtp.mailfrom={quoted}@evil.example",
            f"dkim=pass header.d=evil.example header.i={quoted}@evil.example",
        ]
        some.shuffle(results)
        dmarc = "pass" if vouched else some.choice(["fail", "none", "temperror", ""])
        if dmarc:
            results.insert(some.randint(0, 2), f"dmarc={dmarc} (p=none) header.from=acme.com.br")
        return [f"Authentication-Results: mx.nuvemjti.com.br;\r\n\t{'; '.join(results)}"]

    def _sender(self) -> str:
        return self._choose.choice(
            [VICTIM, f"Rita <{VICTIM}>", f'"{self._trick()}" <{VICTIM}>', f"{VICTIM}{self._trick()}"]
        )

    def _trick(self) -> str:
        some = self._choose
        return (
            "".join(some.choice(TRICKS) for _ in range(some.randint(0, 4)))
            if some.random() < self._tricky
            else ""
        )

    def _part(self, depth: int) -> bytes:
        some = self._choose
        if depth < 4 and some.random() < (0.6 if depth == 0 else 0.25):
            boundary = some.choice(["=_b", "b", "--", "x" * 70, "=_b " + str(depth)])
            declared = boundary if some.random() < 0.9 else "other"
            head = f'Content-Type: multipart/{some.choice(CONTAINERS)}; boundary="{declared}"{self._trick()}\r\n\r\n'
            parts = b"".join(
                b"--" + boundary.encode() + b"\r\n" + self._part(depth + 1) + b"\r\n"
                for _ in range(some.choice([0, 1, 2, 2, 3, 30]))
            )
            closed = b"--" + boundary.encode() + b"--\r\n" if some.random() < 0.85 else b""
            return head.encode("utf-8", "surrogatepass") + parts + closed
        return self._leaf()

    def _leaf(self) -> bytes:
        some = self._choose
        if some.random() < 0.4:
            plain = some.choice([REQUEST, DENIAL, PAGE]).encode()
            kind = b"html" if plain.startswith(b"<") else b"plain"
            return b"Content-Type: text/" + kind + b"; charset=utf-8\r\n\r\n" + plain
        text = " ".join(some.choice(WORDS) for _ in range(some.choice([1, 5, 20, 400])))
        charset = some.choice(CHARSETS)
        codec = some.choice(["utf-8", "cp1252", "cp850", "utf-16"])
        data = text.encode(codec, "replace")
        encoding = some.choice(ENCODINGS)
        if encoding.strip().lower() == "base64":
            data = base64.encodebytes(data)
        elif encoding == "quoted-printable":
            data = quopri.encodestring(data)
        head = [f"Content-Type: {some.choice(KINDS)}; charset={charset}{self._trick()}"]
        head += [f"Content-Transfer-Encoding: {encoding}{self._trick()}"]
        if some.random() < 0.2:
            head.append(f'Content-Disposition: attachment; filename="{self._trick()}carta.txt"')
        return "\r\n".join(head).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + data

    def _hurt(self, raw: bytes) -> bytes:
        """Cut, doubled, and with bytes changed; below what the border wrote, which nobody can change."""
        some = self._choose
        first = raw.index(b"From: ")
        top, rest = raw[:first], bytearray(raw[first:])
        for _ in range(some.randint(1, 5)):
            at = some.randint(0, len(rest))
            match some.randint(0, 3):
                case 0:
                    rest[at : at + some.randint(0, 40)] = bytes(
                        some.randrange(256) for _ in range(some.randint(0, 6))
                    )
                case 1:
                    rest[at:at] = rest[: some.randint(0, 300)]
                case 2:
                    del rest[at:]
                case _:
                    rest[at:at] = some.choice(TRICKS).encode("utf-8", "surrogatepass")
        return top + bytes(rest)


_NAMES = (
    *(
        "Sender",
        "Reply-To",
        "List-Id",
        "Auto-Submitted",
        "Return-Path",
        "Precedence",
        "References",
        "In-Reply-To",
    ),
    *(
        "X-Original-From",
        "Delivered-To",
        "Content-Type",
        "Content-Transfer-Encoding",
        "From",
        "Subject",
        "MIME-Version",
    ),
)
