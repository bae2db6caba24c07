//! What data are accepted, and what is said of those that are not.

use num_bigint::BigInt;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::id::PartyId;
use hushgate_circuits::shape::{Shape, Value};

use super::*;

fn quarter() -> Shape {
    let count = Shape::Int { name: "u32 in 0..=100".to_owned(), lo: BigInt::ZERO, hi: BigInt::from(100) };
    Shape::Struct {
        name: "Quarter".to_owned(),
        fields: vec![("cases".to_owned(), count), ("signed".to_owned(), signed()), ("late".to_owned(), Shape::Bool)],
    }
}

fn signed() -> Shape {
    Shape::Int { name: "i8".to_owned(), lo: BigInt::from(-128), hi: BigInt::from(127) }
}

fn option(shape: Shape) -> Shape {
    let variants = vec![("None".to_owned(), Shape::Tuple(vec![])), ("Some".to_owned(), Shape::Tuple(vec![shape]))];
    Shape::Enum { name: "Option".to_owned(), variants }
}

fn array(element: Shape, len: u64) -> Shape {
    Shape::Array { element: Box::new(element), len }
}

fn port(name: &str, shape: Shape) -> InputPort {
    InputPort { name: name.to_owned(), party: PartyId(0), shape }
}

fn inline(json: &str) -> Given {
    Given {
        parameter: None,
        source: Source::Inline { option: "--input a".to_owned(), json: json.to_owned() },
        numbers: Rc::default(),
        unique: Rc::default(),
    }
}

/// Binds one parameter `x` from a JSON object.
fn bind_x(shape: Shape, json: &str) -> Result<Value, String> {
    let port = port("x", shape);
    bind("a", &[&port], &[inline(json)]).map(|mut values| values.remove(0)).map_err(|error| error.to_string())
}

#[track_caller]
fn round_trip(shape: Shape, json: &str) {
    let value = bind_x(shape.clone(), &format!("{{\"x\": {json}}}")).unwrap();
    assert_eq!(shape.decode(&shape.encode(&value).unwrap()), value);
    assert_eq!(value_to_json(&shape, &value).to_string(), json);
}

#[track_caller]
fn refuses(shape: Shape, json: &str, message: &str) {
    assert_eq!(bind_x(shape, json).unwrap_err(), message);
}

