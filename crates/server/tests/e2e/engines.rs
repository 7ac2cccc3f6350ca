//! `switchboard engines`, and what a server says of the engine it took.

use crate::on_every_engine;
use crate::support::{Server, program, run};

on_every_engine![the_log_says_which_engine_was_taken, an_idle_server_does_not_burn_a_core];

#[test]
fn every_engine_is_listed_with_what_auto_takes() {
    let said = run(program().arg("engines"));
    for engine in ["sweep", "select", "poll", "epoll", "uring"] {
        let line = said.lines().find(|line| line.starts_with(engine)).expect("a line for each");
        assert!(line.contains(" yes ") || line.contains(" no "), "{line}");
    }
    let auto = said.lines().find(|line| line.starts_with("auto: ")).expect("what auto takes");
    let server = Server::start("auto", &["echo"]);
    server.process.stderr.expect("the log", auto.strip_prefix("auto: ").expect("as above"));
    server.stop();
}

fn the_log_says_which_engine_was_taken(engine: &str) {
    let server = Server::start(engine, &["echo", "--log-format", "json"]);
    let wanted = format!("\"engine\":\"{engine}\"");
    server.process.stderr.expect("the log", &wanted);
    server.process.stderr.expect("the log", &format!("{engine} was asked for"));
    server.stop();
}

fn an_idle_server_does_not_burn_a_core(engine: &str) {
    // Not a measure of speed: an idle loop that spins uses all of a core, any other next to none.
    let server = Server::start(engine, &["echo"]);
    let mut peers: Vec<_> = (0..10).map(|_| server.connect()).collect();
    for peer in &mut peers {
        peer.send("x");
        peer.expect("x");
    }
    let before = server.cpu_ticks();
    std::thread::sleep(std::time::Duration::from_millis(1000));
    let used = server.cpu_ticks() - before;
    let ticks_a_second = rustix::param::clock_ticks_per_second();
    assert!(used * 2 < ticks_a_second, "{used} of {ticks_a_second} ticks while idle");
    server.stop();
}
