use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn what_one_says_is_acknowledged_and_others_have_it() {
    transcript(
        r##"
        ada: web
        bob: web
        ada << {"type":"joined","seq":4,"time":1795269720000,"room":"#lobby","name":"bob"}
        ada >> {"type":"say","n":1,"room":"#lobby","text":"hello"}
        ada << {"type":"ack","n":1,"id":"0-5","seq":5,"time":1795269720000}
        bob << {"type":"message","id":"0-5","seq":5,"time":1795269720000,"room":"#lobby","from":"ada","kind":"say","text":"hello"}
        bob >> {"type":"say","room":"#LOBBY","text":"waves","kind":"act"}
        ada << {"type":"message","id":"0-6",*"room":"#lobby","from":"bob","kind":"act","text":"waves"}
        bob >> {"type":"say","n":1,"room":"#lobby","text":"no answer, please","kind":"notice"}
        ada << {"type":"message",*"kind":"notice","text":"no answer, please"}
        bob << {"type":"ack","n":1,"id":"0-7",*
        "##,
    );
}

#[test]
fn what_one_says_stands_at_its_place_among_what_others_say() {
    transcript(
        r##"
        ada: web
        bob: web
        ada << ...
        ada stops reading
        bob >> {"type":"say","room":"#lobby","text":"one"}
        ada >> {"type":"say","n":1,"room":"#lobby","text":"two"}
        bob >> {"type":"say","room":"#lobby","text":"three"}
        ada >> {"type":"nick","n":2,"name":"Ann"}
        bob >> {"type":"say","room":"#lobby","text":"four"}
        ada reads again
        ada << {"type":"message","id":"0-5",*"text":"one"}
        ada << {"type":"ack","n":1,"id":"0-6",*
        ada << {"type":"message","id":"0-7",*"text":"three"}
        ada << {"type":"renamed","seq":8,*"from":"ada","to":"Ann"}
        ada << {"type":"ack","n":2}
        ada << {"type":"message","id":"0-9",*"text":"four"}
        bob << ...
        "##,
    );
}

#[test]
fn a_text_of_several_lines_is_one_message_and_clean() {
    transcript(
        r##"
        eve: nc
        ada: web
        bob: web
        kim: irc draft/multiline batch message-tags server-time
        kim >> JOIN #lobby
        ada << ...
        bob << ...
        kim << ...
        eve << ...
        ada >> {"type":"say","n":1,"room":"#lobby","text":"one\u000d\n\u000d\n\u0001two\u001b[31m \u202e<b>\n\n"}
        ada << {"type":"ack","n":1,*
        bob << {"type":"message",*"text":"one\n\ntwo <b>"}
        eve << [14:02] <ada> one
        eve << [14:02] <ada> 
        eve << [14:02] <ada> two <b>
        kim << *BATCH +m* draft/multiline #lobby
        kim << *PRIVMSG #lobby :one
        kim << *PRIVMSG #lobby :
        kim << *PRIVMSG #lobby :two <b>
        kim << :Switchboard BATCH -m*
        "##,
    );
}

#[test]
fn nothing_and_too_much_are_refused_with_a_reason() {
    let long = "x".repeat(4097);
    let lines = "x\\n".repeat(100);
    let text = r##"
        ada: web
        ada >> {"type":"say","n":1,"room":"#lobby","text":" \n\u0007\n "}
        ada << {"type":"error","n":1,"code":"empty","text":"There is nothing to say in that. Nothing was sent."}
        ada >> {"type":"say","n":2,"room":"#lobby","text":"LONG"}
        ada << {"type":"error","n":2,"code":"too-long","text":"That is 4,097 bytes; the limit is 4,096. Nothing was sent."}
        ada >> {"type":"say","n":3,"room":"#lobby","text":"LINESx"}
        ada << {"type":"error","n":3,"code":"too-long","text":"That is 101 lines; the limit is 100. Nothing was sent."}
        ada >> {"type":"say","n":4,"room":"#lobby","text":"LINES"}
        ada << {"type":"ack","n":4,*
        ada >> {"type":"say","n":5,"room":"#none","text":"x"}
        ada << {"type":"error","n":5,"code":"no-such-room","text":"There is no room \"#none\". Nothing was done."}
        ada >> {"type":"say","n":6,"to":"nobody","text":"x"}
        ada << {"type":"error","n":6,"code":"no-such-person","text":"There is no \"nobody\" here. Nothing was sent."}
        "##;
    transcript(&text.replace("LONG", &long).replace("LINES", &lines));
}

#[test]
fn a_room_that_one_may_not_speak_in_says_why() {
    transcript(
        r##"
        bob: irc
        bob >> JOIN #tea
        bob >> MODE #tea +m
        bob << ...
        ada: web
        ada >> {"type":"say","n":1,"room":"#tea","text":"hi"}
        ada << {"type":"error","n":1,"code":"not-in-room","room":"#tea","text":"You are not in #tea. Nothing was sent. /join #tea first."}
        ada >> {"type":"join","n":2,"room":"#tea"}
        ada << {"type":"room","room":"#tea",*
        ada << {"type":"ack","n":2}
        ada >> {"type":"say","n":3,"room":"#tea","text":"hi"}
        ada << {"type":"error","n":3,"code":"silenced","room":"#tea","text":"#tea does not let you speak: only those with a voice may, for now. Nothing was sent."}
        bob << :ada!web@localhost JOIN #tea
        "##,
    );
}

#[test]
fn what_is_said_to_one_person_comes_to_both() {
    transcript(
        r##"
        eve: nc
        ada: web
        bob: web
        kim: irc
        ada << ...
        bob << ...
        eve << ...
        ada >> {"type":"say","n":1,"to":"BOB","text":"psst"}
        ada << {"type":"private","id":"0-*","seq":*,"time":1795269*,"from":"ada","to":"bob","kind":"say","text":"psst"}
        ada << {"type":"ack","n":1,"id":"0-*","seq":*,"time":*}
        bob << {"type":"private",*"from":"ada","to":"bob","kind":"say","text":"psst"}
        kim >> PRIVMSG ada :and me?
        ada << {"type":"private",*"from":"kim","to":"ada","kind":"say","text":"and me?"}
        ada >> {"type":"say","n":2,"to":"kim","text":"you too","kind":"notice"}
        ada << {"type":"private",*
        ada << {"type":"ack","n":2,*
        kim << :ada!web@localhost NOTICE kim :you too
        ada >> {"type":"say","n":3,"to":"eve","text":"and you"}
        ada << {"type":"private",*
        ada << {"type":"ack","n":3,*
        eve << [14:02] <ada to you> and you
        ada >> {"type":"say","n":4,"to":"ada","text":"hm"}
        ada << {"type":"error","n":4,"code":"not-allowed","text":"That is you. Nothing was sent."}
        kim >> AWAY :tea
        kim << ...
        ada >> {"type":"say","n":5,"to":"kim","text":"there?"}
        ada << {"type":"private",*
        ada << {"type":"ack","n":5,*
        ada << {"type":"info","text":"kim is away: tea"}
        kim << :ada!web@localhost PRIVMSG kim :there?
        "##,
    );
}

#[test]
fn who_waits_for_having_been_too_fast_is_not_silent_meanwhile() {
    let (lines, limits) = (vec!["tea"; 100].join("\\n"), Limits::default());
    let says = |n| format!(r##"{{"type":"say","n":{n},"room":"#lobby","text":"{lines}"}}"##);
    let mut script = String::from("ada: web\nbob: web\nada << ...\n");
    (1..=4).for_each(|n| script += &format!("ada >> {}\n", says(n)));
    script += "bob << ...\nada << {\"type\":\"ack\",\"n\":1,*\nada << {\"type\":\"info\",*\n";
    // The second waits for 46 s, each that follows for 50 more.
    for n in 2..=4 {
        script += &"-- 10 s\nbob >> {\"type\":\"ping\"}\n".repeat(5);
        script += &format!("bob << ...\nada << {{\"type\":\"ack\",\"n\":{n},*\n");
    }
    transcript_with(Settings { limits, ..settings() }, &script);
}

#[test]
fn who_is_too_fast_waits_and_each_line_counts() {
    transcript_with(
        Settings { limits: Limits::default(), ..settings() },
        r##"
        ada: web
        bob: web
        ada << ...
        -- 10 s
        ada >> {"type":"say","n":1,"room":"#lobby","text":"1\n2\n3\n4\n5\n6\n7\n8"}
        bob << {"type":"message",*
        ada << {"type":"ack","n":1,*
        ada >> {"type":"say","n":2,"room":"#lobby","text":"9"}
        ada << {"type":"info","text":"Slow down: the next line waits 0.5 s, those behind it longer."}
        -- 400 ms
        -- 100 ms
        ada << {"type":"ack","n":2,*
        bob << {"type":"message",*"text":"9"}
        "##,
    );
}
