use crate::transcript::transcript;

#[test]
fn the_newcomer_sees_its_own_coming_and_then_who_is_there() {
    transcript(
        "
        ada: irc
        bob: irc multi-prefix userhost-in-names extended-join
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard 353 ada = #tea :@ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        bob >> JOIN #TEA
        bob << :bob!~bob@localhost JOIN #tea * :bob the tester
        bob << :Switchboard 353 bob = #tea :@ada!~ada@localhost bob!~bob@localhost
        bob << :Switchboard 366 bob #tea :End of /NAMES list
        ada << :bob!~bob@localhost JOIN #tea
        bob >> PART #tea :home
        bob << :bob!~bob@localhost PART #tea :home
        ada << :bob!~bob@localhost PART #tea :home
        bob >> PART #tea
        bob << :Switchboard 442 bob #tea :You're not on that channel
        bob >> PART #none
        bob << :Switchboard 403 bob #none :No such channel
        bob >> JOIN #
        bob << :Switchboard 476 bob # :Bad channel name: *
        ",
    );
}
