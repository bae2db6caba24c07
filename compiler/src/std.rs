//! The standard library, written in Hush: `use std::MODULE::name;`.

/// The modules, by name, in the order of the book. How they are documented: `tests/it/library.rs`.
const MODULES: &[(&str, &str)] = &[
    ("sort", include_str!("std/sort.hush")),
    ("merge", include_str!("std/merge.hush")),
    ("search", include_str!("std/search.hush")),
    ("sets", include_str!("std/sets.hush")),
    ("stats", include_str!("std/stats.hush")),
    ("auction", include_str!("std/auction.hush")),
    ("rules", include_str!("std/rules.hush")),
    ("math", include_str!("std/math.hush")),
    ("linear", include_str!("std/linear.hush")),
    ("float", include_str!("std/float.hush")),
    ("text", include_str!("std/text.hush")),
    ("bytes", include_str!("std/bytes.hush")),
    ("crypto", include_str!("std/crypto.hush")),
];

/// The methods of arrays, `Option` and texts that are written in Hush; every program has them.
pub const METHODS: &str = include_str!("std/methods.hush");

/// The text of `std::name`.
#[must_use]
pub fn text(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(own, _)| *own == name).map(|(_, text)| *text)
}

/// The names of all modules.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}
