//! Whatever the pieces, the pace and the readers: everyone sees one order.

use chat::{Limits, Settings};
use proptest::prelude::*;

use crate::harness::Chat;

const PEOPLE: usize = 4;

#[derive(Clone, Debug)]
enum Step {
    /// Somebody sends so many bytes more of what it has to say.
    Send(usize, usize),
    StopReading(usize),
    ReadAgain(usize),
    Wait,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..PEOPLE, 1usize..200).prop_map(|(who, bytes)| Step::Send(who, bytes)),
        1 => (0..=PEOPLE).prop_map(Step::StopReading),
        1 => (0..=PEOPLE).prop_map(Step::ReadAgain),
        1 => Just(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn everyone_sees_the_same_order_without_their_own(
        steps in proptest::collection::vec(step(), 0..200),
        turn_bytes in prop_oneof![Just(300usize), Just(256 * 1024)],
        longest in prop_oneof![Just(10usize), Just(2000)],
    ) {
        let limits = Limits { turn_bytes, ..Limits::default().unthrottled() };
        let mut chat = Chat::with(Settings { limits, ..Settings::default() });
        // The last one only listens.
        let people: Vec<_> = (0..=PEOPLE).map(|_| chat.connect()).collect();
        for &person in &people {
            chat.say(person, "/plain");
        }
        chat.sleep(0);
        for &person in &people {
            chat.read(person);
        }
        let lines: Vec<Vec<String>> = (0..PEOPLE)
            .map(|who| {
                (0..100).map(|n| format!("{n} {}", "x".repeat((who * 31 + n * 7) % longest))).collect()
            })
            .collect();
        let words: Vec<String> = lines.iter().map(|lines| lines.join("\n") + "\n").collect();
        let mut sent = [0; PEOPLE];
        for step in steps {
            match step {
                Step::Send(who, bytes) => {
                    let words = &words[who].as_bytes()[sent[who]..];
                    let piece = &words[..bytes.min(words.len())];
                    if !piece.is_empty() {
                        chat.send(people[who], piece);
                        sent[who] += piece.len();
                    }
                }
                Step::StopReading(who) => chat.stop_reading(people[who]),
                Step::ReadAgain(who) => chat.read_again(people[who]),
                Step::Wait => chat.sleep(0),
            }
        }
        for &person in &people {
            chat.read_again(person);
        }
        chat.sleep(1000);
        let seen: Vec<Vec<String>> = people
            .iter()
            .map(|&person| chat.read(person).lines().map(str::to_string).collect())
            .collect();
        let (all, speakers) = seen.split_last().expect("a listener");
        for (who, seen) in speakers.iter().enumerate() {
            let name = format!("<guest-{}> ", who + 1);
            let others: Vec<_> = all.iter().filter(|line| !line.starts_with(&name)).cloned().collect();
            prop_assert_eq!(seen, &others, "what {} sees", name);
            let said: Vec<_> = all.iter().filter_map(|line| line.strip_prefix(&name)).collect();
            let whole = words[who][..sent[who]].matches('\n').count();
            let due: Vec<_> = lines[who][..whole].iter().map(|line| line.trim_end()).collect();
            prop_assert_eq!(said, due, "what {} said", name);
        }
    }
}
