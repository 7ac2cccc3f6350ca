//! `draft/metadata-3`: what people say of themselves, and operators of rooms.

use crate::harness::Chat;
use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn what_one_says_of_oneself_others_may_read() {
    transcript(
        "
        ada: irc draft/metadata-3 batch labeled-response
        bob: irc draft/metadata-3 batch
        eve: nc
        ada >> METADATA * SET display-name :Ada the First
        ada << :Switchboard 761 ada ada display-name * :Ada the First
        ada >> @label=1 METADATA ada SET url
        ada << @label=1 :Switchboard FAIL METADATA KEY_NOT_SET ada url :Key not set
        ada >> METADATA * SET empty :
        ada << :Switchboard 761 ada ada empty * :
        bob >> METADATA ADA GET url display-name Bad$
        bob << :Switchboard BATCH +b3 metadata ada
        bob << @batch=b3 :Switchboard 766 bob ada url :Key not set
        bob << @batch=b3 :Switchboard 761 bob ada display-name * :Ada the First
        bob << @batch=b3 :Switchboard FAIL METADATA KEY_INVALID Bad$ :*
        bob << :Switchboard BATCH -b3
        ada >> @label=2 METADATA * LIST
        ada << @label=2 :Switchboard BATCH +b4 metadata ada
        ada << @batch=b4 :Switchboard 761 ada ada display-name * :Ada the First
        ada << @batch=b4 :Switchboard 761 ada ada empty * :
        ada << :Switchboard BATCH -b4
        ada >> METADATA * SET empty
        ada << :Switchboard 766 ada ada empty :Key not set
        ada >> METADATA * CLEAR
        ada << :Switchboard BATCH +b5 metadata ada
        ada << @batch=b5 :Switchboard 766 ada ada display-name :Key not set
        ada << :Switchboard BATCH -b5
        ada >> METADATA * CLEAR
        ada << :Switchboard BATCH +b6 metadata ada
        ada << :Switchboard BATCH -b6
        bob >> METADATA eve LIST
        bob << :Switchboard BATCH +b7 metadata eve
        bob << :Switchboard BATCH -b7
        ",
    );
}

#[test]
fn nobody_speaks_for_others_and_only_operators_for_a_room() {
    transcript(
        "
        ada: irc draft/metadata-3 batch
        bob: irc draft/metadata-3 batch
        ada >> JOIN #tea
        ada << ...
        bob >> JOIN #tea
        ada << ...
        bob << ...
        bob >> METADATA ada SET display-name :Not Ada
        bob << :Switchboard FAIL METADATA KEY_NO_PERMISSION ada display-name :*
        bob >> METADATA ada CLEAR
        bob << :Switchboard FAIL METADATA KEY_NO_PERMISSION ada * :*
        bob >> METADATA #tea SET url :x
        bob << :Switchboard FAIL METADATA KEY_NO_PERMISSION #tea url :*
        bob >> METADATA #tea CLEAR
        bob << :Switchboard FAIL METADATA KEY_NO_PERMISSION #tea * :*
        ada >> METADATA #TEA SET url :http://tea.example
        ada << :Switchboard 761 ada #tea url * :http://tea.example
        bob >> METADATA #tea LIST
        bob << :Switchboard BATCH +b3 metadata #tea
        bob << @batch=b3 :Switchboard 761 bob #tea url * :http://tea.example
        bob << :Switchboard BATCH -b3
        ",
    );
}

#[test]
fn a_room_that_one_is_not_in_looks_like_none() {
    transcript(
        "
        ada: irc draft/metadata-3 batch
        bob: irc draft/metadata-3 batch
        ada >> JOIN #tea
        ada >> METADATA #tea SET url :secret
        ada << ...
        bob >> METADATA #tea GET url
        bob << :Switchboard FAIL METADATA INVALID_TARGET #tea :Invalid target
        bob >> METADATA #none GET url
        bob << :Switchboard FAIL METADATA INVALID_TARGET #none :Invalid target
        bob >> METADATA #tea LIST
        bob << :Switchboard FAIL METADATA INVALID_TARGET #tea :Invalid target
        bob >> METADATA #tea SYNC
        bob << :Switchboard FAIL METADATA INVALID_TARGET #tea :Invalid target
        bob >> METADATA #tea SET url :x
        bob << :Switchboard FAIL METADATA INVALID_TARGET #tea :Invalid target
        bob >> METADATA nobody CLEAR
        bob << :Switchboard FAIL METADATA INVALID_TARGET nobody :Invalid target
        bob >> METADATA ada SUB url
        bob << :Switchboard FAIL METADATA INVALID_TARGET ada :Invalid target
        ",
    );
}

