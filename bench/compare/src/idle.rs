//! What a connection that says nothing costs in memory, and whether a line reaches all of them.

use std::time::Duration;

use load::{Fanout, Pace, Plan};

use crate::Outcome;
use crate::contestants::{CHATS, Contestant};
use crate::figures::Results;
use crate::measure::Measure;
use crate::server::Server;

pub(crate) const TABLE: &str = "idle";
/// The only column.
pub(crate) const COLUMN: &str = "bytes";

/// Connections that come and go before it counts.
const WARM_UP: usize = 50;

/// Members of an IRC room.
const ROOM_MEMBERS: usize = 100;

/// Measures everybody, once: memory does not depend on the hour.
pub(crate) fn measure(measure: &mut Measure, results: &mut Results) {
    let mut contestants: Vec<Contestant> =
        ["epoll", "uring"].map(|engine| measure.places.bare("broadcast", engine)).into();
    for (what, tongue) in CHATS {
        for &engine in &measure.engines {
            contestants.push(measure.places.chat(what, tongue, engine));
        }
    }
    contestants.extend(measure.places.peers());
    contestants.retain(|contestant| measure.wants(contestant));
    for contestant in &contestants {
        results.forget(TABLE, &contestant.name, COLUMN);
    }
    let rounds = std::mem::replace(&mut measure.rounds, 1);
    measure.rounds("silent connections", contestants, results, |measure, contestant, results| {
        one(measure, contestant, results)
    });
    measure.rounds = rounds;
}

fn one(measure: &Measure, contestant: &Contestant, results: &mut Results) -> Outcome<()> {
    let server = Server::start(&contestant.recipe, &measure.work)?;
    // What is there once, however many connect (buffers, tables), is there before they are counted.
    let mut room = Fanout::gather(plan(&server, contestant, WARM_UP)?, &mut ())?;
    room.run(Pace::Window(64), Duration::from_millis(20), None, &mut ())?;
    drop(room);
    std::thread::sleep(Duration::from_millis(500));
    let empty = server.process.memory_bytes()? as f64;
    let count = measure.idle.min(contestant.most_readers);
    let mut room = Fanout::gather(plan(&server, contestant, count)?, &mut ())?;
    // Whatever is put off until it is quiet has its time.
    std::thread::sleep(Duration::from_secs(1));
    let full = server.process.memory_bytes()? as f64;
    let outcome = room.run(Pace::Window(1), Duration::ZERO, None, &mut ())?;
    if outcome.faults != load::Faults::default() {
        return Err(format!("a line did not reach everybody: {:?}", outcome.faults).into());
    }
    results.add(TABLE, &contestant.name, COLUMN, (full - empty) / room.members() as f64);
    Ok(())
}

/// So many who listen; IRC clients in rooms of [`ROOM_MEMBERS`].
fn plan(server: &Server, contestant: &Contestant, count: usize) -> Outcome<Plan> {
    let protocol = contestant.tongue.protocol(count.div_ceil(ROOM_MEMBERS));
    let mut plan = Plan::new(server.address.to_string().parse()?, protocol);
    (plan.receivers, plan.at_once) = (count, contestant.at_once);
    Ok(plan)
}
