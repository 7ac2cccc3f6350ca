//! What was measured of the server, and whether its memory grows.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use super::server::Reading;

/// One moment of the server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    pub(super) at_ms: u64,
    /// Taken after the warm-up, and before the end.
    pub(super) counts: bool,
    pub(super) reading: Reading,
    /// Members that are up, as the driver knows them.
    pub(super) up: usize,
    pub(super) said: u64,
    pub(super) received: u64,
}

/// All moments, and the file that they go to.
pub(super) struct Watch {
    samples: Vec<Sample>,
    file: Option<File>,
}

/// How memory went after the warm-up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growth {
    pub(super) samples: usize,
    pub(super) hours: f64,
    pub(super) first_kib: u64,
    pub(super) last_kib: u64,
    pub(super) least_kib: u64,
    pub(super) most_kib: u64,
    /// By least squares.
    pub(super) kib_per_hour: f64,
    pub(super) cpu_percent: f64,
    pub(super) descriptors: (usize, usize),
}

/// Growth within the time measured that still counts as none: what the allocator's pages come to
/// when 10,000 members come and go by chance is about 1 % of what they hold, and a megabyte on top
/// for what does not depend on them. A leak of 100 bytes for each line said would be above that
/// within ten minutes, one for each reconnection within an hour.
pub(super) fn allowed_kib(level_kib: u64) -> f64 {
    1024.0 + level_kib as f64 / 100.0
}

impl Watch {
    pub(super) fn new(path: Option<&Path>) -> io::Result<Self> {
        let mut file = path.map(File::create).transpose()?;
        if let Some(file) = &mut file {
            writeln!(file, "seconds,counts,rss_anon_kib,descriptors,cpu_ms,up,said,received")?;
        }
        Ok(Self { samples: Vec::new(), file })
    }

    pub(super) fn add(&mut self, sample: Sample) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            let Reading { anonymous_kib, descriptors, cpu_ms } = sample.reading;
            let Sample { at_ms, counts, up, said, received, .. } = sample;
            let (seconds, counts) = (at_ms as f64 / 1000.0, u8::from(counts));
            writeln!(
                file,
                "{seconds:.1},{counts},{anonymous_kib},{descriptors},{cpu_ms},{up},{said},{received}"
            )?;
        }
        self.samples.push(sample);
        Ok(())
    }

    pub(super) fn growth(&self) -> Option<Growth> {
        let samples: Vec<&Sample> = self.samples.iter().filter(|sample| sample.counts).collect();
        let (first, last) = (samples.first()?, samples.last()?);
        let hours = |sample: &Sample| (sample.at_ms - first.at_ms) as f64 / 3_600_000.0;
        let memory = |sample: &&Sample| sample.reading.anonymous_kib;
        let points = samples.iter().map(|sample| (hours(sample), memory(sample) as f64));
        let cpu_ms = last.reading.cpu_ms - first.reading.cpu_ms;
        let descriptors = |sample: &&Sample| sample.reading.descriptors;
        Some(Growth {
            samples: samples.len(),
            hours: hours(last),
            first_kib: memory(first),
            last_kib: memory(last),
            least_kib: samples.iter().map(memory).min()?,
            most_kib: samples.iter().map(memory).max()?,
            kib_per_hour: slope(points)?,
            cpu_percent: cpu_ms as f64 * 100.0 / (last.at_ms - first.at_ms).max(1) as f64,
            descriptors: (
                samples.iter().map(descriptors).min()?,
                samples.iter().map(descriptors).max()?,
            ),
        })
    }
}

/// The slope of the line that fits best by least squares; nothing for less than three points.
fn slope(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<f64> {
    let count = points.clone().count();
    if count < 3 {
        return None;
    }
    let n = count as f64;
    let (x, y) = points.clone().fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (x, y) = (x / n, y / n);
    let (xy, xx) = points.fold((0.0, 0.0), |(xy, xx), point| {
        let dx = point.0 - x;
        (xy + dx * (point.1 - y), xx + dx * dx)
    });
    (xx > 0.0).then(|| xy / xx)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_of_a_line_is_found_through_noise_that_cancels_out() {
        let points = [(0.0, 1.0), (1.0, 5.0), (2.0, 5.0), (3.0, 9.0)];
        assert!((slope(points.into_iter()).unwrap() - 2.4).abs() < 1e-9);
        assert_eq!(slope(points.into_iter().take(2)), None);
    }
}
