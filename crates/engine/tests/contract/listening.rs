//! Where connections come from: addresses, paths, and sockets handed over.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use engine::{Choice, Engine, Listen};
use service::{Peer, Via};
use socket2::{Domain, Socket, Type};

use crate::support::{Scene, a_place_of_its_own, options, refuses};

on_every_engine![
    peers_come_over_a_unix_socket,
    a_stale_socket_file_is_replaced_and_removed_at_the_end,
    a_socket_file_in_use_and_a_file_of_another_kind_are_left_alone,
    a_listening_socket_can_be_handed_over,
    a_dual_stack_listener_shows_peers_as_they_are,
    listeners_are_numbered_as_they_were_added,
    an_address_in_use_is_refused_and_named,
];
once![what_is_no_listening_socket_is_not_taken_over, listen_reads_what_it_writes];

fn peers_come_over_a_unix_socket(choice: Choice) {
    let folder = Folder::new();
    let listen = Listen::Unix(folder.path("socket"));
    let mut scene = Scene::at(&listen, options(choice), |_, _| ());

    let mut peer = UnixStream::connect(folder.path("socket")).unwrap();
    peer.write_all(b"unnamed").unwrap();
    scene.until("heard", |service| {
        service.opened().iter().any(|&key| service.heard(key) == b"unnamed")
    });
    assert_eq!(scene.service.origin(scene.service.newest()).peer, Peer::Unix);

    // A peer that has a name of its own, here an abstract one.
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    let name = format!("\0switchboard-{}-{choice}", std::process::id());
    socket.bind(&socket2::SockAddr::unix(name).unwrap()).unwrap();
    socket.connect(&socket2::SockAddr::unix(folder.path("socket")).unwrap()).unwrap();
    scene.until("the named one is opened", |service| service.opened().len() == 2);
    assert_eq!(scene.service.origin(scene.service.newest()).peer, Peer::Unix);

    // And a listener with an abstract name, handed over.
    let name = format!("switchboard-listener-{}-{choice}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name).unwrap();
    let listener = UnixListener::bind_addr(&address).unwrap();
    scene.engine.listen(&Listen::Inherited(listener.into_raw_fd())).unwrap();
    let _peer = UnixStream::connect_addr(&address).unwrap();
    scene.until("opened by name", |service| service.opened().len() == 3);
    assert_eq!(scene.service.origin(scene.service.newest()).via, Via::Listener(1));
}

fn a_stale_socket_file_is_replaced_and_removed_at_the_end(choice: Choice) {
    let folder = Folder::new();
    let path = folder.path("socket");
    folder.leave_a_stale_socket("socket");
    let mut scene = Scene::at(&Listen::Unix(path.clone()), options(choice), |_, _| ());
    let _peer = UnixStream::connect(&path).unwrap();
    scene.until("opened", |service| service.opened().len() == 1);
    drop(scene);
    assert!(!path.exists());
}

fn a_socket_file_in_use_and_a_file_of_another_kind_are_left_alone(choice: Choice) {
    let folder = Folder::new();
    let mut engine = Engine::new(options(choice)).unwrap();

    let used = folder.path("used");
    let listener = UnixListener::bind(&used).unwrap();
    let error = engine.listen(&Listen::Unix(used.clone())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    let _peer = UnixStream::connect(&used).expect("it is still there");
    listener.accept().unwrap();

    let file = folder.path("file");
    std::fs::write(&file, "precious").unwrap();
    engine.listen(&Listen::Unix(file.clone())).unwrap_err();
    drop(engine);
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    assert!(used.exists());
}

fn a_listening_socket_can_be_handed_over(choice: Choice) {
    // As systemd does it: bound and listening, blocking, and open across exec.
    let listener = TcpListener::bind(a_place_of_its_own()).unwrap();
    let place = listener.local_addr().unwrap();
    let mut early = TcpStream::connect(place).unwrap();
    early.write_all(b"early").unwrap();
    let listen = Listen::Inherited(listener.into_raw_fd());
    let mut scene = Scene::at(&listen, options(choice), |_, _| ());
    assert_eq!(scene.place, place);
    scene.until("heard", |service| {
        service.opened().iter().any(|&key| service.heard(key) == b"early")
    });
    drop(scene);
    refuses(place);
}

fn a_dual_stack_listener_shows_peers_as_they_are(choice: Choice) {
    if let Err(error) = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) {
        return eprintln!("SKIPPED: this machine has no IPv6: {error}");
    }
    let mut scene = Scene::at(&Listen::Any(0), options(choice), |_, _| ());
    let port = scene.place.port();
    for ip in [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()] {
        let before = scene.service.opened().len();
        let peer = TcpStream::connect(SocketAddr::new(ip, port)).unwrap();
        scene.until("opened", |service| service.opened().len() > before);
        let origin = scene.service.origin(scene.service.newest());
        assert_eq!(origin.peer, Peer::Inet(peer.local_addr().unwrap()));
        assert_eq!(origin.peer.ip(), Some(ip));
        assert!(origin.peer.is_local());
    }
}

fn listeners_are_numbered_as_they_were_added(choice: Choice) {
    let mut scene = Scene::new(choice);
    let mut places = vec![scene.place];
    for _ in 0..3 {
        let listening = scene.engine.listen(&"127.0.0.1:0".parse().unwrap()).unwrap();
        places.push(listening.local.unwrap());
    }
    // One more while it is at work.
    scene.wake();
    scene.turn();
    places.push(scene.engine.listen(&"127.0.0.1:0".parse().unwrap()).unwrap().local.unwrap());
    for (number, place) in places.into_iter().enumerate().rev() {
        scene.place = place;
        let (key, _peer) = scene.meet();
        assert_eq!(scene.service.origin(key).via, Via::Listener(number as u16));
    }
}

fn an_address_in_use_is_refused_and_named(choice: Choice) {
    let mut scene = Scene::new(choice);
    let mut other = Engine::new(options(choice)).unwrap();
    let error = other.listen(&Listen::Inet(scene.place)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&scene.place.to_string()), "{error}");
    let (_, _peer) = scene.meet();
}

