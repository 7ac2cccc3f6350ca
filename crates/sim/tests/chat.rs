//! The chat under faults, beside the simplest model of it: one list of all that was said.
//!
//! The model is kept by a witness: a client that is in every room, says nothing, and reads without
//! faults. What it reads is the one order. Everybody else must have read exactly that, less what
//! they said themselves and what was said while they were elsewhere; and where something is
//! missing they must have been told so.

mod loops;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use chat::{Limits, Settings, Switchboard};
use sim::{Client, Faults, Random, Simulator, for_each_seed};

const LOBBY: &str = "#lobby";
const ROOMS: [&str; 3] = [LOBBY, "#a", "#b"];

/// Bytes that must not reach anybody's terminal as they are, and some that must.
const NOISE: [&[u8]; 9] = [
    b"",
    b" plain words",
    " caf\u{e9} \u{1f642}".as_bytes(),
    b" \x1b[2J\x1b]0;title\x07",
    " \u{9b}31m\u{85}".as_bytes(),
    " \u{202e}drow\u{2066}".as_bytes(),
    b" \xfe\xc3(",
    b" \x00\x01\x7f\x0b\x0c",
    b"\ttab",
];

/// Somebody who talks, and what the script knows of them.
struct Person {
    number: usize,
    client: Client,
    /// Rooms they are in, in the order of joining; the stay in each has a number.
    rooms: Vec<(&'static str, usize)>,
    current: Option<(&'static str, usize)>,
    /// What they said, by stay.
    own: Vec<Vec<String>>,
    said: usize,
    /// Has been told to stop reading.
    deaf: bool,
    /// Has been told to quit, finish or reset.
    left: bool,
}

/// How much the rooms keep for readers that are behind, compared to what is said.
#[derive(Clone, Copy, PartialEq)]
enum Logs {
    Ample,
    /// Too little; and people say long things.
    Small,
}

struct World {
    sim: Simulator<Switchboard>,
    witness: Client,
    people: Vec<Person>,
}

impl World {
    fn new(seed: u64, limits: Limits, faults: Faults) -> Self {
        let settings = Settings { limits, seed, ..Settings::default() };
        let mut sim = loops::server(settings, seed);
        let witness = sim.connect();
        for room in &ROOMS[1..] {
            sim.send(witness, format!("/join {room}\n").as_bytes());
        }
        sim.run_until_quiet();
        sim.set_faults(faults);
        Self { sim, witness, people: Vec::new() }
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.sim.random().chance(probability)
    }

    fn arrive(&mut self) {
        let number = self.people.len();
        let client = self.sim.connect();
        if self.chance(0.3) {
            self.sim.send(client, b"/plain\n");
        }
        let (rooms, current) = (vec![(LOBBY, 0)], Some((LOBBY, 0)));
        let own = vec![Vec::new()];
        let (said, deaf, left) = (0, false, false);
        self.people.push(Person { number, client, rooms, current, own, said, deaf, left });
    }

    /// Somebody does something.
    fn act(&mut self, logs: Logs) {
        let at = self.sim.random().index(self.people.len());
        let what = self.sim.random().within(0..=99);
        let room = *self.sim.random().pick(&ROOMS);
        let other = self.sim.random().index(self.people.len());
        let noise = *self.sim.random().pick(&NOISE);
        let (sim, person) = (&mut self.sim, &mut self.people[at]);
        let client = person.client;
        if person.left {
            return;
        }
        match what {
            0..=59 => {
                let (prefix, stay) = match person.current {
                    _ if what < 5 && person.rooms.iter().any(|(other, _)| *other == room) => {
                        let stay = person.rooms.iter().find(|(other, _)| *other == room);
                        (format!("/msg {room} "), *stay.unwrap())
                    }
                    Some(stay) if what < 10 => ("/me ".into(), stay),
                    Some(stay) => (String::new(), stay),
                    None => return,
                };
                let tag = format!("{}:{}:{}", stay.0, person.number, person.said);
                person.said += 1;
                let padding = if logs == Logs::Small { "x".repeat(300) } else { String::new() };
                sim.send(client, format!("{prefix}{tag} {padding}").as_bytes());
                sim.send(client, noise);
                sim.send(client, if what.is_multiple_of(2) { b"\n" } else { b"\r\n" });
                person.own[stay.1].push(tag);
            }
            60..=69 => {
                sim.send(client, format!("/join {room}\n").as_bytes());
                let known = person.rooms.iter().find(|(other, _)| *other == room).copied();
                person.current = Some(known.unwrap_or_else(|| {
                    person.own.push(Vec::new());
                    let stay = (room, person.own.len() - 1);
                    person.rooms.push(stay);
                    stay
                }));
            }
            70..=74 => {
                let Some(current) = person.current else { return };
                sim.send(client, b"/part\n");
                person.rooms.retain(|room| *room != current);
                person.current = person.rooms.last().copied();
            }
            75..=79 => {
                let name = *sim.random().pick(&["ada", "Ada", "bob", "eve", "guest-1", "\x1b[1m"]);
                sim.send(client, format!("/nick {name}\n").as_bytes());
            }
            80..=82 => {
                let line =
                    *sim.random().pick(&["/who", "/rooms", "/history", "/help", "/what", "/me"]);
                sim.send(client, format!("{line}\n").as_bytes());
            }
            83 => sim.send(client, format!("{}\n", "long".repeat(2_000)).as_bytes()),
            84..=85 => {
                let name = *sim.random().pick(&["ada", "bob", "eve"]);
                let line = format!("/msg {name} private:{}:{}\n", person.number, person.said);
                person.said += 1;
                sim.send(client, line.as_bytes());
            }
            86..=89 => {
                sim.stop_reading(client);
                person.deaf = true;
            }
            90..=95 => {
                let person = &mut self.people[other];
                sim.resume_reading(person.client);
                person.deaf = false;
            }
            96 => {
                sim.send(client, b"/quit\n");
                person.left = true;
            }
            97 => {
                sim.end(client);
                person.left = true;
            }
            98 => {
                sim.reset(client);
                person.left = true;
            }
            _ => {
                sim.hang_up(client);
                person.left = true;
            }
        }
    }

    fn run(&mut self, rounds: usize, logs: Logs) {
        self.arrive();
        for _ in 0..rounds {
            if self.chance(0.05) {
                self.arrive();
            }
            self.act(logs);
            for _ in 0..self.sim.random().within(0..=2) {
                self.sim.step();
            }
            if self.chance(0.03) {
                self.sim.run_until_quiet();
                self.check_names();
                loops::check_same(&self.sim);
            }
        }
        // Everybody who is still there hears the rest, lines held back included. Without jumps of
        // the clock, which would be over before those have been let through.
        self.sim.set_faults(Faults::none());
        for index in 0..self.people.len() {
            self.sim.resume_reading(self.people[index].client);
            self.people[index].deaf = false;
        }
        self.sim.advance(Duration::from_secs(300));
        self.check_names();
        loops::check_same(&self.sim);
        self.check_what_was_read();
    }

    /// Nobody who is here goes by the name of another.
    fn check_names(&self) {
        let mut names = HashMap::new();
        for person in &self.people {
            if person.left || person.deaf || self.sim.closed(person.client).is_some() {
                continue;
            }
            let lines = lines(self.sim.received(person.client));
            let name = lines.iter().rev().find_map(|line| own_name(line));
            if let Some(name) = name
                && let Some(other) = names.insert(name.to_lowercase(), person.number)
            {
                panic!("{other} and {} both are {name}", person.number);
            }
        }
    }

    fn check_what_was_read(&self) {
        let reference = Reference::of(&lines(self.sim.received(self.witness)));
        let mut private = HashSet::new();
        for person in &self.people {
            let lines = lines(self.sim.received(person.client));
            for line in &lines {
                if let Some(at) = line.find("private:") {
                    let fresh = line.contains(" to you> ") && private.insert(line[at..].to_owned());
                    assert!(fresh, "{} got {line:?}, which was private", person.number);
                }
            }
            let is_here = !person.left && self.sim.closed(person.client).is_none();
            if is_here {
                for tag in person.own.iter().flatten() {
                    assert!(reference.index.contains_key(tag), "{tag} was said and never heard");
                }
            }
            Reading { person, reference: &reference, is_here }.check(&lines);
        }
    }
}

/// All that was said, in order: the witness's account.
struct Reference {
    /// Tag, room and whole text.
    said: Vec<(String, String, String)>,
    index: HashMap<String, usize>,
}

impl Reference {
    fn of(lines: &[String]) -> Self {
        let mut reference = Self { said: Vec::new(), index: HashMap::new() };
        for line in lines {
            assert!(!line.starts_with("*** You missed"), "the witness hears everything");
            if let Some((tag, text)) = said(line) {
                let room = tag.split(':').next().unwrap().to_owned();
                let place = reference.said.len();
                assert!(reference.index.insert(tag.clone(), place).is_none(), "{tag} came twice");
                reference.said.push((tag, room, text));
            }
        }
        reference
    }
}

/// One person's account, held against the reference.
struct Reading<'a> {
    person: &'a Person,
    reference: &'a Reference,
    is_here: bool,
}

/// What was read of a room between joining and leaving it.
struct Stay {
    room: String,
    read: Vec<usize>,
    open: bool,
}

impl Reading<'_> {
    fn check(&self, lines: &[String]) {
        let who = self.person.number;
        let mut stays = vec![Stay { room: LOBBY.into(), read: Vec::new(), open: true }];
        // Word of what was missed comes at once, so it may come before word of having joined.
        let mut missed: HashMap<&str, usize> = HashMap::new();
        let mut last = None;
        let mut in_history = false;
        for line in lines.iter() {
            match line.as_str() {
                "-- now --" => in_history = false,
                line if line.starts_with("-- last ") => in_history = true,
                _ => {}
            }
            if in_history {
                if let Some((tag, text)) = said(line) {
                    let place = self.reference.index.get(&tag);
                    assert_eq!(text, self.reference.said[*place.unwrap()].2);
                }
                continue;
            }
            if let Some(room) = between(line, "You are in ", " now (") {
                stays.push(Stay { room: room.to_owned(), read: Vec::new(), open: true });
            }
            let open = |room: &str, stays: &mut Vec<Stay>| {
                let stay = stays.iter().rposition(|stay| stay.room == room && stay.open);
                stay.unwrap_or_else(|| panic!("{who} is not in {room} but got {line:?}"))
            };
            if let Some(room) = between(line, "You have left ", ".") {
                let stay = open(room, &mut stays);
                stays[stay].open = false;
            }
            if let Some(rest) = line.strip_prefix("*** You missed ") {
                let (count, room) = rest.split_once(" in ").unwrap();
                let room = room.split(':').next().unwrap();
                let count = count.split(' ').next().unwrap().replace(',', "");
                *missed.entry(room).or_default() += count.parse::<usize>().unwrap();
            }
            let Some((tag, text)) = said(line) else { continue };
            let Some(&place) = self.reference.index.get(&tag) else {
                panic!("{who} got {tag}, which the witness did not");
            };
            let (_, room, whole) = &self.reference.said[place];
            assert_eq!(text, *whole, "everybody reads the same text");
            assert_ne!(tag.split(':').nth(1), Some(&*who.to_string()), "{who} hears an echo");
            assert!(last < Some(place), "{who} got {tag} twice or out of order");
            last = Some(place);
            let stay = open(room, &mut stays);
            stays[stay].read.push(place);
        }
        let mut lacking: HashMap<&str, Vec<&str>> = HashMap::new();
        for (number, stay) in stays.iter().enumerate() {
            lacking.entry(&stay.room).or_default().extend(self.lacking(number, stay));
        }
        for (room, lacking) in lacking {
            let told = missed.get(room).copied().unwrap_or(0);
            assert!(lacking.len() <= told, "{who} in {room} lacks {lacking:?}, was told of {told}");
        }
    }

