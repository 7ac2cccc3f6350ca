//! Measures Switchboard beside other servers and beside the bare loops that are the ceiling, all in
//! one run, in turn; and writes what came of it into docs/performance.md.
//!
//! `bench/compare/run` is how it is started: it brings the other servers. `compare measure` keeps
//! its figures in a file, table by table, so that a run can be made in slices; `compare write` makes
//! tables and plots of that file.

mod aims;
mod contestants;
mod exchanges;
mod fanout;
mod figures;
mod idle;
mod machine;
mod measure;
mod ncat;
mod page;
mod plot;
mod report;
mod server;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use contestants::Places;
use figures::Results;
use measure::{Measure, Part};

#[derive(Parser)]
#[command(about = "Measures Switchboard beside other servers and beside bare loops")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Where the figures are kept between measuring and writing.
    #[arg(long, default_value = "target/compare/results.json", global = true)]
    results: PathBuf,
}

#[derive(Subcommand)]
enum What {
    /// Measures.
    Measure(Box<MeasureArguments>),
    /// Makes tables and plots of what was measured.
    Write {
        /// The folder with performance.md and plots/.
        #[arg(long, default_value = "docs")]
        docs: PathBuf,
    },
    /// Prints the tables.
    Show,
}

#[derive(Args)]
struct MeasureArguments {
    /// Parts of it; all, unless some are named.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// Numbers of readers.
    #[arg(long, value_delimiter = ',')]
    n: Vec<usize>,
    /// Rounds: everybody is measured once in each.
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds that each is measured for in a round.
    #[arg(long)]
    seconds: Option<f64>,
    /// Connections that are silent.
    #[arg(long)]
    idle: Option<usize>,
    /// Switchboard's engines.
    #[arg(long, value_delimiter = ',', default_value = "epoll,uring")]
    engines: Vec<String>,
    /// Only those whose name contains one of these words; bare loops are always measured.
    #[arg(long, value_delimiter = ',')]
    servers: Vec<String>,
    /// Less of everything: some three minutes.
    #[arg(long)]
    quick: bool,
    /// A breath of everything, and an error unless every row is there and nothing was lost.
    #[arg(long)]
    smoke: bool,
    /// The folder with the programs `switchboard` and `limit`.
    #[arg(long, default_value = "target/release")]
    programs: PathBuf,
    /// The folder that the other servers' packages are unpacked in; without it, none of them is
    /// measured.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// The folder with their settings.
    #[arg(long, default_value = "bench/compare/peers")]
    settings: PathBuf,
    /// A folder for what the servers write.
    #[arg(long, default_value = "target/compare/work")]
    work: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whatever stands in the way, in words.
type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn run(arguments: &Arguments) -> Outcome<()> {
    let mut results = Results::read(&arguments.results)?;
    match &arguments.what {
        What::Measure(wanted) => {
            let outcome = Measure::new(wanted)?.all(&mut results);
            results.keep()?;
            let troubles = outcome?;
            if wanted.smoke {
                report::check(&results, &troubles)?;
            }
            Ok(())
        }
        What::Write { docs } => report::write(&results, docs),
        What::Show => {
            println!("{}", report::show(&results));
            Ok(())
        }
    }
}

impl MeasureArguments {
    fn places(&self) -> std::io::Result<Places> {
        let absolute = |path: &PathBuf| std::path::absolute(path);
        Ok(Places {
            programs: absolute(&self.programs)?,
            peers: self.peers.as_ref().map(absolute).transpose()?,
            settings: absolute(&self.settings)?,
        })
    }
}
