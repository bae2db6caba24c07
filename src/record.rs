//! What is kept of a run: its lines in the log, the openings of its commitments, and the receipt that both sides signed.

use std::path::{Path, PathBuf};

use anyhow::Context;
use rand::TryRng;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zeroize::Zeroizing;

use hushgate_circuits::circuit::InputPort;
use hushgate_circuits::shape::Value;
use hushgate_runtime::identity::{Identity, Pin, PublicKey, Signature};
use hushgate_runtime::party::receipt::Terms;

use crate::failure::Failure;
use crate::terminal::hex;
use crate::{home, log};

/// A run that has begun and must end in the log.
pub struct Record {
    run: String,
    salt: Zeroizing<[u8; 32]>,
}

/// What the log says of a run when it begins.
pub struct Beginning<'a> {
    /// The party that we are.
    pub party: &'a str,
    /// The peer's name here, and its fingerprint.
    pub peer: (Option<&'a str>, String),
    /// The meeting's id.
    pub meeting: [u8; 32],
    /// The plan's digest.
    pub program: [u8; 32],
    /// The proposal's digest.
    pub proposal: Option<[u8; 32]>,
    /// What the program is called.
    pub title: String,
    /// Its parameters.
    pub parameters: &'a [(String, String)],
    /// Which rows of which batch it runs.
    pub batch: Option<Json>,
    /// With whose shares it runs.
    pub shares: Option<Json>,
    /// The last digest of the peer's log, as it says.
    pub their_log: Option<&'a str>,
}

impl Record {
    /// Writes that a session begins: of one run, or of many.
    pub fn begin(
        beginning: &Beginning<'_>,
        ports: &[&InputPort],
        (rows, order): (&[Vec<Value>], &[u32]),
    ) -> Result<Record, Failure> {
        let mut salt = Zeroizing::new([0; 32]);
        SysRng.try_fill_bytes(&mut *salt).context("the operating system gives no randomness")?;
        let run = Record::name(&beginning.meeting);
        let record = Record { run, salt };
        let inputs: Vec<Json> = ports
            .iter()
            .enumerate()
            .map(|(i, port)| {
                let encoded = order.iter().map(|&row| port.shape.encode(&rows[row as usize][i]));
                let bits = encoded.flat_map(|bits| bits.expect("bound values fit their shapes"));
                let bits: Zeroizing<Vec<bool>> = Zeroizing::new(bits.collect());
                json!({ "name": port.name, "bits": port.shape.width(), "commitment": record.commitment(&port.name, &bits) })
            })
            .collect();
        record.keep_opening()?;
        let fields = json!({
            "run": record.run,
            "party": beginning.party,
            "peer": beginning.peer.1,
            "peer_name": beginning.peer.0,
            "title": beginning.title,
            "program": hex(&beginning.program),
            "proposal": beginning.proposal.map(|digest| hex(&digest)),
            "parameters": beginning.parameters,
            "meeting": hex(&beginning.meeting),
            "runs": order.len(),
            "batch": beginning.batch,
            "inputs": inputs,
            "shares": beginning.shares,
            "their_log": beginning.their_log.filter(|digest| digest.len() <= 64),
        });
        append("begin", fields)?;
        Ok(record)
    }

    /// Writes that it has ended.
    pub fn end(&self, outcome: &str, mut fields: Json) -> Result<(), Failure> {
        fields["run"] = self.run.clone().into();
        fields["outcome"] = outcome.into();
        append("end", fields)
    }

    /// The name of the session in log, openings and counts.
    pub fn name(meeting: &[u8; 32]) -> String {
        hex(&meeting[..8])
    }

    /// A commitment to bits, under this run's salt.
    pub fn commitment(&self, name: &str, bits: &[bool]) -> String {
        let bytes: Zeroizing<Vec<u8>> = Zeroizing::new(bits.iter().map(|&bit| bit.into()).collect());
        let mut hasher = blake3::Hasher::new_keyed(&self.salt);
        hex(hasher.update(name.as_bytes()).update(&[0]).update(&bytes).finalize().as_bytes())
    }

    /// The salt, in a file of its own: without it commitments say nothing, with it they can be opened.
    fn keep_opening(&self) -> Result<(), Failure> {
        let folder = home::folder()?.join("openings");
        home::make_private(&folder)?;
        home::replace(&folder.join(&self.run), hex(&*self.salt).as_bytes())
    }
}

fn append(event: &str, fields: Json) -> Result<(), Failure> {
    match fields {
        Json::Object(fields) => log::append(event, fields),
        _ => unreachable!("fields are an object"),
    }
}

