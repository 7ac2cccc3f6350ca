//! Secret rooms: for those outside there is none, whatever they ask.

use crate::transcript::transcript;

#[test]
fn a_secret_room_is_to_outsiders_as_one_that_is_not_there() {
    // The same questions about a secret room and about none have the same answers.
    let questions = |room: &str| {
        format!(
            "
            eve >> MODE {room}
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> MODE {room} b
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> MODE {room} +o eve
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> TOPIC {room}
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> NAMES {room}
            eve << :Switchboard 366 eve {room} :End of /NAMES list
            eve >> KICK {room} ada
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> INVITE ada {room}
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> RENAME {room} #mine
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> PART {room}
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> PRIVMSG {room} :hi
            eve << :Switchboard 403 eve {room} :No such channel
            eve >> PRIVMSG @{room} :hi
            eve << :Switchboard 403 eve {room} :No such channel
            sue >> /who {room}
            sue << There is no room {room}. Nothing was sent. /rooms lists them.
            sue >> /mode {room}
            sue << There is no room {room}. Nothing was sent. /rooms lists them.
            sue >> /msg {room} hi
            sue << There is no room {room}. Nothing was sent. /rooms lists them.
            sue >> /kick {room} ada
            sue << There is no room {room}. Nothing was sent. /rooms lists them.
            sue >> /part {room}
            sue << There is no room {room}. Nothing was sent. /rooms lists them.
            sue >> /rooms
            sue <<   #lobby (1, you are in it)
            "
        )
    };
    transcript(&format!(
        "
        ada: irc
        eve: irc
        sue: nc
        ada >> JOIN #tea
        ada >> MODE #tea +s-n
        ada << ...
        {}
        {}
        ada >> NAMES #tea
        ada << :Switchboard 353 ada @ #tea :@ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ada >> MODE #tea -s
        ada << :ada!~ada@localhost MODE #tea -s
        sue >> /rooms
        sue <<   #lobby (1, you are in it)
        sue <<   #tea (1)
        ada >> MODE #tea +p
        ada << :ada!~ada@localhost MODE #tea +p
        sue >> /rooms
        sue <<   #lobby (1, you are in it)
        sue >> /who #tea
        sue << #tea (1): ada
        eve >> NAMES #tea
        eve << :Switchboard 353 eve * #tea :@ada
        eve << :Switchboard 366 eve #tea :End of /NAMES list
        ",
        questions("#tea"),
        questions("#none"),
    ));
}
