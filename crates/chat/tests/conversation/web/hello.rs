use chat::{Limits, Settings};

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn hello_is_answered_with_a_welcome_and_the_lobby() {
    transcript(
        r##"
        ada: json
        ada >> {"type":"hello","name":"ada"}
        ada << {"type":"welcome","protocol":"switchboard.v1","server":"Switchboard","name":"ada","token":"*","resumed":false,"said":0,"epoch":"0","lobby":"#lobby","motd":[],"commands":["/nick","/join","/part",*],"limits":{"text_bytes":4096,"lines":100,"name_bytes":32,"room_name_bytes":64,"topic_bytes":340,"rooms":100,"history":100}}
        ada << {"type":"room","room":"#lobby","topic":"","members":[{"name":"ada"}],"count":1,"complete":true,"messages":[],"more":false,"gap":false}
        "##,
    );
}

#[test]
fn who_has_no_name_is_a_guest_and_who_wants_a_taken_one_too() {
    transcript(
        r##"
        eve: nc
        ada: json
        ada >> {"type":"hello"}
        ada << {"type":"welcome",*"name":"guest-2",*
        ada << {"type":"room",*"members":[{"name":"guest-2"},{"name":"eve"}],"count":2,*
        bob: json
        bob >> {"type":"hello","name":"Eve"}
        bob << {"type":"welcome",*"name":"guest-3",*
        bob << {"type":"room",*
        bob << {"type":"info","text":"\"Eve\" is taken."}
        kim: json
        kim >> {"type":"hello","name":"a b","n":1}
        kim << {"type":"welcome",*"name":"guest-4",*
        kim << {"type":"room",*
        kim << {"type":"info","text":"\"a b\" will not do: *."}
        kim << {"type":"ack","n":1}
        joe: json
        joe >> {"type":"hello","name":"guest-4"}
        joe << {"type":"welcome",*"name":"guest-5",*
        joe << {"type":"room",*
        eve << ...
        ada << ...
        bob << ...
        kim << ...
        "##,
    );
}

#[test]
fn hello_comes_first_and_once() {
    transcript(
        r##"
        ada: json
        ada >> {"type":"say","n":1,"room":"#lobby","text":"hi"}
        ada << {"type":"error","n":1,"code":"hello-first","text":"Say hello first. Nothing was done."}
        ada >> {"type":"ping"}
        ada << {"type":"error","code":"hello-first","text":"Say hello first. Nothing was done."}
        ada >> {"type":"hello","name":"ada"}
        ada << ...
        ada >> {"type":"hello","n":2,"name":"bob"}
        ada << {"type":"error","n":2,"code":"hello-twice","text":"You have said hello before. Nothing was done."}
        "##,
    );
}

#[test]
fn who_does_not_say_hello_is_told_so_and_closed() {
    transcript(
        r##"
        ada: json
        -- 29 s
        -- 1 s
        ada << {"type":"closing","code":"not-welcome","text":"No hello came in 30 s."}
        ada << (close 1008 No hello came in 30 s.)
        ada << (closed)
        "##,
    );
}

#[test]
fn one_comes_into_the_rooms_one_wants_and_is_told_of_those_that_do_not_let_one_in() {
    transcript(
        r##"
        bob: irc
        bob >> JOIN #tea,#vip
        bob >> MODE #vip +k sesame
        bob >> TOPIC #tea :at five
        bob << ...
        ada: json
        ada >> {"type":"hello","name":"ada","rooms":[{"room":"#tea"},{"room":"#vip"},{"room":"tea time"},{"room":"#vip","key":"sesame"},{"room":"#TEA"}]}
        ada << {"type":"welcome",*
        ada << {"type":"room","room":"#tea","topic":"at five","members":[{"name":"ada"},{"name":"bob","rank":"@"}],"count":2,*
        ada << {"type":"error","code":"closed","room":"#vip","text":"#vip does not let you in: it has a key. /join #ROOM KEY, if you know it."}
        ada << {"type":"error","code":"bad-name","room":"tea time","text":"*"}
        ada << {"type":"room","room":"#vip",*
        # Who is there already is shown it again.
        ada << {"type":"room","room":"#tea",*
        bob << :ada!web@localhost JOIN #tea
        bob << :ada!web@localhost JOIN #vip
        "##,
    );
}

#[test]
fn a_password_is_asked_for_and_may_be_tried_again() {
    let password = Some("open sesame".into());
    transcript_with(
        Settings { password, ..settings() },
        r##"
        ada: json
        ada >> {"type":"hello","name":"ada"}
        ada << {"type":"error","code":"password","text":"This server asks for a password. Say hello again with it."}
        ada >> {"type":"hello","n":1,"name":"ada","password":"please"}
        ada << {"type":"error","n":1,"code":"password","text":"That is not the password. Say hello again with it."}
        ada >> {"type":"hello","name":"ada","password":"open sesame"}
        ada << {"type":"welcome",*
        ada << {"type":"room",*
        eve: json
        eve >> {"type":"hello","password":"a"}
        eve >> {"type":"hello","password":"b"}
        eve << ...
        eve >> {"type":"hello","password":"c"}
        eve << {"type":"closing","code":"not-welcome","text":"That is not the password. You are not let in."}
        eve << (close 1008 That is not the password. You are not let in.)
        eve << (closed)
        "##,
    );
}

#[test]
fn one_says_hello_to_no_more_rooms_than_one_may_be_in() {
    let limits = Limits { rooms_per_member: 2, ..settings().limits };
    transcript_with(
        Settings { limits, ..settings() },
        r##"
        ada: json
        ada >> {"type":"hello","name":"ada","rooms":[{"room":"#a"},{"room":"#b"},{"room":"#c"}]}
        ada << {"type":"error","code":"too-many","text":"Nobody is in more than 2 rooms. Say hello again with fewer."}
        ada >> {"type":"hello","name":"ada","rooms":[{"room":"#a"},{"room":"#b"}]}
        ada << {"type":"welcome",*
        ada << {"type":"room","room":"#a",*
        ada << {"type":"room","room":"#b",*
        ada >> {"type":"join","n":1,"room":"#c"}
        ada << {"type":"error","n":1,"code":"too-many","room":"#c","text":"You are in 2 rooms, which is the limit. /part from one first."}
        "##,
    );
}

#[test]
fn what_is_no_request_is_answered_and_does_no_harm() {
    transcript(
        r##"
        ada: web
        ada >> hello
        ada << {"type":"error","code":"not-json","text":"*"}
        ada >> {"type":"dance","n":7}
        ada << {"type":"error","n":7,"code":"unknown-type","text":"There is no request of the type \"dance\". Nothing was done."}
        ada >> {"type":"join","n":8}
        ada << {"type":"error","n":8,"code":"bad-request","text":"That request cannot be understood: missing field `room`*. Nothing was done."}
        ada >> {"type":"say","n":9,"room":"#lobby","to":"ada","text":"x"}
        ada << {"type":"error","n":9,"code":"bad-request","text":"Something is said in a room, or to somebody. Nothing was sent."}
        ada >> {"type":"ping","n":10,"later":{"more":[]}}
        ada << {"type":"ack","n":10}
        ada >> {"type":"ping"}
        "##,
    );
}
