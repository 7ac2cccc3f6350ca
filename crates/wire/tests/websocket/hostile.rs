//! What no suite has: frames that nobody should send, and messages that are lines.

use wire::line::{Line, Lines};
use wire::websocket::{Closed, Fault, Limits, Payload, Unframer};

use crate::support::*;

#[track_caller]
fn fault(bytes: &[u8]) -> Fault {
    let mut unframer = Unframer::new(Limits::default(), Payload::Text);
    match unframer.take(bytes, &mut Vec::new(), &mut Vec::new()) {
        Err(Closed::For(fault)) => fault,
        other => panic!("{bytes:x?} is {other:?}"),
    }
}

#[test]
fn an_unmasked_frame_is_refused_with_its_second_byte() {
    for second in [0, 5, 125, 126, 127] {
        assert_eq!(fault(&[0x81, second]), Fault::Unmasked);
    }
    assert_eq!(fault(b"\x88\x02\x03\xe8"), Fault::Unmasked);
    assert_eq!(fault(b"\x89\x00"), Fault::Unmasked);
    assert_eq!(Fault::Unmasked.code(), 1002.into());
}

#[test]
fn a_length_is_written_as_short_as_it_can_be() {
    for header in [
        &b"\x81\xfe\x00\x00\0\0\0\0"[..],
        b"\x81\xfe\x00\x7d\0\0\0\0",
        b"\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0",
        b"\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0",
        b"\x81\xff\x80\0\0\0\0\x01\0\0\0\0\0\0",
        b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0",
    ] {
        assert_eq!(fault(header), Fault::Length, "{header:x?}");
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_before_it_comes() {
    assert_eq!(fault(b"\x81\xfe\x40\x01\0\0\0\0"), Fault::TooLong);
    assert_eq!(fault(b"\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), Fault::TooLong);
    let whole = [part(TEXT, [b'x'; 16 * 1024]).bytes(), frame(CONTINUE, "x").bytes()].concat();
    assert_eq!(fault(&whole[..whole.len() - 1]), Fault::TooLong);
}

#[test]
fn a_flood_of_fragments_ends_with_the_seventeenth() {
    let flood = |of: &str| {
        let mut frames = vec![part(TEXT, of)];
        frames.extend(std::iter::repeat_n(part(CONTINUE, of), 15));
        frames
    };
    for of in ["", "x"] {
        let mut frames = flood(of);
        assert_eq!(outcome_of(Limits::default(), Payload::Text, &frames), Outcome::default());
        frames.push(frame(CONTINUE, of));
        assert_eq!(outcome_of(Limits::default(), Payload::Text, &frames), failed(1008));
    }
}

#[test]
fn the_other_kind_of_message_is_refused() {
    assert_eq!(outcome_of(LARGE, Payload::Text, &[frame(BINARY, "a")]), failed(1003));
    assert_eq!(outcome_of(LARGE, Payload::Binary, &[text("a")]), failed(1003));
    assert_eq!(outcome_of(LARGE, Payload::Binary, &[part(TEXT, "a")]), failed(1003));
}

#[test]
fn a_message_is_one_line_whatever_is_in_it() {
    for (message, line) in [
        ("PRIVMSG #tea :hi", "PRIVMSG #tea :hi"),
        ("hi\r\n", "hi"),
        ("hi\n", "hi"),
        ("hi\r", "hi"),
        ("hi\r\n\r\n\n", "hi"),
        ("\r\n", ""),
        ("a\nQUIT", "a QUIT"),
        ("a\r\nQUIT\r\n", "a  QUIT"),
        ("a\rb\r\n", "a b"),
        ("\r\n\na", "   a"),
        ("a\r\0b", "a \0b"),
        ("\u{4}", " "),
        ("\u{4}a\u{4}", " a\u{4}"),
        ("\n\u{4}", " \u{4}"),
    ] {
        // Alone, before another, and in fragments of a byte: empty ones would be too many.
        let frames = [vec![text(message), text("next")], bytewise(message.as_bytes())].concat();
        let outcome = outcome_of(LARGE, Payload::Text, &frames);
        assert_eq!(outcome, heard([line, "next", line]), "{message:?}");

        let mut unframer = Unframer::new(LARGE, Payload::Text);
        let mut bytes = Vec::new();
        unframer.take(&frames[0].bytes(), &mut bytes, &mut Vec::new()).expect("a text");
        let (mut lines, mut rest) = (Lines::default(), &bytes[..]);
        assert_eq!(lines.next(&mut rest, 4096), Some(Line::Whole(line.as_bytes())), "{message:?}");
        assert_eq!(lines.next(&mut rest, 4096), None);
    }
}

#[test]
fn nothing_of_a_text_that_is_none_is_a_line() {
    let frames = [text("before"), text(b"QUIT\n\xff"), text("after")];
    assert_eq!(outcome_of(LARGE, Payload::Text, &frames), heard(["before"]).then(failed(1007)));
}

#[test]
fn line_ends_between_fragments_are_kept_until_something_follows() {
    let frames = [
        part(TEXT, "a\r"),
        part(CONTINUE, "\n"),
        frame(PING, ""),
        part(CONTINUE, ""),
        part(CONTINUE, "\nb\n"),
        frame(CONTINUE, "\r"),
    ];
    let outcome = outcome_of(Limits::default(), Payload::Text, &frames);
    assert_eq!(outcome, heard(["a   b"]).ponged([""]));
}

#[test]
fn a_flood_of_pings_is_answered_with_less_than_it_is() {
    let flood = frame(PING, [b'x'; 125]).bytes().repeat(1000);
    let mut unframer = Unframer::new(Limits::default(), Payload::Text);
    let (mut lines, mut answer) = (Vec::new(), Vec::new());
    unframer.take(&flood, &mut lines, &mut answer).expect("pings");
    assert_eq!((lines.len(), answer.len()), (0, flood.len() - 4 * 1000));
}

#[test]
fn a_peer_at_rest_costs_little() {
    assert!(size_of::<Unframer>() <= 80, "{}", size_of::<Unframer>());
}
