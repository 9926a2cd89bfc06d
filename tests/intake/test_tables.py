"""CSV in all its dialects, one row a case or one file for each template."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from simdiag.errors import InvalidInput
from simdiag.intake.entries import Entry, plain
from simdiag.model.cases import Case
from simdiag.model.values import exactly

Reading = Callable[..., list[Entry]]
HEADER = "case,problem.kind,line.brand,attempt.amount,agent"
ROW = "c1,topup_failed,base,10.00,Zoë"


def only(entries: list[Entry]) -> Case:
    """Give the case of the only entry."""
    (entry,) = entries
    assert entry.case is not None, entry.problems
    return entry.case


def said(entry: Entry) -> list[str]:
    """Give place and code of everything wrong with an entry."""
    return [f"{problem.span} {problem.code}" for problem in entry.problems]


@pytest.mark.parametrize(
    "data",
    [
        f"{HEADER}\n{ROW}\n".encode(),
        f"{HEADER}\r\n{ROW}\r\n,,,,\r\n".encode("utf-8-sig"),
        f"{HEADER}\n{ROW}".replace(",", ";").encode(),
        f"{HEADER}\n{ROW}".replace(",", "\t").encode("utf-16"),
        f"sep=|\n{HEADER}\n{ROW}".replace(",", "|").encode(),
        f'"{HEADER}"\n"{ROW}"'.replace(",", '";"').encode(),
    ],
)
def test_dialects(data: bytes, read: Reading) -> None:
    """Separators, byte order marks, quotation marks and Excel's hint change nothing."""
    case = only(read({"t.csv": data}))
    assert case.id == "c1"
    assert case.facts("attempt").facts[0].slots == {"amount": exactly(1000)}
    assert case.passed_through == {"agent": "Zoë"}


def test_lists_of_a_row_are_open(read: Reading) -> None:
    """One row cannot hold all facts of a list, so its lists are open; `one` templates are not."""
    case = only(read({"t.csv": f"{HEADER}\n{ROW}"}))
    assert case.facts("attempt").open
    assert case.facts("line").open
    assert not case.facts("problem").open
    assert not case.facts("notice").given


def test_empty_and_unknown_cells_are_unknown(read: Reading) -> None:
    """A row without any value of a template says nothing about it."""
    case = only(read({"t.csv": f"{HEADER}\nc1,unknown,,,"}))
    assert dict(case.lists) == {}


def test_none_and_open_columns(read: Reading) -> None:
    """A column of a template's name takes `none`, and only that."""
    good, bad = read({"t.csv": "case,line.brand,notice\na,base,none\nb,base,two\n"})
    assert good.case is not None
    notices = good.case.facts("notice")
    assert (notices.given, notices.open, notices.facts) == (True, False, ())
    assert said(bad) == ["t.csv:3:3 (notice) form"]


def test_several_facts_in_a_row(read: Reading) -> None:
    """A number in brackets begins a further fact of the same template."""
    text = "case,attempt.amount,attempt[2].amount,attempt[2].receipt\na,5.00,10.00,no\nb,5.00,,\n"
    two, one = read({"t.csv": text})
    assert two.case is not None
    assert one.case is not None
    amounts = [fact.slots["amount"] for fact in two.case.facts("attempt").facts]
    assert sorted(amounts, key=str) == sorted([exactly(500), exactly(1000)], key=str)
    assert len(one.case.facts("attempt").facts) == 1


def test_problems_have_line_and_column_name(read: Reading) -> None:
    """Each problem names the line in which the row begins and the column; all come at once."""
    text = f'{HEADER}\n{ROW[:-3]}"two\nlines"\nc2,nonsense,base,10.005,x\nc3,topup_failed,base\n'
    good, wrong, short = read({"t.csv": text})
    assert good.case is not None
    assert said(wrong) == [
        "t.csv:4:2 (problem.kind) unknown-choice",
        "t.csv:4:4 (attempt.amount) value",
    ]
    assert plain(wrong.original) == dict(
        zip(HEADER.split(","), ["c2", "nonsense", "base", "10.005", "x"], strict=True)
    )
    assert said(short) == ["t.csv:5:1 cells"]
    assert plain(short.original) == {"row": "c3,topup_failed,base"}


