//! MODE of rooms: asked, changed, refused; shown in both dialects.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn many_changes_are_one_message_of_what_has_changed() {
    transcript(
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada << ...
        bob << ...
        eve << ...
        ada >> MODE #tea
        ada << :Switchboard 324 ada #tea +nt
        ada << :Switchboard 329 ada #tea 1795269*
        ada >> MODE #tea +ntis-t+ov-o+lk bob EVE nobody 20 word
        ada << :ada!~ada@localhost MODE #tea +is-t+ovlk bob eve 20 word
        ada << :Switchboard 401 ada nobody :No such nick/channel
        bob << :ada!~ada@localhost MODE #tea +is-t+ovlk bob eve 20 word
        eve << [14:02] * ada made bob an operator
        eve << [14:02] * ada gave eve a voice
        eve << [14:02] * ada set mode +is-t+lk 20 word
        bob >> MODE #tea
        bob << :Switchboard 324 bob #tea +insk*l word 20
        bob << :Switchboard 329 bob #tea *
        eve >> /mode
        eve << #tea has mode +inskl word 20
        ada >> MODE #tea +i-k+f word #tea
        ada << :ada!~ada@localhost MODE #tea -k *
        ada << :Switchboard 696 ada #tea f #tea :There is no such channel to forward to
        bob << :ada!~ada@localhost MODE #tea -k *
        eve << [14:02] * ada set mode -k *
        ada >> MODE #tea -lov+v bob eve eve
        ada << :ada!~ada@localhost MODE #tea -lov+v bob eve eve
        bob << :ada!~ada@localhost MODE #tea -lov+v bob eve eve
        eve << ...
        ada >> MODE #tea +nis
        ",
    );
}

#[test]
fn what_is_wrong_has_its_number() {
    transcript(
        "
        ada: irc
        bob: irc
        sue: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> MODE #tea +Z
        ada << :Switchboard 472 ada Z :is unknown mode char to me for #tea
        ada >> MODE #tea +o
        ada << :Switchboard 461 ada MODE :Not enough parameters: o needs one
        ada >> MODE #tea +k :with spaces
        ada << :Switchboard 696 ada #tea k * :a key is one word without commas
        ada >> MODE #tea +k :
        ada << :Switchboard 696 ada #tea k * :a key is one word without commas
        ada >> MODE #tea +l -1
        ada << :Switchboard 696 ada #tea l -1 :a limit is a whole number from 1 up
        ada >> MODE #tea +o sue
        ada << :Switchboard 441 ada sue #tea :They aren't on that channel
        bob >> MODE #tea +iov bob bob
        bob << :Switchboard 482 bob #tea :You must be an operator of the channel, or above
        bob << :Switchboard 482 bob #tea :You must be a half-operator of the channel, or above
        sue >> MODE #tea +i
        sue << :Switchboard 442 sue #tea :You're not on that channel
        sue >> MODE #tea +Z
        sue << :Switchboard 442 sue #tea :You're not on that channel
        sue >> MODE #tea b
        sue << :Switchboard 442 sue #tea :You're not on that channel
        sue >> MODE #none
        sue << :Switchboard 403 sue #none :No such channel
        sue >> MODE
        sue << :Switchboard 461 sue MODE :Not enough parameters
        ",
    );
}

#[test]
fn more_than_twelve_with_parameters_are_not_made_and_that_is_said() {
    transcript(
        "
        ada: irc standard-replies
        ada >> JOIN #tea
        ada << ...
        ada >> MODE #tea +bbbbbbbbbbbbb a b c d e f g h i j k l m
        ada << :Switchboard FAIL MODE TOO_MANY_CHANGES #tea :At most 12 changes with parameters at a time: the ones after those were not made
        ada << :ada!~ada@localhost MODE #tea +bbbbbbbbbbbb a!*@* b!*@* c!*@* d!*@* e!*@* f!*@* g!*@* h!*@* i!*@* j!*@* k!*@* l!*@*
        ",
    );
}

