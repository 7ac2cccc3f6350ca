//! Conversations with IRC clients: one file for each command or extension.

mod capabilities;
mod chathistory;
mod closed_rooms;
mod invite;
mod joining;
mod kick;
mod labels;
mod limits;
mod lines;
mod messages;
mod modes;
mod multiline;
mod names_of_people;
mod read_marker;
mod redact;
mod registration;
mod rename_rooms;
mod speaking;
mod tags;
mod topic;
