//! The page that is written: tables between marks, in a text that is otherwise written by hand.
//!
//! Invariant: nothing outside the marks is ever changed.

use crate::figures::{Figure, Results};

/// Puts `body` between the marks of section `name`.
///
/// # Errors
///
/// If there is no such section, or it has no end.
pub(crate) fn replace(page: &str, name: &str, body: &str) -> Result<String, String> {
    let begin = format!("<!-- begin {name}: written by bench/compare/run -->\n");
    let end = format!("<!-- end {name} -->");
    let Some((before, rest)) = page.split_once(&begin) else {
        return Err(format!("the page has no line {:?}", begin.trim_end()));
    };
    let Some((_, after)) = rest.split_once(&end) else {
        return Err(format!("the page has no line {end:?} behind its beginning"));
    };
    Ok(format!("{before}{begin}\n{}\n\n{end}{after}", body.trim_end()))
}

/// A row of a table: its name in the results, and what it is held against.
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) ceiling: Option<&'a str>,
}

/// How samples are shown.
#[derive(Clone, Copy)]
pub(crate) struct Unit {
    /// What a sample is divided by.
    pub(crate) scale: f64,
    pub(crate) decimals: usize,
}

impl Unit {
    pub(crate) fn show(self, sample: f64) -> String {
        format!("{:.*}", self.decimals, sample / self.scale)
    }
}

/// Medians, each with its ratio to the row's ceiling in brackets; rows that were not measured are
/// left out.
pub(crate) fn medians(
    results: &Results,
    table: &str,
    heading: &str,
    rows: &[Row<'_>],
    unit: Unit,
) -> String {
    matrix(results, table, heading, rows, |figure, ceiling| {
        let median = unit.show(figure.spread()?.median);
        Some(match ceiling.and_then(|ceiling| figure.ratio(ceiling)) {
            Some(ratio) => format!("{median} ({ratio:.2})"),
            None => median,
        })
    })
}

/// Least and most of each cell.
pub(crate) fn spreads(
    results: &Results,
    table: &str,
    heading: &str,
    rows: &[Row<'_>],
    unit: Unit,
) -> String {
    matrix(results, table, heading, rows, |figure, _| {
        let spread = figure.spread()?;
        Some(format!("{} to {}", unit.show(spread.least), unit.show(spread.most)))
    })
}

/// A table with a row for each of `rows` and a column for each that the results have.
fn matrix(
    results: &Results,
    table: &str,
    heading: &str,
    rows: &[Row<'_>],
    cell: impl Fn(&Figure, Option<&Figure>) -> Option<String>,
) -> String {
    let columns = results.columns(table);
    if columns.is_empty() {
        return "Not measured.\n".to_owned();
    }
    let head = columns.iter().map(|column| thousands(column));
    let mut lines = vec![[heading.to_owned()].into_iter().chain(head).collect::<Vec<_>>()];
    for row in rows {
        let figure = |column| results.get(table, row.name, column);
        if !columns.iter().any(|column| figure(column).is_some()) {
            continue;
        }
        let cells = columns.iter().map(|column| {
            let ceiling = row.ceiling.and_then(|ceiling| results.get(table, ceiling, column));
            figure(column).and_then(|it| cell(it, ceiling)).unwrap_or_else(|| "-".to_owned())
        });
        lines.push([row.name.to_owned()].into_iter().chain(cells).collect());
    }
    markdown(&lines)
}

/// Lines as a table, the first as its head; all columns but the first to the right.
pub(crate) fn markdown(lines: &[Vec<String>]) -> String {
    let columns = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = lines.iter().filter_map(|line| line.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0).max(3)
        })
        .collect();
    let mut out = String::new();
    for (number, line) in lines.iter().enumerate() {
        out.push('|');
        for (column, width) in widths.iter().enumerate() {
            let cell = line.get(column).map_or("", String::as_str);
            let pad = " ".repeat(width - cell.chars().count());
            out += &if column == 0 { format!(" {cell}{pad} |") } else { format!(" {pad}{cell} |") };
        }
        out.push('\n');
        if number == 0 {
            out.push('|');
            for (column, width) in widths.iter().enumerate() {
                let dashes = "-".repeat(*width);
                out += &if column == 0 { format!(" {dashes} |") } else { format!(" {dashes}:|") };
            }
            out.push('\n');
        }
    }
    out
}

/// A number of four digits or more, with commas; anything else as it is.
pub(crate) fn thousands(text: &str) -> String {
    if text.len() < 4 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let groups: Vec<&str> = text
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or(""))
        .collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Words\n\n<!-- begin a: written by bench/compare/run -->\nold\n\
                        <!-- end a -->\nmore words\n";

    #[test]
    fn only_what_stands_between_the_marks_is_changed() {
        let page = replace(PAGE, "a", "| new |\n\n").unwrap();
        assert!(page.starts_with("# Words\n\n<!-- begin a: "), "{page}");
        assert!(page.ends_with("-->\n\n| new |\n\n<!-- end a -->\nmore words\n"), "{page}");
        assert_eq!(replace(&page, "a", "| new |").unwrap(), page, "again is the same");
    }

    #[test]
    fn a_section_that_is_not_there_is_named() {
        assert!(replace(PAGE, "b", "").unwrap_err().contains("begin b"));
        let open = PAGE.replace("<!-- end a -->", "");
        assert!(replace(&open, "a", "").unwrap_err().contains("end a"));
    }

    #[test]
    fn a_table_has_its_rows_in_order_and_a_dash_for_what_was_not_measured() {
        let mut results = Results::default();
        for round in [1.0, 2.0, 4.0] {
            results.add("t", "bare", "10", 10e6 * round);
            results.add("t", "ours", "10", 9e6 * round);
        }
        results.add("t", "ours", "1000", 7e6);
        let row = |name| Row { name, ceiling: Some("bare") };
        let unit = Unit { scale: 1e6, decimals: 1 };
        let rows = [Row { name: "bare", ceiling: None }, row("ours"), row("nobody")];
        assert_eq!(
            medians(&results, "t", "readers", &rows, unit),
            "| readers |          10 | 1,000 |\n\
             | ------- | -----------:| -----:|\n\
             | bare    |        20.0 |     - |\n\
             | ours    | 18.0 (0.90) |   7.0 |\n"
        );
        assert_eq!(
            spreads(&results, "t", "readers", &rows[..1], unit),
            "| readers |           10 | 1,000 |\n\
             | ------- | ------------:| -----:|\n\
             | bare    | 10.0 to 40.0 |     - |\n"
        );
    }

    #[test]
    fn long_numbers_have_commas_and_words_have_none() {
        let shown = ["900", "1000", "10000", "1234567", "plain"].map(thousands);
        assert_eq!(shown, ["900", "1,000", "10,000", "1,234,567", "plain"]);
    }
}