fn what_is_no_listening_socket_is_not_taken_over() {
    let mut engine = Engine::new(options(Choice::Poll)).unwrap();
    let (connected, _peer) = UnixStream::pair().unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    for number in [-1, 0, 1, 2, i32::MAX, connected.as_raw_fd(), file.as_raw_fd()] {
        let error = engine.listen(&Listen::Inherited(number)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{number}: {error}");
        assert!(error.to_string().contains(&format!("fd:{number}")), "{error}");
    }
    (&connected).write_all(b"!").expect("it was not closed");
}

fn listen_reads_what_it_writes() {
    let all = ["*:8008", "127.0.0.1:8008", "[::1]:8008", "unix:/run/switchboard.sock", "fd:3"];
    for text in all {
        let listen: Listen = text.parse().unwrap();
        assert_eq!(listen.to_string(), text);
    }
    assert_eq!("8008".parse::<Listen>().unwrap(), Listen::Any(8008));
    for nonsense in ["", "unix:", "fd:", "fd:x", "70000", "nowhere:1", "127.0.0.1"] {
        let error = nonsense.parse::<Listen>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{nonsense:?}");
    }
}

/// A folder of its own for a test's socket files, removed with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("switchboard-contract-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("a folder for a moment");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Leaves a socket file there that nobody listens on.
    pub(crate) fn leave_a_stale_socket(&self, name: &str) {
        drop(UnixListener::bind(self.path(name)).expect("a name that is free"));
        // A child process that another test starts has a copy until it runs its program.
        while UnixStream::connect(self.path(name)).is_ok() {}
        assert!(self.path(name).exists(), "the file outlives its socket");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
