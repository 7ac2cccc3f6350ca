//! The listeners of a server: what systemd handed over and what was asked for, and what to say of
//! those that cannot be had.
//!
//! Invariant: [`wanted`] has the order in which the engine is given them, which is the order of
//! their numbers: what was handed over comes first.

use std::io;
use std::time::{Duration, Instant};

use chat::Speaks;
use engine::{Engine, Listen, Listening};
use tracing::info;

use crate::exit::{Exit, Failure};
use crate::options::{CommandName, ListenAt, Loaded, Source};

/// A listener that stands.
pub(crate) struct Ready {
    pub(crate) listening: Listening,
    pub(crate) speaks: Speaks,
}

/// Where to listen: at the sockets that systemd handed over, and where it was asked for. The
/// default counts only if nothing was handed over; a socket handed over that was asked for by its
/// number (`irc://fd:3`) stands where it was asked for.
pub(crate) fn wanted(loaded: &Loaded) -> Vec<ListenAt> {
    let handed = handed_over(
        std::process::id(),
        std::env::var("LISTEN_PID").ok().as_deref(),
        std::env::var("LISTEN_FDS").ok().as_deref(),
    );
    let is_default = *loaded.source("listen") == Source::Default;
    together(handed, &loaded.settings.listen, is_default)
}

fn together(handed: Vec<Listen>, asked: &[ListenAt], is_default: bool) -> Vec<ListenAt> {
    let handed = handed.into_iter().map(ListenAt::from);
    if is_default && handed.len() > 0 {
        return handed.collect();
    }
    let is_asked_for = |one: &ListenAt| asked.iter().any(|at| at.listen == one.listen);
    handed.filter(|one| !is_asked_for(one)).chain(asked.iter().cloned()).collect()
}

/// The sockets that systemd opened for this process (`sd_listen_fds(3)`): descriptors from 3 on.
fn handed_over(me: u32, pid: Option<&str>, count: Option<&str>) -> Vec<Listen> {
    let is_for_us = pid.and_then(|pid| pid.parse().ok()) == Some(me);
    let count: i32 = count.and_then(|count| count.parse().ok()).unwrap_or(0);
    if is_for_us { (3..3 + count.clamp(0, 1024)).map(Listen::Inherited).collect() } else { vec![] }
}

/// Has `engine` listen everywhere.
pub(crate) fn open(
    engine: &mut Engine,
    command: CommandName,
    wanted: &[ListenAt],
) -> Result<Vec<Ready>, Failure> {
    let mut ready = Vec::new();
    for at in wanted {
        let listening = listen_at(engine, &at.listen)
            .map_err(|error| refused(command, &at.listen, &ready, &error))?;
        info!(address = %listening, "listening");
        ready.push(Ready { listening, speaks: at.speaks() });
    }
    Ok(ready)
}

/// Listens there; if somebody has the place, asks again for a second. The kernel takes its time to
/// close the sockets of a killed process that used io_uring: some 30 ms with hundreds of them (seen
/// in 6.18), which whoever restarts it at once would meet.
fn listen_at(engine: &mut Engine, listen: &Listen) -> io::Result<Listening> {
    let until = Instant::now() + Duration::from_secs(1);
    loop {
        match engine.listen(listen) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Says why a listener could not be had, and what to do.
fn refused(command: CommandName, listen: &Listen, ready: &[Ready], error: &io::Error) -> Failure {
    let port = match listen {
        Listen::Any(port) => Some(*port),
        Listen::Inet(address) => Some(address.port()),
        Listen::Unix(_) | Listen::Inherited(_) => None,
    };
    let has_port = |one: &&Ready| one.listening.local.map(|local| local.port()) == port;
    let own = ready.iter().filter(|_| port.is_some()).find(has_port);
    let advice = match (error.kind(), port, own) {
        (io::ErrorKind::AddrInUse, _, Some(own)) => format!(
            "\n  This server has the port already: it listens on {}. One of the two is enough.",
            own.listening
        ),
        (io::ErrorKind::AddrInUse, Some(port), None) => format!(
            "\n  Another program has this port, perhaps another switchboard. See which one:\n    \
               ss -tanp 'sport = :{port}'\n  \
             or take another port:\n    \
               switchboard {command} --listen {}",
            port.checked_add(1).unwrap_or(0),
        ),
        (io::ErrorKind::AddrInUse, None, None) => {
            "\n  A program listens there, or the file is not a socket.".to_owned()
        }
        (io::ErrorKind::PermissionDenied, Some(port), _) if port < 1024 => format!(
            "\n  Ports below 1024 are for the administrator. Take another one:\n    \
               switchboard {command} --listen {}",
            port + 8000,
        ),
        (io::ErrorKind::AddrNotAvailable, _, _) => {
            "\n  This machine does not have that address; `ip address` shows those it has.".into()
        }
        _ => String::new(),
    };
    Failure::new(Exit::Failed, format_args!("{error}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_taken_over_only_if_they_are_meant_for_this_process() {
        let two = vec![Listen::Inherited(3), Listen::Inherited(4)];
        assert_eq!(handed_over(77, Some("77"), Some("2")), two);
        for (pid, count) in [
            (Some("78"), Some("2")),
            (None, Some("2")),
            (Some("77"), None),
            (Some("77"), Some("-1")),
            (Some("77"), Some("many")),
        ] {
            assert_eq!(handed_over(77, pid, count), [], "{pid:?} {count:?}");
        }
    }

    #[test]
    fn what_was_handed_over_comes_first_and_once() {
        let wanted = |handed: &[i32], asked: &[&str], is_default| {
            let handed = handed.iter().copied().map(Listen::Inherited).collect();
            let asked: Vec<ListenAt> = asked.iter().map(|text| text.parse().unwrap()).collect();
            let wanted = together(handed, &asked, is_default);
            wanted.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(wanted(&[], &["8008"], true), "*:8008");
        assert_eq!(wanted(&[3], &["8008"], true), "fd:3");
        assert_eq!(wanted(&[3, 4], &["irc://6667"], false), "fd:3 fd:4 irc://*:6667");
        assert_eq!(wanted(&[3, 4], &["8008", "irc://fd:3"], false), "fd:4 *:8008 irc://fd:3");
    }
}
