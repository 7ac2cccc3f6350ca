//! What loops do at the same moment, as one of them sees it: the other has its word in the middle of a
//! turn, where nothing has been taken since it began.
//!
//! Invariant: only the order in the stream counts, not what a loop knew when it proposed.

use std::sync::Arc;

use service::{Batch, Key, Now, Origin, Peer, Service, Via};
use wire::name::Name;

use crate::event::{Event, MemberId, PutOut};
use crate::exchange::{Bounds, Exchange, Seat};
use crate::person::Person;
use crate::switchboard::Switchboard;
use crate::web::resume::Token;
use crate::{Ban, Limits, Matches, Settings};

/// A loop, and the seat of the other.
struct Race {
    chat: Switchboard,
    other: Seat,
    connections: u32,
}

/// Somebody whom the other loop serves.
const ROOT: MemberId = Key::new(1, 1);

impl Race {
    /// Root is a server operator. In a room with more than `announce_members` nobody is told who
    /// comes.
    fn new(announce_members: usize) -> Self {
        let limits = Limits { announce_members, ..Limits::default().unthrottled() };
        let settings = Settings { limits, irc_lobby: false, ..Settings::default() };
        let exchange = Exchange::new(2);
        let mut other = Seat::new(Arc::clone(&exchange), 1, Bounds::of(&settings.limits));
        let chat = Switchboard::in_loop(settings, exchange, 0);
        let identity = Arc::clone(&Person::guest(1).identity);
        let name = Some(Name::parse("root").unwrap());
        other.propose(0, Event::Arrived { member: ROOT, name, identity, away: None });
        other.propose(0, Event::Opered { member: ROOT, operator: Some("root".into()) });
        let mut race = Self { chat, other, connections: 0 };
        race.chat.begin(Now::default());
        race
    }

    fn connect(&mut self) -> Key {
        let key = Key::new(self.connections << 1, 1);
        self.connections += 1;
        let peer = Peer::Inet("192.0.2.7:1".parse().unwrap());
        self.chat.opened(key, &Origin { peer, via: Via::Listener(0) });
        key
    }

    fn client(&mut self, name: &str, capabilities: &str) -> Key {
        let key = self.connect();
        self.says(
            key,
            &format!("CAP REQ :{capabilities}\r\nNICK {name}\r\nUSER u 0 * :Real {name}"),
        );
        self.says(key, "CAP END");
        assert!(self.read(key).contains(&format!(" 001 {name} ")));
        key
    }

    fn says(&mut self, key: Key, line: &str) {
        self.chat.received(key, format!("{line}\r\n").as_bytes());
    }

    fn other_proposes(&mut self, event: Event) {
        self.other.propose(0, event);
    }

    /// What is sent to `key` now. The next turn begins.
    fn read(&mut self, key: Key) -> String {
        self.chat.finish();
        while self.chat.request().is_some() {}
        let (mut got, mut batch) = (Vec::new(), Batch::default());
        loop {
            self.chat.transmit(key, &mut batch);
            if batch.is_empty() {
                self.chat.begin(Now::default());
                return String::from_utf8(got).expect("only UTF-8 is sent");
            }
            while !batch.is_empty() {
                let mut slices = [std::io::IoSlice::new(&[])];
                batch.slices(&mut slices);
                let count = slices[0].len();
                got.extend_from_slice(&slices[0][..count]);
                batch.advance(count);
            }
        }
    }
}

fn ban(matches: Matches) -> Event {
    let ban = Ban {
        matches,
        until_unix_ms: None,
        set_unix_ms: 0,
        by: "root".into(),
        reason: "no".into(),
    };
    Event::Banned { member: ROOT, ban: Arc::new(ban) }
}

#[test]
fn who_comes_in_behind_a_ban_on_what_it_says_of_itself_does_not_come_in() {
    for matches in [Matches::Mask("*!~u@*".into()), Matches::RealName("*spam*".into())] {
        let mut race = Race::new(100);
        let ada = race.connect();
        race.says(ada, "NICK ada");
        race.other_proposes(ban(matches));
        race.says(ada, "USER u 0 * :spam");
        let got = race.read(ada);
        assert!(got.contains(" 465 ada :You are banned from this server: no\r\n"), "{got}");
        assert!(got.contains("ERROR :") && !got.contains(" 001 "), "{got}");
        assert_eq!((race.chat.state.members(), race.chat.unregistered()), (1, 0));
    }
}

#[test]
fn a_person_who_comes_in_behind_a_ban_is_told_so_and_does_not_stay() {
    let network = "192.0.2.0/24".parse().unwrap();
    for matches in [Matches::Mask("*!nc@*".into()), Matches::Network(network)] {
        let mut race = Race::new(100);
        let ada = race.connect();
        // Her line lets her in; the ban stands before it in the order.
        race.other_proposes(ban(matches));
        race.says(ada, "hello");
        assert_eq!(race.read(ada), "You are banned from this server: no\n");
        assert_eq!((race.chat.state.members(), race.chat.unregistered()), (1, 0));
    }
}

