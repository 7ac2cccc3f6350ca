//! MODE of a person, and what each mode does.

use crate::transcript::transcript;

#[test]
fn modes_are_seen_and_changed_by_oneself_alone() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> MODE ada
        ada << :Switchboard 221 ada +
        ada >> MODE ADA +wi-B
        ada << :ada!~ada@localhost MODE ada +iw
        ada >> MODE ada
        ada << :Switchboard 221 ada +iw
        ada >> MODE ada -i+R
        ada << :ada!~ada@localhost MODE ada +R-i
        # What is so already is no change.
        ada >> MODE ada +w
        # Nobody makes itself an operator.
        ada >> MODE ada +o
        ada >> MODE ada +zB
        ada << :Switchboard 501 ada :Unknown MODE flag
        ada << :ada!~ada@localhost MODE ada +B
        ada >> MODE bob
        ada << :Switchboard 502 ada :Cannot see or change the modes of others
        ada >> MODE bob +i
        ada << :Switchboard 502 ada :Cannot see or change the modes of others
        ada >> MODE nobody +i
        ada << :Switchboard 401 ada nobody :No such nick/channel
        ",
    );
}

#[test]
fn bots_are_known_as_such() {
    transcript(
        "
        ada: irc message-tags
        bob: irc
        bob >> JOIN #tea
        ada >> JOIN #tea
        bob >> MODE bob +B
        bob << ...
        ada << ...
        bob >> PRIVMSG #tea :beep
        ada << @msgid=*;bot :bob!~bob@localhost PRIVMSG #tea :beep
        ada >> WHO bob
        ada << :Switchboard 352 ada * ~bob localhost Switchboard bob HB :0 bob the tester
        ada << ...
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob *
        ada << :Switchboard 319 ada bob :*#tea
        ada << :Switchboard 312 ada bob *
        ada << :Switchboard 335 ada bob :is a bot
        ada << ...
        bob >> MODE bob -B
        bob << ...
        bob >> PRIVMSG #tea :hello
        ada << @msgid=* :bob!~bob@localhost PRIVMSG #tea :hello
        ",
    );
}

#[test]
fn who_is_invisible_is_found_by_name_and_in_rooms_only() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: irc
        bob >> JOIN #tea
        bob >> MODE bob +i
        bob << ...
        ada >> WHO b*
        ada << :Switchboard 315 ada b* :End of WHO list
        ada >> WHO #tea
        ada << :Switchboard 315 ada #tea :End of WHO list
        ada >> NAMES #tea
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ada >> WHO bob
        ada << :Switchboard 352 ada * ~bob *
        ada << ...
        # Where he is, is not told either.
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob *
        ada << :Switchboard 312 ada bob *
        ada << ...
        ada >> JOIN #tea
        ada << ...
        bob << ...
        ada >> WHO b*
        ada << :Switchboard 352 ada * ~bob *
        ada << ...
        ada >> NAMES #tea
        ada << :Switchboard 353 ada = #tea :*bob ada
        ada << ...
        ada >> WHOIS bob
        ada << :Switchboard 311 ada bob *
        ada << :Switchboard 319 ada bob :*#tea
        ada << ...
        ada >> LUSERS
        ada << :Switchboard 251 ada :There are 2 users and 1 invisible on 1 servers
        ada << ...
        bob >> QUIT
        bob << ...
        ada << ...
        ada >> LUSERS
        ada << :Switchboard 251 ada :There are 2 users and 0 invisible on 1 servers
        ada << ...
        ",
    );
}

#[test]
fn who_wants_to_hear_from_people_with_accounts_only_does() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        bob >> MODE bob +R
        bob << ...
        ada >> PRIVMSG bob :hi
        ada << :Switchboard 477 ada bob :You must be logged in to an account to write to this person
        # A notice is never answered.
        ada >> NOTICE bob :hi
        eve >> /msg bob hi
        eve << bob hears only from people with an account. Nothing was sent.
        bob >> PRIVMSG bob :note
        bob << :bob!~bob@localhost PRIVMSG bob :note
        # In rooms all is as ever.
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> PRIVMSG #tea :hi
        bob << :ada!~ada@localhost PRIVMSG #tea :hi
        ",
    );
}
