"""Pages of text and tables as a PDF: written once here, so that what stands on them reads as prose (X13)."""

import io
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import CondPageBreak, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from cancellation.language import words

_WIDTH: Final = A4[0] - 36 * mm - 12  # what the page leaves between its margins
_GREY: Final = colors.HexColor("#444444")
_LINE: Final = colors.HexColor("#bbbbbb")
_SHADE: Final = colors.HexColor("#eeeeee")
_MOST: Final = 1500
"""Characters of one cell: a row must fit on a page, and the whole text lies beside it as data."""


class Pages:
    """Pages as they are written: titles, sentences and tables, one after the other."""

    def __init__(self) -> None:
        self.story: list[Any] = []

    def title(self, text: str) -> None:
        """The dossier's name."""
        self.story.append(_paragraph(text, "title"))

    def heading(self, text: str) -> None:
        """What comes next."""
        self.story += [CondPageBreak(35 * mm), _paragraph(text, "heading")]

    def say(self, *sentences: str) -> None:
        """Sentences, a paragraph each."""
        self.story += [_paragraph(one, "body") for one in sentences]

    def table(
        self,
        columns: Sequence[str],
        shares: Sequence[float],
        rows: Iterable[Sequence[str]],
        *,
        none: str = "Nada registrado.",
    ) -> None:
        """A table whose head is repeated on each page; without rows, a sentence."""
        body = [[_paragraph(cell, "cell") for cell in row] for row in rows]
        if not body:
            self.say(none)
            return
        whole = sum(shares)
        table = LongTable(
            [[_paragraph(one, "head") for one in columns], *body],
            colWidths=[_WIDTH * share / whole for share in shares],
            repeatRows=1,
        )
        table.setStyle(
            TableStyle(
                [
                    ("VALIGN", (0, 0), (-1, -1), "TOP"),
                    ("BACKGROUND", (0, 0), (-1, 0), _SHADE),
                    ("LINEBELOW", (0, 0), (-1, -1), 0.4, _LINE),
                    ("LEFTPADDING", (0, 0), (-1, -1), 3),
                    ("RIGHTPADDING", (0, 0), (-1, -1), 3),
                    ("TOPPADDING", (0, 0), (-1, -1), 2),
                    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
                ]
            )
        )
        self.story += [table, Spacer(1, 2 * mm)]

    def drawn(self, protocol: str, note: str = "") -> bytes:
        """The PDF: the same bytes for the same pages."""
        foot = " — ".join(filter(None, (f"Dossiê {protocol}", note)))

        def footer(canvas: Any, document: Any) -> None:
            canvas.saveState()
            canvas.setFont("Vera", 7)
            canvas.setFillColor(_GREY)
            canvas.drawString(18 * mm, 10 * mm, foot)
            canvas.drawRightString(A4[0] - 18 * mm, 10 * mm, f"página {document.page}")
            canvas.restoreState()

        out = io.BytesIO()
        _styles()
        document = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=18 * mm,
            rightMargin=18 * mm,
            topMargin=16 * mm,
            bottomMargin=18 * mm,
            title=f"Dossiê do cancelamento {protocol}",
            subject="Evidências do cancelamento",
            author="cancelamento",
            lang="pt-BR",
            invariant=1,  # no clock and no random id: the same evidence gives the same bytes
            displayDocTitle=1,
        )
        document.build(self.story, onFirstPage=footer, onLaterPages=footer)
        return out.getvalue()


def _paragraph(text: str, style: str) -> Any:
    shown = words.printable(" ".join(text.split()))
    if len(shown) > _MOST:
        shown = f"{shown[:_MOST]}… (inteiro nos dados que acompanham)"
    return Paragraph(escape(shown), _styles()[style])


@cache
def _styles() -> dict[str, Any]:
    """Fonts are those that the library brings: they are embedded, with what each glyph means."""
    pdfmetrics.registerFont(TTFont("Vera", "Vera.ttf"))
    pdfmetrics.registerFont(TTFont("VeraBd", "VeraBd.ttf"))
    body = ParagraphStyle("body", fontName="Vera", fontSize=8.5, leading=11.5, spaceAfter=4, splitLongWords=1)
    return {
        "body": body,
        "cell": ParagraphStyle("cell", parent=body, fontSize=7, leading=9, spaceAfter=0),
        "head": ParagraphStyle("head", parent=body, fontName="VeraBd", fontSize=7, leading=9, spaceAfter=0),
        "title": ParagraphStyle(
            "title", parent=body, fontName="VeraBd", fontSize=15, leading=19, spaceAfter=8
        ),
        "heading": ParagraphStyle(
            "heading",
            parent=body,
            fontName="VeraBd",
            fontSize=11,
            leading=14,
            spaceBefore=9,
            spaceAfter=4,
        ),
    }
