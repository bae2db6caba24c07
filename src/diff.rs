//! Lines that two texts do not share, as people read them: `-` for those of the first, `+` for those of the second.

/// Lines that are looked through for where two texts go on alike.
const SKIPPED_MAX: usize = 2_000;
/// Lines of context around a change.
const CONTEXT: usize = 1;

/// The changes from `old` to `new`; empty if there are none. Each begins with the number of its first line in `old`.
pub fn changes(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let (mut i, mut j, mut out) = (0, 0, String::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            continue;
        }
        let (end_i, end_j) = meet(&old, &new, i, j);
        out += &format!("@@ line {} @@\n", i + 1);
        old[i.saturating_sub(CONTEXT)..i].iter().for_each(|line| out += &format!(" {line}\n"));
        old[i..end_i].iter().for_each(|line| out += &format!("-{line}\n"));
        new[j..end_j].iter().for_each(|line| out += &format!("+{line}\n"));
        (i, j) = (end_i, end_j);
        old[i..(i + CONTEXT).min(old.len())].iter().for_each(|line| out += &format!(" {line}\n"));
    }
    out
}

/// Lines that both texts have, by their positions in the first and in the second.
pub fn common_lines(old: &str, new: &str) -> Vec<(usize, usize)> {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let (mut i, mut j, mut common) = (0, 0, Vec::new());
    while i < old.len() || j < new.len() {
        if i < old.len() && j < new.len() && old[i] == new[j] {
            common.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else {
            (i, j) = meet(&old, &new, i, j);
        }
    }
    common
}

/// Where both texts next go on alike, with as few lines between as possible.
fn meet(old: &[&str], new: &[&str], i: usize, j: usize) -> (usize, usize) {
    let rest = (old.len() - i) + (new.len() - j);
    for skipped in 1..=rest.min(SKIPPED_MAX) {
        for from_old in 0..=skipped.min(old.len() - i) {
            let from_new = skipped - from_old;
            let (i, j) = (i + from_old, j + from_new);
            if j < new.len() && i < old.len() && old[i] == new[j] && !old[i].trim().is_empty() {
                return (i, j);
            }
        }
    }
    (old.len(), new.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_common_are_found_again() {
        assert_eq!(common_lines("a\nb\nc\n", "x\na\nc\nd\n"), [(0, 1), (2, 2)]);
        assert_eq!(common_lines("a\n", "b\n"), []);
    }

    #[test]
    fn changes_are_shown_with_their_lines() {
        assert_eq!(changes("a\nb\n", "a\nb\n"), "");
        assert_eq!(changes("a\nb\nc\n", "a\nx\ny\nc\n"), "@@ line 2 @@\n a\n-b\n+x\n+y\n c\n");
        assert_eq!(changes("a\n", "a\nb\n"), "@@ line 2 @@\n a\n+b\n");
        assert_eq!(changes("a\nb\nc\nd\n", "b\nc\n"), "@@ line 1 @@\n-a\n b\n@@ line 4 @@\n c\n-d\n");
    }
}
