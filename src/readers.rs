//! What the command reads of what others have said or written, for fuzzing: bytes go in, and must be read or refused.

use std::cell::OnceCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::id::PartyId;
use hushgate_circuits::shape::{Shape, Value};
use hushgate_runtime::identity::{Identity, Pin};
use hushgate_runtime::party::receipt::Terms;

use crate::approval::Approval;
use crate::batch::{Journal, Offer, RUNS_MAX, Subject};
use crate::data::{Given, Numbers, Source, Unique, bind, bind_table, value_to_json};
use crate::proposal::Sealed;
use crate::record::{Receipt, Signatory};
use crate::rules::{self, Rules, State};
use crate::shares::used::Used;
use crate::shares::{Keep, PublicFile, ResultFile, ShareFile};
use crate::statement::{Statement, Verdict};
use crate::{key, log, peers};

/// Messages of the peer beside those of a session: its statement, verdict and receipt.
pub fn from_peer(bytes: &[u8]) {
    let peer = Pin::Key(Identity::from_seed(&[1; 32]).public_key());
    let _ = (Statement::version_of(bytes), Statement::is_busy(bytes), Verdict::check(bytes));
    let zero = [0; 32];
    let terms = Terms {
        meeting: zero,
        program: zero,
        proposal: None,
        from_garbler: zero,
        from_evaluator: zero,
        garbler: "a".to_owned(),
        evaluator: "b".to_owned(),
    };
    assert!(Signatory::check(bytes, &terms, "b", peer).is_err(), "nobody has signed this");
    let Ok(statement) = Statement::from_bytes(bytes) else { return };
    assert!(Statement::from_bytes(&statement.to_bytes()).is_ok(), "what is read can be said again");
    let ours = Statement::new("a");
    let _ = (ours.compare(&statement, None, Some(peer)), ours.is_formal(&statement));
    for (pairs, seat) in [(false, 0), (false, 1), (true, 0), (true, 1)] {
        let ours = Offer { rows: 3, pairs, id: None, done: 0 };
        let Some(Ok(agreed)) = statement.batch.as_ref().map(|theirs| ours.agree(theirs, seat)) else { continue };
        let order = agreed.order(seat);
        assert!(order.len() as u64 <= RUNS_MAX && order.iter().all(|&row| row < 3), "runs are of rows that there are");
    }
}

/// Files that come from others, or that somebody may have changed: the first byte says of which kind. `folder` is for files of this call's own.
pub fn from_file(bytes: &[u8], folder: &Path) {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let path = folder.join("file");
    let write = || {
        let _ = fs::remove_file(&path);
        fs::write(&path, bytes).expect("there is room for a small file");
    };
    match kind % 9 {
        0 => {
            write();
            let Ok(sealed) = Sealed::read(&path) else { return };
            assert_eq!(sealed.text().as_bytes(), bytes, "it is in its one form");
            let public = InputPort { name: "n".to_owned(), party: PartyId(0), shape: Shape::unsigned(8) };
            let _ = (sealed.fields(), sealed.program(), sealed.public(&[public]));
        }
        1 => {
            let Ok(text) = std::str::from_utf8(bytes) else { return };
            let Ok(file) = ShareFile::parse(text) else { return };
            let _ = file.check_owner(None);
        }
        2 => {
            write();
            let _ = PublicFile::read(&path);
        }
        3 => {
            write();
            let _ = (Keep::read(&path), ResultFile::read(&path));
        }
        4 => {
            write();
            let _ = Receipt::read(&path).map(|receipt| receipt.verify().is_ok());
        }
        5 => {
            let _ = log::verify(bytes);
        }
        6 => {
            write();
            let _ = peers::read(&path);
        }
        // Lines of a journal that was begun, and one from its first line on.
        7 => {
            let _ = fs::remove_file(&path);
            let (program, proposal, party, peer) = ("00".to_owned(), None, "a".to_owned(), None);
            let subject = Subject { program, proposal, party, peer, pairs: false, rows: 1 };
            let open = || Journal::open(&path, subject.clone(), &[], &[Vec::new()]);
            drop(open().expect("there is room for a journal"));
            let begun = fs::read(&path).expect("it was written");
            for lines in [[&begun, bytes].concat(), bytes.to_vec()] {
                fs::write(&path, lines).expect("there is room for a small file");
                let Ok(journal) = open() else { continue };
                let _ = (journal.offer(), journal.last_session(), journal.is_complete());
            }
        }
        _ => {
            write();
            #[cfg(unix)]
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("it is ours");
            let _ = key::read(&path);
        }
    }
}

