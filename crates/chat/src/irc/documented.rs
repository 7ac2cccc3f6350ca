//! What `docs/irc.md` says is there, is there, and is tested; and what is there, it says.

use std::path::Path;

use super::capability::Capability;
use super::table::TABLE;

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/irc.md");
    std::fs::read_to_string(path).expect("docs/irc.md")
}

#[test]
fn every_command_and_capability_stands_on_the_page() {
    let page = page();
    let commands = TABLE.iter().map(|row| row.name);
    let capabilities = Capability::ALL.iter().map(|(name, ..)| *name);
    let missing: Vec<_> =
        commands.chain(capabilities).filter(|name| !page.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in docs/irc.md: {missing:?}");
}

#[test]
fn every_command_on_the_page_is_there() {
    let is_command = |word: &&str| word.len() > 2 && word.bytes().all(|b| b.is_ascii_uppercase());
    let page = page();
    let table = page.split("## Commands").nth(1).and_then(|rest| rest.split("## ").next());
    let first_cells = table.expect("a table").lines().filter_map(|line| line.split('|').nth(1));
    let named: Vec<&str> =
        first_cells.flat_map(|cell| cell.split('`')).filter(is_command).collect();
    assert!(named.len() > 30, "{named:?}");
    let unknown: Vec<_> =
        named.iter().filter(|name| TABLE.iter().all(|row| row.name != **name)).collect();
    assert!(unknown.is_empty(), "in docs/irc.md, but no commands: {unknown:?}");
}

#[test]
fn every_file_of_transcripts_is_on_the_page_and_every_link_leads_to_one() {
    let page = page();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conversation/irc");
    let files: Vec<String> = std::fs::read_dir(&folder)
        .expect("the transcripts")
        .map(|file| file.expect("a file").file_name().into_string().expect("a plain name"))
        .collect();
    for file in &files {
        assert!(page.contains(&format!("conversation/irc/{file})")), "not linked: {file}");
    }
    for link in page.split("(../crates/chat/tests/conversation/irc/").skip(1) {
        let link = link.split(')').next().unwrap_or("");
        assert!(files.iter().any(|file| file == link), "no such file: {link}");
    }
}
