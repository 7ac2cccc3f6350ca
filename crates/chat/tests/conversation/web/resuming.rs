use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn who_comes_back_goes_on_where_it_was() {
    transcript(
        r##"
        bob: web
        ada: web
        ada >> {"type":"say","n":1,"room":"#lobby","text":"one"}
        ada << {"type":"ack","n":1,"id":"0-5",*
        bob >> {"type":"say","room":"#lobby","text":"two"}
        ada << {"type":"message","id":"0-6",*
        bob << ...
        ada resets
        bob << {"type":"quit",*"name":"ada","reason":"Connection reset"}
        bob >> {"type":"say","room":"#lobby","text":"three"}
        bob >> {"type":"say","room":"#lobby","text":"four"}
        -- 9 s
        kim: json
        kim >> {"type":"hello","token":"TOKEN(ada)","rooms":[{"room":"#lobby","after":"0-6"}]}
        kim << {"type":"welcome",*"name":"ada",*"resumed":true,"said":1,*
        kim << {"type":"room","room":"#lobby",*"messages":[{*"text":"three"},{*"text":"four"}],"more":false,"gap":false}
        bob << {"type":"joined",*"name":"ada"}
        "##,
    );
}

#[test]
fn what_was_said_is_not_said_again_and_what_was_not_is() {
    transcript(
        r##"
        bob: web
        ada: web
        bob << ...
        ada >> {"type":"say","n":1,"room":"#lobby","text":"one"}
        ada >> {"type":"say","n":2,"to":"bob","text":"two"}
        bob << {"type":"message",*"text":"one"}
        bob << {"type":"private",*"text":"two"}
        # Her connection breaks before she has read the answers.
        ada << ...
        ada resets
        kim: json
        kim >> {"type":"hello","token":"TOKEN(ada)","rooms":[{"room":"#lobby","after":"0-4"}]}
        kim << {"type":"welcome",*"resumed":true,"said":2,*
        kim << {"type":"room",*[{"type":"message","id":"0-5",*"from":"ada","kind":"say","text":"one"}],*
        kim >> {"type":"say","n":1,"room":"#lobby","text":"one"}
        kim << {"type":"ack","n":1,"id":"0-5","seq":5,"time":1795269720000,"duplicate":true}
        kim >> {"type":"say","n":2,"to":"bob","text":"two"}
        kim << {"type":"ack","n":2,"id":"0-6","seq":6,"time":1795269720000,"duplicate":true}
        kim >> {"type":"say","n":3,"room":"#lobby","text":"three"}
        kim << {"type":"ack","n":3,"id":"0-a",*
        bob << {"type":"quit",*
        bob << {"type":"joined",*
        bob << {"type":"message",*"text":"three"}
        "##,
    );
}

#[test]
fn what_was_refused_counts_as_not_said() {
    transcript(
        r##"
        bob: irc
        bob >> JOIN #tea
        bob >> MODE #tea +m
        ada: web
        ada >> {"type":"join","room":"#tea"}
        ada << ...
        ada >> {"type":"say","n":5,"room":"#tea","text":"hi"}
        ada << {"type":"error","n":5,"code":"silenced",*
        bob >> MODE #tea -m
        ada << {"type":"modes",*
        bob << ...
        ada >> {"type":"say","n":5,"room":"#tea","text":"hi"}
        ada << {"type":"ack","n":5,"id":*
        bob << :ada!web@localhost PRIVMSG #tea :hi
        ada >> {"type":"say","n":5,"room":"#tea","text":"hi"}
        ada << {"type":"ack","n":5,"id":*"duplicate":true}
        # Also if something else was said since.
        bob >> MODE #tea +m
        ada << {"type":"modes",*
        ada >> {"type":"say","n":6,"room":"#tea","text":"hello"}
        ada << {"type":"error","n":6,"code":"silenced",*
        ada >> {"type":"say","n":7,"room":"#lobby","text":"hello"}
        ada << {"type":"ack","n":7,*
        ada >> {"type":"say","n":6,"room":"#tea","text":"hello"}
        ada << {"type":"error","n":6,"code":"silenced",*
        bob << ...
        "##,
    );
}

#[test]
fn only_so_many_are_remembered_with_their_ids() {
    let limits = Limits { resumable_says: 1, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        ada: web
        ada >> {"type":"say","n":1,"room":"#lobby","text":"one"}
        ada >> {"type":"say","n":2,"room":"#lobby","text":"two"}
        ada << ...
        ada >> {"type":"say","n":1,"room":"#lobby","text":"one"}
        ada << {"type":"ack","n":1,"duplicate":true}
        ada >> {"type":"say","n":2,"room":"#lobby","text":"two"}
        ada << {"type":"ack","n":2,"id":"0-4",*"duplicate":true}
        "##,
    );
}

#[test]
fn a_connection_that_is_still_there_makes_way() {
    transcript(
        r##"
        bob: web
        ada: web
        bob << ...
        ada >> {"type":"nick","name":"ann"}
        ada << ...
        bob << ...
        kim: json
        kim >> {"type":"hello","token":"TOKEN(ada)"}
        ada << {"type":"closing","code":"resumed-elsewhere","text":"You are connected elsewhere now: this connection is closed."}
        ada << (close 1008 You are connected elsewhere now: this connection is closed.)
        ada << (closed)
        kim << {"type":"welcome",*"name":"ann",*"resumed":true,*
        kim << {"type":"room",*
        bob << {"type":"quit",*"name":"ann","reason":"Connected elsewhere"}
        bob << {"type":"joined",*"name":"ann"}
        # And back.
        ada: json
        ada >> {"type":"hello","token":"TOKEN(kim)","name":"ada"}
        kim << {"type":"closing","code":"resumed-elsewhere",*
        kim << (close 1008 *)
        kim << (closed)
        ada << {"type":"welcome",*"name":"ada",*"resumed":true,*
        ada << {"type":"room",*
        bob << ...
        "##,
    );
}

#[test]
fn a_hello_that_was_overtaken_by_a_later_one_does_not_take_over() {
    transcript(
        r##"
        ada: json
        ada >> {"type":"hello","n":1,"name":"ada"}
        ada << {"type":"welcome",*
        ada << {"type":"room",*
        ada << {"type":"ack","n":1}
        kim: json
        joe: json
        joe >> {"type":"hello","n":3,"token":"TOKEN(ada)"}
        ada << ...
        joe << {"type":"welcome",*"resumed":true,*
        joe << {"type":"room",*
        joe << {"type":"ack","n":3}
        kim >> {"type":"hello","n":2,"token":"TOKEN(ada)"}
        kim << {"type":"closing","code":"resumed-elsewhere","text":"You have connected again since: this connection is closed."}
        kim << (close 1008 *)
        kim << (closed)
        "##,
    );
}

#[test]
fn a_guest_comes_back_as_the_same_guest_and_nobody_else_does() {
    transcript(
        r##"
        ada: json
        ada >> {"type":"hello"}
        ada << {"type":"welcome",*"name":"guest-1",*
        ada << {"type":"room",*
        ada resets
        eve: json
        eve >> {"type":"hello","name":"guest-1"}
        eve << {"type":"welcome",*"name":"guest-2",*
        eve << {"type":"room",*
        bob: json
        bob >> {"type":"hello","token":"TOKEN(ada)","name":"guest-1"}
        bob << {"type":"welcome",*"name":"guest-1",*"resumed":true,*
        bob << {"type":"room",*
        eve << ...
        "##,
    );
}

#[test]
fn a_name_that_was_taken_meanwhile_stays_with_who_has_it() {
    transcript(
        r##"
        ada: web
        ada resets
        eve: web
        eve >> {"type":"nick","name":"ada"}
        eve << ...
        kim: json
        kim >> {"type":"hello","token":"TOKEN(ada)"}
        kim << {"type":"welcome",*"name":"guest-1",*"resumed":true,*
        kim << {"type":"room",*
        kim << {"type":"info","text":"\"ada\" is taken."}
        eve << ...
        "##,
    );
}

#[test]
fn after_ten_minutes_or_with_no_token_of_ours_one_is_new() {
    transcript(
        r##"
        ada: web
        ada >> {"type":"say","n":1,"room":"#lobby","text":"one"}
        ada << ...
        ada resets
        -- 599 s
        bob: json
        bob >> {"type":"hello","token":"TOKEN(ada)"}
        bob << {"type":"welcome",*"name":"ada",*"resumed":true,"said":1,*
        bob << {"type":"room",*
        bob resets
        -- 600 s
        kim: json
        kim >> {"type":"hello","name":"ada","token":"TOKEN(ada)"}
        kim << {"type":"welcome",*"name":"ada",*"resumed":false,"said":0,*
        kim << {"type":"room",*
        joe: json
        joe >> {"type":"hello","token":"nonsense"}
        joe << {"type":"welcome",*"name":"guest-1",*"resumed":false,*
        joe << {"type":"room",*
        kim << ...
        "##,
    );
}

#[test]
fn a_gap_is_told_and_so_is_more_than_fits() {
    let limits = Limits { web_replay_lines: 2, ..settings().limits };
    transcript_with(
        Settings { limits, room_history: 4, ..settings() },
        r##"
        bob: web
        ada: web
        bob >> {"type":"say","room":"#lobby","text":"0"}
        bob >> {"type":"say","room":"#lobby","text":"1"}
        bob >> {"type":"say","room":"#lobby","text":"2"}
        bob >> {"type":"say","room":"#lobby","text":"3"}
        bob >> {"type":"say","room":"#lobby","text":"4"}
        bob << ...
        ada << ...
        # All is kept behind 0, which is not itself.
        ada >> {"type":"join","room":"#lobby","after":"0-5"}
        ada << {"type":"room",*[{"type":"message","id":"0-8",*"text":"3"},{*"text":"4"}],"more":true,"gap":false}
        ada >> {"type":"history","n":1,"room":"#lobby","after":"0-5","before":"0-8"}
        ada << {"type":"history","n":1,*[{*"text":"1"},{*"text":"2"}],"more":false}
        ada >> {"type":"join","room":"#lobby","after":"0-7"}
        ada << {"type":"room",*[{*"text":"3"},{*"text":"4"}],"more":false,"gap":false}
        # Behind what came before it is not.
        ada >> {"type":"join","room":"#lobby","after":"0-4"}
        ada << {"type":"room",*[{*"text":"3"},{*"text":"4"}],"more":true,"gap":true}
        # Nor is anything known of another run of the server.
        ada >> {"type":"join","room":"#lobby","after":"abc-4"}
        ada << {"type":"room",*[{*"text":"3"},{*"text":"4"}],"more":true,"gap":true}
        "##,
    );
}

#[test]
fn a_room_that_was_made_anew_has_a_gap() {
    transcript(
        r##"
        ada: web
        ada >> {"type":"join","room":"#tea"}
        ada >> {"type":"say","room":"#tea","text":"one"}
        ada << ...
        ada resets
        bob: web
        bob >> {"type":"join","room":"#tea"}
        bob << ...
        kim: json
        kim >> {"type":"hello","token":"TOKEN(ada)","rooms":[{"room":"#tea","after":"0-4"}]}
        kim << {"type":"welcome",*
        kim << {"type":"room","room":"#tea",*"messages":[],"more":false,"gap":true}
        bob << {"type":"joined",*
        "##,
    );
}

#[test]
fn how_far_one_has_read_is_kept_and_goes_with_the_room() {
    transcript(
        r##"
        ada: web
        ada >> {"type":"join","room":"#tea"}
        ada >> {"type":"say","room":"#tea","text":"one"}
        ada >> {"type":"say","room":"#tea","text":"two"}
        ada << ...
        ada >> {"type":"read","room":"#tea","id":"0-5"}
        ada >> {"type":"read","n":1,"room":"#TEA","id":"0-4"}
        ada << {"type":"ack","n":1}
        ada >> {"type":"read","n":2,"room":"#tea","id":"0-ff"}
        ada << {"type":"error","n":2,"code":"no-such-message",*
        ada >> {"type":"read","n":3,"room":"#none","id":"0-4"}
        ada << {"type":"error","n":3,"code":"no-such-room",*
        ada resets
        kim: json
        kim >> {"type":"hello","token":"TOKEN(ada)","rooms":[{"room":"#tea"}]}
        kim << {"type":"welcome",*
        kim << {"type":"room","room":"#tea",*"read":"0-5"}
        "##,
    );
}
