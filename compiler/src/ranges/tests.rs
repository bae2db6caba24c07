use super::*;

/// All intervals within `lo..=hi`.
fn intervals(lo: i64, hi: i64) -> Vec<(i64, i64)> {
    (lo..=hi).flat_map(|a| (a..=hi).map(move |b| (a, b))).collect()
}

fn range((lo, hi): (i64, i64)) -> Range {
    Range::new(lo, hi)
}

/// The least interval with all results of `exact`, by trying all operands.
fn least(a: (i64, i64), b: (i64, i64), exact: impl Fn(i64, i64) -> Option<i64>) -> Option<Range> {
    let results = (a.0..=a.1).flat_map(|x| (b.0..=b.1).map(move |y| (x, y))).filter_map(|(x, y)| exact(x, y));
    let (lo, hi) =
        results.fold(None, |sum: Option<(i64, i64)>, r| Some(sum.map_or((r, r), |(lo, hi)| (lo.min(r), hi.max(r)))))?;
    Some(Range::new(lo, hi))
}

#[track_caller]
fn exact(name: &str, op: impl Fn(&Range, &Range) -> Range, of: impl Fn(i64, i64) -> Option<i64>) {
    for a in intervals(-6, 5) {
        for b in intervals(-5, 6) {
            if let Some(least) = least(a, b, &of) {
                assert_eq!(op(&range(a), &range(b)), least, "{a:?} {name} {b:?}");
            }
        }
    }
}

#[track_caller]
fn sound(name: &str, op: impl Fn(&Range, &Range) -> Range, of: impl Fn(i64, i64) -> Option<i64>) {
    for a in intervals(-6, 5) {
        for b in intervals(-5, 6) {
            if let Some(least) = least(a, b, &of) {
                let found = op(&range(a), &range(b));
                assert!(found.includes(&least), "{a:?} {name} {b:?}: {found:?} lacks {least:?}");
            }
        }
    }
}

#[test]
fn arithmetic_is_exact_on_all_small_intervals() {
    exact("+", Range::add, |x, y| Some(x + y));
    exact("-", Range::sub, |x, y| Some(x - y));
    exact("*", Range::mul, |x, y| Some(x * y));
    exact("/", Range::div, |x, y| x.checked_div(y));
    exact("min", Range::min, |x, y| Some(x.min(y)));
    exact("max", Range::max, |x, y| Some(x.max(y)));
    exact("<<", |a, b| a.shl(b, 64), |x, y| (y >= 0).then(|| x << y));
    exact(">>", Range::shr, |x, y| (y >= 0).then(|| x >> y));
}

#[test]
fn bit_operations_are_exact_on_all_small_intervals() {
    exact("&", Range::and, |x, y| Some(x & y));
    exact("|", Range::or, |x, y| Some(x | y));
    exact("^", Range::xor, |x, y| Some(x ^ y));
}

#[test]
fn remainders_are_sound_everywhere_and_exact_for_one_divisor() {
    sound("%", Range::rem, |x, y| x.checked_rem(y));
    for a in intervals(-9, 9) {
        for m in (-5..=5).filter(|m| *m != 0) {
            let least = least(a, (m, m), |x, y| x.checked_rem(y)).unwrap();
            assert!(range(a).rem(&Range::single(m)).includes(&least), "{a:?} % {m}");
            if a.0 >= 0 || a.1 <= 0 {
                assert_eq!(range(a).rem(&Range::single(m)).width(), least.width(), "{a:?} % {m}");
            }
        }
    }
}

#[test]
fn unary_operations_are_exact() {
    for a in intervals(-9, 9) {
        let check = |found: Range, of: &dyn Fn(i64) -> i64, name: &str| {
            assert_eq!(Some(found), least(a, (0, 0), |x, _| Some(of(x))), "{name} {a:?}");
        };
        check(range(a).neg(), &|x| -x, "-");
        check(range(a).abs(), &i64::abs, "abs");
        check(range(a).not(), &|x| !x, "!");
        check(range(a).square(), &|x| x * x, "square");
        check(range(a).clamp(&Range::new(-3, 4)), &|x| x.clamp(-3, 4), "clamp");
    }
}

#[test]
fn wrapping_is_exact_within_a_turn_and_sound_beyond() {
    for signed in [false, true] {
        for a in intervals(-20, 20) {
            let of = |x: i64| i64::try_from(wrap(&BigInt::from(x), signed, 3)).unwrap();
            let found = range(a).wrap(signed, 3);
            let least = least(a, (0, 0), |x, _| Some(of(x))).unwrap();
            assert!(
                found.includes(&least) && Range::of_width(signed, 3).includes(&found),
                "{a:?}: {found:?} {least:?}"
            );
            assert!(a.0 != a.1 || found == least);
        }
    }
}

#[test]
fn wide_bit_operations_stay_sound() {
    let wide = Range::of_width(true, 300);
    assert!(wide.includes(&wide.and(&wide)) && wide.includes(&wide.xor(&wide)) && wide.includes(&wide.or(&wide)));
    let byte = Range::new(0, 255);
    assert_eq!((wide.and(&byte), byte.and(&wide)), (byte.clone(), byte));
}

#[test]
fn numbers_are_shown_for_people() {
    let show = |x: BigInt| Grouped(&x).to_string();
    assert_eq!(show(BigInt::from(999)), "999");
    assert_eq!(show(BigInt::from(-1_234_567)), "-1_234_567");
    assert_eq!(show(BigInt::from(u32::MAX)), "4_294_967_295");
    assert_eq!(show(BigInt::from(u64::MAX)), "(2^64 - 1)");
    assert_eq!(show(BigInt::from(1) << 100), "2^100");
    assert_eq!(Range::new(0, 10_000).to_string(), "0..=10_000");
}
