//! Conversations with IRC clients: one file for each command or extension.

mod capabilities;
mod chathistory;
mod joining;
mod labels;
mod limits;
mod lines;
mod messages;
mod multiline;
mod names_of_people;
mod read_marker;
mod redact;
mod registration;
mod tags;