#[test]
fn who_has_subscribed_is_told_of_changes_among_those_it_meets() {
    transcript(
        "
        ada: irc draft/metadata-3 batch
        bob: irc draft/metadata-3 batch
        cyd: irc draft/metadata-3 batch
        dan: irc
        eve: nc
        bob >> METADATA * SUB avatar url avatar $x
        bob << :Switchboard 770 bob avatar url avatar
        bob << :Switchboard FAIL METADATA KEY_INVALID $x :*
        cyd >> METADATA * SUB url
        cyd << :Switchboard 770 cyd url
        # They share no room yet.
        ada >> METADATA * SET avatar :cat
        ada >> METADATA * SET name :Ada
        ada >> JOIN #lobby
        ada >> METADATA #lobby SET url :lobby
        ada << ...
        eve << ...
        # Who comes in is told what it wants to know.
        bob >> JOIN #lobby
        bob << :bob!~bob@localhost JOIN #lobby
        bob << :Switchboard 353 bob = #lobby :*
        bob << :Switchboard 366 bob #lobby :End of /NAMES list
        bob << :Switchboard BATCH +b4 metadata #lobby
        bob << @batch=b4 :Switchboard 761 bob ada avatar * :cat
        bob << :Switchboard BATCH -b4
        dan >> JOIN #lobby
        cyd >> JOIN #lobby
        ada << ...
        bob << ...
        cyd << ...
        dan << ...
        eve << ...
        ada >> METADATA * SET avatar :dog
        ada << :Switchboard 761 ada ada avatar * :dog
        bob << :Switchboard 761 bob ada avatar * :dog
        ada >> METADATA * SET avatar
        ada << :Switchboard 766 ada ada avatar :Key not set
        bob << :Switchboard 766 bob ada avatar :Key not set
        ada >> METADATA * SET url :http://ada.example
        ada << :Switchboard 761 ada ada url * :http://ada.example
        bob << :Switchboard 761 bob ada url * :http://ada.example
        cyd << :Switchboard 761 cyd ada url * :http://ada.example
        # What one wants to know later one is told at once.
        cyd >> METADATA * SUB name
        cyd << :Switchboard 770 cyd name
        cyd << :Switchboard BATCH +b5 metadata #lobby
        cyd << @batch=b5 :Switchboard 761 cyd ada name * :Ada
        cyd << :Switchboard BATCH -b5
        cyd >> METADATA * SUBS
        cyd << :Switchboard BATCH +b6 metadata-subs
        cyd << @batch=b6 :Switchboard 772 cyd name url
        cyd << :Switchboard BATCH -b6
        cyd >> METADATA * UNSUB url other $
        cyd << :Switchboard 771 cyd url other
        cyd << :Switchboard FAIL METADATA KEY_INVALID $ :*
        cyd >> METADATA #lobby SYNC
        cyd << :Switchboard BATCH +b7 metadata #lobby
        cyd << @batch=b7 :Switchboard 761 cyd ada name * :Ada
        cyd << :Switchboard BATCH -b7
        bob >> METADATA ada SYNC
        bob << :Switchboard BATCH +b8 metadata ada
        bob << @batch=b8 :Switchboard 761 bob ada url * :http://ada.example
        bob << :Switchboard BATCH -b8
        # All at once.
        ada >> METADATA * CLEAR
        ada << ...
        bob << :Switchboard 766 bob ada url :Key not set
        cyd << :Switchboard 766 cyd ada name :Key not set
        ",
    );
}

#[test]
fn all_of_it_is_bounded() {
    let mut settings = settings();
    let limits = &mut settings.limits;
    (limits.metadata_keys, limits.metadata_subscriptions, limits.metadata_value_bytes) = (1, 2, 3);
    limits.announce_members = 1;
    transcript_with(
        settings,
        "
        ada: irc draft/metadata-3 batch
        kit: connect
        kit >> CAP LS 302
        kit << :*draft/metadata-3=max-keys=1,max-subs=2,max-key-bytes=32,max-value-bytes=3 *
        kit << ...
        ada >> METADATA * SET a :123
        ada << :Switchboard 761 ada ada a * :123
        ada >> METADATA * SET a :1234
        ada << :Switchboard FAIL METADATA INVALID_VALUE a :*
        ada >> METADATA * SET b :1
        ada << :Switchboard FAIL METADATA LIMIT_REACHED ada :*
        ada >> METADATA * SET B :1
        ada << :Switchboard FAIL METADATA KEY_INVALID B :*
        ada >> METADATA * SUB a b c a
        ada << :Switchboard 770 ada a b
        ada << :Switchboard FAIL METADATA TOO_MANY_SUBS c :*
        # In a big room one asks when one has the time.
        bob: irc
        cyd: irc
        bob >> JOIN #tea
        cyd >> JOIN #tea
        bob << ...
        cyd << ...
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard 353 ada = #tea :*
        ada << :Switchboard 366 ada #tea *
        ada << :Switchboard 774 ada #tea
        ada >> METADATA #tea SYNC
        ada << :Switchboard BATCH +b2 metadata #tea
        ada << :Switchboard BATCH -b2
        ",
    );
}

