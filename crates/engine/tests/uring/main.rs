//! What can go wrong with io_uring in particular, from the outside: sockets on one side, a
//! service on the other, and rings and buffers as small as they can be.

mod ending;
mod scene;

use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use engine::{Options, RingOptions};
use service::{Address, Frame, Origin, Reason, Request, Via};

use scene::*;

#[test]
fn an_echo_comes_back() {
    let mut scene = Scene::new(Manner::Echo, Options::default());
    let (mut client, key) = scene.client();
    assert_eq!(scene.service.opened[0].1.via, Via::Listener(0));
    assert_eq!(
        scene.service.opened[0].1.peer.to_string(),
        client.local_addr().unwrap().to_string()
    );
    client.write_all(b"hello").unwrap();
    let mut got = Vec::new();
    scene.until(|_| {
        read_some(&mut client, &mut got);
        got == b"hello"
    });
    client.shutdown(std::net::Shutdown::Write).unwrap();
    scene.until(|_| read_some(&mut client, &mut got));
    drop(client);
    scene.until(|service| !service.closed.is_empty());
    assert_eq!(scene.service.closed, [(key, Reason::Closed)]);
    assert_eq!(got, b"hello");
}

#[test]
fn a_completion_queue_of_four_loses_no_connection_of_a_burst() {
    let ring = RingOptions { entries: 4, cq_entries: 4, ..RingOptions::default() };
    let mut scene = Scene::with_ring(Manner::Echo, ring);
    let mut clients: Vec<_> = (0..40).map(|_| scene.connect()).collect();
    scene.until(|service| service.opened.len() == 40);
    for (n, client) in clients.iter_mut().enumerate() {
        client.write_all(&[n as u8]).unwrap();
    }
    let mut got = vec![Vec::new(); 40];
    scene.until(|_| {
        for (client, got) in clients.iter_mut().zip(&mut got) {
            read_some(client, got);
        }
        got.iter().all(|got| got.len() == 1)
    });
    assert!((0..40).all(|n| got[n] == [n as u8]));
    drop(clients);
    scene.until(|service| service.closed.len() == 40);
}

#[test]
fn one_buffer_serves_all_in_order() {
    let ring = RingOptions { buffers: 1, buffer_bytes: 100, ..RingOptions::default() };
    let mut scene = Scene::with_ring(Manner::Keep, ring);
    let mut clients: Vec<_> = (0..20).map(|_| scene.connect()).collect();
    scene.until(|service| service.opened.len() == 20);
    let sent: Vec<_> = (0..20).map(|n| pattern(5000, n)).collect();
    for (client, sent) in clients.iter_mut().zip(&sent) {
        client.write_all(sent).unwrap();
    }
    scene.until(|service| service.total() == 20 * 5000);
    assert!(scene.service.closed.is_empty(), "nobody is torn down");
    let ports: HashMap<_, _> =
        scene.service.opened.iter().map(|(key, origin)| (origin.peer.to_string(), *key)).collect();
    for (client, sent) in clients.iter().zip(&sent) {
        let key = ports[&client.local_addr().unwrap().to_string()];
        assert!(scene.service.bytes(key) == sent, "all bytes, in order");
    }
    assert!(scene.counters().no_buffers > 0, "buffers did run out: {:?}", scene.counters());
    // Those who wait for a buffer have not lost their end.
    drop(clients);
    scene.until(|service| service.ended.len() == 20);
}

#[test]
fn the_smallest_ring_still_echoes_to_all() {
    let mut scene = Scene::with_ring(Manner::Echo, SMALLEST);
    let mut clients: Vec<_> = (0..12).map(|_| scene.connect()).collect();
    let sent: Vec<_> = (0..12).map(|n| pattern(3000, n)).collect();
    let mut written = [0; 12];
    let mut got = vec![Vec::new(); 12];
    scene.until(|_| {
        for n in 0..12 {
            if written[n] < sent[n].len() {
                write_some(&mut clients[n], &sent[n], &mut written[n]);
            }
            read_some(&mut clients[n], &mut got[n]);
        }
        got.iter().all(|got| got.len() == 3000)
    });
    assert!(got == sent);
}

