from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table

from spillover.report.breaking import Breakable


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (40, ["Functional_Correspondence of it  +0.123"]),
        (25, ["Functional_        +0.123", "Correspondence of", "it"]),
        (16, ["Function  +0.123", "al_", "Correspo", "ndence", "of it"]),
    ],
)
def test_words_stay_whole_where_they_fit_and_nothing_is_lost_where_they_do_not(width, lines):
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_row(Breakable("Functional_Correspondence of it"), "+0.123")
    console = Console(file=StringIO(), width=width)
    console.print(table)
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == lines
