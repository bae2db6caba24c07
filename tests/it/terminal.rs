//! What people see on a terminal: progress while something goes on, a summary at the end, and nothing of it where quiet or JSON is asked for.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::relay::relay;
use super::sessions::Listening;
use super::{command, stderr, stdout, temporary};

/// A terminal of 120 columns, and what is written to it until all who write are gone.
struct Terminal {
    written: JoinHandle<Vec<u8>>,
    end: File,
}

impl Terminal {
    fn new() -> Terminal {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        tcsetwinsize(&ours, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap().into_string().unwrap();
        let end = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let written = thread::spawn(move || {
            let (mut ours, mut written, mut piece) = (File::from(ours), Vec::new(), [0; 4096]);
            // Where nobody has the other end any more, reading is an error.
            while let Ok(n @ 1..) = ours.read(&mut piece) {
                written.extend_from_slice(&piece[..n]);
            }
            written
        });
        Terminal { written, end }
    }

    fn stdio(&self) -> Stdio {
        self.end.try_clone().unwrap().into()
    }

    fn text(self) -> String {
        drop(self.end);
        String::from_utf8(self.written.join().unwrap()).unwrap()
    }
}

/// Runs a command whose errors go to a terminal; what came to it.
fn seen(mut command: Command) -> (Output, String) {
    let terminal = Terminal::new();
    command.env("TERM", "xterm").stderr(terminal.stdio()).stdout(Stdio::piped());
    let output = command.spawn().unwrap().wait_with_output().unwrap();
    drop(command);
    (output, terminal.text())
}

/// Bytes that the relay carries in a piece and how long it waits after each: 100 kB/s for the first 60 kB, then 1.6 MB/s.
const PIECE: usize = 4096;
const SLOW: (usize, Duration) = (60_000, Duration::from_millis(40));
const FAST: Duration = Duration::from_micros(2500);

/// Carries bytes as a slow link does.
fn slowly(mut from: TcpStream, mut to: TcpStream) {
    let (mut piece, mut carried) = ([0; PIECE], 0);
    while let Ok(n @ 1..) = from.read(&mut piece)
        && to.write_all(&piece[..n]).is_ok()
    {
        carried += n;
        thread::sleep(if carried < SLOW.0 { SLOW.1 } else { FAST });
    }
    let _ = to.shutdown(std::net::Shutdown::Write);
}

/// Products of what one party knows and what the other knows: about 1 MB of tables, and 30 kB of oblivious transfers.
fn program() -> PathBuf {
    temporary(
        "terminal.hush",
        "party a, b;\nfn main(x: [u16; 120] from a, y: [u16; 120] from b) -> u40 to all { wrap(x.zip(y).map(|p| p.0 * p.1).sum()) }\n",
    )
}

fn inputs(name: &str) -> String {
    format!("{{\"{name}\": [{}]}}", ["7"; 120].join(","))
}

const RESULT: &str = "a learns 5880";

/// The party that listens, on a terminal, and the one that connects, on none.
fn both(options: &[&str]) -> [(Output, String); 2] {
    let program = program();
    let party = |name: &'static str, more: &[&str]| {
        let input = inputs(if name == "a" { "x" } else { "y" });
        let program = program.to_str().unwrap().to_owned();
        command(&[&["join", &program, "--as", name, "--input", &input, "--timeout", "30"], more].concat())
    };
    let listening = Listening::spawn(party("b", &["--listen", "127.0.0.1:0"]));
    let (address, _) = relay(&listening.address, slowly);
    let shown = seen(party("a", &[&["--connect", &address], options].concat()));
    let output = listening.finish();
    let errors = stderr(&output);
    [shown, (output, errors)]
}

#[test]
fn a_terminal_shows_what_goes_on_and_a_summary_and_nothing_else_does() {
    let [(output, shown), (plain, plain_errors)] = both(&[]);
    assert!(output.status.success() && plain.status.success(), "{shown}{plain_errors}");
    assert!(stdout(&output).contains(RESULT));
    for part in ["compiling", "oblivious transfer", "garbled tables", " % ", " of ", "KiB/s", " left"] {
        assert!(shown.contains(part), "{part:?} is not in {shown:?}");
    }
    let places: Vec<_> =
        ["compiling", "oblivious transfer", "garbled tables", "AND gates"].map(|part| shown.find(part)).into();
    assert!(places.is_sorted(), "{places:?} in {shown:?}");
    // What remains of it is the summary: lines with time, and bytes sent and received, of each phase.
    let (_, summary) = shown.rsplit_once("\u{1b}[2K").unwrap_or_default();
    let lines: Vec<Vec<&str>> = summary.lines().map(|line| line.split_whitespace().collect()).collect();
    let names: Vec<&str> = lines.iter().filter_map(|line| line.first().copied()).collect();
    assert_eq!(names, ["compile", "handshake", "inputs", "tables", "outputs", "all", "AND", "connection"], "{shown:?}");
    assert_eq!(lines[0][3..], ["sent", "received"]);
    for line in &lines[1..6] {
        assert!(line.len() == 7 && line[1].parse::<f64>().is_ok() && matches!(line[2], "ms" | "s"), "{line:?}");
    }
    assert!(lines[6].join(" ").starts_with("AND gates ") && lines[6].join(" ").ends_with("a second"), "{:?}", lines[6]);
    // The other side, whose errors go to no terminal, has the same table and no trace of progress.
    assert!(!plain_errors.contains(['\r', '\u{1b}']) && !plain_errors.contains(" % "), "{plain_errors:?}");
    for name in names {
        let has = plain_errors.lines().any(|line| line.split_whitespace().next() == Some(name));
        assert!(has, "{name} is not in {plain_errors:?}");
    }
}