    /// What was said in the room between the first and the last that the person is known to have
    /// been there for, and was not read.
    fn lacking(&self, number: usize, stay: &Stay) -> Vec<&str> {
        let own: Vec<usize> = self.person.own.get(number).map_or(Vec::new(), |tags| {
            tags.iter().filter_map(|tag| self.reference.index.get(tag).copied()).collect()
        });
        let Some(&first) = stay.read.iter().chain(&own).min() else { return Vec::new() };
        let last_known = *stay.read.iter().chain(&own).max().unwrap();
        // Of one who has left it is not known how much was on the way.
        let last = match (stay.open, self.is_here) {
            (true, true) => self.reference.said.len() - 1,
            (true, false) => stay.read.last().copied().unwrap_or(first),
            (false, _) => last_known,
        };
        (first..=last)
            .filter(|place| self.reference.said[*place].1 == stay.room)
            .filter(|place| !stay.read.contains(place) && !own.contains(place))
            .map(|place| self.reference.said[place].0.as_str())
            .collect()
    }
}

/// All whole lines, which must be clean.
fn lines(bytes: &[u8]) -> Vec<String> {
    let end = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let text = std::str::from_utf8(&bytes[..end]).expect("only UTF-8 is sent");
    let unclean = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert!(!text.contains(unclean), "something unclean in {text:?}");
    text.lines().map(str::to_owned).collect()
}

fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    line.strip_prefix(before)?.split_once(after).map(|(inner, _)| inner)
}

/// The reader's own name, if the line tells it.
fn own_name(line: &str) -> Option<&str> {
    between(line, "You are ", " now.")
        .or_else(|| between(line, "You are ", " in #"))
        .filter(|name| !name.contains(' '))
}

/// What a line says in a room: its tag, and all of its text.
fn said(line: &str) -> Option<(String, String)> {
    let line = match line.strip_prefix('[') {
        Some(timed) => timed.split_once("] ")?.1,
        None => line,
    };
    let line = match line.strip_prefix('#') {
        Some(placed) => placed.split_once(' ')?.1,
        None => line,
    };
    let text = match line.strip_prefix("* ") {
        Some(act) => act.split_once(' ')?.1,
        None => line.strip_prefix('<')?.split_once("> ")?.1,
    };
    let tag = text.split([' ', '\t']).next()?;
    (tag.starts_with('#') && tag.split(':').count() == 3).then(|| (tag.to_owned(), text.to_owned()))
}

/// Faults of the network and the clock only: people do what the script says.
fn network_faults(seed: u64) -> Faults {
    Faults::random(&mut Random::new(seed)).with_obedient_clients()
}

#[test]
fn everybody_reads_the_one_order_and_nothing_else() {
    for_each_seed("everybody_reads_the_one_order_and_nothing_else", 150, |seed| {
        let limits = Limits::default().unthrottled();
        World::new(seed, limits, network_faults(seed)).run(300, Logs::Ample);
    });
}

