//! Answers: where one ends, and whether it is what was asked for.
//!
//! Invariant: nothing is taken before it is there whole, and an echo is looked at byte by byte.

use crate::Stamp;
use crate::stamp::MARK;

/// Appends the line that connection `index` has echoed.
pub(crate) fn write_line(
    index: usize,
    sequence: u64,
    at_nanos: u64,
    size: usize,
    out: &mut Vec<u8>,
) {
    let stamp = Stamp { run: 0, sender: index as u32, sequence, at_nanos };
    stamp.write_text(MARK, size - 1, out);
    out.push(b'\n');
}

/// Reads answers.
#[derive(Default)]
pub(crate) struct Reader {
    /// What an echo should be.
    line: Vec<u8>,
    /// The head of the last HTTP answer, how many bytes follow it, and what comes behind: the next
    /// one is mostly the same, and need not be read again to be understood.
    head: Vec<u8>,
    body_bytes: usize,
    behind: Behind,
}

/// What comes behind an HTTP answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Behind {
    /// The next one.
    #[default]
    Next,
    /// The end of the connection.
    End,
}

impl Reader {
    /// The length of the echo that `received` begins with; `None` if it is not all there.
    pub(crate) fn echo(
        &mut self,
        received: &[u8],
        index: usize,
        sequence: u64,
        at_nanos: u64,
        size: usize,
    ) -> Result<Option<usize>, String> {
        self.line.clear();
        write_line(index, sequence, at_nanos, size, &mut self.line);
        let len = received.len().min(size);
        if received[..len] != self.line[..len] {
            let (got, sent) =
                (String::from_utf8_lossy(&received[..len]), String::from_utf8_lossy(&self.line));
            return Err(format!("this is no echo: it was sent {sent:?} and answered {got:?}"));
        }
        Ok((len == size).then_some(size))
    }

    /// The length of the HTTP answer that `received` begins with, and what comes behind it; `None` if
    /// it is not all there.
    pub(crate) fn http(&mut self, received: &[u8]) -> Result<Option<(usize, Behind)>, String> {
        if self.head.is_empty() || !received.starts_with(&self.head) {
            let mut fields = [httparse::EMPTY_HEADER; 64];
            let mut response = httparse::Response::new(&mut fields);
            let head = match response.parse(received) {
                Ok(httparse::Status::Complete(head)) => head,
                Ok(httparse::Status::Partial) => return Ok(None),
                Err(error) => return Err(format!("this is no HTTP answer: {error}")),
            };
            let status = response.code.unwrap_or(0);
            if !(200..400).contains(&status) {
                return Err(format!("the server answered with status {status}"));
            }
            let length = response
                .headers
                .iter()
                .find(|field| field.name.eq_ignore_ascii_case("content-length"))
                .and_then(|field| std::str::from_utf8(field.value).ok()?.trim().parse().ok());
            self.body_bytes = match length {
                Some(length) => length,
                None if matches!(status, 204 | 304) => 0,
                None => {
                    return Err("the answer has no Content-Length: ask for a page that has one \
                         (--path)"
                        .into());
                }
            };
            let says = |wanted: &str| {
                let fields = response.headers.iter();
                let mut fields = fields.filter(|it| it.name.eq_ignore_ascii_case("connection"));
                fields.any(|field| {
                    field
                        .value
                        .split(|&byte| byte == b',')
                        .any(|option| option.trim_ascii().eq_ignore_ascii_case(wanted.as_bytes()))
                })
            };
            // RFC 9112, section 9.3.
            let goes_on = match response.version {
                Some(0) => says("keep-alive") && !says("close"),
                _ => !says("close"),
            };
            self.behind = if goes_on { Behind::Next } else { Behind::End };
            self.head.clear();
            self.head.extend_from_slice(&received[..head]);
        }
        let len = self.head.len() + self.body_bytes;
        Ok((received.len() >= len).then_some((len, self.behind)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_is_looked_at_byte_by_byte() {
        let mut line = Vec::new();
        write_line(3, 4, 5, 64, &mut line);
        assert_eq!(line.len(), 64);
        let mut reader = Reader::default();
        assert_eq!(reader.echo(&line, 3, 4, 5, 64), Ok(Some(64)));
        assert_eq!(reader.echo(&line[..63], 3, 4, 5, 64), Ok(None));
        assert!(reader.echo(&line, 3, 5, 5, 64).is_err());
        line[0] = b'y';
        assert!(reader.echo(&line[..1], 3, 4, 5, 64).is_err());
    }

    #[test]
    fn an_http_answer_has_a_status_and_a_length() {
        let mut reader = Reader::default();
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
        assert_eq!(reader.http(&answer[..20]), Ok(None));
        assert_eq!(reader.http(&answer[..answer.len() - 1]), Ok(None));
        let two = answer.repeat(2);
        assert_eq!(reader.http(&two), Ok(Some((answer.len(), Behind::Next))));
        let other = b"HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(reader.http(other), Ok(Some((other.len(), Behind::Next))));
        assert_eq!(reader.http(answer), Ok(Some((answer.len(), Behind::Next))));
        assert!(reader.http(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").is_err());
        assert!(reader.http(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
        assert!(reader.http(b"ada: hello\r\n").is_err());
    }

    #[test]
    fn an_http_answer_says_whether_it_is_the_last() {
        let mut reader = Reader::default();
        let mut behind = |lead: &str| {
            let answer = format!("HTTP/{lead}\r\nContent-Length: 0\r\n\r\n");
            let read = reader.http(answer.as_bytes()).unwrap().unwrap();
            assert_eq!(read.0, answer.len());
            read.1
        };
        assert_eq!(behind("1.1 200 OK"), Behind::Next);
        assert_eq!(behind("1.1 200 OK\r\nConnection: upgrade, Close"), Behind::End);
        assert_eq!(behind("1.1 200 OK\r\nConnection: keep-alive"), Behind::Next);
        assert_eq!(behind("1.0 200 OK"), Behind::End);
        assert_eq!(behind("1.0 200 OK\r\nConnection: Keep-Alive"), Behind::Next);
    }
}
