//! TOPIC: what a room is about, asked and said by both dialects.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn a_topic_is_set_shown_to_those_who_join_and_removed() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        ada << ...
        eve >> /join #tea
        eve << ...
        ada << ...
        ada >> TOPIC #tea
        ada << :Switchboard 331 ada #tea :No topic is set
        ada >> TOPIC #tea :Darjeeling and \x02Assam\x02
        ada << :ada!~ada@localhost TOPIC #tea :Darjeeling and \x02Assam\x02
        eve << [14:02] * ada set the topic: Darjeeling and Assam
        bob >> JOIN #tea
        bob << :bob!~bob@localhost JOIN #tea
        bob << :Switchboard 332 bob #tea :Darjeeling and \x02Assam\x02
        bob << :Switchboard 333 bob #tea ada!~ada@localhost 1795269*
        bob << :Switchboard 353 bob = #tea :*
        bob << :Switchboard 366 bob #tea :End of /NAMES list
        ada << :bob!~bob@localhost JOIN #tea
        eve << [14:02] * bob has joined
        bob >> TOPIC #tea
        bob << :Switchboard 332 bob #tea :Darjeeling and \x02Assam\x02
        bob << :Switchboard 333 bob #tea ada!~ada@localhost 1795269*
        ada >> TOPIC #tea :
        ada << :ada!~ada@localhost TOPIC #tea :
        bob << :ada!~ada@localhost TOPIC #tea :
        eve << [14:02] * ada removed the topic
        ",
    );
}

#[test]
fn with_t_it_takes_a_half_operator_and_without_it_a_member() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada << ...
        bob << ...
        eve << ...
        bob >> TOPIC #tea :mine
        bob << :Switchboard 482 bob #tea :You must be a half-operator of the channel, or above
        eve >> /topic mine
        eve << That takes a half-operator of #tea, or above. Nothing was done.
        ada >> MODE #tea -t
        ada << :ada!~ada@localhost MODE #tea -t
        bob << :ada!~ada@localhost MODE #tea -t
        eve << [14:02] * ada set mode -t
        eve >> /topic ours
        eve << #tea: ours
        ada << :eve!nc@localhost TOPIC #tea :ours
        bob << :eve!nc@localhost TOPIC #tea :ours
        eve >> /topic -
        eve << #tea has no topic. /topic TEXT to set one.
        ada << :eve!nc@localhost TOPIC #tea :
        bob << :eve!nc@localhost TOPIC #tea :
        eve >> /topic #tea ours
        eve << #tea: ours
        ada << :eve!nc@localhost TOPIC #tea :ours
        bob << :eve!nc@localhost TOPIC #tea :ours
        eve >> /topic
        eve << #tea: ours
        bob >> PART #tea
        bob << :bob!~bob@localhost PART #tea
        ada << :bob!~bob@localhost PART #tea
        eve << [14:02] * bob has left
        bob >> TOPIC #tea :from outside
        bob << :Switchboard 442 bob #tea :You're not on that channel
        bob >> TOPIC #tea
        bob << :Switchboard 332 bob #tea :ours
        bob << :Switchboard 333 bob #tea eve!nc@localhost *
        ",
    );
}

#[test]
fn a_topic_that_is_too_long_is_refused_whole() {
    let long = "x".repeat(341);
    transcript(&format!(
        "
        ada: irc standard-replies
        bob: irc
        eve: nc
        eve >> /join #tea
        eve << ...
        eve >> /topic {long}
        eve << That topic has 341 bytes; the limit is 340. Nothing was changed.
        eve >> /topic
        eve << #tea has no topic. /topic TEXT to set one.
        ada >> JOIN #mate
        ada << ...
        ada >> TOPIC #mate :{long}
        ada << :Switchboard FAIL TOPIC TOPIC_TOO_LONG #mate :That topic has 341 bytes; the limit is 340. Nothing was changed.
        bob >> JOIN #coffee
        bob << ...
        bob >> TOPIC #coffee :{long}
        bob << :Switchboard NOTICE bob :TOPIC: That topic has 341 bytes; the limit is 340. Nothing was changed.
        bob >> TOPIC #coffee
        bob << :Switchboard 331 bob #coffee :No topic is set
        ",
    ));
}

#[test]
fn nobody_outside_learns_of_a_secret_room_by_its_topic() {
    transcript(
        "
        ada: irc
        eve: irc
        ada >> JOIN #tea
        ada >> MODE #tea +s
        ada >> TOPIC #tea :psst
        ada << ...
        eve >> TOPIC #tea
        eve << :Switchboard 403 eve #tea :No such channel
        eve >> TOPIC #none
        eve << :Switchboard 403 eve #none :No such channel
        eve >> TOPIC #tea :mine
        eve << :Switchboard 403 eve #tea :No such channel
        eve >> TOPIC
        eve << :Switchboard 461 eve TOPIC :Not enough parameters
        ",
    );
}

#[test]
fn in_a_crowded_room_who_sets_the_topic_is_shown_first() {
    let mut settings = settings();
    settings.limits.announce_members = 1;
    transcript_with(
        settings,
        "
        ada: irc
        bob: irc
        eve: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        ada >> MODE #tea -t
        ada << ...
        bob << ...
        eve << ...
        eve >> TOPIC #tea :hi
        eve << :eve!~eve@localhost TOPIC #tea :hi
        ada << :eve!~eve@localhost JOIN #tea
        ada << :eve!~eve@localhost TOPIC #tea :hi
        bob << :eve!~eve@localhost JOIN #tea
        bob << :eve!~eve@localhost TOPIC #tea :hi
        ",
    );
}
