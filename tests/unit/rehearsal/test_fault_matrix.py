from rehearsal.faults import ExpectedResult, Fault
from tests.e2e import fault_matrix


async def do_nothing(local):
    pass


def test_the_matrix_has_a_row_per_fault_and_a_column_per_check():
    faults = (
        Fault(
            name="a",
            description="A breaks",
            caught_by=("one",),
            cause="worker",
            may_report={"two": "worker", "three": "storage"},
            apply=do_nothing,
        ),
        Fault(name="b", description="B breaks", caught_by=("two",), cause="config", apply=do_nothing),
        Fault(name="c", description="C is slow", expected=ExpectedResult.PASSED, apply=do_nothing),
    )
    matrix = fault_matrix.write_matrix(
        {fault.name: fault for fault in faults}, seconds={"a": 0.25, "b": 12.0, "c": 1.04}
    )
    assert "| fault | description | `one` | `two` | `three` | cause | seconds |" in matrix
    assert "| `a` | A breaks | ● | ○ | ○ storage | worker | 0.2 |" in matrix
    assert "| `b` | B breaks |  | ● |  | config | 12.0 |" in matrix
    assert matrix.endswith("| `c` | C is slow | 1.0 |\n")
