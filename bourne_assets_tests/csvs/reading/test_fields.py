"""Fields are counted by us: a record that is not as wide as the others is named, not shifted."""

from pathlib import Path

import pytest

from bourne_assets_tests.csvs.reading.reads import read


@pytest.mark.parametrize("quoted", ["10", '"10"', "'10'"])
def test_a_surplus_empty_field_rejects_its_record(tmp_path: Path, quoted: str) -> None:
    text = f"id,qty,price,note\n1,{quoted},2,ok\n2,1,500,3,\n3,10,2,\n4,10,2,,,\n"
    found = read(tmp_path, text)
    assert [row[0] for row in found.rows] == [1, 3]
    assert found.rejected == [3, 5]


def test_a_delimiter_that_ends_all_records_divides_no_column_off(tmp_path: Path) -> None:
    found = read(tmp_path, "A,B,C\n1,4,7,\n2,5,8,\n3,6,9,x\n")
    assert (found.columns, found.rows) == (("A", "B", "C"), [(1, 4, 7), (2, 5, 8)])
    assert found.rejected == [4]
    assert found.reading.dialect.notes


def test_a_header_one_name_short_is_that_of_r(tmp_path: Path) -> None:
    found = read(tmp_path, '"qty" "price"\n"r1" 1 2.5\n"r2" 2 3.5\n"r3" 3 4.5\n')
    assert found.columns == ("row_name", "qty", "price")
    assert found.rows[0] == ("r1", 1, 2.5)


def test_a_header_with_a_delimiter_too_many_names_the_columns_below_it(tmp_path: Path) -> None:
    assert read(tmp_path, "a,b,,c\n1,2,3\n4,5,6\n").columns == ("a", "b", "c")
    assert read(tmp_path, "a,b,c,\n1,2,3\n4,5,6\n").columns == ("a", "b", "c")


def test_records_that_all_end_early_lack_their_last_columns(tmp_path: Path) -> None:
    found = read(tmp_path, "hit,answer,approve,reject\nh1,yes\nh2,no\n")
    assert found.rows == [("h1", "yes", None, None), ("h2", "no", None, None)]


def test_short_records_are_padded_where_that_is_declared(tmp_path: Path) -> None:
    text = "a,b,c\n1,2,3\n4\n5,6\n7,8,9,10\n"
    assert read(tmp_path, text).rejected == [3, 4, 5]
    found = read(tmp_path, text, pad=True)
    assert found.rows == [(1, 2, 3), (4, None, None), (5, 6, None)]
    assert found.rejected == [5]


def test_short_records_are_padded_where_a_delimiter_ends_the_others(tmp_path: Path) -> None:
    found = read(tmp_path, "A,B,C\n1,4,7,\n2,5,8,\n3,6\n5,8,9,x\n", pad=True)
    assert found.rows == [(1, 4, 7), (2, 5, 8), (3, 6, None)]
    assert found.rejected == [5]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_header_that_comes_again_is_never_a_row(tmp_path: Path, end: str) -> None:
    found = read(tmp_path, end.join(["id,x", "1,2", "id,x", "3,4", "ID,X", "5,6", ""]))
    assert found.types == ["BIGINT", "BIGINT"]
    assert (found.rows, found.rejected) == ([(1, 2), (3, 4), (5, 6)], [3, 5])


@pytest.mark.parametrize("again", ["\fid,x", " id , x"])
def test_a_header_that_comes_again_on_another_page_is_never_a_row(
    tmp_path: Path, again: str
) -> None:
    found = read(tmp_path, f"id,x\n1,2\n{again}\n3,4\n")
    assert (found.rows, found.rejected) == ([(1, 2), (3, 4)], [3])


def test_inch_marks_are_data_and_a_lost_delimiter_before_a_quote_is_not(tmp_path: Path) -> None:
    text = 'id,price,what\n1,5,"pipe, blue"\n2,6,5" pipe\n3,$9"Table, Round 48"""\n'
    found = read(tmp_path, text)
    assert [row[2] for row in found.rows] == ["pipe, blue", '5" pipe']
    assert found.rejected == [4]
    found = read(tmp_path, 'id,size\n1,5"\n2,6"\n3,"7"" x 8"""\n')
    assert [row[1] for row in found.rows] == ['5"', '6"', '7" x 8"']