def test_broken_quotes_cost_one_row(read: Reading) -> None:
    """A row whose quotation marks are wrong is one entry; the rows after it are read."""
    broken, good = read({"t.csv": f'{HEADER}\n"c0"x,topup_failed,base,1,\n{ROW}\n'})
    assert said(broken) == ["t.csv:2:1 syntax"]
    assert good.case is not None


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        ("case,line.brnd", "t.csv:1:2 (line.brnd) unknown-slot"),
        ("case,lin.brand", "t.csv:1:2 (lin.brand) unknown-slot"),
        ("case,line.brand,line.brand", "t.csv:1:3 (line.brand) duplicate-column"),
        ("case,line.brand,Line,case.x,CASE", "t.csv:1:5 (CASE) duplicate-target"),
        ("case,brand", "t.csv:1:1 (case) no-columns"),
    ],
)
def test_wrong_headers(header: str, problem: str, read: Reading) -> None:
    """A column that was most probably meant as a slot is never passed through in silence."""
    (entry,) = read({"t.csv": f"{header}\na{',base' * header.count(',')}\n"})
    assert said(entry) == [problem]


def test_other_columns_with_dots_pass_through(read: Reading) -> None:
    """A dot in a name that is near no template does not make it a slot."""
    case = only(read({"t.csv": "case,line.brand,no. of calls,x.y\na,base,3,4\n"}))
    assert case.passed_through == {"no. of calls": "3", "x.y": "4"}


# One file for each template -----------------------------------------------------------------------


def test_sheets_make_cases_together(read: Reading) -> None:
    """Files named as templates make up cases by their `case` column; lists with rows are closed."""
    entries = read(
        {
            "attempt.csv": "case,at,amount\ns2,2025-11-20,5\ns1,2025-11-20,10\ns2,2025-11-19,20\n",
            "cases.csv": "case,as_of,problem.kind,notice,agent\ns1,2025-11-21,other,none,A\n",
            "out/line.csv": "case,brand\ns1,base\n",
        }
    )
    assert [entry.id for entry in entries] == ["s1", "s2"]
    first, second = (entry.case for entry in entries)
    assert first is not None
    assert second is not None
    assert [len(case.facts("attempt").facts) for case in (first, second)] == [1, 2]
    assert not first.facts("attempt").open
    assert not first.facts("notice").open
    assert not second.facts("line").given
    assert first.passed_through == {"agent": "A"}
    assert first.as_of.high > second.as_of.high


def test_two_rows_of_a_template_with_one_fact(read: Reading) -> None:
    """Two rows of a `one` template in a case are an error of cardinality."""
    (entry,) = read({"problem.csv": "case,kind\na,other\na,line_dead\n"})
    assert [problem.code for problem in entry.problems] == ["cardinality"]


def test_row_without_case(read: Reading) -> None:
    """A row that belongs to no case is set aside; the cases are read."""
    lost, good = read({"line.csv": "case,brand\n,base\na,base\n"})
    assert said(lost) == ["line.csv:2:1 (case) missing-key"]
    assert good.case is not None


def test_broken_sheet_stops_its_cases(read: Reading) -> None:
    """Without one of its sheets a case would not be the one written down, so none is made."""
    entries = read(
        {"line.csv": "case,brand\na,base\n", "attempt.csv": "case,payment_sate\na,captured\n"}
    )
    assert [said(entry) for entry in entries] == [["attempt.csv:1:2 (payment_sate) unknown-slot"]]


# Maps ---------------------------------------------------------------------------------------------

