//! The bare loops do what they say, over both engines.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Loop(Child, SocketAddr);

impl Loop {
    fn start(what: &str, engine: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_limit"))
            .args([what, engine, "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
        Self(child, address)
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(self.1).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn read(socket: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut got = vec![0; count];
    socket.read_exact(&mut got).unwrap();
    got
}

#[test]
fn an_echo_comes_back_whole_and_to_its_own_peer() {
    for engine in ["epoll", "uring"] {
        let server = Loop::start("echo", engine);
        let mut peers: Vec<_> = (0..20).map(|_| server.connect()).collect();
        for round in 0..20u8 {
            for (peer, socket) in (0u8..).zip(&mut peers) {
                socket.write_all(&[peer, round].repeat(500)).unwrap();
            }
            for (peer, socket) in (0u8..).zip(&mut peers) {
                assert_eq!(read(socket, 1000), [peer, round].repeat(500), "{engine}");
            }
            // Places become free, and are taken again.
            peers.swap_remove(usize::from(round % 20));
            peers.push(server.connect());
        }
    }
}

#[test]
fn each_request_has_its_answer() {
    for engine in ["epoll", "uring"] {
        let server = Loop::start("http", engine);
        let mut socket = server.connect();
        socket.write_all(&b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(3)).unwrap();
        let mut answers = String::new();
        while answers.matches("Hello, world!").count() < 3 {
            let mut buffer = [0; 1000];
            let count = socket.read(&mut buffer).unwrap();
            assert!(count > 0, "{engine} closed after {answers}");
            answers.push_str(std::str::from_utf8(&buffer[..count]).unwrap());
        }
    }
}

#[test]
fn what_one_says_all_others_hear_in_order() {
    for engine in ["epoll", "uring"] {
        let server = Loop::start("broadcast", engine);
        let mut speaker = server.connect();
        let mut readers: Vec<_> = (0..50).map(|_| server.connect()).collect();
        // Whoever is heard by all others is in, and so are they.
        let last = readers.len() - 1;
        readers[last].write_all(b"!").unwrap();
        assert_eq!(read(&mut speaker, 1), b"!");
        for reader in &mut readers[..last] {
            assert_eq!(read(reader, 1), b"!");
        }
        for number in 0..100 {
            speaker.write_all(format!("{number:063}\n").as_bytes()).unwrap();
        }
        let all: String = (0..100).map(|number| format!("{number:063}\n")).collect();
        for reader in &mut readers {
            assert_eq!(read(reader, all.len()), all.as_bytes(), "{engine}");
        }
    }
}
