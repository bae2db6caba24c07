//! `hushgate explain`: the long form of a diagnostic.

use hushgate_compiler::diagnostic::Code;

use crate::failure::Failure;
use crate::terminal::outln;

/// Prints what there is to say about `code`.
pub fn run(code: &str) -> Result<(), Failure> {
    let code: Code = code
        .to_ascii_uppercase()
        .parse()
        .map_err(|_| Failure::Usage(format!("there is no error code {code:?}; codes look like E0401")))?;
    outln!("{}", code.explanation().trim_end());
    Ok(())
}