MAP = """
columns: {Ticket: case, Nummer: [line.msisdn, attempt.target_msisdn], Wann: attempt.at,
  Betrag: attempt.amount, Bank: attempt.payment_state, line.brand: null, Art: problem.kind}
values:
  attempt.payment_state: {Gebucht: captured, "?": unknown}
  problem.kind: {"weg, bezahlt": paid_not_credited}
always: {user.in_belgium: yes, attempt.channel: kiosk}
date_format: [dd.mm.yy hh:mm, dd.mm.yyyy]
decimal: ","
"""
TABLE = """Ticket;Nummer;Wann;Betrag;Bank;line.brand;Art
t1;0470 12 34 56;20.11.25 17:50;1.234,50 €;gebucht;any;weg, bezahlt
t2;0470 12 34 56;19.11.2025;10;?;any;other|line_dead
t3;0470 12 34 56;2025-11-20;1.5;Gebucht;any;other
"""


def test_column_map(read: Reading) -> None:
    """A map gives columns, words, dates, the decimal sign and fixed values their meaning."""
    first, second, third = read({"t.csv": TABLE}, MAP)
    assert first.case is not None
    assert second.case is not None
    (attempt,) = first.case.facts("attempt").facts
    assert attempt.slots["amount"] == exactly(123450)
    assert attempt.slots["payment_state"] == "captured"
    assert attempt.slots["target_msisdn"] == "+32470123456"
    assert attempt.slots["channel"] == "kiosk"
    assert attempt.written["at"] == "2025-11-20 17:50:00"
    assert first.case.facts("user").facts[0].slots == {"in_belgium": True}
    assert first.case.facts("problem").facts[0].slots["kind"] == frozenset({"paid_not_credited"})
    assert first.case.passed_through == {"line.brand": "any"}
    assert "payment_state" not in second.case.facts("attempt").facts[0].slots
    assert second.case.facts("problem").facts[0].slots["kind"] == frozenset({"other", "line_dead"})
    assert said(third) == ["t.csv:4:3 (Wann) value", "t.csv:4:4 (Betrag) value"]


def test_decimal_sign_is_never_guessed(read: Reading) -> None:
    """Without a decimal sign in a map, a thousand that may be three decimals is an error."""
    table = "case,attempt.amount\na,1.234\n"
    (refused,) = read({"t.csv": table})
    assert said(refused) == ["t.csv:2:2 (attempt.amount) value"]
    case = only(read({"t.csv": table}, 'decimal: ","'))
    assert case.facts("attempt").facts[0].slots["amount"] == exactly(123400)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("colums: {}", "1:1"),
        ("columns: {Ticket: lin.brand}", "1:19"),
        ("columns: {Ticket: case, Nummer: case}", "1:33"),
        ("columns: {Tickt: case}", "1:11"),
        ("values: {attempt.payment_state: {x: paidd}}", "1:37"),
        ("values: {attempt: {x: paidd}}", "1:10"),
        ("always: {line.brand: nonsense}", "1:22"),
        ("date_format: 20/11/2025", "1:14"),
        ("decimal: x", "1:10"),
        ("encoding: martian", "1:11"),
        ("[]", "1:1"),
    ],
)
def test_wrong_maps(text: str, place: str, read: Reading) -> None:
    """A map that is wrong is refused with the place of each mistake, before any row is read."""
    with pytest.raises(InvalidInput) as caught:
        read({"t.csv": TABLE}, text)
    assert [str(problem.span).split("map.yaml:")[-1] for problem in caught.value.problems] == [
        place
    ]


def test_encoding_of_old_spreadsheets(read: Reading) -> None:
    """A table in another encoding is refused with its place, and read when a map names it."""
    data = f"{HEADER}\n{ROW}".encode("cp1252")
    (entry,) = read({"t.csv": data})
    assert said(entry) == [f"t.csv:2:{len(ROW)} encoding"]
    assert only(read({"t.csv": data}, "encoding: cp1252")).passed_through == {"agent": "Zoë"}