def test_an_unclosed_quote_costs_its_line_and_no_other(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,name\n1,"a, b"\n2,"open, c\n3,"d"\n4,e\n')
    assert found.rows == [(1, "a, b"), (3, "d"), (4, "e")]
    assert found.rejected == [3]


def test_one_broken_line_among_many_leaves_the_others_their_quotes(tmp_path: Path) -> None:
    lines = [f'{n},"name {n}, x",{n}.5' for n in range(30)]
    for broken in ('7,"open, x,1.5', '7,"a"b, x",1.5', '7,"x" y,1.5'):
        found = read(tmp_path, "\n".join(["id,name,v", *lines, broken, *lines, ""]))
        assert found.columns == ("id", "name", "v")
        assert (found.rejected, found.rows[30]) == ([32], (0, "name 0, x", 0.5))


@pytest.mark.parametrize(
    ("sign", "row", "broken"),
    [
        ("\t", '"{n}"\t"a"\t"N"', '"5"\t"b";\t"N"'),
        (";", '"{n}";"a";"N"', '"5";"x;y""46"'),
        ("\t", '{n}\t"a"\t"N"', '5\t"b"\t"S""'),
    ],
)
def test_quotes_of_all_lines_are_quotes_where_a_broken_line_is_divided_without_them(
    tmp_path: Path, sign: str, row: str, broken: str
) -> None:
    lines = [broken if n == 5 else row.format(n=n) for n in range(12)]
    found = read(tmp_path, "\n".join([sign.join(["id", "what", "side"]), *lines]))
    assert found.rows[0] == (0, "a", "N")
    assert (len(found.rows), found.rejected) == (11, [7])


def test_two_open_quotes_among_few_lines_cost_these_alone(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,t,v\n1,"a",1\n2,"b,2\n3,c,3\n4,"d,4\n5,"e",5\n6,"f, g",6\n')
    assert [row[1] for row in found.rows] == ["a", "c", "e", "f, g"]
    assert found.rejected == [3, 5]


@pytest.mark.parametrize("rows", [3, 20])
def test_records_between_two_broken_quotes_are_not_swallowed(tmp_path: Path, rows: int) -> None:
    lines = [f"{n},n{n},{n}.5" for n in range(rows)]
    text = "\n".join(["id,t,v", *lines, '100,"open,0.5', *lines, '200,end",0.5', *lines, ""])
    found = read(tmp_path, text)
    assert found.rejected == [rows + 2]
    assert [row[0] for row in found.rows] == [*range(rows), *range(rows), 200, *range(rows)]


def test_a_record_with_another_number_of_fields_swallows_none_either(tmp_path: Path) -> None:
    rows = "".join(f'{n};"t;{n}";{n}.5\n' for n in range(9))
    found = read(tmp_path, f'id;t;v\n{rows}20;"x;y"";0.5\n21;b;2.5\n22;""q""";1.5\n')
    assert ((21, "b", 2.5) in found.rows, 11 in found.rejected) == (True, True)


@pytest.mark.parametrize("place", [0, 1])
def test_many_fields_of_two_lines_are_not_broken_quotes(tmp_path: Path, place: int) -> None:
    rows = [[f"{n}.5", f"{n}"] for n in range(40)]
    for row in rows:
        row.insert(place, '"two\nlines"')
    found = read(tmp_path, "a,b,c\n" + "".join(",".join(row) + "\n" for row in rows))
    assert (len(found.rows), found.rejected) == (40, [])


def test_a_field_may_hold_lines_that_are_not_records_of_its_file(tmp_path: Path) -> None:
    table = '"x,y,z\n1,a,2\nend, of, it"'
    rows = "".join(f"{n},t,{n}.5\n" for n in range(9))
    found = read(tmp_path, f"id,t,v\n{rows}10,{table},7\n")
    assert (found.rows[9], found.rejected) == ((10, table[1:-1], 7.0), [])


def test_blanks_before_all_quotes_are_not_part_of_the_fields(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,t\n1, "a, b"\n2, "c"\n')
    assert (found.rows, found.rejected) == ([(1, "a, b"), (2, "c")], [])


def test_blanks_behind_quotes_are_not_part_of_the_fields(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,name,n\n1,"a, b" ,5\n2,"c",6\n3,"d"  ,7\n')
    assert found.rows == [(1, "a, b", 5), (2, "c", 6), (3, "d", 7)]


def test_quotes_around_a_whole_record_make_one_field_of_it(tmp_path: Path) -> None:
    text = 'id,name,n\n"1,a,5"\n2,b,6\n3,c,7\n'
    assert read(tmp_path, text).rejected == [2]
    quoted = "".join(f'"{line}"\n' for line in text.replace('"', "").splitlines())
    assert read(tmp_path, quoted).rows[0] == ("1,a,5",)
    assert read(tmp_path, quoted.replace('"', "", 2)).rejected == [2, 3, 4]


def test_line_ends_in_quotes_stay_as_they_are(tmp_path: Path) -> None:
    found = read(tmp_path, b'id,t\n1,"a\rb"\n2,"c\r\nd"\n3,"e\n\nf"\n4,g\n')
    assert [row[1] for row in found.rows] == ["a\rb", "c\r\nd", "e\n\nf", "g"]


def test_a_carriage_return_among_line_feeds_ends_no_record(tmp_path: Path) -> None:
    found = read(tmp_path, b"id,t\n1,a\r9,b\n2,c\n")
    assert (found.rows, found.rejected) == ([(2, "c")], [2])


def test_the_empty_text_is_not_a_null_where_the_file_has_both(tmp_path: Path) -> None:
    assert read(tmp_path, 'id,t,n\n1,"",""\n2,,3\n').rows == [(1, "", None), (2, None, 3)]
    assert read(tmp_path, '"id","t"\n"1",""\n"2","x"\n').rows == [(1, None), (2, "x")]


def test_a_declared_null_in_quotes_is_a_text(tmp_path: Path) -> None:
    found = read(tmp_path, 'name,code,v\nNamibia,"NA",1\nNauru,NR,NA\n', nulls=["NA"])
    assert found.rows == [("Namibia", "NA", 1), ("Nauru", "NR", None)]


@pytest.mark.parametrize("null", ["{}", "{x}", "{0}"])
def test_a_declared_null_may_have_braces(tmp_path: Path, null: str) -> None:
    assert read(tmp_path, f"id,v\n1,{null}\n2,x\n", nulls=[null]).rows == [(1, None), (2, "x")]


def test_a_declared_null_may_begin_with_the_escape_character(tmp_path: Path) -> None:
    text = "1\t\\N\t5\n2\ta\\\tb\t\\N\n3\tN\t7\n"
    found = read(tmp_path, text, nulls=["\\N"], escape="\\", quote="", delimiter="\t")
    assert found.rows == [(1, None, 5), (2, "a\tb", None), (3, "N", 7)]


def test_comments_are_passed_over_and_are_not_lines(tmp_path: Path) -> None:
    found = read(tmp_path, "# made by x\na,b\n1,2\n# half\n3,4\n5\n", comment="#")
    assert (found.rows, found.rejected) == ([(1, 2), (3, 4)], [6])


def test_what_begins_like_a_comment_in_quotes_is_text(tmp_path: Path) -> None:
    found = read(tmp_path, 'a,b\n1,"x\n# y"\n# z "\n2,c\n', comment="#")
    assert (found.rows, found.rejected) == ([(1, "x\n# y"), (2, "c")], [])


@pytest.mark.parametrize("rows", [3, 150_000])
@pytest.mark.exhaustive
def test_quotes_beyond_doubt_and_others_give_the_same_rows(tmp_path: Path, rows: int) -> None:
    lines = [f'{n},"a, ""b"" {n}",{n}.5' for n in range(rows)]
    plain = read(tmp_path, "\n".join(["id,t,x", *lines, ""]))
    doubtful = read(tmp_path, "\n".join(["id,t,x", *lines, '7,5" pipe,1.5', ""]))
    assert plain.rows == doubtful.rows[:-1]
    assert plain.types == doubtful.types == ["BIGINT", "VARCHAR", "DOUBLE"]