#[test]
fn ten_megabytes_come_back_whole() {
    come_back_whole(10 << 20, None);
}

#[test]
fn bytes_come_back_whole_through_the_smallest_window() {
    // The kernel sends little at a time into such a window, and waits between, on any engine.
    come_back_whole(30 << 10, Some(1));
}

fn come_back_whole(len: usize, window: Option<usize>) {
    let mut scene = Scene::new(Manner::Echo, Options::default());
    let (mut client, _) = scene.client();
    if let Some(window) = window {
        socket2::SockRef::from(&client).set_recv_buffer_size(window).unwrap();
    }
    let sent = pattern(len, 7);
    let (mut written, mut got) = (0, Vec::new());
    scene.until(|_| {
        if written < sent.len() {
            write_some(&mut client, &sent, &mut written);
        }
        read_some(&mut client, &mut got);
        got.len() == sent.len()
    });
    assert!(got == sent, "each byte once and in order");
}

#[test]
fn frames_of_all_sizes_keep_their_order() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let (mut client, key) = scene.client();
    let mut sent = Vec::new();
    let mut frames = Vec::new();
    for n in 0..500 {
        let frame = pattern(1 + n * 37 % 2500, n as u64);
        sent.extend_from_slice(&frame);
        frames.push(Frame::from(frame));
    }
    scene.service.frames.insert(key, frames);
    scene.service.mail.ask(Request::Flush(key));
    let mut got = Vec::new();
    scene.until(|_| {
        read_some(&mut client, &mut got);
        got.len() >= sent.len()
    });
    assert!(got == sent);
}

#[test]
fn a_thousand_connections_are_served() {
    let ring = RingOptions { entries: 64, cq_entries: 128, buffers: 32, buffer_bytes: 256 };
    let mut scene = Scene::with_ring(Manner::Echo, ring);
    let mut clients = Vec::new();
    for _ in 0..10 {
        clients.extend((0..100).map(|_| scene.connect()));
        let expected = clients.len();
        scene.until(|service| service.opened.len() == expected);
    }
    let most = scene.service.most_opened_in_a_turn;
    assert!(most <= Options::default().accepts_per_turn, "{most} newcomers in one turn");
    for (n, client) in clients.iter_mut().enumerate() {
        client.write_all(&(n as u32).to_le_bytes()).unwrap();
    }
    let mut got = vec![Vec::new(); 1000];
    scene.until(|_| {
        for (client, got) in clients.iter_mut().zip(&mut got) {
            if got.len() < 4 {
                read_some(client, got);
            }
        }
        got.iter().all(|got| got.len() == 4)
    });
    assert!((0..1000).all(|n| got[n] == (n as u32).to_le_bytes()));
    assert_eq!(scene.engine.connections(), 1000);
    drop(clients);
    scene.until(|service| service.closed.len() == 1000);
    assert_eq!(scene.engine.connections(), 0);
}