/// Gates of which nobody knows how many there will be have a rate; passes over those that there are also a share and the time left.
#[test]
fn a_terminal_shows_how_far_compiling_is() {
    let text = "use std::sort::sort;\nparty a, b;\nfn main(x: [u32; 150] from a, y: u8 from b) -> u32 to all { sort(x)[y.index()] }\n";
    let text = text.replace("y: u8", "y: u8 in 0..=149").replace("y.index()", "y");
    let path = temporary("compiling.hush", &text);
    let data = format!("a={{\"x\": [{}]}}", (1..=150).map(|i| i.to_string()).collect::<Vec<_>>().join(","));
    let (output, shown) = seen(command(&["run", path.to_str().unwrap(), "--input", &data, "--input", r#"b={"y": 9}"#]));
    assert!(output.status.success(), "{shown}");
    assert!(stdout(&output).contains("a learns 10"), "{}", stdout(&output));
    let places = ["compiling", " gates, ", "/s", "optimising: ", " % ", " of ", " left", "dividing and scheduling"]
        .map(|part| shown.find(part));
    assert!(places.iter().all(Option::is_some), "{places:?} in {shown:?}");
    assert!(places[0] < places[3] && places[3] < places[7], "{places:?} in {shown:?}");
}

#[test]
fn quiet_and_json_show_nothing_on_a_terminal() {
    let [(output, shown), _] = both(&["--quiet"]);
    assert_eq!((stdout(&output).trim_end(), shown.as_str()), (RESULT, ""));
    let [(output, shown), _] = both(&["--json"]);
    assert_eq!(shown, "");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["outputs"]["a"], 5880);
}

#[test]
fn colours_are_for_terminals_that_want_them() {
    let program = program();
    let run = || {
        command(&[
            "run",
            program.to_str().unwrap(),
            "--input",
            &format!("a={}", inputs("x")),
            "--input",
            &format!("b={}", inputs("y")),
        ])
    };
    let broken =
        temporary("terminal_broken.hush", "party a, b;\nfn main(x: u8 from a, y: u8 from b) -> u8 to a { x + y }\n");
    let check = || command(&["check", broken.to_str().unwrap()]);
    for (mut coloured, mut plain) in [(run(), run()), (check(), check())] {
        coloured.env_remove("NO_COLOR");
        plain.env("NO_COLOR", "1");
        let is_check = coloured.get_args().next().is_some_and(|arg| arg == "check");
        let (_, coloured) = seen(coloured);
        let (_, plain) = seen(plain);
        assert!(!plain.contains("\u{1b}[3") && !plain.contains("\u{1b}[1m"), "{plain:?}");
        assert!(!is_check || coloured.contains("\u{1b}["), "{coloured:?}");
    }
    let unattended = check().env_remove("NO_COLOR").output().unwrap();
    assert!(!stderr(&unattended).contains('\u{1b}'));
}

/// A batch counts rows.
#[test]
fn a_batch_shows_its_rows() {
    let program = temporary("quotes.hush", include_str!("../../examples/pairwise_quotes/one_quote.hush"));
    let table = |name: &str| temporary(&format!("terminal_{name}.csv"), &(format!("{name}\n") + &"100\n".repeat(400)));
    let out = temporary("terminal_out.csv", "");
    let batch = |party: &str, table: PathBuf, out: String, more: &[&str]| {
        let [program, table] = [&program, &table].map(|path| path.to_str().unwrap().to_owned());
        command(&[&["batch", &program, "--as", party, "--input", &table, "-o", &out][..], more].concat())
    };
    let name = |end: &str| format!("{}.{end}", out.to_str().unwrap());
    let listening = Listening::spawn(batch("buyer", table("bid"), name("buyer.csv"), &["--listen", "127.0.0.1:0"]));
    let (address, _) = relay(&listening.address, slowly);
    let (output, shown) = seen(batch("seller", table("ask"), name("seller.csv"), &["--connect", &address]));
    assert!(output.status.success() && listening.finish().status.success(), "{shown}");
    for part in ["rows", " of 400", "/s, ", " left", "in 400 runs"] {
        assert!(shown.contains(part), "{part:?} is not in {shown:?}");
    }
}
