"""Plots as inline SVG, by pygal: it draws, the page's own style sheet colours (X26).

A content security policy without inline styles and scripts stands around the page, so what pygal writes of both is
taken out. Every plot stands beside the table that says the same.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

_WIDTH: Final = 720
_INLINE: Final = re.compile(r"<(style|script|title)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_STYLE: Final = re.compile(r' style="[^"]*"')


def horizontal_bars(labels: Sequence[str], values: Sequence[int], title: str) -> Markup:
    """One bar a label, the first on top."""
    import pygal  # For the figures alone.

    chart = pygal.HorizontalBar(
        **_config(height=46 + 34 * len(labels)),
        margin_left=2 * max(map(len, labels), default=0),
        print_values=True,
        print_values_position="top",
        order_min=0,  # cases are whole: no tick between two of them
    )
    chart.value_formatter = "{:.0f}".format
    chart.x_labels = list(reversed(labels))
    chart.add("", [value or None for value in reversed(values)])
    return _drawn(chart, title)


def stacked_bars(labels: Sequence[str], series: Sequence[tuple[str, Sequence[float]]], title: str) -> Markup:
    """One bar a label, made of the series."""
    import pygal

    chart = pygal.StackedBar(**_config(height=300), margin_left=60)
    chart.x_labels = list(labels)
    for name, values in series:
        chart.add(name, list(values), formatter=_thousands)
    chart.value_formatter = _thousands
    return _drawn(chart, title)


def _config(height: int) -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": height,
        "js": (),
        "css": (),
        "disable_xml_declaration": True,
        "show_legend": False,
        "margin": 8,
        "no_data_text": "",
        "truncate_label": 60,
    }


def _drawn(chart: Any, title: str) -> Markup:
    svg = _STYLE.sub("", _INLINE.sub("", chart.render(is_unicode=True)))
    opening = f'<svg role="img" aria-label="{Markup.escape(title)}" focusable="false"'
    # The plotting library escapes what it is given.
    return Markup(svg.replace("<svg", opening, 1))  # noqa: S704


def _thousands(value: float) -> str:
    return f"{value:,.0f}".replace(",", ".")
