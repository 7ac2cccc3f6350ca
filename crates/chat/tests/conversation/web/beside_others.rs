use crate::transcript::transcript;

/// `text` with control characters for what stands there for them.
fn controls(text: &str) -> String {
    let text = text.replace("^A", "\u{1}").replace("^B", "\u{2}");
    text.replace("^C", "\u{3}").replace("^O", "\u{f}")
}

#[test]
fn people_of_all_dialects_are_in_one_conversation() {
    transcript(&controls(
        r##"
        eve: nc
        kim: irc
        kim >> JOIN #lobby
        ada: web
        eve << ...
        kim << ...
        ada >> {"type":"say","n":1,"room":"#lobby","text":"hello all"}
        eve << [14:02] <ada> hello all
        kim << :ada!web@localhost PRIVMSG #lobby :hello all
        ada << {"type":"ack","n":1,*
        eve >> hi ada
        ada << {"type":"message",*"from":"eve","kind":"say","text":"hi ada"}
        kim << :eve!nc@localhost PRIVMSG #lobby :hi ada
        kim >> PRIVMSG #lobby :^AACTION nods^A
        ada << {"type":"message",*"from":"kim","kind":"act","text":"nods"}
        eve << ...
        kim >> PRIVMSG #lobby :^Bbold^B ^C04,02colours^O
        ada << {"type":"message",*"from":"kim",*"text":"bold colours"}
        eve << ...
        kim >> TOPIC #lobby :about
        kim << ...
        kim >> PART #lobby :bye
        kim << ...
        ada << {"type":"left",*"name":"kim","reason":"bye"}
        eve << ...
        kim >> WHOIS ada
        kim << :Switchboard 311 kim ada web localhost * :with a browser
        kim << ...
        "##,
    ));
}

#[test]
fn what_clients_ask_each_other_is_nothing_to_a_page() {
    transcript(&controls(
        r##"
        kim: irc setname chghost
        kim >> JOIN #lobby
        kim << ...
        ada: web
        kim << ...
        kim >> PRIVMSG #lobby :^AVERSION^A
        kim >> SETNAME :Somebody else
        kim << ...
        kim >> PRIVMSG ada :^APING 1^A
        ada >> {"type":"ping","n":1}
        ada << {"type":"ack","n":1}
        "##,
    ));
}
