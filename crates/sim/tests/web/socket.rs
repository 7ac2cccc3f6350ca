//! Frames as a browser writes and reads them (RFC 6455 section 5.2), with nothing of the server's.

/// A request for a WebSocket on which `switchboard.v1` is spoken.
pub(crate) const UPGRADE: &[u8] = b"GET /ws HTTP/1.1\r\nHost: chat.example\r\nConnection: Upgrade\r\n\
    Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: switchboard.v1\r\n\r\n";

/// A message as a masked frame of text.
pub(crate) fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        len @ ..=125 => frame.push(0x80 | len as u8),
        len => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&u16::try_from(len).expect("a short one").to_be_bytes());
        }
    }
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    frame.extend_from_slice(&mask);
    frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// One thing that came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Text(String),
    /// The server has closed the WebSocket.
    Closed,
}

/// The answer to the request and whole frames at the beginning of `bytes`, and how many bytes they are.
pub(crate) fn read(bytes: &[u8], shaken: &mut bool) -> (Vec<Came>, usize) {
    let mut taken = 0;
    if !*shaken {
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
            return (Vec::new(), 0);
        };
        assert!(bytes.starts_with(b"HTTP/1.1 101 "), "{}", bytes[..end].escape_ascii());
        (*shaken, taken) = (true, end + 4);
    }
    let mut came = Vec::new();
    while let Some((first, payload, len)) = whole_frame(&bytes[taken..]) {
        taken += len;
        came.push(match first {
            0x81 => Came::Text(String::from_utf8(payload.to_vec()).expect("text is UTF-8")),
            0x88 => Came::Closed,
            other => panic!("a frame that begins with {other:#x}"),
        });
    }
    (came, taken)
}

fn whole_frame(bytes: &[u8]) -> Option<(u8, &[u8], usize)> {
    let (&first, rest) = bytes.split_first()?;
    let (&second, rest) = rest.split_first()?;
    let (len, rest) = match second {
        126 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*len)), rest)
        }
        127 => {
            let (len, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*len), rest)
        }
        len => {
            assert!(len < 126, "no server masks");
            (u64::from(len), rest)
        }
    };
    let payload = rest.get(..len as usize)?;
    Some((first, payload, bytes.len() - rest.len() + payload.len()))
}
