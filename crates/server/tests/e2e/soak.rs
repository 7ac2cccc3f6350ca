//! A short soak: hundreds of members of all dialects talk, come, go and misbehave, and each checks
//! that it gets exactly what it must. `bench soak` is the same for an hour; see docs/soak.md.

use ::bench::soak::{Options, run};

use crate::on_every_engine;

on_every_engine!(members_of_all_dialects_get_all_that_they_must);

fn members_of_all_dialects_get_all_that_they_must(engine: &str) {
    let report = run(Options {
        connections: 240,
        duration: 5,
        warm_up: 4,
        rate: 60.0,
        churn: 15.0,
        bouts: 30,
        bout: 6,
        bout_rate: 20.0,
        seed: None,
        engine: engine.to_owned(),
        program: env!("CARGO_BIN_EXE_switchboard").into(),
        csv: None,
        // A room keeps little for those who do not read, so that some miss something.
        server: ["--room-log-bytes", "32k", "--no-throttle"].map(str::to_owned).to_vec(),
    })
    .expect("the server can be started and the driver gets what it needs");
    println!("{}", report.text);
    assert_eq!(report.faults, 0, "{}", report.text);
    assert!(report.received > report.said, "{}", report.text);
    assert!(report.slow > 0, "nobody was too slow: {}", report.text);
}
