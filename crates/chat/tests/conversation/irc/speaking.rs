//! PRIVMSG in rooms that do not let everybody speak.

use crate::transcript::transcript;

#[test]
fn with_m_only_those_with_a_voice_speak() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada >> MODE #tea +m
        ada << ...
        bob << ...
        eve << ...
        bob >> PRIVMSG #tea :hi
        bob << :Switchboard 404 bob #tea :Cannot send to channel (+m): you have no voice
        bob >> NOTICE #tea :hi
        bob >> PRIVMSG @#tea :hi
        bob << :Switchboard 404 bob #tea :Cannot send to channel (+m): you have no voice
        eve >> hi
        eve << #tea does not let you speak: only those with a voice may, for now. Nothing was sent.
        ada >> MODE #tea +v bob
        ada << ...
        bob << ...
        eve << ...
        bob >> PRIVMSG #tea :hi
        ada << :bob!~bob@localhost PRIVMSG #tea :hi
        eve << [14:02] <bob> hi
        ada >> MODE #tea -m
        ada << ...
        bob << ...
        eve << ...
        ",
    );
}

#[test]
fn with_capital_m_an_account_or_a_voice_is_needed() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada >> MODE #tea +M
        ada << ...
        bob << ...
        eve << ...
        bob >> PRIVMSG #tea :hi
        bob << :Switchboard 477 bob #tea :Cannot send to channel (+M): you must be logged in to an account, or have a voice
        eve >> hi
        eve << #tea does not let you speak: only those with a voice or an account may, for now. Nothing was sent.
        ada >> PRIVMSG #tea :hi
        bob << :ada!~ada@localhost PRIVMSG #tea :hi
        eve << [14:02] <ada> hi
        ",
    );
}

#[test]
fn without_n_those_outside_speak_too_unless_they_are_banned() {
    transcript(
        "
        ada: irc
        bob: irc echo-message
        sue: nc
        eve: nc
        ada >> JOIN #tea
        eve >> /join #tea
        ada << ...
        eve << ...
        bob >> PRIVMSG #tea :may I?
        bob << :Switchboard 404 bob #tea :Cannot send to channel: you are not in it
        sue >> /msg #tea may I?
        sue << You are not in #tea. Nothing was sent. /join #tea first.
        ada >> MODE #tea -n
        ada << ...
        eve << ...
        bob >> PRIVMSG #tea :thanks
        bob << :bob!~bob@localhost PRIVMSG #tea :thanks
        ada << :bob!~bob@localhost PRIVMSG #tea :thanks
        eve << [14:02] <bob> thanks
        bob >> PRIVMSG @#tea :ops?
        bob << :bob!~bob@localhost PRIVMSG @#tea :ops?
        ada << :bob!~bob@localhost PRIVMSG @#tea :ops?
        sue >> /msg #tea thanks
        ada << :sue!nc@localhost PRIVMSG #tea :thanks
        eve << [14:02] <sue> thanks
        ada >> MODE #tea +b bob
        ada << ...
        eve << ...
        bob >> PRIVMSG #tea :still?
        bob << :Switchboard 404 bob #tea :Cannot send to channel (+b): you are banned
        ada >> MODE #tea +s
        ada << ...
        eve << ...
        sue >> /msg #tea still?
        sue << There is no room #tea. Nothing was sent. /rooms lists them.
        ",
    );
}

#[test]
fn bans_and_mutes_silence_those_inside_who_have_no_voice() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada >> MODE #tea +bb bob m:eve
        ada << ...
        bob << ...
        eve << ...
        bob >> PRIVMSG #tea :hi
        bob << :Switchboard 404 bob #tea :Cannot send to channel (+b): you are banned
        eve >> hi
        eve << #tea does not let you speak: you are banned or muted there. Nothing was sent.
        ada >> MODE #tea +ve bob m:eve
        ada << ...
        bob << ...
        eve << ...
        bob >> PRIVMSG #tea :hi
        ada << :bob!~bob@localhost PRIVMSG #tea :hi
        eve << [14:02] <bob> hi
        eve >> hi
        ada << :eve!nc@localhost PRIVMSG #tea :hi
        bob << :eve!nc@localhost PRIVMSG #tea :hi
        ",
    );
}

#[test]
fn with_capital_c_programs_are_not_asked_and_people_act() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada >> MODE #tea +C
        ada << ...
        bob << ...
        bob >> PRIVMSG #tea :\x01VERSION\x01
        bob << :Switchboard 404 bob #tea :Cannot send to channel (+C): it takes no CTCP
        bob >> NOTICE #tea :\x01VERSION me\x01
        bob >> PRIVMSG #tea :\x01ACTION waves\x01
        ada << :bob!~bob@localhost PRIVMSG #tea :\x01ACTION waves\x01
        ",
    );
}

#[test]
fn what_is_said_to_a_rank_reaches_those_who_have_it_or_more() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        sue: irc
        kim: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        sue >> JOIN #tea
        kim >> /join #tea
        ada >> MODE #tea +qov ada bob eve
        ada << ...
        bob << ...
        eve << ...
        sue << ...
        kim << ...
        sue >> PRIVMSG @#tea :operators!
        ada << :sue!~sue@localhost PRIVMSG @#tea :operators!
        bob << :sue!~sue@localhost PRIVMSG @#tea :operators!
        sue >> NOTICE +#tea :voices!
        ada << :sue!~sue@localhost NOTICE +#tea :voices!
        bob << :sue!~sue@localhost NOTICE +#tea :voices!
        eve << [14:02] <sue to +#tea> voices!
        bob >> PRIVMSG ~#tea :founder!
        ada << :bob!~bob@localhost PRIVMSG ~#tea :founder!
        bob >> PRIVMSG @+#tea :lowest of both
        ada << :bob!~bob@localhost PRIVMSG +#tea :lowest of both
        eve << [14:02] <bob to +#tea> lowest of both
        ",
    );
}