/// Files that we have written ourselves, as whatever has become of them: counted runs, used submissions, approvals, the log's last line. The first
/// byte says which.
pub fn own_state(bytes: &[u8], folder: &Path) {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    let path = folder.join("state");
    fs::write(&path, bytes).expect("there is room for a small file");
    match kind % 4 {
        0 => {
            let Ok(mut state) = State::read(&path) else { return };
            let rules = Rules { runs_per_day: Some(9), runs: Some(99), min_change: Some(3) };
            let subject = rules::Subject { proposal: &[1; 32], peer: "p", rules: &rules };
            let records = vec![vec![1, 2, 3], vec![1, 2, 4]];
            let allowance = state.allowance(&subject, 2, &records, 1 << 31);
            assert!(allowance.runs < 2 && allowance.all(2).is_err(), "the second is too much like the first");
            state.settle("s", 1);
            let read: State =
                serde_json::from_slice(&serde_json::to_vec(&state).expect("it is data")).expect("it was written");
            assert_eq!(
                read.allowance(&subject, 2, &records, 1 << 31).runs,
                state.allowance(&subject, 2, &records, 1 << 31).runs
            );
        }
        1 => {
            let Ok(mut used) = Used::read_from(&path) else { return };
            let submissions = ["a".to_owned(), "b".to_owned()];
            let refused = submissions.iter().any(|submission| used.refuses(submission).is_some());
            let added = used.add("s", &submissions, true);
            assert!(!(refused && added.is_ok()), "none is used twice");
            assert!(added.is_err() || submissions.iter().all(|submission| used.refuses(submission).is_some()));
        }
        2 => {
            let Ok(Some(approval)) = Approval::read(&path) else { return };
            let peer = Pin::Key(Identity::from_seed(&[1; 32]).public_key());
            assert!(approval.signed.check(&[0; 32], &approval.party, peer).is_err(), "nobody has signed this");
        }
        _ => {
            let (digest, n) = log::last(bytes);
            assert!(n > 0 || digest == log::BEGINNING);
            if let Ok(entries) = log::verify(bytes) {
                assert_eq!(entries.len() as u64, n);
            }
        }
    }
}

/// A party's data for inputs of every shape: the first byte says which, and how the text is to be read.
pub fn data(bytes: &[u8], folder: &Path) {
    let Some((&how, bytes)) = bytes.split_first() else { return };
    let port = InputPort { name: "x".to_owned(), party: PartyId(0), shape: shape(how % 6) };
    let path = folder.join(if how & 64 == 0 { "data.csv" } else { "data.json" });
    fs::write(&path, bytes).expect("there is room for a small file");
    let (style, decimals) = if how & 128 == 0 { (None, vec![]) } else { (Some("1.234,56"), vec!["n=2".to_owned()]) };
    let given = Given {
        parameter: None,
        source: Source::File(path),
        numbers: Rc::new(Numbers::parse(style, &decimals).expect("options that are right")),
        unique: Rc::new(Unique::new((how & 32 != 0).then(|| "n".to_owned()))),
    };
    let ports = [&port];
    let check = |values: &[Value]| {
        let bits = port.shape.encode(&values[0]).expect("what is read fits the shape");
        assert_eq!(port.shape.decode(&bits), values[0]);
        let _ = value_to_json(&port.shape, &values[0]);
    };
    let _ = bind("a", &ports, std::slice::from_ref(&given)).map(|values| check(&values));
    let _ = bind_table("a", &ports, &[given]).map(|rows| rows.iter().for_each(|values| check(values)));
}

/// Shapes that have everything that a file can say.
fn shape(which: u8) -> Shape {
    let field = |name: &str, shape: Shape| (name.to_owned(), shape);
    let record = |name: &str, fields: Vec<(String, Shape)>| Shape::Struct { name: name.to_owned(), fields };
    let array = |element: Shape, len| Shape::Array { element: Box::new(element), len };
    let signed = Shape::Int { name: "i9".to_owned(), lo: (-256).into(), hi: 255.into() };
    let text = record("str<5>", vec![field("bytes", array(Shape::unsigned(8), 5))]);
    let fixed = record("fixed<4, 4>", vec![field("raw", signed.clone())]);
    let option = |shape| {
        let variants = vec![field("None", Shape::Tuple(vec![])), field("Some", Shape::Tuple(vec![shape]))];
        Shape::Enum { name: "Option".to_owned(), variants }
    };
    let choice = Shape::Enum {
        name: "Choice".to_owned(),
        variants: vec![field("Few", Shape::Tuple(vec![])), field("Many", Shape::Tuple(vec![Shape::unsigned(16)]))],
    };
    let row = record("Row", vec![field("n", Shape::unsigned(70)), field("t", text.clone()), field("f", fixed)]);
    match which {
        0 => array(Shape::unsigned(16), 3),
        1 => array(row, 3),
        2 => array(option(row), 3),
        3 => array(record("R", vec![field("n", option(signed)), field("c", choice), field("b", Shape::Bool)]), 2),
        4 => Shape::Tuple(vec![array(Shape::unsigned(8), 4), text, Shape::Bool]),
        _ => array(Shape::Tuple(vec![Shape::Bool, choice]), 2),
    }
}

/// A folder for files, which is gone with the process.
pub fn folder() -> Rc<tempfile::TempDir> {
    thread_local!(static FOLDER: OnceCell<Rc<tempfile::TempDir>> = const { OnceCell::new() });
    FOLDER.with(|folder| folder.get_or_init(|| Rc::new(tempfile::tempdir().expect("there is room"))).clone())
}
