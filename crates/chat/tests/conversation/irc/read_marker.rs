//! `draft/read-marker`: how far somebody has read.

use crate::transcript::{settings, transcript, transcript_with};

#[test]
fn a_mark_only_moves_on_and_is_told_on_joining() {
    transcript(
        "
        ada: irc draft/read-marker labeled-response batch
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard MARKREAD #tea *
        ada << :Switchboard 353 ada = #tea :@ada
        ada << :Switchboard 366 ada #tea :End of /NAMES list
        ada >> MARKREAD #tea
        ada << :Switchboard MARKREAD #tea *
        ada >> MARKREAD #tea timestamp=2026-11-20T10:00:00.000Z
        ada << :Switchboard MARKREAD #tea timestamp=2026-11-20T10:00:00.000Z
        ada >> @label=1 MARKREAD #TEA timestamp=2026-11-19T10:00:00.000Z
        ada << @label=1 :Switchboard MARKREAD #TEA timestamp=2026-11-20T10:00:00.000Z
        # What is still to come nobody has read.
        ada >> MARKREAD #tea timestamp=2030-01-01T00:00:00.000Z
        ada << :Switchboard MARKREAD #tea timestamp=2026-11-21T14:02:00.000Z
        ada >> PART #tea
        ada << ...
        ada >> JOIN #tea
        ada << :ada!~ada@localhost JOIN #tea
        ada << :Switchboard MARKREAD #tea timestamp=2026-11-21T14:02:00.000Z
        ada << ...
        ada >> MARKREAD nobody
        ada << :Switchboard MARKREAD nobody *
        ada >> MARKREAD nobody timestamp=2026-11-20T10:00:00.000Z
        ada << :Switchboard MARKREAD nobody timestamp=2026-11-20T10:00:00.000Z
        ",
    );
}

#[test]
fn marks_are_one_clients_own() {
    transcript(
        "
        ada: irc draft/read-marker
        bob: irc draft/read-marker
        cyd: irc
        ada >> MARKREAD #tea timestamp=2026-11-20T10:00:00.000Z
        ada << :Switchboard MARKREAD #tea timestamp=2026-11-20T10:00:00.000Z
        bob >> MARKREAD #tea
        bob << :Switchboard MARKREAD #tea *
        cyd >> MARKREAD #tea
        cyd << :Switchboard 421 cyd MARKREAD :Unknown command
        ",
    );
}

#[test]
fn what_is_no_mark_is_refused() {
    let mut settings = settings();
    settings.limits.read_markers = 1;
    transcript_with(
        settings,
        "
        ada: irc draft/read-marker
        ada >> MARKREAD
        ada << :Switchboard FAIL MARKREAD NEED_MORE_PARAMS :Missing parameters
        ada >> MARKREAD #tea *
        ada << :Switchboard FAIL MARKREAD INVALID_PARAMS * :Invalid parameters
        ada >> MARKREAD #tea timestamp=now
        ada << :Switchboard FAIL MARKREAD INVALID_PARAMS timestamp=now :Invalid parameters
        ada >> MARKREAD #tea 2026-11-20T10:00:00.000Z
        ada << :Switchboard FAIL MARKREAD INVALID_PARAMS 2026-11-20T10:00:00.000Z :Invalid parameters
        ada >> MARKREAD ,
        ada << :Switchboard FAIL MARKREAD INVALID_PARAMS , :Invalid parameters
        ada >> MARKREAD #a timestamp=2026-11-20T10:00:00.000Z
        ada << :Switchboard MARKREAD #a timestamp=2026-11-20T10:00:00.000Z
        ada >> MARKREAD #b timestamp=2026-11-20T10:00:00.000Z
        ada << :Switchboard FAIL MARKREAD INTERNAL_ERROR #b :*
        ada >> MARKREAD #A timestamp=2026-11-21T10:00:00.000Z
        ada << :Switchboard MARKREAD #A timestamp=2026-11-21T10:00:00.000Z
        ",
    );
}
