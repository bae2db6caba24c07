//! Shares as files: what a participant sends to each of the two who compute, what it keeps, and what it gets back.
//!
//! ```text
//! MEMBER.for.SERVER.share    sealed to the server: bits of the inputs, then of a pad for each output       e-mail, upload
//! MEMBER.keep                the pads                                                                      never leaves the participant
//! MEMBER.from.SERVER.result  its outputs, masked with the pads                                             e-mail, upload
//! ```
//!
//! # Security
//! A share's header (program, member, submission, recipient, sizes, time) is authenticated by the envelope, and all of it by the participant's
//! signature where it has a key. A result says nothing to those who do not have the pads; pads are used for one submission, and a
//! submission for one set of submissions: see [`used`].

use std::path::Path;

use anyhow::Context;
use rand::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use hushgate_runtime::identity::{Identity, Pin, PublicKey, Signature};
use hushgate_runtime::shares::envelope::{Envelope, OpeningKey, SealingKey};
use hushgate_runtime::shares::split::Parts;
use hushgate_runtime::wire::{Decoder, pack_bits};

use crate::failure::Failure;
use crate::files::read_text;
use crate::home;
use crate::seating::Bits;
use crate::terminal::{hex, timestamp};

pub mod folder;
pub mod used;

/// What anyone may know of an organisation's keys: what shares are sealed to.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublicFile {
    hushgate: String,
    key: String,
    sealing: String,
    signature: String,
}

impl PublicFile {
    /// Of an identity.
    pub fn of(identity: &Identity) -> PublicFile {
        let sealing = OpeningKey::of(identity).sealing_key();
        PublicFile {
            hushgate: "public key v1".to_owned(),
            key: identity.public_key().to_string(),
            sealing: hex(sealing.as_bytes()),
            signature: sealing.sign(identity).to_string(),
        }
    }

    /// What the file holds.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a key is plain data") + "\n"
    }

    /// Reads one: whose it is, and what to seal to.
    pub fn read(path: &Path) -> Result<(PublicKey, SealingKey), Failure> {
        let refuse = |why: &str| {
            Failure::Usage(format!(
                "{}: not a public key: {why}; it is made by: hushgate id --out FILE",
                path.display()
            ))
        };
        let file: PublicFile = serde_json::from_str(&read_text(path)?).map_err(|error| refuse(&error.to_string()))?;
        if file.hushgate != "public key v1" {
            return Err(refuse(&format!("found {:?}", file.hushgate)));
        }
        let key: PublicKey = file.key.parse().map_err(|_| refuse("its key is not one"))?;
        let signature: Signature = file.signature.parse().map_err(|_| refuse("its signature is not one"))?;
        let sealing = unhex(&file.sealing).ok_or_else(|| refuse("its sealing key is not one"))?;
        let sealing = SealingKey::signed_by(sealing, &key, &signature);
        Ok((key, sealing.ok_or_else(|| refuse("its owner has not signed it: it was changed"))?))
    }
}

/// What a share is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    hushgate: String,
    /// For people.
    pub title: String,
    /// Digest of what is executed.
    pub program: String,
    /// Digest of the proposal, where there is one.
    pub proposal: Option<String>,
    /// Who takes part.
    pub member: String,
    /// The one that it is for.
    pub server: String,
    /// The same for both shares, and never again.
    pub submission: String,
    /// When it was made, as the participant's clock had it.
    pub made: String,
    input_bits: u64,
    pad_bits: u64,
}

/// A share's file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareFile {
    /// What it is for.
    pub header: Header,
    encapped: String,
    sealed: String,
    /// The participant's key and its signature.
    signed: Option<(String, String)>,
}

/// What shares are made for.
pub struct Target<'a> {
    /// For people.
    pub title: &'a str,
    /// Digest of what is executed.
    pub program: [u8; 32],
    /// Digest of the proposal.
    pub proposal: Option<[u8; 32]>,
    /// Who takes part.
    pub member: &'a str,
    /// What it shares.
    pub parts: &'a Parts,
}

