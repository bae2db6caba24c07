//! Sizes as bars: in per cent of the best elsewhere, where there is one, and in numbers on a logarithmic scale for all others.

use std::fmt::Write;

use super::Size;
use super::rows::Row;

const WIDTH: u32 = 860;
const LABELS: u32 = 280;
const BARS: u32 = 440;
const LINE: u32 = 22;
const MARGIN: u32 = 16;

/// An SVG picture, readable on light and dark pages: it has a background of its own.
pub fn svg(sizes: &[(&Row, Size)]) -> String {
    let (compared, alone): (Vec<_>, Vec<_>) = sizes.iter().partition(|(row, _)| row.best_elsewhere.is_some());
    let panels = [compared.len(), alone.len()].map(|n| if n == 0 { 0 } else { n as u32 * LINE + 3 * LINE });
    let height = panels[0] + panels[1] + 2 * MARGIN;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"Helvetica, Arial, sans-serif\" font-size=\"12\">\n<rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    );
    let mut y = MARGIN;
    if !compared.is_empty() {
        panel_title(&mut out, y, "AND gates in per cent of the best elsewhere (100 %: as good, shorter: better)");
        scale(
            &mut out,
            y,
            compared.len(),
            &[(0.0, "0"), (0.25, "25 %"), (0.5, "50 %"), (0.75, "75 %"), (1.0, "100 %")],
        );
        for (i, (row, size)) in compared.iter().enumerate() {
            let best = row.best_elsewhere.unwrap_or(1).max(1);
            let ratio = size.and_gates as f64 / best as f64;
            let note = format!("{} of {}", grouped(size.and_gates), grouped(best));
            let color = if ratio <= 1.0 { "#3b78b0" } else { "#c0504d" };
            bar(&mut out, y + (i as u32 + 2) * LINE, row.what, ratio.min(1.1), color, &note);
        }
        y += panels[0];
    }
    if !alone.is_empty() {
        panel_title(&mut out, y, "AND gates of other circuits (logarithmic: each line is ten times the one before)");
        let most = alone.iter().map(|(_, size)| size.and_gates.max(1)).max().unwrap_or(1);
        let decades = (most as f64).log10().ceil().max(1.0);
        let names = ["1", "10", "100", "1 k", "10 k", "100 k", "1 M", "10 M", "100 M", "1 G"];
        let marks: Vec<(f64, &str)> =
            names.iter().enumerate().map(|(i, name)| (i as f64 / decades, *name)).filter(|(x, _)| *x <= 1.0).collect();
        scale(&mut out, y, alone.len(), &marks);
        for (i, (row, size)) in alone.iter().enumerate() {
            let length = (size.and_gates.max(1) as f64).log10() / decades;
            bar(&mut out, y + (i as u32 + 2) * LINE, row.what, length, "#5b8f5b", &grouped(size.and_gates));
        }
    }
    out.push_str("</svg>\n");
    out
}

fn push(out: &mut String, part: std::fmt::Arguments<'_>) {
    out.write_fmt(part).expect("writing to a string does not fail");
}

fn panel_title(out: &mut String, y: u32, title: &str) {
    push(
        out,
        format_args!("<text x=\"{MARGIN}\" y=\"{}\" font-size=\"14\" font-weight=\"bold\">{title}</text>\n", y + 14),
    );
}

/// Vertical lines with what they stand for.
fn scale(out: &mut String, y: u32, n_bars: usize, marks: &[(f64, &str)]) {
    let (top, bottom) = (y + 2 * LINE - 6, y + (n_bars as u32 + 2) * LINE - 4);
    for (at, name) in marks {
        let x = LABELS + (at * f64::from(BARS)).round() as u32;
        push(out, format_args!("<line x1=\"{x}\" y1=\"{top}\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#cccccc\"/>\n"));
        push(
            out,
            format_args!(
                "<text x=\"{x}\" y=\"{}\" text-anchor=\"middle\" font-size=\"10\" fill=\"#555555\">{name}</text>\n",
                top - 4
            ),
        );
    }
}

/// A bar from the left, as long as this part of the scale.
fn bar(out: &mut String, y: u32, label: &str, length: f64, color: &str, note: &str) {
    let width = (length * f64::from(BARS)).round().max(1.0) as u32;
    let (text_y, bar_height) = (y + 12, LINE - 8);
    push(out, format_args!("<text x=\"{}\" y=\"{text_y}\" text-anchor=\"end\">{label}</text>\n", LABELS - 8));
    push(
        out,
        format_args!("<rect x=\"{LABELS}\" y=\"{y}\" width=\"{width}\" height=\"{bar_height}\" fill=\"{color}\"/>\n"),
    );
    push(out, format_args!("<text x=\"{}\" y=\"{text_y}\" fill=\"#333333\">{note}</text>\n", LABELS + width + 6));
}

/// Digits in groups of three.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
