//! The handshake: each party sends its offer, then both compare.
//!
//! Offers are sent without waiting for each other. [`Offer::agree`] comes to the same verdict on both sides, so that a
//! refusal needs no further message and both can name the field and both values.
//!
//! ```text
//! offer = "HUSHGATE" | n u8, n versions u16 | role u8 | party u32 | suite | binding digest 32 | plan digest 32
//!       | number of runs u32 | n u16, n programs that follow (plan digest 32 | number of runs u32)
//!       | the link's bits/s u64, 0 if not known
//!       | twice: n u16, n fields (name | value) | nonce 32               texts: length u16, UTF-8
//! session id = BLAKE3("hushgate session id v1", garbler's offer | evaluator's offer | channel binding), each behind its length
//! run id     = BLAKE3("hushgate run id v1", session id | number of the run u32)
//! ```
//!
//! # Security
//! An offer depends on no input but the number of its bits, which is in the plan. The two nonces make every session id new, and
//! everything that was agreed enters it; whoever changes an offer on the way splits the session ids, and the next frame is
//! refused. There is one version and one suite, so nothing can be downgraded.

use std::collections::BTreeMap;

use hushgate_circuits::id::PartyId;
use hushgate_circuits::plan::Plan;
use rand::CryptoRng;

use super::error::StepError;
use super::layout::bits_of_party;
use super::{Disagreement, Misuse, Role, RoleChoice, SessionConfig};
use crate::channel::{Channel, ChannelError, FrameSender, Link, Network, RunKeys};
use crate::ot::SessionId;
use crate::wire::{Decoder, FrameKind, Length, MalformedPayload, put_bytes};

/// The version of the protocol that this library speaks.
pub const PROTOCOL_VERSION: u16 = 1;

const MAGIC: &[u8; 8] = b"HUSHGATE";
const SUITE: &str = "half-gates, MITCCRH, Masny-Rindal, SoftSpokenOT, BLAKE3";
const OFFER_BYTES_MAX: usize = 1 << 16;
const VERSIONS_MAX: usize = 16;
/// Programs after the first, at most.
const PROGRAMS_MAX: usize = 1000;

/// Something that both parties must give the same value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// What it is, such as `parameter N`.
    pub name: String,
    /// Its value, for people.
    pub value: String,
}

/// What a party brings to the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Offer {
    versions: Vec<u16>,
    role: RoleChoice,
    party: PartyId,
    suite: String,
    binding_digest: [u8; 32],
    plan_digest: [u8; 32],
    n_runs: u32,
    /// Digests of the plans that follow, and how often each is run.
    then: Vec<([u8; 32], u32)>,
    /// 0 where it is not known.
    bits_per_second: u64,
    /// What must be the same.
    fields: BTreeMap<String, String>,
    /// What the plan was made of.
    origin: BTreeMap<String, String>,
    nonce: [u8; 32],
}

/// What both parties have agreed on. Only [`hear`] makes one.
#[must_use]
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) role: Role,
    pub(super) garbler: PartyId,
    pub(super) evaluator: PartyId,
    pub(super) session: SessionId,
    /// The lower of what both parties know about the link's rate.
    pub(super) bits_per_second: Option<u64>,
}

/// Sends our offer.
pub(super) async fn tell(sender: &FrameSender, ours: &Offer) -> Result<(), ChannelError> {
    sender.send_message(FrameKind::Hello, &ours.encode()).await
}

/// Waits for the other party's offer, and compares.
pub(super) async fn hear(link: &mut Link, ours: &Offer, plan: &Plan, binding: &[u8]) -> Result<Terms, StepError> {
    let (our_bytes, mut their_bytes) = (ours.encode(), Vec::new());
    link.receiver.receive(FrameKind::Hello, Length::AtMost(OFFER_BYTES_MAX), &mut their_bytes).await?;
    let mut decoder = Decoder::new(&their_bytes);
    let versions = decode_versions(&mut decoder).map_err(StepError::payload(FrameKind::Hello))?;
    agree_on_version(&ours.versions, &versions)?;
    let theirs = Offer::decode(versions, decoder).map_err(StepError::payload(FrameKind::Hello))?;
    let role = ours.agree(&theirs, plan)?;
    let (garbler, evaluator, offers) = match role {
        Role::Garbler => (ours.party, theirs.party, [&our_bytes, &their_bytes]),
        Role::Evaluator => (theirs.party, ours.party, [&their_bytes, &our_bytes]),
    };
    let rates = [ours.bits_per_second, theirs.bits_per_second];
    let bits_per_second = rates.into_iter().filter(|&rate| rate > 0).min();
    Ok(Terms { role, garbler, evaluator, session: session_id(offers, binding), bits_per_second })
}

