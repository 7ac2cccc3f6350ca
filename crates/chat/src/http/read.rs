//! What was last said in a room, as a page without script.
//!
//! Invariant: it shows what anybody would see who came in, and no more: a room that not everybody may
//! know of, or come to, is not there. What people have said stands in it as text, never as HTML.

use std::fmt::Write;

use service::Key;
use wire::http::Request;
use wire::name::RoomName;

use super::answer::Answer;
use crate::dialect::Rendering;
use crate::event::RoomId;
use crate::moment::Moment;
use crate::plain::render::{Reader, render_past};
use crate::room::Room;
use crate::switchboard::Switchboard;

const HTML: &str = "text/html; charset=utf-8";

/// What stands for a sign that means something in HTML.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A room's name in an address.
fn in_address(name: &RoomName) -> String {
    let mut address = String::from("/read/");
    for byte in name.as_str().bytes() {
        match byte {
            // Paths with an escaped slash are refused: not all programs on the way see the same in it.
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => {
                address.push(char::from(byte));
            }
            _ => write!(address, "%{byte:02X}").expect("a string takes all"),
        }
    }
    address
}

impl Switchboard {
    /// `/read`, which is about the lobby, and `/read/ROOM`.
    pub(super) fn answer_read(&mut self, key: Key, request: &Request<'_>) -> Answer {
        // It costs what it costs to ask for it in other ways.
        self.charge(key, self.settings.limits.heavy_command);
        let lobby = self.settings.lobby.as_str();
        let name = request.path().strip_prefix("/read").unwrap_or_default();
        let name = match name.trim_start_matches('/') {
            "" => Ok(self.settings.lobby.clone()),
            name if name.starts_with('#') => name.parse(),
            name => format!("#{name}").parse(),
        };
        let room = name.ok().and_then(|name: RoomName| {
            let id = self.state.find_room(&name)?;
            self.state.rooms.get(id).filter(|_| self.is_open(id)).map(|room| (id, room))
        });
        match room {
            Some((id, room)) => Answer::page(200, HTML, self.page_of(id, room)),
            None => Answer::text(404, format_args!("There is no such room to read; try {lobby}.")),
        }
    }

    fn is_open(&self, room: RoomId) -> bool {
        self.settings.password.is_none() && self.state.is_open_to_anybody(room)
    }

    fn page_of(&self, id: RoomId, room: &Room) -> String {
        let (server, name) = (escaped(&self.settings.name), escaped(room.name.as_str()));
        let topic = room.topic.as_ref().map_or("", |topic| &topic.text);
        let topic = escaped(&wire::text::clean(topic));
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
             content=\"width=device-width\">\n<title>{name} - {server}</title>\n<h1>{name}</h1>\n\
             <p>{topic}</p>\n<p>What was said last, without script: <a href=\"{}\">again</a>, <a \
             href=\"/\">to the chat</a>.</p>\n<ol>\n",
            in_address(&room.name)
        );
        let rendering = Rendering { room: &room.name, scene: &self.scene };
        let today = Moment::local(self.now.unix_ms, &self.settings.zone);
        let mut lines = Vec::new();
        for entry in self.state.history(id, self.settings.limits.read_lines) {
            render_past(&Reader::default(), &rendering, &entry, today, &mut lines);
        }
        let lines = String::from_utf8_lossy(&lines);
        // The latest of what is too much.
        let over = lines.len().saturating_sub(self.settings.limits.history_answer_bytes);
        let skip = match over {
            0 => 0,
            over => lines.as_bytes()[over..]
                .iter()
                .position(|byte| *byte == b'\n')
                .map_or(lines.len(), |at| over + at + 1),
        };
        for line in lines[skip..].lines() {
            writeln!(page, "<li dir=\"auto\">{}</li>", escaped(line)).expect("a string takes all");
        }
        page.push_str("</ol>\n<p>Other rooms:</p>\n<ul>\n");
        let others = self.state.rooms.iter().filter(|(other, room)| {
            *other != id && self.is_open(*other) && !room.members.is_empty()
        });
        for (_, other) in others.take(self.settings.limits.listed_rooms) {
            let (address, name) = (in_address(&other.name), escaped(other.name.as_str()));
            writeln!(page, "<li><a href=\"{address}\">{name}</a></li>")
                .expect("a string takes all");
        }
        page.push_str("</ul>\n");
        page
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_text() {
        assert_eq!(
            escaped("<script>alert(\"1\" && '2')</script>"),
            "&lt;script&gt;alert(&quot;1&quot; &amp;&amp; &#39;2&#39;)&lt;/script&gt;"
        );
        let name: RoomName = "#a&b<é".parse().unwrap();
        assert_eq!(in_address(&name), "/read/%23a%26b%3C%C3%A9");
    }
}
