//! Descriptors: used again, duplicated, running out, handed on, and given back. Each case in a
//! process of its own, since the descriptors belong to the process.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Duration;

use engine::selector::{Epoll, Poll, Select, Sweep};
use engine::{Choice, Engine, Interest, Selector};
use rustix::process::{PidfdFlags, PidfdGetfdFlags, Resource, Rlimit};
use rustix::process::{getpid, getrlimit, pidfd_getfd, pidfd_open, setrlimit};
use service::{Peer, Reason, Request};

use crate::support::{A_WHILE, Fact, Line, Scene, abort, at_rest, options, patient, read_exactly};

on_every_engine![;
    alone:
    a_number_used_again_in_the_same_turn_belongs_to_the_newcomer,
    a_duplicate_that_outlives_the_connection_is_not_heard,
    fifteen_hundred_connections_are_served,
    out_of_descriptors_it_rests_and_goes_on_when_one_is_free,
    no_descriptor_is_inherited_by_child_processes,
    dropping_leaves_no_descriptor_behind,
];

/// In each round some peers reset and others come, all before the engine looks: what is closed
/// gives its number to what is accepted a moment later. Every peer says its own port.
fn a_number_used_again_in_the_same_turn_belongs_to_the_newcomer(choice: Choice) {
    let mut scene = Scene::new(choice);
    let mut peers: Vec<TcpStream> = Vec::new();
    for round in 1..=40 {
        for peer in peers.drain(..) {
            abort(peer);
        }
        for _ in 0..5 {
            let mut peer = scene.connect();
            let port = peer.local_addr().unwrap().port();
            write!(peer, "{port}").unwrap();
            peers.push(peer);
        }
        scene.until("all newcomers are opened, all old ones closed", |service| {
            service.opened().len() == round * 5 && service.closed_count() == (round - 1) * 5
        });
    }
    let said = |service: &crate::support::Recorder| {
        service.opened().iter().rev().take(5).all(|&key| service.heard_bytes(key) >= 4)
    };
    scene.until("the last have said it", said);
    let service = &scene.service;
    for key in service.opened() {
        let Peer::Inet(address) = service.origin(key).peer else { unreachable!() };
        let heard = String::from_utf8(service.heard(key)).unwrap();
        assert!(address.port().to_string().starts_with(&heard), "{address} said {heard}");
        assert!(!service.has_ended(key), "a reset is not an end");
        assert!(matches!(service.closed(key), None | Some(Reason::Reset)));
    }
}

fn a_duplicate_that_outlives_the_connection_is_not_heard(choice: Choice) {
    let mut scene = Scene::new(choice);
    let before = open_numbers();
    let (key, mut peer) = scene.meet();
    let myself = pidfd_open(getpid(), PidfdFlags::empty()).unwrap();
    let news: Vec<RawFd> = open_numbers().difference(&before).copied().collect();
    let accepted = news.iter().find(|&&number| number != peer.as_raw_fd() && is_socket(number));
    let accepted = *accepted.expect("the accepted socket");
    let duplicate = pidfd_getfd(&myself, accepted, PidfdGetfdFlags::empty()).unwrap();

    scene.ask(Request::Abort(key));
    scene.until("closed", |service| service.closed(key).is_some());
    // Nothing of the old is heard, though its line may still be open: the rules would object. Nor
    // does it keep the engine busy.
    let (newcomer, mut other) = scene.meet();
    let _ = peer.write_all(b"does anybody hear me?");
    scene.rest();
    other.write_all(b"yes").unwrap();
    scene.until("heard", |service| service.heard(newcomer) == b"yes");
    drop(duplicate);
}

fn fifteen_hundred_connections_are_served(choice: Choice) {
    const COUNT: usize = 1500;
    let limit = engine::raise_descriptor_limit().unwrap();
    assert!(limit > 2 * COUNT as u64 + 100, "the hard limit is {limit}: too low for this case");
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            desk.send(*key, bytes);
        }
    });
    let place = scene.place;
    scene.meanwhile(|| {
        let mut peers: Vec<TcpStream> = (0..COUNT).map(|_| patient(place)).collect();
        for _ in 0..2 {
            for (name, peer) in peers.iter_mut().enumerate() {
                peer.write_all(&(name as u32).to_be_bytes()).unwrap();
            }
            for (name, peer) in peers.iter_mut().enumerate() {
                assert_eq!(read_exactly(&*peer, 4), (name as u32).to_be_bytes());
            }
        }
    });
    assert_eq!(scene.service.opened().len(), COUNT);
    assert!(open_numbers().last().is_some_and(|&highest| highest > 1024 + 400));
}

