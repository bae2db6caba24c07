use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use super::*;

fn bytes(hex: &str) -> [u8; 32] {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16).expect("hex") as u8).collect();
    std::array::from_fn(|i| digits[2 * i] << 4 | digits[2 * i + 1])
}

/// RFC 8032, section 7.1, tests 1 and 2.
#[test]
fn public_keys_are_those_of_the_standard() {
    for (seed, public) in [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        ),
    ] {
        assert_eq!(Identity::from_seed(&bytes(seed)).public_key().to_string(), public);
    }
}

#[test]
fn keys_are_new_each_time_and_never_shown() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (a, b) = (Identity::generate(&mut rng), Identity::generate(&mut rng));
    assert_ne!(a.public_key(), b.public_key());
    let secret: String = a.seed().iter().map(|byte| format!("{byte:02x}")).collect();
    let shown = format!("{a:?}");
    assert_eq!(shown, format!("Identity({})", a.public_key().fingerprint()));
    assert!(!shown.replace('-', "").contains(&secret[..8]));
}

#[test]
fn pins_are_read_back_however_people_write_them() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let (key, other) = (Identity::generate(&mut rng).public_key(), Identity::generate(&mut rng).public_key());
    let fingerprint = key.fingerprint().to_string();
    assert_eq!((fingerprint.len(), fingerprint.split('-').count()), (39, 8));
    for text in [
        key.to_string(),
        key.to_string().to_uppercase(),
        fingerprint.clone(),
        fingerprint.replace('-', ""),
        fingerprint.replace('-', " ").to_uppercase(),
    ] {
        let pin: Pin = text.parse().expect("a pin");
        assert!(pin.matches(&key) && !pin.matches(&other), "{text}");
        assert_eq!(pin.fingerprint(), key.fingerprint());
        assert_eq!(pin.to_string().parse(), Ok(pin));
    }
    for text in ["", "-", &fingerprint[1..], &key.to_string()[1..], &format!("{key}0"), "bank_b", &"é".repeat(32)] {
        assert_eq!(text.parse::<Pin>(), Err(NotAPin), "{text:?}");
    }
}

#[test]
fn every_changed_bit_of_a_pin_matches_no_more() {
    let key = Identity::generate(&mut ChaCha20Rng::seed_from_u64(3)).public_key();
    for bit in 0..256 {
        let mut changed = *key.as_bytes();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(!Pin::Key(PublicKey(changed)).matches(&key));
        assert!(!Pin::Fingerprint(key.fingerprint()).matches(&PublicKey(changed)));
        if bit < 128 {
            let mut changed = key.fingerprint();
            changed.0[bit / 8] ^= 1 << (bit % 8);
            assert!(!Pin::Fingerprint(changed).matches(&key));
        }
    }
}

#[test]
fn only_ed25519_keys_are_read() {
    let spki = Identity::from_seed(&[7; 32]).public_key().to_spki();
    assert_eq!(PublicKey::from_spki(&spki), Some(Identity::from_seed(&[7; 32]).public_key()));
    for n in 0..spki.len() {
        assert_eq!(PublicKey::from_spki(&spki[..n]), None);
    }
    for byte in 0..SPKI_PREFIX.len() {
        let mut changed = spki.clone();
        changed[byte] ^= 1;
        assert_eq!(PublicKey::from_spki(&changed), None);
    }
    assert_eq!(PublicKey::from_spki(&[&spki[..], &[0]].concat()), None);
}

#[test]
fn signatures_are_for_one_key_one_purpose_and_one_message() {
    let [alice, bob] = [[1; 32], [2; 32]].map(|seed| Identity::from_seed(&seed));
    let signature = alice.sign("purpose", b"message");
    assert!(alice.public_key().has_signed("purpose", b"message", &signature));
    assert!(!bob.public_key().has_signed("purpose", b"message", &signature));
    assert!(!alice.public_key().has_signed("another", b"message", &signature));
    assert!(!alice.public_key().has_signed("purpose", b"messag", &signature));
    let text = signature.to_string();
    assert_eq!(text.parse(), Ok(signature));
    assert!(text[1..].parse::<Signature>().is_err() && text.replace(&text[..1], "g").parse::<Signature>().is_err());
}