/// A turn's sends go down in groups, each as soon as it is complete. Some of a group fail, since their
/// reader has not read for long; some readers are wanted again when their group has gone down.
#[test]
fn a_line_to_more_than_a_group_reaches_each_once_and_in_order() {
    const READERS: usize = 1300;
    const ROUNDS: usize = 40;
    let path = std::env::temp_dir().join(format!("switchboard-group-{}.sock", std::process::id()));
    let mut scene = Scene::new(Manner::Keep, Options::default());
    scene.engine.listen(&engine::Listen::Unix(path.clone())).unwrap();
    let mut clients = Vec::new();
    for n in 0..READERS {
        clients.push(UnixStream::connect(&path).unwrap());
        clients[n].set_nonblocking(true).unwrap();
        scene.until(|service| service.opened.len() > n);
    }
    let keys: Vec<_> = scene.service.opened.iter().map(|(key, _)| *key).collect();
    let is_slow = |n: usize| n.is_multiple_of(13);
    // Some of the first group only: if anybody else were wanted again when the turn ends, the next would
    // not wait for that reason.
    let is_wanted_again = |n: usize| n < 300 && n % 7 == 1 && !is_slow(n);
    let line = |n: usize, round: usize| {
        let len = if is_slow(n) { 4000 + n } else { 60 };
        pattern(len, (n * ROUNDS + round) as u64)
    };
    let mut sent = vec![Vec::new(); READERS];
    let mut got = vec![Vec::new(); READERS];
    let before = scene.counters();
    for round in 0..ROUNDS {
        for (n, &key) in keys.iter().enumerate() {
            scene.service.mail.send(key, &line(n, round));
            sent[n].extend(line(n, round));
            if is_wanted_again(n) {
                scene.service.afterthoughts.insert(key, [b"and more".to_vec()].into());
                sent[n].extend(b"and more");
            }
        }
        let deadline = engine::monotonic() + PATIENCE;
        scene.service.deadline = Some(deadline);
        scene.engine.handle().wake();
        for _ in 0..2 {
            scene.engine.turn(&mut scene.service).unwrap();
        }
        assert!(engine::monotonic() < deadline, "who is wanted again does not wait");
        for (n, client) in clients.iter_mut().enumerate() {
            if !is_slow(n) {
                read_some(client, &mut got[n]);
            }
        }
    }
    let after = scene.counters();
    let all = sent.iter().map(Vec::len).sum::<usize>() as u64;
    assert!(after.bytes_out < all, "some sockets are full: {after:?}, {all} bytes in all");
    assert!(after.enters - before.enters < 16 * ROUNDS as u64, "not one by one: {after:?}");
    scene.engine.handle().wake(); // out of the long wait
    scene.until(|_| {
        for (n, client) in clients.iter_mut().enumerate() {
            if got[n].len() < sent[n].len() {
                read_some(client, &mut got[n]);
            }
        }
        (0..READERS).all(|n| got[n].len() >= sent[n].len())
    });
    assert!(got == sent, "each byte once and in order");
}

/// Its first send goes down in the middle of the turn, and its second at the end, both with a request that
/// came while they were on their way.
#[test]
fn who_is_in_two_groups_of_a_turn_is_asked_no_more_often_than_was_requested() {
    const READERS: usize = 600;
    let path = std::env::temp_dir().join(format!("switchboard-twice-{}.sock", std::process::id()));
    let mut scene = Scene::new(Manner::Keep, Options::default());
    scene.engine.listen(&engine::Listen::Unix(path.clone())).unwrap();
    let mut clients = Vec::new();
    for n in 0..READERS {
        clients.push(UnixStream::connect(&path).unwrap());
        scene.until(|service| service.opened.len() > n);
    }
    let keys: Vec<_> = scene.service.opened.iter().map(|(key, _)| *key).collect();
    scene.service.afterthoughts.insert(keys[0], [b" and more".to_vec(), vec![]].into());
    keys.iter().for_each(|&key| scene.service.mail.send(key, b"a line"));
    scene.turns(3);
    assert_eq!(scene.service.batches_out[&keys[0]], 2);
    assert_eq!(scene.service.asked_in_vain, 0, "who had nothing to send waits for a request");
    clients[0].set_nonblocking(true).unwrap();
    let mut got = Vec::new();
    read_some(&mut clients[0], &mut got);
    assert_eq!(got, b"a line and more");
}

#[test]
fn a_turn_opens_no_more_than_its_share() {
    let options = Options { accepts_per_turn: 3, ..Options::default() };
    let mut scene = Scene::new(Manner::Keep, options);
    let clients: Vec<_> = (0..50).map(|_| scene.connect()).collect();
    scene.until(|service| service.opened.len() == 50);
    assert!(scene.service.most_opened_in_a_turn <= 3);
    drop(clients);
}