#[test]
fn changes_that_do_not_fit_one_message_are_several() {
    // One that a client can send and that is longer when its masks are whole.
    let masks: Vec<String> = (0..12).map(|n| format!("{n}@{}", "x".repeat(34))).collect();
    let (first, second) = masks.split_at(11);
    let whole = |masks: &[String]| -> Vec<String> {
        masks.iter().map(|mask| format!("*!{mask}")).collect()
    };
    transcript(&format!(
        "
        ada: irc message-tags server-time
        ada >> JOIN #tea
        ada << ...
        ada >> MODE #tea +bbbbbbbbbbbb {}
        ada << @time=*;msgid=* :ada!~ada@localhost MODE #tea +{} {}
        ada << @time=* :ada!~ada@localhost MODE #tea +b {}
        ",
        masks.join(" "),
        "b".repeat(first.len()),
        whole(first).join(" "),
        whole(second).join(" "),
    ));
}

#[test]
fn lists_are_shown_to_members_and_are_bounded() {
    let mut settings = settings();
    settings.limits.room_masks = 3;
    transcript_with(
        settings,
        "
        ada: irc
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada << ...
        bob << ...
        eve << ...
        ada >> MODE #tea +beIb 192.0.2.* m:eve ada eve
        ada << :ada!~ada@localhost MODE #tea +beI *!*@192.0.2.* m:eve!*@* ada!*@*
        ada << :Switchboard 478 ada #tea b :The channel's lists have 3 masks, which is the limit
        bob << :ada!~ada@localhost MODE #tea +beI *!*@192.0.2.* m:eve!*@* ada!*@*
        eve << [14:02] * ada set mode +beI *!*@192.0.2.* m:eve!*@* ada!*@*
        bob >> MODE #tea +b
        bob << :Switchboard 367 bob #tea *!*@192.0.2.* ada!~ada@localhost 1795269*
        bob << :Switchboard 368 bob #tea :End of Channel Ban List
        bob >> MODE #tea eI
        bob << :Switchboard 348 bob #tea m:eve!*@* ada!~ada@localhost 1795269*
        bob << :Switchboard 349 bob #tea :End of Channel Exception List
        bob << :Switchboard 346 bob #tea ada!*@* ada!~ada@localhost 1795269*
        bob << :Switchboard 347 bob #tea :End of Channel Invite Exception List
        eve >> /mode b
        eve << *+b *!*@192.0.2.*  by ada!~ada@localhost
        ada >> MODE #tea -b *!*@192.0.2.*
        ada << :ada!~ada@localhost MODE #tea -b *!*@192.0.2.*
        bob << :ada!~ada@localhost MODE #tea -b *!*@192.0.2.*
        eve << [14:02] * ada set mode -b *!*@192.0.2.*
        eve >> /mode b
        eve << #tea bans nobody.
        ada >> MODE #tea -b nobody
        ada >> MODE #tea +I m:eve
        ada << :Switchboard 696 ada #tea I m:eve :nobody is invited to speak only
        ",
    );
}

#[test]
fn the_key_and_the_forward_are_for_members() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea,#mate
        ada >> MODE #tea +kfl word #mate 5
        ada << ...
        bob >> MODE #tea
        bob << :Switchboard 324 bob #tea +ntkl * 5
        bob << :Switchboard 329 bob #tea *
        ada >> MODE #tea
        ada << :Switchboard 324 ada #tea +ntklf word 5 #mate
        ada << :Switchboard 329 ada #tea *
        ada >> MODE #tea +s
        ada << ...
        bob >> MODE #tea
        bob << :Switchboard 403 bob #tea :No such channel
        ",
    );
}

#[test]
fn ranks_are_given_by_those_above_and_given_up_by_anybody() {
    transcript(
        "
        ada: irc multi-prefix
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada >> MODE #tea +q ada
        ada << ...
        bob << ...
        eve << ...
        ada >> MODE #tea +a bob
        ada << :ada!~ada@localhost MODE #tea +a bob
        bob << :ada!~ada@localhost MODE #tea +a bob
        eve << [14:02] * ada made bob an admin
        bob >> MODE #tea +a eve
        bob << :Switchboard 482 bob #tea :You must be a founder of the channel, or above
        bob >> MODE #tea -o ada
        bob << :Switchboard 482 bob #tea :ada ranks too high in the channel for you to do that
        bob >> MODE #tea +oh eve eve
        bob << :bob!~bob@localhost MODE #tea +oh eve eve
        ada << :bob!~bob@localhost MODE #tea +oh eve eve
        eve << [14:02] * bob made eve an operator
        eve << [14:02] * bob made eve a half-operator
        eve >> /mode -ao bob bob
        eve << That takes a founder of #tea, or above. Nothing was done.
        eve << bob ranks too high in #tea for you to do that. Nothing was done.
        eve >> /mode -o eve
        eve << #tea has -o eve now.
        ada << :eve!nc@localhost MODE #tea -o eve
        bob << :eve!nc@localhost MODE #tea -o eve
        eve >> /mode +o eve
        eve << That takes an operator of #tea, or above. Nothing was done.
        eve >> /mode -v eve
        eve << It was so already. Nothing was changed.
        bob >> MODE #tea -a BOB
        bob << :bob!~bob@localhost MODE #tea -a bob
        ada << :bob!~bob@localhost MODE #tea -a bob
        eve << [14:02] * bob no longer has bob as an admin
        ada >> NAMES #tea
        ada << :Switchboard 353 ada = #tea :~@ada %eve bob
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ",
    );
}

