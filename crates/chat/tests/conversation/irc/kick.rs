//! KICK: somebody is put out, who hears of it, and who may.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn who_is_put_out_reads_of_it_and_nothing_after_it() {
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
        ada >> KICK #tea bob :spam
        ada << :ada!~ada@localhost KICK #tea bob :spam
        bob << :ada!~ada@localhost KICK #tea bob :spam
        eve << [14:02] * ada removed bob: spam
        ada >> KICK #tea Eve
        ada << :ada!~ada@localhost KICK #tea eve :ada
        eve << [14:02] * ada removed eve: ada
        eve << ada has removed you from #tea. You are talking in #lobby.
        ada >> PRIVMSG #tea :alone at last
        bob >> PRIVMSG #tea :hey
        bob << :Switchboard 404 bob #tea :Cannot send to channel: you are not in it
        eve >> hello, lobby
        ",
    );
}

#[test]
fn several_are_put_out_at_once_and_each_error_has_its_number() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: irc
        sue: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        ada << ...
        bob << ...
        eve << ...
        ada >> KICK #tea bob,sue,nobody,!,eve :out
        ada << :ada!~ada@localhost KICK #tea bob :out
        ada << :Switchboard 441 ada sue #tea :They aren't on that channel
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ada << :Switchboard 401 ada ! :No such nick/channel
        ada << :Switchboard 407 ada eve :Too many targets: 4 at a time
        bob << :ada!~ada@localhost KICK #tea bob :out
        eve << :ada!~ada@localhost KICK #tea bob :out
        eve >> KICK #tea ada
        eve << :Switchboard 482 eve #tea :You must be a half-operator of the channel, or above
        bob >> KICK #tea ada
        bob << :Switchboard 442 bob #tea :You're not on that channel
        bob >> KICK #none ada
        bob << :Switchboard 403 bob #none :No such channel
        bob >> KICK #tea
        bob << :Switchboard 461 bob KICK :Not enough parameters
        ",
    );
}

#[test]
fn nobody_puts_out_somebody_above() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        sue: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        sue >> JOIN #tea
        ada >> MODE #tea +qohh ada bob eve sue
        ada << ...
        bob << ...
        eve << ...
        sue << ...
        bob >> KICK #tea ada
        bob << :Switchboard 482 bob #tea :ada ranks too high in the channel for you to do that
        sue >> KICK #tea eve
        sue << :Switchboard 482 sue #tea :eve ranks too high in the channel for you to do that
        eve >> /kick bob
        eve << bob ranks too high in #tea for you to do that. Nothing was done.
        eve >> /kick guest-99 and more
        eve << There is no \"guest-99\" here. Nothing was done. /who lists people.
        ada >> MODE #tea -h sue
        ada << ...
        bob << ...
        eve << ...
        sue << ...
        eve >> /kick sue be kind
        eve << You have removed sue from #tea.
        sue << :eve!nc@localhost KICK #tea sue :be kind
        ada << :eve!nc@localhost KICK #tea sue :be kind
        bob << :eve!nc@localhost KICK #tea sue :be kind
        eve >> /kick sue
        eve << sue is not in #tea. Nothing was done.
        ",
    );
}

#[test]
fn one_may_put_out_oneself_and_an_emptied_room_goes() {
    transcript(
        "
        ada: irc labeled-response batch
        ada >> JOIN #tea
        ada >> MODE #tea +k word
        ada << ...
        ada >> @label=1 KICK #tea ada
        ada << @label=1 :ada!~ada@localhost KICK #tea ada :ada
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard 353 ada = #tea :@ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ",
    );
}

#[test]
fn what_is_unread_when_one_is_put_out_comes_first() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea,#mate
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> PRIVMSG #tea :one\\r\\nPRIVMSG bob :two\\r\\nKICK #tea bob\\r\\nPRIVMSG #tea :three
        ada << :ada!~ada@localhost KICK #tea bob :ada
        bob << :ada!~ada@localhost PRIVMSG #tea :one
        bob << :ada!~ada@localhost PRIVMSG bob :two
        bob << :ada!~ada@localhost KICK #tea bob :ada
        ",
    );
}

#[test]
fn nobody_keeps_order_in_the_lobby() {
    transcript(
        "
        ada: irc
        eve: nc
        ada >> JOIN #lobby
        ada << ...
        eve << ...
        ada >> KICK #lobby eve
        ada << :Switchboard 482 ada #lobby :You're not a server operator, and nobody else keeps order here
        ada >> MODE #lobby +o ada
        ada << :Switchboard 482 ada #lobby :You're not a server operator, and nobody else keeps order here
        eve >> /kick ada
        eve << Only server operators keep order in #lobby. Nothing was done.
        ",
    );
}

#[test]
fn in_a_crowded_room_who_is_put_out_is_shown_first() {
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
        ada << ...
        bob << ...
        eve << ...
        bob >> KICK #tea eve
        bob << :Switchboard 482 bob #tea :You must be a half-operator of the channel, or above
        ada >> KICK #tea eve
        ada << :eve!~eve@localhost JOIN #tea
        ada << :ada!~ada@localhost KICK #tea eve :ada
        bob << :eve!~eve@localhost JOIN #tea
        bob << :ada!~ada@localhost KICK #tea eve :ada
        eve << :ada!~ada@localhost KICK #tea eve :ada
        ",
    );
}
