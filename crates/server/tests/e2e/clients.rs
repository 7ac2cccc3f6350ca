//! The clients that people have: irssi, WeeChat, ii, and a program over a Python library, in one
//! room with `nc` and `telnet`, none of them with a special setting.

use crate::on_every_engine;
use crate::support::{Client, Server, unique_path};

// The others share all but the wait with poll, and these clients take their time.
on_every_engine!(@engines [poll epoll uring] [all_clients_meet_in_one_room]);

/// The places of who has irssi, and who has WeeChat.
const IDA: usize = 2;
const WENDY: usize = 3;

/// How the others are to see a line, whatever client it is typed into.
const MANNER: &str = "café 😀";

fn all_clients_meet_in_one_room(engine: &str) {
    let motd = unique_path(".txt");
    std::fs::write(&motd, "Be kind, and mind the café.\n").expect("a file can be written");
    let motd_path = motd.to_str().expect("UTF-8");
    let server = Server::start(engine, &["chat", "--name", "chat.example", "--motd", motd_path]);
    std::fs::remove_file(&motd).expect("it is ours");

    let mut people = vec![Client::netcat(&server, "nora")];
    let ways: [fn(&Server, &str) -> Client; 5] =
        [Client::telnet, Client::irssi, Client::weechat, Client::ii, Client::python];
    for (come, name) in ways.into_iter().zip(["tom", "ida", "wendy", "ian", "pia"]) {
        let newcomer = come(&server, name);
        // Who comes with telnet has another name first.
        for other in people.iter().filter(|_| name != "tom") {
            other.sees_join(name, "#lobby");
        }
        people.push(newcomer);
    }

    // All at once: some clients send a line every two seconds only.
    let line_of = |name: &str| format!("{MANNER} from {name}");
    for person in &mut people {
        person.types(&line_of(&person.name));
        person.types("/me waves");
    }
    for at in 0..people.len() {
        let name = &people[at].name;
        for other in others(&people, at) {
            other.sees_said(name, &line_of(name));
            other.sees_done(name, "waves");
        }
    }
    // Nobody has seen anything twice, what they said themselves included.
    for person in &people {
        for name in people.iter().map(|person| &person.name) {
            let count = person.count(&[&line_of(name)]);
            assert!(count <= 1, "{} sees {name} {count} times:\n{}", person.name, person.text());
        }
    }

    // Between nora and each of the others alone, both ways.
    let (nora, rest) = people.split_first_mut().expect("nora is there");
    for other in &mut *rest {
        nora.types(&format!("/msg {} psst, {}", other.name, other.name));
        other.types("/msg nora what?");
    }
    for other in rest {
        other.sees_whispered("nora", &format!("psst, {}", other.name));
        nora.sees(&[&format!("<{} to you> what?", other.name)]);
    }

    // A line longer than one message of IRC has comes whole, in as many as it takes.
    let long = format!("{}{} the-end", "x".repeat(70), " words".repeat(150));
    people[0].types(&long);
    for other in others(&people, 0) {
        other.sees(&["the-end"]);
    }
    // What irssi sends in pieces comes in pieces.
    people[IDA].types(&long.replace("the-end", "really-the-end"));
    for other in others(&people, IDA) {
        other.sees(&["really-the-end"]);
    }

    // irssi opens a room; all others come into it.
    people[IDA].types("/join #tea");
    people[IDA].sees(&["#tea: Total of 1 nicks"]);
    for person in people.iter_mut().filter(|person| person.name != "ida") {
        person.types("/join #tea");
    }
    for other in others(&people, IDA) {
        people[IDA].sees_join(&other.name, "#tea");
    }
    people[IDA].types("/topic Tea, and the café");
    for person in &people {
        person.sees_topic("ida", "Tea, and the café");
    }

    // What the server has said to the client itself stands in a window of its own: nothing there is
    // strange to the client, nor is what it has asked for by itself to the server.
    people[IDA].types("/whois wendy");
    for (at, window) in [(IDA, "/window 1"), (WENDY, "/buffer 1")] {
        people[at].types(window);
        people[at].sees(&["Be kind, and mind the café."]);
    }
    people[IDA].sees(&["channels", "#lobby"]);
    people[IDA].sees(&["End of WHOIS"]);
    for at in [IDA, WENDY] {
        let seen = people[at].text();
        assert!(!seen.contains("Unknown") && !seen.contains("No such"), "{seen}");
    }
    people[IDA].types("/window 2");
    people[WENDY].types("/buffer #lobby");

    let before: Vec<String> = people.iter().map(|person| person.name.clone()).collect();
    for person in &mut people {
        person.is_renamed(&format!("{}2", person.name));
    }
    for (at, from) in before.iter().enumerate() {
        for other in others(&people, at) {
            other.sees_renaming(from, &people[at].name);
        }
    }
    while let Some(person) = people.pop() {
        let name = person.name.clone();
        person.quits();
        for other in &people {
            other.sees_leaving(&name);
        }
    }
    server.stop();
}

/// All but the one at this place.
fn others(people: &[Client], at: usize) -> impl Iterator<Item = &Client> {
    people.iter().enumerate().filter(move |(place, _)| *place != at).map(|(_, person)| person)
}
