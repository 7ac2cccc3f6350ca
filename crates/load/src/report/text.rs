//! A report as text for a terminal.

use std::fmt::Write;

use super::Report;

impl Report {
    /// The report as text.
    pub fn text(&self) -> String {
        let mut text = format!("{}:", self.kind);
        for (name, value) in &self.settings {
            let _ = write!(text, " {name} {value},");
        }
        text.pop();
        text.push_str("\n\n");
        for (what, how_much) in self.rows() {
            let _ = writeln!(text, "{what:<17} {how_much}");
        }
        for note in self.notes() {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }
}
