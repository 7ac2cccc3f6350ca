//! What was measured: samples by where they stand in a table, kept in a file between the slices of a
//! run.
//!
//! Invariant: the samples of one table stand in the order of the rounds, so that the n-th of one row
//! and the n-th of another were taken in the same round and can be held against each other.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// All that a run has found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Results {
    /// What it was made on and with: lines for the reader, by what they are about.
    pub(crate) circumstances: BTreeMap<String, String>,
    pub(crate) figures: Vec<Figure>,
    /// Where they are kept.
    #[serde(skip)]
    file: PathBuf,
}

/// One cell of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure {
    /// The table.
    pub(crate) table: String,
    /// Who was measured.
    pub(crate) row: String,
    /// What was varied: the number of readers, above all.
    pub(crate) column: String,
    /// One for each round.
    pub(crate) samples: Vec<f64>,
    /// Bytes that each delivery had, where that differs from server to server.
    #[serde(default)]
    pub(crate) bytes: Option<f64>,
}

impl Results {
    /// What an earlier slice has left in `file`; nothing, if there was none.
    pub(crate) fn read(file: &Path) -> io::Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => Ok(Self { file: file.to_owned(), ..serde_json::from_str(&text)? }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self { file: file.to_owned(), ..Self::default() })
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps them in the file that they were read from. Half a file is never seen.
    pub(crate) fn keep(&self) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        let new = self.file.with_extension("new");
        fs::write(&new, serde_json::to_string_pretty(self)? + "\n")?;
        fs::rename(new, &self.file)
    }

    /// Forgets the cells that are about to be measured again.
    pub(crate) fn forget(&mut self, table: &str, row: &str, column: &str) {
        self.figures.retain(|it| (&*it.table, &*it.row, &*it.column) != (table, row, column));
    }

    /// Adds one round's sample to its cell.
    pub(crate) fn add(&mut self, table: &str, row: &str, column: &str, sample: f64) -> &mut Figure {
        let place = self.place(table, row, column).unwrap_or_else(|| {
            let [table, row, column] = [table, row, column].map(str::to_owned);
            self.figures.push(Figure { table, row, column, samples: Vec::new(), bytes: None });
            self.figures.len() - 1
        });
        self.figures[place].samples.push(sample);
        &mut self.figures[place]
    }

    pub(crate) fn get(&self, table: &str, row: &str, column: &str) -> Option<&Figure> {
        Some(&self.figures[self.place(table, row, column)?])
    }

    fn place(&self, table: &str, row: &str, column: &str) -> Option<usize> {
        let is_it = |it: &Figure| (&*it.table, &*it.row, &*it.column) == (table, row, column);
        self.figures.iter().position(is_it)
    }

    /// The columns of a table, numbers in their order.
    pub(crate) fn columns(&self, table: &str) -> Vec<String> {
        let mut columns: Vec<String> = Vec::new();
        for figure in self.figures.iter().filter(|it| it.table == table) {
            if !columns.contains(&figure.column) {
                columns.push(figure.column.clone());
            }
        }
        columns.sort_by_key(|column| column.parse::<u64>().ok());
        columns
    }
}

/// Least, median and most.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) least: f64,
    pub(crate) median: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub(crate) fn of(samples: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut samples: Vec<f64> = samples.into_iter().collect();
        samples.sort_by(f64::total_cmp);
        let (&least, &most) = (samples.first()?, samples.last()?);
        let middle = samples.len() / 2;
        let median = match samples.len() % 2 {
            1 => samples[middle],
            _ => f64::midpoint(samples[middle - 1], samples[middle]),
        };
        Some(Self { least, median, most })
    }
}

impl Figure {
    pub(crate) fn spread(&self) -> Option<Spread> {
        Spread::of(self.samples.iter().copied())
    }

    /// The median of the ratios to `other`, taken round by round, so that a machine whose speed
    /// drifts favours nobody.
    pub(crate) fn ratio(&self, other: &Self) -> Option<f64> {
        let ratios = self.samples.iter().zip(&other.samples).map(|(own, other)| own / other);
        Some(Spread::of(ratios)?.median)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_what_stands_in_the_middle() {
        assert_eq!(Spread::of([]), None);
        let spread = |least, median, most| Some(Spread { least, median, most });
        assert_eq!(Spread::of([3.0]), spread(3.0, 3.0, 3.0));
        assert_eq!(Spread::of([3.0, 1.0]), spread(1.0, 2.0, 3.0));
        assert_eq!(Spread::of([9.0, 1.0, 2.0]), spread(1.0, 2.0, 9.0));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 9.0]), spread(1.0, 3.0, 9.0));
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        let mut results = Results::default();
        // The machine becomes slower and slower; the two stay as they are to each other.
        for speed in [1.0, 0.5, 0.25] {
            results.add("t", "fast", "1", 8.0 * speed);
            results.add("t", "slow", "1", 4.0 * speed);
        }
        let [fast, slow] = ["fast", "slow"].map(|row| results.get("t", row, "1").unwrap());
        assert_eq!(slow.ratio(fast), Some(0.5));
        assert_eq!(fast.spread().unwrap().median, 4.0);
    }

    #[test]
    fn what_is_measured_again_takes_the_place_of_the_old() {
        let mut results = Results::default();
        results.add("t", "a", "10", 1.0);
        results.add("t", "a", "9", 2.0);
        results.forget("t", "a", "10");
        results.add("t", "a", "10", 3.0).bytes = Some(64.0);
        assert_eq!(results.get("t", "a", "10").unwrap().samples, [3.0]);
        assert_eq!(results.get("t", "a", "9").unwrap().samples, [2.0]);
        assert_eq!(results.columns("t"), ["9", "10"]);
    }

    #[test]
    fn results_outlive_the_slice_that_found_them() {
        let folder = std::env::temp_dir().join(format!("compare-{}", std::process::id()));
        let file = folder.join("results.json");
        let mut results = Results::read(&file).unwrap();
        assert_eq!(results.figures, []);
        results.add("t", "a", "10", 1.5);
        results.circumstances.insert("kernel".into(), "6.18".into());
        results.keep().unwrap();
        assert_eq!(Results::read(&file).unwrap(), results);
        fs::remove_dir_all(folder).unwrap();
    }
}
