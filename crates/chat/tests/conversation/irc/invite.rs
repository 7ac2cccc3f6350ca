//! INVITE: who is asked in, what that opens, and who hears of it.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn an_invitation_opens_a_closed_room_once() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        ada >> MODE #tea +iklb word 1 bob
        ada << ...
        bob >> JOIN #tea
        bob << :Switchboard 474 bob #tea :Cannot join channel (+b): you are banned
        ada >> INVITE bob #tea
        ada << :Switchboard 341 ada bob #tea
        bob << :ada!~ada@localhost INVITE bob #tea
        bob >> INVITE
        bob << :Switchboard 336 bob #tea
        bob << :Switchboard 337 bob :End of /INVITE list
        bob >> JOIN #tea
        bob << :bob!~bob@localhost JOIN #tea
        bob << ...
        ada << :bob!~bob@localhost JOIN #tea
        bob >> INVITE
        bob << :Switchboard 337 bob :End of /INVITE list
        bob >> PART #tea
        bob << ...
        ada << ...
        bob >> JOIN #tea
        bob << :Switchboard 474 bob #tea :Cannot join channel (+b): you are banned
        ",
    );
}

#[test]
fn who_may_not_let_people_in_may_ask_them_all_the_same() {
    transcript(
        "
        ada: irc
        bob: irc
        sue: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada >> MODE #tea +b sue
        ada << ...
        bob << ...
        bob >> INVITE sue #tea
        bob << :Switchboard 341 bob sue #tea
        sue << :bob!~bob@localhost INVITE sue #tea
        sue >> JOIN #tea
        sue << :Switchboard 474 sue #tea :Cannot join channel (+b): you are banned
        ada >> MODE #tea +i
        ada << ...
        bob << ...
        bob >> INVITE sue #tea
        bob << :Switchboard 482 bob #tea :You must be an operator of the channel, or above
        ",
    );
}

#[test]
fn each_error_has_its_number() {
    transcript(
        "
        ada: irc
        bob: irc
        sue: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> INVITE bob #tea
        ada << :Switchboard 443 ada bob #tea :is already on channel
        ada >> INVITE nobody #tea
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada >> INVITE bob
        ada << :Switchboard 461 ada INVITE :Not enough parameters
        ada >> INVITE bob #none
        ada << :Switchboard 403 ada #none :No such channel
        sue >> INVITE ada #tea
        sue << :Switchboard 442 sue #tea :You're not on that channel
        ada >> MODE #tea +s
        ada << ...
        bob << ...
        sue >> INVITE ada #tea
        sue << :Switchboard 403 sue #tea :No such channel
        ",
    );
}

#[test]
fn those_who_let_people_in_hear_of_invitations_if_they_wish() {
    transcript(
        "
        ada: irc invite-notify
        bob: irc invite-notify
        eve: irc invite-notify
        sue: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        ada >> MODE #tea +o bob
        ada << ...
        bob << ...
        eve << ...
        ada >> INVITE sue #tea
        ada << :Switchboard 341 ada sue #tea
        sue << :ada!~ada@localhost INVITE sue #tea
        bob << :ada!~ada@localhost INVITE sue #tea
        ",
    );
}

#[test]
fn people_with_netcat_ask_and_are_asked() {
    transcript(
        "
        eve: nc
        ada: irc
        sue: nc
        eve >> /join #tea
        eve << ...
        eve >> /mode +i
        eve << #tea has +i now.
        ada >> JOIN #tea
        ada << :Switchboard 473 ada #tea :Cannot join channel (+i): you must be invited
        eve >> /invite ada
        eve << ada is asked into #tea.
        ada << :eve!nc@localhost INVITE ada #tea
        sue >> /join #tea
        sue << #tea does not let you in: who comes must be invited. Ask somebody inside to /invite you.
        eve >> /invite sue #tea
        eve << sue is asked into #tea.
        sue << [14:02] * eve asks you into #tea: /join #tea to go there
        sue >> /join #tea
        sue << You are in #tea now (2 here). What you type goes there.
        eve << [14:02] * sue has joined
        eve >> /invite sue
        eve << sue is in #tea already.
        eve >> /invite nobody
        eve << There is no \"nobody\" here. Nothing was done. /who lists people.
        ",
    );
}

#[test]
fn the_oldest_of_too_many_invitations_is_forgotten() {
    let mut settings = settings();
    settings.limits.invitations = 2;
    transcript_with(
        settings,
        "
        ada: irc
        bob: irc
        ada >> JOIN #a,#b,#c
        ada << ...
        ada >> INVITE bob #a
        ada >> INVITE bob #b
        ada >> INVITE bob #a
        ada >> INVITE bob #c
        ada << ...
        bob << ...
        bob >> INVITE
        bob << :Switchboard 336 bob #a
        bob << :Switchboard 336 bob #c
        bob << :Switchboard 337 bob :End of /INVITE list
        ada >> PART #a
        ada << ...
        bob >> INVITE
        bob << :Switchboard 336 bob #c
        bob << :Switchboard 337 bob :End of /INVITE list
        ",
    );
}
