//! What the fuzz targets of the language share: programs changed word by word, beside libFuzzer's changes of bytes.

use libfuzzer_sys::fuzzer_mutate;

/// Words that a change may put anywhere.
const WORDS: &[&str] = &[
    "(", ")", "[", "]", "{", "}", ";", ",", ":", "::", "=", "==", "=>", "->", "..", "..=", ".", "|", "||", "&", "&&", "!", "-",
    "+", "*", "/", "%", "<", ">", "<<", ">>", "+%", "-|", "<<%", "@", "#", "_", "0", "1", "255", "1.5", "0xff", "b'a'", "\"t\"",
    "b\"k\"", "x", "u8", "i16", "u32", "u4096", "bool", "int", "str<3>", "fixed<8, 8>", "[u8; 4]", "[bool; N]", "Option<u8>",
    "None", "Some(1)", "true", "false", "if", "else", "match", "for", "in", "let", "mut", "fn", "return", "break", "continue",
    "struct", "enum", "impl", "use", "pub", "const", "type", "party", "from", "to", "all", "each", "public", "param", "self",
    "Self", "Ord", "Eq", "Num", "assert", "require", "wrap", "saturate", "try_into", "min", "map", "fold", "zip", "sum", "sort_by",
    "windows", ".index()", "_ in 0..=9", "#[test]", "// c\n", "/* c */", "/// d\n", "//! d\n", "\n", " ", "é", "=\u{a0}",
];

/// One of: libFuzzer's own change; a word replaced, removed, doubled, inserted or swapped with another one.
pub fn mutate(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let mut random = Random(u64::from(seed) * 2 + 1);
    let text = match std::str::from_utf8(&data[..size]) {
        Ok(text) if random.below(3) > 0 => text,
        _ => return fuzzer_mutate(data, size, max_size),
    };
    let mut words: Vec<&str> = words(text);
    for _ in 0..=random.below(3) {
        let len = words.len();
        if len == 0 {
            words.push(WORDS[random.below(WORDS.len())]);
            continue;
        }
        let (at, other) = (random.below(len), random.below(len));
        match random.below(8) {
            0 => drop(words.remove(at)),
            1 => words.insert(at, words[other]),
            2 => words.insert(at, WORDS[random.below(WORDS.len())]),
            3 | 4 => words[at] = WORDS[random.below(WORDS.len())],
            5 => words.swap(at, other),
            _ => words[at] = words[other],
        }
    }
    let changed = words.concat();
    let end = (0..=changed.len().min(max_size)).rev().find(|end| changed.is_char_boundary(*end)).unwrap_or(0);
    data[..end].copy_from_slice(&changed.as_bytes()[..end]);
    end
}

/// Names, numbers, and everything else character by character; together they are the text.
fn words(text: &str) -> Vec<&str> {
    let joins = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let len = if joins(first) { rest.find(|c| !joins(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        words.push(&rest[..len]);
        rest = &rest[len..];
    }
    words
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % n as u64) as usize
    }
}
