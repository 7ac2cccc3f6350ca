//! Lines that are not as they should be.

use crate::harness::Chat;
use crate::transcript::{settings, transcript};

#[test]
fn what_can_be_no_command_is_refused_in_the_response_to_its_label() {
    transcript(
        "
        ada: irc labeled-response batch
        ada >> @label=1 NO_SUCH_THING x
        ada << @label=1 :Switchboard 421 ada NO_SUCH_THING :Unknown command
        ada >> @x=1;label=2 :ada /join #tea
        ada << @label=2 :Switchboard 421 ada /join :Unknown command
        ada >> @label=3
        ada << @label=3 :Switchboard 421 ada @label=3 :Unknown command
        bob: irc
        bob >> @label=1 /join #tea
        bob << :Switchboard 421 bob /join :Unknown command
        ",
    );
}

#[test]
fn what_is_no_utf8_is_not_said_but_keeps_nobody_from_coming_or_going() {
    let mut chat = Chat::with(settings());
    let (ada, bob) = (chat.connect(), chat.connect());
    chat.send(ada, b"CAP REQ :labeled-response batch standard-replies\r\nNICK \xe9va\r\n");
    assert!(chat.read(ada).ends_with(
        " 432 * \u{fffd}va :Erroneous nickname: a name cannot have '\u{fffd}' there\r\n"
    ));
    chat.send(ada, b"NICK ada\r\nUSER jos\xe9 0 * :Jos\xe9\r\nCAP END\r\nJOIN #tea\r\n");
    assert!(chat.read(ada).contains(" 001 ada :Welcome to Switchboard, ada!~jos@localhost\r\n"));
    chat.send(bob, b"NICK bob\r\nUSER bob 0 * :Bob\r\nJOIN #tea\r\n");
    chat.read(bob);
    chat.read(ada);

    chat.send(bob, b"PRIVMSG #tea :caf\xe9\r\n");
    let refusal = "Only UTF-8 is spoken here. Nothing was done; set your client to UTF-8.";
    chat.sees(bob, &[&format!(":Switchboard NOTICE bob :PRIVMSG: {refusal}")]);
    chat.send(ada, b"@label=7 PRIVMSG #tea :caf\xe9\r\n");
    chat.sees(ada, &[&format!("@label=7 :Switchboard FAIL PRIVMSG INVALID_UTF8 :{refusal}")]);
    chat.sees(bob, &[]);

    chat.send(ada, b"QUIT :\xc0 bient\xf4t\r\n");
    assert!(chat.is_closed(ada));
    chat.sees(bob, &[":ada!~jos@localhost QUIT :Quit: \u{fffd} bient\u{fffd}t"]);
}
