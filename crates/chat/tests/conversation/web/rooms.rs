use crate::transcript::transcript;

#[test]
fn one_comes_and_goes_and_others_are_told() {
    transcript(
        r##"
        ada: web
        bob: web
        ada << ...
        ada >> {"type":"join","n":1,"room":"#tea"}
        ada << {"type":"room","room":"#tea","topic":"","members":[{"name":"ada","rank":"@"}],"count":1,"complete":true,"messages":[],"more":false,"gap":false}
        ada << {"type":"ack","n":1}
        bob >> {"type":"join","room":"#tea"}
        bob << {"type":"room","room":"#tea",*"members":[{"name":"bob"},{"name":"ada","rank":"@"}],"count":2,*
        ada << {"type":"joined",*"room":"#tea","name":"bob"}
        bob >> {"type":"leave","n":1,"room":"#tea","reason":"too\nhot"}
        bob << {"type":"left","seq":*,"time":*,"room":"#tea","name":"bob","reason":"too hot"}
        bob << {"type":"ack","n":1}
        ada << {"type":"left",*"room":"#tea","name":"bob","reason":"too hot"}
        bob >> {"type":"leave","n":2,"room":"#tea"}
        bob << {"type":"error","n":2,"code":"not-in-room","text":"You are not in \"#tea\". Nothing was done. Join it first."}
        bob >> {"type":"leave","n":3,"room":"#none"}
        bob << {"type":"error","n":3,"code":"no-such-room",*
        bob ends
        bob << {"type":"closing","code":"closed","text":"Connection closed"}
        bob << (close 1000 Connection closed)
        bob << (closed)
        ada << {"type":"quit","seq":*,"time":*,"name":"bob","reason":"Connection closed"}
        "##,
    );
}

#[test]
fn a_change_of_name_comes_once_whatever_rooms_are_shared() {
    transcript(
        r##"
        ada: web
        bob: web
        ada >> {"type":"join","room":"#tea"}
        bob >> {"type":"join","room":"#tea"}
        ada << ...
        bob << ...
        bob >> {"type":"nick","n":1,"name":"rob"}
        bob << {"type":"renamed","seq":*,"time":*,"from":"bob","to":"rob"}
        bob << {"type":"ack","n":1}
        ada << {"type":"renamed",*"from":"bob","to":"rob"}
        bob >> {"type":"nick","n":2,"name":"Ada"}
        bob << {"type":"error","n":2,"code":"name-taken","text":"\"Ada\" is taken; you are still rob."}
        bob >> {"type":"nick","n":3,"name":"guest-1"}
        bob << {"type":"error","n":3,"code":"bad-name","text":"*. You are still rob."}
        "##,
    );
}

#[test]
fn what_changes_in_a_room_comes_as_messages() {
    transcript(
        r##"
        ada: web
        ada >> {"type":"join","room":"#tea"}
        bob: web
        bob >> {"type":"join","room":"#tea"}
        ada << ...
        bob << ...
        ada >> {"type":"command","n":1,"room":"#tea","text":"/topic at five"}
        ada << {"type":"topic","seq":*,"time":*,"room":"#tea","by":"ada","text":"at five"}
        ada << {"type":"ack","n":1}
        bob << {"type":"topic",*"by":"ada","text":"at five"}
        ada >> {"type":"command","n":2,"room":"#tea","text":"/mode +vm bob"}
        ada << {"type":"modes",*"room":"#tea","by":"ada","text":"gave bob a voice\nset mode +m","ranks":[{"name":"bob","rank":"+","given":true}]}
        ada << {"type":"ack","n":2}
        bob << {"type":"modes",*
        bob >> {"type":"command","n":1,"room":"#tea","text":"/topic mine"}
        bob << {"type":"error","n":1,"code":"not-allowed","room":"#tea","text":"That takes a half-operator of #tea, or above. Nothing was done."}
        bob >> {"type":"command","n":2,"room":"#tea","text":"/mode -m"}
        bob << {"type":"error","n":2,"code":"not-allowed","text":"That takes an operator of #tea, or above. Nothing was done."}
        ada >> {"type":"command","n":3,"room":"#tea","text":"/mode -v bob"}
        ada << {"type":"modes",*"ranks":[{"name":"bob","rank":"+","given":false}]}
        ada << {"type":"ack","n":3}
        bob << ...
        ada >> {"type":"command","n":4,"room":"#tea","text":"/kick bob enough"}
        ada << {"type":"removed","seq":*,"time":*,"room":"#tea","by":"ada","name":"bob","reason":"enough"}
        ada << {"type":"ack","n":4}
        bob << {"type":"removed",*"room":"#tea","by":"ada","name":"bob","reason":"enough"}
        ada >> {"type":"command","n":5,"room":"#tea","text":"/invite bob"}
        ada << {"type":"info","room":"#tea","text":"bob is asked into #tea."}
        ada << {"type":"ack","n":5}
        bob << {"type":"info","text":"* ada asks you into #tea: /join #tea to go there"}
        "##,
    );
}

#[test]
fn who_is_away_and_who_is_typing_is_told() {
    transcript(
        r##"
        ada: web
        bob: web
        kim: irc message-tags
        kim >> JOIN #lobby
        ada << ...
        bob << ...
        kim << ...
        ada >> {"type":"typing","room":"#lobby","state":"active"}
        bob << {"type":"typing","room":"#lobby","name":"ada","state":"active"}
        kim << @msgid=*;+typing=active :ada!web@localhost TAGMSG #lobby
        kim >> @+typing=done TAGMSG #lobby
        ada << {"type":"typing","room":"#lobby","name":"kim","state":"done"}
        bob << {"type":"typing","room":"#lobby","name":"kim","state":"done"}
        kim >> @+draft/react=x TAGMSG #lobby
        ada >> {"type":"typing","n":1,"room":"#lobby","state":"done"}
        ada << {"type":"ack","n":1}
        bob << {"type":"typing",*
        kim << @*+typing=done :ada!web@localhost TAGMSG #lobby
        ada >> {"type":"command","n":2,"text":"/away tea"}
        ada << {"type":"presence","seq":*,"time":*,"name":"ada","away":"tea"}
        ada << {"type":"info","text":"You are away: tea. /away alone when you are back."}
        ada << {"type":"ack","n":2}
        bob << {"type":"presence",*"name":"ada","away":"tea"}
        eve: json
        eve >> {"type":"hello","name":"eve"}
        eve << {"type":"welcome",*
        eve << {"type":"room",*"members":[{"name":"eve"},{"name":"ada","away":"tea"},{"name":"bob"},{"name":"kim"}],*
        ada << ...
        bob << ...
        kim << ...
        ada >> {"type":"command","text":"/away"}
        ada << {"type":"presence","seq":*,"time":*,"name":"ada"}
        ada << {"type":"info","text":"You are back."}
        bob << {"type":"presence",*"name":"ada"}
        eve << {"type":"presence",*"name":"ada"}
        "##,
    );
}

#[test]
fn a_room_with_another_name_is_told_of_and_what_was_unread_has_the_old_one() {
    transcript(
        r##"
        kim: irc
        kim >> JOIN #tea
        ada: web
        ada >> {"type":"join","room":"#tea"}
        ada << ...
        kim << ...
        ada stops reading
        kim >> PRIVMSG #tea :one
        kim >> RENAME #tea #coffee
        kim >> PRIVMSG #coffee :two
        kim << ...
        ada reads again
        ada << {"type":"message",*"room":"#tea","from":"kim",*"text":"one"}
        ada << {"type":"room-renamed","seq":*,"time":*,"from":"#tea","to":"#coffee","by":"kim"}
        ada << {"type":"message",*"room":"#coffee",*"text":"two"}
        "##,
    );
}

#[test]
fn rooms_and_members_are_listed() {
    transcript(
        r##"
        kim: irc
        kim >> JOIN #tea,#covert
        kim >> MODE #covert +s
        kim >> TOPIC #tea :at five
        kim << ...
        ada: web
        ada >> {"type":"rooms","n":1}
        ada << {"type":"rooms","n":1,"rooms":[{"room":"#lobby","members":1,"topic":""},{"room":"#tea","members":1,"topic":"at five"}],"count":2}
        ada >> {"type":"members","n":2,"room":"#tea"}
        ada << {"type":"error","n":2,"code":"not-in-room",*
        ada >> {"type":"members","n":3,"room":"#covert"}
        ada << {"type":"error","n":3,"code":"no-such-room","text":"There is no room \"#covert\". Nothing was done."}
        ada >> {"type":"members","n":4,"room":"#Lobby"}
        ada << {"type":"members","n":4,"room":"#lobby","members":[{"name":"ada"}],"count":1,"complete":true}
        ada >> {"type":"members","room":"#lobby"}
        ada << {"type":"members","room":"#lobby","members":[{"name":"ada"}],"count":1,"complete":true}
        "##,
    );
}
