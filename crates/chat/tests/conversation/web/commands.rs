use crate::transcript::transcript;

#[test]
fn commands_are_answered_as_people_with_nc_are() {
    transcript(
        r##"
        eve: nc
        ada: web
        eve << ...
        ada >> {"type":"command","n":1,"room":"#lobby","text":"/who"}
        ada << {"type":"info","room":"#lobby","text":"#lobby (2): ada, eve"}
        ada << {"type":"ack","n":1}
        ada >> {"type":"command","n":2,"text":"/rooms"}
        ada << {"type":"info","text":"  #lobby (2, you are in it)"}
        ada << {"type":"ack","n":2}
        ada >> {"type":"command","n":3,"room":"#lobby","text":"/me waves"}
        ada << {"type":"ack","n":3,"id":"*","seq":*,"time":*}
        eve << [14:02] * ada waves
        ada >> {"type":"command","n":4,"room":"#lobby","text":"just said"}
        ada << {"type":"ack","n":4,"id":"*","seq":*,"time":*}
        eve << [14:02] <ada> just said
        ada >> {"type":"command","n":5,"room":"#lobby","text":"/history 2"}
        ada << {"type":"info","room":"#lobby","text":"-- last 2 lines --\n[14:02] * ada waves\n[14:02] <ada> just said\n-- now --"}
        ada << {"type":"ack","n":5}
        ada >> {"type":"command","n":6,"text":"/msg eve psst"}
        ada << {"type":"private",*"to":"eve",*
        ada << {"type":"ack","n":6,"id":*
        eve << [14:02] <ada to you> psst
        ada >> {"type":"command","n":7,"text":"/join #tea"}
        ada << {"type":"room","room":"#tea",*
        ada << {"type":"ack","n":7}
        ada >> {"type":"command","n":8,"room":"#tea","text":"/part"}
        ada << {"type":"left",*"room":"#tea","name":"ada"}
        ada << {"type":"ack","n":8}
        ada >> {"type":"command","n":9,"text":"/nick ann"}
        ada << {"type":"renamed",*"from":"ada","to":"ann"}
        ada << {"type":"ack","n":9}
        eve << [14:02] * ada is now ann
        ada >> {"type":"command","text":"/topic"}
        ada << {"type":"info","text":"You are in no room. /join #ROOM first."}
        "##,
    );
}

#[test]
fn what_is_no_command_is_refused_and_no_room_is_said_so() {
    transcript(
        r##"
        ada: web
        ada >> {"type":"command","n":1,"text":"/dance"}
        ada << {"type":"error","n":1,"code":"bad-command","text":"No such command: /dance. Nothing was sent. Try /help."}
        ada >> {"type":"command","n":2,"text":"/nick"}
        ada << {"type":"error","n":2,"code":"bad-command","text":"Usage: /nick NAME. Nothing was sent."}
        ada >> {"type":"command","n":3,"room":"#none","text":"/who"}
        ada << {"type":"error","n":3,"code":"no-such-room",*
        ada >> {"type":"command","n":4,"room":"#lobby","text":"  "}
        ada << {"type":"error","n":4,"code":"empty",*
        ada >> {"type":"command","n":5,"text":"/join lobby lobby lobby"}
        ada << {"type":"info","text":"\"lobby lobby lobby\" will not do: *"}
        ada << {"type":"ack","n":5}
        ada >> {"type":"command","n":6,"text":"/help"}
        ada << {"type":"info","text":"  /nick NAME*says /text."}
        ada << {"type":"ack","n":6}
        "##,
    );
}

#[test]
fn who_quits_is_told_goodbye() {
    transcript(
        r##"
        bob: web
        ada: web
        bob << ...
        ada >> {"type":"command","n":1,"text":"/quit"}
        ada << {"type":"closing","code":"quit","text":"Quit"}
        ada << (close 1000 Quit)
        ada << (closed)
        bob << {"type":"quit",*"name":"ada","reason":"Quit"}
        "##,
    );
}
