//! JOIN where a room does not let everybody in: each reason with its number, and where one is sent
//! instead.

use crate::transcript::transcript;

#[test]
fn each_closed_door_has_its_number() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #key,#full,#asked,#logged,#banned
        ada << ...
        ada >> MODE #key +k word
        ada >> MODE #full +l 1
        ada >> MODE #asked +i
        ada >> MODE #logged +R
        ada >> MODE #banned +b *!*@localhost
        ada << ...
        bob >> JOIN #key,#full,#asked wrong
        bob << :Switchboard 475 bob #key :Cannot join channel (+k): that is not its key
        bob << :Switchboard 471 bob #full :Cannot join channel (+l): it is full
        bob << :Switchboard 473 bob #asked :Cannot join channel (+i): you must be invited
        bob >> JOIN #logged
        bob << :Switchboard 477 bob #logged :Cannot join channel (+R): you must be logged in to an account
        bob >> JOIN #banned
        bob << :Switchboard 474 bob #banned :Cannot join channel (+b): you are banned
        bob >> JOIN #new,#key x,word
        bob << :bob!~bob@localhost JOIN #new
        bob << ...
        ada << :bob!~bob@localhost JOIN #key
        eve >> /join #key
        eve << #key does not let you in: it has a key. /join #ROOM KEY, if you know it.
        eve >> /join #full
        eve << #full does not let you in: it is full. Try again later.
        eve >> /join #banned
        eve << #banned does not let you in: you are banned there.
        eve >> /join #logged
        eve << #logged does not let you in: it is for those logged in to an account, which nobody is here.
        eve >> /join #key word
        eve << You are in #key now (3 here). What you type goes there.
        ada << :eve!nc@localhost JOIN #key
        bob << :eve!nc@localhost JOIN #key
        ",
    );
}

#[test]
fn an_exception_overrides_a_ban_and_a_standing_invitation_the_need_for_one() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        ada >> MODE #tea +bei *!*@* bob
        ada << ...
        bob >> JOIN #tea
        bob << :Switchboard 473 bob #tea :*
        ada >> MODE #tea +I BOB!~*
        ada << :ada!~ada@localhost MODE #tea +I BOB!~*@*
        bob >> JOIN #tea
        bob << :bob!~bob@localhost JOIN #tea
        bob << ...
        ada << :bob!~bob@localhost JOIN #tea
        ",
    );
}

#[test]
fn who_may_not_come_in_is_sent_on() {
    transcript(
        "
        ada: irc
        bob: irc labeled-response batch
        eve: nc
        ada >> JOIN #tea,#coffee,#own
        ada << ...
        eve >> /join #other
        eve << ...
        ada >> MODE #tea +f #none
        ada << :Switchboard 696 ada #tea f #none :There is no such channel to forward to
        ada >> MODE #tea +f #other
        ada << :Switchboard 482 ada #other :You must be an operator there, or above, to have others forwarded
        ada >> JOIN #other
        ada << ...
        eve << ...
        ada >> MODE #tea +f #other
        ada << :Switchboard 482 ada #other :You must be an operator there, or above, to have others forwarded
        ada >> PART #other
        ada << ...
        eve << ...
        eve >> /join #mine
        eve << ...
        eve >> /mode +f #tea
        eve << You must be an operator of #tea, or above, to have people sent there. Nothing was done.
        eve >> /part
        eve << ...
        ada >> MODE #tea +f #tea
        ada << :Switchboard 696 ada #tea f #tea :There is no such channel to forward to
        ada >> MODE #tea +if #coffee
        ada << :ada!~ada@localhost MODE #tea +if #coffee
        bob >> @label=1 JOIN #tea
        bob << @label=1 :Switchboard BATCH +b* labeled-response
        bob << @batch=b* :Switchboard 470 bob #tea #coffee :Forwarding to another channel
        bob << @batch=b* :bob!~bob@localhost JOIN #coffee
        bob << @batch=b* :Switchboard 353 bob = #coffee :@ada bob
        bob << @batch=b* :Switchboard 366 bob #coffee :End of /NAMES list
        bob << :Switchboard BATCH -b*
        ada << :bob!~bob@localhost JOIN #coffee
        bob >> JOIN #tea
        bob << :Switchboard 473 bob #tea :*
        eve >> /join #tea
        eve << #tea does not let you in, and sends you on to #coffee.
        eve << You are in #coffee now (3 here). What you type goes there.
        ada << :eve!nc@localhost JOIN #coffee
        bob << :eve!nc@localhost JOIN #coffee
        eve >> /part
        eve << ...
        ada << ...
        bob << ...
        ada >> MODE #coffee +k word
        ada << ...
        bob << ...
        eve >> /join #tea
        eve << #tea does not let you in: who comes must be invited. Ask somebody inside to /invite you.
        ",
    );
}

#[test]
fn a_room_that_everybody_has_left_is_made_anew_even_in_the_same_turn() {
    transcript(
        "
        ada: irc
        ada >> JOIN #tea
        ada >> MODE #tea +ikb word ada
        ada << ...
        ada >> PART #tea\\r\\nJOIN #tea\\r\\nMODE #tea
        ada << :ada!~ada@localhost PART #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard 353 ada = #tea :@ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ada << :Switchboard 324 ada #tea +nt
        ada << :Switchboard 329 ada #tea *
        ",
    );
}

#[test]
fn the_last_operator_leaves_and_nobody_becomes_one() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> PART #tea
        ada << ...
        bob << :ada!~ada@localhost PART #tea
        bob >> NAMES #tea
        bob << :Switchboard 353 bob = #tea :bob
        bob << :Switchboard 366 bob #tea :End of /NAMES list
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard 353 ada = #tea :bob ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        bob << :ada!~ada@localhost JOIN #tea
        ",
    );
}
