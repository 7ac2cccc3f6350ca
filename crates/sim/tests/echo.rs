//! The echo under faults.

use service::Reason;
use sim::{Client, Faults, Random, Simulator, for_each_seed};
use tutorials::{Echo, EchoOptions};

struct Talker {
    client: Client,
    sent: Vec<u8>,
    /// How much it had received when all was quiet, before it finished sending.
    received_before_end: usize,
}

/// Some clients say something at random times; answers the world when all is said and quiet.
fn talk(seed: u64, options: EchoOptions, faults: Faults) -> (Simulator<Echo>, Vec<Talker>) {
    let mut sim = Simulator::with_faults(Echo::new(options), seed, faults);
    let mut talkers: Vec<Talker> = Vec::new();
    for _ in 0..60 {
        let alphabet: Vec<char> = "aé漢🙂 zß\n".chars().collect();
        if talkers.is_empty() || sim.random().chance(0.1) {
            let client = sim.connect();
            talkers.push(Talker { client, sent: Vec::new(), received_before_end: 0 });
        }
        let at = sim.random().index(talkers.len());
        let len = sim.random().within(1..=80);
        let text: String = (0..len).map(|_| *sim.random().pick(&alphabet)).collect();
        if !sim.has_finished_sending(talkers[at].client) {
            sim.send(talkers[at].client, text.as_bytes());
            talkers[at].sent.extend(text.as_bytes());
        }
        for _ in 0..sim.random().within(0..=3) {
            sim.step();
        }
    }
    sim.run_until_quiet();
    for talker in &mut talkers {
        talker.received_before_end = sim.received(talker.client).len();
        sim.end(talker.client);
    }
    sim.run_until_quiet();
    (sim, talkers)
}

#[test]
fn every_client_gets_its_own_bytes_back_in_order() {
    for_each_seed("every_client_gets_its_own_bytes_back_in_order", 200, |seed| {
        let faults = Faults::random(&mut Random::new(seed));
        let (sim, talkers) = talk(seed, EchoOptions::default(), faults);
        for Talker { client, sent, .. } in talkers {
            let received = sim.received(client);
            assert!(sent.starts_with(received), "{client:?} got what it had not sent");
            if sim.closed(client) == Some(Reason::Closed) && !sim.has_left(client) {
                assert_eq!(received.len(), sent.len(), "{client:?} got the end too early");
                assert!(sim.saw_end(client));
            }
        }
    });
}

#[test]
fn clients_that_behave_get_everything_whatever_the_network_does() {
    for_each_seed("clients_that_behave_get_everything_whatever_the_network_does", 100, |seed| {
        let faults = Faults::random(&mut Random::new(seed));
        let faults = faults.with_obedient_clients().with_time_standing_still();
        let options = EchoOptions { upper: true, ..EchoOptions::default() };
        let (sim, talkers) = talk(seed, options, faults);
        for Talker { client, sent, received_before_end } in talkers {
            let upper = String::from_utf8(sent).unwrap().to_uppercase();
            assert_eq!(String::from_utf8_lossy(sim.received(client)), upper);
            assert_eq!(received_before_end, upper.len(), "nothing waits for the end");
            assert_eq!(sim.closed(client), Some(Reason::Closed));
        }
    });
}

#[test]
fn every_line_gets_its_suffix() {
    for_each_seed("every_line_gets_its_suffix", 100, |seed| {
        // Time stands still: no pause ends a message before its line does.
        let faults = Faults::random(&mut Random::new(seed));
        let faults = faults.with_obedient_clients().with_time_standing_still();
        let options = EchoOptions { suffix: Some("_SB".into()), ..EchoOptions::default() };
        let (sim, talkers) = talk(seed, options, faults);
        for Talker { client, sent, .. } in talkers {
            let sent = String::from_utf8(sent).unwrap();
            let mut expected = sent.replace('\n', "_SB\n");
            if !sent.ends_with('\n') && !sent.is_empty() {
                expected += "_SB";
            }
            assert_eq!(String::from_utf8_lossy(sim.received(client)), expected);
        }
    });
}