#[test]
fn what_others_do_in_the_middle_of_a_command_comes_before_it_and_is_no_answer_to_it() {
    let mut race = Race::new(100);
    let ada = race.client("ada", "labeled-response batch");
    race.says(ada, "MODE ada +w");
    race.read(ada);
    for text in ["one", "two"] {
        race.other_proposes(Event::Wallops { member: ROOT, text: text.into() });
    }
    let room = "#tea".parse().unwrap();
    race.other_proposes(Event::Joined { member: ROOT, room, key: None });
    race.says(ada, "@label=7 JOIN #tea");
    let got = race.read(ada);
    let lines: Vec<&str> = got.lines().collect();
    assert_eq!(lines[0], ":root!nc@localhost WALLOPS :one");
    assert_eq!(lines[1], ":root!nc@localhost WALLOPS :two");
    assert!(lines[2].starts_with("@label=7 :") && lines[2].contains(" BATCH +"), "{got}");
    assert!(lines.last().is_some_and(|line| line.contains(" BATCH -")), "{got}");
    assert!(got.contains(" 353 ada = #tea :ada @root") || got.contains(":@root ada"), "{got}");
}

#[test]
fn who_is_shown_behind_its_leaving_hears_nothing_of_that() {
    for is_client in [true, false] {
        let mut race = Race::new(0);
        let ada = match is_client {
            true => race.client("ada", "batch"),
            false => race.connect(),
        };
        race.says(ada, if is_client { "JOIN #tea" } else { "/join #tea" });
        let room = race.chat.state.find_room(&"#tea".parse().unwrap()).unwrap();
        race.read(ada);
        race.says(ada, if is_client { "PART #tea" } else { "/leave" });
        let left = race.read(ada);
        assert!(left.contains("#tea"), "{left}");
        // The other has not seen that yet when it proposes this.
        race.other_proposes(Event::Shown { member: ada, room });
        race.chat.begin(Now::default());
        assert_eq!(race.read(ada), "");
    }
}

#[test]
fn operators_are_told_of_another_only_if_there_is_one() {
    let mut race = Race::new(100);
    let [ada, bob, eve] = ["ada", "bob", "eve"].map(|name| race.client(name, "batch"));
    race.other_proposes(Event::Opered { member: bob, operator: Some("root".into()) });
    race.chat.begin(Now::default());
    race.read(bob);
    let opered = |member| Event::Opered { member, operator: Some("root".into()) };
    let put_out = Some(Arc::new(PutOut::Killed { by: Person::guest(1), reason: "no".into() }));
    // The other puts her out before her password is found to be right.
    race.other_proposes(Event::Departed { member: ada, reason: "no".into(), put_out });
    race.chat.propose(opered(ada));
    race.chat.propose(opered(eve));
    assert!(!race.read(ada).contains(" 381 "));
    let got = race.read(bob);
    assert!(!got.contains("ada is a server operator"), "{got}");
    assert!(got.contains("eve is a server operator now\r\n"), "{got}");
    assert!(race.read(eve).contains(" 381 eve "));
}

#[test]
fn another_host_leaves_the_real_name_as_it_is_by_then() {
    let mut race = Race::new(100);
    let ada = race.client("ada", "chghost");
    race.other_proposes(Event::Described { member: ada, real_name: "Countess".into() });
    let by = Name::parse("root").unwrap();
    race.chat.propose(Event::Rehosted { member: ada, host: "analytical.engine".into(), by });
    let identity = &race.chat.state.person(ada).unwrap().identity;
    assert_eq!((&*identity.host, &*identity.real_name), ("analytical.engine", "Countess"));
    assert!(race.read(ada).contains(" CHGHOST ~u analytical.engine\r\n"));
}

#[test]
fn who_comes_back_takes_over_from_a_connection_that_came_a_moment_ago_on_another_loop() {
    let mut race = Race::new(100);
    let before = Key::new(3, 1);
    let (token, ada) = (Token::new([7; 16]), Name::parse("ada").unwrap());
    race.chat.common.resumes().open(token, None, before);
    race.chat.common.resumes().name(token, ada);
    let identity = Arc::clone(&Person::guest(1).identity);
    let arrived = Event::Arrived { member: before, name: Some(ada), identity, away: None };
    race.other_proposes(arrived);
    let key = race.connect();
    let lines = [
        "GET /ws HTTP/1.1",
        "Host: a",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: switchboard.v1",
        "",
    ];
    race.says(key, &lines.join("\r\n"));
    let hello = format!(r#"{{"type":"hello","token":"{token}"}}"#);
    // Under a mask that changes nothing.
    let frame = [&[0x81, 0x80 | hello.len() as u8, 0, 0, 0, 0][..], hello.as_bytes()].concat();
    race.chat.received(key, &frame);
    assert!(race.chat.state.person(before).is_err(), "there is one connection for a token");
    assert_eq!(race.chat.state.name(key), Ok(ada), "and it has the name");
}
