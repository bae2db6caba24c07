//! Keys: made, kept, exchanged, and what two processes do with them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::json;

use super::sessions::Listening;
use super::{command, json, stderr, stdout, temporary};

/// The folder of an organisation that has no key yet.
fn home(name: &str) -> PathBuf {
    temporary(&format!("{name}.marker"), "").with_file_name(format!("home-{name}"))
}

/// The folder of an organisation with a key.
pub(super) fn organisation(name: &str) -> PathBuf {
    let home = home(name);
    assert!(at(&home, &["keygen"]).output().unwrap().status.success());
    home
}

pub(super) fn at(home: &Path, args: &[&str]) -> Command {
    let mut command = command(args);
    command.env("HUSHGATE_HOME", home);
    command
}

pub(super) fn id(home: &Path, name: &str) -> String {
    json(&at(home, &["id", "--json"]).output().unwrap())[name].as_str().unwrap().to_owned()
}

/// The command ends with `code` and says all of `says` on standard error.
#[track_caller]
fn fails(output: &Output, code: i32, says: &[&str]) {
    let errors = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{errors}");
    assert_eq!(stdout(output), "");
    for part in says {
        assert!(errors.contains(part), "{part:?} is not in: {errors}");
    }
}

/// Alice listens, Bob connects, each at its own home and with its own further arguments.
fn join(alice: (&Path, &[&str]), bob: (&Path, &[&str])) -> [Output; 2] {
    let party = |name| ["join", "examples/millionaires", "--json", "--timeout", "3", "--as", name];
    let listen = [&party("alice"), alice.1, &["--listen", "127.0.0.1:0"]].concat();
    let listening = Listening::spawn(at(alice.0, &listen));
    let connect = [&party("bob"), bob.1, &["--connect", &listening.address]].concat();
    let connected = at(bob.0, &connect).output().unwrap();
    [listening.finish(), connected]
}

#[test]
fn a_key_is_private_never_overwritten_and_never_printed() {
    let home = home("keygen");
    fails(&at(&home, &["id"]).output().unwrap(), 2, &["hushgate keygen"]);
    let made = at(&home, &["keygen"]).output().unwrap();
    assert!(made.status.success(), "{}", stderr(&made));
    let file = home.join("secret.key");
    let secret = std::fs::read_to_string(&file).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(home.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let digits = secret.strip_prefix("hushgate secret key v1\n").unwrap().trim_end();
    assert_eq!(digits.len(), 64);

    let again = at(&home, &["keygen"]).output().unwrap();
    fails(&again, 7, &["not overwritten", "secret.key"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), secret);
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 1, "nothing is left behind");

    let shown = at(&home, &["id"]).output().unwrap();
    assert_eq!(stdout(&shown), stdout(&made));
    assert!(stdout(&shown).contains(&id(&home, "fingerprint")) && stdout(&shown).contains(&id(&home, "key")));
    for output in [made, again, shown] {
        let text = stdout(&output) + &stderr(&output);
        assert!(!text.replace('-', "").contains(&digits[..16]), "{text}");
    }
}

#[test]
fn where_keys_are_kept_follows_the_environment() {
    let folder = home("environment");
    let keygen = |variables: &[(&str, &Path)]| {
        let mut keygen = command(&["keygen"]);
        keygen.env_remove("HUSHGATE_HOME").env_remove("XDG_CONFIG_HOME").env_remove("HOME");
        keygen.envs(variables.iter().copied()).output().unwrap()
    };
    assert!(keygen(&[("HOME", &folder)]).status.success());
    assert!(folder.join(".config/hushgate/secret.key").exists());
    assert!(keygen(&[("HOME", &folder), ("XDG_CONFIG_HOME", &folder.join("xdg"))]).status.success());
    assert!(folder.join("xdg/hushgate/secret.key").exists());
    let all = [("HOME", &*folder), ("XDG_CONFIG_HOME", &*folder), ("HUSHGATE_HOME", &folder.join("own"))];
    assert!(keygen(&all).status.success());
    assert!(folder.join("own/secret.key").exists());
    fails(&keygen(&[]), 2, &["HUSHGATE_HOME"]);
    let out = folder.join("elsewhere.key");
    assert!(at(&folder, &["keygen", "--out", out.to_str().unwrap()]).output().unwrap().status.success());
    assert!(at(&folder, &["id", "--key", out.to_str().unwrap()]).output().unwrap().status.success());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let home = organisation("permissions");
    let file = home.join("secret.key");
    for mode in [0o640, 0o604, 0o620, 0o601, 0o666] {
        std::fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        fails(&at(&home, &["id"]).output().unwrap(), 7, &["chmod 600", "secret.key"]);
    }
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o400)).unwrap();
    assert!(at(&home, &["id"]).output().unwrap().status.success());
}

#[test]
fn damaged_keys_and_lists_of_peers_are_refused() {
    let home = organisation("damaged");
    let file = home.join("secret.key");
    let good = std::fs::read_to_string(&file).unwrap();
    for bad in
        ["", "hushgate secret key v1\n", &good[..good.len() - 2], &(good.clone() + "0"), &good.replace("v1", "v2")]
    {
        std::fs::write(&file, bad).unwrap();
        let output = at(&home, &["id"]).output().unwrap();
        fails(&output, 2, &["not a key file"]);
        assert!(!stderr(&output).contains(&good[30..40]));
    }
    for bad in ["peers = 1", "[peers]\nx = 1", "[peers]\nx = \"12\"", "[other]", "[peers]\n\"a b\" = \"\"", "["] {
        std::fs::write(home.join("peers.toml"), bad).unwrap();
        fails(&at(&home, &["peer", "list"]).output().unwrap(), 2, &["peers.toml"]);
    }
}

