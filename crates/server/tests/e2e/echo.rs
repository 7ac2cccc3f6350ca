//! `switchboard echo`: tutorials 2, 4, 5, 6 and 8.

use crate::on_every_engine;
use crate::support::{Ending, Server, python, run};

on_every_engine![
    nc_gets_its_lines_back_in_upper_case,
    a_suffix_is_put_after_each_answer,
    the_reply_is_the_same_whatever_is_said,
    python_gets_back_what_it_sent,
    much_more_than_buffers_hold_comes_back_whole,
    it_ends_by_itself_when_nothing_happens,
    urgent_data_drops_the_connection,
];

fn nc_gets_its_lines_back_in_upper_case(engine: &str) {
    let server = Server::start(engine, &["echo", "--upper"]);
    let mut nc = server.nc(&["-N"]);
    nc.type_line("hello");
    nc.expect("HELLO\n");
    nc.write("café\n".as_bytes());
    nc.close_stdin();
    assert_eq!(nc.exit_code(), 0);
    assert_eq!(nc.stdout.text(), "HELLO\nCAFÉ\n");
    server.stop();
}

fn a_suffix_is_put_after_each_answer(engine: &str) {
    let server = Server::start(engine, &["echo", "--upper", "--suffix", "_SB"]);
    let mut ncat = server.ncat(&[]);
    ncat.type_line("one");
    ncat.expect("ONE_SB\n");
    ncat.type_line("two");
    ncat.expect("TWO_SB\n");
    ncat.close_stdin();
    assert_eq!(ncat.exit_code(), 0);
    server.stop();
}

fn the_reply_is_the_same_whatever_is_said(engine: &str) {
    let server = Server::start(engine, &["echo", "--reply", "my server"]);
    // As tutorial 3's client does it: no newline, and one receive per send.
    let said = python(
        &server,
        "s = socket.create_connection(('127.0.0.1', port))\n\
         for i in range(3):\n    \
             s.sendall(b'my client:%d' % i)\n    \
             print(s.recv(1024).decode())\n",
    );
    assert_eq!(said, "my server\n".repeat(3));
    server.stop();
}

fn python_gets_back_what_it_sent(engine: &str) {
    let server = Server::start(engine, &["echo"]);
    let said = python(
        &server,
        "import os\n\
         selector = selectors.DefaultSelector()\n\
         sent, got = {}, {}\n\
         for i in range(20):\n    \
             s = socket.create_connection(('127.0.0.1', port))\n    \
             sent[s], got[s] = os.urandom(10000), b''\n    \
             selector.register(s, selectors.EVENT_READ)\n    \
             s.sendall(sent[s])\n    \
             s.shutdown(socket.SHUT_WR)\n\
         while selector.get_map():\n    \
             for key, _ in selector.select(30):\n        \
                 s = key.fileobj\n        \
                 piece = s.recv(4096)\n        \
                 got[s] += piece\n        \
                 if not piece: selector.unregister(s)\n\
         print(sent == got)\n",
    );
    assert_eq!(said, "True\n");
    server.stop();
}

fn much_more_than_buffers_hold_comes_back_whole(engine: &str) {
    let server = Server::start(engine, &["echo"]);
    // nc reads only when it has written, and the other way round: both sides meet full buffers.
    let port = server.port();
    let pipe = format!(
        "seq 1 400000 | nc.openbsd -N 127.0.0.1 {port} | cmp - <(seq 1 400000) && echo same"
    );
    let said = run(crate::support::tool("bash").args(["-c", &pipe]));
    assert_eq!(said, "same\n");
    server.stop();
}

fn it_ends_by_itself_when_nothing_happens(engine: &str) {
    let mut deserted = Server::start(engine, &["echo", "--exit-when-idle", "100ms"]);
    assert_eq!(deserted.process.exit_code(), 0);
    deserted.process.expect("Time out!\n");

    let mut server = Server::start(engine, &["echo", "--exit-when-idle", "300ms"]);
    let mut peer = server.connect();
    peer.send("still here\n");
    peer.expect("still here\n");
    assert_eq!(peer.drain(), Ending::Closed);
    assert_eq!(server.process.exit_code(), 0);
    server.process.expect("Time out!\n");
}

fn urgent_data_drops_the_connection(engine: &str) {
    let server = Server::start(engine, &["echo", "--drop-on-urgent"]);
    let mut other = server.connect();
    let said = python(
        &server,
        "s = socket.create_connection(('127.0.0.1', port))\n\
         s.settimeout(30)\n\
         s.sendall(b'ordinary')\n\
         print(s.recv(100))\n\
         s.send(b'!', socket.MSG_OOB)\n\
         try: print('rest', s.recv(100) in (b'', b'!') and s.recv(100))\n\
         except ConnectionResetError: print('reset')\n",
    );
    let rest = said.strip_prefix("b'ordinary'\n").expect("ordinary bytes are echoed");
    assert!(rest == "reset\n" || rest == "rest b''\n", "{said}");
    other.send("me neither");
    other.expect("me neither");
    server.stop();
}
