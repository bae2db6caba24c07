//! What `hushgate new` writes: a program with inputs and tests, ready to run.

/// The files of a new program: name and content.
pub const FILES: &[(&str, &str)] = &[
    ("main.hush", include_str!("../template/main.hush")),
    ("alice.json", include_str!("../template/alice.json")),
    ("bob.json", include_str!("../template/bob.json")),
    ("README.md", include_str!("../template/README.md")),
];
