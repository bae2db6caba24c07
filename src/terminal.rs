//! What depends on whether a person is looking.

use std::io::IsTerminal;

/// Whether errors may be coloured: a terminal, and `NO_COLOR` not set.
pub fn color() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// So many bytes, in the largest unit that keeps a digit before the point.
pub fn bytes(n: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let unit = units.iter().enumerate().rposition(|(i, _)| n >> (10 * i) > 0).unwrap_or(0);
    match unit {
        0 => format!("{n} B"),
        unit => format!("{:.1} {}", n as f64 / (1u64 << (10 * unit)) as f64, units[unit]),
    }
}

/// Now, in UTC, as RFC 3339 has it, to the second.
pub fn timestamp() -> String {
    let now = time::UtcDateTime::now().replace_nanosecond(0).expect("0 is a nanosecond");
    now.format(&time::format_description::well_known::Rfc3339).expect("this year has four digits")
}

/// The time that a text of RFC 3339 says.
pub fn time(text: &str) -> Option<std::time::SystemTime> {
    let parsed = time::OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339).ok()?;
    Some(parsed.into())
}

/// Prints a line to standard output, as `println!` does, but ends quietly where nobody reads on.
macro_rules! outln {
    ($($argument:tt)*) => { $crate::terminal::write_line(format_args!($($argument)*)) };
}
pub(crate) use outln;

/// What [`outln!`] stands for.
pub fn write_line(line: std::fmt::Arguments<'_>) {
    use std::io::Write;
    if let Err(error) = writeln!(std::io::stdout().lock(), "{line}") {
        let code = if error.kind() == std::io::ErrorKind::BrokenPipe { 0 } else { 1 };
        std::process::exit(code);
    }
}
