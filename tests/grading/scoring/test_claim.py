import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grading.scoring.claim import Claim, ClaimInvalidError, read_claim

GOOD = b"Category,Id\n0,0\n1,1\n2,2\n1,3\n0,4\n"
PREDICTIONS = [0, 1, 2, 1, 0]


def read(content: bytes | str) -> Claim:
    """A claim of five rows and three classes."""
    return read_claim(content.encode() if isinstance(content, str) else content, 5, 3)


def problems(content: bytes | str) -> tuple[str, ...]:
    with pytest.raises(ClaimInvalidError) as caught:
        read(content)
    return caught.value.problems


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.rstrip(b"\n"),
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.replace(b"\n", b"\r"),
        b"\xef\xbb\xbf" + GOOD,
        b"\n" + GOOD + b"\n,\n\n",
        b'"Category","Id"\n"0","0"\n"1","1"\n"2","2"\n"1","3"\n"0","4"\n',
        b"Category, Id\n0.0, 0\n1., 1\n2.000000e+00, 2\n+1, 3\n0 ,4.0\n",
    ],
    ids=["plain", "no last line end", "Windows", "old Mac", "BOM", "blank lines", "quotes", "floats and spaces"],
)
def test_what_spreadsheets_and_libraries_write_is_read(content):
    claim = read(content)
    assert (claim.predictions.tolist(), claim.warnings) == (PREDICTIONS, ())
    assert claim.predictions.dtype == np.int64


@given(st.permutations(range(5)))
def test_the_order_of_rows_does_not_matter(order):
    assert read("Category,Id\n" + "".join(f"{PREDICTIONS[i]},{i}\n" for i in order)).predictions.tolist() == PREDICTIONS


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_columns_by_name_and_another_delimiter_are_read_with_a_warning(delimiter):
    rows = "".join(f"{i}{delimiter}{PREDICTIONS[i]}\n" for i in range(5))
    claim = read(f"Id{delimiter}Category\n{rows}")
    assert claim.predictions.tolist() == PREDICTIONS
    assert claim.warnings == (
        f"The columns were taken to be separated by {delimiter!r} instead of ','.",
        "The columns are in the order Id,Category; they were read by their names.",
    )


@pytest.mark.parametrize(
    ("content", "warning"),
    [
        (b"Category,Id\n0,0\n0,1\n0,2\n0,3\n0,4\n", "Every prediction is class 0, as in the sample submission."),
        (b"Category,Id\n2,0\n2,1\n2,2\n2,3\n2,4\n", "Every prediction is class 2."),
        (b"Category,Id\n2,0\n0,1\n2,2\n2,3\n2,4\n", "Only 2 of 3 classes are ever predicted; missing: 1."),
    ],
)
def test_predictions_that_look_unfinished_count_with_a_warning(content, warning):
    assert read(content).warnings == (warning,)


def test_every_problem_is_told_in_one_reply():
    content = ",Category,Id\n0,0,0\n1,0,1\n2,2\n3,Sneaker,3\n4,9.5,3\n"
    with pytest.raises(ClaimInvalidError) as caught:
        read(content)
    assert str(caught.value) == (
        "The predictions were not accepted, and this try does not count. The file has 5 problems:\n"
        "  - Line 1 must be the header Category,Id; it is ',Category,Id'. "
        "Write it without the index: to_csv(..., index=False).\n"
        "  - Every row must have 3 cells, as the first line has; line 4 has 2.\n"
        "  - Category must be a whole number from 0 to 2; in 2 rows it is not: "
        "line 5 has 'Sneaker', line 6 has '9.5'.\n"
        "  - 1 Id is there more than once: Id 3 on lines 5, 6.\n"
        "  - 2 Ids are missing: 2, 4.\n"
        "Mend it and hand it in again."
    )


@pytest.mark.parametrize("category", ["9.5", "3", "-1", "nan", "inf", "", "Sneaker", "1_0", "0x1", "1e999", "True"])
def test_what_is_no_class_number_is_quoted_with_its_line(category):
    assert problems(f"Category,Id\n0,0\n0,1\n{category},2\n0,3\n0,4\n") == (
        f"Category must be a whole number from 0 to 2; in 1 row it is not: line 4 has {category!r}.",
    )


