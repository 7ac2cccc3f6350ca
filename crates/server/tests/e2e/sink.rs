//! `switchboard sink`: tutorial 7.

use crate::on_every_engine;
use crate::support::{Ending, Server, python};

on_every_engine![
    each_message_is_printed_and_its_connection_closed,
    a_silent_client_is_mentioned_and_blocks_nobody,
    what_is_printed_cannot_drive_a_terminal,
];

fn each_message_is_printed_and_its_connection_closed(engine: &str) {
    let server = Server::start(engine, &["sink"]);
    let mut nc = server.nc(&[]);
    nc.type_line("from nc");
    server.process.expect("from nc\n");
    let mut ncat = server.ncat(&[]);
    ncat.write(b"from ncat, without a newline");
    ncat.close_stdin();
    server.process.expect("from ncat, without a newline\n");
    assert_eq!(ncat.exit_code(), 0);
    let said = python(
        &server,
        "s = socket.create_connection(('127.0.0.1', port))\n\
         s.settimeout(30)\n\
         s.sendall(b'from python\\nand more\\n')\n\
         try: print(s.recv(100))\n\
         except ConnectionResetError: print(b'')\n",
    );
    assert_eq!(said, "b''\n");
    server.process.expect("from python\n");
    // And nothing else: what it prints may go into a pipe.
    let printed = server.process.stdout.text();
    assert_eq!(printed, "from nc\nfrom ncat, without a newline\nfrom python\n");
    server.stop();
}

fn a_silent_client_is_mentioned_and_blocks_nobody(engine: &str) {
    let server = Server::start(engine, &["sink", "--idle", "200ms"]);
    server.process.expect("no data coming\n");
    let silent = server.connect();
    let address = silent.stream.local_addr().expect("it is connected");
    let mut peer = server.connect();
    peer.send("I am quick\n");
    assert_eq!(peer.drain(), Ending::Closed);
    server.process.expect("I am quick\n");
    server.process.expect(&format!("no data coming from {address}\n"));
    server.stop();
}

fn what_is_printed_cannot_drive_a_terminal(engine: &str) {
    let server = Server::start(engine, &["sink"]);
    let mut peer = server.connect();
    peer.send(b"\x1b[2Jgone?\xff\r\n");
    server.process.expect("[2Jgone?\\xff\n");
    assert!(!server.process.stdout.bytes().contains(&0x1b));
    server.stop();
}
