//! What both parties must agree on, and what they say where they do not.

use super::proxy::{Fault, Place, run_with_fault};
use super::*;
use crate::wire::{FrameKind, Header, TagChain};

fn setup() -> Setup {
    Setup::new(Program::millionaires(8), [RoleChoice::Auto; 2], 30)
}

/// Both parties refuse, name the same field, and see each other's value.
fn check_refused(results: Results) -> Disagreement {
    let [first, second] = results.map(|result| match result {
        Err(error @ SessionError::Disagreement(_)) => {
            assert_eq!(error.exit_code(), 4);
            match error {
                SessionError::Disagreement(disagreement) => disagreement,
                _ => unreachable!(),
            }
        }
        other => panic!("{other:?}"),
    });
    let mirrored = Disagreement { field: second.field, ours: second.theirs, theirs: second.ours };
    assert_eq!(first, mirrored);
    first
}

async fn refused(change: impl Fn(&mut SessionConfig)) -> (String, Option<String>, Option<String>) {
    let mut setup = setup();
    change(&mut setup.configs[1]);
    let started = tokio::time::Instant::now();
    let Disagreement { field, ours, theirs } = check_refused(setup.run_in_memory().await);
    assert!(started.elapsed() < Duration::from_secs(2));
    (field, ours, theirs)
}

fn field(name: &str, value: &str) -> Field {
    Field { name: name.into(), value: value.into() }
}

fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_field_with_two_values_is_named() {
    let found = refused(|config| config.agreement[0].value = "65".into()).await;
    assert_eq!(found, ("parameter N".into(), some("64"), some("65")));
}

#[tokio::test(start_paused = true)]
async fn a_field_of_one_side_is_named() {
    let found = refused(|config| config.agreement.clear()).await;
    assert_eq!(found, ("parameter N".into(), some("64"), None));
    let found = refused(|config| config.agreement.push(field("public reserve", "7"))).await;
    assert_eq!(found, ("public reserve".into(), None, some("7")));
}

#[tokio::test(start_paused = true)]
async fn the_order_of_fields_does_not_matter_and_the_first_by_name_is_named() {
    let mut setup = setup();
    setup.configs[0].agreement = vec![field("a", "1"), field("b", "2")];
    setup.configs[1].agreement = vec![field("b", "2"), field("a", "1")];
    setup.check(setup.run_in_memory().await);
    setup.configs[1].agreement = vec![field("b", "3"), field("a", "4")];
    assert_eq!(check_refused(setup.run_in_memory().await).field, "a");
}

#[tokio::test(start_paused = true)]
async fn another_program_is_refused() {
    let other = Program::chains(100).plan;
    let mut setup = setup();
    let digest = |plan: &SealedPlan| Some(blake3::Hash::from(plan.digest()).to_hex().to_string());
    let (ours, theirs) = (digest(&setup.program.plan), digest(&other));
    setup.configs[1].plan = other;
    // Both programs happen to take eight bits from the second party.
    assert_eq!(check_refused(setup.run_in_memory().await), Disagreement { field: "program".into(), ours, theirs });
}

