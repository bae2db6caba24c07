//! Who a party is: an Ed25519 key pair, and what others write down to recognise it.
//!
//! The key authenticates TLS connections as a raw public key (RFC 7250). There are no certificates: a party knows its peer because its
//! people wrote down the peer's key, or the key's fingerprint, after they asked the peer's people.
//!
//! ```text
//! public key     64 hexadecimal digits
//! fingerprint    first 16 bytes of BLAKE3("hushgate key fingerprint v1", public key): 8 groups of 4 hexadecimal digits
//! ```
//!
//! # Security
//! Who wants to pass for a pinned party needs another key with its fingerprint: 2^128 attempts. A party that makes two keys of
//! one fingerprint (2^64 attempts) gains nothing: both are its own. The secret is wiped when an [`Identity`] is dropped, but for the
//! copy that the TLS library keeps in the form it signs with.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rand::CryptoRng;
use rustls::SignatureScheme;
use rustls::crypto::ring::default_provider;
use rustls::crypto::ring::sign::any_eddsa_type;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::SigningKey;
use zeroize::Zeroizing;

#[cfg(test)]
mod tests;

/// A party's key pair.
pub struct Identity {
    seed: Zeroizing<[u8; 32]>,
    signer: Arc<dyn SigningKey>,
    public: PublicKey,
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// An Ed25519 signature (RFC 8032).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature([u8; 64]);

/// Text that is not a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a signature of {SIGNATURE_DIGITS} hexadecimal digits")]
pub struct NotASignature;

/// A public key's fingerprint: short enough to read over the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 16]);

/// What a party knows of its peer's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// The key itself.
    Key(PublicKey),
    /// Its fingerprint.
    Fingerprint(Fingerprint),
}

/// Text that is neither a public key nor a fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a fingerprint of {FINGERPRINT_DIGITS} hexadecimal digits or a public key of {KEY_DIGITS}")]
pub struct NotAPin;

impl Identity {
    /// A new key pair.
    #[must_use]
    pub fn generate(rng: &mut impl CryptoRng) -> Identity {
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        Identity::from_seed(&seed)
    }

    /// The key pair of a seed: the private key of RFC 8032.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Identity {
        let mut pkcs8 = Zeroizing::new([0; 48]);
        pkcs8[..16].copy_from_slice(&PKCS8_PREFIX);
        pkcs8[16..].copy_from_slice(seed);
        let signer = any_eddsa_type(&PrivatePkcs8KeyDer::from(&pkcs8[..])).expect("every 32 bytes are a private key");
        let spki = signer.public_key().expect("an Ed25519 signer knows its public key");
        let public = PublicKey::from_spki(&spki).expect("the public key of an Ed25519 signer is one");
        Identity { seed: Zeroizing::new(*seed), signer, public }
    }

    /// The secret, to be kept in a file that nobody else can read.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// What the others may know.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs `message` for one purpose, which `domain` names.
    ///
    /// What is signed is `domain`, a zero byte, and the message's BLAKE3 digest under that domain: no signature serves two purposes, and
    /// none is one that TLS makes.
    #[must_use]
    pub fn sign(&self, domain: &str, message: &[u8]) -> Signature {
        let signer = self.signer.choose_scheme(&[SignatureScheme::ED25519]).expect("an Ed25519 key signs so");
        let signature = signer.sign(&signed(domain, message)).expect("Ed25519 signs everything");
        Signature(signature.try_into().expect("an Ed25519 signature has 64 bytes"))
    }

    pub(crate) fn signer(&self) -> Arc<dyn SigningKey> {
        self.signer.clone()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.public.fingerprint())
    }
}

