//! Where two sides go on, and what a journal holds after a crash.

use serde_json::json;

use hushgate_circuits::id::PartyId;
use hushgate_circuits::shape::Shape;
use hushgate_runtime::session::SessionError;

use super::*;

fn offer(rows: u64, id: Option<&str>, done: u64) -> Offer {
    Offer { rows, pairs: false, id: id.map(str::to_owned), done }
}

#[test]
fn both_go_on_with_the_first_run_that_one_of_them_lacks() {
    let agree = |a: &Offer, b: &Offer| {
        let (here, there) = (a.agree(b, 0), b.agree(a, 1));
        assert_eq!(here.is_ok(), there.is_ok());
        here.ok().inspect(|here| assert_eq!(Some(here), there.ok().as_ref()))
    };
    let first = |a, b| agree(&a, &b).map(|agreed| (agreed.first, agreed.id));
    assert_eq!(first(offer(9, None, 0), offer(9, None, 0)), Some((0, None)));
    let x = || Some("x".to_owned());
    assert_eq!(first(offer(9, Some("x"), 5), offer(9, Some("x"), 4)), Some((4, x())));
    assert_eq!(first(offer(9, Some("x"), 0), offer(9, None, 0)), Some((0, None)), "nothing is done: they begin anew");
    assert_eq!(first(offer(9, Some("x"), 1), offer(9, None, 0)), None);
    assert_eq!(first(offer(9, Some("x"), 1), offer(9, Some("y"), 1)), None);
    assert_eq!(first(offer(9, None, 0), offer(8, None, 0)), None);
    assert!(offer(9, Some("x"), 9).agree(&offer(9, Some("x"), 10), 0).is_err());
    assert!(offer(RUNS_MAX + 1, None, 0).agree(&offer(RUNS_MAX + 1, None, 0), 0).is_err());
}

#[test]
fn each_row_meets_each() {
    let pairs = |rows| Offer { rows, pairs: true, id: None, done: 0 };
    let agreed = [pairs(2).agree(&pairs(3), 0), pairs(3).agree(&pairs(2), 1)].map(Result::unwrap);
    assert_eq!(agreed[0], agreed[1]);
    assert_eq!(agreed[0].order(0), [0, 0, 0, 1, 1, 1]);
    assert_eq!(agreed[0].order(1), [0, 1, 2, 0, 1, 2]);
    assert!(pairs(2).agree(&offer(2, None, 0), 0).is_err());
    assert!(pairs(RUNS_MAX).agree(&pairs(u64::MAX), 0).is_err());
}

struct Fixture {
    folder: tempfile::TempDir,
    port: InputPort,
    rows: Vec<Vec<Value>>,
}

