//! One port for whatever connects: what a peer speaks is known by its first bytes, in whatever
//! pieces they come.

use crate::on_every_engine;
use crate::support::{Client, Ending, Peer, Process, Server, run, tool};

on_every_engine![each_is_answered_in_its_own_language];

fn each_is_answered_in_its_own_language(engine: &str) {
    // Nobody is taken for somebody else because a byte was long in coming.
    let server = Server::start(engine, &["chat", "--welcome-after", "60s"]);
    let nora = Client::netcat(&server, "nora");

    let mut ada = server.connect();
    byte_by_byte(&mut ada, b"CAP LS 302\r\nnick ada\r\nUSER ada 0 * :Ada\r\nCAP END\r\n");
    ada.expect(" 001 ada :Welcome to ");
    ada.expect(":ada!~ada@localhost JOIN #lobby\r\n");
    nora.sees_join("ada", "#lobby");

    let mut eve = server.connect();
    byte_by_byte(&mut eve, b"/nick eve\nhello\n");
    eve.expect("You are eve now.\n");
    ada.expect(":eve!nc@localhost PRIVMSG #lobby :hello\r\n");

    // Will terminal type; do suppress go-ahead.
    let mut tess = server.connect();
    byte_by_byte(&mut tess, b"\xff\xfb\x18\xff\xfd\x03/nick tess\r\0hello\r\0");
    tess.expect("You are tess now.\r\n");
    ada.expect(":tess!nc@localhost PRIVMSG #lobby :hello\r\n");

    let mut browser = server.connect();
    byte_by_byte(&mut browser, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    browser.expect("HTTP/1.1 200 OK\r\n");
    assert_eq!(browser.drain(), Ending::Closed);
    let url = format!("http://{}/", server.address);
    let page = run(tool("curl").args(["-sS", "-w", "%{http_code}", &url]));
    assert!(page.ends_with("200") && page.contains("nc "), "{page}");

    let mut secret = server.connect();
    byte_by_byte(&mut secret, &[0x16, 0x03]);
    assert_eq!(secret.drain(), Ending::Closed);
    assert_eq!(secret.received, [21, 3, 3, 0, 2, 2, 40], "a fatal alert: handshake failure");
    let url = format!("https://{}/", server.address);
    let mut curl = Process::start(tool("curl").args(["-sS", &url]));
    assert_eq!(curl.exit_code(), 35, "curl says that there is no TLS: {}", curl.stderr.text());

    // What machines say is read out to nobody.
    for name in ["nora", "ada", "tess"] {
        eve.send(format!("/msg {name} are you there?\n"));
    }
    nora.sees(&["<eve to you> are you there?"]);
    ada.expect("are you there?");
    tess.expect("are you there?");
    for seen in [nora.text(), ada.text(), eve.text(), tess.text()] {
        assert!(!seen.contains("HTTP") && !seen.contains("curl"), "{seen}");
    }
    server.stop();
}

fn byte_by_byte(peer: &mut Peer, bytes: &[u8]) {
    for byte in bytes {
        peer.send([*byte]);
    }
}
