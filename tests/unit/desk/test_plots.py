"""Plots on the desk (X26)."""

import re

import pytest

from starters.desk.plots import horizontal_bars


@pytest.mark.parametrize("most", [1, 2, 7, 57, 4_000])
def test_an_axis_of_cases_counts_whole_cases_each_once_X26(most: int) -> None:
    drawn = horizontal_bars(["Pedidos", "Ficaram"], [most, 0], "Caminho")
    told = [int(number) for number in re.findall(r"<text[^>]*>(\d+)</text>", drawn)]
    *axis, last = told
    assert last == most  # beside its bar
    assert len(axis) == len(set(axis)) > 1
