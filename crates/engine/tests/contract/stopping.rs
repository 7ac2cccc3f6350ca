//! How an engine ends.

use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use engine::{Choice, Ending, Options};
use service::{Address, Reason, Request};
use socket2::{Domain, Socket, Type};

use crate::support::{Fact, Scene, options, read_all};

on_every_engine![
    stopping_is_told_once_and_nobody_is_accepted_any_more,
    what_the_service_says_when_stopping_arrives,
    a_reader_that_never_reads_holds_up_the_end_no_longer_than_the_limit,
    a_service_may_ask_to_stop,
    without_connections_the_end_comes_at_once,
    attempts_to_connect_are_given_up,
    connections_that_are_closing_already_are_closed,
    a_connection_asked_for_while_stopping_fails,
];

fn stopping_is_told_once_and_nobody_is_accepted_any_more(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    let handle = scene.engine.handle();
    for _ in 0..3 {
        handle.stop();
    }
    scene.turn();
    assert!(scene.service.was_told(&Fact::Stopping));
    handle.stop();
    // In this turn or the next the listener is closed; whoever comes before that is not opened.
    let refused = loop {
        match TcpStream::connect(scene.place) {
            Ok(_) => assert_eq!(scene.turn(), None, "somebody is still connected"),
            Err(error) => break error,
        }
    };
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    drop(peer);
    assert_eq!(scene.end(), Ending::Stopped);
    assert_eq!(scene.service.count(|fact| *fact == Fact::Stopping), 1);
    assert_eq!(scene.service.closed(key), Some(Reason::Stopped));
}

fn what_the_service_says_when_stopping_arrives(choice: Choice) {
    let mut keys = Vec::new();
    let mut scene = Scene::reacting(choice, move |desk, fact| match fact {
        Fact::Opened(key, _) => keys.push(*key),
        Fact::Stopping => keys.iter().for_each(|&key| desk.send(key, &[b'!'; 300_000])),
        _ => {}
    });
    let peers: Vec<TcpStream> = (0..5).map(|_| scene.meet().1).collect();
    scene.engine.handle().stop();
    scene.until("told", |service| service.was_told(&Fact::Stopping));
    std::thread::scope(|scope| {
        let readers: Vec<_> =
            peers.into_iter().map(|peer| scope.spawn(move || read_all(peer).len())).collect();
        assert_eq!(scene.end(), Ending::Stopped);
        for reader in readers {
            assert_eq!(reader.join().unwrap(), 300_000);
        }
    });
    assert_eq!(scene.service.count(|fact| matches!(fact, Fact::Closed(_, Reason::Stopped))), 5);
}

fn a_reader_that_never_reads_holds_up_the_end_no_longer_than_the_limit(choice: Choice) {
    let limit = Duration::from_millis(80);
    let mut scene = Scene::of(Options { stop_limit: limit, ..options(choice) }, |_, _| ());
    let (key, _peer) = scene.meet();
    scene.service.desk.send_from(key, |batch| batch.copy(&[b'x'; 65536]));
    scene.wake();
    scene.turn();
    let asked = engine::monotonic();
    assert_eq!(scene.stop(), Ending::Stopped);
    assert!(engine::monotonic().since(asked) >= limit, "it had its time");
    let reason = scene.service.closed(key);
    assert!(matches!(reason, Some(Reason::Stopped | Reason::TimedOut)), "{reason:?}");
}

fn a_service_may_ask_to_stop(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    scene.ask(Request::Stop);
    scene.ask(Request::Stop);
    scene.until("told", |service| service.was_told(&Fact::Stopping));
    drop(peer);
    assert_eq!(scene.end(), Ending::Stopped);
    assert_eq!(scene.service.closed(key), Some(Reason::Stopped));
}

fn without_connections_the_end_comes_at_once(choice: Choice) {
    let options = Options { stop_limit: Duration::from_secs(3600), ..options(choice) };
    let mut scene = Scene::of(options, |_, _| ());
    assert_eq!(scene.stop(), Ending::Stopped);
    assert_eq!(scene.service.facts, [(1, Fact::Stopping)]);
}

fn attempts_to_connect_are_given_up(choice: Choice) {
    let (place, _full) = somebody_who_never_answers();
    let mut scene = Scene::new(choice);
    scene.ask(Request::Connect { to: Address::Inet(place), token: 9 });
    scene.turn();
    scene.wake();
    scene.turn();
    assert!(scene.service.facts.iter().all(|(_, fact)| *fact == Fact::Woken), "it is still tried");
    assert_eq!(scene.stop(), Ending::Stopped);
    assert!(scene.service.was_told(&Fact::ConnectFailed(9, Reason::Stopped)));
}

fn connections_that_are_closing_already_are_closed(choice: Choice) {
    let mut scene =
        Scene::of(Options { stop_limit: Duration::from_millis(80), ..options(choice) }, |_, _| ());
    let (lingering, _quiet) = scene.meet();
    let (draining, _full) = scene.meet();
    let (aborted, _peer) = scene.meet();
    scene.service.desk.send_from(draining, |batch| batch.copy(&[b'x'; 65536]));
    scene.ask(Request::Close(lingering));
    scene.ask(Request::Close(draining));
    scene.turn();
    scene.ask(Request::Abort(aborted));
    assert_eq!(scene.stop(), Ending::Stopped);
    assert_eq!(scene.service.closed(aborted), Some(Reason::Aborted));
}

fn a_connection_asked_for_while_stopping_fails(choice: Choice) {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = elsewhere.local_addr().unwrap();
    let mut scene = Scene::reacting(choice, move |desk, fact| {
        if *fact == Fact::Stopping {
            desk.connect(Address::Inet(place), 4);
        }
    });
    assert_eq!(scene.stop(), Ending::Stopped);
    assert!(scene.service.was_told(&Fact::ConnectFailed(4, Reason::Stopped)));
}

/// An address where connections are neither taken nor refused: the one place in its queue is
/// filled, and Linux passes over further attempts (tcp(7), `tcp_abort_on_overflow`).
fn somebody_who_never_answers() -> (std::net::SocketAddr, Vec<Socket>) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let place = listener.local_addr().unwrap();
    let mut all = vec![listener];
    for _ in 0..3 {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&place);
        all.push(socket);
    }
    (place.as_socket().unwrap(), all)
}
