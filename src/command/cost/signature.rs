//! What is known of the costs of a program without its public inputs: what parties give and learn. They decide what the circuit is, and so all else.

use serde_json::json;

use crate::cli::Common;
use crate::describe::how_to_give;
use crate::failure::Failure;
use crate::program::Program;
use crate::terminal::outln;

use super::{input_bits, output_bits, print_figures};

/// Prints that; `missing` are the public inputs.
pub fn print(program: &Program, missing: &[String], common: &Common) -> Result<(), Failure> {
    let border = program.border()?;
    let mut figures = json!({
        "inputs": input_bits(&border.parties, &border.inputs),
        "outputs": output_bits(&border.parties, &border.outputs),
    });
    if common.json {
        figures["missing"] = missing.into();
        outln!("{figures}");
        return Ok(());
    }
    print_figures(figures);
    outln!("\nThe gates, and all that follows from them, depend on the public inputs: {}", how_to_give(missing));
    Ok(())
}
