import pytest

from rehearsal import breaking, gallery
from rehearsal.faults import Fault, Verdict, catalogue


async def nothing(local):
    pass


def test_the_page_has_a_row_a_fault_and_a_column_a_check():
    page = gallery.page(
        {
            "a": Fault(
                breaks="A breaks",
                caught_by=("one",),
                blame="worker",
                besides={"two": "worker", "three": "storage"},
                apply=nothing,
            ),
            "b": Fault(breaks="B breaks", caught_by=("two",), blame="config", apply=nothing),
            "c": Fault(breaks="C is slow", verdict=Verdict.KEPT, apply=nothing),
        },
        seconds={"a": 0.25, "b": 12.0, "c": 1.04},
    )
    assert "| fault | what is broken | `one` | `two` | `three` | blame | seconds |" in page
    assert "| `a` | A breaks | ● | ○ | ○ storage | worker | 0.2 |" in page
    assert "| `b` | B breaks |  | ● |  | config | 12.0 |" in page
    assert page.endswith("| `c` | C is slow | 1.0 |\n")


def test_a_fault_in_code_that_has_changed_is_an_error_and_not_another_fault():
    with pytest.raises(ValueError, match="0 times, not once: no such text"):
        breaking.rewritten(("no such text", ""))


def test_every_fault_s_file_says_what_it_is_about():
    assert all(fault.breaks and not fault.breaks.endswith(".") for fault in catalogue().values())
