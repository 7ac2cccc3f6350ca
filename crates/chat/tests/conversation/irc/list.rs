//! LIST.

use crate::transcript::transcript;

#[test]
fn rooms_are_listed_for_what_they_are_like() {
    transcript(
        "
        ada: irc
        bob: irc
        # The lobby is there, but nobody is in it.
        ada >> LIST
        ada << :Switchboard 323 ada :End of /LIST
        ada >> JOIN #tea
        ada >> JOIN #den
        bob >> JOIN #tea
        ada << ...
        bob << ...
        bob >> LIST
        bob << :Switchboard 322 bob #tea 2 :
        bob << :Switchboard 322 bob #den 1 :
        bob << :Switchboard 323 bob :End of /LIST
        bob >> LIST >1
        bob << :Switchboard 322 bob #tea 2 :
        bob << ...
        bob >> LIST <2
        bob << :Switchboard 322 bob #den 1 :
        bob << ...
        bob >> LIST #D*,#none
        bob << :Switchboard 322 bob #den 1 :
        bob << ...
        bob >> LIST #TEA
        bob << :Switchboard 322 bob #tea 2 :
        bob << ...
        bob >> LIST !#t*
        bob << :Switchboard 322 bob #den 1 :
        bob << ...
        bob >> LIST <3,>1,!#d*
        bob << :Switchboard 322 bob #tea 2 :
        bob << ...
        -- 120 s
        bob << ...
        ada << ...
        ada >> JOIN #new
        ada << ...
        bob >> LIST C<1
        bob << :Switchboard 322 bob #new 1 :
        bob << ...
        bob >> LIST C>1
        bob << :Switchboard 322 bob #tea 2 :
        bob << :Switchboard 322 bob #den 1 :
        bob << ...
        # None of these has ever had a topic.
        bob >> LIST T<1
        bob << :Switchboard 323 bob :*
        ",
    );
}

#[test]
fn topics_and_their_times_are_told() {
    transcript(
        "
        ada: irc
        ada >> JOIN #old
        ada >> TOPIC #old :of yore
        -- 120 s
        ada >> JOIN #new
        ada >> TOPIC #new :of now
        ada << ...
        ada >> LIST T<1
        ada << :Switchboard 322 ada #new 1 :of now
        ada << ...
        ada >> LIST T>1
        ada << :Switchboard 322 ada #old 1 :of yore
        ada << ...
        ",
    );
}

#[test]
fn secret_and_private_rooms_are_not_listed() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #den
        ada >> MODE #den +s
        ada >> JOIN #nook
        ada >> MODE #nook +p
        ada << ...
        bob >> LIST
        bob << :Switchboard 323 bob :*
        bob >> LIST #den
        bob << :Switchboard 323 bob :*
        bob >> LUSERS
        bob << :Switchboard 251 bob :*
        bob << :Switchboard 254 bob 1 :channels formed
        bob << ...
        ada >> LIST
        ada << :Switchboard 322 ada #den 1 :
        ada << :Switchboard 322 ada #nook 1 :
        ada << :Switchboard 323 ada :*
        ada >> MODE #den -s
        ada >> MODE #den -s
        bob >> LUSERS
        bob << :Switchboard 251 bob :*
        bob << :Switchboard 254 bob 2 :channels formed
        bob << ...
        ada >> MODE #nook +s
        ada >> PART #nook
        bob >> LUSERS
        bob << :Switchboard 251 bob :*
        bob << :Switchboard 254 bob 1 :channels formed
        bob << ...
        ada >> PART #den
        bob >> LUSERS
        bob << :Switchboard 251 bob :*
        bob << :Switchboard 254 bob 0 :channels formed
        bob << ...
        ada << ...
        ",
    );
}