#[test]
fn a_slow_reader_harms_nobody() {
    let mut scene = Scene::new(Manner::Echo, Options::default());
    let (mut slow, _) = scene.client();
    let (mut quick, _) = scene.client();
    // The slow one sends and never reads, until its window and ours are full.
    let flood = pattern(1 << 20, 3);
    let mut stuck = 0;
    while stuck < 50 {
        let mut at = 0;
        write_some(&mut slow, &flood, &mut at);
        stuck = if at == 0 { stuck + 1 } else { 0 };
        scene.turn();
    }
    let mut got = Vec::new();
    for round in 0..20 {
        quick.write_all(b"ping").unwrap();
        scene.until(|_| {
            read_some(&mut quick, &mut got);
            got.len() == 4 * (round + 1)
        });
    }
    assert!(scene.service.closed.is_empty());
}

#[test]
fn a_paused_peer_is_not_heard_until_resumed() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let (mut client, key) = scene.client();
    let mut sent = 0;
    for round in 0..100 {
        scene.service.mail.ask(Request::Pause(key));
        scene.turns(3);
        let before = scene.service.bytes(key).len();
        assert_eq!(before, sent, "round {round}");
        client.write_all(b"while paused").unwrap();
        sent += b"while paused".len();
        scene.turns(3);
        assert_eq!(scene.service.bytes(key).len(), before, "round {round}: nothing while paused");
        scene.service.mail.ask(Request::Resume(key));
        scene.until(|service| service.bytes(key).len() == sent);
    }
}

/// The limit on descriptors is the process's, so this test has a process of its own.
#[test]
fn a_listener_without_descriptors_rests_and_resumes() {
    const CHILD: &str = "URING_TEST_CHILD";
    let name = "a_listener_without_descriptors_rests_and_resumes";
    if std::env::var_os(CHILD).is_none() {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        let child = command.args(["--exact", name, "--nocapture"]).env(CHILD, "1");
        let output = child.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let clients: Vec<_> = (0..40).map(|_| scene.connect()).collect();
    let free = std::fs::File::open("/dev/null").unwrap();
    let limit = std::os::fd::AsRawFd::as_raw_fd(&free) as u64 + 5;
    drop(free);
    let before = limit_descriptors(limit);

    scene.until(|service| service.opened.len() == 5);
    let armed = 5;
    let calls = scene.counters().accept_calls;
    scene.turns(60);
    let counters = scene.counters();
    assert_eq!(scene.service.opened.len(), armed, "there is no descriptor for a sixth");
    assert!(counters.accept_pauses >= 1, "{counters:?}");
    assert!(counters.accept_calls - calls <= 3, "it does not spin: {counters:?}");
    // Each descriptor of ours that is closed lets one more in, and at once.
    for more in 1..=10 {
        let (key, _) = scene.service.opened[more - 1];
        scene.service.mail.ask(Request::Abort(key));
        scene.until(|service| service.opened.len() == armed + more);
    }
    // Somebody else's descriptors: it finds out by itself.
    limit_descriptors(before);
    scene.until(|service| service.opened.len() == 40);
    drop(clients);
    scene.until(|service| service.ended.len() == 30);
}

/// Sets the soft limit and answers what it was.
fn limit_descriptors(limit: u64) -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let before = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(limit), ..before }).unwrap();
    before.current.expect("a limit")
}

#[test]
fn urgent_data_is_told_before_it_is_received() {
    let options = Options { watch_urgent: true, ..Options::default() };
    let mut scene = Scene::new(Manner::Keep, options);
    let (mut client, key) = scene.client();
    for round in 1..=30 {
        client.write_all(b"before").unwrap();
        socket2::SockRef::from(&client).send_out_of_band(b"!").unwrap();
        client.write_all(b"after").unwrap();
        scene.until(|service| service.bytes(key).len() == round * 12);
        assert_eq!(&scene.service.bytes(key)[(round - 1) * 12..], b"before!after");
        let told = std::mem::take(&mut scene.service.urgent);
        let first = told.first().unwrap_or_else(|| panic!("urgent is told, round {round}"));
        assert!(*first <= (round - 1) * 12 + 6, "round {round}: {told:?}");
        if round % 4 == 0 {
            scene.service.mail.ask(Request::Pause(key));
            scene.turns(3);
            scene.service.mail.ask(Request::Resume(key));
            scene.turns(round % 3);
        }
    }
    drop(client);
    scene.until(|service| service.ended == [key]);
}