#[test]
fn operators_stand_for_a_founder_as_long_as_there_is_none() {
    transcript(
        "
        ada: irc
        bob: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada >> MODE #tea +o bob
        ada << ...
        bob << ...
        bob >> MODE #tea +q ada
        bob << :bob!~bob@localhost MODE #tea +q ada
        ada << :bob!~bob@localhost MODE #tea +q ada
        bob >> MODE #tea +q bob
        bob << :Switchboard 482 bob #tea :You must be a founder of the channel, or above
        ada >> MODE #tea -q ada
        ada << :ada!~ada@localhost MODE #tea -q ada
        bob << :ada!~ada@localhost MODE #tea -q ada
        bob >> MODE #tea +q bob
        bob << :bob!~bob@localhost MODE #tea +q bob
        ada << :bob!~bob@localhost MODE #tea +q bob
        ",
    );
}

#[test]
fn plain_mode_says_what_is_wrong() {
    transcript(
        "
        eve: nc
        eve >> /join #tea
        eve << ...
        eve >> /mode +Z
        eve << There is no mode \"Z\". Nothing was done for it.
        eve >> /mode +o
        eve << Mode o needs a word behind it. Nothing was done.
        eve >> /mode +l x
        eve << \"x\" will not do for mode l: a limit is a whole number from 1 up. Nothing was done for it.
        eve >> /mode #lobby +i
        eve << Only server operators keep order in #lobby. Nothing was done.
        eve >> /mode #none
        eve << There is no room #none. Nothing was sent. /rooms lists them.
        eve >> /mode +f #none
        eve << There is no room #none to send people to. Nothing was done.
        eve >> /rooms
        eve <<   #lobby (1, you are in it)
        eve <<   #tea (1, you are in it)
        ",
    );
}

#[test]
fn in_a_crowded_room_who_is_given_a_rank_is_shown_first() {
    let mut settings = settings();
    settings.limits.announce_members = 1;
    transcript_with(
        settings,
        "
        ada: irc
        bob: irc
        eve: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> JOIN #tea
        ada << ...
        bob << ...
        eve << ...
        bob >> MODE #tea +v eve
        bob << :Switchboard 482 bob #tea :You must be a half-operator of the channel, or above
        ada >> MODE #tea +v eve
        ada << :eve!~eve@localhost JOIN #tea
        ada << :ada!~ada@localhost MODE #tea +v eve
        bob << :eve!~eve@localhost JOIN #tea
        bob << :ada!~ada@localhost MODE #tea +v eve
        eve << :ada!~ada@localhost MODE #tea +v eve
        ",
    );
}

#[test]
fn what_005_says_of_rooms_is_there() {
    transcript(
        "
        ada: connect
        ada >> NICK ada
        ada >> USER ada 0 * :Ada
        ada << :Switchboard 001 ada :*
        ada << :Switchboard 002 ada :*
        ada << :Switchboard 003 ada :*
        ada << :Switchboard 004 ada *
        ada << :Switchboard 005 ada * CHANMODES=beI,k,fl,CMRimnpst * EXCEPTS=e EXTBAN=,m INVEX=I KEYLEN=32 *
        ada << :Switchboard 005 ada KICKLEN=320 * PREFIX=(qaohv)~&@%+ * STATUSMSG=~&@%+ TARGMAX=*KICK:4* TOPICLEN=340 *
        ada << ...
        ",
    );
}
