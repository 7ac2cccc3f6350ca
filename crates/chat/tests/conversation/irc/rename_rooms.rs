//! RENAME (IRCv3 draft/channel-rename): with the capability, without it, and with netcat.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn a_room_gets_another_name_and_everybody_hears_of_it_in_their_way() {
    transcript(
        "
        ada: irc draft/channel-rename
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada >> TOPIC #tea :leaves
        ada << ...
        bob << ...
        eve << ...
        eve >> before
        ada << ...
        bob << ...
        ada >> PRIVMSG #tea :last words\\r\\nRENAME #tea #coffee :stronger\\r\\nPRIVMSG #coffee :first words
        ada << :ada!~ada@localhost RENAME #tea #coffee :stronger
        bob << :ada!~ada@localhost PRIVMSG #tea :last words
        bob << :bob!~bob@localhost PART #tea :stronger
        bob << :bob!~bob@localhost JOIN #coffee
        bob << :Switchboard 332 bob #coffee :leaves
        bob << :Switchboard 333 bob #coffee ada!~ada@localhost *
        bob << :Switchboard 353 bob = #coffee :@ada *
        bob << :Switchboard 366 bob #coffee :End of /NAMES list
        bob << :ada!~ada@localhost PRIVMSG #coffee :first words
        eve << [14:02] <ada> last words
        eve << [14:02] * ada renamed #tea to #coffee: stronger
        eve << [14:02] <ada> first words
        eve >> /history
        eve << -- last 3 lines --
        eve << [14:02] <eve> before
        eve << [14:02] <ada> last words
        eve << [14:02] <ada> first words
        eve << -- now --
        # The old name is free, and nothing is left there.
        bob >> JOIN #tea
        bob << :bob!~bob@localhost JOIN #tea
        bob << :Switchboard 353 bob = #tea :@bob
        bob << :Switchboard 366 bob #tea :End of /NAMES list
        ",
    );
}

#[test]
fn forwards_and_invitations_go_to_the_room_and_not_to_whoever_takes_its_old_name() {
    transcript(
        "
        ada: irc draft/channel-rename
        bob: irc
        eve: irc
        ada >> JOIN #door,#tea
        ada >> MODE #door +if #tea
        ada >> INVITE bob #tea
        ada << ...
        bob << ...
        ada >> RENAME #tea #coffee
        ada << :ada!~ada@localhost RENAME #tea #coffee :
        ada >> MODE #door
        ada << :Switchboard 324 ada #door +intf #coffee
        ada << :Switchboard 329 ada #door *
        eve >> JOIN #TEA
        eve << ...
        bob >> INVITE
        bob << :Switchboard 336 bob #coffee
        bob << :Switchboard 337 bob :End of /INVITE list
        bob >> JOIN #door
        bob << :Switchboard 470 bob #door #coffee :Forwarding to another channel
        bob << :bob!~bob@localhost JOIN #coffee
        bob << ...
        ada << :bob!~bob@localhost JOIN #coffee
        ",
    );
}

#[test]
fn only_founders_may_and_only_to_a_name_that_is_free() {
    transcript(
        "
        ada: irc draft/channel-rename standard-replies
        bob: irc draft/channel-rename
        ada >> JOIN #tea,#lobby,#mate
        bob >> JOIN #tea
        ada >> MODE #tea +qa ada bob
        ada << ...
        bob << ...
        bob >> RENAME #tea #coffee
        bob << :Switchboard 482 bob #tea :You must be a founder of the channel, or above
        ada >> RENAME #tea #MATE
        ada << :Switchboard FAIL RENAME CHANNEL_NAME_IN_USE #tea #MATE :The channel name is already taken
        ada >> RENAME #tea #tea
        ada << :Switchboard FAIL RENAME CHANNEL_NAME_IN_USE #tea #tea :The channel name is already taken
        ada >> RENAME #TEA #tea
        ada << :Switchboard FAIL RENAME CHANNEL_NAME_IN_USE #tea #tea :The channel name is already taken
        ada >> RENAME #tea tea
        ada << :Switchboard FAIL RENAME CANNOT_RENAME #tea tea :Bad channel name: *
        ada >> RENAME #none #some
        ada << :Switchboard 403 ada #none :No such channel
        ada >> RENAME #tea
        ada << :Switchboard 461 ada RENAME :Not enough parameters
        bob >> RENAME #mate #coffee
        bob << :Switchboard 442 bob #mate :You're not on that channel
        ada >> RENAME #lobby #hall
        ada << :Switchboard 482 ada #lobby :You're not a server operator, and nobody else keeps order here
        ",
    );
}

#[test]
fn not_again_within_a_minute() {
    transcript(
        "
        ada: irc draft/channel-rename standard-replies
        ada >> JOIN #tea
        ada << ...
        ada >> RENAME #tea #coffee
        ada << :ada!~ada@localhost RENAME #tea #coffee :
        ada >> RENAME #coffee #tea
        ada << :Switchboard FAIL RENAME CANNOT_RENAME #coffee #tea :The channel has been renamed recently. Please wait.
        -- 60 s
        ada >> RENAME #coffee #tea
        ada << :ada!~ada@localhost RENAME #coffee #tea :
        ",
    );
}

#[test]
fn another_case_is_no_other_room() {
    transcript(
        "
        ada: irc draft/channel-rename labeled-response batch
        bob: irc
        eve: nc
        ada >> JOIN #tea
        bob >> JOIN #tea
        eve >> /join #tea
        ada << ...
        bob << ...
        eve << ...
        ada >> @label=7 RENAME #tea #Tea
        ada << @label=7 :ada!~ada@localhost RENAME #tea #Tea :
        eve << [14:02] * ada renamed #tea to #Tea
        ada >> PRIVMSG #tea :hi
        bob << :ada!~ada@localhost PRIVMSG #Tea :hi
        eve << [14:02] <ada> hi
        ",
    );
}

#[test]
fn who_is_not_told_of_another_case_still_hears_what_came_before_it() {
    transcript(
        "
        ada: irc draft/channel-rename
        bob: irc
        ada >> JOIN #tea
        bob >> JOIN #tea
        ada << ...
        bob << ...
        ada >> PRIVMSG #tea :hi\\r\\nNICK sue\\r\\nRENAME #tea #Tea
        ada << :ada!~ada@localhost NICK :sue
        ada << :sue!~ada@localhost RENAME #tea #Tea :
        bob << :ada!~ada@localhost PRIVMSG #tea :hi
        bob << :ada!~ada@localhost NICK :sue
        ",
    );
}

#[test]
fn who_renames_without_the_capability_is_told_in_the_old_way() {
    let mut settings = settings();
    settings.limits.rename_room = std::time::Duration::ZERO;
    transcript_with(
        settings,
        "
        ada: irc labeled-response batch extended-join
        ada >> JOIN #tea
        ada << ...
        ada >> @label=7 RENAME #tea #mate
        ada << @label=7 :Switchboard BATCH +b* labeled-response
        ada << @batch=b* :ada!~ada@localhost PART #tea
        ada << @batch=b* :ada!~ada@localhost JOIN #mate * :ada the tester
        ada << @batch=b* :Switchboard 353 ada = #mate :@ada
        ada << @batch=b* :Switchboard 366 ada #mate :End of /NAMES list
        ada << :Switchboard BATCH -b*
        ada >> RENAME #mate #tea
        ada << :ada!~ada@localhost PART #mate
        ada << ...
        ",
    );
}