#[test]
fn a_process_on_this_machine_may_come_by_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("switchboard-uring-{}.sock", std::process::id()));
    let mut scene = Scene::new(Manner::Echo, Options::default());
    scene.engine.listen(&engine::Listen::Unix(path.clone())).unwrap();
    let mut client = UnixStream::connect(&path).unwrap();
    client.write_all(b"hello").unwrap();
    client.shutdown(std::net::Shutdown::Write).unwrap();
    scene.until(|service| !service.opened.is_empty());
    let origin = scene.service.opened[0].1;
    assert_eq!(origin, Origin { peer: service::Peer::Unix, via: Via::Listener(1) });
    scene.until(|service| service.mail.is_empty() || !service.closed.is_empty());
    let mut got = Vec::new();
    client.read_to_end(&mut got).unwrap();
    assert_eq!(got, b"hello");
    scene.service.mail.ask(Request::Connect { to: Address::Unix(path), token: 1 });
    scene.until(|service| service.opened.len() == 3 || !service.failed.is_empty());
    assert_eq!(scene.service.failed, []);
}

#[test]
fn connections_are_made_and_refused() {
    let mut scene = Scene::new(Manner::Echo, Options::default());
    let to = Address::Inet(scene.address);
    scene.service.mail.ask(Request::Connect { to, token: 5 });
    scene.until(|service| service.opened.len() == 2);
    let via: Vec<_> = scene.service.opened.iter().map(|(_, origin)| origin.via).collect();
    assert!(via.contains(&Via::Connect(5)) && via.contains(&Via::Listener(0)), "{via:?}");
    // A port that was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    scene.service.mail.ask(Request::Connect { to: Address::Inet(free), token: 6 });
    scene.until(|service| service.failed == [(6, Reason::Refused)]);
}

#[test]
fn a_wake_ends_a_wait_and_is_told_once() {
    let mut scene = Scene::new(Manner::Echo, Options::default());
    scene.turns(2);
    for round in 1..=50 {
        let handle = scene.engine.handle();
        let thread = std::thread::spawn(move || {
            handle.wake();
            handle.wake();
        });
        if round % 2 == 0 {
            thread.join().unwrap();
            scene.until(|service| service.woken >= round);
        } else {
            scene.until(|service| service.woken >= round);
            thread.join().unwrap();
        }
        scene.turns(2);
        scene.service.woken = round;
    }
}

#[test]
fn a_deadline_is_never_early() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    scene.turns(2);
    for micros in [100, 900, 3100, 20_000] {
        let before = engine::monotonic();
        scene.service.deadline = Some(before + Duration::from_micros(micros));
        // The turn that hears of the deadline, and the one that it starts.
        scene.engine.turn(&mut scene.service).unwrap();
        let deadline = engine::monotonic() + Duration::from_micros(micros);
        scene.service.deadline = Some(deadline);
        scene.engine.turn(&mut scene.service).unwrap();
        scene.engine.turn(&mut scene.service).unwrap();
        assert!(engine::monotonic() >= deadline);
    }
}

#[test]
fn an_idle_turn_is_one_system_call() {
    let mut scene = Scene::new(Manner::Keep, Options::default());
    let _clients: Vec<_> = (0..10).map(|_| scene.client()).collect();
    scene.turns(5);
    let before = scene.counters();
    scene.turns(50);
    let after = scene.counters();
    assert_eq!(after.enters - before.enters, after.turns - before.turns);
}