impl Target<'_> {
    fn header(&self, server: &str, submission: &[u8; 16]) -> Header {
        Header {
            hushgate: "share v1".to_owned(),
            title: self.title.to_owned(),
            program: hex(&self.program),
            proposal: self.proposal.map(|digest| hex(&digest)),
            member: self.member.to_owned(),
            server: server.to_owned(),
            submission: hex(submission),
            made: timestamp(),
            input_bits: self.parts.input_bits(),
            pad_bits: self.parts.pad_bits(),
        }
    }

    /// Seals one share.
    pub fn seal(
        &self,
        (server, key): (&str, &SealingKey),
        submission: &[u8; 16],
        bits: &[bool],
        identity: Option<&Identity>,
        rng: &mut impl CryptoRng,
    ) -> Result<ShareFile, Failure> {
        let header = self.header(server, submission);
        let contents = Zeroizing::new(pack_bits(bits));
        let envelope = key
            .seal(&contents, &header.place(), rng)
            .ok_or_else(|| Failure::Usage(format!("the public key of {server} is one that nobody can hold")))?;
        let mut file =
            ShareFile { header, encapped: hex(&envelope.encapped), sealed: hex(&envelope.sealed), signed: None };
        file.signed = identity
            .map(|identity| (identity.public_key().to_string(), identity.sign(DOMAIN, &file.message()).to_string()));
        Ok(file)
    }

    /// Opens a share, if it is for this target.
    pub fn open(&self, file: &ShareFile, server: &str, key: &OpeningKey, owner: Option<Pin>) -> Result<Bits, String> {
        let header = &file.header;
        let expected = [
            ("kind", header.hushgate.as_str(), "share v1"),
            ("program", &header.program, &hex(&self.program)),
            (
                "proposal",
                header.proposal.as_deref().unwrap_or("none"),
                &self.proposal.map_or("none".to_owned(), |d| hex(&d)),
            ),
            ("member", &header.member, self.member),
            ("recipient", &header.server, server),
            ("input bits", &header.input_bits.to_string(), &self.parts.input_bits().to_string()),
            ("output bits", &header.pad_bits.to_string(), &self.parts.pad_bits().to_string()),
        ]
        .map(|(name, found, expected)| (name, found.to_owned(), expected.to_owned()));
        if let Some((name, found, expected)) = expected.into_iter().find(|(_, found, expected)| found != expected) {
            let found: String = found.chars().take(80).flat_map(char::escape_debug).collect();
            return Err(format!("it is for another {name}: {found}, and {expected} was expected"));
        }
        file.check_owner(owner)?;
        let malformed = |what: &str| format!("its {what} is malformed");
        let envelope = Envelope {
            encapped: unhex(&file.encapped).ok_or_else(|| malformed("key"))?,
            sealed: unhex_all(&file.sealed).ok_or_else(|| malformed("contents"))?,
        };
        let contents = key.open(&envelope, &header.place()).map_err(|error| error.to_string())?;
        let n = (self.parts.input_bits() + self.parts.pad_bits()) as usize;
        let mut decoder = Decoder::new(&contents);
        let bits = decoder.bits(n).map_err(|_| malformed("length"))?;
        decoder.finish().map_err(|_| malformed("length"))?;
        Ok(Zeroizing::new(bits))
    }
}

impl Header {
    /// What the envelope authenticates.
    fn place(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a header is plain data")
    }

    /// Whether the submission's name is one.
    fn has_submission(&self) -> bool {
        self.submission.len() == 32 && self.submission.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    }
}

impl ShareFile {
    /// What the file holds.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a share is plain data") + "\n"
    }

    /// Reads a share.
    pub fn parse(text: &str) -> Result<ShareFile, String> {
        let file: ShareFile = serde_json::from_str(text).map_err(|error| format!("not a share: {error}"))?;
        if file.header.has_submission() { Ok(file) } else { Err("not a share: its submission is malformed".to_owned()) }
    }

    fn message(&self) -> Vec<u8> {
        let mut message = self.header.place();
        message.extend_from_slice(self.encapped.as_bytes());
        message.extend_from_slice(self.sealed.as_bytes());
        message
    }

    /// Whether the owner has signed it, where it must have; and whether a signature that is there holds.
    pub fn check_owner(&self, owner: Option<Pin>) -> Result<(), String> {
        let Some((key, signature)) = &self.signed else {
            return match owner {
                Some(_) => Err("it is not signed by the participant".to_owned()),
                None => Ok(()),
            };
        };
        let key: PublicKey = key.parse().map_err(|_| "its key is malformed".to_owned())?;
        let signature: Signature = signature.parse().map_err(|_| "its signature is malformed".to_owned())?;
        if owner.is_some_and(|owner| !owner.matches(&key)) {
            return Err(format!("it is signed by {}, and not by the participant", key.fingerprint()));
        }
        match key.has_signed(DOMAIN, &self.message(), &signature) {
            true => Ok(()),
            false => Err("its signature does not hold: it was changed".to_owned()),
        }
    }
}

