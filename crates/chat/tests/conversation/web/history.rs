use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn what_was_said_comes_page_by_page_in_either_direction() {
    transcript(
        r##"
        ada: web
        ada >> {"type":"join","room":"#tea"}
        ada << ...
        ada >> {"type":"say","room":"#tea","text":"one"}
        ada >> {"type":"say","room":"#tea","text":"two"}
        ada >> {"type":"say","room":"#tea","text":"three"}
        ada >> {"type":"say","room":"#tea","text":"four"}
        ada >> {"type":"history","n":1,"room":"#tea","count":2}
        ada << {"type":"history","n":1,"room":"#tea","messages":[{"type":"message","id":"0-6","seq":6,"time":1795269720000,"room":"#tea","from":"ada","kind":"say","text":"three"},{"type":"message","id":"0-7",*"text":"four"}],"more":true}
        ada >> {"type":"history","n":2,"room":"#tea","before":"0-6"}
        ada << {"type":"history","n":2,*[{*"text":"one"},{*"text":"two"}],"more":false}
        ada >> {"type":"history","n":3,"room":"#tea","after":"0-4","count":1}
        ada << {"type":"history","n":3,*[{*"id":"0-5",*"text":"two"}],"more":true}
        ada >> {"type":"history","n":4,"room":"#tea","after":"0-4","before":"0-7"}
        ada << {"type":"history","n":4,*[{*"text":"two"},{*"text":"three"}],"more":false}
        ada >> {"type":"history","n":5,"room":"#tea","after":"0-7"}
        ada << {"type":"history","n":5,"room":"#tea","messages":[],"more":false}
        ada >> {"type":"history","n":6,"room":"#tea","before":"1-6"}
        ada << {"type":"error","n":6,"code":"no-such-message","text":"That is no id of this run of the server. Nothing was done. Ask without it."}
        "##,
    );
}

#[test]
fn only_who_is_in_a_room_reads_what_was_said_there() {
    transcript(
        r##"
        bob: web
        bob >> {"type":"join","room":"#tea"}
        bob >> {"type":"say","room":"#tea","text":"a secret"}
        ada: web
        ada >> {"type":"history","n":1,"room":"#tea"}
        ada << {"type":"error","n":1,"code":"not-in-room",*
        ada >> {"type":"search","n":2,"room":"#tea","text":"secret"}
        ada << {"type":"error","n":2,"code":"not-in-room",*
        ada >> {"type":"read","n":3,"room":"#tea","id":"0-3"}
        ada << {"type":"error","n":3,"code":"not-in-room",*
        ada >> {"type":"command","n":4,"room":"#tea","text":"/history 10"}
        ada << {"type":"error","n":4,"code":"not-in-room",*
        bob << ...
        "##,
    );
}

#[test]
fn who_comes_into_a_room_is_shown_what_was_said_last() {
    let limits = Limits { web_replay_lines: 2, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        bob: web
        bob >> {"type":"say","room":"#lobby","text":"one"}
        bob >> {"type":"say","room":"#lobby","text":"two"}
        bob >> {"type":"say","room":"#lobby","text":"three"}
        ada: json
        ada >> {"type":"hello","name":"ada"}
        ada << {"type":"welcome",*
        ada << {"type":"room",*"messages":[{"type":"message","id":"0-4",*"text":"two"},{"type":"message",*"text":"three"}],"more":true,"gap":false}
        bob << ...
        "##,
    );
}

#[test]
fn a_search_finds_the_latest_first_in_whatever_letters() {
    let limits = Limits { web_found_lines: 2, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        ada: web
        ada >> {"type":"say","room":"#lobby","text":"the KETTLE is on"}
        ada >> {"type":"say","room":"#lobby","text":"CAFÉ au lait"}
        ada >> {"type":"say","room":"#lobby","text":"which kettle?"}
        ada >> {"type":"say","room":"#lobby","text":"the Kettle."}
        ada >> {"type":"search","n":1,"room":"#lobby","text":" Kettle "}
        ada << {"type":"found","n":1,"room":"#lobby","messages":[{*"text":"the Kettle."},{*"text":"which kettle?"}],"more":true,"next":"0-5"}
        ada >> {"type":"search","n":2,"room":"#lobby","text":"kettle","before":"0-5"}
        ada << {"type":"found","n":2,*[{*"text":"the KETTLE is on"}],"more":false}
        ada >> {"type":"search","n":3,"room":"#lobby","text":"café"}
        ada << {"type":"found","n":3,*[{*"text":"CAFÉ au lait"}],"more":false}
        ada >> {"type":"search","n":4,"room":"#lobby","text":"  "}
        ada << {"type":"error","n":4,"code":"empty",*
        "##,
    );
}

#[test]
fn a_search_looks_through_so_much_at_a_time_and_says_where_to_go_on() {
    let limits = Limits { web_search_bytes: 10, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        ada: web
        ada >> {"type":"say","room":"#lobby","text":"the kettle"}
        ada >> {"type":"say","room":"#lobby","text":"something else"}
        ada >> {"type":"search","n":1,"room":"#lobby","text":"kettle"}
        ada << {"type":"found","n":1,"room":"#lobby","messages":[],"more":true,"next":"0-4"}
        ada >> {"type":"search","n":2,"room":"#lobby","text":"kettle","before":"0-4"}
        ada << {"type":"found","n":2,"room":"#lobby","messages":[{*"text":"the kettle"}],"more":false}
        "##,
    );
}

#[test]
fn what_is_taken_back_is_told_and_not_shown_again() {
    transcript(
        r##"
        kim: irc draft/message-redaction message-tags echo-message
        kim >> JOIN #lobby
        ada: web
        kim >> PRIVMSG #lobby :oops
        kim >> REDACT #lobby 0-5
        kim << ...
        ada << {"type":"message","id":"0-5",*
        ada << {"type":"redacted","seq":6,"time":*,"room":"#lobby","id":"0-5","by":"kim"}
        ada >> {"type":"history","n":1,"room":"#lobby"}
        ada << {"type":"history","n":1,"room":"#lobby","messages":[],"more":false}
        # Who was not there is told when it comes back.
        ada >> {"type":"join","n":2,"room":"#lobby","after":"0-5"}
        ada << {"type":"room",*"messages":[],"more":false,"gap":false,"redacted":["0-5"]}
        ada << {"type":"ack","n":2}
        "##,
    );
}