impl Fixture {
    fn new() -> Fixture {
        Fixture {
            folder: tempfile::tempdir().expect("there is room for a file"),
            port: InputPort { name: "x".to_owned(), party: PartyId(0), shape: Shape::unsigned(8) },
            rows: (0..4u8).map(|i| vec![Value::Int(i.into())]).collect(),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("journal")
    }

    fn open(&self, rows: &[Vec<Value>]) -> Result<Journal, Failure> {
        let subject = Subject {
            program: "p".to_owned(),
            proposal: None,
            party: "a".to_owned(),
            peer: None,
            pairs: false,
            rows: rows.len() as u64,
        };
        Journal::open(&self.path(), subject, &[&self.port], rows)
    }

    fn begin(&self, journal: &mut Journal, theirs: &Offer) {
        let agreed = journal.offer().agree(theirs, 0).expect("both can go on");
        journal.begin("session", &agreed).expect("it can be written");
    }
}

fn row(row: u64, learned: u64) -> Row {
    Row { row, learned: json!(learned), failed: Vec::new() }
}

/// Cut off at each byte: what is read is what had its end, and the batch goes on from there.
#[test]
fn a_crash_at_any_byte_loses_no_whole_row_and_keeps_no_part_of_one() {
    let fixture = Fixture::new();
    let mut journal = fixture.open(&fixture.rows).expect("it is new");
    fixture.begin(&mut journal, &offer(4, None, 0));
    (0..4).for_each(|i| journal.add(row(i, 10 + i)).expect("it can be written"));
    assert!(journal.is_complete());
    drop(journal);
    let whole = std::fs::read(fixture.path()).expect("it was written");
    for length in 0..=whole.len() {
        std::fs::write(fixture.path(), &whole[..length]).expect("it can be written");
        let lines = whole[..length].iter().filter(|&&byte| byte == b'\n').count() as u64;
        let mut journal = fixture.open(&fixture.rows).expect("it can be read");
        assert_eq!(journal.done(), lines.saturating_sub(2));
        let learned: Vec<Row> = journal.rows().expect("it can be read").map(Result::unwrap).collect();
        assert_eq!(learned, (0..journal.done()).map(|i| row(i, 10 + i)).collect::<Vec<_>>());
        if length % 16 == 0 && !journal.is_complete() {
            let offer = Offer { ..journal.offer() };
            fixture.begin(&mut journal, &offer);
            let first = journal.done();
            (first..4).for_each(|i| journal.add(row(i, 10 + i)).expect("it can be written"));
            assert!(journal.is_complete());
        }
    }
}

#[test]
fn a_run_that_is_done_again_must_give_the_same() {
    let fixture = Fixture::new();
    let mut journal = fixture.open(&fixture.rows).expect("it is new");
    fixture.begin(&mut journal, &offer(4, None, 0));
    (0..3).for_each(|i| journal.add(row(i, i)).expect("it can be written"));
    let id = journal.offer().id;
    for (again, is_same) in [(2, true), (7, false)] {
        let theirs = Offer { rows: 4, pairs: false, id: id.clone(), done: 2 };
        fixture.begin(&mut journal, &theirs);
        assert_eq!(journal.add(row(2, again)).is_ok(), is_same);
        assert_eq!(journal.done(), 3);
    }
}

#[test]
fn a_journal_is_of_one_process_one_program_and_one_table() {
    let fixture = Fixture::new();
    let journal = fixture.open(&fixture.rows).expect("it is new");
    assert!(matches!(fixture.open(&fixture.rows), Err(Failure::Usage(text)) if text.contains("another process")));
    drop(journal);
    let mut other = fixture.rows.clone();
    other[3] = vec![Value::Int(9.into())];
    assert!(matches!(fixture.open(&other), Err(Failure::Data(_))));
    assert!(matches!(fixture.open(&fixture.rows[..3]), Err(Failure::Data(_))));
    assert!(fixture.open(&fixture.rows).is_ok());
    let text = std::fs::read_to_string(fixture.path()).expect("it was written");
    std::fs::write(fixture.path(), text.replace("\"party\":\"a\"", "\"party\":\"b\"")).expect("it can be written");
    assert!(matches!(fixture.open(&fixture.rows), Err(Failure::Usage(text)) if text.contains("another party")));
    std::fs::write(fixture.path(), "{\n").expect("it can be written");
    assert!(matches!(fixture.open(&fixture.rows), Err(Failure::Usage(text)) if text.contains("line 1 is damaged")));
}

/// With another number of rows on the other side, other rows would meet in the runs that are done.
#[test]
fn a_batch_goes_on_with_as_many_runs_as_it_began_with() {
    let fixture = Fixture::new();
    let subject = |rows: u64| Subject {
        program: "p".to_owned(),
        proposal: None,
        party: "a".to_owned(),
        peer: None,
        pairs: true,
        rows,
    };
    let mut journal = Journal::open(&fixture.path(), subject(4), &[&fixture.port], &fixture.rows).unwrap();
    let theirs = |rows, id: Option<&str>, done| Offer { rows, pairs: true, id: id.map(str::to_owned), done };
    let agreed = journal.offer().agree(&theirs(3, None, 0), 0).unwrap();
    assert!(journal.check(&agreed).is_ok());
    journal.begin("s", &agreed).unwrap();
    journal.add(Row { row: 0, learned: json!(1), failed: Vec::new() }).unwrap();
    let again = |rows| journal.offer().agree(&theirs(rows, Some("s"), 1), 0).unwrap();
    assert!(journal.check(&again(3)).is_ok());
    for rows in [2, 5] {
        let refused = journal.check(&again(rows));
        let Err(Failure::Session(SessionError::Disagreement(differs))) = refused else { panic!("{rows} rows") };
        assert_eq!(differs.field, "runs of the batch");
    }
}
