//! Connections that the service asks for.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;

use engine::Choice;
use service::{Address, Peer, Reason, Request, Via};
use socket2::{Domain, Socket, Type};

use crate::listening::Folder;
use crate::support::{Fact, Scene, a_place_of_its_own, read_all, read_exactly};

on_every_engine![
    a_connection_that_was_asked_for_is_opened_with_its_token,
    a_refused_connection_is_told_as_refused,
    a_unix_socket_can_be_connected_to,
    a_path_that_is_missing_is_told_by_its_error,
    many_attempts_at_once_each_come_to_their_end,
    an_engine_can_connect_to_itself,
];

fn a_connection_that_was_asked_for_is_opened_with_its_token(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| {
        if let Fact::Opened(key, _) = fact {
            desk.send(*key, b"hello");
        }
    });
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = elsewhere.local_addr().unwrap();
    scene.ask(Request::Connect { to: Address::Inet(place), token: u64::MAX });
    scene.until("opened", |service| service.opened().len() == 1);
    let key = scene.service.newest();
    let origin = scene.service.origin(key);
    assert_eq!((origin.peer, origin.via), (Peer::Inet(place), Via::Connect(u64::MAX)));

    let (mut peer, _) = elsewhere.accept().unwrap();
    peer.set_read_timeout(Some(crate::support::PATIENCE)).unwrap();
    assert_eq!(scene.meanwhile(|| read_exactly(&peer, 5)), b"hello");
    peer.write_all(b"welcome").unwrap();
    scene.until("answered", |service| service.heard(key) == b"welcome");
    scene.ask(Request::Close(key));
    assert_eq!(scene.meanwhile(|| read_all(&peer)), b"");
    drop(peer);
    scene.until("closed", |service| service.closed(key) == Some(Reason::Closed));
}

fn a_refused_connection_is_told_as_refused(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (place, _kept) = nobody();
    scene.ask(Request::Connect { to: Address::Inet(place), token: 7 });
    scene.until("failed", |service| service.was_told(&Fact::ConnectFailed(7, Reason::Refused)));
    assert_eq!(scene.service.opened(), []);
    assert_eq!(scene.engine.connections(), 0);
}

fn a_unix_socket_can_be_connected_to(choice: Choice) {
    let folder = Folder::new();
    let elsewhere = UnixListener::bind(folder.path("there")).unwrap();
    let mut scene = Scene::new(choice);
    scene.ask(Request::Connect { to: Address::Unix(folder.path("there")), token: 3 });
    scene.until("opened", |service| service.opened().len() == 1);
    let key = scene.service.newest();
    assert_eq!(scene.service.origin(key).peer, Peer::Unix);
    let (mut peer, _) = elsewhere.accept().unwrap();
    peer.write_all(b"local").unwrap();
    scene.until("heard", |service| service.heard(key) == b"local");
}

fn a_path_that_is_missing_is_told_by_its_error(choice: Choice) {
    let folder = Folder::new();
    let mut scene = Scene::new(choice);
    scene.ask(Request::Connect { to: Address::Unix(folder.path("nothing")), token: 1 });
    let missing = Fact::ConnectFailed(1, Reason::Failed(libc::ENOENT));
    scene.until("failed", |service| service.was_told(&missing));

    // A socket file without anybody behind it.
    folder.leave_a_stale_socket("stale");
    scene.ask(Request::Connect { to: Address::Unix(folder.path("stale")), token: 2 });
    let refused = Fact::ConnectFailed(2, Reason::Refused);
    scene.until("refused", |service| service.was_told(&refused));

    // A path longer than any socket's.
    let long = folder.path(&"long".repeat(100));
    scene.ask(Request::Connect { to: Address::Unix(long), token: 3 });
    scene.until("failed, too", |service| {
        service.count(|fact| matches!(fact, Fact::ConnectFailed(3, Reason::Failed(_)))) == 1
    });
}

fn many_attempts_at_once_each_come_to_their_end(choice: Choice) {
    let mut scene = Scene::new(choice);
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let (there, (nobody, _kept)) = (elsewhere.local_addr().unwrap(), nobody());
    for token in 0..40 {
        let place = if token % 2 == 0 { there } else { nobody };
        scene.ask(Request::Connect { to: Address::Inet(place), token });
    }
    scene.until("all have ended", |service| {
        service.opened().len() == 20
            && service.count(|fact| matches!(fact, Fact::ConnectFailed(_, Reason::Refused))) == 20
    });
    for key in scene.service.opened() {
        let via = scene.service.origin(key).via;
        assert!(matches!(via, Via::Connect(token) if token % 2 == 0), "{via:?}");
    }
}

fn an_engine_can_connect_to_itself(choice: Choice) {
    let mut scene = Scene::reacting(choice, |desk, fact| match fact {
        Fact::Opened(key, origin) if matches!(origin.via, Via::Connect(_)) => {
            desk.send(*key, b"ping");
        }
        Fact::Received(key, bytes) if bytes == b"ping" => desk.send(*key, b"pong"),
        _ => {}
    });
    scene.ask(Request::Connect { to: Address::Inet(scene.place), token: 0 });
    scene
        .until("pong", |service| service.opened().iter().any(|&key| service.heard(key) == b"pong"));
    assert_eq!(scene.engine.connections(), 2);
}

/// An address that nobody listens at, nor can while the socket is kept.
fn nobody() -> (SocketAddr, Socket) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&a_place_of_its_own().into()).unwrap();
    (socket.local_addr().unwrap().as_socket().unwrap(), socket)
}
