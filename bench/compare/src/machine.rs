//! What a comparison was made on and with, for those who read its figures.

use std::collections::BTreeMap;

use crate::measure::Measure;

/// Lines by what they are about.
pub(crate) fn circumstances(measure: &Measure) -> BTreeMap<String, String> {
    let uname = rustix::system::uname();
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    // All there are, not those that this process may use: it is pinned to one.
    let cores = cpu.lines().filter(|line| line.starts_with("processor")).count();
    let mut lines = BTreeMap::new();
    let mut line = |about: &str, text: String| lines.insert(about.to_owned(), text);
    line("date", jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC").to_string());
    line("kernel", uname.release().to_string_lossy().into_owned());
    line(
        "machine",
        format!("{cores} cores, {}", model.map_or("of a kind that it does not tell", |it| it.1)),
    );
    let seconds = measure.slice.as_secs_f64();
    line("settings", format!("{} rounds, each server for {seconds} s in each", measure.rounds));
    line("Switchboard", env!("CARGO_PKG_VERSION").to_owned());
    if let Some(peers) = &measure.places.peers {
        // One line for each package: its name and its version.
        let versions = std::fs::read_to_string(peers.join("versions")).unwrap_or_default();
        let versions: Vec<&str> = versions.lines().collect();
        line("peers", versions.join(", "));
    }
    lines
}
