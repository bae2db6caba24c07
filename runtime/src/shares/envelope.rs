//! Sealed envelopes: a share that only its recipient can open, and that fits no other place.
//!
//! HPKE (RFC 9180), base mode, X25519 with HKDF-SHA-256, ChaCha20-Poly1305, by the crate `hpke`. A party's sealing key is derived from its identity's
//! secret; its owner signs the public half, so that who knows the fingerprint knows the sealing key.
//!
//! # Security
//! What the envelope is for (program, member, submission, recipient, sizes) is authenticated with the contents: an envelope that is moved to another
//! place does not open. Who made it is not known from the envelope: whoever has the public key can seal one. Signatures of participants are the caller's
//! business. A stolen secret key opens all envelopes sealed to it.

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use rand::CryptoRng;
use zeroize::Zeroizing;

use crate::identity::{Identity, PublicKey, Signature};

/// Where shares for a party are sealed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealingKey([u8; 32]);

/// The secret half.
pub struct OpeningKey(<X25519HkdfSha256 as Kem>::PrivateKey);

/// A sealed share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The sender's ephemeral key.
    pub encapped: [u8; 32],
    /// Contents and tag.
    pub sealed: Vec<u8>,
}

/// The envelope does not open: it is damaged, for somebody else, or from another place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the envelope does not open: it was damaged, is sealed to another key, or was made for another place")]
pub struct CannotOpen;

impl OpeningKey {
    /// The key that belongs to an identity.
    #[must_use]
    pub fn of(identity: &Identity) -> OpeningKey {
        let ikm = Zeroizing::new(blake3::derive_key("hushgate sealing key v1", identity.seed()));
        let (secret, _) = X25519HkdfSha256::derive_keypair(&*ikm);
        OpeningKey(secret)
    }

    /// The public half.
    #[must_use]
    pub fn sealing_key(&self) -> SealingKey {
        let public = <X25519HkdfSha256 as Kem>::sk_to_pk(&self.0);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&public.to_bytes());
        SealingKey(bytes)
    }

    /// What is in the envelope, if it was sealed to this key, for this place.
    pub fn open(&self, envelope: &Envelope, place: &[u8]) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let encapped =
            <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&envelope.encapped).map_err(|_| CannotOpen)?;
        let opened = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.0,
            &encapped,
            INFO,
            &envelope.sealed,
            place,
        );
        opened.map(Zeroizing::new).map_err(|_| CannotOpen)
    }
}

impl SealingKey {
    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The key with these bytes, if `owner` has signed that it is its own.
    #[must_use]
    pub fn signed_by(bytes: [u8; 32], owner: &PublicKey, signature: &Signature) -> Option<SealingKey> {
        owner.has_signed(DOMAIN, &bytes, signature).then_some(SealingKey(bytes))
    }

    /// The owner's signature.
    #[must_use]
    pub fn sign(&self, owner: &Identity) -> Signature {
        owner.sign(DOMAIN, &self.0)
    }

    /// Seals `contents` for this place; `None` if the key is one that nobody can hold.
    #[must_use]
    pub fn seal(&self, contents: &[u8], place: &[u8], rng: &mut impl CryptoRng) -> Option<Envelope> {
        let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&self.0).ok()?;
        let (encapped, sealed) = hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeS::Base,
            &key,
            INFO,
            contents,
            place,
            rng,
        )
        .ok()?;
        let mut bytes = [0; 32];
        bytes.copy_from_slice(&encapped.to_bytes());
        Some(Envelope { encapped: bytes, sealed })
    }
}

const INFO: &[u8] = b"hushgate share v1";
const DOMAIN: &str = "hushgate sealing key v1";

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha20Rng;

    use super::*;

    #[test]
    fn an_envelope_opens_for_its_recipient_in_its_place_and_whole() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let [alice, bob] = [[1; 32], [2; 32]].map(|seed| OpeningKey::of(&Identity::from_seed(&seed)));
        let envelope = alice.sealing_key().seal(b"share", b"place", &mut rng).unwrap();
        assert_eq!(alice.open(&envelope, b"place").unwrap().as_slice(), b"share");
        assert!(alice.open(&envelope, b"other").is_err());
        assert!(bob.open(&envelope, b"place").is_err());
        for i in 0..envelope.sealed.len() {
            let mut damaged = envelope.clone();
            damaged.sealed[i] ^= 1;
            assert!(alice.open(&damaged, b"place").is_err());
        }
        for encapped in [[0; 32], [1; 32], [255; 32]] {
            assert!(alice.open(&Envelope { encapped, ..envelope.clone() }, b"place").is_err());
        }
        assert!(alice.open(&Envelope { sealed: Vec::new(), ..envelope }, b"place").is_err());
        let again = alice.sealing_key().seal(b"share", b"place", &mut rng).unwrap();
        assert_ne!(again.sealed, alice.sealing_key().seal(b"share", b"place", &mut rng).unwrap().sealed);
    }

    #[test]
    fn sealing_keys_are_their_owners() {
        let [alice, bob] = [[1; 32], [2; 32]].map(|seed| Identity::from_seed(&seed));
        let key = OpeningKey::of(&alice).sealing_key();
        let signature = key.sign(&alice);
        assert_eq!(SealingKey::signed_by(*key.as_bytes(), &alice.public_key(), &signature), Some(key));
        assert_eq!(SealingKey::signed_by(*key.as_bytes(), &bob.public_key(), &signature), None);
        let other = *OpeningKey::of(&bob).sealing_key().as_bytes();
        assert_eq!(SealingKey::signed_by(other, &alice.public_key(), &signature), None);
    }
}
