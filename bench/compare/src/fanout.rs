//! One talks, N listen: deliveries for each second of the server's CPU time.

use load::{Fanout, Pace, Plan};

use crate::contestants::{CHATS, Contestant};
use crate::figures::Results;
use crate::measure::Measure;
use crate::server::Server;
use crate::{Outcome, page};

/// The tables, each with how many lines are on their way at once.
pub(crate) const TABLES: [(&str, usize); 2] = [("fanout-64", 64), ("fanout-1", 1)];

/// Bytes of a line as it is said, its newline included.
const LINE_BYTES: usize = 64;

/// Measures everybody who takes so many readers, for each number of readers.
pub(crate) fn measure(measure: &mut Measure, results: &mut Results) {
    for count in measure.readers.clone() {
        let mut contestants: Vec<Contestant> =
            ["epoll", "uring"].map(|engine| measure.places.bare("broadcast", engine)).into();
        for (what, tongue) in CHATS {
            for &engine in &measure.engines {
                contestants.push(measure.places.chat(what, tongue, engine));
            }
        }
        contestants.extend(measure.places.peers());
        let column = count.to_string();
        for contestant in contestants.iter().filter(|contestant| measure.wants(contestant)) {
            for (table, _) in TABLES {
                results.forget(table, &contestant.name, &column);
            }
        }
        // The one that takes fewer is measured with what it takes, and said to be.
        contestants.retain(|it| count.min(it.most_readers) * 10 >= count * 9);
        // Letting thousands in takes longer than measuring them.
        let rounds = measure.rounds;
        if count >= 5000 {
            measure.rounds = rounds.min(3);
        }
        let what = format!("fan-out to {}", page::thousands(&column));
        measure.rounds(&what, contestants, results, |measure, contestant, results| {
            one(measure, contestant, count.min(contestant.most_readers), &column, results)
        });
        measure.rounds = rounds;
    }
}

/// Starts a server, brings the readers in, and measures.
fn one(
    measure: &Measure,
    contestant: &Contestant,
    readers: usize,
    column: &str,
    results: &mut Results,
) -> Outcome<()> {
    let server = Server::start(&contestant.recipe, &measure.work)?;
    let mut plan = Plan::new(server.address.to_string().parse()?, contestant.tongue.protocol(1));
    (plan.receivers, plan.size) = (readers, LINE_BYTES);
    plan.at_once = contestant.at_once;
    let mut room = Fanout::gather(plan, &mut ())?;
    for (table, window) in TABLES {
        let pace = Pace::Window(window);
        // Buffers have grown and queues are warm before it counts.
        room.run(pace, measure.slice / 4, None, &mut ())?;
        let outcome = room.run(pace, measure.slice, Some(server.process), &mut ())?;
        if outcome.faults != load::Faults::default() {
            return Err(format!("not all arrived as it was said: {:?}", outcome.faults).into());
        }
        let nanos = outcome.cpu_nanos_each().ok_or("nothing arrived")?;
        let figure = results.add(table, &contestant.name, column, 1e9 / nanos);
        figure.bytes = Some(outcome.received_bytes as f64 / outcome.delivered as f64);
    }
    Ok(())
}
