//! WHO and WHOX.

use crate::transcript::transcript;

#[test]
fn who_is_in_a_room() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #Lobby
        ada << ...
        eve << ...
        bob >> AWAY :x
        bob >> JOIN #lobby
        bob << ...
        ada << ...
        eve << ...
        ada >> WHO #LOBBY
        ada << :Switchboard 352 ada #lobby nc localhost Switchboard eve H :0 with nc or telnet
        ada << :Switchboard 352 ada #lobby ~ada localhost Switchboard ada H :0 ada the tester
        ada << :Switchboard 352 ada #lobby ~bob localhost Switchboard bob G :0 bob the tester
        ada << :Switchboard 315 ada #LOBBY :End of WHO list
        ada >> WHO #none
        ada << :Switchboard 315 ada #none :End of WHO list
        # None of these runs the server.
        ada >> WHO #lobby o
        ada << :Switchboard 315 ada #lobby :End of WHO list
        ",
    );
}

#[test]
fn who_is_like_a_mask() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> WHO B*
        ada << :Switchboard 352 ada * ~bob localhost Switchboard bob H :0 bob the tester
        ada << :Switchboard 315 ada B* :End of WHO list
        ada >> WHO BOB
        ada << :Switchboard 352 ada * ~bob localhost Switchboard bob H :0 bob the tester
        ada << :Switchboard 315 ada BOB :End of WHO list
        ada >> WHO nobody
        ada << :Switchboard 315 ada nobody :End of WHO list
        ada >> WHO
        ada << :Switchboard 352 ada * ~ada localhost Switchboard ada H :0 ada the tester
        ada << :Switchboard 352 ada * ~bob localhost Switchboard bob H :0 bob the tester
        ada << :Switchboard 315 ada * :End of WHO list
        ada >> WHO :bob the*
        ada << :Switchboard 352 ada * ~bob localhost Switchboard bob H :0 bob the tester
        ada << :Switchboard 315 ada * :End of WHO list
        ",
    );
}

#[test]
fn fields_come_in_their_order() {
    transcript(
        "
        ada: irc multi-prefix
        bob: irc
        bob >> JOIN #tea
        bob << ...
        -- 30 s
        bob << ...
        ada << ...
        ada >> WHO bob %tcuihsnfdlaor,123
        ada << :Switchboard 354 ada 123 * ~bob 255.255.255.255 localhost Switchboard bob H 0 30 0 n/a :bob the tester
        ada << :Switchboard 315 ada bob :End of WHO list
        ada >> WHO bob %roaldfnshiuct,123
        ada << :Switchboard 354 ada 123 * ~bob 255.255.255.255 localhost Switchboard bob H 0 30 0 n/a :bob the tester
        ada << :Switchboard 315 ada bob :End of WHO list
        ada >> WHO #tea %cnf
        ada << :Switchboard 354 ada #tea bob H*@
        ada << :Switchboard 315 ada #tea :End of WHO list
        # A token has up to three digits; what is no field is passed over.
        ada >> WHO bob %ntx,12345
        ada << :Switchboard 354 ada 0 bob
        ada << :Switchboard 315 ada bob :End of WHO list
        # One's own address is no secret.
        ada >> WHO ada %in
        ada << :Switchboard 354 ada 127.0.0.1 ada
        ada << :Switchboard 315 ada ada :End of WHO list
        ",
    );
}

#[test]
fn a_secret_room_is_like_none() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        ada >> MODE #tea +s
        ada << ...
        bob >> WHO #tea
        bob << :Switchboard 315 bob #tea :End of WHO list
        bob >> WHO #none
        bob << :Switchboard 315 bob #none :End of WHO list
        ",
    );
}

#[test]
fn the_answer_to_a_label_is_one_batch() {
    transcript(
        "
        ada: irc labeled-response batch
        ada >> @label=x WHO ada
        ada << @label=x :Switchboard BATCH +* labeled-response
        ada << @batch=* :Switchboard 352 ada * ~ada localhost Switchboard ada H :0 ada the tester
        ada << @batch=* :Switchboard 315 ada ada :End of WHO list
        ada << :Switchboard BATCH -*
        ada >> @label=y WHO nobody
        ada << @label=y :Switchboard 315 ada nobody :End of WHO list
        ",
    );
}