@pytest.mark.parametrize("number", ["x", "5", "-1", "2.5", "nan", "99999999999999999999"])
def test_what_is_no_id_is_quoted_with_its_line_and_missing(number):
    assert problems(f"Category,Id\n0,0\n0,1\n0,{number}\n0,3\n0,4\n") == (
        f"Id must be a whole number from 0 to 4; in 1 row it is not: line 4 has {number!r}.",
        "1 Id is missing: 2.",
    )


def test_ids_that_count_from_one_are_recognised():
    assert problems("Category,Id\n0,1\n1,2\n2,3\n1,4\n0,5\n")[1:] == (
        "1 Id is missing: 0.",
        "The Ids seem to count from 1; they go from 0 to 4.",
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "It is empty; it begins with Category,Id."),
        (b"\n , \n", "It is empty; it begins with Category,Id."),
        (b"0,0\n1,1\n2,2\n1,3\n0,4\n", "Line 1 must be the header Category,Id; it is '0,0'."),
        (b"\ncategory,id\n", "Line 2 must be the header Category,Id; it is 'category,id'."),
        (b"Id\n0\n1\n2\n3\n4\n", "Line 1 must be the header Category,Id; it is 'Id'."),
        (b"Category,Id,Id\n", "Line 1 must be the header Category,Id; it is 'Category,Id,Id'."),
        (b"0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n", "it is '0,1,2,3,4,5,6,7,8,9,10,11,12,1...'."),
        (b"Category,Id\n0,0\n", "It has 1 row of predictions; 5 are needed, one for each Id."),
        (b"Category,Id\n" + b"0,0\n" * 9, "1 Id is there more than once: Id 0 on lines 2, 3, 4, 5, 6 and 4 more."),
        (b"PK\x03\x04", "It is a zip or an Excel workbook, not text. Save it as CSV."),
        (b"\x1f\x8b\x08", "It is gzip, not text. Save it as CSV."),
        ("Category,Id\n".encode("utf-16"), "It is text in UTF-16. Save it as CSV in UTF-8."),
        (b"Category,Id\n0,0\n\xe9,1\n", "Line 3 is not UTF-8 text. Save it as CSV in UTF-8."),
        (b"0" * 601, "It has 601 bytes; 5 rows of two numbers need less than 600."),
    ],
)
def test_a_file_that_is_no_claim_is_told_why(content, told):
    assert told in "\n".join(problems(content))


def test_a_wrong_header_does_not_hide_what_is_wrong_below_it():
    assert problems("label,id\n0,0\n0,1\n7,2\n0,3\n0,4\n") == (
        "Line 1 must be the header Category,Id; it is 'label,id'.",
        "Category must be a whole number from 0 to 2; in 1 row it is not: line 4 has '7'.",
    )


def test_of_many_problems_of_a_kind_the_first_five_are_shown():
    rows = "".join(f"Bag,{i // 2}\n" for i in range(10_000))
    with pytest.raises(ClaimInvalidError) as caught:
        read_claim(f"Category,Id\n{rows}".encode(), 10_000)
    category, twice, missing = caught.value.problems
    assert category.endswith("line 5 has 'Bag', line 6 has 'Bag' and 9,995 more.")
    assert twice.startswith("5,000 Ids are there more than once: Id 0 on lines 2, 3; Id 1 on lines 4, 5;")
    assert missing == "5,000 Ids are missing: 5000, 5001, 5002, 5003, 5004 and 4,995 more."


@given(st.one_of(st.binary(max_size=120), st.text('0123459.,;\t\n" _-eCategoryId', max_size=120).map(str.encode)))
def test_any_file_is_a_whole_claim_or_refused_with_its_problems(content):
    with contextlib.suppress(ClaimInvalidError):  # and no other error
        claim = read(content)
        assert claim.predictions.shape == (5,)
        assert set(claim.predictions.tolist()) <= {0, 1, 2}


@given(st.lists(st.integers(0, 9), min_size=1, max_size=50))
def test_predictions_written_to_a_file_are_read_back(predictions):
    content = "Category,Id\n" + "".join(f"{value},{i}\n" for i, value in enumerate(predictions))
    assert read_claim(content.encode(), len(predictions)).predictions.tolist() == predictions