#[tokio::test(start_paused = true)]
async fn what_plans_are_made_of_matters_only_where_they_differ() {
    let other = Program::chains(100).plan;
    let origin = |n: &str| vec![field("parameter N", n), field("public input x", "1")];
    for (ours, theirs) in [(origin("3"), origin("4")), (origin("3"), Vec::new()), (origin("3"), vec![field("z", "1")])]
    {
        let mut setup = setup();
        setup.configs[0].origin = ours.clone();
        setup.configs[1].origin = theirs.clone();
        setup.check(setup.run_in_memory().await);
        setup.configs[1].plan = other.clone();
        let expected = if theirs.len() == ours.len() { "parameter N" } else { "program" };
        assert_eq!(check_refused(setup.run_in_memory().await).field, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn two_of_one_role_or_of_one_party_are_refused() {
    for (role, name) in [(GARBLES, "garbler"), (EVALUATES, "evaluator")] {
        let mut setup = setup();
        setup.configs.iter_mut().for_each(|config| config.role = role);
        let expected = Disagreement { field: "role".into(), ours: some(name), theirs: some(name) };
        assert_eq!(check_refused(setup.run_in_memory().await), expected);
    }
    let found = refused(|config| config.party = PartyId(0)).await;
    assert_eq!(found, ("party".into(), some("alice"), some("alice")));
}

#[tokio::test(start_paused = true)]
async fn another_secure_channel_is_refused() {
    let setup = setup();
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let channel = |stream, binding: &[u8]| {
        let (reader, writer) = tokio::io::split(stream);
        Channel::new(reader, writer, binding.to_vec())
    };
    let channels = [channel(ours, b"one"), channel(theirs, b"another")];
    assert_eq!(check_refused(setup.run_both(channels).await).field, "secure channel");
}

#[tokio::test(start_paused = true)]
async fn values_of_the_other_party_are_shown_without_control_characters() {
    let mut setup = setup();
    setup.configs[1].agreement[0].value = "\x1b[2J".into();
    let error = setup.run_in_memory().await[0].as_ref().expect_err("they differ").to_string();
    assert_eq!(error, "the parties do not agree on parameter N: here \"64\", there \"\\u{1b}[2J\"");
}

#[tokio::test(start_paused = true)]
async fn a_party_of_another_version_is_refused_whatever_else_it_says() {
    let payload = b"HUSHGATE\x02\x02\x00\x03\x00 and things that version 1 does not know";
    let header = Header { kind: FrameKind::Hello, stream: 0, sequence: 0, length: payload.len() as u32 }.encode();
    let hello = [&header, payload.as_slice(), &TagChain::new().tag(&header, payload)].concat();
    let [first, _] = run_with_fault(&setup(), &Place { sender: 1, frame: 0 }, &Fault::Replace(hello)).await;
    let error = first.expect_err("there is no common version");
    assert_eq!(error.to_string(), "the parties do not agree on protocol version: here \"1\", there \"2, 3\"");
    assert_eq!(error.exit_code(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_stranger_is_told_so() {
    let (ours, mut theirs) = tokio::io::duplex(1 << 16);
    let (reader, writer) = tokio::io::split(ours);
    tokio::io::AsyncWriteExt::write_all(&mut theirs, b"GET / HTTP/1.1\r\n\r\n").await.expect("room");
    let error = setup().run_party(0, Channel::new(reader, writer, Vec::new())).await.expect_err("no offer came");
    assert!(error.to_string().contains("does not speak this protocol"), "{error}");
    assert_eq!(error.exit_code(), 6);
}

#[tokio::test(start_paused = true)]
async fn nothing_that_depends_on_an_input_is_sent_before_agreement() {
    for (role, party) in [(GARBLES, 0), (EVALUATES, 0), (GARBLES, 1), (EVALUATES, 1)] {
        let mut sent = Vec::new();
        for inputs in [false, true] {
            let mut setup = setup();
            setup.configs[party].role = role;
            setup.bits.fill(inputs);
            let (ours, mut theirs) = tokio::io::duplex(1 << 16);
            let (reader, writer) = tokio::io::split(ours);
            let error = setup.run_party(party as u32, Channel::new(reader, writer, Vec::new())).await;
            let expected = TimeoutKind::Handshake;
            assert!(matches!(error, Err(SessionError::Timeout { kind, .. }) if kind == expected), "{error:?}");
            let mut bytes = Vec::new();
            tokio::io::AsyncReadExt::read_to_end(&mut theirs, &mut bytes).await.expect("memory does not fail");
            sent.push(bytes);
        }
        assert!(sent[0] == sent[1], "what is sent does not depend on the inputs");
        assert!(sent[0].len() > 100, "the hello was sent");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_the_last_thing_that_is_sent() {
    let mut setup = setup();
    setup.configs[1].agreement[0].value = "65".into();
    // A fault at the second frame never happens: there is none.
    for sender in 0..2 {
        let results = run_with_fault(&setup, &Place { sender, frame: 1 }, &Fault::Insert(vec![1; 99])).await;
        check_refused(results);
    }
}

/// Names and values are a peer's choice and end on a terminal or in a log.
#[tokio::test(start_paused = true)]
async fn what_a_peer_names_cannot_drive_a_terminal() {
    let tricks =
        ["\x1b[2J\x1b[31m", "\r\nerror: all is well", "\u{7}\u{9b}31m", "\u{202e}\u{2066}", "\u{200b}\u{2028}"];
    for trick in tricks.map(str::to_owned).into_iter().chain(["x".repeat(50_000)]) {
        let changes: [&dyn Fn(&mut SessionConfig); 2] =
            [&|config| config.agreement.push(field(&format!("a{trick}"), "1")), &|config| {
                config.agreement[0].value = trick.clone()
            }];
        for change in changes {
            let mut setup = setup();
            change(&mut setup.configs[1]);
            let shown = check_refused(setup.run_in_memory().await).to_string();
            let is_unsafe =
                |c: char| c.is_control() || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}');
            assert!(!shown.contains(is_unsafe), "{shown:?}");
            assert!(shown.chars().count() < 500, "{} characters", shown.chars().count());
        }
    }
}