fn out_of_descriptors_it_rests_and_goes_on_when_one_is_free(choice: Choice) {
    let mut scene = Scene::new(choice);
    // They wait in the listener's queue, and need their own descriptors before there are none.
    let _peers: Vec<TcpStream> = (0..10).map(|_| scene.connect()).collect();
    let mut fillers = leave_free(3);
    scene.until("three are opened", |service| service.opened().len() == 3);
    while scene.engine.counters().accept_pauses == 0 {
        scene.service.desk.deadline = Some(engine::monotonic() + A_WHILE);
        scene.wake();
        scene.turn();
    }

    // It does not spin: now and then it looks whether somebody else has closed something.
    let (before, turns) = (scene.engine.counters(), scene.service.turns());
    let begun = engine::monotonic();
    let long = Duration::from_millis(250);
    at_rest(long, || scene.go_on(long));
    let tenths = engine::monotonic().since(begun).as_millis() as u64 / 100 + 1;
    let calls = scene.engine.counters().accept_calls - before.accept_calls;
    assert!(calls <= 2 * tenths + 2, "{calls} calls in {tenths} tenths of a second");
    assert!(scene.service.turns() - turns <= 4 * tenths + 8);
    assert_eq!(scene.service.opened().len(), 3);

    // One of its own is closed.
    let first = scene.service.opened()[0];
    scene.ask(Request::Abort(first));
    scene.until("one more is opened", |service| service.opened().len() == 4);
    // Somebody else closes two, and it finds out.
    fillers.truncate(fillers.len() - 2);
    scene.until("two more are opened", |service| service.opened().len() == 6);
    fillers.clear();
    scene.until("all are opened", |service| service.opened().len() == 10);
    assert_eq!(scene.service.closed_count(), 1, "nobody was turned away");
}

fn no_descriptor_is_inherited_by_child_processes(choice: Choice) {
    let before = open_numbers();
    let mut scene = Scene::new(choice);
    scene.engine.handle_signals().unwrap();
    let _handle = scene.engine.handle();
    let (_, _peer) = scene.meet();
    let elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = service::Address::Inet(elsewhere.local_addr().unwrap());
    scene.ask(Request::Connect { to, token: 1 });
    scene.until("connected", |service| service.opened().len() == 2);

    let ours: BTreeSet<RawFd> = open_numbers().difference(&before).copied().collect();
    assert!(ours.len() >= 4);
    for number in &ours {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
        let flags = u32::from_str_radix(flags.trim(), 8).unwrap();
        let what = fs::read_link(format!("/proc/self/fd/{number}"));
        assert!(flags & libc::O_CLOEXEC as u32 != 0, "{number} is {what:?}");
    }
    // And so it is: a child sees its standard streams and the folder that it reads.
    let listing = std::process::Command::new("ls").arg("/proc/self/fd").output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    let inherited = listing.lines().filter(|line| line.parse().is_ok_and(|n: RawFd| n > 3));
    assert_eq!(inherited.count(), before.iter().filter(|&&n| n > 3 && !is_private(n)).count());
}

fn dropping_leaves_no_descriptor_behind(choice: Choice) {
    fn rounds<P: Selector>() {
        for _ in 0..2000 {
            let line = Line::new();
            let mut selector = P::new().unwrap();
            selector.register(line.fd(), Interest::READABLE, 1).unwrap();
        }
    }
    let before = open_numbers();
    match choice {
        Choice::Sweep => rounds::<Sweep>(),
        Choice::Select => rounds::<Select>(),
        Choice::Poll => rounds::<Poll>(),
        Choice::Epoll => rounds::<Epoll>(),
        Choice::Uring | Choice::Auto => {}
    }
    for _ in 0..200 {
        drop(Engine::new(options(choice)).unwrap());
        let mut scene = Scene::new(choice);
        scene.engine.handle_signals().unwrap();
        scene.engine.handle_signals().unwrap();
        let (_, mut peer) = scene.meet();
        drop(scene);
        assert!(matches!(peer.read(&mut [0; 16]), Ok(0) | Err(_)));
    }
    assert_eq!(open_numbers(), before);
}

/// The descriptors that are open now.
fn open_numbers() -> BTreeSet<RawFd> {
    let listing = fs::read_dir("/proc/self/fd").expect("proc is mounted");
    let numbers = listing.map(|entry| {
        entry.expect("an entry").file_name().to_str().and_then(|name| name.parse().ok())
    });
    let numbers: BTreeSet<RawFd> = numbers.map(|number| number.expect("a number")).collect();
    // The listing itself was open, too, and no longer is.
    numbers
        .into_iter()
        .filter(|number| fs::read_link(format!("/proc/self/fd/{number}")).is_ok())
        .collect()
}

fn is_socket(number: RawFd) -> bool {
    let what = fs::read_link(format!("/proc/self/fd/{number}")).unwrap_or_default();
    what.to_string_lossy().starts_with("socket:")
}

/// Whether child processes do not get it.
fn is_private(number: RawFd) -> bool {
    let info = fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap_or("0");
    u32::from_str_radix(flags.trim(), 8).is_ok_and(|flags| flags & libc::O_CLOEXEC as u32 != 0)
}

/// Lowers this process's limit and fills it up, so that so many descriptors are free.
fn leave_free(count: usize) -> Vec<File> {
    let highest = *open_numbers().last().expect("some are open") as u64;
    let limit = Rlimit { current: Some(highest + 20), ..getrlimit(Resource::Nofile) };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut fillers: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    fillers.truncate(fillers.len() - count);
    fillers
}