#[test]
fn peers_are_added_listed_and_removed() {
    let (ours, theirs) = (organisation("list-ours"), organisation("list-theirs"));
    let peer = |args: &[&str]| at(&ours, &[&["peer"], args].concat()).output().unwrap();
    let (fingerprint, key) = (id(&theirs, "fingerprint"), id(&theirs, "key"));
    assert_eq!(stdout(&peer(&["list"])), "");
    assert!(peer(&["add", "bank_b", &fingerprint.to_uppercase()]).status.success());
    assert!(peer(&["add", "bank_b", &fingerprint]).status.success(), "the same again changes nothing");
    assert!(peer(&["add", "clinic", &key]).status.success());
    assert_eq!(json(&peer(&["list", "--json"])), json!({ "bank_b": fingerprint, "clinic": key }));
    assert_eq!(stdout(&peer(&["list"])), format!("bank_b  {fingerprint}\nclinic  {key}\n"));

    fails(&peer(&["add", "bank_b", &id(&ours, "key")]), 7, &["peer remove bank_b", &fingerprint]);
    fails(&peer(&["add", "bank_b", "12"]), 2, &["32 hexadecimal digits"]);
    fails(&peer(&["add", "a b", &key]), 2, &["not a name"]);
    fails(&peer(&["add", &fingerprint, &key]), 2, &["not a name"]);
    fails(&peer(&["remove", "nobody"]), 2, &["nobody", "bank_b, clinic"]);
    assert!(peer(&["remove", "bank_b"]).status.success());
    assert_eq!(json(&peer(&["list", "--json"])), json!({ "clinic": key }));
}

#[test]
fn peers_that_are_added_at_once_are_all_kept() {
    let home = organisation("at-once");
    let key = id(&home, "key");
    let adding: Vec<_> =
        (0..8).map(|i| at(&home, &["peer", "add", &format!("peer{i}"), &key]).spawn().unwrap()).collect();
    assert!(adding.into_iter().all(|mut child| child.wait().unwrap().success()));
    let listed = json(&at(&home, &["peer", "list", "--json"]).output().unwrap());
    assert_eq!(listed.as_object().unwrap().len(), 8);
}

#[test]
fn two_processes_that_know_each_other_get_the_answer_over_tls() {
    let (alice, bob) = (organisation("tls-alice"), organisation("tls-bob"));
    assert!(at(&alice, &["peer", "add", "bob", &id(&bob, "fingerprint")]).output().unwrap().status.success());
    let alices_key = id(&alice, "key");
    let own_key = bob.join("secret.key");
    let bobs = ["--peer", &alices_key, "--key", own_key.to_str().unwrap()];
    let [first, second] = join((&alice, &["--peer", "bob"]), (&home("tls-none"), &bobs)).map(|output| json(&output));
    assert_eq!(first["outputs"], json!({ "alice": false }));
    assert_eq!(second["outputs"], json!({ "bob": false }));
    assert_eq!((&first["stats"]["plaintext"], &second["stats"]["plaintext"]), (&json!(false), &json!(false)));
}

#[test]
fn a_wrong_key_on_either_side_is_refused_and_both_say_so() {
    let [alice, bob, carol] = ["wrong-alice", "wrong-bob", "wrong-carol"].map(organisation);
    let [a, b, c] = [&alice, &bob, &carol].map(|home| id(home, "fingerprint"));
    let [first, second] = join((&alice, &["--peer", &b]), (&bob, &["--peer", &c]));
    fails(&second, 6, &["wrong key", &c, &a]);
    fails(&first, 4, &["does not accept our key", &a]);
    let [first, second] = join((&alice, &["--peer", &c]), (&bob, &["--peer", &a]));
    fails(&first, 6, &["wrong key", &c, &b]);
    fails(&second, 4, &["does not accept our key", &b]);
}

#[test]
fn one_side_without_tls_is_told() {
    let (alice, bob) = (organisation("plain-alice"), organisation("plain-bob"));
    let (a, b) = (id(&alice, "key"), id(&bob, "key"));
    let [first, second] = join((&alice, &["--peer", &b]), (&bob, &[]));
    fails(&first, 6, &["does not speak TLS"]);
    assert!(matches!(second.status.code(), Some(5 | 6)), "{}", stderr(&second));
    let [first, second] = join((&alice, &[]), (&bob, &["--peer", &a]));
    fails(&first, 6, &["speaks TLS"]);
    fails(&second, 6, &["does not speak TLS"]);
}

#[test]
fn what_is_missing_is_said_before_anything_is_sent() {
    let (none, alice) = (home("missing-none"), organisation("missing-alice"));
    let join = |home: &Path, args: &[&str]| {
        let party = ["join", "examples/millionaires", "--as", "alice", "--timeout", "0.3", "--listen"];
        at(home, &[&party, args].concat()).output().unwrap()
    };
    let key = id(&alice, "key");
    fails(&join(&none, &["0.0.0.0:0", "--peer", &key]), 2, &["hushgate keygen", "secret.key"]);
    fails(&join(&alice, &["0.0.0.0:0", "--peer", "bob"]), 2, &["bob", "hushgate peer add"]);
    fails(&join(&alice, &["0.0.0.0:0", "--peer", &key, "--seed", "00"]), 7, &["--seed"]);
    fails(&join(&alice, &["0.0.0.0:0", "--peer", &key, "--insecure-plaintext"]), 2, &["--insecure-plaintext"]);
    fails(&join(&alice, &["127.0.0.1:0", "--key", "x"]), 2, &["--peer"]);
    fails(&join(&alice, &["0.0.0.0:0"]), 7, &["--peer"]);
    fails(&join(&alice, &["0.0.0.0:0", "--peer", &key]), 5, &["nobody connected"]);
}
