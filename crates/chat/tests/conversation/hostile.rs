//! Whatever comes in, what goes out is lines that a terminal can be given, and nobody else notices.

use chat::{Limits, Settings};
use proptest::prelude::*;
use service::Service;

use crate::desk::with_operator;
use crate::harness::Chat;

/// What means something somewhere.
#[rustfmt::skip]
const MEANINGFUL: &[&[u8]] = &[
            b"\n", b"\r\n", b"\r\0", b"\x04", b"\x08", b"\x15", b"\x7f", b" ", b"//", b"/me ",
            b"/nick ", b"/join #", b"/part", b"/msg ", b"/who", b"/rooms", b"/history ", b"/plain", b"99",
            b"guest-1 ", b"#lobby ", b"hello", b"\x1b[31m", b"\x1b]0;", b"\xc2\x9b", b"\xe2\x80\xae",
            b"\xe2\x80\xa8", b"\xef\xbb\xbf", b"\xff\xf4\xff\xfd\x06", b"\xff\xfa\x1f", b"\xff\xf0", b"\xff",
            b"GET / HTTP/1.1", b"\x16\x03\x01", b"NICK x", b"\x03", b"USER x 0 * :x", b"CAP LS 302",
            b"CAP END", b"PASS tea", b"OPER root tea", b"KILL guest-1", b"KLINE *@*", b"PING x", b"JOIN #x",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2", b"\r\n\r\n\0\r\nQUIT\n", b"SSH-2.0-x",
];

/// Bytes of which many mean something.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => any::<Vec<u8>>(),
        3 => proptest::sample::select(MEANINGFUL)
        .prop_map(<[u8]>::to_vec),
        1 => (1usize..6000).prop_map(|len| vec![b'z'; len]),
    ];
    proptest::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_comes_in_lines_go_out(
        talk in proptest::collection::vec((0usize..3, bytes(), any::<bool>()), 0..40),
        anonymous in proptest::bool::weighted(0.2),
        throttled in any::<bool>(),
        password in proptest::option::weighted(0.2, proptest::strategy::Just("tea".to_owned())),
    ) {
        let limits = Limits { held_bytes: 4000, turn_bytes: 3000, ..Limits::default() };
        let limits = if throttled { limits } else { limits.unthrottled() };
        let has_password = password.is_some();
        let settings = Settings { limits, anonymous, password, ..Settings::default() };
        let mut chat = Chat::with(with_operator(settings).0);
        let witness = chat.connect();
        chat.sleep(1000);
        if has_password {
            chat.say(witness, "tea");
        }
        let mut people = [chat.connect(), chat.connect(), chat.connect()];
        for (who, bytes, wait) in talk {
            if chat.is_closed(people[who]) {
                people[who] = chat.connect();
            }
            if !bytes.is_empty() {
                chat.send(people[who], &bytes);
            }
            if wait {
                chat.sleep(700);
                chat.turn(Service::woken);
            }
        }
        for person in people {
            if !chat.is_closed(person) {
                chat.end(person);
            }
        }
        // All that was held has been said by then, at two lines a second.
        for _ in 0..60 {
            chat.sleep(60_000);
            chat.turn(Service::woken);
        }
        for person in people {
            prop_assert!(chat.is_closed(person));
        }
        let seen = chat.read(witness);
        for line in seen.lines() {
            prop_assert!(!line.chars().any(|c| c != '\t' && wire::text::is_forbidden(c)), "{line:?}");
            let known =
                ["[", "-", "Welcome", "You are guest-", "/nick NAME", "This server asks for a password."];
            prop_assert!(anonymous || known.iter().any(|start| line.starts_with(start)), "{line:?}");
            prop_assert!(!line.is_empty());
        }
        chat.say(witness, "still here");
        prop_assert!(!chat.is_closed(witness));
        prop_assert_eq!(chat.service().stats().connections, 1);
        prop_assert_eq!(chat.service().stats().rooms, 1);
    }
}
