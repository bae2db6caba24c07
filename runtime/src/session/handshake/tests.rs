use proptest::prelude::*;

use super::*;

fn offer() -> Offer {
    Offer {
        versions: vec![PROTOCOL_VERSION],
        role: RoleChoice::Auto,
        party: PartyId(0),
        suite: SUITE.into(),
        binding_digest: [1; 32],
        plan_digest: [2; 32],
        n_runs: 3,
        then: vec![([4; 32], 5), ([6; 32], 7)],
        bits_per_second: 4,
        fields: BTreeMap::from([("a".into(), "1".into()), ("b".into(), "2".into())]),
        origin: BTreeMap::from([("parameter N".into(), "64".into())]),
        nonce: [3; 32],
    }
}

fn decode(bytes: &[u8]) -> Result<Offer, MalformedPayload> {
    let mut decoder = Decoder::new(bytes);
    let versions = decode_versions(&mut decoder)?;
    Offer::decode(versions, decoder)
}

fn plan() -> Plan {
    Plan { parties: vec!["alice".into(), "bob".into()], inputs: vec![], outputs: vec![], blocks: vec![], local: None }
}

#[test]
fn an_offer_comes_back() {
    assert_eq!(offer().encode().len(), offer().bytes());
    assert_eq!(decode(&offer().encode()), Ok(offer()));
}

#[test]
fn a_shorter_or_longer_offer_is_refused() {
    let bytes = offer().encode();
    for n in 0..bytes.len() {
        assert!(decode(&bytes[..n]).is_err(), "{n} bytes");
    }
    assert!(decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn fields_out_of_order_or_given_twice_are_refused() {
    let bytes = offer().encode();
    let field = |name: u8, value: u8| [1, 0, name, 1, 0, value];
    let at = bytes.windows(6).position(|window| window == field(b'a', b'1')).expect("it is there");
    for fields in [[field(b'b', b'2'), field(b'a', b'1')], [field(b'a', b'1'), field(b'a', b'1')]] {
        let mut bytes = bytes.clone();
        bytes[at..at + 12].copy_from_slice(fields.as_flattened());
        assert_eq!(decode(&bytes).map_err(|error| error.to_string()), Err("its list of fields is not in order".into()));
    }
}

#[test]
fn a_version_in_common_is_needed() {
    assert_eq!(agree_on_version(&[1], &[3, 2, 1]), Ok(()));
    let error = agree_on_version(&[1], &[2, 3]).expect_err("there is none");
    assert_eq!(error.to_string(), "the parties do not agree on protocol version: here \"1\", there \"2, 3\"");
}

#[test]
fn an_offer_of_another_version_may_have_any_form() {
    let bytes = [MAGIC.as_slice(), &[1, 2, 0], b"who knows"].concat();
    assert_eq!(decode_versions(&mut Decoder::new(&bytes)), Ok(vec![2]));
}

#[test]
fn every_difference_is_found_by_both_and_is_the_same() {
    let ours = offer();
    let theirs = Offer { party: PartyId(1), ..offer() };
    assert_eq!(ours.agree(&theirs, &plan()), Ok(Role::Garbler));
    assert_eq!(theirs.agree(&ours, &plan()), Ok(Role::Evaluator));
    type Change = fn(&mut Offer);
    let changes: [(&str, Change); 8] = [
        ("protocol suite", |offer| offer.suite = "other".into()),
        ("secure channel", |offer| offer.binding_digest = [9; 32]),
        ("a", |offer| offer.fields = BTreeMap::from([("b".into(), "3".into())])),
        ("b", |offer| offer.fields = BTreeMap::from([("a".into(), "1".into()), ("b".into(), "3".into())])),
        ("c", |offer| _ = offer.fields.insert("c".into(), "".into())),
        ("program", |offer| offer.plan_digest = [9; 32]),
        ("party", |offer| offer.party = PartyId(2)),
        ("party", |offer| offer.party = PartyId(0)),
    ];
    for (field, change) in changes {
        let mut theirs = theirs.clone();
        change(&mut theirs);
        let here = ours.agree(&theirs, &plan()).expect_err("they differ");
        let there = theirs.agree(&ours, &plan()).expect_err("they differ");
        assert_eq!(here.field, field);
        assert_eq!(here, Disagreement { field: there.field, ours: there.theirs, theirs: there.ours });
    }
}

#[test]
fn roles_fit_together_or_both_refuse() {
    let choices = [RoleChoice::Auto, RoleChoice::Only(Role::Garbler), RoleChoice::Only(Role::Evaluator)];
    for ours in choices {
        for theirs in choices {
            let (here, there) = (resolve(ours, theirs, true), resolve(theirs, ours, false));
            assert_eq!(here.map(Role::other), there);
            assert_eq!(here.is_none(), ours == theirs && ours != RoleChoice::Auto);
        }
    }
}

#[test]
fn the_session_id_depends_on_everything() {
    let id = |garbler: &[u8], evaluator: &[u8], binding: &[u8]| {
        session_id([&garbler.to_vec(), &evaluator.to_vec()], binding)
    };
    let ids =
        [id(b"a", b"b", b""), id(b"b", b"a", b""), id(b"ab", b"", b""), id(b"a", b"b", b"c"), id(b"a", b"", b"b")];
    for (i, id) in ids.iter().enumerate() {
        assert!(!ids[..i].contains(id));
    }
}

proptest! {
    #[test]
    fn no_offer_panics(bytes: Vec<u8>, flip: usize, mask: u8) {
        let _ = decode(&bytes);
        let mut changed = offer().encode();
        let at = flip % changed.len();
        changed[at] ^= mask;
        if let Ok(offer) = decode(&changed) {
            prop_assert_eq!(offer.encode(), changed);
        }
    }
}
