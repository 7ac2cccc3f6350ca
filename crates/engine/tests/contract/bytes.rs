//! Every byte once and in order, whatever the sockets take at a time.

use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::fd::IntoRawFd;
use std::rc::Rc;
use std::thread;

use engine::{Choice, Listen};
use service::{Frame, Request};
use socket2::{Domain, Socket, Type};

use crate::support::{Fact, PATIENCE, Pattern, Scene, dice, options, patient, read_exactly};

on_every_engine![
    ten_megabytes_each_way_through_tiny_buffers_keep_their_order,
    frames_of_every_size_keep_their_order,
    answers_to_many_peers_do_not_mix,
    small_batches_that_a_socket_takes_in_part_keep_their_order,
];

const TOTAL: u64 = 10_000_000;

fn ten_megabytes_each_way_through_tiny_buffers_keep_their_order(choice: Choice) {
    // Accepted sockets have the buffers of their listener.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    tighten(&listener);
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(16).unwrap();
    let listen = Listen::Inherited(listener.into_raw_fd());

    let mut incoming = Pattern::new(1);
    let mut dice = dice();
    let reaction = move |desk: &mut crate::support::Desk, fact: &Fact| match fact {
        Fact::Opened(key, _) => {
            let (mut outgoing, mut dice) = (Pattern::new(2), dice.clone());
            desk.send_from(*key, move |batch| {
                // Small pieces and large ones, that are copied and that are shared.
                while !batch.is_full() && outgoing.made() < TOTAL {
                    let size = [3, 100, 511, 513, 5000, 40_000][dice.below(6)];
                    let size = (TOTAL - outgoing.made()).min(size);
                    batch.push(&Frame::from(outgoing.next(size as usize)));
                }
            });
        }
        Fact::Received(key, bytes) => {
            incoming.expect(bytes);
            // Now and then something is asked that must not disturb the order.
            if dice.below(20) == 0 {
                desk.ask(Request::Flush(*key));
            }
        }
        _ => {}
    };
    let mut scene = Scene::at(&listen, options(choice), reaction);
    let place = scene.place;
    scene.meanwhile(move || {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        tighten(&socket);
        socket.connect(&place.into()).unwrap();
        let mut reader = TcpStream::from(socket);
        reader.set_read_timeout(Some(PATIENCE)).unwrap();
        reader.set_write_timeout(Some(PATIENCE)).unwrap();
        let mut writer = reader.try_clone().unwrap();
        thread::scope(|scope| {
            scope.spawn(move || {
                let mut pattern = Pattern::new(1);
                while pattern.made() < TOTAL {
                    writer.write_all(&pattern.next(20_000)).unwrap();
                }
            });
            let mut pattern = Pattern::new(2);
            let mut bytes = vec![0; 20_000];
            while pattern.made() < TOTAL {
                let count = reader.read(&mut bytes).unwrap();
                assert!(count > 0, "it ended after {} bytes", pattern.made());
                pattern.expect(&bytes[..count]);
            }
        });
    });
    let key = scene.service.newest();
    scene.until("all is received", |service| service.heard_bytes(key) as u64 == TOTAL);
    // io_uring goes on with a batch by itself, so there it is the batches that count.
    assert!(scene.engine.counters().sends > 30, "it went out in many pieces");
    assert_eq!(scene.engine.counters().bytes_out, TOTAL);
    assert_eq!(scene.engine.counters().bytes_in, TOTAL);
}

fn small_batches_that_a_socket_takes_in_part_keep_their_order(choice: Choice) {
    const WORDS: usize = 300;
    const SIZE: usize = 1500;
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    tighten(&listener);
    listener.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    listener.listen(16).unwrap();
    let listen = Listen::Inherited(listener.into_raw_fd());
    let mut outgoing = Pattern::new(5);
    let reaction = move |desk: &mut crate::support::Desk, fact: &Fact| {
        if let Fact::Received(key, bytes) = fact {
            bytes.iter().for_each(|_| desk.send(*key, &outgoing.next(SIZE)));
        }
    };
    let mut scene = Scene::at(&listen, options(choice), reaction);
    let place = scene.place;
    scene.meanwhile(move || {
        let mut peer = patient(place);
        let mut pattern = Pattern::new(5);
        for word in 0..WORDS {
            peer.write_all(b"!").unwrap();
            // Now it keeps up, now it lets some words lie, until the socket is full.
            if word % 20 > 10 {
                pattern.expect(&read_exactly(&peer, SIZE));
            }
        }
        let rest = WORDS * SIZE - pattern.made() as usize;
        pattern.expect(&read_exactly(&peer, rest));
    });
}

/// Buffers of a few kilobytes. With the smallest that the kernel gives, delayed acknowledgements
/// would make up nearly all of the test.
fn tighten(socket: &Socket) {
    socket.set_send_buffer_size(4096).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
}

fn frames_of_every_size_keep_their_order(choice: Choice) {
    let mut scene = Scene::new(choice);
    let (key, peer) = scene.meet();
    let mut outgoing = Pattern::new(3);
    let mut total = 0;
    // More slices than one sendmsg takes, empty frames, and one far larger than a batch.
    for size in (0..1500).chain([511, 512, 513, 65_535, 65_536, 65_537, 1_000_000, 0, 1]) {
        scene.service.desk.send(key, &outgoing.next(size));
        total += size;
    }
    scene.wake();
    let got = scene.meanwhile(|| read_exactly(&peer, total));
    Pattern::new(3).expect(&got);
}

fn answers_to_many_peers_do_not_mix(choice: Choice) {
    let answered = Rc::new(RefCell::new(0));
    let count = Rc::clone(&answered);
    let mut scene = Scene::reacting(choice, move |desk, fact| {
        if let Fact::Received(key, bytes) = fact {
            *count.borrow_mut() += bytes.len();
            desk.send(*key, bytes);
        }
    });
    let place = scene.place;
    let dice = dice();
    scene.meanwhile(move || {
        thread::scope(|scope| {
            for name in 0..8 {
                let mut dice = dice.clone();
                scope.spawn(move || {
                    let mut peer = patient(place);
                    let (mut said, mut heard) = (Pattern::new(name), Pattern::new(name));
                    for _ in 0..100 {
                        let size = 1 + dice.below(3000);
                        peer.write_all(&said.next(size)).unwrap();
                        heard.expect(&read_exactly(&peer, size));
                    }
                });
            }
        });
    });
    assert_eq!(*answered.borrow() as u64, scene.engine.counters().bytes_in);
}