/// A receipt as it is kept and shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    hushgate: String,
    /// What was run.
    pub title: String,
    meeting: String,
    program: String,
    proposal: Option<String>,
    from_garbler: String,
    from_evaluator: String,
    /// The party that garbled, and its signature.
    pub garbler: Signatory,
    /// The party that evaluated, and its signature.
    pub evaluator: Signatory,
}

/// One side of a receipt.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signatory {
    /// The party.
    pub party: String,
    /// Its key.
    pub key: String,
    signature: String,
}

impl Signatory {
    /// A party that has signed the terms.
    pub fn of(terms: &Terms, party: &str, identity: &Identity) -> Signatory {
        Signatory {
            party: party.to_owned(),
            key: identity.public_key().to_string(),
            signature: terms.sign(identity).to_string(),
        }
    }

    /// What the peer says, if it has signed these terms with the pinned key.
    pub fn check(bytes: &[u8], terms: &Terms, party: &str, pin: Pin) -> Result<Signatory, Failure> {
        let broken = |why: &str| Failure::Peer(format!("the other party's receipt does not hold: {why}"));
        let signatory: Signatory = serde_json::from_slice(bytes).map_err(|_| broken("it is malformed"))?;
        let key: PublicKey = signatory.key.parse().map_err(|_| broken("its key is not one"))?;
        let signature: Signature = signatory.signature.parse().map_err(|_| broken("its signature is not one"))?;
        if signatory.party != party || !pin.matches(&key) {
            return Err(broken("it is not the other party's"));
        }
        match terms.is_signed(&key, &signature) {
            true => Ok(signatory),
            false => Err(broken("it is over something else than what this side saw")),
        }
    }

    /// Its bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a receipt is plain data")
    }
}

impl Receipt {
    /// The receipt of a run.
    pub fn new(title: &str, terms: &Terms, garbler: Signatory, evaluator: Signatory) -> Receipt {
        Receipt {
            hushgate: FORMAT.to_owned(),
            title: title.to_owned(),
            meeting: hex(&terms.meeting),
            program: hex(&terms.program),
            proposal: terms.proposal.map(|digest| hex(&digest)),
            from_garbler: hex(&terms.from_garbler),
            from_evaluator: hex(&terms.from_evaluator),
            garbler,
            evaluator,
        }
    }

    /// Keeps it; where.
    pub fn save(&self) -> Result<PathBuf, Failure> {
        let folder = home::folder()?.join("receipts");
        home::make_private(&folder)?;
        let path = folder.join(format!("{}.json", &self.meeting[..16]));
        let text = serde_json::to_string_pretty(self).context("cannot write the receipt")? + "\n";
        home::replace(&path, text.as_bytes())?;
        Ok(path)
    }

    /// Reads a receipt.
    pub fn read(path: &Path) -> Result<Receipt, Failure> {
        let text = crate::files::read_text(path)?;
        let receipt: Receipt = serde_json::from_str(&text)
            .map_err(|error| Failure::Usage(format!("{}: not a receipt: {error}", path.display())))?;
        match receipt.hushgate.as_str() {
            FORMAT => Ok(receipt),
            other => Err(Failure::Usage(format!("{}: found {other:?}, expected {FORMAT:?}", path.display()))),
        }
    }

    /// The keys of both sides, garbler first, if both have signed.
    pub fn verify(&self) -> Result<[PublicKey; 2], String> {
        let digest = |name: &str, text: &str| unhex(text).ok_or_else(|| format!("its {name} is not a digest"));
        let terms = Terms {
            meeting: digest("meeting", &self.meeting)?,
            program: digest("program", &self.program)?,
            proposal: self.proposal.as_deref().map(|text| digest("proposal", text)).transpose()?,
            from_garbler: digest("transcript", &self.from_garbler)?,
            from_evaluator: digest("transcript", &self.from_evaluator)?,
            garbler: self.garbler.party.clone(),
            evaluator: self.evaluator.party.clone(),
        };
        let signed = |who: &Signatory| {
            let key: PublicKey = who.key.parse().map_err(|_| format!("the key of {} is not one", who.party))?;
            let signature = who.signature.parse().map_err(|_| format!("the signature of {} is not one", who.party))?;
            let holds = terms.is_signed(&key, &signature);
            holds.then_some(key).ok_or_else(|| format!("the signature of {} is not one of this receipt", who.party))
        };
        Ok([signed(&self.garbler)?, signed(&self.evaluator)?])
    }

    /// What was run.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// The proposal's digest.
    pub fn proposal(&self) -> Option<&str> {
        self.proposal.as_deref()
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let bytes = blake3::Hash::from_hex(text).ok()?;
    Some(*bytes.as_bytes())
}

const FORMAT: &str = "receipt v1";