#[test]
fn lines_that_are_held_back_keep_their_place() {
    for_each_seed("lines_that_are_held_back_keep_their_place", 60, |seed| {
        let faults = network_faults(seed);
        World::new(seed, Limits::default(), faults).run(200, Logs::Ample);
    });
}

#[test]
fn who_reads_too_slowly_is_told_what_it_missed() {
    for_each_seed("who_reads_too_slowly_is_told_what_it_missed", 100, |seed| {
        let room_log_bytes = 8 * 1024;
        let limits = Limits { room_log_bytes, ..Limits::default().unthrottled() };
        // Small windows, so that who does not read is soon behind; no delays, so that the witness
        // never is.
        let faults = Faults {
            delays: 0.0,
            short_sends: 0.0,
            window_bytes: 100..=2_000,
            read_bytes: 1_000..=100_000,
            ..network_faults(seed)
        };
        World::new(seed, limits, faults).run(400, Logs::Small);
    });
}

#[test]
fn stopping_says_goodbye_to_everybody_and_ends() {
    for_each_seed("stopping_says_goodbye_to_everybody_and_ends", 60, |seed| {
        let limits = Limits::default().unthrottled();
        let faults = network_faults(seed).with_time_standing_still();
        let mut world = World::new(seed, limits, faults);
        for _ in 0..10 {
            world.arrive();
        }
        let stalled = world.people[0].client;
        world.sim.stop_reading(stalled);
        world.sim.run_until_quiet();
        world.sim.stop();
        world.sim.run_until_quiet();
        for person in &world.people[1..] {
            let lines = lines(world.sim.received(person.client));
            // Who has not spoken yet may be an IRC client, and is told as one.
            let word = ["*** ", "ERROR :"].map(|lead| format!("{lead}Server is shutting down..."));
            assert!(word.contains(lines.last().unwrap()), "{lines:?}");
            assert!(world.sim.saw_end(person.client));
        }
        world.sim.advance(Simulator::<Switchboard>::STOP_LIMIT);
        assert!(world.sim.has_stopped());
    });
}
