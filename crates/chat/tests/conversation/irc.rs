//! Conversations with IRC clients: one file for each command or extension.

mod joining;
mod limits;
mod lines;
mod messages;
mod names_of_people;
mod registration;
