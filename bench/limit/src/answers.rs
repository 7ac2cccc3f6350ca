//! What the answering loops answer.

/// Puts what `received` deserves behind what stands in `out`.
pub type Reply = fn(received: &[u8], out: &mut Vec<u8>);

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\
Content-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, world!";

/// The same again.
pub fn echo(received: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(received);
}

/// Thirteen bytes for each whole request head; one that is cut in two counts as none.
pub fn http(mut received: &[u8], out: &mut Vec<u8>) {
    while !received.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; 16];
        let mut request = httparse::Request::new(&mut headers);
        let Ok(httparse::Status::Complete(len)) = request.parse(received) else { return };
        out.extend_from_slice(RESPONSE);
        received = &received[len..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_whole_request_has_its_answer() {
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let (mut one, mut three) = (Vec::new(), Vec::new());
        http(request, &mut one);
        http(&[&request.repeat(3)[..], b"GET / HT"].concat(), &mut three);
        assert_eq!(one, RESPONSE);
        assert_eq!(three, RESPONSE.repeat(3));
    }
}
