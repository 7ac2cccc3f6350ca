//! Measures Switchboard beside the bare loops that are its ceiling, all in one run, in turn.
//!
//! `cargo run --release -p switchboard-bench -- echo` and so on; see docs/performance.md. Figures
//! are nanoseconds of server CPU for each request or delivery, read from the kernel's own books,
//! with the server on one core and the load on the other. They compare within a run; across
//! machines, compare the ratios.

mod fanout;
mod idle;
mod join;
mod member;
mod server;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use load::{Address, ExchangePlan, Exchanges, Pace, Question};
use member::Dialect;
use server::Server;
use switchboard_bench::soak;

#[derive(Parser)]
#[command(about = "Measures Switchboard beside the bare loops that are its ceiling")]
struct Arguments {
    #[command(subcommand)]
    what: What,
    /// Rounds: every server is measured once in each.
    #[arg(long, default_value_t = 7, global = true)]
    rounds: usize,
    /// Seconds that a server is measured for in each round.
    #[arg(long, default_value_t = 1.0, global = true)]
    seconds: f64,
    /// Engines to measure.
    #[arg(long, value_delimiter = ',', default_value = "epoll,uring", global = true)]
    engines: Vec<String>,
    /// The folder with the programs `switchboard` and `limit`.
    #[arg(long, default_value = "target/release", global = true)]
    programs: PathBuf,
}

#[derive(Subcommand)]
enum What {
    /// 64 bytes there and back.
    Echo {
        /// Connections, one exchange on its way each.
        #[arg(long, default_value_t = 64)]
        connections: usize,
    },
    /// HTTP/1.1 keep-alive: a GET and its 13 bytes.
    Http {
        /// Connections, one group of requests on its way each.
        #[arg(long, default_value_t = 64)]
        connections: usize,
        /// Requests sent in one piece.
        #[arg(long, default_value_t = 1)]
        pipelined: usize,
    },
    /// Lines from one member to N others.
    Fanout {
        /// Receivers.
        #[arg(long, value_delimiter = ',', default_value = "10,100,1000,5000")]
        receivers: Vec<usize>,
        /// Lines on their way at once.
        #[arg(long, default_value_t = 64)]
        window: usize,
        /// What the members speak.
        #[arg(long, value_delimiter = ',', default_value = "plain")]
        dialect: Vec<Dialect>,
    },
    /// N members come into one room.
    Join {
        /// Members.
        #[arg(long, value_delimiter = ',', default_value = "100,1000,2000,4000")]
        members: Vec<usize>,
    },
    /// Memory of idle members of one room, and a line that reaches them all.
    Idle {
        /// Members.
        #[arg(long, default_value_t = 9000)]
        connections: usize,
        /// What they speak.
        #[arg(long, value_delimiter = ',', default_value = "plain")]
        dialect: Vec<Dialect>,
        /// Rooms that IRC clients are spread over.
        #[arg(long, default_value_t = 1)]
        rooms: usize,
    },
    /// Thousands of members of all dialects for an hour: what is lost, and whether memory grows.
    Soak(soak::Options),
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    if let What::Soak(options) = arguments.what {
        let report = soak::run(options)?;
        print!("{}", report.text);
        std::process::exit(i32::from(report.faults > 0));
    }
    server::pin_load();
    match &arguments.what {
        What::Echo { connections } => {
            arguments.exchanges("echo", *connections, 1, &Question::Echo { size: 64 })
        }
        What::Http { connections, pipelined } => {
            let question = Question::Http { host: "localhost:8080".into(), path: "/".into() };
            arguments.exchanges("http", *connections, *pipelined, &question)
        }
        What::Fanout { receivers, window, dialect } => {
            fanout::measure(&arguments, dialect, receivers, *window)
        }
        What::Join { members } => join::measure(&arguments, members),
        What::Idle { connections, dialect, rooms } => {
            idle::measure(&arguments, dialect, *connections, (*rooms).max(1))
        }
        What::Soak(_) => Ok(()),
    }
}

impl Arguments {
    /// The command that starts the bare loop.
    fn limit(&self, what: &str) -> Vec<String> {
        [self.program("limit").as_str(), what, "epoll", "127.0.0.1:0"].map(str::to_owned).to_vec()
    }

    /// The command that starts one of Switchboard's services.
    fn switchboard(&self, service: &str, engine: &str, more: &[&str]) -> Vec<String> {
        let mut command = vec![self.program("switchboard")];
        command.extend([service, "--engine", engine, "--listen", "127.0.0.1:0"].map(str::to_owned));
        command.extend(more.iter().map(|&argument| argument.to_owned()));
        command
    }

    fn program(&self, name: &str) -> String {
        self.programs.join(name).display().to_string()
    }

    fn duration(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Measures request and answer for the bare loop and each engine, in turn.
    fn exchanges(
        &self,
        what: &str,
        connections: usize,
        pipelined: usize,
        question: &Question,
    ) -> io::Result<()> {
        let service = if what == "http" { "hello" } else { what };
        let mut rows = vec![Row::new("bare epoll loop", self.limit(what))];
        for engine in &self.engines {
            let command = self.switchboard(service, engine, &[]);
            rows.push(Row::new(&format!("switchboard {service}, {engine}"), command));
        }
        for _ in 0..self.rounds {
            for row in &mut rows {
                let server = Server::start(&row.command)?;
                let plan = ExchangePlan {
                    to: Address::Tcp(server.address),
                    question: question.clone(),
                    connections,
                    patience: Duration::from_secs(10),
                };
                let mut load = Exchanges::connect(plan, &mut ())?;
                let pace = Pace::Window(pipelined);
                load.run(pace, self.duration() / 5, None, &mut ())?;
                let outcome = load.run(pace, self.duration(), Some(server.process()), &mut ())?;
                row.add(outcome.cpu_nanos_each().unwrap_or(f64::NAN));
            }
        }
        println!("{what}, {connections} connections: ns of server CPU a request");
        print_rows(&rows, 1.0);
        Ok(())
    }
}

/// One server's figures, a round each; the first row of a table is what the others are held to.
struct Row {
    name: String,
    command: Vec<String>,
    figures: Vec<f64>,
}

impl Row {
    fn new(name: &str, command: Vec<String>) -> Self {
        Self { name: name.to_owned(), command, figures: Vec::new() }
    }

    fn add(&mut self, figure: f64) {
        self.figures.push(figure);
    }
}

/// Prints the median and spread of each row, and the median of its ratios to the first row, taken
/// round by round so that drift of the machine's speed cancels out.
fn print_rows(rows: &[Row], scale: f64) {
    println!("{:<28} {:>10} {:>10} {:>10} {:>8}", "", "median", "least", "most", "ratio");
    for row in rows {
        let ratios = row.figures.iter().zip(&rows[0].figures).map(|(own, first)| own / first);
        let (least, median, most) = spread(row.figures.iter().copied());
        let (_, ratio, _) = spread(ratios);
        let [median, least, most] = [median, least, most].map(|figure| figure * scale);
        println!("{:<28} {median:>10.1} {least:>10.1} {most:>10.1} {ratio:>8.3}", row.name);
    }
}

/// Least, median and most.
fn spread(figures: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    match figures[..] {
        [] => (f64::NAN, f64::NAN, f64::NAN),
        [least, ..] => (least, figures[figures.len() / 2], figures[figures.len() - 1]),
    }
}
