//! Rules about the sources themselves.

use std::path::{Path, PathBuf};

use super::root;

/// All files below the source folders with this extension, with their text.
fn sources(extension: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in ["src", "tests", "circuits", "compiler", "runtime", "examples", "benches", "fuzz/fuzz_targets"] {
        collect(&root().join(folder), extension, &mut found);
    }
    assert!(found.len() > 5, "there are {extension} files");
    found
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, extension, found);
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_file_opens_by_saying_what_it_is() {
    for (path, text) in sources("rs") {
        // A module's tests belong to the file that declares them.
        let excused = path.file_name().is_some_and(|name| name == "tests.rs");
        assert!(excused || text.starts_with("//! "), "{} does not open with `//!`", path.display());
    }
}

#[test]
fn only_kernels_are_unsafe() {
    for (path, text) in sources("rs") {
        let kernel = path.components().any(|part| part.as_os_str() == "kernel") || path.ends_with("kernel.rs");
        let opens = [concat!("unsafe", " {"), concat!("unsafe", " fn"), concat!("unsafe", " impl")];
        let is_unsafe = opens.iter().any(|open| text.contains(open));
        assert!(kernel || !is_unsafe, "{} has unsafe code", path.display());
    }
}

/// A release build must check what a debug build checks wherever a peer's bytes go.
#[test]
fn the_engine_checks_nothing_in_debug_builds_alone() {
    for (path, text) in sources("rs") {
        let engine = path.starts_with(root().join("runtime/src"));
        let kernel = path.components().any(|part| part.as_os_str() == "kernel");
        assert!(!engine || kernel || !text.contains("debug_assert"), "{} has debug assertions", path.display());
    }
}
