//! What a client meets at its bounds: each has its number, and nothing is done by halves.

use chat::{Limits, Settings};

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
