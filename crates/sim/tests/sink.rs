//! The sink under faults.

use std::cell::RefCell;
use std::rc::Rc;

use sim::{Client, Faults, Random, Simulator, for_each_seed};
use tutorials::{Sink, SinkOptions};

#[test]
fn one_message_is_said_for_each_client_that_sent_one() {
    for_each_seed("one_message_is_said_for_each_client_that_sent_one", 200, |seed| {
        let faults = Faults::random(&mut Random::new(seed));
        let faults = Faults { client_hang_ups: 0.0, client_resets: 0.0, ..faults };
        let said = Rc::new(RefCell::new(Vec::new()));
        let hears = said.clone();
        let say = move |words: &str| hears.borrow_mut().push(words.to_owned());
        let mut sim = Simulator::with_faults(Sink::new(SinkOptions::default(), say), seed, faults);

        let mut clients: Vec<Client> = Vec::new();
        let mut expected = Vec::new();
        for number in 0..20 {
            let client = sim.connect();
            let silent = sim.random().chance(0.2);
            let whole = sim.random().chance(0.7);
            if silent {
                clients.push(client);
            } else {
                expected.push(format!("message {number}"));
                let end = if whole { "\r\nwhat follows\nis ignored" } else { "" };
                sim.send(client, format!("message {number}{end}").as_bytes());
                sim.end(client);
            }
            for _ in 0..sim.random().within(0..=5) {
                sim.step();
            }
        }
        sim.run_until_quiet();
        let mut heard = said.borrow().clone();
        heard.retain(|words| !words.starts_with("no data coming"));
        heard.sort();
        expected.sort();
        assert_eq!(heard, expected);
        for client in clients {
            if !sim.has_finished_sending(client) {
                assert_eq!(sim.closed(client), None, "a silent client is left alone");
            }
        }
    });
}