#[test]
fn what_is_no_such_command_is_refused() {
    transcript(
        "
        ada: irc draft/metadata-3 batch
        bob: irc
        ada >> METADATA *
        ada << :Switchboard 461 ada METADATA :Not enough parameters
        ada >> METADATA * GET
        ada << :Switchboard 461 ada METADATA :Not enough parameters
        ada >> METADATA * FROB x
        ada << :Switchboard FAIL METADATA SUBCOMMAND_INVALID FROB :Invalid subcommand
        bob >> METADATA * LIST
        bob << :Switchboard 421 bob METADATA :Unknown command
        ",
    );
}

#[test]
fn the_newcomer_is_told_that_nothing_is_said_of_it_yet() {
    let mut chat = Chat::with(settings());
    let kit = chat.connect();
    chat.send(
        kit,
        b"CAP REQ :draft/metadata-3 batch\r\nNICK kit\r\nUSER kit 0 * :Kit\r\nCAP END\r\n",
    );
    let welcome = chat.read(kit);
    let batch = ":Switchboard BATCH +b1 metadata kit\r\n:Switchboard BATCH -b1\r\n";
    let at = welcome.find(batch).expect("an empty batch");
    assert!(at < welcome.find(" 422 ").expect("the end of the welcome"), "{welcome}");
}

#[test]
fn who_watches_somebody_is_told_too_and_whois_shows_it() {
    transcript(
        "
        ada: irc draft/metadata-3 batch
        bob: irc draft/metadata-3 batch
        cyd: irc
        ada >> METADATA * SET name :Ada
        ada << ...
        bob >> METADATA * SUB name
        bob << :Switchboard 770 bob name
        bob >> MONITOR + ada,nobody
        bob << :Switchboard 730 bob :ada!~ada@localhost
        bob << :Switchboard 731 bob :nobody
        bob << :Switchboard BATCH +b3 metadata ada
        bob << @batch=b3 :Switchboard 761 bob ada name * :Ada
        bob << :Switchboard BATCH -b3
        ada >> METADATA * SET name :Countess
        ada << :Switchboard 761 ada ada name * :Countess
        bob << :Switchboard 761 bob ada name * :Countess
        bob >> WHOIS ada
        bob << :Switchboard 311 bob ada ~ada localhost * :ada the tester
        bob << :Switchboard 312 *
        bob << :Switchboard 317 *
        bob << :Switchboard 760 bob ada name * :Countess
        bob << :Switchboard 318 *
        cyd >> WHOIS ada
        cyd << :Switchboard 311 *
        cyd << :Switchboard 312 *
        cyd << :Switchboard 317 *
        cyd << :Switchboard 318 *
        ",
    );
}

#[test]
fn a_room_that_is_made_anew_has_nothing_said_of_it() {
    transcript(
        "
        ada: irc draft/metadata-3 batch
        ada >> JOIN #tea
        ada >> METADATA #tea SET url :old
        ada << ...
        ada >> PART #tea\\r\\nJOIN #tea
        ada << ...
        ada >> METADATA #tea GET url
        ada << :Switchboard BATCH +*
        ada << @batch=* :Switchboard 766 ada #tea url :Key not set
        ada << :Switchboard BATCH -*
        ",
    );
}

#[test]
fn who_comes_to_many_rooms_at_once_is_not_told_more_than_it_can_be_owed() {
    let mut settings = settings();
    settings.limits.mailbox_pause_bytes = 3000;
    settings.limits.mailbox_close_bytes = 8000;
    let value = "x".repeat(290);
    let mut text = String::from("ada: irc draft/metadata-3 batch\nada << ...\n");
    let rooms: Vec<String> = (0..10).map(|number| format!("#room{number}")).collect();
    for room in &rooms {
        text += &format!("ada >> JOIN {room}\nada << ...\n");
        for key in ["one", "two", "three"] {
            text += &format!("ada >> METADATA {room} SET {key} :{value}\nada << ...\n");
        }
    }
    text += "bob: irc draft/metadata-3 batch\n";
    text += "bob >> METADATA * SUB one two three\nbob << ...\n";
    text += &format!("bob >> JOIN {}\nada << ...\nbob << ...\n", rooms.join(","));
    text += "-- 1 s\nbob << ...\nbob >> PING there\n";
    text += "bob << :Switchboard PONG Switchboard :there\n";
    transcript_with(settings, &text);
}
