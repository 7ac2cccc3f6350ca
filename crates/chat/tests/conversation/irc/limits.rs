//! What a client meets at its bounds: each has its number, and nothing is done by halves.

use std::time::Duration;

use chat::{Limits, Rate, Settings};

use crate::harness::Chat;
use crate::transcript::{settings, transcript, transcript_with};

fn with(limits: impl FnOnce(&mut Limits)) -> Settings {
    let mut settings = settings();
    limits(&mut settings.limits);
    settings
}

#[test]
fn a_line_that_is_too_long_is_refused_whole() {
    let long = "x".repeat(512);
    transcript(&format!(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> PRIVMSG #tea :{long}
        ada << :Switchboard 417 ada :Input line was too long
        ada >> PRIVMSG #tea :short
        bob << :ada!~ada@localhost PRIVMSG #tea :short
        ",
    ));
}

#[test]
fn a_token_comes_back_whole_or_not_at_all() {
    let (longest, longer) = ("x".repeat(479), "x".repeat(480));
    transcript(&format!(
        "
        ada: irc
        ada >> PING :{longest}
        ada << :Switchboard PONG Switchboard :{longest}
        ada >> PING {longer}
        ada << :Switchboard 417 ada :Input line was too long
        ",
    ));
}

#[test]
fn rooms_and_targets_are_bounded() {
    transcript_with(
        with(|limits| (limits.rooms_per_member, limits.targets) = (1, 1)),
        "
        ada: irc
        bob: irc
        ada >> JOIN #a,#b
        ada << :ada!~ada@localhost JOIN #a
        ada << ...
        ada >> JOIN #b
        ada << :Switchboard 405 ada #b :You have joined 1 channels, which is the limit
        ada >> PRIVMSG bob,bob :hi
        ada << :Switchboard 407 ada bob :Too many targets: 1 at a time
        bob << :ada!~ada@localhost PRIVMSG bob :hi
        bob >> PRIVMSG #a :may I?
        bob << :Switchboard 404 bob #a :Cannot send to channel: *
        ",
    );
}

#[test]
fn each_target_costs_a_line_and_those_of_a_rank_cost_two() {
    let every = Duration::from_secs(1);
    transcript_with(
        with(|limits| limits.lines = Rate { burst: 4, every }),
        "
        ada: irc
        bob: irc
        eve: irc
        bob >> JOIN #tea
        ada >> JOIN #tea
        bob << ...
        ada << ...
        -- 10 s
        ada >> PRIVMSG bob,eve,bob,eve :four\\r\\nPRIVMSG eve :five
        bob << :ada!~ada@localhost PRIVMSG bob :four
        bob << :ada!~ada@localhost PRIVMSG bob :four
        eve << :ada!~ada@localhost PRIVMSG eve :four
        eve << :ada!~ada@localhost PRIVMSG eve :four
        -- 900 ms
        -- 100 ms
        eve << :ada!~ada@localhost PRIVMSG eve :five
        -- 10 s
        ada >> NOTICE @#tea :two\\r\\nNOTICE +#tea :four\\r\\nNOTICE bob :five
        bob << :ada!~ada@localhost NOTICE @#tea :two
        bob << :ada!~ada@localhost NOTICE +#tea :four
        -- 900 ms
        -- 100 ms
        bob << :ada!~ada@localhost NOTICE bob :five
        ",
    );
}

#[test]
fn metadata_may_not_change_too_fast() {
    let every = Duration::from_secs(10);
    transcript_with(
        with(|limits| limits.metadata_changes = Rate { burst: 2, every }),
        "
        ada: irc draft/metadata-3 batch
        ada >> METADATA * SET url :a
        ada >> METADATA * SET url :b
        ada << ...
        ada >> METADATA * SET url :c
        ada << :Switchboard FAIL METADATA RATE_LIMITED ada url 10 :*
        ada >> METADATA * CLEAR
        ada << :Switchboard FAIL METADATA RATE_LIMITED ada * 10 :*
        -- 8500 ms
        ada >> METADATA * SET url
        ada << :Switchboard FAIL METADATA RATE_LIMITED ada url 2 :*
        -- 1500 ms
        ada >> METADATA * SET url :d
        ada << :Switchboard 761 ada ada url * :d
        ",
    );
}

#[test]
fn no_command_of_a_member_is_free() {
    for command in ["PONG x", "CAP LIST", "BATCH -a"] {
        let limits = Limits { announce_members: usize::MAX, ..Limits::default() };
        let mut chat = Chat::with(Settings { limits, ..Settings::default() });
        let ada = chat.connect();
        chat.send(ada, b"NICK ada\r\nUSER a 0 * :Ada\r\n");
        chat.sleep(60_000);
        chat.read(ada);
        chat.send(ada, format!("{command}\r\n").repeat(100).as_bytes());
        assert!(chat.person(ada).paused, "{command}");
    }
}

#[test]
fn names_may_not_change_too_fast() {
    transcript_with(
        with(|limits| limits.name_changes = Limits::default().name_changes),
        "
        ada: irc
        ada >> NICK a1
        ada >> NICK a2
        ada >> NICK a3
        ada >> NICK a4
        ada >> NICK a5
        ada << ...
        ada >> NICK a6
        ada << :Switchboard 438 a5 a6 :*
        -- 4 s
        ada >> NICK A5
        ada << :a5!~ada@localhost NICK :A5
        ",
    );
}

#[test]
fn a_mask_costs_what_a_name_does_not() {
    let every = Duration::from_secs(1);
    transcript_with(
        with(|limits| limits.lines = Rate { burst: 4, every }),
        "
        ada: irc
        ada >> WHO x*\\r\\nWHO *y\\r\\nPING :after
        ada << :Switchboard 315 ada x* :End of WHO list
        ada << :Switchboard 315 ada *y :End of WHO list
        -- 900 ms
        -- 100 ms
        ada << :Switchboard PONG Switchboard :after
        -- 10 s
        ada >> WHO #x\\r\\nWHO #y\\r\\nPING :after
        ada << :Switchboard 315 ada #x :End of WHO list
        ada << :Switchboard 315 ada #y :End of WHO list
        ada << :Switchboard PONG Switchboard :after
        ",
    );
}
