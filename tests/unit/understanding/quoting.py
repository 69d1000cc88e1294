"""Answers as mail programs of many languages quote what they answer, in plain text and in HTML."""

import re
from collections.abc import Callable
from html import escape

OURS = "NuvemJTI Cancelamentos <cancelamento@nuvemjti.com.br>"
SUBJECT = "[CAN-20261122-7F3KQ2] Como formalizar o cancelamento: passo a passo"

HEADERS = {
    "outlook-de": ("Von", "Gesendet", "Dienstag, 24. November 2026 10:15", "An", "Betreff"),
    "outlook-fr": ("De\xa0", "Envoyé\xa0", "mardi 24 novembre 2026 10:15", "À\xa0", "Objet\xa0"),
    "outlook-it": ("Da", "Inviato", "martedì 24 novembre 2026 10:15", "A", "Oggetto"),
    "outlook-da": ("Fra", "Sendt", "24. november 2026 10:15", "Til", "Emne"),
    "outlook-sv": ("Från", "Skickat", "den 24 november 2026 10:15", "Till", "Ämne"),
    "outlook-nl": ("Van", "Verzonden", "dinsdag 24 november 2026 10:15", "Aan", "Onderwerp"),
    "outlook-pl": ("Od", "Wysłano", "wtorek, 24 listopada 2026 10:15", "Do", "Temat"),
    "outlook-ru": ("От", "Отправлено", "24 ноября 2026 10:15", "Кому", "Тема"),
    "outlook-ja": ("差出人", "送信日時", "2026年11月24日 10:15", "宛先", "件名"),
    "outlook-zh": ("发件人", "发送时间", "2026年11月24日 10:15", "收件人", "主题"),
    "outlook-pt": ("De", "Enviado", "terça-feira, 24 de novembro de 2026 10:15", "Para", "Assunto"),
}
ATTRIBUTIONS = {
    "gmail-de": f"Am Di., 24. Nov. 2026 um 10:15 Uhr schrieb {OURS}:",
    "gmail-fr": f"Le mar. 24 nov. 2026 à 10:15, {OURS} a écrit :",
    "gmail-da": f"Den tirs. 24. nov. 2026 kl. 10.15 skrev {OURS}:",
    "gmail-ja": f"2026年11月24日(火) 10:15 {OURS}:",
    "gmail-zh": f"{OURS} 于2026年11月24日周二 10:15写道\uff1a",
    "zoho": f"---- Em ter., 24 nov. 2026 10:15:00 -0300 {OURS} escreveu ----",
    "zoho-en": f"---- On Tue, 24 Nov 2026 10:15:00 -0300 {OURS} wrote ---",
}


def header_block(program: str, sender: str = OURS, subject: str = SUBJECT) -> list[str]:
    """The lines that Outlook puts above what is answered."""
    from_, sent, when, to, about = HEADERS[program]
    colon = "\uff1a" if program == "outlook-zh" else ":"
    fields = ((from_, sender), (sent, when), (to, "Rita Souza <rita@acme.com.br>"), (about, subject))
    return [f"{name}{colon} {value}" for name, value in fields]


def plain_answers(said: str, text: str) -> dict[str, str]:
    """An answer in plain text above a quotation, by mail program."""
    found = {name: "\n".join([said, "", *header_block(name), "", text]) for name in HEADERS}
    found |= {name: f"{said}\n\n{line}\n\n{text}" for name, line in ATTRIBUTIONS.items()}
    found["rule"] = f"{said}\n\n________________________________\n\n{text}"
    found["nothing"] = f"{said}\n\n{text}"
    found["indented"] = f"{said}\n\n" + "\n".join(f"    {line}" for line in text.split("\n"))
    found["below"] = f"{text}\n\n{said}"
    return found


def html_answers(said: str, page: str) -> dict[str, str]:
    """The same in HTML; `page` is the HTML of what is answered."""
    match = re.search(r"<body[^>]*>(.*)</body>", page, re.DOTALL)
    inner = match.group(1) if match else page
    said = f"<div>{escape(said)}</div>"
    found = {
        name: f"{said}<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p>"
        + "<br>".join(
            "<b>{}</b>{}".format(*(escape(part) for part in re.split("(?<=[:\uff1a])", line, maxsplit=1)))
            for line in header_block(name)
        )
        + f"</p></div>{inner}"
        for name in HEADERS
    }
    found |= {
        f"{name}-bare": f"{said}<div>{escape(line)}</div><div>{inner}</div>"
        for name, line in ATTRIBUTIONS.items()
    }
    wrapped: dict[str, Callable[[str], str]] = {
        "hr": lambda quoted: f"<hr>{quoted}",
        "indent": lambda quoted: (
            f'<blockquote style="margin:0 0 0 40px;border:none;padding:0px">{quoted}</blockquote>'
        ),
        "bare-blockquote": lambda quoted: f"<blockquote>{quoted}</blockquote>",
        "gmail-quote-alone": lambda quoted: f'<div class="gmail_quote">{quoted}</div>',
        "gmail": lambda quoted: (
            f'<div class="gmail_quote"><div class="gmail_attr">{escape(ATTRIBUTIONS["gmail-ja"])}</div>'
            f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;border-left:1px #ccc solid">{quoted}'
            "</blockquote></div>"
        ),
        "outlook-web": lambda quoted: (
            '<div id="appendonsend"></div><hr style="display:inline-block;width:98%">'
            f'<div id="divRplyFwdMsg"><b>Von:</b> NuvemJTI</div><div>{quoted}</div>'
        ),
        "yahoo": lambda quoted: f'<div class="yahoo_quoted">{quoted}</div>',
        "zoho": lambda quoted: (
            f'<div class="zmail_extra"><blockquote id="blockquote_zmail">{quoted}</blockquote></div>'
        ),
        "nothing": lambda quoted: quoted,
    }
    found |= {name: said + wrap(inner) for name, wrap in wrapped.items()}
    found["below"] = inner + said
    return found