#[test]
fn values_survive_json_and_bits() {
    round_trip(Shape::Bool, "true");
    round_trip(signed(), "-128");
    round_trip(Shape::unsigned(64), "9007199254740992");
    round_trip(Shape::unsigned(64), "\"9007199254740993\"");
    round_trip(Shape::unsigned(0), "0");
    round_trip(quarter(), r#"{"cases":7,"signed":-1,"late":false}"#);
    round_trip(array(quarter(), 1), r#"[{"cases":100,"signed":127,"late":true}]"#);
    round_trip(option(signed()), "null");
    round_trip(option(signed()), "-3");
    round_trip(Shape::Tuple(vec![Shape::Bool, signed()]), "[true,5]");
    let variants = vec![("Few".to_owned(), Shape::Tuple(vec![])), ("Mean".to_owned(), Shape::Tuple(vec![signed()]))];
    let answer = Shape::Enum { name: "Answer".to_owned(), variants };
    round_trip(answer.clone(), "\"Few\"");
    round_trip(answer, r#"{"Mean":12}"#);
}

#[test]
fn integers_may_be_written_in_several_ways() {
    for json in ["255", "\"255\"", "\"0xff\"", "\"0xFF\""] {
        assert_eq!(bind_x(Shape::unsigned(8), &format!("{{\"x\":{json}}}")), Ok(Value::Int(255.into())));
    }
    let bytes = bind_x(array(Shape::unsigned(8), 2), r#"{"x":"hex:01fF"}"#);
    assert_eq!(bytes, Ok(Value::List(vec![Value::Int(1.into()), Value::Int(255.into())])));
}

#[test]
fn bad_json_is_placed_and_explained() {
    let x = |json: &str| format!("{{\"x\": {json}}}");
    refuses(signed(), &x("128"), "--input a: x: found 128; expected i8, a whole number from -128 to 127");
    refuses(
        signed(),
        &x("1.5"),
        "--input a: x: found 1.5; expected i8, a whole number from -128 to 127; where amounts with decimals are meant to count smaller \
         units, such as cents, say so: --decimals NAME=2",
    );
    refuses(signed(), &x("\"--1\""), "--input a: x: found \"--1\"; expected i8, a whole number from -128 to 127");
    refuses(Shape::Bool, &x("1"), "--input a: x: found 1; expected true or false");
    refuses(
        array(Shape::Bool, 2),
        &x("[true]"),
        "--input a: x: found 1 values; expected 2; fewer will do only where the program takes [Option<…>; 2]",
    );
    refuses(array(Shape::Bool, 1), &x("[true, false]"), "--input a: x: found 2 values; expected 1");
    refuses(
        array(quarter(), 1),
        &x(r#"[{"cases": 101, "signed": 0, "late": true}]"#),
        "--input a: x[0].cases: found 101; expected u32 in 0..=100, a whole number from 0 to 100",
    );
    refuses(
        quarter(),
        &x(r#"{"cases": 1, "late": true}"#),
        "--input a: x: the field `signed` is missing; expected i8, a whole number from -128 to 127",
    );
    refuses(
        quarter(),
        &x(r#"{"cases": 1, "lat": true}"#),
        "--input a: x: found a field `lat`; expected Quarter, an object with `cases`, `signed` and `late`",
    );
    refuses(array(Shape::unsigned(8), 2), &x("\"hex:01\""), "--input a: x: found 2 hex digits; expected 4");
    refuses(
        array(Shape::unsigned(8), 1),
        &x("\"hex:é\""),
        "--input a: x: found a character that is not a hex digit; expected pairs of 0-9, a-f after \"hex:\"",
    );
    refuses(Shape::Bool, "{}", "--input a: a's input is missing: `x`: bool");
    refuses(Shape::Bool, "[]", "--input a: found a list of 0; expected an object with a's inputs: `x`");
    refuses(Shape::Bool, r#"{"y": 1}"#, "--input a: y: a gives no input of this name; its inputs are `x`");
    let twice = bind_x(Shape::Bool, "{\"x\": true,\n \"x\": false}").unwrap_err();
    assert!(twice.starts_with("--input a: line 2, column 1"), "{twice}");
    assert!(twice.ends_with(": not valid JSON: the key \"x\" stands twice in one object"), "{twice}");
    refuses(Shape::Bool, "{", "--input a: line 1, column 1: not valid JSON: EOF while parsing an object");
}

#[test]
fn deep_json_is_refused_without_overflow() {
    let deep = format!("{{\"x\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(bind_x(Shape::Bool, &deep).unwrap_err().contains("recursion limit"));
}

/// The rows of a file, with numbers as declared.
fn read_csv(text: &str, shape: &Shape, numbers: Numbers) -> Result<Value, DataError> {
    let source = Source::File("q.csv".into());
    let given = Given { parameter: None, source, numbers: Rc::new(numbers), unique: Rc::default() };
    csv::read(&given, text, "x", shape)
}

fn csv_error(text: &str, len: u64) -> String {
    read_csv(text, &array(quarter(), len), Numbers::default()).unwrap_err().to_string()
}

#[test]
fn csv_rows_become_structs() {
    let text = "late,cases,signed\ntrue, 5 ,-1\n0,7,3\n";
    let value = read_csv(text, &array(quarter(), 2), Numbers::default()).unwrap();
    let json = value_to_json(&array(quarter(), 2), &value).to_string();
    assert_eq!(json, r#"[{"cases":5,"signed":-1,"late":true},{"cases":7,"signed":3,"late":false}]"#);
    let plain = read_csv("price\n1\n2\n", &array(Shape::unsigned(8), 2), Numbers::default()).unwrap();
    assert_eq!(plain, Value::List(vec![Value::Int(1.into()), Value::Int(2.into())]));
}

#[test]
fn bad_csv_is_placed_and_explained() {
    let header = "cases,signed,late\n";
    assert_eq!(
        csv_error(header, 1),
        "q.csv: found 0 rows; expected 1; fewer will do only where the program takes [Option<…>; 1]"
    );
    assert_eq!(
        csv_error(&format!("{header}1,2,true\n1,2,true\n"), 1),
        "q.csv: line 3: found more rows than the 1 of the array"
    );
    assert_eq!(
        csv_error(&format!("{header}\"1,000\",2,true\n"), 1),
        "q.csv: line 2, column \"cases\": found \"1,000\"; expected u32 in 0..=100, a whole number from 0 to 100; \
         if numbers are written like 1.234,56 in these data, say so: --numbers 1.234,56"
    );
    assert_eq!(
        csv_error(&format!("{header},2,true\n"), 1),
        "q.csv: line 2, column \"cases\": found an empty cell; expected u32 in 0..=100, a whole number from 0 to 100"
    );
    assert_eq!(
        csv_error(&format!("{header}1,2\n"), 1),
        "q.csv: line 2: found 2 cells; expected 3, as many as in the first row"
    );
    assert_eq!(
        csv_error("cases,signed\n1,2\n", 1),
        "q.csv: line 1: the column \"late\" is missing; expected `cases`, `signed` and `late`"
    );
    assert_eq!(
        csv_error("cases,signed,late,more\n", 1),
        "q.csv: line 1: found a column \"more\"; expected `cases`, `signed` and `late`"
    );
    assert_eq!(csv_error("late,late,cases\n", 1), "q.csv: line 1: found the column \"late\" twice");
}

fn text(n: u64) -> Shape {
    let fields = vec![("bytes".to_owned(), array(Shape::unsigned(8), n))];
    Shape::Struct { name: format!("str<{n}>"), fields }
}

/// `fixed<8, 8>` or a part of it.
fn fixed(lo: i32, hi: i32) -> Shape {
    let raw = Shape::Int { name: "i16".to_owned(), lo: BigInt::from(lo), hi: BigInt::from(hi) };
    Shape::Struct { name: "fixed<8, 8>".to_owned(), fields: vec![("raw".to_owned(), raw)] }
}

#[test]
fn texts_and_fixed_point_numbers_are_written_as_such() {
    let any = || fixed(-(1 << 15), (1 << 15) - 1);
    round_trip(text(5), "\"Zo\u{eb}\"");
    round_trip(text(0), "\"\"");
    round_trip(text(5), "\"hex:1\"");
    round_trip(any(), "-127.99609375");
    round_trip(any(), "0.5");
    round_trip(any(), "3.0");
    round_trip(option(text(2)), "\"ab\"");
    for (json, raw) in
        [("0.001953125", 1), ("-0.001953125", -1), ("0.0019", 0), ("\"1e2\"", 25600), ("25e-2", 64), ("7", 1792)]
    {
        let value = bind_x(any(), &format!("{{\"x\":{json}}}"));
        assert_eq!(value, Ok(Value::List(vec![Value::Int(raw.into())])), "{json}");
    }
    let long = Shape::Struct {
        name: "fixed<8, 60>".to_owned(),
        fields: vec![(
            "raw".to_owned(),
            Shape::Int { name: "i68".to_owned(), lo: BigInt::ZERO, hi: BigInt::from(1u64 << 60) },
        )],
    };
    let exact = "\"0.000000000000000000867361737988403547205962240695953369140625\"";
    round_trip(long, exact);
}

#[test]
fn bad_texts_and_fixed_point_numbers_are_explained() {
    let x = |json: &str| format!("{{\"x\": {json}}}");
    refuses(
        text(2),
        &x("\"abc\""),
        "--input a: x: found a text of 3 bytes; expected str<2>, a text of at most 2 bytes",
    );
    refuses(text(2), &x("[1, 2]"), "--input a: x: found a list of 2; expected str<2>, a text of at most 2 bytes");
    refuses(
        text(2),
        &x("\"\\u0000\""),
        "--input a: x: found a text with a zero character; expected str<2>, a text of at most 2 bytes",
    );
    let part = || fixed(0, 1 << 8);
    refuses(part(), &x("1.5"), "--input a: x: found 1.5; expected fixed<8, 8>, a number from 0 to 1");
    refuses(
        part(),
        &x("\"1,5\""),
        "--input a: x: found \"1,5\"; expected fixed<8, 8>, a number from 0 to 1; if numbers are written like 1.234,56 in these data, say so: --numbers 1.234,56",
    );
    refuses(part(), &x("true"), "--input a: x: found true; expected fixed<8, 8>, a number from 0 to 1");
    refuses(option(part()), &x("2"), "--input a: x: found 2; expected fixed<8, 8>, a number from 0 to 1, or null");
    let variants = vec![("Few".to_owned(), Shape::Tuple(vec![])), ("Mean".to_owned(), Shape::Tuple(vec![signed()]))];
    let answer = || Shape::Enum { name: "Answer".to_owned(), variants: variants.clone() };
    refuses(answer(), &x("\"Most\""), "--input a: x: found \"Most\"; expected Answer: one of `Few` and `Mean`");
    refuses(
        answer(),
        &x("\"Mean\""),
        "--input a: x: found \"Mean\" alone; expected {\"Mean\": …} with i8, a whole number from -128 to 127",
    );
    refuses(answer(), &x("{\"Few\": 1}"), "--input a: x: found a value for \"Few\"; expected \"Few\" alone");
    refuses(
        answer(),
        &x("{\"Mean\": 300}"),
        "--input a: x.Mean: found 300; expected i8, a whole number from -128 to 127",
    );
}

#[test]
fn csv_cells_hold_any_type() {
    let row = Shape::Struct {
        name: "Row".to_owned(),
        fields: vec![
            ("name".to_owned(), text(4)),
            ("price".to_owned(), fixed(0, 1 << 12)),
            ("age".to_owned(), option(signed())),
            ("key".to_owned(), array(Shape::unsigned(8), 2)),
        ],
    };
    let read = |text: &str| read_csv(text, &array(row.clone(), 1), Numbers::default());
    let json = |text: &str| value_to_json(&array(row.clone(), 1), &read(text).unwrap()).to_string();
    assert_eq!(
        json("name,price,age,key\nBob,9.99,,hex:0aff\n"),
        r#"[{"name":"Bob","price":9.98828125,"age":null,"key":[10,255]}]"#
    );
    assert_eq!(json("name,price,age,key\n,0,-3,\"[1, 2]\"\n"), r#"[{"name":"","price":0.0,"age":-3,"key":[1,2]}]"#);
    assert_eq!(
        read("name,price,age,key\nBob,9.99,x,hex:0aff\n").unwrap_err().to_string(),
        "q.csv: line 2, column \"age\": found \"x\"; expected i8, a whole number from -128 to 127, or an empty cell"
    );
    assert_eq!(
        read("name,price,age,key\nRobert,9.99,,hex:0aff\n").unwrap_err().to_string(),
        "q.csv: line 2, column \"name\": found a text of 6 bytes; expected str<4>, a text of at most 4 bytes"
    );
}

#[track_caller]
fn reads(text: &str, shape: &Shape, json: &str) {
    let value = read_csv(text, shape, Numbers::default()).unwrap();
    assert_eq!(value_to_json(shape, &value).to_string(), json, "{text:?}");
}

#[test]
fn texts_and_fixed_point_numbers_are_rows_of_their_own() {
    reads("name\nAnn\nBob\n", &array(text(4), 2), r#"["Ann","Bob"]"#);
    reads("price\n1.5\n-2\n", &array(fixed(-(1 << 15), 1 << 15), 2), "[1.5,-2.0]");
    let columns = read_csv("a,b\n1,2\n", &array(text(4), 1), Numbers::default()).unwrap_err();
    assert_eq!(columns.to_string(), "q.csv: line 1: found 2 columns; expected one, since each row is str<4>");
}

#[test]
fn arrays_of_options_are_filled_up() {
    let x = |json: &str| bind_x(array(option(signed()), 3), &format!("{{\"x\": {json}}}"));
    assert_eq!(x("[1]"), x("[1, null, null]"));
    assert_eq!(x("[]"), x("[null, null, null]"));
    assert!(x("[1, 2, 3, 4]").unwrap_err().ends_with("found 4 values; expected 3"));

    let plain = array(option(signed()), 4);
    reads("n\n1\n", &plain, "[1,null,null,null]");
    reads("n\n1\n\n3\n", &plain, "[1,null,3,null]");
    reads("n\r\n\r\n2\r\n\"\"\r\n4", &plain, "[null,2,null,4]");
    reads("n\n\n\n\n4\n\n", &plain, "[null,null,null,4]");
    let error = read_csv("n\n\n\n\n\n5\n", &plain, Numbers::default()).unwrap_err().to_string();
    assert_eq!(error, "q.csv: line 6: found more rows than the 4 of the array");
}

#[test]
fn rows_of_optional_structs_have_columns() {
    let rows = array(option(quarter()), 3);
    let some = r#"{"cases":7,"signed":1,"late":false}"#;
    reads("cases,signed,late\n7,1,0\n", &rows, &format!("[{some},null,null]"));
    reads("cases,signed,late\n,,\n7,1,0\n", &rows, &format!("[null,{some},null]"));
    reads("cases,signed,late\n\n7,1,0\n", &rows, &format!("[null,{some},null]"));
    let error = read_csv("cases,signed,late\n7,,0\n", &rows, Numbers::default()).unwrap_err();
    let found = "q.csv: line 2, column \"signed\": found an empty cell; expected i8, a whole number from -128 to 127";
    assert_eq!(error.to_string(), found);
}

#[test]
fn lines_are_counted_whatever_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["cases,signed,late", "1,2,true", "", "1,\"x", "\",true", "1,2"].join(end);
        let found = csv_error(&text, 9);
        assert!(found.starts_with("q.csv: line 4, column \"signed\": found"), "{end:?}: {found}");
        let text = text.replace("\"x", "\"2");
        assert_eq!(csv_error(&text, 9), "q.csv: line 6: found 2 cells; expected 3, as many as in the first row");
    }
}

fn numbers(style: &str, decimals: &[&str]) -> Numbers {
    let decimals: Vec<String> = decimals.iter().map(|&text| text.to_owned()).collect();
    Numbers::parse(Some(style).filter(|style| !style.is_empty()), &decimals).unwrap()
}

/// The struct of a price in cents, a rate, and a count that may be missing.
fn quote() -> Shape {
    let fields =
        [("price", Shape::unsigned(32)), ("rate", fixed(-(1 << 20), 1 << 20)), ("n", option(Shape::unsigned(16)))];
    Shape::Struct { name: "Quote".to_owned(), fields: fields.map(|(name, shape)| (name.to_owned(), shape)).to_vec() }
}

#[test]
fn declared_numbers_are_read_as_they_are_meant() {
    let expected = r#"[{"price":123456,"rate":-1.5,"n":1000},{"price":700,"rate":0.25,"n":null}]"#;
    for (text, declared) in [
        ("price;rate;n\n1.234,56;-1,5;1.000\n7;0,25;\n", numbers("1.234,56", &["price=2"])),
        ("n,price,rate\n\"1,000\",\"1,234.56\",-1.5\n,7.0,0.25\n", numbers("1,234.56", &["price=2"])),
        ("price\trate\tn\n1 234,56\t-1,5\t1000\n7,0\t0,25\t\n", numbers("1 234,56", &["price=2"])),
    ] {
        let value = read_csv(text, &array(quote(), 2), declared).unwrap();
        assert_eq!(value_to_json(&array(quote(), 2), &value).to_string(), expected, "{text}");
    }
    let given = |json: &str, declared| Given { numbers: Rc::new(declared), ..inline(json) };
    let port = port("x", array(quote(), 2));
    for json in [
        r#"{"x": [{"price": 1234.56, "rate": -1.5, "n": 1000}, {"price": 7, "rate": 0.25, "n": null}]}"#,
        r#"{"x": [{"price": "1.234,56", "rate": "-1,5", "n": "1.000"}, {"price": "7,00", "rate": 0.25, "n": null}]}"#,
    ] {
        let values = bind("a", &[&port], &[given(json, numbers("1.234,56", &["price=2"]))]).unwrap();
        assert_eq!(value_to_json(&port.shape, &values[0]).to_string(), expected, "{json}");
    }
    // A column of plain numbers with a decimal comma needs no quotes.
    let plain = read_csv("price\n1,5\n2\n", &array(Shape::unsigned(16), 2), numbers("1.234,56", &["x=1"])).unwrap();
    assert_eq!(plain, Value::List(vec![Value::Int(15.into()), Value::Int(20.into())]));
    assert_eq!(numbers("", &["price=2"]).unknown(&[&port]), None);
    assert_eq!(numbers("", &["prize=2"]).unknown(&[&port]), Some("prize"));
    assert_eq!(numbers("", &["rate=2"]).unknown(&[&port]), Some("rate"), "it has decimals of its own");
}

#[test]
fn numbers_that_do_not_fit_what_was_declared_are_placed_and_explained() {
    let error = |row: &str, declared| {
        read_csv(&format!("price;rate;n\n{row}\n"), &array(quote(), 1), declared).unwrap_err().to_string()
    };
    for (row, declared, says) in [
        (
            "1,234.5;0;0",
            numbers("1.234,56", &[]),
            "line 2, column \"price\": found \"1,234.5\"; expected u32, a whole number from 0 to 4294967295, written like 1.234,56",
        ),
        ("12.34,5;0;0", numbers("1.234,56", &[]), "written like 1.234,56"),
        (
            "1,234;0;0",
            numbers("1.234,56", &["price=2"]),
            "found \"1,234\"; expected a number with at most 2 decimals, which counts parts of 1/100",
        ),
        ("12.34;0;0", numbers("", &[]), "such as cents, say so: --decimals NAME=2"),
        ("12,34;0;0", numbers("", &[]), "--numbers 1.234,56"),
        ("1 000;0;0", numbers("", &[]), "--numbers"),
        (";0;0", numbers("1.234,56", &["price=2"]), "found an empty cell"),
        ("1;;0", numbers("1.234,56", &[]), "column \"rate\": found \"\""),
        ("1;0;x", numbers("1.234,56", &[]), "column \"n\": found \"x\""),
    ] {
        let error = error(row, declared);
        assert!(error.contains(says), "{says:?} is not in {error}");
    }
    let plain = read_csv("price\n1,5\n", &array(Shape::unsigned(16), 1), Numbers::default()).unwrap_err().to_string();
    assert!(plain.contains("found 2 cells; expected 1") && plain.contains("--numbers 1.234,56"), "{plain}");
    let x = bind_x(Shape::unsigned(16), r#"{"x": 12.5}"#).unwrap_err();
    assert!(x.contains("found 12.5") && x.contains("--decimals"), "{x}");
}

#[test]
fn texts_that_are_no_utf8_are_explained() {
    assert_eq!(not_utf8(b"\xff\xfea\0", 0), "is UTF-16 text, as its byte order mark says: save it as UTF-8");
    assert_eq!(not_utf8(b"a\nb\xe9", 3), "line 2: is not UTF-8 text (byte 3): save the file as UTF-8");
}

/// The rows of a file, or an inline value, in which these names stand once only.
fn read_once(names: &[&str], data: &str, shape: &Shape) -> Result<(), String> {
    let unique = Rc::new(Unique::new(names.iter().map(|&name| name.to_owned())));
    let outcome = if data.starts_with('{') {
        bind("a", &[&port("x", shape.clone())], &[Given { unique, ..inline(data) }]).map(drop)
    } else {
        csv::read(&Given { source: Source::File("q.csv".into()), unique, ..inline("") }, data, "x", shape).map(drop)
    };
    outcome.map_err(|error| error.to_string())
}

#[test]
fn what_stands_twice_is_placed_at_both_places() {
    let client = |id: Shape| {
        let fields = vec![("id".to_owned(), id), ("cents".to_owned(), Shape::unsigned(16))];
        Shape::Struct { name: "Client".to_owned(), fields }
    };
    let clients = array(client(Shape::unsigned(8)), 3);
    let twice = "id,cents\n7,1\n8,1\n\n7,2\n";
    assert_eq!(read_once(&["cents"], "id,cents\n7,1\n7,2\n7,3\n", &clients), Ok(()));
    assert_eq!(read_once(&[], twice, &clients), Ok(()));
    assert_eq!(
        read_once(&["id"], twice, &clients).unwrap_err(),
        "q.csv: line 5, column \"id\": found 7, which stands in line 2 already; expected each `id` once (--unique id)"
    );
    assert_eq!(
        read_once(&["id"], r#"{"x": [{"id": 7, "cents": 1}, {"id": 1, "cents": 1}, {"id": 7, "cents": 1}]}"#, &clients)
            .unwrap_err(),
        "--input a: x[2].id: found 7, which stands in x[0] already; expected each `id` once (--unique id)"
    );
    // A list by its own name: of plain values, or of whole rows.
    let bytes = array(Shape::unsigned(8), 3);
    assert_eq!(
        read_once(&["x"], "price\n1\n2\n1\n", &bytes).unwrap_err(),
        "q.csv: line 4, column \"price\": found 1, which stands in line 2 already; expected each `x` once (--unique x)"
    );
    let error = read_once(&["x"], r#"{"x": [5, 6, 6]}"#, &bytes).unwrap_err();
    assert!(error.contains("x[2]: found 6, which stands in x[1] already"), "{error}");
    assert_eq!(read_once(&["x"], "id,cents\n7,1\n7,2\n8,1\n", &clients), Ok(()));
    // What is missing is not the same; and values are compared, not how they are written.
    let optional = array(client(option(Shape::unsigned(8))), 3);
    assert_eq!(read_once(&["id"], "id,cents\n,1\n,2\n9,1\n", &optional), Ok(()));
    assert!(read_once(&["id"], "id,cents\n9,1\n,2\n0x9,1\n", &optional).is_err());
    let absent = array(option(client(Shape::unsigned(8))), 4);
    assert_eq!(read_once(&["id"], "id,cents\n1,1\n\n\n2,1\n", &absent), Ok(()));
    assert!(read_once(&["id"], "id,cents\n1,1\n\n\n1,1\n", &absent).unwrap_err().starts_with("q.csv: line 5,"));
    // Lists within rows have rows of their own.
    let nested = Shape::Struct { name: "Shop".to_owned(), fields: vec![("clients".to_owned(), clients.clone())] };
    let error = read_once(
        &["id"],
        r#"{"x": {"clients": [{"id":1,"cents":1},{"id":2,"cents":1},{"id":2,"cents":1}]}}"#,
        &nested,
    );
    assert!(error.unwrap_err().starts_with("--input a: x.clients[2].id: found 2, which stands in clients[1]"));
    // Also what is deeper in a row, or beside a list in a tuple.
    let pair = |shape: Shape| Shape::Tuple(vec![Shape::Bool, shape]);
    let row = array(pair(client(Shape::unsigned(8))), 2);
    let error =
        read_once(&["id"], r#"{"x": [[true, {"id":3,"cents":1}], [true, {"id":3,"cents":2}]]}"#, &row).unwrap_err();
    assert!(error.starts_with("--input a: x[1][1].id: found 3, which stands in x[0] already"), "{error}");
    let inner = vec![("client".to_owned(), client(Shape::unsigned(8)))];
    let row = array(Shape::Struct { name: "Row".to_owned(), fields: inner }, 2);
    let rows = r#"{"x": [{"client": {"id":3,"cents":1}}, {"client": {"id":3,"cents":2}}]}"#;
    let error = read_once(&["id"], rows, &row).unwrap_err();
    assert!(error.starts_with("--input a: x[1].client.id: found 3, which stands in x[0] already"), "{error}");
    let list = pair(clients.clone());
    let rows = r#"{"x": [true, [{"id":1,"cents":1},{"id":2,"cents":1},{"id":2,"cents":1}]]}"#;
    let error = read_once(&["id"], rows, &list).unwrap_err();
    assert!(error.starts_with("--input a: x[1][2].id: found 2, which stands in x[1][1] already"), "{error}");
    let unique = |name: &str| Unique::new([name.to_owned()]);
    let known = port("shops", array(nested, 2));
    for (name, missing) in [("id", None), ("clients", None), ("shops", None), ("ids", Some("ids"))] {
        assert_eq!(unique(name).unknown(&[&known]), missing);
    }
}