impl PublicKey {
    /// The key's fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let digest = blake3::derive_key("hushgate key fingerprint v1", &self.0);
        let (start, _) = digest.split_first_chunk().expect("a digest has 32 bytes");
        Fingerprint(*start)
    }

    /// The key's bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Whether the holder of this key has signed `message` for this purpose.
    #[must_use]
    pub fn has_signed(&self, domain: &str, message: &[u8], signature: &Signature) -> bool {
        let mapping = default_provider().signature_verification_algorithms.mapping;
        let (_, algorithms) =
            mapping.iter().find(|(scheme, _)| *scheme == SignatureScheme::ED25519).expect("the library knows Ed25519");
        algorithms.iter().any(|a| a.verify_signature(&self.0, &signed(domain, message), &signature.0).is_ok())
    }

    /// The key in a `SubjectPublicKeyInfo` (RFC 8410), which is how TLS carries it; `None` if it is anything else.
    pub(crate) fn from_spki(spki: &[u8]) -> Option<PublicKey> {
        spki.strip_prefix(&SPKI_PREFIX)?.try_into().ok().map(PublicKey)
    }

    pub(crate) fn to_spki(self) -> Vec<u8> {
        [SPKI_PREFIX.as_slice(), &self.0].concat()
    }
}

fn signed(domain: &str, message: &[u8]) -> Vec<u8> {
    [domain.as_bytes(), &[0], &blake3::derive_key(domain, message)].concat()
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Signature {
    type Err = NotASignature;

    fn from_str(text: &str) -> Result<Signature, NotASignature> {
        let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        let digits = digits.filter(|digits| digits.len() == SIGNATURE_DIGITS).ok_or(NotASignature)?;
        let bytes: Vec<u8> = digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        bytes.try_into().map(Signature).or(Err(NotASignature))
    }
}

impl FromStr for PublicKey {
    type Err = NotAPin;

    fn from_str(text: &str) -> Result<PublicKey, NotAPin> {
        match text.parse()? {
            Pin::Key(key) => Ok(key),
            Pin::Fingerprint(_) => Err(NotAPin),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, [high, low]) in self.0.as_chunks().0.iter().enumerate() {
            write!(f, "{}{high:02x}{low:02x}", if i == 0 { "" } else { "-" })?;
        }
        Ok(())
    }
}

impl Pin {
    /// Whether it is this key.
    #[must_use]
    pub fn matches(&self, key: &PublicKey) -> bool {
        match self {
            Pin::Key(pinned) => pinned == key,
            Pin::Fingerprint(_) => self.fingerprint() == key.fingerprint(),
        }
    }

    /// The fingerprint of the key that it names.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Pin::Key(key) => key.fingerprint(),
            Pin::Fingerprint(fingerprint) => *fingerprint,
        }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pin::Key(key) => key.fmt(f),
            Pin::Fingerprint(fingerprint) => fingerprint.fmt(f),
        }
    }
}

impl FromStr for Pin {
    type Err = NotAPin;

    /// Takes digits of either case, with hyphens or spaces anywhere, as people write down what they hear.
    fn from_str(text: &str) -> Result<Pin, NotAPin> {
        let digits = text.chars().filter(|c| !matches!(c, '-' | ' '));
        let digits: Option<Vec<u8>> = digits.map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
        let digits = digits.ok_or(NotAPin)?;
        let bytes: Vec<u8> =
            digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        match digits.len() {
            FINGERPRINT_DIGITS => bytes.try_into().map(|bytes| Pin::Fingerprint(Fingerprint(bytes))).or(Err(NotAPin)),
            KEY_DIGITS => bytes.try_into().map(|bytes| Pin::Key(PublicKey(bytes))).or(Err(NotAPin)),
            _ => Err(NotAPin),
        }
    }
}

const FINGERPRINT_DIGITS: usize = 32;
const KEY_DIGITS: usize = 64;
const SIGNATURE_DIGITS: usize = 128;
/// PKCS #8 (RFC 8410 section 7) up to the seed.
const PKCS8_PREFIX: [u8; 16] = *b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20";
/// `SubjectPublicKeyInfo` (RFC 8410 section 4) up to the key.
const SPKI_PREFIX: [u8; 12] = *b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