impl Offer {
    /// What `config` offers over this channel.
    pub(super) fn new(config: &SessionConfig, channel: &Channel, rng: &mut impl CryptoRng) -> Result<Offer, Misuse> {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Offer::over(config, config.network.or(channel.network()), channel.binding(), nonce)
    }

    /// What `config` offers over such a link.
    pub(super) fn over(
        config: &SessionConfig,
        network: Option<Network>,
        binding: &[u8],
        nonce: [u8; 32],
    ) -> Result<Offer, Misuse> {
        party(config)?;
        if config.programs().any(|(_, n_runs)| n_runs == 0) {
            return Err(Misuse::NoRuns);
        }
        if config.n_runs_in_all() > u64::from(u32::MAX) {
            return Err(Misuse::TooManyRuns);
        }
        if config.then.len() > PROGRAMS_MAX {
            return Err(Misuse::TooManyPrograms { found: config.then.len() + 1, max: PROGRAMS_MAX + 1 });
        }
        if let Some(next) = config.then.iter().find(|next| next.plan.parties != config.plan.parties) {
            return Err(Misuse::OtherParties { first: config.plan.parties.clone(), found: next.plan.parties.clone() });
        }
        let offer = Offer {
            versions: vec![PROTOCOL_VERSION],
            role: role(config)?,
            party: config.party,
            suite: SUITE.to_owned(),
            binding_digest: blake3::derive_key("hushgate channel binding v1", binding),
            plan_digest: config.plan.digest(),
            n_runs: config.n_runs,
            then: config.then.iter().map(|next| (next.plan.digest(), next.n_runs)).collect(),
            bits_per_second: network.map_or(0, |network| network.bits_per_second),
            fields: fields_by_name(&config.agreement)?,
            origin: fields_by_name(&config.origin)?,
            nonce,
        };
        match offer.bytes() {
            found if found > OFFER_BYTES_MAX => Err(Misuse::OfferTooLong { found, max: OFFER_BYTES_MAX }),
            _ => Ok(offer),
        }
    }

    /// Our role, if both parties want the same and their roles fit together. Both sides find the same first difference.
    pub(super) fn agree(&self, theirs: &Offer, plan: &Plan) -> Result<Role, Disagreement> {
        same("protocol suite", &self.suite, &theirs.suite)?;
        same("secure channel", &hex(&self.binding_digest), &hex(&theirs.binding_digest))?;
        let names: BTreeMap<_, _> = self.fields.iter().chain(&theirs.fields).collect();
        for name in names.into_keys() {
            same_if_any(name, self.fields.get(name), theirs.fields.get(name))?;
        }
        if self.plan_digest != theirs.plan_digest {
            for (name, value) in &self.origin {
                theirs.origin.get(name).map_or(Ok(()), |other| same(name, value, other))?;
            }
            same("program", &hex(&self.plan_digest), &hex(&theirs.plan_digest))?;
        }
        same("number of runs", &self.n_runs.to_string(), &theirs.n_runs.to_string())?;
        same("number of programs", &(self.then.len() + 1).to_string(), &(theirs.then.len() + 1).to_string())?;
        for (i, (ours, theirs)) in (2..).zip(self.then.iter().zip(&theirs.then)) {
            same(&format!("program {i}"), &hex(&ours.0), &hex(&theirs.0))?;
            same(&format!("number of runs of program {i}"), &ours.1.to_string(), &theirs.1.to_string())?;
        }
        let (our_name, their_name) = (party_name(plan, self.party), party_name(plan, theirs.party));
        let both_exist = self.party.max(theirs.party).0 < plan.parties.len() as u32;
        if self.party == theirs.party || !both_exist {
            return Err(differ("party", Some(&our_name), Some(&their_name)));
        }
        let ours_first = self.party < theirs.party;
        resolve(self.role, theirs.role, ours_first)
            .ok_or_else(|| differ("role", Some(role_name(self.role)), Some(role_name(theirs.role))))
    }

    /// The length of [`Offer::encode`].
    pub(super) fn bytes(&self) -> usize {
        let texts = self.fields.iter().chain(&self.origin).flat_map(|(name, value)| [name, value]).chain([&self.suite]);
        let fixed =
            MAGIC.len() + 1 + 2 * self.versions.len() + 1 + 4 + 32 + 32 + 4 + 2 + 36 * self.then.len() + 8 + 2 * 2 + 32;
        fixed + texts.map(|text| 2 + text.len()).sum::<usize>()
    }

    fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes());
        out.extend_from_slice(MAGIC);
        out.push(self.versions.len() as u8);
        self.versions.iter().for_each(|version| out.extend_from_slice(&version.to_le_bytes()));
        out.push(role_byte(self.role));
        out.extend_from_slice(&self.party.0.to_le_bytes());
        put_bytes(&mut out, self.suite.as_bytes());
        out.extend_from_slice(&self.binding_digest);
        out.extend_from_slice(&self.plan_digest);
        out.extend_from_slice(&self.n_runs.to_le_bytes());
        out.extend_from_slice(&(self.then.len() as u16).to_le_bytes());
        for (digest, n_runs) in &self.then {
            out.extend_from_slice(digest);
            out.extend_from_slice(&n_runs.to_le_bytes());
        }
        out.extend_from_slice(&self.bits_per_second.to_le_bytes());
        for fields in [&self.fields, &self.origin] {
            out.extend_from_slice(&(fields.len() as u16).to_le_bytes());
            for (name, value) in fields {
                put_bytes(&mut out, name.as_bytes());
                put_bytes(&mut out, value.as_bytes());
            }
        }
        out.extend_from_slice(&self.nonce);
        out
    }

    /// What follows the versions, if ours is among them.
    fn decode(versions: Vec<u16>, mut decoder: Decoder<'_>) -> Result<Offer, MalformedPayload> {
        let role = decoder.field("role").u8()?;
        let offer = Offer {
            versions,
            role: role_of_byte(role).ok_or_else(|| decoder.malformed("is unknown"))?,
            party: PartyId(u32::from_le_bytes(decoder.field("party").array()?)),
            suite: decoder.field("protocol suite").text(OFFER_BYTES_MAX)?.to_owned(),
            binding_digest: decoder.field("channel binding").array()?,
            plan_digest: decoder.field("plan digest").array()?,
            n_runs: u32::from_le_bytes(decoder.field("number of runs").array()?),
            then: decode_programs(decoder.field("list of programs"))?,
            bits_per_second: u64::from_le_bytes(decoder.field("rate of the link").array()?),
            fields: decode_fields(decoder.field("list of fields"))?,
            origin: decode_fields(decoder.field("origin of the plan"))?,
            nonce: decoder.field("nonce").array()?,
        };
        decoder.finish()?;
        Ok(offer)
    }
}

/// Whether so many input bits are those that the party has in this plan.
pub(super) fn check_inputs(config: &SessionConfig, plan: &Plan, found: usize) -> Result<(), Misuse> {
    let party = party(config)?.clone();
    let expected = bits_of_party(plan, config.party);
    if found == expected { Ok(()) } else { Err(Misuse::InputBits { party, found, expected }) }
}

/// What the party is to do: where a plan is for one garbler, what it says.
fn role(config: &SessionConfig) -> Result<RoleChoice, Misuse> {
    config.programs().try_fold(config.role, |choice, (plan, _)| {
        let Some(local) = &plan.local else { return Ok(choice) };
        let role = if local.garbler == config.party { Role::Garbler } else { Role::Evaluator };
        match choice {
            RoleChoice::Only(wanted) if wanted != role => {
                Err(Misuse::OtherGarbler { garbler: party_name(plan, local.garbler), wanted })
            }
            _ => Ok(RoleChoice::Only(role)),
        }
    })
}

/// The party's name, if there is such a party.
fn party(config: &SessionConfig) -> Result<&String, Misuse> {
    let (PartyId(party), parties) = (config.party, &config.plan.parties);
    parties.get(party as usize).ok_or(Misuse::UnknownParty { party, parties: parties.len() })
}

fn fields_by_name(agreement: &[Field]) -> Result<BTreeMap<String, String>, Misuse> {
    let mut fields = BTreeMap::new();
    for Field { name, value } in agreement {
        if fields.insert(name.clone(), value.clone()).is_some() {
            return Err(Misuse::FieldTwice(name.clone()));
        }
    }
    Ok(fields)
}

fn decode_versions(decoder: &mut Decoder<'_>) -> Result<Vec<u16>, MalformedPayload> {
    if decoder.field("magic").array()? != *MAGIC {
        return Err(decoder.malformed("is not that of this protocol"));
    }
    let n = usize::from(decoder.field("list of versions").u8()?);
    if n > VERSIONS_MAX {
        return Err(decoder.malformed("is too long"));
    }
    (0..n).map(|_| decoder.u16()).collect()
}

fn decode_programs(decoder: &mut Decoder<'_>) -> Result<Vec<([u8; 32], u32)>, MalformedPayload> {
    let n = usize::from(decoder.u16()?);
    if n > PROGRAMS_MAX {
        return Err(decoder.malformed("is too long"));
    }
    (0..n).map(|_| Ok((decoder.array()?, u32::from_le_bytes(decoder.array()?)))).collect()
}

