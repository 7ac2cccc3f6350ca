//! One outgoing queue per connection, for services that need no more.
//!
//! Invariant: a peer that does not read is not read from: its queue is bounded by the high mark
//! and what one received piece can add to it.

use std::collections::VecDeque;

use crate::{Batch, Key, PerKey, Request};

/// Outgoing queues by key, and the requests that they lead to.
///
/// A service forwards `opened`, `transmit`, `closed` and `request` to it and calls
/// [`send`](Self::send) whenever it likes. Over the high mark a peer's receiving is paused, and
/// resumed when its queue is empty: who does not read is not heard.
#[derive(Debug)]
pub struct Mailboxes {
    boxes: PerKey<Mailbox>,
    requests: VecDeque<Request>,
    high_mark: usize,
}

#[derive(Debug, Default)]
struct Mailbox {
    queue: Vec<u8>,
    /// Bytes of the queue that a batch has taken.
    taken: usize,
    state: State,
    /// A `Flush` (or `Close`) is on its way to the engine, or a batch is out: no need for another.
    flushing: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// Over the high mark: receiving is paused.
    Paused,
    Closing,
}

impl Default for Mailboxes {
    fn default() -> Self {
        Self::with_high_mark(256 * 1024)
    }
}

impl Mailboxes {
    /// Empty bytes of a queue are kept up to this many, so that a busy connection does not
    /// allocate for each answer; beyond, the memory is given back when the queue is empty.
    const KEPT_BYTES: usize = 4096;

    /// No mailboxes yet; peers are paused while more than `high_mark` bytes wait for them.
    pub fn with_high_mark(high_mark: usize) -> Self {
        Self { boxes: PerKey::default(), requests: VecDeque::new(), high_mark }
    }

    /// Makes the mailbox of a new connection. Call it in `opened`.
    pub fn open(&mut self, key: Key) {
        self.boxes.insert(key, Mailbox::default());
    }

    /// Drops the mailbox of a connection. Call it in `closed`.
    pub fn remove(&mut self, key: Key) {
        self.boxes.remove(key);
    }

    /// Queues a copy of `bytes`. Nothing happens if the connection is gone or closing.
    pub fn send(&mut self, key: Key, bytes: &[u8]) {
        self.append(key, |queue| queue.extend_from_slice(bytes));
    }

    /// Lets `write` append to the queue. Nothing happens if the connection is gone or closing.
    pub fn append(&mut self, key: Key, write: impl FnOnce(&mut Vec<u8>)) {
        let Some(mailbox) = self.boxes.get_mut(key) else {
            return;
        };
        if mailbox.state == State::Closing {
            return;
        }
        write(&mut mailbox.queue);
        if mailbox.queue.len() == mailbox.taken {
            return;
        }
        if !mailbox.flushing {
            mailbox.flushing = true;
            self.requests.push_back(Request::Flush(key));
        }
        if mailbox.state == State::Open && mailbox.queue.len() - mailbox.taken > self.high_mark {
            mailbox.state = State::Paused;
            self.requests.push_back(Request::Pause(key));
        }
    }

    /// Sends what is queued, then closes. Nothing more can be queued.
    pub fn close(&mut self, key: Key) {
        if let Some(mailbox) = self.boxes.get_mut(key)
            && mailbox.state != State::Closing
        {
            mailbox.state = State::Closing;
            self.requests.push_back(Request::Close(key));
        }
    }

    /// Closes every connection, each after what is queued for it.
    pub fn close_all(&mut self) {
        let keys: Vec<Key> = self.keys().collect();
        for key in keys {
            self.close(key);
        }
    }

    /// Asks something else of the engine.
    pub fn ask(&mut self, request: Request) {
        self.requests.push_back(request);
    }