/// What a participant keeps: without it, its results cannot be read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    hushgate: String,
    program: String,
    member: String,
    submission: String,
    pads: String,
}

/// What a participant gets back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFile {
    hushgate: String,
    program: String,
    /// Who it is for.
    pub member: String,
    submission: String,
    /// Who computed it.
    pub server: String,
    masked: String,
}

impl Keep {
    /// The pads of a submission.
    pub fn new(target: &Target<'_>, submission: &[u8; 16], pads: &[bool]) -> Keep {
        Keep {
            hushgate: "keep v1".to_owned(),
            program: hex(&target.program),
            member: target.member.to_owned(),
            submission: hex(submission),
            pads: hex(&Zeroizing::new(pack_bits(pads))),
        }
    }

    /// Writes it where only we can read it.
    pub fn save(&self, path: &Path) -> Result<(), Failure> {
        let text = Zeroizing::new(serde_json::to_string_pretty(self).context("cannot write the pads")? + "\n");
        home::replace(path, text.as_bytes())
    }

    /// Reads it.
    pub fn read(path: &Path) -> Result<Keep, Failure> {
        parse(path, "keep v1", |keep: &Keep| &keep.hushgate)
    }

    /// Whose it is.
    pub fn member(&self) -> &str {
        &self.member
    }

    /// The bits of the outputs in a result.
    pub fn unmask(&self, result: &ResultFile, target: &Target<'_>) -> Result<Bits, String> {
        let same = [
            ("program", &self.program, &result.program),
            ("participant", &self.member, &result.member),
            ("submission", &self.submission, &result.submission),
            ("program", &self.program, &hex(&target.program)),
        ];
        if let Some((name, ours, theirs)) = same.into_iter().find(|(_, ours, theirs)| ours != theirs) {
            return Err(format!("it is of another {name}: {theirs:?}, and not {ours:?}"));
        }
        let n = target.parts.pad_bits() as usize;
        let bits = |text: &str| {
            let bytes = Zeroizing::new(unhex_all(text)?);
            let mut decoder = Decoder::new(&bytes);
            let bits = decoder.bits(n).ok()?;
            decoder.finish().ok().map(|()| bits)
        };
        let pads = bits(&self.pads).ok_or("what was kept is malformed")?;
        let masked = bits(&result.masked).ok_or("it is malformed")?;
        Ok(Zeroizing::new(masked.into_iter().zip(pads).map(|(bit, pad)| bit ^ pad).collect()))
    }
}

impl ResultFile {
    /// A participant's masked outputs.
    pub fn new(program: &[u8; 32], member: &str, submission: &str, server: &str, masked: &[bool]) -> ResultFile {
        ResultFile {
            hushgate: "result v1".to_owned(),
            program: hex(program),
            member: member.to_owned(),
            submission: submission.to_owned(),
            server: server.to_owned(),
            masked: hex(&pack_bits(masked)),
        }
    }

    /// What the file holds.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).expect("a result is plain data") + "\n"
    }

    /// Reads it.
    pub fn read(path: &Path) -> Result<ResultFile, Failure> {
        parse(path, "result v1", |result: &ResultFile| &result.hushgate)
    }
}

fn parse<T: for<'a> Deserialize<'a>>(path: &Path, kind: &str, of: impl Fn(&T) -> &String) -> Result<T, Failure> {
    let refuse = |why: String| Failure::Usage(format!("{}: expected a file of kind {kind:?}: {why}", path.display()));
    let file: T = serde_json::from_str(&read_text(path)?).map_err(|error| refuse(error.to_string()))?;
    if of(&file) == kind { Ok(file) } else { Err(refuse(format!("found {:?}", of(&file)))) }
}

/// A file's name for a member: `hospital_3` for `hospital[3]`.
pub fn file_name(member: &str) -> String {
    member.replace('[', "_").replace(']', "")
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    unhex_all(text)?.try_into().ok()
}

fn unhex_all(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    let digit = |c: u8| char::from(c).to_digit(16).map(|digit| digit as u8);
    digits
        .len()
        .is_multiple_of(2)
        .then(|| digits.chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect())?
}

const DOMAIN: &str = "hushgate share v1";