fn decode_fields(decoder: &mut Decoder<'_>) -> Result<BTreeMap<String, String>, MalformedPayload> {
    let n = decoder.u16()?;
    let mut fields = BTreeMap::<String, String>::new();
    for _ in 0..n {
        let (name, value) = (decoder.text(OFFER_BYTES_MAX)?, decoder.text(OFFER_BYTES_MAX)?);
        if fields.last_key_value().is_some_and(|(last, _)| last.as_str() >= name) {
            return Err(decoder.malformed("is not in order"));
        }
        fields.insert(name.to_owned(), value.to_owned());
    }
    Ok(fields)
}

fn agree_on_version(ours: &[u16], theirs: &[u16]) -> Result<(), Disagreement> {
    if ours.iter().any(|version| theirs.contains(version)) {
        return Ok(());
    }
    let list = |versions: &[u16]| versions.iter().map(u16::to_string).collect::<Vec<_>>().join(", ");
    Err(differ("protocol version", Some(&list(ours)), Some(&list(theirs))))
}

/// Our role, or `None` if both want the same one.
fn resolve(ours: RoleChoice, theirs: RoleChoice, ours_first: bool) -> Option<Role> {
    match (ours, theirs) {
        (RoleChoice::Only(ours), RoleChoice::Only(theirs)) => (ours != theirs).then_some(ours),
        (RoleChoice::Only(ours), RoleChoice::Auto) => Some(ours),
        (RoleChoice::Auto, RoleChoice::Only(theirs)) => Some(theirs.other()),
        (RoleChoice::Auto, RoleChoice::Auto) => Some(if ours_first { Role::Garbler } else { Role::Evaluator }),
    }
}

fn same(field: &str, ours: &String, theirs: &String) -> Result<(), Disagreement> {
    same_if_any(field, Some(ours), Some(theirs))
}

fn same_if_any(field: &str, ours: Option<&String>, theirs: Option<&String>) -> Result<(), Disagreement> {
    if ours == theirs { Ok(()) } else { Err(differ(field, ours.map(|s| &**s), theirs.map(|s| &**s))) }
}

fn differ(field: &str, ours: Option<&str>, theirs: Option<&str>) -> Disagreement {
    Disagreement { field: field.to_owned(), ours: ours.map(str::to_owned), theirs: theirs.map(str::to_owned) }
}

pub(super) fn session_id([garbler, evaluator]: [&Vec<u8>; 2], binding: &[u8]) -> SessionId {
    let mut hasher = blake3::Hasher::new_derive_key("hushgate session id v1");
    for part in [garbler, evaluator, binding] {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    *hasher.finalize().as_bytes()
}

/// Names a run of a session.
pub(super) fn run_id(session: &SessionId, n_done: u32) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("hushgate run id v1");
    *hasher.update(session).update(&n_done.to_le_bytes()).finalize().as_bytes()
}

/// What tags the frames of a run. Stream 0 is the handshake's; runs take the others in turn.
pub(super) fn run_keys(run: &[u8; 32], role: Role, n_done: u32) -> RunKeys {
    let from_garbler = blake3::derive_key("hushgate frame tags v1: from garbler", run);
    let from_evaluator = blake3::derive_key("hushgate frame tags v1: from evaluator", run);
    let stream = (n_done % u32::from(u16::MAX)) as u16 + 1;
    match role {
        Role::Garbler => RunKeys { send: from_garbler, receive: from_evaluator, stream },
        Role::Evaluator => RunKeys { send: from_evaluator, receive: from_garbler, stream },
    }
}

fn party_name(plan: &Plan, party: PartyId) -> String {
    plan.parties.get(party.0 as usize).cloned().unwrap_or_else(|| format!("number {}", party.0))
}

const fn role_byte(role: RoleChoice) -> u8 {
    match role {
        RoleChoice::Auto => 0,
        RoleChoice::Only(Role::Garbler) => 1,
        RoleChoice::Only(Role::Evaluator) => 2,
    }
}

const fn role_of_byte(byte: u8) -> Option<RoleChoice> {
    match byte {
        0 => Some(RoleChoice::Auto),
        1 => Some(RoleChoice::Only(Role::Garbler)),
        2 => Some(RoleChoice::Only(Role::Evaluator)),
        _ => None,
    }
}

const fn role_name(role: RoleChoice) -> &'static str {
    match role {
        RoleChoice::Auto => "any",
        RoleChoice::Only(Role::Garbler) => "garbler",
        RoleChoice::Only(Role::Evaluator) => "evaluator",
    }
}

fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from(*bytes).to_hex().to_string()
}

#[cfg(test)]
mod tests;