    /// The keys of all open connections.
    pub fn keys(&self) -> impl Iterator<Item = Key> + '_ {
        self.boxes.iter().map(|(key, _)| key)
    }

    /// How many connections there are.
    pub fn len(&self) -> usize {
        self.boxes.len()
    }

    /// Whether there is no connection.
    pub fn is_empty(&self) -> bool {
        self.boxes.is_empty()
    }

    /// Bytes queued for `key` that no batch has taken.
    pub fn queued(&self, key: Key) -> usize {
        self.boxes.get(key).map_or(0, |mailbox| mailbox.queue.len() - mailbox.taken)
    }

    /// Moves what is queued into `batch`. Call it in `transmit`.
    pub fn transmit(&mut self, key: Key, batch: &mut Batch) {
        let Some(mailbox) = self.boxes.get_mut(key) else {
            return;
        };
        let waiting = &mailbox.queue[mailbox.taken..];
        let count = waiting.len().min(batch.room());
        batch.copy(&waiting[..count]);
        mailbox.taken += count;
        mailbox.flushing = count > 0;
        if mailbox.taken == mailbox.queue.len() {
            mailbox.taken = 0;
            mailbox.queue.clear();
            mailbox.queue.shrink_to(Self::KEPT_BYTES);
            if count > 0 {
                mailbox.flushing = false;
                batch.nothing_more();
            }
            if mailbox.state == State::Paused {
                mailbox.state = State::Open;
                self.requests.push_back(Request::Resume(key));
            }
        }
    }

    /// The next request. Call it in `request`.
    pub fn request(&mut self) -> Option<Request> {
        self.requests.pop_front()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key::new(0, 0);

    fn requests(mail: &mut Mailboxes) -> Vec<Request> {
        std::iter::from_fn(|| mail.request()).collect()
    }

    fn transmit(mail: &mut Mailboxes) -> Vec<u8> {
        let mut batch = Batch::default();
        mail.transmit(KEY, &mut batch);
        batch.as_slice().unwrap().to_vec()
    }

    #[test]
    fn one_flush_however_much_is_sent_in_a_turn() {
        let mut mail = Mailboxes::default();
        mail.open(KEY);
        mail.send(KEY, b"a");
        mail.send(KEY, b"b");
        assert_eq!(requests(&mut mail), [Request::Flush(KEY)]);
        assert_eq!(transmit(&mut mail), b"ab");
        // That was all, and said to be: the engine will not ask again by itself.
        mail.send(KEY, b"c");
        assert_eq!(requests(&mut mail), [Request::Flush(KEY)]);
        let more = vec![b'd'; Batch::FULL_BYTES];
        mail.send(KEY, &more);
        assert_eq!(requests(&mut mail), []);
        // That was not all: it will.
        assert_eq!(transmit(&mut mail)[..2], *b"cd");
        mail.send(KEY, b"e");
        assert_eq!(requests(&mut mail), []);
        assert_eq!(transmit(&mut mail), b"de");
        assert_eq!(transmit(&mut mail), b"");
    }

    #[test]
    fn a_peer_over_the_high_mark_is_paused_until_it_has_read_all() {
        let mut mail = Mailboxes::with_high_mark(100_000);
        mail.open(KEY);
        mail.send(KEY, &[b'x'; 100_000]);
        assert_eq!(requests(&mut mail), [Request::Flush(KEY)]);
        mail.send(KEY, b"y");
        mail.send(KEY, b"z");
        assert_eq!(requests(&mut mail), [Request::Pause(KEY)]);
        assert_eq!(transmit(&mut mail).len(), Batch::FULL_BYTES);
        assert_eq!(requests(&mut mail), []);
        assert_eq!(transmit(&mut mail).len(), 100_002 - Batch::FULL_BYTES);
        assert_eq!(requests(&mut mail), [Request::Resume(KEY)]);
    }

    #[test]
    fn closing_sends_what_is_queued_and_takes_no_more() {
        let mut mail = Mailboxes::default();
        mail.open(KEY);
        mail.send(KEY, b"last words");
        mail.close(KEY);
        mail.close(KEY);
        mail.send(KEY, b"too late");
        assert_eq!(requests(&mut mail), [Request::Flush(KEY), Request::Close(KEY)]);
        assert_eq!(transmit(&mut mail), b"last words");
        mail.remove(KEY);
        mail.send(KEY, b"nobody");
        assert_eq!(requests(&mut mail), []);
    }
}
