//! The parts of a comparison, and how much of each.
//!
//! Invariant: in each round of a part everybody is measured once, beginning with another one each
//! time, so that neither the order nor a machine that becomes slower favours anybody.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::contestants::{Contestant, ENGINES, Places};
use crate::figures::Results;
use crate::{MeasureArguments, Outcome, exchanges, fanout, idle, machine, server, wait};

/// A part of the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Lines from one to N others, many and one on their way.
    Fanout,
    /// Memory of silent connections.
    Idle,
    /// 64 bytes there and back.
    Echo,
    /// HTTP requests, one at a time and sixteen.
    Http,
    /// How long an echo takes on a single connection.
    Single,
    /// What the system calls that wait cost.
    Wait,
}

/// What is to be measured, and how.
pub(crate) struct Measure {
    parts: Vec<Part>,
    pub(crate) places: Places,
    /// A folder for what the servers write.
    pub(crate) work: PathBuf,
    /// Switchboard's engines, as [`ENGINES`] has them.
    pub(crate) engines: Vec<(&'static str, &'static str)>,
    servers: Vec<String>,
    pub(crate) readers: Vec<usize>,
    pub(crate) rounds: usize,
    /// How long each is measured for in a round.
    pub(crate) slice: Duration,
    pub(crate) idle: usize,
    /// Numbers of descriptors that are watched.
    pub(crate) watched: Vec<usize>,
    /// Who could not be measured, and why.
    pub(crate) troubles: Vec<String>,
}

impl Measure {
    /// # Errors
    ///
    /// If an engine is not known, or a folder cannot be made.
    pub(crate) fn new(wanted: &MeasureArguments) -> Outcome<Self> {
        let engines = wanted.engines.iter().map(|name| {
            let known = ENGINES.into_iter().find(|(engine, _)| engine == name);
            known.ok_or_else(|| format!("no engine is called {name:?}"))
        });
        // Rounds, seconds, readers, silent connections, watched descriptors.
        let (rounds, seconds, readers, idle, watched): (_, _, &[_], _, &[_]) =
            match (wanted.smoke, wanted.quick) {
                (true, _) => (1, 0.05, &[3, 20], 50, &[10, 100]),
                (_, true) => (3, 0.2, &[10, 100, 1000], 2000, &[10, 100, 1000, 10_000]),
                _ => (5, 0.3, &[10, 100, 1000, 5000], 9000, &[10, 100, 1000, 10_000]),
            };
        let work = std::path::absolute(&wanted.work)?;
        std::fs::create_dir_all(&work)?;
        let all = <Part as ValueEnum>::value_variants();
        Ok(Self {
            parts: if wanted.only.is_empty() { all.to_vec() } else { wanted.only.clone() },
            places: wanted.places()?,
            work,
            engines: engines.collect::<Result<_, _>>()?,
            servers: wanted.servers.iter().map(|word| word.to_lowercase()).collect(),
            readers: if wanted.n.is_empty() { readers.to_vec() } else { wanted.n.clone() },
            rounds: wanted.rounds.unwrap_or(rounds).max(1),
            slice: Duration::from_secs_f64(wanted.seconds.unwrap_or(seconds)),
            idle: wanted.idle.unwrap_or(idle),
            watched: watched.to_vec(),
            troubles: Vec::new(),
        })
    }

    /// Measures all that is wanted; answers who could not be measured, and why.
    ///
    /// # Errors
    ///
    /// If nothing can be measured here at all.
    pub(crate) fn all(mut self, results: &mut Results) -> Outcome<Vec<String>> {
        engine::raise_descriptor_limit()?;
        results.circumstances.extend(machine::circumstances(&self));
        server::pin_load();
        for part in self.parts.clone() {
            match part {
                Part::Fanout => fanout::measure(&mut self, results),
                Part::Idle => idle::measure(&mut self, results),
                Part::Echo => exchanges::echo(&mut self, results),
                Part::Http => exchanges::http(&mut self, results),
                Part::Single => exchanges::single(&mut self, results),
                Part::Wait => wait::measure(&self, results)?,
            }
        }
        Ok(self.troubles)
    }

    /// Whether this one is wanted.
    pub(crate) fn wants(&self, contestant: &Contestant) -> bool {
        let name = contestant.name.to_lowercase();
        self.servers.is_empty()
            || name.starts_with("bare")
            || self.servers.iter().any(|word| name.contains(word))
    }

    /// Measures each of `contestants` once a round with `one`; who fails is left out of the rounds
    /// that follow.
    pub(crate) fn rounds(
        &mut self,
        what: &str,
        mut contestants: Vec<Contestant>,
        results: &mut Results,
        mut one: impl FnMut(&Self, &Contestant, &mut Results) -> Outcome<()>,
    ) {
        contestants.retain(|contestant| self.wants(contestant));
        for round in 0..self.rounds {
            eprintln!("{what}: round {} of {}", round + 1, self.rounds);
            let mut failed = Vec::new();
            for place in 0..contestants.len() {
                let place = (place + round) % contestants.len();
                let contestant = &contestants[place];
                let begun = Instant::now();
                let outcome = one(self, contestant, results);
                eprintln!("    {:5.1} s  {}", begun.elapsed().as_secs_f64(), contestant.name);
                if let Err(error) = outcome {
                    let trouble = format!("{what}: {}: {error}", contestant.name);
                    eprintln!("{trouble}");
                    self.troubles.push(trouble);
                    failed.push(contestant.name.clone());
                }
            }
            contestants.retain(|contestant| !failed.contains(&contestant.name));
            if let Err(error) = results.keep() {
                eprintln!("the figures of this round cannot be kept: {error}");
            }
        }
    }
}
