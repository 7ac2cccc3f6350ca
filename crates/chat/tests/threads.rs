//! Several loops on threads of their own, with nothing between them but their exchange.
//!
//! The threads are the smallest engines there can be: each hands its own people's lines to its
//! service, a few a turn, and sleeps when there is nothing to do until it is woken.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use chat::{Exchange, Limits, Settings, Switchboard};
use service::{Batch, Key, Now, Origin, Peer, Request, Service, Slab, Time, Via};

const LOOPS: usize = 3;
const PEOPLE: usize = 4;
const LINES: usize = 300;

/// One loop, its people and what they have read.
struct Loop {
    service: Switchboard,
    wake_ups: Receiver<()>,
    people: Vec<(Key, VecDeque<String>, Vec<u8>)>,
    turns: u64,
    deadline: Option<Time>,
}

impl Loop {
    fn turn(&mut self, facts: impl FnOnce(&mut Switchboard)) {
        self.turns += 1;
        let time = Time::from_nanos(self.turns * 1_000_000);
        self.service.begin(Now { time, unix_ms: 1_800_000_000_000 });
        facts(&mut self.service);
        self.deadline = self.service.finish();
        while let Some(request) = self.service.request() {
            match request {
                Request::Flush(key) => self.flush(key),
                // What is on its way still comes.
                Request::Pause(_) | Request::Resume(_) => {}
                other => panic!("nothing happens that would lead to {other:?}"),
            }
        }
    }

    fn flush(&mut self, key: Key) {
        let reader = self.people.iter_mut().find(|(own, ..)| *own == key);
        let (.., read) = reader.expect("one of its own");
        let mut batch = Batch::default();
        loop {
            self.service.transmit(key, &mut batch);
            if batch.is_empty() {
                return;
            }
            while !batch.is_empty() {
                let mut slices = [IoSlice::new(&[])];
                batch.slices(&mut slices);
                let count = slices[0].len();
                read.extend_from_slice(&slices[0][..count]);
                batch.advance(count);
            }
        }
    }

    /// What each of its people has heard others say.
    fn heard(&self) -> impl Iterator<Item = Vec<&str>> {
        let said = |line: &&str| line.contains(" line ");
        self.people.iter().map(move |(.., read)| {
            std::str::from_utf8(read).expect("text").lines().filter(said).collect()
        })
    }

    fn is_done(&self) -> bool {
        let others = (LOOPS * PEOPLE - 1) * LINES;
        self.heard().all(|heard| heard.len() == others)
    }
}

fn run(number: usize, exchange: &Arc<Exchange>, all_here: &Barrier) -> Loop {
    let limits = Limits { replay_lines: 0, announce_members: 0, ..Limits::default().unthrottled() };
    // So little may wait that the loops meet the bound, too.
    let limits = Limits { exchange_events: 200, ..limits };
    let settings = Settings { limits, ..Settings::default() };
    let service = Switchboard::in_loop(settings, Arc::clone(exchange), number);
    let (sender, wake_ups) = mpsc::channel();
    let waker = move || {
        // Who has ended needs no more of them.
        let _ = sender.send(());
    };
    exchange.set_waker(number, Arc::new(waker));
    let mut keys = Slab::in_space(exchange.key_space(number));
    let mut own = Loop { service, wake_ups, people: Vec::new(), turns: 0, deadline: None };
    for person in 0..PEOPLE {
        let key = keys.insert(());
        let name = number * PEOPLE + person;
        let lines = (0..LINES).map(|line| format!("{name} line {line}\n")).collect();
        own.people.push((key, lines, Vec::new()));
        own.turn(|service| {
            service.opened(key, &Origin { peer: Peer::Unix, via: Via::Listener(0) });
            service.received(key, b"/plain\n");
        });
    }
    // Nobody says anything before all are there.
    all_here.wait();
    while !own.is_done() || own.people.iter().any(|(_, lines, _)| !lines.is_empty()) {
        let take = |(key, lines, _): &mut (Key, VecDeque<String>, _)| {
            let count = lines.len().min(3);
            (*key, lines.drain(..count).collect::<String>())
        };
        let news: Vec<_> =
            own.people.iter_mut().map(take).filter(|news| !news.1.is_empty()).collect();
        if news.is_empty() && own.deadline.is_none() {
            own.wake_ups.recv_timeout(Duration::from_secs(60)).expect("it is woken");
        }
        own.turn(|service| {
            service.woken();
            for (key, text) in &news {
                service.received(*key, text.as_bytes());
                // So that others speak in the middle of a turn.
                thread::yield_now();
            }
        });
    }
    own
}

#[test]
fn people_on_loops_of_their_own_threads_hear_one_order_and_all_of_it() {
    let (exchange, all_here) = (Exchange::new(LOOPS), Arc::new(Barrier::new(LOOPS)));
    let start = |number| {
        let (exchange, all_here) = (Arc::clone(&exchange), Arc::clone(&all_here));
        thread::spawn(move || run(number, &exchange, &all_here))
    };
    let threads: Vec<_> = (0..LOOPS).map(start).collect();
    let mut loops: Vec<Loop> =
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
    // Whoever has heard the last line has all events; nobody says more.
    loops.iter_mut().for_each(|one| one.turn(Service::woken));
    let account = loops[0].service.account();
    assert!(loops.iter().all(|one| one.service.account() == account), "all hold the same");
    // What one has heard and what another has agree, but for what each has said itself.
    let text = |line: &str| line.split_once("> ").expect("a line that somebody said").1.to_owned();
    let heard: Vec<Vec<String>> = loops
        .iter()
        .flat_map(Loop::heard)
        .map(|lines| lines.into_iter().map(text).collect())
        .collect();
    let without = |lines: &[String], who: usize| -> Vec<String> {
        let own = format!("{who} line ");
        lines.iter().filter(|line| !line.starts_with(&own)).cloned().collect()
    };
    for who in 1..heard.len() {
        assert_eq!(without(&heard[0], who), without(&heard[who], 0), "{who} and 0");
    }
    for lines in &heard {
        for who in 0..heard.len() {
            let own: Vec<&String> =
                lines.iter().filter(|line| line.starts_with(&format!("{who} line "))).collect();
            let expected: Vec<String> =
                (0..LINES).map(|line| format!("{who} line {line}")).collect();
            assert!(own.is_empty() || own.into_iter().eq(&expected), "{who} is heard in order");
        }
    }
}
